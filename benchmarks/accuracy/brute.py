"""The planner's cheapest against the cheapest of all: every architecture, instance, window, workers and floor tried.

The planner searches little: closed forms, bounds, the fewest workers. Here every combination of a realistic catalogue is
made into a design and judged by the same waits and bills; what the planner misses shows as a cheaper one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from math import ceil, inf, sqrt
from statistics import NormalDist, median
from typing import Any, NamedTuple

import numpy as np

from headway.architectures import Workload, asynchronous, batch, microbatch, realtime, serverless
from headway.architectures.batch.search import Leg, _design, _regime_calendars
from headway.architectures.batch.stages import Hardware, Stage, hardware_for
from headway.architectures.design import MicroBatchDesign, RealtimeDesign
from headway.architectures.microbatch.pairs import batches_of, pairs_of
from headway.assumptions import assume
from headway.bill import Pricing
from headway.planning.search import plan
from headway.prices import load_book
from headway.profile import Profile
from headway.sizing.departures import last_call_age
from headway.sizing.poisson import arrivals_quantile
from headway.sizing.queueing import response_quantile
from headway.traffic import build_demand

INSTANCES = ("m5.xlarge", "c5.2xlarge", "g4dn.xlarge", "g5.xlarge", "g5.2xlarge", "g5.12xlarge")
SPEED = (1.0, 0.7, 0.3, 0.2, 0.18, 0.15)
"""Of a request on each, in seconds on the slowest."""
WINDOWS = (
    2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 20, 24, 25, 30, 35, 36, 40, 45, 48, 50, 55, 60, 72, 75, 80, 90, 96, 100, 110, 120, 135,
    144, 150, 160, 180, 210, 240, 270, 288, 300, 330, 360, 420, 480, 540, 600, 720, 960, 1440, 2880, 10080,
)  # fmt: skip
"""Minutes: all of the planner's, and those between."""
MOST_WORKERS, MOST_INSTANCES = 24, 60
BILLED = 12
"""Batch designs are all costed by their instances; so many of the cheapest get a whole bill."""

DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"


class Compared(NamedTuple):
    """One profile, planned and tried in full."""

    architecture: str
    planned: float
    cheapest: float
    best: str
    designs: int
    """Tried in full."""
    planning_s: float
    trying_s: float

    @property
    def dearer(self) -> float:
        """By so much the planner's is dearer."""
        return self.planned / self.cheapest - 1


def random_profile(draw: np.random.Generator) -> Profile:
    """A profile as people have them: a few kinds of hardware, a rhythm, a wait from a second to half a day."""
    count = int(draw.integers(1, 4))
    hardware = draw.choice(len(INSTANCES), count, replace=False)
    seconds = float(np.exp(draw.uniform(np.log(0.1), np.log(60))))
    together = float(draw.uniform(0.2, 0.95))
    measured = []
    for index in sorted(hardware.tolist()):
        alone = seconds * SPEED[index]
        largest = int(draw.choice((1, 8, 32)))
        for size in sorted({1, largest}):
            measured.append(
                {"hardware": INSTANCES[index], "batch": size, "seconds": round(alone * (1 + (size - 1) * together), 4)}
            )
    if draw.random() < 0.5:
        measured.append({"hardware": f"serverless-{int(draw.choice((2, 4, 6)))}GB", "seconds": round(seconds * 1.5, 4)})
    rate = float(np.exp(draw.uniform(np.log(2), np.log(30_000))))
    quiet = {"per_hour": round(rate * float(draw.choice((0.02, 0.2, 1.0))), 3)}
    busy = {"days": "weekdays", "hours": "08-18", "per_hour": round(rate, 3)}
    wait = max(float(np.exp(draw.uniform(np.log(1), np.log(43_200)))), seconds * 0.5)
    return Profile.model_validate(
        {
            "name": "random", "latency": {"max_wait": f"{wait}s"},
            "traffic": {"shape": [busy, quiet], "peak_factor": round(float(draw.uniform(1.1, 3)), 2)},
            "model": {"request": "50KB", "load_time": f"{draw.uniform(5, 180):.1f}s", "measured": measured},
            "team": {"complexity_tolerance": "high", "hourly_cost": 0},
        }
    )  # fmt: skip


