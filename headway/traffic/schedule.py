"""Work that comes on a schedule: piles at fixed times of the week instead of requests that come when they come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import ceil

from headway.traffic.demand import Demand, Pile
from headway.units import HOURS_PER_WEEK

DAY_S, WEEK_S = 86_400.0, 604_800.0
WEEK_MINUTES = HOURS_PER_WEEK * 60


def hourly_of(piles: Iterable[Pile], peak_factor: float = 1.0) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and peak of each hour from what comes at once in it."""
    mean, peak = [0.0] * HOURS_PER_WEEK, [0.0] * HOURS_PER_WEEK
    for pile in piles:
        mean[pile.minute // 60] += pile.items * pile.weight
        peak[pile.minute // 60] += pile.items * peak_factor
    return tuple(mean), tuple(peak)


def refreshes(period_s: float, items: float, *, at_minute: int = 120) -> Iterator[Pile]:
    """So many items every ``period_s``, evenly over the week from ``at_minute`` of Monday on.

    A period that does not divide the week comes a little oftener in it and weighs accordingly less.

    >>> [(pile.minute, pile.weight) for pile in refreshes(2 * 86400.0, 10)]
    [(120, 0.875), (2640, 0.875), (5160, 0.875), (7680, 0.875)]
    """
    per_week = WEEK_S / period_s
    count = max(1, ceil(per_week - 1e-9))
    for index in range(count):
        minute = (at_minute + index * WEEK_MINUTES // count) % WEEK_MINUTES
        yield Pile(minute, max(1.0, float(ceil(items))), per_week / count)


def on_schedule(demand: Demand, piles: Iterable[Pile], within_s: float) -> Demand:
    """The demand of scheduled work that must be done ``within_s`` of its time, in the other's time zone."""
    known = tuple(piles)
    mean, peak = hourly_of(known)
    return replace(
        demand, mean=mean, peak=peak, max_wait=(within_s,) * HOURS_PER_WEEK, arrival_variability=1.0,
        predictable=True, backlog=None, piles=known,
    )  # fmt: skip
