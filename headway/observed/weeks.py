"""Requests by the hour as they came, made into weeks of a profile's time zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from headway.errors import HeadwayError
from headway.units import HOURS_PER_WEEK


class Week(NamedTuple):
    """A whole week from its Monday on: requests in each of its 168 hours."""

    monday: date
    hourly: tuple[float, ...]

    @property
    def requests(self) -> float:
        """All of them."""
        return sum(self.hourly)


def whole_weeks(hours: Mapping[datetime, float], timezone: str, *, until: datetime, most: int) -> tuple[Week, ...]:
    """The last whole weeks before ``until``, the earliest first; an hour without a value had no requests.

    When clocks change an hour comes twice, and its mean counts, or not at all, and the one before it counts. Weeks
    before the first request are left out.

    Args:
        hours: Requests by the hour's start, aware.
        timezone: The profile's.
        until: What comes after is not looked at.
        most: Weeks.

    Raises:
        HeadwayError: No request in any whole week.
    """
    zone = ZoneInfo(timezone)
    local = until.astimezone(zone)
    end = local.date() - timedelta(days=local.weekday())
    found: list[Week] = []
    for back in range(most, 0, -1):
        monday = end - timedelta(weeks=back)
        week = _week(hours, zone, monday)
        if found or week.requests:
            found.append(week)
    if not found:
        raise HeadwayError(
            f"no requests in the {most} whole weeks before Monday {end}: nothing can be said of the traffic"
        )
    return tuple(found)


def mean_week(weeks: Sequence[Week]) -> tuple[float, ...]:
    """Hour by hour the mean."""
    return tuple(sum(week.hourly[hour] for week in weeks) / len(weeks) for hour in range(HOURS_PER_WEEK))


def _week(hours: Mapping[datetime, float], zone: ZoneInfo, monday: date) -> Week:
    seen: dict[int, list[float]] = defaultdict(list)
    at = datetime(monday.year, monday.month, monday.day, tzinfo=zone).astimezone(UTC)
    sunday = monday + timedelta(weeks=1)
    end = datetime(sunday.year, sunday.month, sunday.day, tzinfo=zone).astimezone(UTC)
    while at < end:
        there = at.astimezone(zone)
        seen[there.weekday() * 24 + there.hour].append(hours.get(at, 0.0))
        at += timedelta(hours=1)
    rates: list[float] = []
    for hour in range(HOURS_PER_WEEK):
        values = seen.get(hour)
        rates.append(sum(values) / len(values) if values else rates[-1])
    return Week(monday, tuple(rates))
