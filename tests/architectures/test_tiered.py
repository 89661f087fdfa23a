"""Tiered: each tier on what its own wait needs, shared where that is cheaper, never dearer than one for all."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.architectures.hybrid_design import TieredDesign
from headway.planning.search import plan
from headway.profile import Profile
from tests.architectures.hybrids import bundled, candidate, planned


def design_of(profile: Profile) -> TieredDesign:
    found = planned(profile, "tiered").design
    assert isinstance(found, TieredDesign)
    return found


def test_hurried_creators_are_live_and_patient_ones_wait_for_departures() -> None:
    design = design_of(bundled("moderation"))
    assert {part.name: part.design.architecture for part in design.parts} == {
        "verified": "realtime", "anonymous": "batch",
    }  # fmt: skip
    first, last = design.routes
    assert (first.tier, first.field, first.equals, first.part, first.max_wait_s) == (
        "verified", "creator", "verified", "verified", 4,
    )  # fmt: skip
    assert (last.tier, last.field, last.part) == ("anonymous", None, "anonymous")


def test_each_part_is_sized_for_its_own_share_behind_the_router() -> None:
    design = design_of(bundled("moderation"))
    live = next(part.design for part in design.parts if part.name == "verified")
    # What the router adds is taken off the wait that the endpoint must make.
    assert live.max_wait_s == pytest.approx(4 - 0.06)
    whole = planned(bundled("moderation"), "realtime")
    assert whole.design is not None
    assert live.initial_count < whole.design.initial_count  # type: ignore[union-attr]


def test_the_bill_is_the_sum_of_its_parts_and_the_router() -> None:
    found = planned(bundled("moderation"), "tiered")
    assert found.bill is not None
    by_part: dict[str, Decimal] = {}
    for line in found.bill.lines:
        name = line.description.split(":")[0] if ":" in line.description else "router"
        by_part[name] = by_part.get(name, Decimal(0)) + (line.amount.expected if line.amount else 0)
    assert by_part.keys() == {"router", "verified", "anonymous"}
    assert sum(by_part.values()) == pytest.approx(found.bill.total.expected)
    assert by_part["verified"] > 2000, "two instances of the availability that was asked for"
    api = sum(float(one.quantity.expected) for one in found.bill.lines if one.meter == "http_api")
    monthly = found.monthly_requests / 1e6
    assert api == pytest.approx(monthly + 2 * 0.92 * monthly, rel=1e-6), "each queued result is asked for twice"


def test_operations_are_the_parts_and_three_hours_for_the_router() -> None:
    assert planned(bundled("moderation"), "tiered").operations.hours == 3 + 5 + 3


def test_neighbours_in_patience_share_a_part_where_two_would_cost_more() -> None:
    tiers = [
        {"name": "now", "share": 0.02, "when": {"field": "who", "equals": "vip"}, "max_wait": "2s"},
        {"name": "soon", "share": 0.03, "when": {"field": "who", "in": ["pro", "team"]}, "max_wait": "5s"},
        {"name": "later", "share": 0.95, "max_wait": "2h"},
    ]
    design = design_of(bundled("moderation", tiers=tiers))
    assert {part.name: part.design.architecture for part in design.parts} == {
        "now-soon": "realtime", "later": "batch",
    }  # fmt: skip
    assert [route.part for route in design.routes] == ["now-soon", "now-soon", "later"]
    assert design.routes[1].any_of == ("pro", "team")


def test_without_tiers_it_is_no_candidate_and_says_so_when_asked_for() -> None:
    assert "tiered" not in [one.architecture for one in plan(bundled("loan-documents")).candidates]
    assert planned(bundled("loan-documents"), "tiered").reason == "the profile names no tiers"


def test_a_live_tier_whose_answer_outlasts_the_api_is_refused() -> None:
    measured = [{"hardware": "g5.xlarge", "seconds": 20.0}]
    tiers = [
        {"name": "a", "share": 0.5, "when": {"field": "x", "equals": 1}, "max_wait": "50s"},
        {"name": "b", "share": 0.5, "max_wait": "55s"},
    ]
    model = {"measured": measured}
    found = planned(bundled("moderation", tiers=tiers, model=model), "tiered")
    assert not found.feasible
    assert "longer than an HTTP API waits" in found.reason


def test_staging_keeps_the_parts_that_production_has() -> None:
    whole, small = plan(bundled("moderation")), plan(bundled("moderation"), scale=0.01)
    assert small.choice is not None
    assert small.choice.architecture == "tiered"
    designs = [one.design for one in (whole, small)]
    shapes = [
        {part.name: part.design.architecture for part in one.parts} for one in designs if isinstance(one, TieredDesign)
    ]
    assert shapes[0] == shapes[1]


@settings(max_examples=8)
@given(
    share=st.sampled_from([0.02, 0.1, 0.3, 0.6]), per_hour=st.sampled_from([5, 200, 4000]),
    tight=st.sampled_from(["1s", "5s", "2m"]), loose=st.sampled_from(["10m", "1h", "8h"]),
)  # fmt: skip
def test_what_is_chosen_is_never_dearer_than_one_architecture_for_all_beyond_what_simplicity_is_worth(
    share: float, per_hour: float, tight: str, loose: str
) -> None:
    tiers = [
        {"name": "quick", "share": share, "when": {"field": "x", "equals": 1}, "max_wait": tight},
        {"name": "slow", "share": round(1 - share, 6), "max_wait": loose},
    ]
    made = plan(bundled("moderation", tiers=tiers, traffic={"shape": None, "per_hour": per_hour}))
    totals = {
        one.architecture: one.bill.total.expected + one.operations.monthly
        for one in made.candidates if one.feasible and one.bill
    }  # fmt: skip
    assert made.choice is not None
    assert totals[made.choice.architecture] <= min(totals.values()) / Decimal("0.9")
    tiered = candidate(made, "tiered")
    if made.choice.architecture == "tiered":
        assert totals["tiered"] == min(totals.values())
    elif tiered.feasible:
        assert "dearer" in tiered.reason or "saves" in tiered.reason


def test_a_router_of_ones_own_is_neither_designed_nor_priced_and_named_as_not_modelled() -> None:
    included, own = (planned(bundled("moderation", router=who), "tiered") for who in ("included", "own"))
    assert isinstance(own.design, TieredDesign)
    assert own.design.router is None
    assert own.bill is not None
    assert included.bill is not None
    mine = [line for line in own.bill.lines if ":" not in line.description]
    assert {line.service for line in mine if line.state == "priced"} <= {"CloudWatch"}, "the dashboard alone"
    assert [line.description for line in mine if line.service == "yours"] == ["your own router"]
    api = sum(line.amount.expected for line in included.bill.lines if line.service == "APIGateway" and line.amount)
    assert api > 0
    assert own.bill.total.expected < included.bill.total.expected - api
    # Whoever routes takes some time: the parts are sized as behind Headway's own.
    assert own.design.parts == included.design.parts  # type: ignore[union-attr]


def test_a_router_of_ones_own_may_let_through_what_an_api_would_not() -> None:
    tiers = [
        {"name": "a", "share": 0.5, "when": {"field": "x", "equals": 1}, "max_wait": "50s"},
        {"name": "b", "share": 0.5, "max_wait": "55s"},
    ]
    model = {"measured": [{"hardware": "g5.xlarge", "seconds": 20.0}]}
    assert planned(bundled("moderation", tiers=tiers, model=model, router="own"), "tiered").feasible
