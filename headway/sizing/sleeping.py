"""Capacity that sleeps when nothing comes: how many requests find it asleep in an hour, and how long it is up.

Poisson arrivals, each of which keeps the capacity up for its service and the idle time after it. In an hour whose
requests come in bursts it sleeps between them, however many they are: a mean says nothing about sleep.
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

MOST_EXPECTED = 40.0
"""Beyond this many expected arrivals within the idle time nothing sleeps."""


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


def share_asleep(sleep: Sleep, rate: float) -> float:
    """Chance that a request at a steady rate finds nothing running: one of each cycle's.

    >>> round(share_asleep(Sleep(180, 300, 600), 4 / 3600), 2)
    0.4
    """
    return 1 / (rate * sleep.asleep_s + exp(min(700.0, rate * sleep.present_s)))


def worked_off_s(sleep: Sleep, rate: float, within_s: float, wait_s: float | None = None) -> float:
    """Seconds until nobody waits, from a request on that waits ``wait_s``: a whole start, unless given.

    A fluid queue: with a share r of its capacity asked for, a wait shortens by 1 - r each second.

    >>> worked_off_s(Sleep(180, 300, 600, 1.0), 0.5, 3600)
    960.0
    """
    waited = sleep.asleep_s if wait_s is None else wait_s
    free = 1 - rate * sleep.work_s
    return min(within_s, waited / free) if free > 0 else within_s


def late_requests(sleep: Sleep, hour: Hour) -> tuple[Late, Late]:
    """Those of an hour's quiet time, and those of its busy stretch.

    A steady rate has its share of every cycle. A stretch that finds the capacity asleep, as the quiet before it leaves
    it, is late until the start is over and its pile worked off; the less the stretch is busier than the quiet, the less
    that is an event.
    """
    calm_s = worked_off_s(sleep, hour.quiet, 3600.0)
    calm = hour.quiet * (3600 - hour.busy_s) * share_asleep(sleep, hour.quiet) * (1 + hour.quiet * calm_s)
    quiet = Late(min(calm, hour.quiet * (3600 - hour.busy_s)), hour.quiet, calm_s)
    if hour.busy <= 0:
        return quiet, Late(0.0, 0.0, 0.0)
    comes, first = _first(hour)
    left = hour.busy_s - first
    meanwhile_s = worked_off_s(sleep, hour.busy, left)
    steady = hour.busy * hour.busy_s * share_asleep(sleep, hour.busy) * (1 + hour.busy * meanwhile_s)
    waits_s = max(0.0, sleep.asleep_s - (1 - hour.busy * sleep.work_s) * left)
    after = hour.quiet * worked_off_s(sleep, hour.quiet, 3600.0, waits_s)
    woken = comes * (1 + hour.busy * meanwhile_s + after)
    same = hour.quiet / hour.busy
    burst = same * steady + (1 - same) * max(steady, share_asleep(sleep, hour.quiet) * woken)
    return quiet, Late(min(burst, hour.busy * hour.busy_s), hour.busy, meanwhile_s)


def hours_up(sleep: Sleep, hour: Hour) -> float:
    """Share of an hour with the capacity up, from each launch to the first gap longer than the idle time."""
    if hour.busy <= 0:
        return 0.0
    quiet = _share_up(sleep, hour.quiet)
    comes, first = _first(hour)
    asleep = share_asleep(sleep, hour.quiet)
    served = first + sleep.asleep_s + hour.busy * hour.busy_s * sleep.work_s
    woken = max(hour.busy_s, served) + sleep.present_s - first - sleep.detected_s
    burst = (1 - asleep) * (hour.busy_s + sleep.present_s) + asleep * comes * woken
    more = burst - quiet * (hour.busy_s + sleep.present_s)
    return min(1.0, max(0.0, quiet + (1 - hour.quiet / hour.busy) * more / 3600))


def _share_up(sleep: Sleep, rate: float) -> float:
    """At a steady rate. A renewal of busy periods (M/G/inf).

    Up for the start and (e^(rt) - 1)/r, down for the next arrival (1/r) and its detection.
    """
    if rate <= 0:
        return 0.0
    expected = rate * sleep.present_s
    if expected > MOST_EXPECTED:
        return 1.0
    up = sleep.start_s + (exp(expected) - 1) / rate
    return up / (up + 1 / rate + sleep.detected_s)


def _first(hour: Hour) -> tuple[float, float]:
    """Chance that the busy stretch has a request at all, and when the first of it comes."""
    expected = hour.busy * hour.busy_s
    none = exp(-min(700.0, expected))
    comes = 1 - none
    return comes, (1 / hour.busy - hour.busy_s * none / comes) if comes > 0 else hour.busy_s
