"""What waiting costs, and where the choice changes."""

from pathlib import Path

import pytest

from headway import load_profile, plan
from headway.advice import break_evens, cost_of_waiting
from headway.prices import load_book
from headway.profile import Profile
from headway.selection import rank

PROFILES = sorted(Path("stacks/profiles").glob("*.yaml"))


def loans() -> Profile:
    return load_profile("stacks/profiles/loan-documents.yaml")


def test_from_real_time_to_batch_as_people_can_wait_longer() -> None:
    points = cost_of_waiting(loans())
    order = list(dict.fromkeys(point.architecture for point in points))
    assert order == [None, "realtime", "batch"]
    (own,) = [point for point in points if point.own]
    assert (own.max_wait_s, own.architecture) == (1800, "batch")


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_the_cheapest_feasible_total_never_rises_with_the_wait(path: Path) -> None:
    profile, book, least = load_profile(path), load_book(), float("inf")
    for wait in (0.5, 5, 30, 120, 900, 1800, 7200, 43_200):
        latency = profile.latency.model_copy(update={"max_wait": wait, "schedule": (), "ready_by": None})
        made = plan(profile.model_copy(update={"latency": latency}))
        totals = [rank(one, book).total for one in made.candidates if one.feasible]
        known = [float(total) for total in totals if total is not None]
        if known:
            assert min(known) <= least * 1.001, wait
            least = min(known)


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_more_volume_is_never_cheaper(path: Path) -> None:
    profile, book, most = load_profile(path), load_book(), 0.0
    for scale in (0.05, 0.3, 1.0, 4.0):
        made = plan(profile, scale=scale, reselect=True)
        totals = [rank(one, book).total for one in made.candidates if one.feasible]
        known = [float(total) for total in totals if total is not None]
        if known:
            assert min(known) >= most * 0.999, scale
            most = min(known)


def small() -> Profile:
    """Serverless at 100 an hour; an instance all day is cheaper somewhere above."""
    return Profile.model_validate(
        {
            "name": "small",
            "latency": {"max_wait": "10s"},
            "traffic": {"per_hour": 100},
            "model": {
                "load_time": "2s",
                "measured": [{"hardware": "m5.large", "seconds": 0.4}, {"hardware": "serverless-6GB", "seconds": 3}],
            },
        }
    )


def test_at_a_break_even_the_choice_is_another_and_just_before_it_is_not() -> None:
    profile = small()
    today = plan(profile).choice
    assert today is not None
    changes = break_evens(profile)
    assert changes
    for change in changes:
        beyond = plan(profile, scale=change.factor, reselect=True).choice
        assert (beyond.architecture if beyond else None) == change.architecture != today.architecture
        nearer = 1 + (change.factor - 1) * 0.8 if change.factor > 1 else change.factor * 1.25
        before = plan(profile, scale=nearer, reselect=True).choice
        assert before is not None
        assert before.architecture == today.architecture


def test_declared_growth_says_when() -> None:
    profile = small()
    growing = profile.model_copy(update={"traffic": profile.traffic.model_copy(update={"growth_per_month": 0.2})})
    (up,) = [change for change in break_evens(growing) if change.direction == "up"]
    assert up.months is not None
    assert 1.2**up.months == pytest.approx(up.factor, rel=0.02)
    assert [change.months for change in break_evens(growing) if change.direction == "down"] in ([], [None])
