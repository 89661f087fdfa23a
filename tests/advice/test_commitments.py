"""Commitments: the discount's quantile of use, never more than is used, never spot, never a price that is not known."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway import load_profile, plan
from headway.advice import Commitment, commitments
from headway.advice.commitments import committed, saved_unit_hours, steady_hours
from headway.prices import load_book
from headway.profile import Profile

WEEKS = st.lists(st.integers(0, 6), min_size=168, max_size=168)
DISCOUNTS = st.floats(0, 1)


def bundled(name: str) -> Profile:
    return load_profile(Path("stacks/profiles") / f"{name}.yaml")


def found(name: str) -> dict[tuple[str, int], Commitment]:
    profile = bundled(name)
    return {(one.architecture, one.years): one for one in commitments(profile, plan(profile))}


def as_hours(week: list[int]) -> dict[int, float]:
    return {count: float(hours) for count, hours in Counter(week).items()}


def test_thirty_percent_off_commits_the_thirtieth_percentile() -> None:
    # 50 of 168 hours (29.8 %) use one instance, the others three: two more are used for 70.2 % of the hours.
    assert committed({1: 50, 3: 118}, 0.30) == 3
    assert committed({1: 51, 3: 117}, 0.30) == 1
    # Three instances for 0.7 x 168 hours each are paid; 50 + 3 x 118 instance-hours are used.
    assert saved_unit_hours({1: 50, 3: 118}, 0.30) == pytest.approx(50 + 3 * 118 - 3 * 0.7 * 168)


@given(WEEKS, DISCOUNTS)
def test_it_is_the_quantile_of_use(week: list[int], discount: float) -> None:
    if min(abs(discount * 168 - place) for place in range(169)) < 1e-6:
        return  # at a step of the quantile both sides cost the same
    assert committed(as_hours(week), discount) == int(np.quantile(week, discount, method="inverted_cdf"))


@given(WEEKS, DISCOUNTS)
def test_no_other_commitment_saves_more_and_none_exceeds_what_is_used(week: list[int], discount: float) -> None:
    def bill(units: int) -> float:
        return units * (1 - discount) * 168 + sum(max(0, used - units) for used in week)

    hours = as_hours(week)
    units = committed(hours, discount)
    assert units <= max(week)
    assert saved_unit_hours(hours, discount) == pytest.approx(sum(week) - min(map(bill, range(8))), abs=1e-6)


@given(WEEKS)
def test_no_discount_commits_nothing_and_a_full_one_all_that_is_ever_used(week: list[int]) -> None:
    assert committed(as_hours(week), 0) == 0
    assert saved_unit_hours(as_hours(week), 0) == 0
    assert committed(as_hours(week), 1) == max(week)


def test_two_instances_all_week_save_the_discount_itself() -> None:
    one_year = found("fraud-check")["realtime", 1]
    # 2 x 730 h x USD 0.204, a quarter of it.
    assert one_year.on_demand == pytest.approx(Decimal("297.84"))
    assert one_year.saves is not None
    assert one_year.saves.expected == pytest.approx(Decimal("74.46"))
    assert (one_year.instances.low, one_year.instances.high) == (2, 2)


def test_an_endpoint_that_sleeps_is_committed_only_where_it_is_mostly_awake() -> None:
    assert found("video-analysis")["asynchronous", 3].instances.high == 0
    nightly = found("nightly-report")["asynchronous", 1]
    assert (nightly.instances.expected, nightly.instances.high) == (0, 1)
    assert nightly.on_demand is not None
    assert nightly.saves is not None
    # Awake 71 % of the time; committed it is paid 62 % of every hour, 730 h x USD 1.57.
    assert nightly.saves.high == pytest.approx(nightly.on_demand - Decimal("0.62") * 730 * Decimal("1.57"))


def test_batch_has_nothing_to_commit_and_says_why() -> None:
    batch = found("loan-documents")["batch", 3]
    assert batch.chosen
    assert batch.saves is not None
    assert (batch.saves.high, batch.instances.high, batch.on_demand) == (0, 0, None)
    assert "spot is never committed" in batch.note


def test_a_commitment_that_would_change_the_choice_says_so() -> None:
    rows = found("discovery-archive")
    assert {one.right_at_most for one in rows.values() if one.years == 1} == {"batch"}
    assert {one.right_at_most for one in rows.values() if one.years == 3} == {"realtime"}


def test_a_fleet_that_follows_its_traffic_is_committed_up_to_its_floor() -> None:
    profile = Profile.model_validate(
        {
            "name": "chat", "latency": {"max_wait": "3s"}, "team": {"hourly_cost": 1},
            "traffic": {"shape": [{"days": "weekdays", "hours": "08-18", "per_hour": 20_000}, {"per_hour": 500}]},
            "model": {"measured": [{"hardware": "g5.xlarge", "seconds": 0.8}]},
        }
    )  # fmt: skip
    made = plan(profile)
    chosen = made.chosen
    assert chosen is not None
    hours = steady_hours(profile, made, chosen)
    assert sum(hours.values()) == 168
    floor, most = min(hours), max(hours)
    assert 1 <= floor < most
    three_years = {one.years: one for one in commitments(profile, made) if one.chosen}[3]
    assert three_years.instances.low == floor
    assert three_years.saves is not None
    # A third of the week is busy: at 37 % off the floor alone is committed, and it saves 37 % of itself.
    price = load_book().instance("us-east-1", "ml.g5.xlarge", "hosting").usd
    assert three_years.saves.low == pytest.approx(floor * 730 * price * Decimal("0.37"))


def test_an_unknown_price_is_an_unknown_saving() -> None:
    profile, book = bundled("fraud-check"), load_book()
    elsewhere = {region: rows for region, rows in book.content["hosting"].items() if region != profile.region}
    unpriced = replace(book, content={**book.content, "hosting": elsewhere, "ratio": {}}, _cache={})
    rows = commitments(profile, plan(profile, prices=unpriced), prices=unpriced)
    assert rows
    assert all(one.saves is None and one.on_demand is None for one in rows)


def test_a_longer_term_never_saves_less() -> None:
    for name in ("fraud-check", "nightly-report", "contact-form"):
        rows = found(name)
        for (architecture, years), one in rows.items():
            longer = rows[architecture, 3].saves
            if years == 1 and one.saves is not None and longer is not None:
                assert one.saves.expected <= longer.expected
