"""Departures closer together than a worker's start and work: launches and waits as a replay finds them."""

import numpy as np
import pytest

from headway.architectures import batch
from headway.architectures.batch.calendar import Kind
from headway.architectures.batch.fleet import Unknown, seconds_of
from headway.architectures.batch.overlapping import departures_missed, overlaps, workers_launched
from headway.architectures.batch.worker import Worker
from headway.architectures.design import BatchDesign
from headway.assumptions import assume
from headway.simulation import generated, replay
from tests.architectures.workloads import workload

EACH = Worker(batch=8, per_item_s=0.157, per_batch_s=0.343, start_s=300, quota=792, last_call_s=1e9)


def kind(mean: float, gap_s: float = 300) -> Kind:
    return Kind(gap_s, 1e9, 1e9, mean, mean)


@pytest.mark.parametrize(
    ("gap_s", "quota", "mean", "launched"),
    # Workers a departure, of 600 departures followed item by item.
    [
        (300, 792, 210, 0.638),
        (300, 792, 450, 0.693),
        (120, 100, 24, 0.325),
        (120, 100, 84, 0.842),
        (120, 100, 180, 1.80),
    ],
)
def test_a_departure_launches_nobody_while_a_worker_of_the_one_before_starts(
    gap_s: float, quota: int, mean: float, launched: float
) -> None:
    assert overlaps(EACH, kind(mean, gap_s), mean)
    assert workers_launched(EACH._replace(quota=quota), kind(mean, gap_s), mean, 0.0) == pytest.approx(
        launched, rel=0.12
    )


def test_the_bill_asks_for_those_workers_and_no_more() -> None:
    seconds = seconds_of(EACH, kind(210), 210, Unknown(0, 0, 0))
    assert seconds.workers == pytest.approx(0.64, rel=0.1)
    assert seconds.busy == pytest.approx(210 * 0.2, rel=0.02)


@pytest.mark.slow
def test_windows_shorter_than_a_start_wait_and_cost_as_in_a_replay() -> None:
    work = workload(latency__max_wait="15m")
    (found,) = batch.plan(work)
    assert isinstance(found.design, BatchDesign)
    assert found.bill is not None
    assert found.wait is not None
    outcome = replay(found.design, generated(work.demand, weeks=8), work.profile)
    assert outcome.p99_s == pytest.approx(found.wait.p99_s, rel=0.1)
    assert outcome.p50_s == pytest.approx(found.wait.p50_s, rel=0.1)
    assert float(outcome.monthly.total.expected) == pytest.approx(float(found.bill.total.expected), rel=0.07)
    assert outcome.within is not None
    assert outcome.within >= 0.99


def test_runs_that_spot_takes_back_too_often_go_on_demand_or_are_too_slow() -> None:
    """40 minutes an item on spot, of which nearly half are lost, were once planned as in time."""
    slow = [{"hardware": "g5.xlarge", "batch": 1, "seconds": 2400.0}]
    work = workload(
        traffic={"per_hour": 3, "peak_factor": 3}, latency__max_wait="75m", latency__percentile=95, model__measured=slow
    )
    (found,) = batch.plan(work)
    if found.feasible:
        assert isinstance(found.design, BatchDesign)
        outcome = replay(found.design, generated(work.demand, weeks=20), work.profile)
        assert outcome.within is not None
        assert outcome.within >= 0.94
    else:
        assert "too slow: p95" in found.reason


@pytest.mark.slow
def test_many_requests_are_followed_in_units_that_wait_no_longer_than_requests_do() -> None:
    work = workload(
        latency__max_wait="1h", traffic={"per_hour": 2200, "peak_factor": 1.5},
        model__measured=[{"hardware": "g5.xlarge", "batch": 1, "seconds": 8.0},
                         {"hardware": "g5.xlarge", "batch": 8, "seconds": 25.6}],
    )  # fmt: skip
    (found,) = batch.plan(work)
    assert isinstance(found.design, BatchDesign)
    assert found.wait is not None
    outcome = replay(found.design, generated(work.demand, weeks=3), work.profile)
    assert found.wait.p50_s == pytest.approx(outcome.p50_s, rel=0.12)
    assert found.wait.p99_s == pytest.approx(outcome.p99_s, rel=0.1)


def test_as_many_departures_miss_spot_as_expected_at_each_time_of_the_week() -> None:
    weeks, a_week = 24, 50
    missed = departures_missed(np.random.default_rng(1), weeks * a_week, a_week)
    expected = assume("spot.miss") * weeks
    assert missed.sum() == pytest.approx(expected * a_week, abs=1)
    # Of 24 departures at each time 3.6: three or four, not none or nine.
    each = missed.reshape(weeks, a_week).sum(axis=0)
    assert np.abs(each - expected).max() < 1
