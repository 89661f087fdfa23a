"""A few random profiles against every design of their catalogue; all 500 with ``make accuracy``."""

import pytest

from benchmarks.accuracy.brute import compare_one
from benchmarks.accuracy.unseen import rows
from benchmarks.accuracy.weeks import Split, read_weeks


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2, 5, 29, 39])
def test_the_planners_cheapest_is_that_of_all_designs(number: int):
    found = compare_one(number)
    assert found is None or found.dearer <= 0.15


@pytest.mark.slow
def test_a_week_not_planned_from_keeps_its_waits_at_the_bill_that_the_model_says(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("benchmarks.accuracy.unseen.CASES", {2.0: ("5s", "30m")})
    monkeypatch.setattr("benchmarks.accuracy.unseen.DEPARTURES_REPEATED", 2)
    found = list(rows(read_weeks(), [Split((0, 2), (3,))]))
    assert {row.architecture for row in found} >= {"realtime", "microbatch", "batch"}
    assert sum(row.hours_within for row in found) >= 0.98 * sum(row.hours for row in found)
    assert all(abs(row.bill_error) <= 0.10 for row in found)
    assert sorted(abs(row.p99_error) for row in found)[len(found) // 2] <= 0.10
