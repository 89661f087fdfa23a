"""One-off work: its hours, its price, and the months in which it has paid for itself."""

from decimal import Decimal
from pathlib import Path

import pytest

from headway import load_profile, plan
from headway.advice import OneOff, one_off
from headway.profile import Profile


def bundled(name: str) -> Profile:
    return load_profile(Path("stacks/profiles") / f"{name}.yaml")


def running(profile: Profile, **current: object) -> Profile:
    assert profile.current is not None
    return profile.model_copy(update={"current": profile.current.model_copy(update=current)})


def against(profile: Profile) -> dict[str, OneOff]:
    return {one.against: one for one in one_off(profile, plan(profile))}


def test_building_batch_and_moving_to_it_pays_back_within_days_of_todays_fleet() -> None:
    profile = bundled("loan-documents")
    made = plan(profile)
    assert made.choice is not None
    today = against(profile)["what runs today"]
    assert (today.build_hours, today.migration_hours, today.cost) == (40, 24, 6080)
    # 47,000 and 3 h of operations today, against the bill and 5 h.
    saves = Decimal(47_000) + 3 * 95 - made.choice.monthly.expected - 5 * 95
    assert today.saves == saves
    assert today.payback_months == pytest.approx(6080 / float(saves), abs=0.005)
    assert set(today.assumptions) == {"build.batch", "migration.other_call", "operations.realtime_fixed"}


def test_against_a_simpler_design_only_the_extra_hours_count() -> None:
    profile = bundled("loan-documents")
    totals = {
        one.architecture: one.monthly.expected + one.operations.monthly
        for one in plan(profile).candidates
        if one.monthly is not None
    }
    simpler = against(profile)["asynchronous"]
    # 64 h against the 24 + 24 h that the asynchronous endpoint would take.
    assert simpler.more == (64 - 48) * 95
    assert simpler.saves == pytest.approx(totals["asynchronous"] - totals["batch"])
    assert simpler.payback_months == pytest.approx(1520 / float(totals["asynchronous"] - totals["batch"]), abs=0.005)


def test_where_nothing_runs_there_is_nothing_to_migrate() -> None:
    (only,) = one_off(bundled("fraud-check"), plan(bundled("fraud-check")))
    assert (only.against, only.migration_hours, only.saves, only.payback_months) == ("", 0, None, None)
    assert only.cost == 16 * 95


def test_the_same_architecture_is_resized_not_built() -> None:
    profile = bundled("loan-documents")
    made = plan(profile)
    live = running(profile, architecture="batch", instance_type=None, count=None)
    today = against(live)["what runs today"]
    assert (today.build_hours, today.migration_hours) == (0, 4)
    # Batch's operations on both sides.
    assert made.current is not None
    assert today.saves == made.current.difference


def test_an_architecture_of_ones_own_is_compared_by_bills_alone() -> None:
    made = plan(bundled("loan-documents"))
    assert made.current is not None
    today = against(running(bundled("loan-documents"), architecture="kubernetes"))["what runs today"]
    assert today.saves == made.current.difference
    assert "bills alone" in today.note


def test_what_costs_more_than_today_never_pays_back() -> None:
    cheap = running(bundled("loan-documents"), monthly_bill=Decimal(20))
    today = against(cheap)["what runs today"]
    assert today.saves is not None
    assert today.saves < 0
    assert today.payback_months is None


def test_an_environment_that_gets_a_share_of_the_traffic_has_no_one_off_work() -> None:
    profile = bundled("loan-documents")
    assert one_off(profile, plan(profile, scale=0.5)) == ()
