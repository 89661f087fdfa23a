"""Which windows the promise is watched in, and from how many late requests on."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from headway import load_profile, plan
from headway.architectures.design import BatchDesign
from headway.architectures.promise import FEWEST_LATE, burn_windows


def test_an_hour_may_spend_two_percent_of_the_months_budget_and_six_hours_five() -> None:
    fast, slow = burn_windows(99, per_hour=1000)
    assert fast.late_share * 3600 / (0.01 * 30 * 86_400) == pytest.approx(0.02)
    assert slow.late_share * 21_600 / (0.01 * 30 * 86_400) == pytest.approx(0.05)


def test_results_that_come_once_a_day_are_watched_by_the_day() -> None:
    assert [window.seconds for window in burn_windows(99, per_hour=1000, longest_gap_s=43_200)] == [86_400]


def test_too_few_requests_for_any_window_are_watched_in_none() -> None:
    assert burn_windows(99.9, per_hour=1) == ()


@given(
    percentile=some.floats(50, 99.99), per_hour=some.floats(0.01, 1e6), gap=some.floats(0, 604_800)
)  # fmt: skip
def test_every_window_can_fire_and_holds_a_departure(percentile: float, per_hour: float, gap: float) -> None:
    for window in burn_windows(percentile, per_hour, gap):
        assert 0 < window.late_share <= 0.9
        assert window.seconds >= gap
        assert window.late_share * per_hour * window.seconds / 3600 >= FEWEST_LATE


def test_the_watching_is_a_small_part_of_the_bill_and_all_of_it_is_on_the_bill() -> None:
    candidate = plan(load_profile("stacks/profiles/loan-documents.yaml")).chosen
    assert candidate is not None
    assert isinstance(candidate.design, BatchDesign)
    lines = [line for line in candidate.bill.lines if line.service == "CloudWatch"]
    by_meter = {line.meter: line.quantity.expected for line in lines}
    assert by_meter["alarm_standard"] == sum(candidate.design.alarms.values())
    assert by_meter["custom_metric"] == len(candidate.design.metrics)
    assert by_meter["dashboard"] == 1
    spent = sum(line.amount.expected for line in lines if line.amount)
    assert spent / candidate.bill.total.expected < 0.06


def test_a_small_stack_has_no_dashboard_that_costs_more_than_itself() -> None:
    candidate = plan(load_profile("stacks/profiles/contact-form.yaml")).chosen
    assert candidate is not None
    assert candidate.design is not None
    assert not candidate.design.dashboard
