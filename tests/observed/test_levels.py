"""From calls at several batch sizes and concurrencies to the rows that a profile takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.errors import HeadwayError
from headway.observed.levels import LEAST_CALLS, Level, measured_rows


def level(batch: int, at_once: int, seconds: float, *, calls: int = 100, failed: int = 0, spread: float = 0.0) -> Level:
    times = tuple(seconds + (spread if index % 2 else -spread) for index in range(calls))
    return Level(batch, at_once, times, failed, wall_s=seconds * calls / at_once)


def test_concurrency_is_the_most_calls_at_once_that_take_hardly_longer_than_one() -> None:
    levels = [level(1, 1, 0.100), level(1, 2, 0.104), level(1, 4, 0.109), level(1, 8, 0.21)]

    (row,) = measured_rows("g5.xlarge", levels)

    assert (row.seconds, row.concurrency, row.calls) == (pytest.approx(0.109), 4, 100)


def test_a_server_that_answers_one_after_the_other_has_a_concurrency_of_one() -> None:
    (row,) = measured_rows("m5.large", [level(1, 2, 0.2), level(1, 1, 0.1, spread=0.03)])

    assert row.fields() == {"hardware": "m5.large", "batch": 1, "seconds": 0.1, "variability": 0.3, "concurrency": 1}


def test_several_instances_share_the_calls() -> None:
    levels = [level(1, 1, 0.1), level(1, 3, 0.1), level(1, 6, 0.1), level(1, 12, 0.2)]

    (row,) = measured_rows("g5.xlarge", levels, instances=3)

    assert row.concurrency == 2


def test_a_larger_batch_within_the_noise_is_not_quicker_but_one_that_is_stays_so() -> None:
    noisy = measured_rows("g5.xlarge", [level(1, 1, 0.100, spread=0.05), level(8, 1, 0.098, spread=0.05)])
    quicker = measured_rows("g5.xlarge", [level(1, 1, 0.100), level(8, 1, 0.05)])

    assert [row.seconds for row in noisy] == [pytest.approx(0.100)] * 2
    assert quicker[1].seconds == pytest.approx(0.05)


def test_a_hiccup_among_single_calls_does_not_make_a_batch_quicker() -> None:
    hiccup = Level(1, 1, (0.00016,) * 190 + (0.03,) * 10, 0, wall_s=0.4)

    one, eight = measured_rows("g5.xlarge", [hiccup, level(8, 1, 0.00029)])

    assert eight.seconds == one.seconds == pytest.approx(hiccup.mean)


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        (
            [level(1, 1, 0.1, calls=LEAST_CALLS - 1)],
            "batch 1: 19 calls were answered, 20 are needed: give it more --time",
        ),
        ([level(1, 1, 0.1, calls=90, failed=10)], "batch 1: 10 of 100 calls failed"),
        ([level(8, 2, 0.1)], "batch 8: no lone calls"),
    ],
)
def test_what_cannot_be_used_says_why(levels: list[Level], said: str) -> None:
    with pytest.raises(HeadwayError, match="nothing was measured") as caught:
        measured_rows("g5.xlarge", levels)

    assert said in str(caught.value)


@given(
    alone=st.floats(1e-4, 100),
    servers=st.integers(1, 16),
    levels=st.lists(st.sampled_from([2, 3, 4, 8, 16, 32]), unique=True),
)
def test_of_servers_that_each_answer_one_call_at_a_time_never_more_are_found_than_there_are(
    alone: float, servers: int, levels: list[int]
) -> None:
    found = [level(1, at_once, alone * max(1.0, at_once / servers)) for at_once in [1, *levels]]

    (row,) = measured_rows("g5.xlarge", found)

    assert row.concurrency is not None
    assert row.concurrency <= servers * 1.1
    assert row.concurrency == max(one for one in [1, *levels] if one <= servers * 1.1 and one == row.concurrency)
