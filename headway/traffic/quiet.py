"""When nearly nothing comes: the quiet hours of a week that many call continuous."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import NamedTuple

from headway.assumptions import assume
from headway.profile.calendar import DAY_NAMES


class Quiet(NamedTuple):
    """The hours of the week below a share of the busiest, and the share of the requests that they bring."""

    hours: tuple[int, ...]
    share: float


def quiet_hours(hourly: Sequence[float]) -> Quiet:
    """The quiet hours of a week.

    >>> week = ([1.0] * 8 + [100.0] * 10 + [1.0] * 6) * 7
    >>> len(quiet_hours(week).hours), round(quiet_hours(week).share, 3)
    (98, 0.014)
    """
    limit = assume("traffic.quiet_below") * max(hourly)
    hours = tuple(hour for hour, rate in enumerate(hourly) if rate < limit)
    total = sum(hourly)
    return Quiet(hours, sum(hourly[hour] for hour in hours) / total if total else 0.0)


def said_hours(hours: Collection[int]) -> str:
    """Hours of the week as a person says them.

    >>> said_hours([day * 24 + hour for day in range(5) for hour in (0, 1, 22, 23)] + list(range(120, 168)))
    'mon to fri 00-02 and 22-24, sat and sun all day'
    """
    by_day = [_ranges([hour - 24 * day for hour in sorted(hours) if hour // 24 == day]) for day in range(7)]
    said: dict[str, list[int]] = {}
    for day, ranges in enumerate(by_day):
        if ranges:
            said.setdefault(ranges, []).append(day)
    return ", ".join(f"{_days(days)} {ranges}" for ranges, days in said.items())


def _ranges(hours: list[int]) -> str:
    if len(hours) == 24:
        return "all day"
    runs = [[hour for _, hour in run] for _, run in groupby(enumerate(hours), key=lambda pair: pair[1] - pair[0])]
    return " and ".join(f"{run[0]:02d}-{run[-1] + 1:02d}" for run in runs)


def _days(days: list[int]) -> str:
    names = [DAY_NAMES[day] for day in days]
    if len(days) == 7:
        return "every day"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{names[0]} to {names[-1]}"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
