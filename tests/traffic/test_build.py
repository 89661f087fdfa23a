"""A week's demand, by numbers worked out by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.errors import HeadwayError
from headway.profile import Profile
from headway.traffic import build_demand

MODEL = {"measured": [{"hardware": "m5.large", "seconds": 0.4}]}


def profile(traffic: dict[str, Any], latency: dict[str, Any] | None = None) -> Profile:
    return Profile.model_validate(
        {"name": "x", "latency": latency or {"max_wait": "1h"}, "traffic": traffic, "model": MODEL}
    )


def test_a_shape_fills_its_hours_and_the_rest() -> None:
    demand = build_demand(
        profile({"shape": [{"days": "weekdays", "hours": "08-18", "per_hour": 200}, {"per_hour": 4}]})
    )
    assert demand.mean[8] == 200
    assert demand.mean[7] == 4
    assert demand.mean[5 * 24 + 12] == 4
    assert demand.per_week == 5 * 10 * 200 + (168 - 50) * 4
    assert demand.per_month == pytest.approx(10_472 * 730 / 168)


@pytest.mark.parametrize(("form", "per_month"), [("per_hour", 7_300), ("per_day", 10 * 730 / 24), ("per_month", 10)])
def test_a_month_has_730_hours(form: str, per_month: float) -> None:
    assert build_demand(profile({form: 10})).per_month == pytest.approx(per_month)


def test_the_peak_is_the_busiest_sustained_rate() -> None:
    demand = build_demand(profile({"per_hour": 100, "peak_factor": 2.5}))
    assert set(demand.peak) == {250.0}
    assert set(demand.mean) == {100.0}


def test_traffic_that_cannot_be_predicted_may_peak_at_any_hour_and_is_less_sure() -> None:
    shape = [{"days": "mon", "hours": "09-10", "per_hour": 60}, {"per_hour": 1}]
    calm = build_demand(profile({"shape": shape}))
    wild = build_demand(profile({"shape": shape, "predictable": False}))
    assert set(wild.peak) == {180.0}
    assert calm.peak[10] == 2.0
    assert wild.uncertainty[1] - wild.uncertainty[0] > calm.uncertainty[1] - calm.uncertainty[0]


def test_cycles_are_sized_for_the_largest_and_billed_by_the_mean() -> None:
    cycles = {"days_of_month": {1: 2.0}, "months": {4: 1.5}}
    demand = build_demand(profile({"per_hour": 100, "peak_factor": 2.0, "cycles": cycles}))
    days = 730 / 24
    mean = (2.0 + days - 1) / days * (1.5 + 11) / 12
    assert demand.mean[0] == pytest.approx(100 * mean)
    assert demand.peak[0] == pytest.approx(100 * 2.0 * 2.0 * 1.5)


def test_growth_compounds_by_the_month() -> None:
    grown = build_demand(profile({"per_hour": 100, "growth_per_month": 0.1}), months_ahead=12)
    assert grown.mean[0] == pytest.approx(100 * 1.1**12)


def test_a_backlog_is_kept_apart_and_scaled() -> None:
    demand = build_demand(profile({"per_day": 24, "backlog": {"items": 10_000, "within": "48h"}}), scale=0.02)
    assert demand.backlog is not None
    assert (demand.backlog.items, demand.backlog.within_s) == (200, 172_800)
    assert demand.per_week == pytest.approx(168 * 0.02)


def test_the_168_hours_given_are_the_168_hours() -> None:
    hourly = [float(hour) for hour in range(168)]
    assert build_demand(profile({"hourly": hourly})).mean == tuple(hourly)


def test_waits_follow_the_schedule() -> None:
    latency = {
        "max_wait": "30m",
        "schedule": [{"days": "weekdays", "hours": "18-08", "max_wait": "90m"}, {"days": "weekend", "max_wait": "2h"}],
    }
    demand = build_demand(profile({"per_day": 1}, latency))
    assert [demand.max_wait[hour] for hour in (7, 8, 17, 18, 24 + 3)] == [5400, 1800, 1800, 5400, 5400]
    assert demand.max_wait[5 * 24 + 10] == 7200
    assert [(wait, len(hours)) for wait, hours in demand.regimes] == [(1800, 50), (5400, 70), (7200, 48)]


def test_ready_by_is_the_stricter_of_the_two() -> None:
    latency = {"max_wait": "72h", "ready_by": {"time": "08:00", "arrived_by": "06:00", "days": "weekdays"}}
    demand = build_demand(profile({"per_day": 1}, latency))
    # What arrives on Monday between 5 and 6 is due at 8; a minute after 6 it is due on Tuesday.
    assert demand.max_wait[5] == 2 * 3600
    assert demand.max_wait[6] == 25 * 3600
    # Friday 06:00 to Monday 08:00.
    assert demand.max_wait[4 * 24 + 6] == 72 * 3600


def test_ready_by_of_the_day_before_counts_from_the_evening() -> None:
    latency = {"max_wait": "72h", "ready_by": {"time": "06:00", "arrived_by": "22:00"}}
    demand = build_demand(profile({"per_day": 1}, latency))
    assert demand.max_wait[21] == 8 * 3600
    assert demand.max_wait[22] == 31 * 3600


def test_a_trace_file_that_was_not_read_says_who_reads_it() -> None:
    with pytest.raises(HeadwayError, match="load_profile reads it"):
        build_demand(profile({"trace": "log.csv"}))


@given(st.lists(st.floats(0, 1e6), min_size=168, max_size=168), st.floats(0.001, 100))
def test_an_environment_has_its_share_of_every_hour(hourly: list[float], scale: float) -> None:
    whole, part = build_demand(profile({"hourly": hourly})), build_demand(profile({"hourly": hourly}), scale=scale)
    assert part.per_month == pytest.approx(whole.per_month * scale)
    assert part.peak == pytest.approx([rate * scale for rate in whole.peak])
