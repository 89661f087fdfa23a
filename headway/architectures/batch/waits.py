"""How long a batch design's requests wait, over all its departures.

A request waits for its departure (uniform within the gap, Poisson arrivals), up to a tick for the dispatcher, the
worker's start, and its round; those that come while the workers of the departure before start or work are taken along.
Where spot has no capacity it waits instead until the oldest of its departure reaches the last call, then for an
on-demand start and its round: so last call, not luck, bounds the wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

import numpy as np

from headway.architectures.batch.calendar import Kind
from headway.architectures.batch.costs import minutes_of, weeks, worker_of
from headway.architectures.batch.fleet import taken_along
from headway.architectures.batch.overlapping import Line, follow, overlaps
from headway.architectures.design import BatchDesign, DepartureRule, Wait, WorkerPool
from headway.architectures.workload import Workload
from headway.assumptions import assume
from headway.sizing.mixture import Array, Mixture

ARRIVALS, TICKS, ROUNDS = 48, 6, 8
"""Points of the arrival within its gap, the tick, and the rounds, at which the wait is taken."""


def closest(waits: Mapping[float, Wait]) -> Wait:
    """The waits of the regime that comes closest to its promise."""
    promise = max(waits, key=lambda one: waits[one].at_percentile_s / one)
    return waits[promise]


def wait(design: BatchDesign, workload: Workload) -> Wait:
    """The waits of the regime that comes closest to its promise."""
    return closest(waits_by_promise(design, workload))


def waits_by_promise(design: BatchDesign, workload: Workload) -> dict[float, Wait]:
    """Waits of each regime, by the seconds it promises; each departure weighted by what it takes."""
    pools = {pool.name: pool for pool in design.pools}
    by_promise: dict[float, Mixture] = {}
    worst: dict[float, float] = {}
    overlapping = False
    for rule, week in weeks(design, workload):
        worker = worker_of(rule, pools[rule.pool])
        for kind, times in week.items():
            mixture = by_promise.setdefault(rule.promise_s, Mixture())
            overlapping = overlapping or overlaps(worker, kind, kind.mean)
            for waits, share in _waits(rule, pools[rule.pool], kind):
                mixture.add(waits, share * max(kind.mean, 1e-9) * times)
            longest = _worst(rule, pools[rule.pool], kind)
            worst[rule.promise_s] = max(worst.get(rule.promise_s, 0.0), longest)
    if overlapping:
        by_promise |= _followed(design, workload)
    found: dict[float, Wait] = {}
    for promise, mixture in by_promise.items():
        p50, p99, at = mixture.quantiles(0.5, 0.99, workload.percentile)
        found[promise] = Wait(p50_s=p50, p99_s=p99, at_percentile_s=at, worst_s=worst[promise], limit_s=promise)
    return found


def _followed(design: BatchDesign, workload: Workload) -> dict[float, Mixture]:
    """The waits of each regime where fleets overlap: from following the weeks."""
    pools = {pool.name: pool for pool in design.pools}
    lines = [
        Line(worker_of(rule, pools[rule.pool]), rule.max_workers, minutes_of(rule), rule.leaves_early)
        for rule in design.departures
    ]
    came, waits = follow(lines, workload.demand)
    promised = np.array(workload.demand.max_wait)[(came // 3600).astype(int)]
    # Departures of merged regimes promise the tightest of their waits.
    kept = np.array(sorted({rule.promise_s for rule in design.departures}))
    own = kept[np.maximum(np.searchsorted(kept, promised, side="right") - 1, 0)]
    found: dict[float, Mixture] = {}
    for promise in kept.tolist():
        mine = waits[own == promise]
        found[promise] = Mixture()
        found[promise].add(mine, float(mine.size))
    return found


def _worst(rule: DepartureRule, pool: WorkerPool, kind: Kind) -> float:
    """What came just after a departure, in the last round of the busiest one, on-demand at its last call."""
    each = pool.seconds_per_item * pool.batch_size + pool.seconds_per_batch
    workers = max(1, min(rule.max_workers, ceil(kind.peak / rule.quota)))
    rounds = max(1, ceil(ceil(kind.peak / pool.batch_size) / workers))
    leaves = max(rule.last_call_s, kind.gap_s)
    return leaves + assume("batch.tick") + worker_of(rule, pool).start_s + rounds * each


def _waits(rule: DepartureRule, pool: WorkerPool, kind: Kind) -> list[tuple[Array, float]]:
    """Equally likely points of one departure's waits, with spot and without, and how likely each branch is."""
    each = pool.seconds_per_item * pool.batch_size + pool.seconds_per_batch
    # The busiest sustained rate lasts for a part of the gap.
    items = kind.mean + (kind.peak - kind.mean) * min(1.0, assume("traffic.peak_lasts") / max(kind.gap_s, 1.0))
    items = kind.peak if kind.exact else items
    workers = max(1, min(rule.max_workers, ceil(items / rule.quota)))
    rounds = max(1, ceil(ceil(items / pool.batch_size) / workers))
    tick = (np.arange(TICKS) + 0.5) / TICKS * assume("batch.tick")
    worker = worker_of(rule, pool)
    start = worker.start_s
    miss = 0.0 if rule.last_call_s == 0 else assume("spot.miss")
    if kind.exact:
        # All there from the start of the gap, done round after round.
        done = np.unique(np.ceil((np.arange(ROUNDS) + 1) / ROUNDS * rounds)) * each
        until = (kind.gap_s + tick[:, None] + start + done[None, :]).ravel()
        late = (rule.last_call_s + tick[:, None] + start + done[None, :]).ravel()
        return [(until, 1 - miss), (late, miss)]
    along = taken_along(worker, kind, kind.mean, miss)
    came = (np.arange(ARRIVALS) + 0.5) / ARRIVALS * kind.gap_s
    found: list[tuple[Array, float]] = []
    # The departure before had spot, or its workers came at its last call.
    for within, ready, chance in ((along.within_s, 0.0, 1 - miss), (along.late_s, rule.last_call_s - kind.gap_s, miss)):
        soon = came < within
        ahead = along.waiting / max(along.waiting + kind.mean * within / kind.gap_s, 1e-9) * rounds * each
        begin = np.maximum(ready + start - came[soon], 0.0) + np.where(came[soon] < ready + start, ahead, 0.0)
        taken = begin[:, None] + tick[None, :] + each
        # First come, first served: of those that are left the first are in the first rounds.
        order = np.clip((came - within * along.chance) / max(kind.gap_s - within * along.chance, 1e-9), 0.0, 1.0)
        done = start + np.maximum(1, np.ceil(order * rounds)) * each
        until = (kind.gap_s - came + done)[:, None] + tick[None, :]
        late = (rule.last_call_s - came + done)[:, None] + tick[None, :]
        share = chance * soon.mean() * along.chance
        found.append((taken.ravel(), share))
        for here, likely in ((soon, 1 - along.chance), (~soon, 1.0)):
            part = chance * here.mean() * likely
            found += [(until[here].ravel(), part * (1 - miss)), (late[here].ravel(), part * miss)]
    return [(points, share) for points, share in found if points.size and share > 0]
