"""Asking a live part over real HTTP: timeouts below the caller's, tries again inside the wait, the breaker."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway_runtime import breaker, live, router
from headway_runtime.breaker import FAILURES
from headway_runtime.live import Budget, Reserve, ask, budget
from headway_runtime.model import ModelError
from headway_runtime.settings import PartSettings
from tests.runtime.faulty import Faulty, faulty

PART = PartSettings("live", 2.0, endpoint_name="tags", model="tags:2")


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    router.forget()
    with faulty(monkeypatch) as made:
        yield made
    router.forget()


def test_one_that_answers_is_asked_once(endpoint: Faulty) -> None:
    assert ask(PART, {"n": 1}, Budget(2, 2)) == ({"echo": {"n": 1}}, 1)
    assert endpoint.calls == [{"n": 1}]


@pytest.mark.parametrize("mode", ["busy", "throttled", "dropped", "model-500"])
def test_one_that_fails_for_a_moment_is_asked_again_after_a_pause(endpoint: Faulty, mode: str) -> None:
    endpoint.next_modes = [mode, mode]
    pauses: list[float] = []
    assert ask(PART, {"n": 1}, Budget(2, 2), sleep=pauses.append) == ({"echo": {"n": 1}}, 3)
    assert [0 <= pause <= most for pause, most in zip(pauses, (0.2, 0.4), strict=True)] == [True, True]
    assert live.breaker(PART).state == "closed"


def test_a_pause_is_a_random_share_of_one_that_doubles(endpoint: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.random, "uniform", lambda low, high: low + (high - low) / 4)
    endpoint.next_modes = ["busy", "busy"]
    pauses: list[float] = []
    ask(PART, {"n": 1}, Budget(2, 2), sleep=pauses.append)
    assert pauses == pytest.approx([0.05, 0.1])


@pytest.mark.parametrize("mode", ["model-400", "nonsense"])
def test_a_refusal_is_final_and_no_failure_of_the_endpoint(endpoint: Faulty, mode: str) -> None:
    endpoint.mode = mode
    for _ in range(FAILURES + 1):
        with pytest.raises(ModelError) as raised:
            ask(PART, {"n": 1}, Budget(2, 2))
        assert not raised.value.fatal
    assert len(endpoint.calls) == FAILURES + 1
    assert live.breaker(PART).state == "closed"


def test_one_that_is_silent_is_left_within_the_budget(endpoint: Faulty) -> None:
    endpoint.mode, endpoint.seconds = "silent", 5.0
    started = time.monotonic()
    with pytest.raises(ModelError, match="does not answer") as raised:
        ask(PART, {"n": 1}, Budget(0.4, 0.4))
    assert raised.value.fatal
    assert 0.35 < time.monotonic() - started < 3.0
    assert len(endpoint.calls) == 1, "no time was left for another try"


def test_failures_open_it_a_probe_finds_it_up_and_closes_it(endpoint: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint.mode = "busy"
    clock = [0.0]
    monkeypatch.setattr(breaker, "now", lambda: clock[0])
    for _ in range(FAILURES):
        with pytest.raises(ModelError):
            ask(PART, {}, Budget(2, 2), sleep=lambda _: None)
    asked = len(endpoint.calls)
    with pytest.raises(ModelError, match="left alone"):
        ask(PART, {}, Budget(2, 2))
    assert len(endpoint.calls) == asked, "an open breaker asks nobody"
    clock[0] += 10
    with pytest.raises(ModelError):
        ask(PART, {}, Budget(2, 2))
    assert len(endpoint.calls) == asked + 1, "one probe, no tries again"
    endpoint.mode = "up"
    clock[0] += 20
    assert ask(PART, {"n": 2}, Budget(2, 2))[1] == 1
    assert live.breaker(PART).state == "closed"


@given(st.floats(0.01, 5000), st.floats(0.5, 60), st.booleans(), st.one_of(st.none(), st.floats(-10, 100)))
def test_no_budget_exceeds_the_callers_patience_or_with_a_ladder_the_promise(
    wait: float, limit: float, ladder: bool, deadline: float | None
) -> None:
    reserve = Reserve(0.1, 0.5) if ladder else None
    allowed = budget(PartSettings("live", wait), limit_s=limit, reserve=reserve, deadline_s=deadline)
    assert allowed.first_s <= limit
    assert allowed.again_s <= min(wait, limit)
    if ladder:
        assert allowed.first_s < wait
        assert deadline is None or allowed.first_s <= max(0.0, deadline)
