"""What was planned once is not planned again, where that is asked for; whatever matters is part of the question."""

from dataclasses import replace

import pytest

from headway import load_profile, plan
from headway.advice import cost_of_waiting
from headway.advice.curve import waiting
from headway.architectures import registry
from headway.architectures.registry import planned, remembering
from headway.assumptions import ASSUMPTIONS, assuming
from tests.architectures.workloads import workload


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were really planned."""
    found: list[str] = []
    really = registry._planned
    monkeypatch.setattr(registry, "_planned", lambda name, work: found.append(name) or really(name, work))
    return found


def test_the_same_question_is_answered_once_and_another_anew(made: list[str]) -> None:
    work = workload(traffic={"per_hour": 4})
    hurried = work.profile.model_copy(update={"latency": work.profile.latency.model_copy(update={"max_wait": 7.0})})
    with remembering():
        first = planned("asynchronous", work)
        assert planned("asynchronous", workload(traffic={"per_hour": 4})) == first
        assert planned("asynchronous", replace(work, profile=hurried)) == first, "the demand says how long to wait"
        assert len(made) == 1
        with assuming([ASSUMPTIONS["endpoint.start"]._replace(value=60.0)]):
            assert planned("asynchronous", work) != first
        assert planned("asynchronous", replace(work, max_instances=0)) != first
        assert planned("asynchronous", workload(traffic={"per_hour": 40})) != first
        slower = [{"hardware": "g5.xlarge", "seconds": 50}]
        assert planned("asynchronous", workload(traffic={"per_hour": 4}, model__measured=slower)) != first
        assert len(made) == 5
    planned("asynchronous", work)
    assert len(made) == 6


def test_the_curve_plans_a_tier_that_does_not_wait_longer_once_and_says_the_same(made: list[str]) -> None:
    profile = load_profile("stacks/profiles/moderation.yaml")
    points = {point.max_wait_s: point for point in cost_of_waiting(profile, waits_s=(60, 120, 300, 600))}
    with_memory = len(made)
    made.clear()
    for wait, point in points.items():
        alone = plan(waiting(profile, wait)).choice
        assert alone is not None
        assert (alone.architecture, alone.monthly, alone.wait) == (point.architecture, point.monthly, point.wait)
    assert with_memory < 0.6 * len(made)
