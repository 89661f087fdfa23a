"""Asynchronous: its sleep and its waits against a simulated endpoint, its bill and its limits."""

import random
import re

import pytest

from headway import load_profile, plan
from headway.architectures import asynchronous
from headway.architectures.asynchronous import Sized, awake_hours
from headway.architectures.candidate import Candidate
from headway.architectures.design import AsynchronousDesign
from headway.assumptions import assume
from headway.profile import read_profile
from headway.simulation import generated, replay
from headway.sizing.service_time import ServiceTime
from headway.traffic import build_demand
from tests.architectures.workloads import workload

LONG = {
    "measured": [{"hardware": "g5.xlarge", "seconds": "20m", "variability": 0.2}],
    "request": "600MB",
    "load_time": "120s",
}


def simulate(rate: float, sized: Sized, days: int, seed: int = 4) -> tuple[list[float], float]:
    """Waits, and the share of the time up: one endpoint that sleeps after its idle time, event by event."""
    draw = random.Random(seed)
    idle, end = assume("endpoint.scale_in_idle"), days * 86_400.0
    free = [0.0] * sized.slots
    up_until, up_s, at = -1.0, 0.0, 0.0
    waits: list[float] = []
    while True:
        at += draw.expovariate(rate)
        if at > end:
            break
        if at > up_until:
            # Nothing runs: launch after detection; the bill starts with the launch.
            launched = at + assume("endpoint.detection")
            free = [launched + sized.start_s] * sized.slots
            up_s += sized.start_s
            up_until = launched + sized.start_s
        begins = max(at, min(free))
        done = begins + draw.lognormvariate(sized.service.mu, sized.service.sigma)
        free[free.index(min(free))] = done
        waits.append(done - at + assume("asynchronous.overhead"))
        if done + idle > up_until:
            up_s += done + idle - up_until
            up_until = done + idle
    return waits, up_s / end


def percentile(values: list[float], p: float) -> float:
    return sorted(values)[int(p * len(values))]


@pytest.mark.parametrize(("per_hour", "seconds"), [(1, 5), (4, 5), (12, 5), (0.25, 1200)])
def test_the_time_up_and_the_waits_agree_with_a_simulated_endpoint(per_hour: float, seconds: float) -> None:
    work = workload(
        latency={"max_wait": "3h"}, traffic={"per_hour": per_hour, "peak_factor": 1.0},
        model__measured=[{"hardware": "g5.xlarge", "seconds": seconds}],
    )  # fmt: skip
    sleeping = next(one for one in asynchronous.plan(work) if one.design and one.design.sleeps)  # type: ignore[union-attr]
    assert isinstance(sleeping.design, AsynchronousDesign)
    sized = Sized("g5.xlarge", ServiceTime(seconds, 0.3), 1, sleeping.design.max_instances, 300 + 90, sleeps=True)
    waits, up = simulate(per_hour / 3600, sized, days=2000)
    assert awake_hours(work, sized, work.scenarios[1]) / 168 == pytest.approx(up, rel=0.12)
    assert sleeping.wait is not None
    assert sleeping.wait.p50_s == pytest.approx(percentile(waits, 0.5), rel=0.15)
    assert sleeping.wait.p99_s == pytest.approx(percentile(waits, 0.99), rel=0.15)


def agrees_with_its_replay(seconds: float, p50_s: float, others: float, **traffic: float) -> None:
    """A sleeping endpoint's waits and bill beside eight weeks of requests that are followed, within these shares."""
    profile = read_profile(
        {
            "name": "sleeping", "latency": {"max_wait": "2h"}, "traffic": traffic,
            "model": {"measured": [{"hardware": "m5.large", "seconds": seconds}], "load_time": "1s"},
        }
    )  # fmt: skip
    found = plan(profile, only="asynchronous").candidates
    design, wait, bill = next((one.design, one.wait, one.bill) for one in found if one.design and one.design.sleeps)  # type: ignore[union-attr]
    outcome = replay(design, generated(build_demand(profile), weeks=8, seed=1), profile)
    assert wait is not None
    assert bill is not None
    assert outcome.p50_s == pytest.approx(wait.p50_s, rel=p50_s)
    assert outcome.p99_s == pytest.approx(wait.p99_s, rel=0.12)
    assert float(outcome.monthly.total.expected) == pytest.approx(float(bill.total.expected), rel=others)


@pytest.mark.parametrize(
    ("per_hour", "peak_factor", "seconds"), [(4, 6, 1), (15, 6, 1), (15, 12, 60), (40, 4, 60), (40, 6, 1)]
)
def test_requests_that_come_in_bursts_find_it_asleep_however_many_they_are(
    per_hour: float, peak_factor: float, seconds: float
) -> None:
    agrees_with_its_replay(seconds, 0.15, 0.15, per_hour=per_hour, peak_factor=peak_factor)


@pytest.mark.parametrize(
    ("variability", "per_hour", "peak_factor", "seconds"),
    [(0.3, 1, 1, 1), (0.3, 4, 1, 1), (2.7, 1, 5, 1), (2.7, 4, 1, 60), (8, 4, 5, 1), (8, 15, 5, 60), (20, 4, 1, 1),
     (20, 15, 1, 60)],
)  # fmt: skip
def test_requests_that_come_in_clumps_leave_it_asleep_longer_and_wait_together(
    variability: float, per_hour: float, peak_factor: float, seconds: float
) -> None:
    """With exponential gaps the bill of 8 at 4 an hour was twice what it came to, and half of the waits a tenth."""
    agrees_with_its_replay(
        seconds, 0.12, 0.12, per_hour=per_hour, peak_factor=peak_factor, arrival_variability=variability
    )


