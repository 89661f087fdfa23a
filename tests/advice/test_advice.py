"""Advice and the savings waterfall: each mistake is caught where it is made, and only there."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from headway import load_profile, plan
from headway.advice import advise, waterfall
from headway.advice.mistakes import WATCHES
from headway.architectures.design import BatchDesign
from headway.bill import services
from headway.bill.lines import Bill
from headway.bill.pricing import Pricing
from headway.prices import load_book
from headway.profile import Profile

FOLDER = Path("stacks/profiles")


def bundled(name: str) -> Profile:
    return load_profile(FOLDER / f"{name}.yaml")


def advice(profile: Profile) -> dict[str, Any]:
    return {one.code: one for one in advise(profile, plan(profile))}


def test_real_time_by_default_is_caught_with_what_it_costs() -> None:
    found = advice(bundled("loan-documents"))["real-time-by-default"]
    assert "batch is enough" in found.message
    assert found.saves is not None
    assert 46_000 < found.saves < 47_000


def test_a_fleet_for_a_scale_that_is_not_there_is_caught() -> None:
    found = advice(bundled("loan-documents"))["scale-that-is-not-there"]
    assert "1 x ml.g5.xlarge" in found.message


def test_a_fleet_that_fits_its_traffic_is_left_alone() -> None:
    profile = bundled("loan-documents")
    assert profile.current is not None
    fitting = profile.current.model_copy(update={"instance_type": "ml.g5.xlarge", "count": 1, "monthly_bill": None})
    assert "scale-that-is-not-there" not in advice(profile.model_copy(update={"current": fitting}))


def test_where_a_user_waits_real_time_is_no_mistake_and_nobody_is_asked_to_wait_longer() -> None:
    codes = advice(bundled("fraud-check"))
    assert "real-time-by-default" not in codes
    assert "wait-longer" not in codes


def test_a_longer_wait_that_saves_says_what_it_saves() -> None:
    profile = bundled("loan-documents")
    found = advice(profile)["wait-longer"]
    made = plan(profile).choice
    assert made is not None
    assert found.saves is not None
    assert found.saves >= made.monthly.expected / 10
    assert "60 min instead of 30 min" in found.message


def test_idle_capacity_says_what_it_costs() -> None:
    assert "busy 6% of what is paid" in advice(bundled("loan-documents"))["idle"].message
    assert "idle" not in advice(bundled("nightly-report"))


def test_batches_that_were_never_measured_are_asked_for() -> None:
    profile = bundled("nightly-report")
    single = tuple(point for point in profile.model.measured if point.batch == 1)
    assert "measure-batches" not in advice(profile)
    assert "measure-batches" in advice(
        profile.model_copy(update={"model": profile.model.model_copy(update={"measured": single})})
    )


def test_the_largest_saving_comes_first() -> None:
    found = advise(bundled("loan-documents"), plan(bundled("loan-documents")))
    saves = [one.saves or Decimal(0) for one in found]
    assert saves == sorted(saves, reverse=True)


def test_where_nothing_fits_there_is_no_advice_and_no_waterfall() -> None:
    profile = bundled("contact-form")
    impossible = profile.model_copy(update={"latency": profile.latency.model_copy(update={"max_wait": 0.001})})
    assert advise(impossible, plan(impossible)) == ()
    assert waterfall(impossible, plan(impossible)) == ()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_steps_of_a_waterfall_lead_from_the_first_bill_to_the_choice(path: Path) -> None:
    profile = load_profile(path)
    made = plan(profile)
    steps = waterfall(profile, made)
    if not steps:
        return
    assert made.choice is not None
    left = steps[0].monthly - sum(step.saves for step in steps)
    assert abs(left - steps[-1].monthly) < Decimal("1e-12")
    # The bills end at the choice's; what its operations take more than a fixed endpoint's three hours comes last.
    bills = [step for step in steps if "of operations" not in step.what]
    assert bills[-1].monthly == made.choice.monthly.expected
    hours = made.choice.operations.hours - 3
    assert (steps[-1].saves == -95 * Decimal(str(hours))) is (hours != 0)


def test_most_of_the_loan_documents_saving_is_right_sizing_then_windows_then_spot() -> None:
    steps = {step.what: step.saves for step in waterfall(bundled("loan-documents"), plan(bundled("loan-documents")))}
    assert list(steps) == [
        "runs today", "real time, right-sized", "in processing windows, on-demand", "on spot, on-demand as last call",
        "2 h more of operations",
    ]  # fmt: skip
    assert steps["real time, right-sized"] > 45_000
    assert 500 < steps["in processing windows, on-demand"] < 1000
    assert 20 < steps["on spot, on-demand as last call"] < 100


def test_every_alarm_of_a_batch_watches_its_completion_or_its_schedule_and_is_named() -> None:
    made = plan(bundled("loan-documents"))
    assert isinstance(made.design, BatchDesign)
    watched = [name for names in WATCHES.values() for name in names]
    assert set(made.design.alarms) <= set(watched)
    named = [name for name in watched if name in made.design.alarms]
    message = advice(bundled("loan-documents"))["nobody-monitors"].message
    assert [name for name in named if name not in message] == []
    assert "None watches how good the results are" in message


def test_an_endpoint_that_somebody_calls_is_not_told_that_nobody_looks() -> None:
    assert "nobody-monitors" not in advice(bundled("fraud-check"))
    assert "nobody-monitors" not in advice(bundled("video-analysis"))


def test_a_nat_gateway_dearer_than_the_model_is_named_with_its_cure() -> None:
    profile = bundled("contact-form")
    made = plan(profile)
    chosen = made.chosen
    assert chosen is not None
    assert chosen.bill is not None
    assert "overheads" not in advice(profile)
    gateway = Bill(lines=services.nat_gateway(Pricing(load_book(), "us-east-1"), hours=730, gb=100))
    around = chosen.model_copy(update={"bill": chosen.bill + gateway})
    others = tuple(around if one is chosen else one for one in made.candidates)
    found = {one.code: one for one in advise(profile, made.model_copy(update={"candidates": others}))}["overheads"]
    # 730 h x USD 0.045 and 100 GB x USD 0.045.
    assert "most of it is NATGateway (USD 37.35): S3 through a gateway endpoint is free" in found.message
