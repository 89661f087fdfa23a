"""What a log says of a week: recovered from arrivals whose pattern is known."""

import tracemalloc
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from headway.errors import HeadwayError
from headway.traffic import tally as tallies
from headway.traffic.pattern import Pattern, pattern_of, pattern_of_log
from headway.traffic.reading import Batch, open_log
from headway.traffic.tally import Tally
from tests.traffic import logs
from tests.traffic.logs import HOUR, MONDAY, NOW, office

UTC_ZONE = ZoneInfo("UTC")


def pattern(times: np.ndarray, zone: str = "UTC") -> Pattern:
    tally = Tally()
    unknown = np.full(times.size, np.nan)
    for part in np.array_split(np.arange(times.size), 7):
        tally.add(Batch(times[part], np.ones(part.size), unknown[part], unknown[part]))
    return pattern_of(tally, ZoneInfo(zone), source="test")


@pytest.fixture(scope="module")
def four_weeks() -> Pattern:
    return pattern(logs.poisson(office, 4))


def test_the_week_is_found_hour_by_hour(four_weeks: Pattern) -> None:
    hourly = np.array(four_weeks.trace.hourly)
    truth = np.array([office(hour) for hour in range(168)])

    assert hourly[truth == 200] == pytest.approx(200, rel=0.15)
    assert hourly[truth == 4].mean() == pytest.approx(4, rel=0.05)
    assert four_weeks.trace.weeks == pytest.approx(4, abs=0.01)


def test_random_arrivals_have_a_peak_factor_of_little_more_than_one_and_variability_one(four_weeks: Pattern) -> None:
    assert 1.2 < four_weeks.trace.peak_factor < 1.8
    assert four_weeks.trace.arrival_variability == pytest.approx(1, abs=0.06)


def test_a_surge_of_ten_minutes_is_the_peak_of_its_hour_alone() -> None:
    calm = logs.poisson(lambda _: 600.0, 2)
    surge = MONDAY + 34 * HOUR + np.sort(np.random.default_rng(3).random(400)) * 600
    trace = pattern(np.sort(np.concatenate([calm, surge]))).trace

    assert trace.busiest[34] / trace.hourly[34] > 2.5
    assert trace.busiest[35] / trace.hourly[35] < 2
    assert np.median(np.array(trace.busiest) / np.array(trace.hourly)) < 1.7


@pytest.mark.parametrize(("shape", "variability"), [(4.0, 0.25), (0.25, 4.0)])
def test_variability_of_gaps_is_measured(shape: float, variability: float) -> None:
    gaps = np.random.default_rng(5).gamma(shape, 6.0 / shape, 40_000)
    found = pattern(MONDAY + np.cumsum(gaps)).trace.arrival_variability

    assert found == pytest.approx(variability, rel=0.15)


