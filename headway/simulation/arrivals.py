"""When requests come: read from a trace, or made of a profile's demand. Hour by hour, the same for the same seed.

Times are seconds since the start, which is an hour of the week (0 = Monday 00:00, local time). Clocks that change are
not followed: every day has 24 hours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from headway.assumptions import assume
from headway.errors import HeadwayError
from headway.profile.calendar import DAY_NAMES
from headway.traffic.demand import Demand
from headway.traffic.moments import RELATIVE_BELOW
from headway.traffic.reading import open_log
from headway.units import HOURS_PER_WEEK

Floats = NDArray[np.float64]
SHORTEST_BINS = 60
"""Stretches of an hour at most: where all of an hour's requests cannot fill ten minutes at the busiest rate."""


class Arrivals(Protocol):
    """Requests of so many hours."""

    @property
    def first_hour(self) -> int:
        """Hour of the week at which it starts."""

    @property
    def hours(self) -> int:
        """How many."""

    def chunks(self) -> Iterator[Floats]:
        """The ascending times of each hour's requests, hour after hour."""


class Stream:
    """Moments at rate 1 with gaps of some squared coefficient of variation (gamma), piece by piece.

    The first comes as after any moment, not as after a request: a stream begun anew each hour would have more of them,
    by half of what its variability exceeds 1.
    """

    def __init__(self, variability: float, draw: np.random.Generator) -> None:
        self.variability = variability
        self.ahead = float(draw.gamma(1 / variability + 1, variability) * draw.random())

    def until(self, draw: np.random.Generator, until: float) -> Floats:
        """Those of the next piece, which is so long, from its begin."""
        if self.variability == 1:
            return np.sort(draw.random(draw.poisson(until))) * until
        pieces, last = [np.array([self.ahead])], self.ahead
        while last < until:
            count = int(until - last + 6 * np.sqrt(self.variability * (until - last + 1)) + 10)
            pieces.append(last + np.cumsum(draw.gamma(1 / self.variability, self.variability, count)))
            last = float(pieces[-1][-1])
        moments = np.concatenate(pieces)
        come = int(np.searchsorted(moments, until))
        self.ahead = float(moments[come]) - until
        return moments[:come]


@dataclass(frozen=True)
class Generated:
    """Requests of a mean week after another: in each hour one stretch is as busy as the profile's busiest."""

    demand: Demand
    hours: int
    seed: int
    first_hour: int = 0

    def chunks(self) -> Iterator[Floats]:
        """Non-homogeneous, with gaps as variable as the profile says: one stream, whose gaps span the hours."""
        if self.demand.piles:
            yield from (self._piles(hour) for hour in range(self.hours))
            return
        stream = Stream(self.demand.arrival_variability, np.random.default_rng((self.seed, self.hours)))
        for hour in range(self.hours):
            yield self._hour(hour, stream)

    def _hour(self, hour: int, stream: Stream) -> Floats:
        draw = np.random.default_rng((self.seed, hour))
        of_week = (self.first_hour + hour) % HOURS_PER_WEEK
        mean, peak = self.demand.mean[of_week], self.demand.peak[of_week]
        if mean <= 0:
            return np.empty(0)
        bins = max(round(3600 / assume("traffic.peak_lasts")), int(np.ceil(min(peak / mean, SHORTEST_BINS))))
        busiest = min(peak / bins, mean)
        rates = np.full(bins, (mean - busiest) / (bins - 1))
        rates[draw.integers(bins)] = busiest
        edges = np.concatenate([[0.0], np.cumsum(rates)])
        moments = stream.until(draw, float(edges[-1]))
        return np.interp(moments, edges, np.linspace(0, 3600, bins + 1)) + hour * 3600.0

    def _piles(self, hour: int) -> Floats:
        week, of_week = divmod(self.first_hour + hour, HOURS_PER_WEEK)
        found: list[float] = []
        for pile in self.demand.piles:
            every = round(1 / pile.weight)
            if pile.minute // 60 == of_week and week % every == 0:
                found += [hour * 3600.0 + pile.minute % 60 * 60.0] * round(pile.items)
        return np.array(sorted(found))


@dataclass(frozen=True)
class Counted:
    """Requests of each minute, spread evenly at random over it."""

    counts: Sequence[int] | NDArray[np.int64]
    seed: int
    first_hour: int = 0

    @property
    def hours(self) -> int:
        """Whole hours; minutes beyond are left out."""
        return len(self.counts) // 60

    def chunks(self) -> Iterator[Floats]:
        """The minutes of each hour."""
        counts = np.asarray(self.counts)
        for hour in range(self.hours):
            draw = np.random.default_rng((self.seed, hour))
            minutes = np.repeat(np.arange(hour * 60, hour * 60 + 60), counts[hour * 60 : hour * 60 + 60])
            yield np.sort(minutes * 60.0 + draw.random(minutes.size) * 60.0)


