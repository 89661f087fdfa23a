"""Scheduled work: one departure takes all of it, nothing runs in between, and nothing else fits."""

from math import ceil

import pytest

from headway.architectures.design import BatchDesign
from headway.planning.search import plan
from headway.units import WEEKS_PER_MONTH
from tests.architectures.hybrids import bundled, candidate
from tests.architectures.workloads import profile


def embeddings(**changes: object) -> BatchDesign:
    design = candidate(plan(bundled("embeddings-refresh", **changes)), "batch").design
    assert isinstance(design, BatchDesign)
    return design


def test_only_batch_takes_what_comes_all_at_once() -> None:
    made = plan(bundled("embeddings-refresh"))
    assert [one.architecture for one in made.candidates if one.feasible] == ["batch"]
    assert candidate(made, "realtime").reason.startswith("nobody sends requests: 2,000,000 items come at once (Sun 22")


def test_the_hours_paid_are_the_work_and_one_start_a_worker() -> None:
    made = candidate(plan(bundled("embeddings-refresh")), "batch")
    assert isinstance(made.design, BatchDesign)
    (rule,), (pool,) = made.design.departures, made.design.pools
    workers = ceil(2_000_000 / rule.quota)
    busy = 2_000_000 * pool.seconds_per_item + ceil(2_000_000 / pool.batch_size) * pool.seconds_per_batch
    each = 180 + 60 + 45 + 120
    # Of those on spot as many are taken back as work so long, and one is started for each.
    again = 0.85 * (1 - 0.8 ** (busy / workers / 900)) * workers * each
    expected = (busy * 1.01 + workers * each + again) * WEEKS_PER_MONTH / 3600
    paid = sum(
        float(line.quantity.expected) for line in made.bill.lines if line.meter in ("spot", "on_demand")  # type: ignore[union-attr]
    )  # fmt: skip
    assert paid == pytest.approx(expected, rel=0.01)


def test_it_is_done_in_time_with_a_last_call_left() -> None:
    made = candidate(plan(bundled("embeddings-refresh")), "batch")
    assert made.wait is not None
    assert made.wait.worst_s is not None
    assert made.wait.worst_s <= 6 * 3600


def test_half_the_time_is_made_with_as_much_less_for_each_worker() -> None:
    quick = embeddings(latency={"max_wait": "2h"})
    pool, rule = quick.pools[0], quick.departures[0]
    assert rule.quota * (pool.seconds_per_item + pool.seconds_per_batch / pool.batch_size) < 2 * 3600
    assert rule.max_workers * rule.quota >= 2_000_000


def test_a_job_that_takes_hours_is_one_worker_every_week_and_nothing_else() -> None:
    """Retraining: one item, two hours, each Saturday."""
    made = candidate(
        plan(
            profile(
                latency={"max_wait": "8h"}, traffic={"scheduled": [{"items": 1, "at": "01:00", "days": "sat"}]},
                model={"measured": [{"hardware": "g5.xlarge", "seconds": "2h"}], "load_time": "90s"},
            )
        ),
        "batch",
    )  # fmt: skip
    spot = sum(float(line.quantity.expected) for line in made.bill.lines if line.meter in ("spot", "on_demand"))  # type: ignore[union-attr]
    # A worker that is interrupted starts its item anew: two hours lose more than half of it on average.
    least = (2 * 1.01 + 450 / 3600) * WEEKS_PER_MONTH
    assert least <= spot < 2.2 * least


def test_a_manifest_that_does_not_come_is_missed_after_the_longest_gap() -> None:
    feeder = embeddings().feeder
    assert feeder is None or feeder.silence_s is None, "a week and an hour: longer than an alarm can look back"
    daily = embeddings(traffic={"scheduled": [{"items": 1000, "at": "22:00"}]})
    assert daily.feeder is not None
    assert daily.feeder.silence_s == 25 * 3600
    assert "missed-manifests" in daily.alarms


def test_what_comes_every_fourth_week_costs_a_quarter() -> None:
    def spent(weeks: int) -> float:
        rules = [{"items": 2_000_000, "at": "22:00", "days": "sun", "every_weeks": weeks}]
        made = candidate(plan(bundled("embeddings-refresh", traffic={"scheduled": rules})), "batch")
        return sum(float(line.amount.expected) for line in made.bill.lines if line.service == "EC2")  # type: ignore[union-attr]

    assert spent(4) == pytest.approx(spent(1) / 4)
