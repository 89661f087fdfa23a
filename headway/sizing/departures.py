"""Departures: what a window's arrivals make of workers and batches, and when last call comes.

A departure takes the n items that wait when it leaves; k workers process ceil(ceil(n/b)/k) rounds of l(b) each.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from headway.sizing.poisson import expected_groups, probability_of_any


class Fleet(NamedTuple):
    """Expected counts of one departure."""

    batches: float
    workers: float
    launched: float
    """Probability that anything waits: empty windows launch nothing."""


def expected_fleet(mean: float, batch: int, quota: int, *, exact: bool = False) -> Fleet:
    """Batches of ``batch`` and workers of ``quota`` items each, for a Poisson number of items, or for exactly so many.

    >>> fleet = expected_fleet(1.0, 8, 16)
    >>> round(fleet.launched, 4), round(fleet.workers, 4)
    (0.6321, 0.6321)
    >>> expected_fleet(1.0, 8, 16, exact=True).launched
    1.0
    """
    if exact:
        return Fleet(float(ceil(mean / batch)), float(ceil(mean / quota)), 1.0 if mean else 0.0)
    return Fleet(expected_groups(mean, batch), expected_groups(mean, quota), probability_of_any(mean))


def last_call_age(max_wait_s: float, start_on_demand_s: float, processing_s: float, tick_s: float) -> float:
    """The age of the oldest item at which only on-demand capacity, started now, still makes ``max_wait_s``.

    Positive iff batch is feasible; the dispatcher looks once a tick.

    >>> last_call_age(1800, 330, 120, 60)
    1290
    """
    return max_wait_s - start_on_demand_s - processing_s - tick_s
