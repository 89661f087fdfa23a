"""How long a batch design's requests wait, over all its departures.

A request waits for its departure (uniform within the gap, Poisson arrivals), up to a tick for the dispatcher, the
worker's start, and its round. Where spot has no capacity it waits instead until the oldest of its departure reaches
the last call, then for an on-demand start and its round: so last call, not luck, bounds the wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

import numpy as np

from headway.architectures.batch.calendar import Kind
from headway.architectures.batch.costs import weeks
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


def waits_by_promise(design: BatchDesign, workload: Workload) -> dict[float, Wait]:
    """Waits of each regime, by the seconds it promises; each departure weighted by what it takes."""
    pools = {pool.name: pool for pool in design.pools}
    by_promise: dict[float, Mixture] = {}
    worst: dict[float, float] = {}
    for rule, week in weeks(design, workload):
        for kind, times in week.items():
            mixture = by_promise.setdefault(rule.promise_s, Mixture())
            for waits, share in _waits(rule, pools[rule.pool], kind):
                mixture.add(waits, share * max(kind.mean, 1e-9) * times)
                worst[rule.promise_s] = max(worst.get(rule.promise_s, 0.0), float(waits.max()))
    found: dict[float, Wait] = {}
    for promise, mixture in by_promise.items():
        p50, p99, at = mixture.quantiles(0.5, 0.99, workload.percentile)
        found[promise] = Wait(p50_s=p50, p99_s=p99, at_percentile_s=at, worst_s=worst[promise], limit_s=promise)
    return found


def _waits(rule: DepartureRule, pool: WorkerPool, kind: Kind) -> list[tuple[Array, float]]:
    """Equally likely points of one departure's waits, with spot and without, and how likely each branch is."""
    arrival = np.array([kind.gap_s]) if kind.exact else (np.arange(ARRIVALS) + 0.5) / ARRIVALS * kind.gap_s
    tick = (np.arange(TICKS) + 0.5) / TICKS * assume("batch.tick")
    each = pool.seconds_per_item * pool.batch_size + pool.seconds_per_batch
    # Items are spread evenly over the rounds of the busiest departure: the waits promised, not the mean ones.
    workers = max(1, min(rule.max_workers, ceil(kind.peak / rule.quota)))
    rounds = max(1, ceil(ceil(kind.peak / pool.batch_size) / workers))
    done = np.unique(np.ceil((np.arange(ROUNDS) + 1) / ROUNDS * rounds)) * each
    start = assume("batch.launch") + assume("batch.pull") + pool.load_time_s
    until = (arrival[:, None, None] + tick[None, :, None] + start + done[None, None, :]).ravel()
    if rule.last_call_s == 0:
        return [(until, 1.0)]
    # The oldest arrived a gap before the departure: the others are younger by what they came later.
    missed = (
        arrival[:, None, None] + (rule.last_call_s - kind.gap_s) + tick[None, :, None] + start + done[None, None, :]
    )
    miss = assume("spot.miss")
    return [(until, 1 - miss), (missed.ravel(), miss)]
