"""Waits that could be longer: by a minute, by twice, to a day or a week."""

from decimal import Decimal
from pathlib import Path

import pytest

from headway import load_profile, plan
from headway.advice import Advice, advise
from headway.profile import Profile


def loans() -> Profile:
    return load_profile(Path("stacks/profiles/loan-documents.yaml"))


def advice(profile: Profile) -> dict[str, Advice]:
    return {one.code: one for one in advise(profile, plan(profile))}


def with_latency(profile: Profile, **changes: object) -> Profile:
    return profile.model_copy(update={"latency": profile.latency.model_copy(update=changes)})


def flexible(**changes: object) -> Profile:
    """Twice as many loan documents that nobody needs within a working day, for a model that takes 20 minutes to load."""
    busy = tuple(rule.model_copy(update={"per_hour": rule.per_hour * 2}) for rule in loans().traffic.shape or ())
    traffic, model = {"shape": busy}, {"load_time": 1200.0}
    profile = loans().model_copy(
        update={
            "traffic": loans().traffic.model_copy(update=traffic), "model": loans().model.model_copy(update=model),
        }
    )  # fmt: skip
    return with_latency(profile, **({"max_wait": 8 * 3600.0, "schedule": ()} | changes))


def test_one_more_minute_saves_its_share_of_what_twice_the_wait_saves() -> None:
    found = advice(loans())
    saves = found["wait-longer"].saves
    assert saves is not None
    assert (
        f"each more minute up to 60 min saves USD {saves / 30:.2f} a month" in found["wait-shorter-than-review"].message
    )
    assert found["wait-shorter-than-review"].saves is None  # said once, by wait-longer


def test_a_wait_that_is_not_for_a_review_or_already_long_is_not_called_short() -> None:
    assert "wait-shorter-than-review" not in advice(with_latency(loans(), waiting="workflow"))
    assert "wait-shorter-than-review" not in advice(with_latency(loans(), max_wait=5400.0))


@pytest.mark.parametrize("waiting", ["review", "nobody"])
def test_work_that_nobody_needs_within_a_working_day_may_leave_once_a_day(waiting: str) -> None:
    profile = flexible(waiting=waiting)
    found = advice(profile)
    assert "wait-longer" not in found
    once = plan(with_latency(profile, max_wait=86_400.0)).choice
    now = plan(profile).choice
    assert once is not None
    assert now is not None
    assert found["flexible-hours"].saves == now.monthly.expected - once.monthly.expected
    assert "one set of results a day is enough" in found["flexible-hours"].message
    assert "departures a week instead of" in found["flexible-hours"].message


def test_a_fixed_hour_of_need_or_a_workflow_leaves_the_hours_alone() -> None:
    ready = load_profile(Path("stacks/profiles/nightly-report.yaml")).latency.ready_by
    assert "flexible-hours" not in advice(flexible(ready_by=ready))
    assert "flexible-hours" not in advice(flexible(waiting="workflow"))


def test_a_saving_that_is_not_there_is_not_said() -> None:
    archive = load_profile(Path("stacks/profiles/discovery-archive.yaml"))
    now, then = plan(archive).choice, plan(with_latency(archive, max_wait=86_400.0)).choice
    assert now is not None
    assert then is not None
    assert now.monthly.expected - then.monthly.expected < Decimal(5)
    assert "flexible-hours" not in advice(archive)