def test_files_of_several_nodes_one_after_another_do_not_disturb_the_gaps() -> None:
    times = logs.poisson(lambda _: 900.0, 0.3)
    node = np.random.default_rng(9).integers(0, 2, times.size)
    slices = (times // 300).astype(int)
    order = np.lexsort((times, node, slices))

    assert pattern(times[order]).trace.arrival_variability == pytest.approx(1, abs=0.1)


def test_hours_are_those_of_the_time_zone_through_a_change_of_clocks() -> None:
    # 09:00 in New York on weekdays, from 2026-10-19 over the change of 2026-11-01.
    zone = ZoneInfo("America/New_York")
    from datetime import datetime, timedelta

    first = datetime(2026, 10, 19, 9, 0, tzinfo=zone)
    times = [
        (first + timedelta(days=day)).timestamp() + second
        for day in range(28)
        if day % 7 < 5
        for second in range(0, 3600, 10)
    ]
    hourly = pattern(np.array(times), "America/New_York").trace.hourly

    assert [hour for hour, rate in enumerate(hourly) if rate > 1] == [9, 33, 57, 81, 105]
    assert hourly[9] == pytest.approx(360, rel=0.01)


def test_a_hole_in_the_log_is_named_and_not_taken_for_no_traffic() -> None:
    times = logs.poisson(office, 4)
    gone = (times > MONDAY + (168 + 33) * HOUR) & (times < MONDAY + (168 + 40) * HOUR)
    trace = pattern(times[~gone]).trace

    assert len(trace.holes) == 1
    assert trace.holes[0].startswith("2026-11-10T09:00")
    assert trace.hourly[35] == pytest.approx(200, rel=0.15)


def test_cycles_are_told_with_their_strength(four_weeks: Pattern) -> None:
    assert four_weeks.trace.cycles.daily is not None
    assert 0.3 < four_weeks.trace.cycles.daily < 0.9
    assert four_weeks.trace.cycles.weekly is not None
    assert four_weeks.trace.cycles.weekly > 0.97


def test_no_cycle_is_found_where_there_is_none() -> None:
    trace = pattern(logs.poisson(lambda _: 100.0, 3)).trace

    assert (trace.cycles.daily, trace.cycles.weekly) == (0, 0)


def test_growth_from_week_to_week_is_found() -> None:
    trace = pattern(logs.poisson(lambda hour: 60 * 1.05 ** (hour / 168), 8)).trace

    assert trace.growth_per_month == pytest.approx(1.05 ** (365 / 12 / 7) - 1, rel=0.1)


def test_steady_traffic_does_not_grow(four_weeks: Pattern) -> None:
    assert four_weeks.trace.growth_per_month is None


def test_days_that_were_never_seen_are_taken_from_like_ones_and_counted() -> None:
    trace = pattern(logs.poisson(office, 3 / 7)).trace

    assert trace.unseen_hours == 96
    assert trace.hourly[4 * 24 + 10] == pytest.approx(200, rel=0.2)
    assert trace.cycles.weekly is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timestamp\n2026-11-02T00:00Z\n2026-11-02T01:00Z\n", "1.0 hours; a week's pattern needs a day at least"),
        ("timestamp\n2031-11-02T00:00Z\n", "2031-11-02.*in the future: the clock that wrote it was wrong"),
        ("timestamp\n1970-01-02T00:00Z\n", "before 1990"),
        ("timestamp\n2025-01-02T00:00Z\n2026-11-02T00:00Z\n", "nothing between 2025-01-02 and 2026-11-02"),
        ("timestamp\n", "not one request"),
        ("minute,requests\n2026-11-02T00:00Z,0\n2026-11-04T00:00Z,0\n", "rows 172800 s apart"),
    ],
)
def test_a_log_that_cannot_be_right_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    if "1970" in text:
        text = text.replace("1970-01-02T00:00Z", "500000000")
        path.write_text(text)

    with pytest.raises(HeadwayError, match=said):
        pattern_of_log(open_log(path), UTC_ZONE, now=NOW)


def test_only_what_lies_between_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(logs.alb(logs.poisson(office, 2)[::4]))

    found = pattern_of_log(open_log(path), UTC_ZONE, now=NOW, between=(MONDAY + 168 * HOUR, MONDAY + 336 * HOUR))

    assert found.trace.seen_from.startswith("2026-11-09")
    assert found.trace.request is not None
    assert found.trace.request.mean == 2000


def test_sizes_are_measured(tmp_path: Path) -> None:
    sizes = np.random.default_rng(2).lognormal(11, 0.5, 20_000)
    tally = Tally()
    tally.add(Batch(logs.poisson(lambda _: 10_000, 2 / 168)[:20_000], np.ones(20_000), sizes, np.full(20_000, np.nan)))

    found = tally.bytes_in.sizes
    assert found is not None
    assert found.mean == pytest.approx(sizes.mean())
    assert found.p99 == pytest.approx(np.quantile(sizes, 0.99), rel=0.05)
    assert found.max == sizes.max()
    assert tally.bytes_out.sizes is None


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same two days in a log of 12,000 and in one of 48,000 lines."""
    monkeypatch.setattr(tallies, "HELD", 1_000)
    monkeypatch.setattr("headway.traffic.reading.BATCH", 1_024)

    def peak(lines: int) -> int:
        path = tmp_path / f"{lines}.log"
        path.write_text(logs.alb(MONDAY + np.linspace(0, 2 * 86_400, lines)))
        log = open_log(path)
        tracemalloc.start()
        pattern_of_log(log, UTC_ZONE, now=NOW)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    small, large = peak(12_000), peak(48_000)
    assert large < 1.1 * small
    assert large < 5e6
