"""Arrivals: as many as the profile says, as bursty as it says, the same for the same seed; traces read or refused."""

import gzip
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from headway import load_profile
from headway.errors import HeadwayError
from headway.profile import read_profile
from headway.simulation import generated, hour_of_week, read_trace
from headway.simulation.arrivals import Arrivals, Thinned
from headway.traffic import build_demand
from headway.traffic.demand import Demand
from tests.traffic import logs


def demand(**traffic: Any) -> Demand:
    return build_demand(
        read_profile(
            {
                "name": "x", "latency": {"max_wait": "5s"}, "traffic": traffic,
                "model": {"measured": [{"hardware": "m5.large", "seconds": 0.4}]},
            }
        )
    )  # fmt: skip


def times(arrivals: Arrivals) -> np.ndarray:
    return np.concatenate(list(arrivals.chunks()))


def test_a_mean_week_has_as_many_as_the_profile_says_in_ascending_order():
    found = times(generated(demand(per_hour=3600), weeks=1))
    assert found.size == pytest.approx(168 * 3600, rel=0.01)
    assert (np.diff(found) >= 0).all()
    assert found[-1] < 168 * 3600


def test_business_hours_are_those_of_the_week_wherever_it_starts():
    week = demand(shape=[{"days": "weekdays", "hours": "08-18", "per_hour": 500}, {"per_hour": 5}])
    for first in (0, 100):
        hours = [chunk.size for chunk in generated(week, weeks=1, first_hour=first).chunks()]
        busy = [(first + hour) % 168 for hour, count in enumerate(hours) if count > 100]
        assert sorted(busy) == [day * 24 + hour for day in range(5) for hour in range(8, 18)]


def test_every_hour_has_ten_minutes_as_busy_as_the_peak_factor_says():
    found = times(generated(demand(per_hour=36_000, peak_factor=2.5), weeks=0.1))
    per_bin = np.bincount((found // 600).astype(int), minlength=17 * 6).reshape(-1, 6)
    assert per_bin.max(axis=1).mean() == pytest.approx(2.5 * 6000, rel=0.03)
    assert per_bin.sum(axis=1).mean() == pytest.approx(36_000, rel=0.02)


@pytest.mark.parametrize("variability", [0.25, 1, 4])
def test_gaps_are_as_variable_as_the_profile_says(variability: float):
    found = times(generated(demand(per_hour=36_000, peak_factor=1, arrival_variability=variability), weeks=0.02))
    gaps = np.diff(found)
    assert gaps.var() / gaps.mean() ** 2 == pytest.approx(variability, rel=0.08)


@pytest.mark.parametrize("variability", [0.2, 8])
def test_few_requests_an_hour_are_as_many_and_their_gaps_as_variable(variability: float):
    """Each hour began anew, as if after a request: at 2 an hour and a variability of 8 there were three times as many."""
    few = demand(per_hour=2, peak_factor=1, arrival_variability=variability)
    found = times(generated(few, weeks=200))
    gaps = np.diff(found)
    assert found.size == pytest.approx(200 * 168 * 2, rel=0.03)
    assert gaps.var() / gaps.mean() ** 2 == pytest.approx(variability, rel=0.06)
    first = [times(generated(few, weeks=1, seed=seed))[0] for seed in range(200)]
    # From any moment on: half of a gap, longer the more variable it is.
    assert np.mean(first) == pytest.approx(1800 * (1 + variability) / 2, rel=0.25)


def test_the_same_seed_gives_the_same_requests_and_another_others():
    week = demand(per_hour=100)
    first, same, other = (times(generated(week, weeks=0.2, seed=seed)) for seed in (1, 1, 2))
    assert first.tolist() == same.tolist()
    assert first.tolist() != other.tolist()


def test_scheduled_work_comes_when_the_schedule_says():
    piles = build_demand(load_profile("stacks/profiles/embeddings-refresh.yaml"))
    found = times(generated(piles, weeks=2))
    assert sorted(set(found)) == [piles.piles[0].minute * 60, piles.piles[0].minute * 60 + 7 * 86_400]
    assert found.size == 2 * piles.piles[0].items


def test_shares_are_a_partition():
    whole = generated(demand(per_hour=500), weeks=0.2)
    parts = [times(Thinned(whole, low, high, 5)) for low, high in ((0, 0.3), (0.3, 1))]
    assert sorted(np.concatenate(parts)) == sorted(times(whole))
    assert parts[0].size / sum(part.size for part in parts) == pytest.approx(0.3, abs=0.02)


def test_a_trace_of_minutes_keeps_each_minutes_count(tmp_path: Path):
    path = tmp_path / "t.csv.gz"
    counts = [*range(60), *([2] * 60), 7]
    path.write_bytes(gzip.compress("\n".join(["requests", *map(str, counts)]).encode()))
    trace = read_trace(path, first_hour=5)
    assert (trace.hours, trace.first_hour) == (2, 5)
    assert np.bincount((times(trace) // 60).astype(int)).tolist() == counts[:120]


def test_an_access_log_begins_at_its_own_hour_of_the_profiles_week(tmp_path: Path):
    path = tmp_path / "access.log"
    path.write_text(logs.alb([logs.MONDAY + 26 * 3600 + 90, logs.MONDAY + 27 * 3600 + 5]))
    trace = read_trace(path, zone=ZoneInfo("Europe/Paris"))
    assert trace.first_hour == 27
    assert [chunk.tolist() for chunk in trace.chunks()] == [[90], [3605]]


def test_hourly_counts_are_spread_over_their_hour(tmp_path: Path):
    path = tmp_path / "hours.csv"
    path.write_text("hour,requests\n2026-11-02T00:00Z,600\n2026-11-02T01:00Z,60\n")
    minutes = np.bincount((times(read_trace(path)) // 60).astype(int))
    assert minutes.tolist() == [10] * 60 + [1] * 60


def test_a_trace_of_requests_is_cut_at_the_hours(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("arrival_s,tokens\n10,1\n3599,2\n7300,1\n")
    assert [chunk.tolist() for chunk in read_trace(path).chunks()] == [[0, 3589], [], [7290]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "a column requests"),
        ("", "nothing"),
        ("requests\n1\nmany\n", ":3: a number of at least 0 is needed, not 'many'"),
        ("requests\n-1\n", ":2: a number"),
        ("requests\n1\n2\n", "2 minutes; at least an hour"),
        ("arrival_s\n", "without a request"),
        ("arrival_s\n1e18\n2\n", "its last request comes 1.653e\\+12 weeks after its first; 520 are followed"),
    ],
)
def test_a_file_that_is_no_trace_says_why(text: str, said: str, tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(HeadwayError, match=said):
        read_trace(path)
    with pytest.raises(HeadwayError, match="cannot be read"):
        read_trace(tmp_path / "nothing.csv")


@pytest.mark.parametrize("text", ["", "noday", "mon 24", "mon x"])
def test_an_hour_of_the_week_that_is_none_says_what_would_be(text: str):
    with pytest.raises(HeadwayError, match="a day and an hour are needed"):
        hour_of_week(text)
