"""Batch: its design against a simulated month of departures, what it pays for, and what it refuses."""

import random
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil

import pytest

from headway import load_profile
from headway.architectures import Workload, batch
from headway.architectures.candidate import Candidate
from headway.architectures.design import BatchDesign, DepartureRule
from headway.assumptions import assume
from headway.bill import Pricing
from headway.prices import load_book
from headway.traffic import build_demand
from tests.architectures.workloads import workload
from tests.simulation.oracle import Fleet, departures

WEEK_S = 7 * 86_400


def planned(work: Workload) -> tuple[Candidate, BatchDesign]:
    (found,) = batch.plan(work)
    assert isinstance(found.design, BatchDesign), found.reason
    return found, found.design


def bundled(name: str) -> Workload:
    declared = load_profile(f"stacks/profiles/{name}.yaml")
    return Workload(declared, build_demand(declared), Pricing(load_book(), declared.region))


def calendar(design: BatchDesign) -> list[tuple[float, DepartureRule]]:
    """Seconds of the week at which something leaves."""
    return sorted(
        (
            (day * 86_400 + minute * 60.0, rule)
            for rule in design.departures
            for day in rule.days
            for minute in range(rule.from_minute, rule.to_minute, rule.every_minutes)
        ),
        key=lambda pair: pair[0],
    )


