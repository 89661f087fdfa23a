"""One departure's fleet: what it finds and takes along, how long its workers run, on spot and on-demand.

The search and the bill ask here, so the cheapest by the one is the cheapest by the other. Times in seconds.
"""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

from headway.architectures.batch.calendar import Kind
from headway.architectures.batch.overlapping import overlaps, workers_launched
from headway.architectures.batch.worker import Worker
from headway.assumptions import assume, remembered
from headway.sizing.departures import Fleet, expected_fleet

STEPS = 4
"""Of the fixed point: what a departure finds depends on what the one before took along."""
NOBODY = 1e-9


class Unknown(NamedTuple):
    """What nobody knows of a departure beforehand."""

    miss: float
    """That spot has no capacity."""
    lost: float
    """That spot takes a worker back within 15 minutes."""
    retried: float
    """Share of items processed twice."""


class TakenAlong(NamedTuple):
    """Items that come while a departure's workers start and work, and are taken by them: the next finds fewer."""

    within_s: float
    """After a departure: what comes so soon is taken along."""
    late_s: float
    """The same where it missed spot, and workers came at its last call; 0 where the next departure comes first."""
    chance: float
    """That there are workers: a departure that finds nothing launches nobody."""
    waiting: float
    """Items that a departure finds."""


class Seconds(NamedTuple):
    """Of one departure, over all its workers."""

    spot: float
    on_demand: float
    busy: float
    workers: float
    launched: float
    """Chance that there are any."""


def work_s(worker: Worker, mean: float, batches: float, workers: float) -> float:
    """What each of these workers works on its share."""
    return (worker.per_item_s * mean + worker.per_batch_s * batches) / max(workers, NOBODY)


@remembered(maxsize=65_536)
def taken_along(worker: Worker, kind: Kind, mean: float, miss: float) -> TakenAlong:
    """What a fleet takes besides what it found, at a mean of arrivals between departures. Scheduled work comes once.

    Workers take until their quota is full. A full departure leaves little of it; a busy window that starts one worker
    more, or a quiet one, leaves much, and the next then finds less and leaves more: between the two lies the mean.
    """
    found = TakenAlong(0.0, 0.0, 0.0, mean)
    if kind.exact or mean <= 0 or kind.gap_s <= 0:
        return found
    called, half_tick = max(0.0, worker.last_call_s - kind.gap_s) + worker.start_s, assume("batch.tick") / 2
    for _ in range(STEPS):
        before = found.waiting
        fleet = expected_fleet(before, worker.batch, worker.quota)
        work = work_s(worker, mean, fleet.batches, fleet.workers)
        within = min(kind.gap_s, half_tick + worker.start_s + work)
        late = 0.0 if called > kind.gap_s else min(kind.gap_s, half_tick + called + work)
        come = mean * ((1 - miss) * within + miss * late) / kind.gap_s
        taken = fleet.workers * worker.quota
        full = max(0.0, taken - mean) / come if come else 0.0
        room = (min(1.0, full) + (1.0 if taken >= mean else full)) / 2
        found = TakenAlong(within * room, late * room, fleet.launched, mean - fleet.launched * room * come)
        if abs(found.waiting - before) < 1e-3 * mean:
            break
    return found


@remembered(maxsize=65_536)
def seconds_of(worker: Worker, kind: Kind, mean: float, unknown: Unknown) -> Seconds:
    """A departure's fleet at a mean of arrivals: spot, what spot misses or takes back on-demand, and the work in it."""
    miss = 1.0 if worker.last_call_s == 0 else unknown.miss
    batches = expected_fleet(mean, worker.batch, worker.quota, exact=kind.exact).batches
    called = 0.0 if worker.last_call_s == 0 else miss
    if overlaps(worker, kind, mean):
        launched = workers_launched(worker, kind, mean, called)
        fleet = Fleet(batches, launched, min(1.0, launched))
    else:
        waiting = taken_along(worker, kind, mean, called).waiting
        fleet = expected_fleet(waiting, worker.batch, worker.quota, exact=kind.exact)
    if fleet.workers < NOBODY:
        return Seconds(0.0, 0.0, 0.0, 0.0, 0.0)
    work = work_s(worker, mean, batches, fleet.workers) * (1 + unknown.retried)
    around, least = worker.start_s + assume("batch.linger"), assume("batch.minimum_billed")
    # What spot takes back is worked off on-demand, by a worker that starts for it and repeats half a batch.
    hazard = -log(1 - unknown.lost) / 900
    kept = work if hazard == 0 else (1 - exp(-hazard * work)) / hazard
    lost = 1 - exp(-hazard * work)
    again = lost * (around + (worker.per_item_s * worker.batch + worker.per_batch_s) / 2) + work - kept
    return Seconds(
        spot=(1 - miss) * fleet.workers * max(around + kept, least),
        on_demand=fleet.workers * ((1 - miss) * again + miss * max(around + work, least)),
        busy=work * fleet.workers,
        workers=fleet.workers * (1 + (1 - miss) * lost),
        launched=fleet.launched,
    )