@dataclass(frozen=True)
class Timed:
    """Requests at known times."""

    times: Floats
    """Ascending seconds."""
    first_hour: int = 0

    @property
    def hours(self) -> int:
        """As many as they span."""
        return int(self.times[-1] // 3600) + 1 if self.times.size else 0

    def chunks(self) -> Iterator[Floats]:
        """Cut at the hours."""
        edges = np.searchsorted(self.times, np.arange(self.hours + 1) * 3600.0)
        for hour in range(self.hours):
            yield self.times[edges[hour] : edges[hour + 1]]


@dataclass(frozen=True)
class _Following:
    """What comes while others come."""

    of: Arrivals

    @property
    def first_hour(self) -> int:
        """Of the others."""
        return self.of.first_hour

    @property
    def hours(self) -> int:
        """Of the others."""
        return self.of.hours


@dataclass(frozen=True)
class Thinned(_Following):
    """A share of others: each request goes one of several ways, at random but always the same way."""

    low: float
    high: float
    seed: int

    def chunks(self) -> Iterator[Floats]:
        """Those whose draw lies between low and high."""
        for hour, times in enumerate(self.of.chunks()):
            drawn = np.random.default_rng((self.seed, hour)).random(times.size)
            yield times[(self.low <= drawn) & (drawn < self.high)]


@dataclass(frozen=True)
class Watched(_Following):
    """Others, telling how far they have come."""

    what: str
    say: Callable[[str], None]

    def chunks(self) -> Iterator[Floats]:
        """Theirs; each day is told."""
        for hour, times in enumerate(self.of.chunks()):
            if hour % 24 == 0:
                self.say(f"{self.what}, day {hour // 24 + 1} of {-(-self.hours // 24)}")
            yield times


def generated(demand: Demand, *, weeks: float = 4, seed: int = 0, first_hour: int = 0) -> Arrivals:
    """So many weeks of a profile's demand.

    >>> from headway import load_profile
    >>> from headway.traffic import build_demand
    >>> week = generated(build_demand(load_profile("stacks/profiles/contact-form.yaml")), weeks=1)
    >>> 300 < sum(times.size for times in week.chunks()) < 400
    True
    """
    return Generated(demand, max(1, round(weeks * HOURS_PER_WEEK)), seed, first_hour)


MOST_WEEKS = 520
"""That a replay follows: each hour has its own row."""


def read_trace(path: Path, *, first_hour: int = 0, seed: int = 0, zone: tzinfo = UTC) -> Arrivals:
    """Arrivals from a log: any that ``headway traffic import`` reads, ``requests`` a minute, or ``arrival_s``.

    A log that says when it was written begins at its own hour of the week; any other at ``first_hour``.

    Raises:
        HeadwayError: It is none of these, or a line says what cannot be.
    """
    log = open_log(path, zone=zone, starts=0.0)
    batches = list(log.batches())
    times = np.concatenate([batch.times for batch in batches]) if batches else np.empty(0)
    if not times.size:
        raise HeadwayError(f"{path}: a trace without a request")
    began = float(times.min())
    weeks = (float(times.max()) - (began if log.format.timed else 0.0)) / (HOURS_PER_WEEK * 3600)
    if weeks > MOST_WEEKS:
        raise HeadwayError(
            f"{path}: its last request comes {weeks:,.4g} weeks after its first; {MOST_WEEKS} are followed"
        )
    if log.format.timed and began >= RELATIVE_BELOW:
        hour = began // 3600 * 3600
        local = datetime.fromtimestamp(hour, zone)
        first_hour, times = local.weekday() * 24 + local.hour, times - hour
    elif log.format.timed:
        times = times - began
    if not log.counted:
        return Timed(np.sort(times), first_hour)
    counts = np.concatenate([batch.counts for batch in batches])
    if log.format.timed:
        steps = np.diff(np.unique(times))
        minutes = max(1, round(float(steps.min()) / 60)) if steps.size else 1
        spread = (times // 60).astype(np.int64)[:, None] + np.arange(minutes)
        counts = np.bincount(spread.ravel(), weights=np.repeat(counts / minutes, minutes))
    if counts.size < 60:
        raise HeadwayError(f"{path}: {counts.size} minutes; at least an hour is needed")
    return Counted(np.round(counts).astype(np.int64), seed, first_hour)


def hour_of_week(text: str) -> int:
    """An hour of the week from a day and an hour: ``sat``, ``mon 08``.

    Raises:
        HeadwayError: It is neither.

    >>> hour_of_week("mon 08"), hour_of_week("Sat")
    (8, 120)
    """
    day, _, hour = text.strip().lower().partition(" ")
    number = hour.strip().removesuffix(":00") or "0"
    if day[:3] not in DAY_NAMES or not number.isdigit() or int(number) > 23:
        raise HeadwayError(f"{text!r}: a day and an hour are needed, such as sat or 'mon 08' ({', '.join(DAY_NAMES)})")
    return DAY_NAMES.index(day[:3]) * 24 + int(number)