def simulate(work: Workload, design: BatchDesign, *, peak: bool, weeks: int, seed: int = 5) -> dict[float, list[float]]:
    """Waits by promise: arrivals, departures, spot that comes or not, rounds, item by item. Nothing of the planner's."""
    draw = random.Random(seed)
    pools = {pool.name: pool for pool in design.pools}
    times = calendar(design)
    rates = work.demand.peak if peak else work.demand.mean
    start_overhead = assume("batch.launch") + assume("batch.pull")
    waits: dict[float, list[float]] = {}
    for _ in range(weeks):
        for (before, _), (leaves, rule) in pairwise([(times[-1][0] - WEEK_S, times[-1][1]), *times]):
            arrivals, at = [], before
            while True:
                rate = rates[int(at // 3600) % 168] / 3600
                at += draw.expovariate(rate) if rate > 0 else 3600.0
                if at >= leaves:
                    break
                arrivals.append(at)
            if not arrivals:
                continue
            pool = pools[rule.pool]
            tick = draw.uniform(0, assume("batch.tick"))
            starts = leaves + tick
            if rule.last_call_s and draw.random() < assume("spot.miss"):
                starts = max(starts, arrivals[0] - (arrivals[0] - before) + rule.last_call_s + tick)
            workers = max(1, min(rule.max_workers, ceil(len(arrivals) / rule.quota)))
            each = pool.seconds_per_item * pool.batch_size + pool.seconds_per_batch
            draw.shuffle(arrivals)
            for place, arrived in enumerate(arrivals):
                turn = place // pool.batch_size // workers + 1
                done = starts + start_overhead + pool.load_time_s + turn * each * draw.lognormvariate(-0.02, 0.2)
                waits.setdefault(rule.promise_s, []).append(done - arrived)
    return waits


def percentile(values: list[float], p: float) -> float:
    return sorted(values)[int(p * len(values))]


def test_the_waits_promised_are_kept_in_a_simulated_quarter() -> None:
    work = bundled("loan-documents")
    _, design = planned(work)
    for promise, waits in simulate(work, design, peak=False, weeks=6).items():
        assert percentile(waits, 0.99) <= promise, promise


def test_the_waits_promised_are_kept_when_every_hour_is_its_busiest() -> None:
    work = bundled("loan-documents")
    _, design = planned(work)
    for promise, waits in simulate(work, design, peak=True, weeks=3).items():
        assert percentile(waits, 0.99) <= promise, promise


def test_the_wait_shown_is_the_simulated_one() -> None:
    work = workload(traffic={"per_hour": 200, "peak_factor": 1.0})
    found, design = planned(work)
    (rule,), (pool,) = design.departures, design.pools
    draw, at, arrived = random.Random(3), 0.0, []
    while at < 3 * WEEK_S:
        at += draw.expovariate(200 / 3600)
        arrived.append(at)
    leaves = [week * WEEK_S + at for week in range(4) for at, _ in calendar(design)][1:]
    start = assume("batch.launch") + assume("batch.pull") + pool.load_time_s + assume("batch.tick") / 2
    fleet = Fleet(
        rule.quota, rule.max_workers, rule.last_call_s, pool.batch_size, pool.seconds_per_item, pool.seconds_per_batch,
        start, assume("batch.linger"),
    )  # fmt: skip
    missed = [draw.random() < assume("spot.miss") for _ in leaves]
    done, *_ = departures(arrived, leaves, missed, fleet, 0.0)
    waits = [end - at for at, end in zip(arrived, done, strict=True)]
    assert found.wait is not None
    assert found.wait.p50_s == pytest.approx(percentile(waits, 0.5), rel=0.08)
    assert found.wait.p99_s == pytest.approx(percentile(waits, 0.99), rel=0.08)
    assert found.wait.worst_s is not None
    assert found.wait.worst_s >= found.wait.p99_s


def test_every_minute_of_the_week_has_a_departure_within_its_wait() -> None:
    work = bundled("loan-documents")
    _, design = planned(work)
    times = [at for at, _ in calendar(design)]
    for minute in range(0, 7 * 1440, 7):
        at = minute * 60.0
        leaves = next((one for one in times if one >= at), times[0] + WEEK_S)
        assert leaves - at <= work.demand.max_wait[int(at // 3600) % 168], minute


def test_a_regime_has_its_own_window() -> None:
    _, design = planned(bundled("loan-documents"))
    by_promise = {rule.promise_s: rule.every_minutes for rule in design.departures}
    assert by_promise[1800] == 15
    assert by_promise[5400] == 60


def test_the_plan_tells_what_a_departure_needs_and_what_it_has_room_for_as_the_design_does() -> None:
    made, design = planned(bundled("loan-documents"))
    needed = [int(count) for fact in made.facts for count in re.findall(r"up to (\d+) x g5.xlarge", fact)]
    room = [int(count) for fact in made.facts for count in re.findall(r"room for (\d+)", fact)]
    assert needed == [1, 1]
    assert room == [pool.max_workers for pool in design.pools] * 2 == [2, 2]


def test_departures_on_days_when_nothing_is_due_say_why() -> None:
    first, second = planned(bundled("nightly-report"))[0].facts
    assert first.startswith("for all waits, of which that of 25 h comes closest (p99 23.4 h): 7 departures a week")
    assert second.startswith("results are due on weekdays, and departures leave on the other days, too")


def test_scheduled_work_leaves_once_it_is_there() -> None:
    (fact,) = planned(bundled("embeddings-refresh"))[0].facts
    assert "1 departure a week, at most 5 min after the work is there" in fact


def test_last_call_leaves_room_for_an_on_demand_run() -> None:
    _, design = planned(bundled("loan-documents"))
    pools = {pool.name: pool for pool in design.pools}
    for rule in design.departures:
        pool = pools[rule.pool]
        needs = assume("batch.launch") + assume("batch.pull") + pool.load_time_s + assume("batch.tick")
        assert 0 < rule.last_call_s <= rule.promise_s - needs


def test_a_wait_with_no_room_for_spot_goes_on_demand_at_once() -> None:
    _, design = planned(workload(latency__max_wait="13m"))
    assert {rule.last_call_s for rule in design.departures} == {0.0}


def test_starts_linger_spot_misses_and_retries_are_paid() -> None:
    found, _ = planned(workload())
    assert found.bill is not None
    lines = {line.description: line for line in found.bill.lines}
    spot = next(line for name, line in lines.items() if name.startswith("spot"))
    missed = next(line for name, line in lines.items() if "spot is missed" in name)
    assert float(missed.quantity.expected / (spot.quantity.expected + missed.quantity.expected)) == pytest.approx(
        assume("spot.miss"), abs=0.03
    )
    assert {"batch.launch", "batch.pull", "batch.linger", "batch.retry_share"} <= set(spot.assumptions)
    # Far more than the work itself: 200 an hour take 0.8 s each in batches of 8.
    work_h = 200 * 730 * 0.8 / 3600
    assert float(spot.quantity.expected + missed.quantity.expected) > 1.5 * work_h
    assert spot.amount is not None
    assert spot.amount.low < spot.amount.expected < spot.amount.high


def test_twice_the_traffic_costs_more_but_not_twice() -> None:
    one, two = planned(workload())[0], planned(workload(traffic={"per_hour": 400, "peak_factor": 2.5}))[0]
    assert one.monthly is not None
    assert two.monthly is not None
    assert one.monthly.expected < two.monthly.expected < 2 * one.monthly.expected


def test_a_longer_wait_never_costs_more() -> None:
    costs = [
        planned(workload(latency__max_wait=wait))[0].monthly.expected  # type: ignore[union-attr]
        for wait in ("20m", "40m", "2h", "8h", "24h")
    ]
    assert costs == sorted(costs, reverse=True)


def test_a_message_outlives_its_processing_and_is_not_taken_twice() -> None:
    _, design = planned(workload())
    slowest = max(pool.seconds_per_item * pool.batch_size + pool.seconds_per_batch for pool in design.pools)
    assert design.visibility_timeout_s >= 6 * slowest
    assert design.queue_retention_s >= 2 * design.max_wait_s
    assert 600 <= design.runnable_limit_s <= 86_400


def test_a_backlog_is_planned_and_billed_apart() -> None:
    traffic = {"per_hour": 4, "peak_factor": 2.0, "backlog": {"items": 10_000, "within": "48h"}}
    found, _ = planned(workload(traffic=traffic))
    assert found.backlog is not None
    assert found.backlog.takes_s <= 172_800
    # 10,000 items of 0.8 s are 2.2 hours of a g5.xlarge.
    assert 0.8 < float(found.backlog.bill.total.expected) < 6
    without = planned(workload(traffic={"per_hour": 4, "peak_factor": 2.0}))[0]
    assert found.monthly == without.monthly


def test_a_backlog_that_does_not_fit_its_time_is_not_feasible() -> None:
    traffic = {"per_hour": 4, "backlog": {"items": 10_000_000, "within": "20m"}}
    (found,) = batch.plan(workload(traffic=traffic, most=1))
    assert not found.feasible


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"latency__max_wait": "5m"}, r"too slow: worst .* against 5 min"),
        (
            {"model__measured": [{"hardware": "m5.large", "seconds": 1}]},
            "m5.large has 2 vCPU, a job's containers reserve 4",
        ),
        ({"model__measured": [{"hardware": "serverless-4GB", "seconds": 1}]}, "no instance type was measured"),
    ],
)
def test_what_batch_cannot_do_it_says(changes: dict[str, object], expected: str) -> None:
    (found,) = batch.plan(workload(**changes))
    assert not found.feasible
    assert re.search(expected, found.reason), found.reason


