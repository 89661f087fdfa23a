"""Calendar arithmetic: when departures leave, in local time, through both changes of the clocks.

A local time that spring skips leaves an hour later by the clock (02:30 becomes 03:30), or with the departure that is
there already. One that autumn repeats leaves at its first occurrence, and a rule with several departures a day goes on
at its interval through the repeated hour: no gap is ever longer than planned, so the promised wait holds on that day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from headway_runtime.settings import Departures

LOOK_BACK_DAYS = 15
"""SQS keeps a message 14 days: no departure further back can matter."""


class Departure(NamedTuple):
    """One departure: when it leaves (UTC) and its rule."""

    at: datetime
    rule: Departures


def departures_on(day: date, rules: Sequence[Departures], zone: ZoneInfo) -> Sequence[Departure]:
    """The departures of one local day, in order."""
    return _departures_on(day, tuple(rules), zone)


@lru_cache(maxsize=4 * LOOK_BACK_DAYS)
def _departures_on(day: date, rules: tuple[Departures, ...], zone: ZoneInfo) -> tuple[Departure, ...]:
    found: dict[datetime, Departure] = {}
    for rule in rules:
        if day.weekday() in rule.days:
            found |= {at: Departure(at, rule) for at in _instants(day, rule, zone)}
    return tuple(sorted(found.values(), key=lambda departure: departure.at))


def before(now: datetime, rules: Sequence[Departures], zone: ZoneInfo) -> Iterator[Departure]:
    """Departures at or before ``now``, the latest first, as far back as a message can wait."""
    today = now.astimezone(zone).date()
    for back in range(LOOK_BACK_DAYS + 1):
        for departure in reversed(departures_on(today - timedelta(days=back), rules, zone)):
            if departure.at <= now:
                yield departure


def next_after(now: datetime, rules: Sequence[Departures], zone: ZoneInfo) -> Departure | None:
    """The first departure after ``now``, or None where the calendar is empty."""
    today = now.astimezone(zone).date()
    for ahead in range(9):
        for departure in departures_on(today + timedelta(days=ahead), rules, zone):
            if departure.at > now:
                return departure
    return None


def _instants(day: date, rule: Departures, zone: ZoneInfo) -> Iterator[datetime]:
    """When a rule's departures of a local day leave, in UTC; some more where the clocks stretch a gap."""
    every = timedelta(minutes=rule.every_minutes)
    last: datetime | None = None
    for minute in range(rule.from_minute, rule.to_minute, rule.every_minutes):
        local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
        at = local.astimezone(UTC)
        while last is not None and at - last > every:
            last += every
            yield last
        yield at
        last = at
