"""Hit rates and what nobody asks for, against sums done plainly and against draws."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.sizing.caching import distinct_asked, harmonic, zipf_hit_rate


@pytest.mark.parametrize(("count", "alpha"), [(10, 1.0), (1000, 0.7), (300_000, 0.9), (250_000, 1.3)])
def test_harmonic_numbers_are_their_sums(count: int, alpha: float) -> None:
    assert harmonic(count, alpha) == pytest.approx(sum(k**-alpha for k in range(1, count + 1)), rel=1e-9)


def test_the_whole_catalogue_is_always_hit_and_popularity_favours_few() -> None:
    assert zipf_hit_rate(1000, 1000, 0.9) == 1
    assert zipf_hit_rate(2000, 1000, 0.9) == 1
    assert zipf_hit_rate(100, 10_000, 0.0001) == pytest.approx(0.01, rel=0.01)
    assert zipf_hit_rate(100, 10_000, 1.2) > 0.7


def test_items_that_somebody_asks_for_are_counted_as_draws_count_them() -> None:
    draw, stored, hits, alpha = random.Random(4), 2000, 3000, 0.8
    weights = [rank**-alpha for rank in range(1, stored + 1)]
    counts = [len(set(draw.choices(range(stored), weights, k=hits))) for _ in range(20)]
    assert distinct_asked(stored, hits, alpha) == pytest.approx(sum(counts) / len(counts), rel=0.01)


@given(stored=st.integers(1, 2_000_000), hits=st.floats(0, 1e9), alpha=st.sampled_from([0.0, 0.5, 0.9, 1.2]))
def test_no_more_are_asked_for_than_there_are_items_or_requests(stored: int, hits: float, alpha: float) -> None:
    asked = distinct_asked(stored, hits, alpha)
    assert 0 <= asked <= min(stored, hits) * 1.001 + 1e-6