def compare(profile: Profile) -> Compared | None:
    """The planner's and the cheapest of all; None where nothing fits."""
    started = time.perf_counter()
    made = plan(profile)
    planning = time.perf_counter() - started
    workload = Workload(profile, build_demand(profile), Pricing(load_book(), profile.region))
    started = time.perf_counter()
    designs, cheapest, best = 0, inf, ""
    for name, usd in every_design(workload):
        designs += 1
        if usd < cheapest:
            cheapest, best = usd, name
    trying = time.perf_counter() - started
    if made.choice is None or not made.chosen:
        return None if cheapest == inf else Compared("none", inf, cheapest, best, designs, planning, trying)
    # The dashboard comes on top of any design: it is in the chosen one's bill only.
    shown = [line for line in made.chosen.bill.lines if DASHBOARD in line.resource_types] if made.chosen.bill else []
    planned = float(made.choice.monthly.expected - sum(line.amount.expected for line in shown if line.amount))
    return Compared(made.choice.architecture, planned, min(cheapest, planned), best, designs, planning, trying)


def every_design(workload: Workload) -> Iterator[tuple[str, float]]:
    """What each combination costs a month; infinite where it is too slow."""
    yield from _realtime(workload)
    yield from _serverless(workload)
    yield from _asynchronous(workload)
    yield from _microbatch(workload)
    yield from _batch(workload)


def _usd(module: Any, design: Any, workload: Workload) -> float:
    bill = module.bill(design, workload)
    return inf if bill.unpriced else float(bill.total.expected)


def _counts(workload: Workload, hardware: str) -> Iterator[list[bool]]:
    """For 1, 2, 3 ... instances: which hours they keep within their wait."""
    demand, (service, concurrency) = workload.demand, workload.single_service(hardware)
    for count in range(1, MOST_INSTANCES + 1):
        kept: dict[tuple[float, float], bool] = {}
        for peak, limit in set(zip(demand.peak, demand.max_wait, strict=True)):
            at = response_quantile(
                peak / 3600, service, count * concurrency, workload.percentile, ca2=demand.arrival_variability
            )
            kept[peak, limit] = at + assume("endpoint.overhead") <= min(limit, 60.0 + assume("endpoint.overhead"))
        yield [kept[pair] for pair in zip(demand.peak, demand.max_wait, strict=True)]
        if all(kept.values()):
            return


def _realtime(workload: Workload) -> Iterator[tuple[str, float]]:
    templates = {
        (one.design.instance_type, one.design.autoscaled): one.design
        for hardware in workload.measured_on(serverless=False)
        for one in realtime.plan(_only(workload, hardware))
        if isinstance(one.design, RealtimeDesign)
    }
    for (hosting, autoscaled), template in templates.items():
        needed = [MOST_INSTANCES + 1] * 168
        for count, kept in enumerate(_counts(workload, hosting.removeprefix("ml.")), start=1):
            needed = [min(old, count) if good else old for old, good in zip(needed, kept, strict=True)]
            if not autoscaled and all(kept):
                design = template.model_copy(update={"floors": (count,) * 168})
                yield f"realtime {count} x {hosting}", _usd(realtime, design, workload)
            else:
                yield f"realtime {count} x {hosting}", inf
        if autoscaled and max(needed) <= MOST_INSTANCES:
            early = tuple(max(needed[hour], needed[(hour + 1) % 168]) for hour in range(168))
            yield (
                f"realtime by the hour x {hosting}",
                _usd(realtime, template.model_copy(update={"floors": early}), workload),
            )


def _serverless(workload: Workload) -> Iterator[tuple[str, float]]:
    for hardware in workload.measured_on(serverless=True):
        for one in serverless.plan(_only(workload, hardware)):
            if one.feasible and one.design is not None:
                yield f"serverless {hardware}", _usd(serverless, one.design, workload)


def _asynchronous(workload: Workload) -> Iterator[tuple[str, float]]:
    for hardware in workload.measured_on(serverless=False):
        service, _ = workload.single_service(hardware)
        for one in asynchronous.plan(_only(workload, hardware)):
            if one.design is None:
                continue
            for count in range(1, one.design.max_instances + 1):
                least = 0 if one.design.min_instances == 0 else count
                design = one.design.model_copy(update={"min_instances": least, "max_instances": count})
                slots, peak = count * design.concurrency, max(workload.demand.peak) / 3600
                busiest = response_quantile(
                    peak, service, slots, workload.percentile, ca2=workload.demand.arrival_variability
                )
                tightest = min(workload.demand.max_wait)
                # What does not settle at its busiest is late, without following its backlog hour by hour.
                late = busiest > tightest or asynchronous.wait(design, workload).at_percentile_s > tightest
                usd = inf if late else _usd(asynchronous, design, workload)
                yield f"asynchronous {count} x {hardware}", usd


