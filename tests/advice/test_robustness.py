"""Robustness: the choice at both ends of each unknown, one at a time."""

from decimal import Decimal
from pathlib import Path

import pytest

from headway import load_profile, plan
from headway.advice import Case, at_scale, robustness
from headway.planning import Plan
from headway.profile import Profile


def bundled(name: str) -> Profile:
    return load_profile(Path("stacks/profiles") / f"{name}.yaml")


def costing(hourly: float, tolerance: str) -> Profile:
    profile = bundled("loan-documents")
    team = profile.team.model_copy(update={"hourly_cost": hourly, "complexity_tolerance": tolerance})
    return profile.model_copy(update={"team": team})


def cases(profile: Profile, made: Plan) -> dict[tuple[str, str], Case]:
    return {(case.unknown, case.end): case for case in robustness(profile, made)}


def spot(made: Plan) -> Decimal:
    assert made.chosen is not None
    assert made.chosen.bill is not None
    return sum(
        (line.amount.expected for line in made.chosen.bill.lines if line.meter == "spot" and line.amount), Decimal(0)
    )


def total(made: Plan, architecture: str) -> Decimal:
    one = next(one for one in made.candidates if one.architecture == architecture)
    assert one.monthly is not None
    return one.monthly.expected + one.operations.monthly


def test_a_dearer_spot_price_moves_the_spot_lines_and_nothing_else() -> None:
    profile = bundled("loan-documents")
    made = plan(profile)
    found = cases(profile, made)
    assert len(found) == 8
    for end, factor in (("low", Decimal("-0.2")), ("high", Decimal("0.3"))):
        case = found["spot price", end]
        assert case.staying == pytest.approx(total(made, "batch") + factor * spot(made))
        assert not case.changes


def test_every_unknown_costs_more_at_its_high_end() -> None:
    profile = bundled("loan-documents")
    made = plan(profile)
    found = cases(profile, made)
    for unknown in {unknown for unknown, _ in found}:
        low, high = found[unknown, "low"].staying, found[unknown, "high"].staying
        assert low is not None
        assert high is not None
        assert low < total(made, "batch") < high


def test_near_a_tie_a_dear_spot_price_changes_the_choice_and_says_what_staying_loses() -> None:
    profile = costing(455, "high")
    made = plan(profile)
    assert made.choice is not None
    assert made.choice.architecture == "batch"
    case = cases(profile, made)["spot price", "high"]
    assert (case.architecture, case.changes) == ("realtime", True)
    dear = total(made, "batch") + Decimal("0.3") * spot(made)
    assert case.loses == pytest.approx(dear - total(made, "realtime"))
    assert case.loses > 0
    assert not cases(profile, made)["spot price", "low"].changes


def test_where_the_simpler_design_is_enough_staying_loses_nothing() -> None:
    profile = costing(350, "medium")
    case = cases(profile, plan(profile))["spot price", "high"]
    assert (case.architecture, case.loses) == ("realtime", 0)


def test_where_nothing_rests_on_spot_only_traffic_is_a_case() -> None:
    profile = bundled("fraud-check")
    made = plan(profile)
    assert robustness(profile, made) == ()
    found = robustness(profile, made, planned=at_scale(profile))
    assert [(case.unknown, case.value, case.changes) for case in found] == [
        ("traffic", "x 0.8", False), ("traffic", "x 1.25", False),
    ]  # fmt: skip


def test_other_traffic_is_planned_again() -> None:
    profile = bundled("loan-documents")
    made = plan(profile)
    found = {(case.unknown, case.end): case for case in robustness(profile, made, planned=at_scale(profile))}
    there = plan(profile, scale=1.25, reselect=True)
    assert found["traffic", "high"].staying == total(there, "batch")


def test_a_share_of_the_traffic_was_not_chosen_on_and_has_no_cases() -> None:
    profile = bundled("loan-documents")
    assert robustness(profile, plan(profile, scale=0.02)) == ()
