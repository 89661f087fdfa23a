"""How busy the hours of a regime are: a stretch of each at its busiest sustained rate, the rest of it quieter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headway.assumptions import assume
from headway.sizing.queueing import response_points
from headway.sizing.service_time import ServiceTime
from headway.traffic.demand import Demand

ALIKE = 0.04
"""Rates that differ by less wait alike."""


SETTLED = 1.5
"""Relaxation times after which a queue counts as settled."""


class Stretch(NamedTuple):
    """A part of an hour."""

    rate: float
    """Requests an hour."""
    instances: int
    lasts_s: float


def quiet_rate(mean: float, peak: float) -> float:
    """Requests an hour outside an hour's busiest stretch; 0 where all of them come in it.

    >>> quiet_rate(60.0, 60.0), quiet_rate(60.0, 180.0), quiet_rate(60.0, 600.0)
    (60.0, 36.0, 0.0)
    """
    share = assume("traffic.peak_lasts") / 3600
    return max(0.0, mean - peak * share) / (1 - share)


def rates_of(demand: Demand, limit_s: float, counts: Sequence[int]) -> Mapping[Stretch, float]:
    """Requests a week in each kind of stretch, of the hours that promise ``limit_s``.

    Each hour has one stretch of ``traffic.peak_lasts`` at its peak; all of an hour's requests come in it where they are
    fewer. Rates within a few percent of each other count as one, the busiest of them.
    """
    lasts = assume("traffic.peak_lasts")
    share = lasts / 3600
    busiest_of: dict[tuple[int, int, float], float] = {}
    requests: defaultdict[tuple[int, int, float], float] = defaultdict(float)
    for mean, peak, limit, count in zip(demand.mean, demand.peak, demand.max_wait, counts, strict=True):
        if limit != limit_s or mean <= 0:
            continue
        busiest = min(peak * share, mean)
        quiet = (quiet_rate(mean, peak), 3600 - lasts, mean - busiest)
        for rate, seconds, many in ((peak, lasts, busiest), quiet):
            if many > 0:
                kind = (round(log(rate) / ALIKE), count, seconds)
                busiest_of[kind] = max(rate, busiest_of.get(kind, 0.0))
                requests[kind] += many
    found = {Stretch(busiest_of[kind], *kind[1:]): many for kind, many in requests.items()}
    return found or {Stretch(0.0, 1, 3600.0): 1.0}


def settling_points(
    rate: float, service: ServiceTime, servers: int, ca2: float, lasts_s: float, shares: Sequence[float]
) -> NDArray[np.float64]:
    """Wait + service at each of the shares while a stretch lasts.

    Near its capacity a queue takes longer than that to settle, and above it grows only so long.
    A queue of load r settles within about s (ca2 + cs2) / (c (1 - r)^2) seconds (heavy traffic: a reflected Brownian
    motion's relaxation, Whitt 1989): so it is given the largest load that settles in time. What exceeds the capacity
    waits for as much more.
    """
    most = 1 - min(0.5, SETTLED * sqrt(service.mean * (ca2 + service.cv**2) / (servers * max(lasts_s, 1.0))))
    load = rate * service.mean / servers
    points = response_points(min(rate, most * servers / service.mean), service, servers, shares, ca2=ca2)
    return points + max(0.0, load - 1) * lasts_s * np.asarray(shares)
