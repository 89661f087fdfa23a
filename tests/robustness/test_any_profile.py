"""Any profile: never a traceback, never a number that is none, never a promise that following the requests breaks.

A few in ``make test``, ten thousand with ``make fuzz`` (``HEADWAY_FUZZ`` says how many).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import isfinite, sqrt
from statistics import median
from typing import Any, NamedTuple

import numpy as np
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
"""A feasible plan's late share may be so much larger in replays than promised, but no more than twice as large; or its
wait so much longer.
"""
ASKED_AGAIN = 6
"""Requests that come in clumps wait alike: how far chance goes is what replays of other seeds say, not how many requests
there were. Where one is beyond the tolerance, so many more are asked."""
SURE = 5.21
"""Standard errors that their mean has to be beyond it: once in a thousand by chance (Student's t, one side, 6 degrees)."""
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


class Judged(NamedTuple):
    """What a replay says of a promise."""

    requests: int
    late: float
    """Requests."""
    longest: float
    """The wait at the promised percentile, over what was promised; of several promises the worst."""

    @classmethod
    def of(cls, outcome: Outcome) -> Judged:
        waits = [one.at_percentile_s / one.max_wait_s for one in outcome.by_limit]
        return cls(outcome.requests, (1 - (outcome.within or 0.0)) * outcome.requests, max(waits, default=0.0))


def beyond(found: Sequence[Judged], promised: float) -> bool:
    """Whether more requests are late than the tolerance allows, of one replay as it is, of several beyond chance.

    The late share is a ratio of two sums, its error that of a ratio's from replay to replay.
    """
    requests, late = (
        np.array(column, float) for column in zip(*((one.requests, one.late) for one in found), strict=True)
    )
    share = late.sum() / requests.sum()
    error = 0.0
    if len(found) > 1:
        error = np.std(late - share * requests, ddof=1) / sqrt(len(found)) / requests.mean()
    allowed = (1 - promised) + min(TOLERANCE, 1 - promised)
    return bool(share - SURE * error > allowed and median(one.longest for one in found) > 1 + TOLERANCE_S)


def test_a_real_miss_is_told_from_clumps():
    def replays(*late: float, requests: int = 5000) -> list[Judged]:
        return [Judged(requests, share * requests, 2.0) for share in late]

    # Ten times as many late as promised: a percent more of all, which is little only where one percent was promised.
    assert beyond(replays(0.010, 0.009, 0.011, 0.010, 0.010, 0.009, 0.011), 0.999)
    assert not beyond(replays(0.010, 0.009, 0.011, 0.010, 0.010, 0.009, 0.011), 0.99)
    # A share that every replay has a little of, as half of them would pass by chance.
    assert beyond(replays(0.024, 0.022, 0.025, 0.023, 0.022, 0.026, 0.024), 0.99)
    # One clump of late ones, and none in the other replays.
    assert not beyond(replays(0.17, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), 0.99)
    assert beyond(replays(0.17), 0.99)
    # Late by less than a twentieth of what was promised.
    assert not beyond([one._replace(longest=1.04) for one in replays(0.5, 0.5)], 0.99)


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
    promised, judged = outcome.percentile / 100, [Judged.of(outcome)]
    if beyond(judged, promised):
        judged += [Judged.of(follow(seed + 1 + number)) for number in range(ASKED_AGAIN)]
        assert not beyond(judged, promised), (answer.choice.architecture, promised, judged, answer.choice.why)
    for where, number in numbers(outcome.model_dump()):
        assert isfinite(number), where
        assert number >= 0, where
