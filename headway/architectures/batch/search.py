"""The search for batch's cheapest design: window, workers, batch size and instance type together for each regime.

For each regime of waits, every window x instance type x batch size x purchase is sized for the profile's percentile of
the arrivals in its busiest window (SCIENCE of departures: ``headway.sizing.departures``) and costed over the week; the
cheapest within the wait stays. A week may also leave at fixed hours of the day, which is what a ready-by time wants.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise, takewhile
from math import ceil

from headway.architectures.batch import costs
from headway.architectures.batch.calendar import (
    DAY,
    WEEK,
    Kinds,
    compress,
    kinds,
    periodic_minutes,
    previous_departures,
    regime_minutes,
)
from headway.architectures.batch.stages import Hardware, Stage, hardware_for
from headway.architectures.batch.waits import closest, waits_by_promise
from headway.architectures.candidate import BacklogRun, Candidate
from headway.architectures.design import BatchDesign, DepartureRule, FeederDesign, Wait, WorkerPool
from headway.architectures.queue_path import watchdog_design
from headway.architectures.router_design import LONGEST_RETENTION_S
from headway.architectures.validating import probes_time, validation_design
from headway.architectures.workload import Workload
from headway.assumptions import assume
from headway.profile.calendar import days_text
from headway.traffic.demand import Demand
from headway.units import format_duration

WINDOWS = (2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440, 2880, 10080)
"""Minutes between departures that are tried; those that people can keep in mind."""
ODD_WINDOWS = (3, 4, 6, 8, 12, 18, 24, 36, 40, 48, 72, 80, 96, 144, 160, 288)
"""The other whole parts of a day, so that each day leaves alike."""
ODD_WINDOW_SAVES = 0.05
"""Departures every 72 minutes are for machines: they must save this share."""
PILE_WINDOWS = (5, 15, 60)
"""Minutes between departures that look for scheduled work: only those that find some cost anything."""
PERIODS = (24, 12, 8, 6, 4, 3, 2)
"""Hours between departures at fixed hours of the day."""
MOST_REGIMES, MOST_WAITS = 6, 12
"""Regimes with departures of their own, and distinct waits that are merged into so many.

With more waits (a ready-by time makes one an hour) only fixed hours of the day are tried.
"""
SECOND_POOL_SAVES = 0.05
"""A second instance type is four more resources to look after: it must save this share."""
IN_FLIGHT_MOST = 120_000
"""Messages of a standard queue that workers may hold at once (Amazon SQS Developer Guide, message quotas)."""
BATCHES_HELD = 2
"""By a worker: one at work, one fetched ahead."""


@dataclass(frozen=True)
class Leg:
    """One regime's sized departures."""

    stage: Stage
    minutes: tuple[int, ...]
    kinds: Kinds
    weekly_cost: float
    on_demand: bool


def plan(workload: Workload) -> list[Candidate]:
    """The cheapest batch design for a workload, or the reason there is none."""
    hardware, reasons = hardware_for(workload)
    if not hardware:
        return [workload.infeasible("batch", "; ".join(reasons) or "no instance type was measured")]
    found: Candidate | None = None
    # Where spot takes back too much of long runs, fleets that are always on-demand may still be in time.
    for machines in (hardware, [replace(machine, spot_per_hour=None) for machine in hardware]):
        legs = _cheapest_week(workload, machines)
        if legs is None:
            return [found or workload.infeasible("batch", _too_slow(workload, hardware))]
        candidate = _candidate(workload, legs)
        if candidate.feasible or candidate.design is not None:
            return [candidate]
        found = found or candidate
    return [found or workload.infeasible("batch", _too_slow(workload, hardware))]


def _candidate(workload: Workload, legs: list[Leg]) -> Candidate:
    design = _design(workload, legs)
    if workload.max_instances is not None and any(pool.max_workers > workload.max_instances for pool in design.pools):
        most = max(rule.max_workers for rule in design.departures)
        return workload.infeasible(
            "batch", f"needs {most} workers at once, max_instances allows {workload.max_instances}"
        )
    backlog = costs.backlog_run(design, workload)
    if backlog is not None:
        design = _with_room_for(design, backlog)
    usage = costs.fleet_usage(design, workload)
    waits = waits_by_promise(design, workload)
    late = [promise for promise, one in waits.items() if one.at_percentile_s > promise]
    if late:
        at = format_duration(waits[late[0]].at_percentile_s)
        reason = f"too slow: p{workload.demand.percentile:g} {at} against {format_duration(late[0])}"
        return workload.infeasible("batch", reason)
    in_time = backlog is None or backlog.takes_s <= backlog.within_s
    bill = costs.bill(design, workload)
    priced_by = ("spot.price",) if any("spot.price" in line.assumptions for line in bill.lines) else ()
    return Candidate(
            architecture="batch",
            feasible=in_time,
            reason="" if in_time else "the backlog does not fit its time",
            design=design,
            bill=bill,
            wait=closest(waits),
            operations=workload.operations("batch"),
            utilization=usage.utilization,
            monthly_requests=workload.demand.per_month,
            backlog=backlog,
            facts=_facts(workload, waits, legs),
            assumptions=(
                "batch.launch", "batch.pull", "batch.linger", "batch.tick", "spot.miss", "spot.survival_15min",
                *priced_by, "batch.retry_share", "batch.fleet_headroom",
            ),
        )  # fmt: skip


