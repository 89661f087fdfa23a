"""Capacity that sleeps when nothing comes: how many requests find it asleep in an hour, and how long it is up.

Each request keeps the capacity up for its service and the idle time after it, so it sleeps in the longer gaps. In an
hour whose requests come in bursts it sleeps between them, however many they are: a mean says nothing about sleep.
"""

from __future__ import annotations

from functools import lru_cache
from math import inf
from typing import NamedTuple

from headway.sizing.gaps import Gaps

STARTED = (1 / 6, 3 / 6, 5 / 6)
"""How much of a start is over when a busy stretch begins."""
LEAST_LONGER = 1e-15
"""Where a gap that is long enough is rarer nothing sleeps."""


class Sleep(NamedTuple):
    """What falls asleep and how it wakes, in seconds."""

    detected_s: float
    """From the request that finds nothing running to the launch."""
    start_s: float
    """From the launch to the first answer."""
    present_s: float
    """How long one request keeps it up: its service, and the idle time after it."""
    work_s: float = 0.0
    """How long it takes for one request with all of it serving: what piled up while it started is served after that."""
    gaps: Gaps = Gaps(1.0)
    """Between requests."""

    @property
    def asleep_s(self) -> float:
        """What a request that finds nothing running waits before it is served."""
        return self.detected_s + self.start_s


class Hour(NamedTuple):
    """An hour: one stretch busier than the rest of it."""

    quiet: float
    """Requests a second outside the busy stretch."""
    busy: float
    """Requests a second within it; no less."""
    busy_s: float

    @classmethod
    def of(cls, mean: float, peak: float, lasts_s: float) -> Hour:
        """From requests an hour on the mean and at the peak, which lasts as long as there are requests for it.

        >>> Hour.of(6.0, 60.0, 600.0)
        Hour(quiet=0.0, busy=0.016666666666666666, busy_s=360.0)
        """
        if mean <= 0 or peak <= mean:
            return cls(mean / 3600, mean / 3600, lasts_s)
        seconds = min(lasts_s, 3600 * mean / peak)
        return cls(max(0.0, mean - peak * seconds / 3600) / (3600 - seconds), peak / 3600, seconds)


class Late(NamedTuple):
    """Requests of an hour that find capacity asleep, or come until what piled up while it started is worked off."""

    many: float
    """Expected."""
    rate: float
    """Requests a second meanwhile."""
    lasts_s: float
    """How long they come: at most until a request waits for nothing again."""
    waits_s: float
    """What the first of them waits before it is served."""


class Cycle(NamedTuple):
    """From one request that finds nothing running to the next, at a steady rate."""

    requests: float
    """Expected, the first among them."""
    asleep: float
    """Share of the time with nothing running and nobody there."""

    @property
    def share(self) -> float:
        """Chance that a request finds nothing running: one of each cycle's."""
        return 1 / self.requests


@lru_cache(maxsize=16_384)
def cycle(sleep: Sleep, rate: float) -> Cycle:
    """A first request, those that come while it starts, and those up to a gap that is long enough.

    None may come for long enough after the start already. Where requests come in clumps they find it asleep less often
    than the time does: 0.27 of the requests against 0.62.

    >>> round(cycle(Sleep(180, 300, 600), 4 / 3600).share, 2)
    0.4
    >>> clumped = cycle(Sleep(180, 300, 600, gaps=Gaps(4.0)), 4 / 3600)
    >>> round(clumped.share, 2), round(clumped.asleep, 2)
    (0.27, 0.62)
    """
    gaps, present, start = sleep.gaps, rate * sleep.present_s, rate * sleep.asleep_s
    longer = gaps.longer(present)
    if longer < LEAST_LONGER:
        return Cycle(inf, 0.0)
    meanwhile = [(0.0, 1.0), *((some.time, some.many) for some in gaps.comers(start))]
    none = min(1.0, sum(many * gaps.longer(start + present - time) for time, many in meanwhile))
    requests = 1 + gaps.following(start) + (1 - none) / longer
    rest = sum(many * gaps.silent(start + present - time) for time, many in meanwhile)
    return Cycle(requests, min(1.0, (rest + (1 - none) * gaps.silent(present) / longer) / requests))


