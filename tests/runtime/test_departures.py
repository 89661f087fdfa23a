"""The calendar: departures in local time, through both changes of the clocks."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from headway_runtime.departures import before, departures_on, next_after
from headway_runtime.settings import Departures

NEW_YORK = ZoneInfo("America/New_York")
NOON = datetime(2026, 6, 3, 12, 0, tzinfo=UTC)
SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)


def rule(**changes: object) -> Departures:
    base = {
        "days": tuple(range(7)), "from_minute": 0, "to_minute": 1440, "every_minutes": 60, "pool": "g5", "quota": 10,
        "max_workers": 5, "last_call_s": 4800, "promise_s": 7200,
    }  # fmt: skip
    return Departures(**{**base, **changes})  # type: ignore[arg-type]


def gaps(day: date, every: int) -> list[float]:
    """Minutes between the departures of one New York day that runs every so many minutes."""
    found = [departure.at for departure in departures_on(day, (rule(every_minutes=every),), NEW_YORK)]
    return [(later - earlier).total_seconds() / 60 for earlier, later in pairwise(found)]


def times(zone: ZoneInfo, now: datetime, **changes: object) -> list[str]:
    found = before(now, (rule(**changes),), zone)
    return [departure.at.astimezone(UTC).strftime("%d %H:%M") for _, departure in zip(range(4), found, strict=False)]


def test_departures_keep_their_local_time_through_both_changes_of_the_clocks() -> None:
    # New York: summer time starts on 8 March and ends on 1 November 2026.
    eight = {"from_minute": 480, "to_minute": 481}
    assert times(NEW_YORK, datetime(2026, 3, 9, 15, tzinfo=UTC), **eight)[:3] == ["09 12:00", "08 12:00", "07 13:00"]
    assert times(NEW_YORK, datetime(2026, 11, 2, 15, tzinfo=UTC), **eight)[:3] == ["02 13:00", "01 13:00", "31 12:00"]


def test_an_hour_that_spring_skips_still_has_its_departure() -> None:
    half_past_two = {"from_minute": 150, "to_minute": 151}
    assert times(NEW_YORK, datetime(2026, 3, 8, 23, tzinfo=UTC), **half_past_two)[0] == "08 07:30"


def test_an_hour_that_autumn_repeats_departs_once() -> None:
    half_past_one = {"from_minute": 90, "to_minute": 91}
    found = times(NEW_YORK, datetime(2026, 11, 1, 23, tzinfo=UTC), **half_past_one)
    assert found[:2] == ["01 05:30", "31 05:30"]


def test_a_zone_without_summer_time_never_moves() -> None:
    eight = {"from_minute": 480, "to_minute": 481}
    tokyo = ZoneInfo("Asia/Tokyo")
    assert times(tokyo, datetime(2026, 3, 9, 1, tzinfo=UTC), **eight)[:2] == ["08 23:00", "07 23:00"]


def test_the_next_departure_is_the_first_one_after_now() -> None:
    found = next_after(NOON, (rule(),), ZoneInfo("UTC"))
    assert found is not None
    assert found.at == NOON + timedelta(hours=1)
    assert next_after(NOON, (), ZoneInfo("UTC")) is None


@pytest.mark.parametrize("every", [15, 60, 120, 45])
def test_no_gap_is_longer_than_planned_on_the_day_that_repeats_an_hour(every: int) -> None:
    assert max(gaps(AUTUMN, every)) == every
    assert max(gaps(SPRING, every)) == every


def test_a_day_of_25_hours_has_25_hourly_departures_and_one_of_23_has_23() -> None:
    assert len(departures_on(AUTUMN, (rule(),), NEW_YORK)) == 25
    assert len(departures_on(SPRING, (rule(),), NEW_YORK)) == 23


def test_a_skipped_time_that_falls_on_another_departure_leaves_once() -> None:
    found = [departure.at for departure in departures_on(SPRING, (rule(every_minutes=15),), NEW_YORK)]
    assert len(found) == len(set(found)) == 23 * 4


def test_days_are_local_days() -> None:
    late_on_friday = rule(days=(4,), from_minute=23 * 60, to_minute=23 * 60 + 1)
    found = next_after(NOON, (late_on_friday,), NEW_YORK)
    assert found is not None
    assert found.at == datetime(2026, 6, 6, 3, 0, tzinfo=UTC)


def test_a_calendar_looks_back_as_far_as_sqs_keeps_a_message() -> None:
    sundays = rule(days=(6,), from_minute=0, to_minute=1)
    found = [departure.at.day for departure in before(NOON, (sundays,), ZoneInfo("UTC"))]
    assert found == [31, 24]
