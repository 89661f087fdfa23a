"""What reasons make of hybrids: tiers nobody thought of, staleness, the curve of a tier, hit rates that pay."""

from decimal import Decimal

import pytest

from headway import plan
from headway.advice import advise, break_evens, commitments, cost_of_waiting, one_off, robustness
from headway.planning.plan import Plan
from headway.profile import Profile
from tests.architectures.hybrids import bundled, candidate, planned


def codes(profile: Profile, made: Plan | None = None) -> dict[str, str]:
    return {one.code: one.message for one in advise(profile, made or plan(profile))}


def everybody_hurried() -> Profile:
    return bundled("moderation", tiers=[], latency={"max_wait": "4s", "waiting": "workflow"})


def test_a_wait_that_perhaps_not_everybody_needs_is_asked_about_with_what_tiers_would_cost() -> None:
    message = codes(everybody_hurried())["hybrid-ignored"]
    assert "if only 10% of them needed that and the rest could wait 60 min" in message
    tiers = [
        {"name": "hurried", "share": 0.1, "when": {"field": "tier", "equals": "hurried"}},
        {"name": "patient", "share": 0.9, "max_wait": "1h"},
    ]
    split = planned(bundled("moderation", tiers=tiers, latency={"max_wait": "4s"}), "tiered")
    assert split.bill is not None
    assert f"USD {split.bill.total.expected:,.0f} a month" in message


def test_tiers_are_not_asked_for_where_they_are_there_or_would_save_nothing() -> None:
    assert "hybrid-ignored" not in codes(bundled("moderation"))
    assert "hybrid-ignored" not in codes(bundled("contact-form"))
    assert "hybrid-ignored" not in codes(bundled("loan-documents"))


def test_answers_from_a_table_say_how_old_they_get() -> None:
    assert "up to 30 h old: 24 h between fills" in codes(bundled("shop-recommendations"))["stale-data"]


def test_a_freshness_that_just_misses_a_night_says_what_a_few_hours_more_would_save() -> None:
    strict = bundled("transaction-risk", features={"freshness": "24h"})
    (found,) = [one for one in advise(strict, plan(strict)) if one.code == "stale-data"]
    assert "24 h old, too short for a fill a night" in found.message
    assert found.saves is not None
    assert found.saves > 5
    assert "stale-data" not in codes(bundled("transaction-risk"))


def test_the_curve_of_a_tiered_workload_moves_its_patient_tier() -> None:
    points = {point.max_wait_s: point for point in cost_of_waiting(bundled("moderation"), waits_s=(2.0, 86_400.0))}
    assert {point.max_wait_s for point in points.values() if point.own} == {3600}
    assert points[2.0].architecture != "tiered", "two seconds for everybody"
    assert points[86_400.0].architecture == "tiered"
    bills = [points[wait].monthly.expected for wait in (2.0, 3600.0, 86_400.0)]  # type: ignore[union-attr]
    assert bills == sorted(bills, reverse=True)


def test_precomputing_pays_from_its_break_even_hit_rate_on_and_not_below() -> None:
    shop = bundled("shop-recommendations")
    (found,) = [one for one in break_evens(shop) if one.direction == "hit_rate"]
    assert found.architecture == "realtime"

    def totals(rate: float) -> tuple[Decimal, Decimal]:
        spec = {"hit_rate": rate, "popularity": None}
        made = plan(bundled("shop-recommendations", precompute=spec))
        rows = [candidate(made, name) for name in ("precomputed", "realtime")]
        ahead, live = (one.bill.total.expected + one.operations.monthly for one in rows if one.bill)
        return ahead, live

    ahead, live = totals(min(1.0, found.factor + 0.02))
    assert ahead <= live
    ahead, live = totals(max(0.0, found.factor - 0.04))
    assert ahead > live


def test_the_endpoint_inside_a_hybrid_can_be_committed() -> None:
    profile = bundled("moderation")
    first = commitments(profile, plan(profile))[0]
    assert (first.architecture, first.instance_type, first.instances.expected) == ("tiered", "ml.g5.xlarge", 2)
    assert first.on_demand == Decimal("2055.680")
    # Two instances all week save the discount itself.
    assert first.saves is not None
    assert first.saves.expected == pytest.approx(Decimal("0.25") * Decimal("2055.680"))


def test_building_a_hybrid_takes_its_parts_too() -> None:
    profile = bundled("moderation")
    rows = one_off(profile, plan(profile))
    # Router, fixed endpoint, batch.
    assert rows[0].build_hours == 24 + 16 + 40
    assert {"build.tiered", "build.realtime_fixed", "build.batch"} <= set(rows[0].assumptions)


def test_a_hybrids_choice_is_tried_at_the_ends_of_what_is_unknown() -> None:
    profile = bundled("moderation")
    cases = robustness(profile, plan(profile))
    assert {case.unknown for case in cases} >= {"spot price", "departures that miss spot"}
    own = plan(profile).chosen
    assert own is not None
    assert own.bill is not None
    total = own.bill.total.expected + own.operations.monthly
    dear = next(case for case in cases if (case.unknown, case.end) == ("spot price", "high"))
    assert dear.staying is not None
    assert total < dear.staying < total * Decimal("1.1")
