"""The breaker: opens after failures in a row, lets one probe through, stays open longer after each that fails."""

from hypothesis import given
from hypothesis import strategies as st

from headway_runtime.breaker import FAILURES, LONGEST_OPEN_S, OPEN_S, Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> Breaker:
    made = Breaker(clock=clock)
    for _ in range(FAILURES):
        assert made.state == "closed"
        made.failed()
    return made


def test_failures_in_a_row_open_it_and_an_answer_between_them_does_not() -> None:
    clock = Clock()
    assert broken(clock).state == "open"
    one = Breaker(clock=clock)
    for _ in range(3 * FAILURES):
        one.failed()
        one.succeeded()
    assert one.state == "closed"


def test_after_its_time_one_call_finds_out_and_an_answer_closes_it() -> None:
    clock = Clock()
    one = broken(clock)
    assert 0.8 * OPEN_S <= one.retry_in_s <= 1.2 * OPEN_S
    clock.now += 1.2 * OPEN_S
    assert (one.state, one.retry_in_s) == ("half-open", 0.0)
    one.succeeded()
    assert (one.state, one.failures) == ("closed", 0)


def test_each_probe_that_fails_doubles_the_time_up_to_a_minute() -> None:
    clock = Clock()
    one = broken(clock)
    for expected in (10.0, 20.0, 40.0, 60.0, 60.0):
        clock.now += one.retry_in_s
        assert one.state == "half-open"
        one.failed()
        assert one.state == "open"
        assert 0.8 * expected <= one.retry_in_s <= 1.2 * expected
    one.succeeded()
    for _ in range(FAILURES):
        one.failed()
    assert one.retry_in_s <= 1.2 * OPEN_S, "what is over is forgotten"


@given(st.lists(st.one_of(st.booleans(), st.floats(0, 100)), max_size=60))
def test_whatever_happens_it_asks_again_within_its_longest_time(events: list[bool | float]) -> None:
    clock = Clock()
    one = Breaker(clock=clock)
    for event in events:
        if isinstance(event, bool):
            one.succeeded() if event else one.failed()
        else:
            clock.now += event
        assert one.retry_in_s <= 1.2 * LONGEST_OPEN_S
        assert (one.state == "open") == (one.retry_in_s > 0)