def _cheapest_week(workload: Workload, hardware: list[Hardware]) -> list[Leg] | None:
    """The cheapest week within the wait: one instance type throughout unless a second one earns its keep."""
    best: list[Leg] | None = None
    for one in hardware:
        best = _cheaper(best, _week(workload, [one]))
    if len(hardware) > 1:
        mixed = _week(workload, hardware)
        if mixed is not None and (best is None or _cost(mixed) < _cost(best) * (1 - SECOND_POOL_SAVES)):
            best = mixed
    return best


def _week(workload: Workload, hardware: list[Hardware]) -> list[Leg] | None:
    if workload.demand.piles:
        leg = _cheapest_leg(hardware, _regime_calendars(workload.demand, tuple(range(168)), PILE_WINDOWS))
        return None if leg is None else [leg]
    regimes = workload.demand.regimes
    best: list[Leg] | None = None
    if len(regimes) <= MOST_WAITS:
        best = _by_regime(workload, hardware, _merged([hours for _, hours in regimes]))
    if len(regimes) > 1:
        leg = _cheapest_leg(hardware, _daily_calendars(workload.demand))
        best = _cheaper(best, None if leg is None else [leg])
    return best


def _by_regime(workload: Workload, hardware: list[Hardware], groups: list[tuple[int, ...]]) -> list[Leg] | None:
    """Departures of their own for each group of hours, or None where one of them has none in time.

    At moments that people can keep in mind, unless others save enough.
    """
    plain: list[Leg | None] = []
    odd: list[Leg | None] = []
    for hours in groups:
        leg, other = (
            _cheapest_leg(hardware, _regime_calendars(workload.demand, hours, windows))
            for windows in (WINDOWS, ODD_WINDOWS)
        )
        if leg is None and other is None:
            return None
        plain.append(leg)
        odd.append(other if leg is None or (other is not None and other.weekly_cost < leg.weekly_cost) else leg)
    best, rival = ([leg for leg in legs if leg is not None] for legs in (plain, odd))
    enough = 1 - ODD_WINDOW_SAVES
    return rival if len(best) < len(rival) or _cost(rival) < _cost(best) * enough else best


