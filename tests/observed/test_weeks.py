"""Hours as they came, in weeks of a profile's time zone, over changes of the clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from headway.errors import HeadwayError
from headway.observed.weeks import mean_week, whole_weeks

NEW_YORK = "America/New_York"


def hours(first: datetime, count: int, value: float = 1.0) -> dict[datetime, float]:
    return {first.astimezone(UTC) + timedelta(hours=hour): value for hour in range(count)}


def test_a_week_begins_at_monday_midnight_where_the_people_are() -> None:
    monday = datetime(2026, 6, 1, tzinfo=ZoneInfo(NEW_YORK))
    came = hours(monday, 168) | hours(monday, 1, 50.0) | hours(monday - timedelta(hours=1), 1, 99.0)

    (week,) = whole_weeks(came, NEW_YORK, until=datetime(2026, 6, 10, tzinfo=UTC), most=1)

    assert (week.monday, week.hourly[0], week.requests) == (date(2026, 6, 1), 50.0, 217.0)


def test_the_hour_that_comes_twice_counts_as_its_mean_and_the_one_that_never_comes_as_the_one_before() -> None:
    autumn = datetime(2026, 10, 26, tzinfo=ZoneInfo(NEW_YORK))
    spring = datetime(2026, 3, 2, tzinfo=ZoneInfo(NEW_YORK))

    (longer,) = whole_weeks(hours(autumn, 169, 2.0), NEW_YORK, until=datetime(2026, 11, 3, tzinfo=UTC), most=1)
    (shorter,) = whole_weeks(hours(spring, 167, 2.0), NEW_YORK, until=datetime(2026, 3, 10, tzinfo=UTC), most=1)

    assert longer.hourly == shorter.hourly == (2.0,) * 168


def test_an_hour_without_a_value_had_no_requests_and_weeks_before_the_first_are_no_weeks() -> None:
    monday = datetime(2026, 6, 8, tzinfo=UTC)
    found = whole_weeks(hours(monday, 10, 3.0), "UTC", until=datetime(2026, 6, 22, 5, tzinfo=UTC), most=4)

    assert [(week.monday, week.requests) for week in found] == [(date(2026, 6, 8), 30.0), (date(2026, 6, 15), 0.0)]
    assert mean_week(found)[:12] == (1.5,) * 10 + (0.0,) * 2


def test_the_week_under_way_is_not_whole() -> None:
    came = hours(datetime(2026, 6, 1, tzinfo=UTC), 24 * 12)
    found = whole_weeks(came, "UTC", until=datetime(2026, 6, 12, tzinfo=UTC), most=4)
    assert [week.monday for week in found] == [date(2026, 6, 1)]


def test_no_requests_at_all_is_an_error_and_no_answer() -> None:
    with pytest.raises(HeadwayError, match="no requests in the 4 whole weeks before Monday 2026-06-08"):
        whole_weeks({}, "UTC", until=datetime(2026, 6, 12, tzinfo=UTC), most=4)