def worked_off_s(sleep: Sleep, rate: float, within_s: float, wait_s: float | None = None) -> float:
    """Seconds until nobody waits, from a request on that waits ``wait_s``: a whole start, unless given.

    A fluid queue: with a share r of its capacity asked for, a wait shortens by 1 - r each second.

    >>> worked_off_s(Sleep(180, 300, 600, 1.0), 0.5, 3600)
    960.0
    """
    waited = sleep.asleep_s if wait_s is None else wait_s
    free = 1 - rate * sleep.work_s
    return min(within_s, waited / free) if free > 0 else within_s


def late_requests(sleep: Sleep, hour: Hour) -> list[Late]:
    """Those of an hour's quiet time, and those of its busy stretch.

    A steady rate has its share of every cycle. A stretch that finds the capacity asleep or still starting, as the quiet
    before it leaves it, is late until the start is over and its pile worked off; the less the stretch is busier than
    the quiet, the less that is an event.
    """
    follow = sleep.gaps.following
    calm_s = worked_off_s(sleep, hour.quiet, 3600.0)
    piled = follow(hour.quiet * calm_s)
    calm = hour.quiet * (3600 - hour.busy_s) * cycle(sleep, hour.quiet).share * (1 + piled)
    found = [Late(min(calm, hour.quiet * (3600 - hour.busy_s)), hour.quiet, calm_s, sleep.asleep_s)]
    if hour.busy <= 0:
        return found
    comes, first = _first(sleep, hour)
    left = hour.busy_s - first
    meanwhile_s = worked_off_s(sleep, hour.busy, left)
    piled = follow(hour.busy * meanwhile_s)
    steady = hour.busy * hour.busy_s * cycle(sleep, hour.busy).share * (1 + piled)
    waits_s = max(0.0, sleep.asleep_s - (1 - hour.busy * sleep.work_s) * left)
    after = hour.quiet * worked_off_s(sleep, hour.quiet, 3600.0, waits_s)
    woken = comes * (1 + piled + after)
    same = hour.quiet / hour.busy
    before = cycle(sleep, hour.quiet)
    burst = same * steady + (1 - same) * max(steady, before.asleep * woken)
    found.append(Late(min(burst, hour.busy * hour.busy_s), hour.busy, meanwhile_s, sleep.asleep_s))
    starting = hour.quiet * before.share * sleep.asleep_s
    for begun in STARTED:
        waits_s = (1 - begun) * sleep.asleep_s
        lasts_s = worked_off_s(sleep, hour.busy, hour.busy_s, waits_s)
        met = (1 - same) * starting / len(STARTED) * hour.busy * lasts_s
        found.append(Late(met, hour.busy, lasts_s, waits_s))
    return found


def hours_up(sleep: Sleep, hour: Hour) -> float:
    """Share of an hour with the capacity up, from each launch to the first gap longer than the idle time."""
    if hour.busy <= 0:
        return 0.0
    quiet = _share_up(sleep, hour.quiet)
    comes, first = _first(sleep, hour)
    asleep = cycle(sleep, hour.quiet).asleep
    served = first + sleep.asleep_s + hour.busy * hour.busy_s * sleep.work_s
    woken = max(hour.busy_s, served) + sleep.present_s - first - sleep.detected_s
    burst = (1 - asleep) * (hour.busy_s + sleep.present_s) + asleep * comes * woken
    more = burst - quiet * (hour.busy_s + sleep.present_s)
    return min(1.0, max(0.0, quiet + (1 - hour.quiet / hour.busy) * more / 3600))


def _share_up(sleep: Sleep, rate: float) -> float:
    """At a steady rate: but for the rest of each cycle's long gap, and until its end is detected.

    What piled up during a start keeps it up for its work, at most until the next cycle.
    """
    if rate <= 0:
        return 0.0
    whole = cycle(sleep, rate)
    works_s = sleep.gaps.following(rate * sleep.asleep_s) * sleep.work_s
    return min(1.0, max(0.0, 1 - whole.asleep - rate * whole.share * (sleep.detected_s - works_s)))


def _first(sleep: Sleep, hour: Hour) -> tuple[float, float]:
    """Chance that the busy stretch has a request at all, if it begins asleep, and when the first of it comes."""
    comes, gaps = sleep.gaps.first(hour.quiet * sleep.present_s, hour.busy * hour.busy_s)
    return comes, gaps / hour.busy
