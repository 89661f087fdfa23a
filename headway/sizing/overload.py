"""Queues beyond their capacity: a backlog carried from minute to minute and hour to hour, and what scaling does to it.

Formulas hold for queues that settle. Where a stretch asks for more than stands there a backlog grows, those who come
while it is worked off wait too, and target tracking adds instances meanwhile, by counts that vary from minute to
minute. So many possible courses of such hours are followed at once, in minutes. Each draws when the busiest stretch
comes, how many requests each minute has, and their work. Between the ends of a minute the work that lies ahead is a
Brownian motion reflected at none (heavy traffic; Harrison 1985); its lowest point is drawn from its law given both
ends, so that cutting the hour into minutes is no error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headway.sizing.queueing import erlang_c
from headway.sizing.scaling import DETECTED_AFTER, LOW, LOW_FOR
from headway.sizing.service_time import ServiceTime

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SEED = 1909
"""The same plan always sees the same draw."""
COURSES = 1000
POINTS = (np.arange(400) + 0.5) / 400
"""Shares at which the waits of a stretch are told: each stands for as many requests."""
SETTLED = 0.01
"""Courses that may still have their backlog where a queue counts as settled: whoever had none since forgets it."""


class Load(NamedTuple):
    """What is asked of the servers."""

    rate: float
    """Requests a second."""
    service: ServiceTime

    @property
    def erlangs(self) -> float:
        """Servers that it keeps busy."""
        return self.rate * self.service.mean


class Hour(NamedTuple):
    """An hour with one stretch busier than the rest of it."""

    quiet: Load
    busy: Load
    busy_s: float
    floor: int
    """Instances, at least."""


class Tracking(NamedTuple):
    """Target tracking: adds after some minutes above the target, takes after more of them well below it."""

    per_minute: float
    """Requests a minute and instance that it aims at."""
    most: int
    """Instances."""
    start_s: float
    """From launch to the first answer."""
    out_cooldown_s: float
    in_cooldown_s: float


class Waits(NamedTuple):
    """Wait + service at ``POINTS``."""

    quiet: Floats
    busy: Floats


@dataclass
class Overloaded:
    """An endpoint from an hour on that asks for more than it has; before, it had settled.

    >>> calm, rush = (Load(rate, ServiceTime(1.0, 0.3)) for rate in (0.5, 1.2))
    >>> endpoint = Overloaded(standing=1, concurrency=1, variability=1.0)
    >>> waits = endpoint.hour(Hour(calm, rush, busy_s=600, floor=1))
    >>> round(float(np.median(waits.busy))), round(float(np.quantile(waits.quiet, 0.99)))
    (61, 111)
    >>> endpoint.settled
    False
    >>> _ = endpoint.hour(Hour(calm, calm, busy_s=600, floor=1))
    >>> endpoint.settled
    True
    """

    standing: int
    """Instances when it begins."""
    concurrency: int
    """Requests that an instance serves at once."""
    variability: float
    """Squared coefficient of variation of the gaps between requests."""
    tracking: Tracking | None = None
    settled: bool = field(init=False, default=True)
    """Whether the backlog was worked off within the last hour."""

    def __post_init__(self) -> None:
        self._draw = np.random.default_rng(SEED)
        self._ahead, self._emptied = np.zeros(COURSES), np.ones(COURSES, np.bool_)
        self._fleet = _Fleet(self.standing, self.tracking)

    def hour(self, hour: Hour) -> Waits:
        """The next hour's requests."""
        draw, fleet = self._draw, self._fleet
        fleet.raise_to(hour.floor)
        lasts = min(59, max(1, round(hour.busy_s / 60)))
        busy = hour.busy._replace(rate=hour.busy.rate * hour.busy_s / (60 * lasts))
        begins = draw.integers(60 // lasts, size=COURSES) * lasts
        self._emptied[:] = False
        told: tuple[list[Floats], list[Floats]] = ([], [])
        for minute in range(60):
            fleet.minute()
            in_it = (minute >= begins) & (minute < begins + lasts)
            came = np.zeros(COURSES)
            for load, mine, waits in ((hour.quiet, ~in_it, told[0]), (busy, in_it, told[1])):
                if mine.any():
                    came[mine], answered = self._minute(load, mine)
                    waits.append(answered)
            fleet.track(came, hour.floor)
        self.settled = 1 - float(self._emptied.mean()) < SETTLED
        return Waits(*(np.quantile(np.concatenate(waits), POINTS) for waits in told))

    def _minute(self, load: Load, mine: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """How many come, and what one that comes at some moment waits and takes."""
        draw, count, service = self._draw, int(mine.sum()), load.service
        slots = (self._fleet.serving[mine] * self.concurrency).astype(np.float64)
        came = self.variability * draw.poisson(60 * load.rate / self.variability, count).astype(np.float64)
        change = came * service.mean + np.sqrt(came) * service.mean * service.cv * draw.standard_normal(count)
        change -= 60 * slots
        variance = 60 * load.rate * service.mean**2 * (self.variability + service.cv**2)
        lowest = (change - np.sqrt(change**2 - 2 * variance * np.log(1 - draw.random(count)))) / 2
        before = self._ahead[mine]
        after = np.maximum(before + change, change - lowest)
        self._ahead[mine] = after
        # A queue that touched none is as at any moment of a settled one, where some wait for nobody (Erlang C).
        touched, place = before + lowest <= 0, draw.random(count)
        self._emptied[mine] = touched | (self._emptied[mine] & (load.erlangs < slots))
        ahead = np.where(touched, np.where(place < 0.5, before, after), before + (after - before) * place)
        busy = {each: erlang_c(load.erlangs, int(each)) for each in np.unique(slots)}
        waits_not = touched & (draw.random(count) >= np.array([busy[each] for each in slots]))
        taken = np.exp(service.mu + service.sigma * draw.standard_normal(count))
        answered: Floats = np.where(waits_not, 0.0, ahead / slots) + taken
        return came, answered


class _Fleet:
    """Instances of each course, minute by minute: scheduled floors, and target tracking above them."""

    def __init__(self, standing: int, tracking: Tracking | None) -> None:
        self.tracking = tracking
        self.serving: Ints = np.full(COURSES, standing)
        self.starts = round(tracking.start_s / 60) if tracking else 0
        self.coming: Ints = np.zeros((self.starts + 2, COURSES), np.int64)
        """By the minute from which on they serve."""
        self.recent: list[Floats] = []
        self.now = -1
        self.out_at, self.in_at = np.full(COURSES, -np.inf), np.full(COURSES, -np.inf)

    def raise_to(self, floor: int) -> None:
        """At the full hour; without tracking nothing is launched or taken."""
        if self.tracking is not None:
            missing = np.maximum(0, floor - self.serving - self.coming.sum(axis=0))
            self.coming[(self.now + 1 + self.starts) % len(self.coming)] += missing

    def minute(self) -> None:
        """The next begins."""
        self.now += 1
        ready = self.coming[self.now % len(self.coming)]
        self.serving += ready
        ready[:] = 0

    def track(self, came: Floats, floor: int) -> None:
        """The minute is over."""
        rule, now = self.tracking, self.now * 60.0
        if rule is None:
            return
        self.recent = [*self.recent[1 - LOW_FOR :], came]
        pending = self.coming.sum(axis=0)
        above, wanted = np.zeros(COURSES, np.bool_), self.serving
        if len(self.recent) >= DETECTED_AFTER:
            above = np.min(self.recent[-DETECTED_AFTER:], axis=0) > rule.per_minute * self.serving
            wanted = np.minimum(rule.most, np.ceil(came / rule.per_minute)).astype(np.int64)
        more = wanted - self.serving - pending
        out = above & (more > 0) & (now - self.out_at >= rule.out_cooldown_s)
        self.coming[(self.now + 1 + self.starts) % len(self.coming)] += np.where(out, more, 0)
        self.out_at[out] = now
        if len(self.recent) == LOW_FOR:
            most = np.max(self.recent, axis=0)
            kept = np.maximum(max(floor, 1), np.ceil(most / rule.per_minute)).astype(np.int64)
            low = ~above & (most < LOW * rule.per_minute * self.serving) & (kept < self.serving)
            less = low & (pending == 0) & (now - self.in_at >= rule.in_cooldown_s)
            self.serving = np.where(less, kept, self.serving)
            self.in_at[less] = now
