"""An independent oracle: queues as processes in SimPy, sharing nothing with the formulas under test."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import simpy


def simulate(
    gap: Callable[[random.Random], float],
    service: Callable[[random.Random], float],
    servers: int,
    *,
    requests: int = 40_000,
    seed: int = 7,
) -> tuple[list[float], list[float]]:
    """Waits and wait + service of a first-come-first-served queue, the first tenth left out."""
    draw = random.Random(seed)
    environment = simpy.Environment()
    pool = simpy.Resource(environment, capacity=servers)
    waits: list[float] = []
    totals: list[float] = []

    def request() -> Iterator[Any]:
        arrived = environment.now
        with pool.request() as turn:
            yield turn
            waits.append(environment.now - arrived)
            yield environment.timeout(service(draw))
        totals.append(environment.now - arrived)

    def source() -> Iterator[Any]:
        for _ in range(requests):
            yield environment.timeout(gap(draw))
            environment.process(request())

    environment.process(source())
    environment.run()
    cut = requests // 10
    return waits[cut:], totals[cut:]


def quantile(values: list[float], p: float) -> float:
    """The empirical quantile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(p * len(ordered)))]
