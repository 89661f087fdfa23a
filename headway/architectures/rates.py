"""How busy the hours of a regime are, and how long their requests wait where instances stand by.

Each hour has a stretch at its busiest sustained rate and is quieter in the rest of it. Hours that ask for more than
their floor holds, and those that work off what they leave, are followed in their order (``headway.sizing.overload``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headway.assumptions import assume
from headway.sizing.mixture import SHARES, SLICES
from headway.sizing.overload import POINTS, Hour, Load, Overloaded, Tracking, Waits
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


class Standing(NamedTuple):
    """Instances that stand by."""

    floors: Sequence[int]
    """By hour of week, at least."""
    held: Sequence[int]
    """The same with what target tracking adds in hours that do not ask for more than their floor holds."""
    concurrency: int
    """Requests that an instance serves at once."""
    variability: float
    """Squared coefficient of variation of the gaps between what comes to them."""
    tracking: Tracking | None = None


class Waiting(NamedTuple):
    """How the requests of one kind of stretch wait."""

    rate: float
    """Requests an hour."""
    requests: float
    """A week."""
    points: NDArray[np.float64]
    """Wait + service."""
    shares: NDArray[np.float64]
    """Of the requests, by point."""


EACH = np.full(POINTS.size, 1 / POINTS.size)
Offered = Callable[[float], Load]
"""What requests an hour ask of the instances."""


def waits_of(demand: Demand, limit_s: float, standing: Standing, offered: Offered) -> Iterator[Waiting]:
    """Waits in each kind of stretch of the hours that promise ``limit_s``."""
    followed = overloaded_hours(demand, standing, offered)
    for stretch, requests in _rates_of(demand, limit_s, standing.held, followed).items():
        load, slots = offered(stretch.rate), stretch.instances * standing.concurrency
        points = settling_points(load.rate, load.service, slots, standing.variability, stretch.lasts_s, SHARES)
        yield Waiting(stretch.rate, requests, points, SLICES)
    for hour, waits in followed.items():
        if demand.max_wait[hour] == limit_s:
            quiet, busy = parts_of(demand.mean[hour], demand.peak[hour])
            yield Waiting(quiet.rate, quiet.requests, waits.quiet, EACH)
            yield Waiting(busy.rate, busy.requests, waits.busy, EACH)


def overloaded_hours(demand: Demand, standing: Standing, offered: Offered) -> Mapping[int, Waits]:
    """Waits in the hours that ask for more than their floor holds, and in those after them with their backlog.

    They begin after an hour that does not; where there is none, with Monday and no backlog.
    """
    slots = [floor * standing.concurrency for floor in standing.floors]
    kinds = set(zip(demand.mean, demand.peak, strict=True))
    most = {
        kind: max((offered(part.rate).erlangs for part in parts_of(*kind) if part.requests > 0), default=0.0)
        for kind in kinds
    }
    over = [most[mean, peak] >= have for mean, peak, have in zip(demand.mean, demand.peak, slots, strict=True)]
    if not any(over):
        return {}

    def asked(hour: int) -> Hour:
        quiet, busy = parts_of(demand.mean[hour], demand.peak[hour])
        rush = offered(busy.rate)
        calm = offered(quiet.rate) if quiet.requests > 0 else rush._replace(rate=0.0)
        lasts_s = 3600 * busy.requests / busy.rate if busy.rate else busy.lasts_s
        return Hour(calm, rush, lasts_s, standing.floors[hour])

    size, found, endpoint = len(over), dict[int, Waits](), None
    begin = next((hour for hour in range(size) if over[hour] and not over[hour - 1]), 0)
    for hour in (*range(begin, size), *range(begin)):
        if endpoint is None and over[hour]:
            endpoint = Overloaded(
                standing.held[hour - 1], standing.concurrency, standing.variability, standing.tracking
            )
            if not over[hour - 1]:
                # Tracking may have added something on that hour's chance already.
                endpoint.hour(asked(hour - 1))
        if endpoint is not None:
            found[hour] = endpoint.hour(asked(hour))
            if endpoint.settled and not over[hour]:
                endpoint = None
    return found


class Part(NamedTuple):
    """A part of an hour."""

    rate: float
    """Requests an hour."""
    lasts_s: float
    requests: float
    """In it."""


def parts_of(mean: float, peak: float) -> tuple[Part, Part]:
    """An hour's quiet time, and its one stretch of ``traffic.peak_lasts`` at the peak: all come in it where too few do.

    >>> parts_of(60.0, 120.0)
    (Part(rate=48.0, lasts_s=3000, requests=40.0), Part(rate=120.0, lasts_s=600, requests=20.0))
    """
    lasts = assume("traffic.peak_lasts")
    busiest = min(peak * lasts / 3600, mean)
    return Part(quiet_rate(mean, peak), 3600 - lasts, mean - busiest), Part(peak, lasts, busiest)


def quiet_rate(mean: float, peak: float) -> float:
    """Requests an hour outside an hour's busiest stretch; 0 where all of them come in it.

    >>> quiet_rate(60.0, 60.0), quiet_rate(60.0, 180.0), quiet_rate(60.0, 600.0)
    (60.0, 36.0, 0.0)
    """
    share = assume("traffic.peak_lasts") / 3600
    return max(0.0, mean - peak * share) / (1 - share)


def _rates_of(
    demand: Demand, limit_s: float, counts: Sequence[int], but: Mapping[int, Waits]
) -> Mapping[Stretch, float]:
    """Requests a week in each kind of stretch, of the hours that promise ``limit_s`` but for some.

    Rates within a few percent of each other count as one, the busiest of them.
    """
    busiest_of: dict[tuple[int, int, float], float] = {}
    requests: defaultdict[tuple[int, int, float], float] = defaultdict(float)
    for hour, (mean, peak, limit, count) in enumerate(
        zip(demand.mean, demand.peak, demand.max_wait, counts, strict=True)
    ):
        if limit != limit_s or mean <= 0 or hour in but:
            continue
        quiet, busy = parts_of(mean, peak)
        for part in (busy, quiet):
            if part.requests > 0:
                kind = (round(log(part.rate) / ALIKE), count, part.lasts_s)
                busiest_of[kind] = max(part.rate, busiest_of.get(kind, 0.0))
                requests[kind] += part.requests
    found = {Stretch(busiest_of[kind], *kind[1:]): many for kind, many in requests.items()}
    return found or ({} if but else {Stretch(0.0, 1, 3600.0): 1.0})


def settling_points(
    rate: float, service: ServiceTime, servers: int, ca2: float, lasts_s: float, shares: Sequence[float]
) -> NDArray[np.float64]:
    """Wait + service at each of the shares while a stretch lasts.

    Near its capacity a queue takes longer than that to settle: one of load r within about
    s (ca2 + cs2) / (c (1 - r)^2) seconds (heavy traffic: a reflected Brownian motion's relaxation, Whitt 1989). So it
    is given the largest load that settles in time.
    """
    most = 1 - min(0.5, SETTLED * sqrt(service.mean * (ca2 + service.cv**2) / (servers * max(lasts_s, 1.0))))
    return response_points(min(rate, most * servers / service.mean), service, servers, shares, ca2=ca2)
