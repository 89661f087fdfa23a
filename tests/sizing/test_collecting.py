"""Collectors against published figures, and against a simulation that shares nothing with the formulas."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.sizing.collecting import collect


def simulate(rate: float, most: int, window: float, items: int = 120_000) -> tuple[float, list[float]]:
    """Mean batch size, and each item's wait for its batch to close, ascending."""
    draw, now = random.Random(3), 0.0
    waits: list[float] = []
    batches = 0
    held: list[float] = []
    while len(waits) < items:
        now += draw.expovariate(rate)
        if held and now > held[0] + window:
            waits += [held[0] + window - arrived for arrived in held]
            held, batches = [], batches + 1
        held.append(now)
        if len(held) == most:
            waits += [now - arrived for arrived in held]
            held, batches = [], batches + 1
    return len(waits) / batches, sorted(waits)


@pytest.mark.parametrize(
    ("rate", "size", "wait"), [(0.02, 1.6, 24.4), (0.1, 4.0, 18.7), (0.33, 9.17, 12.7), (1.0, 10.0, 4.5)]
)
def test_reference_batches_of_ten_or_thirty_seconds(rate: float, size: float, wait: float) -> None:
    made = collect(rate, 10, 30.0)
    assert made.mean_size == pytest.approx(size, abs=0.05)
    assert made.mean_wait_s == pytest.approx(wait, abs=0.05)


@pytest.mark.parametrize(("rate", "most", "window"), [(0.33, 10, 30.0), (0.1, 2, 30.0), (5.0, 64, 10.0), (0.5, 4, 2.0)])
def test_sizes_and_waits_agree_with_a_simulation(rate: float, most: int, window: float) -> None:
    made, (size, waits) = collect(rate, most, window), simulate(rate, most, window)
    assert made.mean_size == pytest.approx(size, rel=0.01)
    assert made.mean_wait_s == pytest.approx(sum(waits) / len(waits), rel=0.02)
    for share in (0.5, 0.9, 0.99):
        # The grid has 48 points: a quantile is exact to one of its steps.
        assert made.wait_quantile(share) == pytest.approx(waits[int(share * len(waits))], abs=window / 48 + 0.05)


@given(
    rate=st.floats(1e-6, 500), most=st.integers(1, 1024), window=st.sampled_from([1.0, 5.0, 30.0, 300.0]),
)  # fmt: skip
def test_a_batch_is_never_too_large_and_nobody_waits_longer_than_the_window(
    rate: float, most: int, window: float
) -> None:
    made = collect(rate, most, window)
    assert 1 <= made.mean_size <= most * (1 + 1e-9)
    assert 0 <= made.mean_wait_s <= window * (1 + 1e-9)
    assert made.wait_quantile(1.0) <= window
    quantiles = [made.wait_quantile(share) for share in (0.1, 0.5, 0.9, 0.99)]
    assert quantiles == sorted(quantiles)


def test_one_item_is_a_batch_that_waits_for_nobody() -> None:
    assert collect(3.0, 1, 0.0).wait_quantile(0.999) == 0
