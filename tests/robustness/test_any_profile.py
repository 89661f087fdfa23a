"""Any profile: never a traceback, never a number that is none, never a promise that following the requests breaks.

A few in ``make test``, ten thousand with ``make fuzz`` (``HEADWAY_FUZZ`` says how many).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from math import isfinite, sqrt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headway.errors import HeadwayError
from headway.planning.plan import Plan
from headway.planning.search import plan
from headway.profile import Profile, read_profile
from headway.simulation import Outcome, generated, replay
from headway.traffic import build_demand
from tests.robustness.profiles import profiles

COUNT = int(os.environ.get("HEADWAY_FUZZ", "40"))
MOST_REQUESTS = 60_000
TOLERANCE, TOLERANCE_S = 0.01, 0.05
"""A feasible plan's share within the wait may be so much lower in a replay than promised, or its wait so much longer.

And as much as chance does: requests that come in clumps wait alike, so a replay that falls short is asked again.
"""
ASKED_AGAIN = 6
MAY_BE_NEGATIVE = {"difference", "saves"}
FUZZED = settings(
    max_examples=COUNT, deadline=None, derandomize=COUNT <= 100, print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)  # fmt: skip


def numbers(value: Any, where: str = "") -> Iterator[tuple[str, float]]:
    """Every number inside, with where it is."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers(inner, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from numbers(inner, f"{where}[{index}]")
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        yield where, float(value)


def planned(content: dict[str, Any]) -> tuple[Profile, Plan] | None:
    """The profile's plan; None where one clear error says why there is none. Each of these profiles can be read."""
    profile = read_profile(content)
    try:
        return profile, plan(profile)
    except HeadwayError:
        return None


def _keeps(outcome: Outcome) -> bool:
    """Whether the promised share makes its wait, within the tolerances and what chance does."""
    share = outcome.percentile / 100
    chance = 4 * sqrt(max(share * (1 - share), 0.002) / outcome.requests)
    by_limit = [one.at_percentile_s / one.max_wait_s for one in outcome.by_limit]
    return (outcome.within or 0.0) >= share - TOLERANCE - chance or max(by_limit, default=0.0) <= 1 + TOLERANCE_S


@pytest.mark.slow
@FUZZED
@given(profiles(), st.integers(0, 1000))
def test_any_profile_has_a_plan_that_keeps_its_promise_or_says_why_there_is_none(content: dict[str, Any], seed: int):
    made = planned(content)
    if made is None:
        return
    profile, answer = made
    for where, number in numbers(answer.model_dump()):
        assert isfinite(number), where
        assert number >= 0 or where.rpartition(".")[2] in MAY_BE_NEGATIVE, where
    if answer.choice is None:
        assert answer.closest is not None
        assert answer.closest.relax
        return
    assert answer.design is not None
    assert answer.chosen is not None
    demand = build_demand(profile)
    weeks = min(8.0, MOST_REQUESTS / max(demand.per_week, 1e-9))
    if weeks < 2 / 168 or not demand.per_week:
        return  # Hours of millions of requests: the law of large numbers, and minutes of time.

    # Of a week that is too long to follow the busiest hours: few of its requests come in the others.
    first = demand.mean.index(max(demand.mean)) if weeks < 1 else 0

    def follow(seed: int) -> Outcome:
        arrivals = generated(demand, weeks=weeks, seed=seed, first_hour=first)
        return replay(answer.design, arrivals, profile, planned=answer.chosen.bill, seed=seed)

    outcome = follow(seed)
    if outcome.within is None or outcome.requests * (1 - outcome.percentile / 100) < 1:
        return  # Too few for the percentile to say anything.
    if not _keeps(outcome):
        more = [outcome, *(follow(seed + 1 + number) for number in range(ASKED_AGAIN))]
        assert sum(_keeps(one) for one in more) > len(more) / 2, (
            answer.choice.architecture, [(one.within, one.at_percentile_s) for one in more], answer.choice.why,
        )  # fmt: skip
    for where, number in numbers(outcome.model_dump()):
        assert isfinite(number), where
        assert number >= 0, where