def test_clumps_find_it_asleep_more_often_than_nine_in_ten_may() -> None:
    """An hour in bursts whose gaps vary: 90 % were promised within 113 s, 86 % came within."""
    traffic = {"per_hour": 148.4, "peak_factor": 5, "arrival_variability": 2.718, "predictable": False}
    profile = read_profile(
        {
            "name": "found", "latency": {"max_wait": "7.4s", "percentile": 90}, "traffic": traffic,
            "model": {"measured": [{"hardware": "m5.large", "seconds": 1.0}], "load_time": "1s"},
        }
    )  # fmt: skip
    assert not any(one.design.sleeps for one in plan(profile, only="asynchronous").candidates if one.design)  # type: ignore[union-attr]


def test_what_piles_up_while_it_starts_holds_up_those_that_come_long_after() -> None:
    """It was promised that half of them wait 4 s: only those that came during the start were counted as late."""
    day = [0.03, 0.03, 1596, 0.03, 7152, 0.03, 7152, 0.03, 7152, 1596, 0.03, 7152]
    profile = read_profile(
        {
            "name": "hours", "latency": {"max_wait": "1h", "percentile": 50},
            "traffic": {"hourly": day * 14, "peak_factor": 1.1, "predictable": False},
            "model": {"measured": [{"hardware": "g4dn.xlarge", "seconds": 2.181, "variability": 0}], "load_time": "226s"},
        }
    )  # fmt: skip
    found = plan(profile, only="asynchronous").candidates
    design, wait = next((one.design, one.wait) for one in found if one.design and one.design.sleeps)  # type: ignore[union-attr]
    assert wait is not None
    outcome = replay(design, generated(build_demand(profile), weeks=1, seed=1), profile)
    assert outcome.p50_s == pytest.approx(wait.p50_s, rel=0.35)
    assert outcome.p50_s > 150


def test_an_idle_tail_of_twenty_minutes_at_four_an_hour_is_up_most_of_the_time() -> None:
    # 20 minutes at 4 an hour: up 73 % of the time, the start apart. With one instance what queues keeps it up longer.
    work = workload(traffic={"per_hour": 4, "peak_factor": 1.0})

    def up(instances: int) -> float:
        sized = Sized("g5.xlarge", ServiceTime(600.0, 0.0), 1, instances, 0.0, sleeps=True)
        return awake_hours(work, sized, work.scenarios[1]) / 168

    assert up(50) == pytest.approx(0.736 * 900 / (900 + 180 * 0.264), rel=0.02)
    assert up(50) < up(2) < up(1)


def sleeping(**changes: object) -> Candidate:
    return next(one for one in asynchronous.plan(workload(**changes)) if one.design and one.design.sleeps)  # type: ignore[union-attr]


def test_a_wait_shorter_than_a_start_from_nothing_is_never_asleep() -> None:
    found = asynchronous.plan(workload(latency={"max_wait": "2m"}, traffic={"per_hour": 4}))
    assert [one.design.sleeps for one in found if one.design] == [False]  # type: ignore[union-attr]
    assert found[0].monthly is not None
    assert float(found[0].monthly.expected) > 1.408 * 730


def test_less_traffic_sleeps_more_and_costs_less() -> None:
    costs = [float(sleeping(traffic={"per_hour": rate}).monthly.expected) for rate in (0.1, 1, 5, 50)]  # type: ignore[union-attr]
    assert costs == sorted(costs)
    assert costs[0] < 0.1 * costs[-1]


def test_work_is_never_more_than_what_is_paid() -> None:
    found = sleeping(latency={"max_wait": "4h"}, traffic={"per_hour": 2}, model=LONG)
    assert found.utilization is not None
    assert 0 < found.utilization <= 1


def test_what_piles_up_during_a_start_has_instances() -> None:
    few, many = sleeping(traffic={"per_hour": 60}), sleeping(traffic={"per_hour": 6000})
    assert few.design.max_instances < many.design.max_instances  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model__request": "2GB"}, "a request of 2 GB exceeds the 1 GB limit"),
        ({"model__measured": [{"hardware": "g5.xlarge", "seconds": "70m"}]}, "a request may take 60 min|1 h"),
        ({"latency__max_wait": "1s"}, "too slow"),
        ({"model__measured": [{"hardware": "serverless-4GB", "seconds": 1}]}, "no instance type was measured"),
    ],
)
def test_what_asynchronous_cannot_do_it_says(changes: dict[str, object], expected: str) -> None:
    (found,) = asynchronous.plan(workload(**changes))
    assert not found.feasible
    assert re.search(expected, found.reason), found.reason


def test_long_jobs_with_large_payloads_have_no_other_live_path() -> None:
    made = plan(load_profile("stacks/profiles/video-analysis.yaml"))
    assert made.choice is not None
    assert made.choice.architecture == "asynchronous"
    reasons = {one.architecture: one.reason for one in made.candidates}
    assert "950 MB exceeds" in reasons["realtime"]
