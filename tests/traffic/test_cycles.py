"""Cycles within the hour and beyond the week: found where they were put in, with their strength, and nowhere else."""

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headway.cli import run, traffic
from headway.profile import load_profile
from headway.report.traffic import sentences
from headway.traffic.build import build_demand, cycle_factors
from headway.traffic.pattern import Pattern
from tests.traffic import logs
from tests.traffic.logs import HOUR, MONDAY, office
from tests.traffic.test_pattern import pattern

LOANS = Path(__file__).parents[2] / "stacks" / "profiles" / "loan-documents.yaml"


def day_of(hour: int) -> datetime:
    return datetime.fromtimestamp(MONDAY + hour * HOUR, UTC)


def from_end(day: datetime) -> int:
    return day.day - 1 - monthrange(day.year, day.month)[1]


def months_of(factor: Callable[[datetime], float], weeks: float, *, rate: Callable[[int], float] = office) -> Pattern:
    return pattern(logs.poisson(lambda hour: rate(hour) * factor(day_of(hour)), weeks))


@pytest.fixture(scope="module")
def firsts() -> Pattern:
    return months_of(lambda day: {1: 2.5, 2: 1.6}.get(day.day, 1.0), 20)


def test_days_of_the_month_that_stand_out_are_found_with_their_strength(firsts: Pattern) -> None:
    cycles = firsts.trace.cycles

    assert cycles.days_of_month == {1: pytest.approx(2.5, rel=0.08), 2: pytest.approx(1.6, rel=0.08)}
    assert cycles.monthly is not None
    assert cycles.monthly > 0.85


def test_the_week_is_that_of_a_usual_day_so_that_no_day_counts_twice(firsts: Pattern) -> None:
    """Tuesday the first of December at ten came 500 times: the usual Tuesday has 200 an hour all the same."""
    tuesday_ten = firsts.trace.hourly[24 + 10]
    assert tuesday_ten == pytest.approx(200, rel=0.06)
    assert max(firsts.trace.busiest) < 2.3 * 200


def test_the_months_end_is_found_by_counting_from_it() -> None:
    cycles = months_of(lambda day: 2.0 if from_end(day) >= -2 else 1.0, 20).trace.cycles

    assert cycles.days_of_month == {-2: pytest.approx(2, rel=0.1), -1: pytest.approx(2, rel=0.1)}
    assert cycles.monthly is not None
    assert cycles.monthly > 0.85


def test_quiet_days_are_a_cycle_too() -> None:
    cycles = months_of(lambda day: 0.4 if day.day == 15 else 1.0, 18).trace.cycles

    assert cycles.days_of_month == {15: pytest.approx(0.4, abs=0.06)}