def test_departures_agree_with_the_dispatchers_calendar() -> None:
    from zoneinfo import ZoneInfo

    from headway_runtime.departures import before
    from headway_runtime.settings import Departures

    _, design = planned(bundled("loan-documents"))
    rules = tuple(Departures(**rule.model_dump()) for rule in design.departures)
    zone = ZoneInfo(design.timezone)
    # A week without a change of clocks, from Monday 2026-06-01 to Monday 2026-06-08, New York time.
    monday = datetime(2026, 6, 1, tzinfo=zone)
    found = []
    for departure in before(monday + timedelta(days=7) - timedelta(seconds=1), rules, zone):
        if departure.at < monday.astimezone(UTC):
            break
        found.append((departure.at - monday.astimezone(UTC)).total_seconds())
    assert sorted(found) == [at for at, _ in calendar(design)]


def test_a_backlog_has_workers_and_time_in_the_design_that_is_provisioned() -> None:
    traffic = {"per_hour": 4, "backlog": {"items": 10_000, "within": "1h"}}
    found, design = planned(workload(traffic=traffic))
    assert found.backlog is not None
    assert found.backlog.workers > 1
    assert min(rule.max_workers for rule in design.departures) >= found.backlog.workers
    assert min(pool.max_workers for pool in design.pools) >= found.backlog.workers
    assert design.job_timeout_s > found.backlog.takes_s


def test_a_week_of_many_different_waits_still_has_departures_for_each() -> None:
    nights = [
        ("mon", "40m"),
        ("tue", "50m"),
        ("wed", "70m"),
        ("thu", "80m"),
        ("fri", "45m"),
        ("sat", "2h"),
        ("sun", "3h"),
    ]
    schedule = [{"days": day, "hours": "18-08", "max_wait": wait} for day, wait in nights]
    work = workload(latency={"max_wait": "30m", "schedule": schedule})
    assert len(work.demand.regimes) == 8
    _, design = planned(work)
    times = [at for at, _ in calendar(design)]
    for minute in range(0, 7 * 1440, 13):
        leaves = next((one for one in times if one >= minute * 60.0), times[0] + WEEK_S)
        assert leaves - minute * 60.0 <= work.demand.max_wait[minute // 60 % 168], minute
    for promise, waits in simulate(work, design, peak=True, weeks=1).items():
        assert percentile(waits, 0.99) <= promise, promise