def _merged(regimes: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """At most MOST_REGIMES groups of hours: neighbouring waits share departures, at the tightest of them.

    >>> [len(group) for group in _merged([(hour,) for hour in range(8)])]
    [2, 2, 1, 1, 1, 1]
    """
    count = min(len(regimes), MOST_REGIMES)
    size, more = divmod(len(regimes), count)
    groups: list[tuple[int, ...]] = []
    left = list(regimes)
    for index in range(count):
        taken, left = left[: size + (index < more)], left[size + (index < more) :]
        groups.append(tuple(sorted(hour for hours in taken for hour in hours)))
    return groups


def _cheapest_leg(hardware: list[Hardware], calendars: Iterable[tuple[tuple[int, ...], Kinds]]) -> Leg | None:
    best: Leg | None = None
    for minutes, week in calendars:
        for machine in hardware:
            for on_demand in (False, True):
                if on_demand is False and machine.spot_per_hour is None:
                    continue
                for batch in machine.batch_sizes:
                    for stage in machine.stages(week, batch=batch, on_demand=on_demand):
                        if beyond_limits(stage):
                            break
                        cost = stage.weekly_cost(week, machine)
                        if best is None or cost < best.weekly_cost:
                            best = Leg(stage, minutes, week, cost, on_demand)
    return best


def beyond_limits(stage: Stage) -> str | None:
    """The AWS limit that a departure of this size would break, with what it needs; smaller batches hold less.

    Arrays are none: the dispatcher submits several of 10,000 workers where it must.
    """
    held = stage.workers * stage.batch * BATCHES_HELD
    if held > IN_FLIGHT_MOST:
        return f"{held:,} messages in flight, a queue allows {IN_FLIGHT_MOST:,}"
    return None


@lru_cache(maxsize=32)
def _regime_calendars(
    demand: Demand, hours: tuple[int, ...], windows: tuple[int, ...]
) -> tuple[tuple[tuple[int, ...], Kinds], ...]:
    """A regime's departures for each window; the rest of the week is assumed to leave nothing behind.

    Every instance type is tried on the same ones.
    """
    promise = min(demand.max_wait[hour] for hour in hours if not demand.piles or demand.mean[hour])
    return tuple(
        (minutes, kinds(minutes, before, demand))
        for window in takewhile(lambda window: window * 60 < promise, windows)
        for minutes, before in [_regime_departures(hours, window)]
    )


@lru_cache(maxsize=512)
def _regime_departures(hours: tuple[int, ...], window: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """When a regime's departures leave, and the departure or the regime's own start before each."""
    minutes = tuple(regime_minutes(hours, window))
    starts = {hour * 60 for hour in hours if (hour - 1) % 168 not in hours}
    # A run begins where the other regime's last departure left; a regime of the whole week has no other.
    everything = sorted({*minutes, *starts})
    return minutes, tuple(previous_departures(minutes, everything))


@lru_cache(maxsize=4)
def _daily_calendars(demand: Demand) -> tuple[tuple[tuple[int, ...], Kinds], ...]:
    """Departures at fixed hours of the day; every instance type is tried on the same ones."""
    found = []
    for period in PERIODS:
        for offset in range(period):
            minutes = tuple(periodic_minutes(period, offset))
            found.append((minutes, kinds(minutes, previous_departures(minutes, minutes), demand)))
    return tuple(found)


def _design(workload: Workload, legs: list[Leg]) -> BatchDesign:
    """The legs as a Design: one pool for each kind of worker, rules for the departures."""
    pools: dict[tuple[str, int], WorkerPool] = {}
    rules: list[DepartureRule] = []
    for leg in legs:
        stage = leg.stage
        most = _most_workers(workload, stage)
        key = (stage.machine.instance_type, stage.batch)
        pool = pools.get(key)
        if pool is None or pool.max_workers < most:
            probe_s = probes_time(workload, stage.machine.time, stage.batch)
            pools[key] = stage.machine.pool(stage.batch, most).model_copy(update={"probe_s": probe_s})
        promise = min(kind.promise_s for kind in leg.kinds)
        for days, start, end, every in compress(leg.minutes):
            rules.append(
                DepartureRule(
                    days=days, from_minute=start, to_minute=end, every_minutes=every,
                    pool=pools[key].name, quota=stage.quota, max_workers=most,
                    last_call_s=0.0 if leg.on_demand else stage.last_call_s, promise_s=promise,
                    # Scheduled work is fed at once: it leaves when all of it is there.
                    leaves_early=not workload.demand.piles,
                )
            )  # fmt: skip
    longest = max(leg.stage.processing_s for leg in legs)
    start_s = max(leg.stage.machine.start_s for leg in legs)
    slowest = max(leg.stage.round_s for leg in legs)
    return BatchDesign(
        **workload.base_design(),
        burn_rates=workload.burn_rates(_longest_gap_s(legs)),
        pools=tuple(pools.values()),
        departures=tuple(rules),
        visibility_timeout_s=int(min(43_200, max(120, ceil(6 * slowest)))),
        queue_retention_s=LONGEST_RETENTION_S,
        job_timeout_s=int(max(900, ceil(start_s + 3 * longest + 600))),
        runnable_limit_s=int(min(86_400, max(600, ceil(min(workload.demand.max_wait) / 2)))),
        tick_s=int(assume("batch.tick")),
        dispatcher_memory_mb=int(assume("dispatcher.memory_mb")),
        root_volume_gb=int(assume("batch.root_volume_gb")),
        results_kept_days=int(assume("results.kept_days")),
        watchdog=watchdog_design(workload),
        validation=validation_design(workload, _longest_gap_s(legs)),
        feeder=_feeder(workload),
    )


def _most_workers(workload: Workload, stage: Stage) -> int:
    """What a departure may start where more comes than the busiest window is planned for."""
    most = ceil(stage.workers * assume("batch.fleet_headroom"))
    return most if workload.max_instances is None else max(stage.workers, min(most, workload.max_instances))


def _longest_gap_s(legs: Sequence[Leg]) -> float:
    """The longest time between two departures of the week, whichever leg they belong to."""
    minutes = sorted({minute for leg in legs for minute in leg.minutes})
    return max(later - earlier for earlier, later in pairwise([*minutes, minutes[0] + WEEK])) * 60.0


LONGEST_LOOK_BACK_S = 604_800
"""Of an alarm with periods of an hour (Amazon CloudWatch API reference, PutMetricAlarm)."""


def _feeder(workload: Workload) -> FeederDesign | None:
    """For scheduled work: a function that feeds manifests, and how long without one is too long."""
    piles = workload.demand.piles
    if not piles:
        return None
    minutes = sorted(pile.minute for pile in piles)
    gaps = [later - earlier for earlier, later in pairwise([*minutes, minutes[0] + 7 * 1440])]
    silence = max(gaps) * 60 + 3600
    regular = all(pile.weight > 0.5 for pile in piles) and silence <= LONGEST_LOOK_BACK_S
    return FeederDesign(memory_mb=int(assume("feeder.memory_mb")), silence_s=silence if regular else None)


def _with_room_for(design: BatchDesign, backlog: BacklogRun) -> BatchDesign:
    """The design with as many workers, for as long, as the one-off backlog needs: it comes through the same queue."""
    most = backlog.workers
    return design.model_copy(
        update={
            "pools": tuple(
                pool.model_copy(update={"max_workers": max(pool.max_workers, most)}) for pool in design.pools
            ),
            "departures": tuple(
                rule.model_copy(update={"max_workers": max(rule.max_workers, most)}) for rule in design.departures
            ),
            "job_timeout_s": max(design.job_timeout_s, ceil(2 * backlog.takes_s)),
        }
    )


def _too_slow(workload: Workload, hardware: list[Hardware]) -> str:
    """Why no window fits, in numbers: a limit of AWS, or that even a departure every two minutes needs this long."""
    limit = _binding(workload, hardware)
    if limit:
        return f"needs {limit}: split the requests over several stacks"
    tightest = min(workload.demand.max_wait)
    quickest = min(machine.start_s + machine.round_time(1) for machine in hardware)
    least = quickest + assume("batch.tick") + WINDOWS[0] * 60
    if least < tightest:
        return (
            f"too slow: no window of {WINDOWS[0]} minutes or more fits the work of the busiest one into "
            f"{format_duration(tightest)} after {format_duration(quickest)} of starting and processing"
        )
    return f"too slow: worst {format_duration(least)} (start, load, one batch) against {format_duration(tightest)}"


def _binding(workload: Workload, hardware: list[Hardware]) -> str | None:
    """The limit that keeps out the smallest of the departures that would be in time."""
    found = []
    regimes = [tuple(range(168))] if workload.demand.piles else [hours for _, hours in workload.demand.regimes]
    for hours in regimes[:MOST_REGIMES]:
        windows = PILE_WINDOWS if workload.demand.piles else WINDOWS
        for _, week in _regime_calendars(workload.demand, hours, windows):
            for machine in hardware:
                for batch in machine.batch_sizes:
                    stage = machine.stage(week, batch=batch, on_demand=True)
                    limit = beyond_limits(stage) if stage is not None else None
                    if stage is not None and limit:
                        found.append((stage.workers, limit))
    return min(found)[1] if found else None


def _facts(workload: Workload, waits: Mapping[float, Wait], legs: list[Leg]) -> tuple[str, ...]:
    facts = []
    percentile = f"p{workload.demand.percentile:g}"
    for leg in legs:
        promise = min(kind.promise_s for kind in leg.kinds)
        made = f"{percentile} {format_duration(waits[promise].at_percentile_s)}"
        gap = max(kind.gap_s for kind in leg.kinds)
        stage = leg.stage
        where = "on-demand" if leg.on_demand else "spot"
        most = _most_workers(workload, stage)
        where += f" (room for {most})" if most > stage.workers else ""
        whose = f"for waits of {format_duration(promise)} ({made})"
        if len(legs) == 1 and len(workload.demand.regimes) > 1:
            whose = f"for all waits, of which that of {format_duration(promise)} comes closest ({made})"
        often = f"{sum(leg.kinds.values()):.4g}"
        apart = "at most {} after the work is there" if workload.demand.piles else "at most {} apart"
        facts.append(
            f"{whose}: {often} departure{'' if often == '1' else 's'} a week, {apart.format(format_duration(gap))}, "
            f"up to {stage.workers} x {stage.machine.instance_type} on {where}, batches of {stage.batch}"
            + ("" if leg.on_demand else f", last call at {format_duration(stage.last_call_s)}")
        )
    return (*facts, *_idle_days(workload, legs))


def _idle_days(workload: Workload, legs: list[Leg]) -> Iterator[str]:
    """Why departures leave on days when nothing is due."""
    ready = workload.profile.latency.ready_by
    if ready is not None and len({minute // DAY for leg in legs for minute in leg.minutes}) > len(ready.days):
        yield (
            f"results are due on {days_text(ready.days)}, and departures leave on the other days, too: left for the "
            "next, requests would reach the age of the last call; one that finds nothing starts nothing"
        )


def _cost(legs: list[Leg]) -> float:
    return sum(leg.weekly_cost for leg in legs)


def _cheaper(best: list[Leg] | None, other: list[Leg] | None) -> list[Leg] | None:
    if best is None or other is None:
        return best or other
    return other if _cost(other) < _cost(best) else best
