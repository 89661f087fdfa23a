"""A week's demand beside what can be served: for the picture, in a sentence, and as a table of equal hours."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from headway.architectures.capacity import Departure, PartCapacity
from headway.traffic.demand import Demand

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MOST_DEPARTURES = 400
"""More in a week are no moments that anyone can see."""


class Span(NamedTuple):
    """Hours in which nothing changes, on the days that share them."""

    days: str
    hours: str
    mean: str
    peak: str
    capacity: str
    instances: str


class Week(NamedTuple):
    """One part of a design over a week; 168 values, requests an hour."""

    part: str
    architecture: str
    mean: tuple[float, ...]
    peak: tuple[float, ...]
    capacity: tuple[float, ...]
    instances: tuple[int, ...]
    """At least so many; empty where nothing stands by."""
    departures: tuple[Departure, ...]
    piles: bool
    """Scheduled work: it all comes at once."""
    timezone: str

    @property
    def departures_drawn(self) -> bool:
        """Whether there are departures, and few enough to be seen one by one."""
        return 0 < len(self.departures) <= MOST_DEPARTURES

    @property
    def said(self) -> str:
        """The busiest hour against what can be served in it."""
        hour = max(range(len(self.peak)), key=lambda each: self.peak[each])
        when = f"{DAYS[hour // 24]} {hour % 24:02d}:00"
        standing = sorted(set(self.instances))
        if self.piles:
            said = f"The busiest run, {when}: {number(self.peak[hour])} items at once"
        else:
            said = (
                f"The busiest hour, {when}: {number(self.mean[hour])} requests on average, "
                f"{number(self.peak[hour])} at its busiest; {number(self.capacity[hour])} an hour can be served then"
            )
        if self.departures:
            said += f"; {len(self.departures):,} departures a week"
        elif standing:
            count = str(standing[0]) if len(standing) == 1 else f"{standing[0]} to {standing[-1]}"
            said += f"; {count} {'instance' if count == '1' else 'instances'} at least"
        return f"{said} ({self.timezone})."


def weeks(demand: Demand, parts: tuple[PartCapacity, ...]) -> tuple[Week, ...]:
    """Each part with its share of the demand."""
    return tuple(
        Week(
            part.part, part.architecture, tuple(value * part.share for value in demand.mean),
            tuple(value * part.share for value in demand.peak), part.per_hour, part.instances, part.departures,
            bool(demand.piles), demand.timezone,
        )
        for part in parts
    )  # fmt: skip


def spans(week: Week) -> list[Span]:
    """The week as a table: hours in which nothing changes, days that are alike together."""
    by_day = [tuple(_runs(week, day)) for day in range(7)]
    found: list[Span] = []
    for day, runs in enumerate(by_day):
        if runs in by_day[:day]:
            continue
        alike = _days([other for other in range(7) if by_day[other] == runs])
        found += [Span(alike, *run) for run in runs]
    return found


def number(value: float) -> str:
    """Requests an hour: whole from ten, else to two figures.

    >>> number(1216.4), number(0.07), number(0.0)
    ('1,216', '0.07', '0')
    """
    return f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.2g}"


def _runs(week: Week, day: int) -> list[tuple[str, str, str, str, str]]:
    """Runs of equal hours: which, mean, peak, capacity, instances."""

    def values(hour: int) -> tuple[str, str, str, str]:
        at = day * 24 + hour
        standing = str(week.instances[at]) if week.instances else ""
        return number(week.mean[at]), number(week.peak[at]), number(week.capacity[at]), standing

    return [
        (f"{hours[0]:02d}:00 to {hours[-1] + 1:02d}:00", *same)
        for same, run in groupby(range(24), key=values)
        for hours in [list(run)]
    ]


def _days(days: list[int]) -> str:
    """``Mon to Fri``, ``Sat, Sun``."""
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{DAYS[days[0]]} to {DAYS[days[-1]]}"
    return ", ".join(DAYS[day] for day in days)
