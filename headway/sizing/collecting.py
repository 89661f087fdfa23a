"""Collectors that close a batch at N items or T seconds after its first: batch sizes and how long items wait.

Poisson arrivals at each collector. A queue read by several pollers is several collectors, each with its share of the
arrivals and each closing batches of its own. Rates per second, times in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from headway.sizing.poisson import LARGE, pmf

GRID = 48
"""Points of the window at which the wait's distribution is worked out."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What collecting makes of one collector's arrivals."""

    rate: float
    most: int
    window_s: float
    mean_size: float
    size_variance: float
    mean_wait_s: float

    def wait_quantile(self, p: float) -> float:
        """Seconds that a share ``p`` of the items waits at most for its batch to close."""
        times, shares = _waits(self.rate, self.most, self.window_s)
        place = int(np.searchsorted(shares, p - 1e-12))
        return float(times[min(place, len(times) - 1)])


@lru_cache(maxsize=16_384)
def collect(rate: float, most: int, window_s: float) -> Collected:
    """Batches of at most ``most`` items, closed ``window_s`` after their first, at ``rate`` arrivals a second.

    With Q_j = P(Pois(rate T) >= j): mean size 1 + sum Q_j, mean wait sum j Q_j / (rate E[N]), both for 0 < j < most;
    the wait's tail counts, for a batch's items, those that come before the batch closes (two simulations agreed within
    0.5 %).

    >>> batch = collect(0.33, 10, 30.0)
    >>> round(batch.mean_size, 2), round(batch.mean_wait_s, 1)
    (9.17, 12.7)
    """
    if _alone(rate, most, window_s):
        # An item alone in its window waits all of it, unless it fills the batch.
        return Collected(rate, most, window_s, 1.0, 0.0, 0.0 if most == 1 else window_s)
    reached = _at_least(rate * window_s, most)
    mean = 1 + float(reached[1:most].sum())
    second = float(np.dot(2 * np.arange(1, most + 1) - 1, reached[:most]))
    wait = float(np.dot(np.arange(1, most), reached[1:most])) / (rate * mean)
    return Collected(rate, most, window_s, mean, max(0.0, second - mean * mean), wait)


def _alone(rate: float, most: int, window_s: float) -> bool:
    return most == 1 or window_s == 0 or rate <= 0


@lru_cache(maxsize=1024)
def _waits(rate: float, most: int, window_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ascending times, and the share of items that waits no longer."""
    if _alone(rate, most, window_s):
        return np.array([0.0 if most == 1 else window_s]), np.ones(1)
    mean, by_end = collect(rate, most, window_s).mean_size, _at_least(rate * window_s, most)
    times = np.linspace(0, window_s, GRID + 1)
    beyond = [_waits_beyond(_at_least(rate * float(time), most), by_end, most) / mean for time in times[:-1]]
    return times, np.maximum.accumulate(np.array([*(1 - min(1.0, max(0.0, share)) for share in beyond), 1.0]))


def _waits_beyond(by_time: NDArray[np.float64], by_end: NDArray[np.float64], most: int) -> float:
    """Items of a batch that wait longer than t < T, on average.

    The first while fewer than N - 1 follow it within t; each other one that comes later while the batch is open.
    """
    return float(1 - by_time[most - 1] + (by_end[1 : most - 1] - by_time[1 : most - 1]).sum())


def _at_least(mean: float, most: int) -> NDArray[np.float64]:
    """P(Pois(mean) >= j) for j in 0..most."""
    if mean > LARGE:
        return np.ones(most + 1) if mean > 2 * most else _normal(mean, most)
    first, probabilities = pmf(mean)
    below = np.zeros(most + 1)
    reach = min(most + 1, first + probabilities.size + 1)
    if first + 1 <= most:
        cumulated = np.cumsum(probabilities)[: max(0, reach - first - 1)]
        below[first + 1 : first + 1 + cumulated.size] = cumulated
        below[first + 1 + cumulated.size :] = 1.0
    found: NDArray[np.float64] = 1 - np.minimum(below, 1.0)
    return found


def _normal(mean: float, most: int) -> NDArray[np.float64]:
    from statistics import NormalDist

    law = NormalDist(mean, mean**0.5)
    return np.array([1 - law.cdf(count - 0.5) for count in range(most + 1)])
