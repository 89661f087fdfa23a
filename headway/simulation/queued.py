"""Batch: a week of departures after another, with what is left behind carried into the next."""

from __future__ import annotations

from math import log, sqrt

import numpy as np

from headway.architectures.batch.costs import minutes_of
from headway.architectures.design import BatchDesign
from headway.architectures.workload import PoolUsed, Used, Workload
from headway.assumptions import assume
from headway.simulation.arrivals import Arrivals, Floats
from headway.simulation.departing import depart
from headway.simulation.live import Ran, Record
from headway.units import HOURS_PER_WEEK

WEEK_S = HOURS_PER_WEEK * 3600.0
DRAWS = 1 << 16


def run_batch(design: BatchDesign, workload: Workload, arrivals: Arrivals, seed: int, record: Record) -> Ran:
    """Requests through a queue, its departures and their workers.

    Workers that still run at a week's end (Monday 00:00) finish what they hold and take nothing of the next one's.
    """
    week = _Departures(design, workload)
    used = np.zeros((len(design.pools), 5))
    left, requests, hour = np.empty(0), 0, 0
    collected: list[Floats] = []
    chunks = iter(arrivals.chunks())
    begin = -arrivals.first_hour * 3600.0
    ends = arrivals.hours * 3600.0
    while begin < ends:
        until = begin + WEEK_S
        while hour < arrivals.hours and hour * 3600.0 < until:
            collected.append(next(chunks))
            requests += collected[-1].size
            hour += 1
        items = np.concatenate([left, *collected])
        collected = []
        # After the last arrivals one more departure of each kind takes what waits.
        extra = until >= ends
        taken, done = week.follow(items, begin, seed, used, last=extra)
        record(items[:taken], done[:taken] - items[:taken])
        left = items[taken:]
        begin = until
    pools = {pool.name: _used(row) for pool, row in zip(design.pools, used, strict=True)}
    paid = float(used[:, :2].sum()) / 3600
    return Ran(requests, left.size, paid, float(used[:, 2].sum()) / 3600, Used(pools=pools))


class _Departures:
    """A design's departures as the arrays that are followed."""

    def __init__(self, design: BatchDesign, workload: Workload) -> None:
        names = [pool.name for pool in design.pools]
        start = assume("batch.launch") + assume("batch.pull")
        self.pools = np.array(
            [
                [pool.batch_size, pool.seconds_per_item, pool.seconds_per_batch,
                 _sigma(workload, pool.instance_type), start + pool.ready_s]
                for pool in design.pools
            ]
        )  # fmt: skip
        self.rules = np.array(
            [
                [rule.quota, rule.max_workers, rule.last_call_s, names.index(rule.pool), rule.leaves_early]
                for rule in design.departures
            ],
            float,
        )
        pairs = sorted((minute, at) for at, rule in enumerate(design.departures) for minute in minutes_of(rule))
        self.minutes = np.array([minute for minute, _ in pairs]) * 60.0
        self.rule_of = np.array([at for _, at in pairs])
        lost = -log(assume("spot.survival_15min")) / 900
        retried = assume("batch.retry_share")
        self.unknown = np.array([assume("batch.linger"), assume("batch.minimum_billed"), lost, retried])
        self.room = min(200_000, 64 + 16 * max(rule.max_workers for rule in design.departures))

    def follow(self, items: Floats, begin: float, seed: int, used: Floats, *, last: bool) -> tuple[int, Floats]:
        """One week from ``begin``; the last one until a departure after its end."""
        leaves = np.concatenate([begin + self.minutes, begin + self.minutes + WEEK_S])
        rule_of = np.concatenate([self.rule_of, self.rule_of])
        # The next week's first departure is only looked ahead to.
        keep, until = self.minutes.size + 1, begin + WEEK_S
        if last:
            end = items[-1] if items.size else begin
            keep, until = int(np.searchsorted(leaves, end, side="right")) + 1, np.inf
        leaves, rule_of = leaves[:keep], rule_of[:keep]
        prior = np.concatenate([[begin + self.minutes[-1] - WEEK_S], leaves[:-1]])
        # Weeks begin on Monday: the first one up to a week before the first request.
        draw = np.random.default_rng((seed, 3, 1 + round(begin // WEEK_S)))
        missed = (draw.random(leaves.size) < assume("spot.miss")).astype(np.int64)
        tick = assume("batch.tick")
        ticks, looks = draw.random((leaves.size, 2)) * tick, np.array([begin + draw.random() * tick, until, tick])
        done = np.full(items.size, np.inf)
        taken = depart(
            items, leaves, prior, rule_of, missed, ticks, looks, self.rules, self.pools, self.unknown,
            draw.standard_normal(DRAWS), draw.random(DRAWS), self.room, done, used,
        )  # fmt: skip
        return taken, done


def _sigma(workload: Workload, instance_type: str) -> float:
    variability = max(point.variability for point in workload.profile.model.service(instance_type))
    return sqrt(log(1 + variability * variability))


def _used(row: Floats) -> PoolUsed:
    spot, on_demand, busy, workers, departures = (float(value) for value in row)
    return PoolUsed(spot / 3600, on_demand / 3600, busy / 3600, workers, departures)