@pytest.mark.parametrize("seed", range(6))
def test_days_that_vary_by_chance_are_no_cycle(seed: int) -> None:
    """Each a fifth up or down, beyond Poisson: in every six months some first is busier than some second."""
    draw = np.random.default_rng(seed)
    level = {day: draw.lognormal(0, 0.2) for day in range(7 * 26)}
    cycles = pattern(logs.poisson(lambda hour: 60 * level[hour // 24], 26, seed=seed)).trace.cycles

    assert (cycles.monthly, cycles.days_of_month) == (0.0, {})


def test_a_month_is_too_short_to_tell_and_says_what_is_needed() -> None:
    found = months_of(lambda day: 3.0 if day.day == 1 else 1.0, 5)

    assert (found.trace.cycles.monthly, found.trace.cycles.yearly) == (None, None)
    said = sentences(found)
    assert "days of the month: two whole months are needed to tell them" in said
    assert "months of the year: two whole years are needed to tell them from growth" in said


def test_growth_is_no_cycle_and_hides_none() -> None:
    def rate(hour: int) -> float:
        return 60 * 1.03 ** (hour / 168)

    calm, paid = (
        months_of(factor, 26, rate=rate).trace for factor in (lambda _: 1.0, lambda day: 2.0 if day.day == 1 else 1.0)
    )
    assert calm.cycles.days_of_month == {}
    assert paid.cycles.days_of_month == {1: pytest.approx(2, rel=0.1)}
    assert paid.growth_per_month == pytest.approx(1.03 ** (365 / 12 / 7) - 1, rel=0.1)


@pytest.fixture(scope="module")
def two_years() -> Pattern:
    april = {3: 1.3, 4: 1.6, 8: 0.7}
    return months_of(lambda day: april.get(day.month, 1.0), 108, rate=lambda hour: 30 * 1.002 ** (hour / 168))


def test_months_of_the_year_are_found_in_two_years_beside_growth(two_years: Pattern) -> None:
    cycles = two_years.trace.cycles

    assert cycles.months == {month: pytest.approx(factor, rel=0.1) for month, factor in ((3, 1.3), (4, 1.6), (8, 0.7))}
    assert cycles.days_of_month == {}
    assert cycles.yearly is not None
    assert cycles.yearly > 0.8
    assert any("apr 1." in said and "aug 0.7" in said for said in sentences(two_years))


def test_callers_on_a_schedule_are_told_by_the_minute_of_the_hour() -> None:
    draw = np.random.default_rng(4)
    even = logs.poisson(lambda _: 60.0, 2)
    hours = MONDAY + np.repeat(np.arange(336), 60) * HOUR
    on_the_quarter = hours + 900 + draw.random(hours.size) * 120
    cycles = pattern(np.sort(np.concatenate([even, on_the_quarter]))).trace.cycles

    assert cycles.within_hour is not None
    assert cycles.within_hour > 0.8
    assert cycles.peak_minute == 15
    assert cycles.peak_minutes_factor == pytest.approx((60 / 12 + 60) / (120 / 12), rel=0.05)


def test_evenly_spread_hours_have_no_minute() -> None:
    found = months_of(lambda _: 1.0, 3)

    assert found.trace.cycles.within_hour == 0
    assert "within the hour: no minute is busier than others" in sentences(found)


def test_counts_by_the_hour_say_nothing_of_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(traffic, "_now", lambda: datetime.fromtimestamp(logs.NOW, UTC))
    path = tmp_path / "hours.csv"
    rows = [f"{day_of(hour):%Y-%m-%dT%H:00:00Z},{office(hour):.0f}" for hour in range(21 * 24)]
    path.write_text("\n".join(["time,requests", *rows]))

    assert run(["traffic", "import", str(path)]) == 0
    assert "within the hour: counted too coarsely" in capsys.readouterr().out


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(traffic, "_now", lambda: datetime.fromtimestamp(logs.NOW + 200 * 86_400, UTC))
    times = logs.poisson(lambda hour: 60.0 * (2.0 if from_end(day_of(hour)) == -1 else 1.0), 13)
    path = tmp_path / "requests.csv"
    path.write_text("timestamp\n" + "\n".join(f"{moment:.3f}" for moment in times))
    return path


@pytest.mark.parametrize("as_trace", [False, True])
def test_an_import_sizes_the_profile_for_the_day_that_stands_out(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], as_trace: bool
) -> None:
    profile = tmp_path / "loan.yaml"
    profile.write_text(LOANS.read_text().replace("America/New_York", "UTC"))
    out = ["--out", str(tmp_path / "week.json")] if as_trace else []

    assert run(["traffic", "import", str(log), "--into", str(profile), *out]) == 0

    assert "the last 2" in capsys.readouterr().out
    mean, largest = cycle_factors(load_profile(profile).traffic)
    assert largest == pytest.approx(2, rel=0.1)
    assert mean == pytest.approx(1 + (largest - 1) * 12 / 365, rel=0.01)
    demand = build_demand(load_profile(profile))
    assert sum(demand.mean) / 168 == pytest.approx(60 * mean, rel=0.03)
    assert ("-1:" in profile.read_text()) != as_trace


def test_a_short_log_leaves_the_cycles_that_the_profile_declares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "_now", lambda: datetime.fromtimestamp(logs.NOW, UTC))
    profile, log = tmp_path / "loan.yaml", tmp_path / "log"
    profile.write_text(LOANS.read_text().replace("traffic:\n", "traffic:\n  cycles: {months: {4: 1.5}}\n", 1))
    log.write_text(logs.alb(logs.poisson(office, 2)))

    assert run(["traffic", "import", str(log), "--into", str(profile), "--out", str(tmp_path / "week.json")]) == 0
    assert load_profile(profile).traffic.cycles.months == {4: 1.5}