def _microbatch(workload: Workload) -> Iterator[tuple[str, float]]:
    if not workload.measured_on(serverless=False):
        return
    template = next((one.design for one in microbatch.plan(workload) if isinstance(one.design, MicroBatchDesign)), None)
    if template is None:
        return
    # The queue and the function are billed by the call: endpoints are compared first, as batches are.
    ranked = []
    for pair in pairs_of(workload):
        for inner in realtime.plan(batches_of(workload, pair)):
            feasible = inner.feasible and isinstance(inner.design, RealtimeDesign) and inner.bill is not None
            usd = float(inner.bill.total.expected) + pair.calls_usd if feasible and inner.bill else inf
            ranked.append((usd, pair, inner.design))
            yield f"microbatch {pair.most} in {pair.window_s} s", inf
    for usd, pair, endpoint in sorted(ranked, key=lambda row: row[0])[:BILLED]:
        if usd == inf:
            break
        design = template.model_copy(update={"batch_size": pair.most, "window_s": pair.window_s, "endpoint": endpoint})
        late = microbatch.wait(design, workload).at_percentile_s > max(workload.demand.max_wait)
        yield f"microbatch {pair.most} in {pair.window_s} s", inf if late else _usd(microbatch, design, workload)


def _batch(workload: Workload) -> Iterator[tuple[str, float]]:
    hardware, _ = hardware_for(workload)
    for machine in hardware:
        best: list[tuple[float, int, Leg]] = []
        for minutes, week in _calendars(workload):
            for size in machine.batch_sizes:
                for on_demand in (False, True):
                    if not on_demand and machine.spot_per_hour is None:
                        continue
                    for stage in _stages(machine, week, size, on_demand):
                        usd = inf if stage is None else stage.weekly_cost(week, machine)
                        yield f"batch {machine.instance_type}", inf
                        if stage is not None:
                            best.append((usd, len(best), Leg(stage, minutes, week, usd, on_demand)))
        for _, _, leg in sorted(best, key=lambda row: row[:2])[:BILLED]:
            design = _design(workload, [leg])
            yield f"batch {machine.instance_type}, {len(leg.minutes)} departures a week", _usd(batch, design, workload)


def _calendars(workload: Workload) -> Iterator[Any]:
    yield from _regime_calendars(workload.demand, tuple(range(168)), WINDOWS)


def _stages(machine: Hardware, week: Any, size: int, on_demand: bool) -> Iterator[Stage | None]:
    """Every number of workers: those that finish the busiest departure in time, None for those that do not."""
    busiest = max(week, key=lambda kind: kind.peak)
    batches = ceil(arrivals_quantile(busiest.peak, machine.percentile, machine.arrival_variability) / size) or 1
    each, tick = machine.round_time(size), assume("batch.tick")
    spread = NormalDist().inv_cdf(machine.percentile) * machine.variability
    slack = min(kind.slack_s for kind in week) - machine.start_s * (1 if on_demand else 2) - tick
    seen = set[int]()
    enough = ceil(batches * each / slack) if slack > 0 else 0
    for workers in (*range(1, MOST_WORKERS + 1), *range(max(1, enough - 3), enough + MOST_WORKERS)):
        rounds = ceil(batches / workers)
        if rounds in seen or workers > 2000:
            continue
        longest = rounds * each + spread * each * sqrt(rounds)
        if longest > slack:
            yield None
            continue
        seen.add(rounds)
        oldest = min(kind.slack_s + kind.gap_s for kind in week)
        yield Stage(
            machine, size, workers, rounds, on_demand, last_call_age(oldest, machine.start_s, longest, tick)
        )  # fmt: skip


def _only(workload: Workload, hardware: str) -> Workload:
    """With one kind of hardware."""
    model = workload.profile.model
    measured = tuple(one for one in model.measured if one.hardware == hardware)
    alone = workload.profile.model_copy(update={"model": model.model_copy(update={"measured": measured})})
    return replace(workload, profile=alone)


def compare_one(number: int, seed: int = 0) -> Compared | None:
    """One of the random profiles."""
    return compare(random_profile(np.random.default_rng((seed, number))))


def summary(found: list[Compared]) -> list[str]:
    """What the report says."""
    dearer = sorted(row.dearer for row in found)
    worst = max(found, key=lambda row: row.dearer)
    equal = sum(row.dearer < 1e-6 for row in found)
    designs = median(row.designs for row in found)
    ratio = median(row.trying_s / row.planning_s for row in found)
    return [
        f"- {len(found)} random profiles for which something fits: the planner's cheapest is {median(dearer):.2%} dearer than the "
        f"cheapest of all at the median, {dearer[int(0.95 * len(dearer))]:.2%} at the 95th percentile, {worst.dearer:.1%} at worst "
        f"({worst.architecture} against {worst.best}); the same in {equal / len(found):.0%}.",
        f"- Windows tried: {len(WINDOWS)}, those between the planner's own among them.",
        f"- Searched: {designs:,.0f} combinations at the median, up to {max(row.designs for row in found):,}; the planner takes "
        f"one {ratio:.0f}th of that time at the median.",
    ]
