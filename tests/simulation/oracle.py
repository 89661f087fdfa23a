"""Independent oracles in SimPy: a fleet of departures as processes, sharing nothing with what is under test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any, NamedTuple

import simpy


class Fleet(NamedTuple):
    """One rule and its workers."""

    quota: int
    most: int
    last_call_s: float
    batch: int
    per_item_s: float
    per_batch_s: float
    start_s: float
    linger_s: float = 120.0


def departures(
    arrived: Sequence[float], leaves: Sequence[float], missed: Sequence[bool], fleet: Fleet, first_prior: float
) -> tuple[list[float], float, float, int]:
    """When each item is done, spot and on-demand seconds paid, workers; without ticks, losses and retries."""
    environment = simpy.Environment()
    waiting: list[int] = []
    done = [float("inf")] * len(arrived)
    paid = {"spot": 0.0, "on_demand": 0.0}
    count = {"unstarted": 0, "workers": 0}

    def source() -> Iterator[Any]:
        for index, at in enumerate(arrived):
            yield environment.timeout(at - environment.now)
            waiting.append(index)

    def worker(how: str, quota: int) -> Iterator[Any]:
        launched = environment.now
        count["unstarted"] += 1
        count["workers"] += 1
        yield environment.timeout(fleet.start_s)
        count["unstarted"] -= 1
        while quota and waiting:
            mine = [waiting.pop(0) for _ in range(min(fleet.batch, quota, len(waiting)))]
            quota -= len(mine)
            yield environment.timeout(fleet.per_batch_s + fleet.per_item_s * len(mine))
            for index in mine:
                done[index] = environment.now
        paid[how] += environment.now - launched + fleet.linger_s

    def launch(how: str, workers: int, quota: int) -> None:
        for _ in range(workers):
            environment.process(worker(how, quota))

    def last_call(prior: float, workers: int) -> Iterator[Any]:
        count["unstarted"] += workers
        yield environment.timeout(prior + fleet.last_call_s - environment.now)
        count["unstarted"] -= workers
        missing = min(workers, ceil(len(waiting) / fleet.quota))
        launch(
            "on_demand",
            missing,
            max(fleet.quota, ceil(len(waiting) / missing)) if missing >= fleet.most else fleet.quota,
        )

    def calendar() -> Iterator[Any]:
        prior = first_prior
        for at, miss in zip(leaves, missed, strict=True):
            yield environment.timeout(at - environment.now)
            needed = ceil(len(waiting) / fleet.quota) - count["unstarted"]
            workers = min(needed, fleet.most)
            if workers > 0 and miss:
                environment.process(last_call(prior, workers))
            elif workers > 0:
                launch("spot", workers, fleet.quota if workers == needed else ceil(len(waiting) / workers))
            prior = at

    environment.process(source())
    environment.process(calendar())
    environment.run()
    return done, paid["spot"], paid["on_demand"], count["workers"]
