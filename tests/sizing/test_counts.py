"""Poisson counts, departures, cold starts, batches and floors, against direct sums and small simulations."""

import random
from math import ceil, exp, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.errors import HeadwayError
from headway.sizing.cold_start import cold_probabilities, mixed_quantile
from headway.sizing.departures import expected_fleet, last_call_age
from headway.sizing.poisson import arrivals_quantile, expected_groups, poisson_quantile
from headway.sizing.scaling import instance_hours, raise_early
from headway.sizing.service_time import BatchTime, ServiceTime


def direct(mean: float, n: int) -> float:
    """P(N = n), term by term."""
    return exp(-mean) * mean**n / factorial(n)


@pytest.mark.parametrize("mean", [0.1, 1.0, 7.5, 40.0])
def test_the_quantile_of_a_count_is_the_smallest_that_covers_the_share(mean: float) -> None:
    found = poisson_quantile(mean, 0.99)
    assert sum(direct(mean, n) for n in range(found + 1)) >= 0.99 - 1e-9
    assert sum(direct(mean, n) for n in range(found)) < 0.99


@pytest.mark.parametrize(("mean", "size"), [(0.3, 8), (5.0, 1), (12.0, 5), (60.0, 8)])
def test_expected_groups_are_the_sum_over_all_counts(mean: float, size: int) -> None:
    assert expected_groups(mean, size) == pytest.approx(sum(direct(mean, n) * ceil(n / size) for n in range(150)))


def test_large_means_go_over_into_the_normal_law_without_a_step() -> None:
    assert poisson_quantile(10_001, 0.99) == pytest.approx(poisson_quantile(9_999, 0.99), abs=8)
    assert expected_groups(10_001, 8) == pytest.approx(expected_groups(9_999, 8), rel=1e-3)


@given(st.floats(0.01, 500), st.floats(0.01, 0.98))
def test_a_higher_share_needs_no_fewer(mean: float, p: float) -> None:
    assert poisson_quantile(mean, p) <= poisson_quantile(mean, p + 0.01) <= arrivals_quantile(mean, p + 0.01, 4.0)


def test_a_departures_fleet_agrees_with_simulated_windows() -> None:
    draw = random.Random(3)
    batches = workers = launched = 0
    for _ in range(20_000):
        n, left = 0, draw.expovariate(1.0)
        while left < 9.0:
            n, left = n + 1, left + draw.expovariate(1.0)
        batches, workers, launched = batches + ceil(n / 8), workers + ceil(n / 20), launched + (n > 0)
    fleet = expected_fleet(9.0, 8, 20)
    assert fleet.batches == pytest.approx(batches / 20_000, rel=0.02)
    assert fleet.workers == pytest.approx(workers / 20_000, rel=0.02)
    assert fleet.launched == pytest.approx(launched / 20_000, rel=0.01)


def test_last_call_leaves_time_for_start_work_and_a_tick() -> None:
    assert last_call_age(1800, 330, 120, 60) == 1290


def test_cold_starts_are_the_gaps_longer_than_what_is_kept() -> None:
    draw = random.Random(5)
    rate, kept = 50 / 86_400, 900.0
    gaps = [draw.expovariate(rate) for _ in range(40_000)]
    assert cold_probabilities([rate], kept)[0] == pytest.approx(sum(gap > kept for gap in gaps) / 40_000, abs=0.01)


@pytest.mark.parametrize(
    ("rate", "busy", "found"),
    # Share of 50,000 to 400,000 requests followed container by container, kept warm for 15 minutes.
    [(0.05, 24.0, 0.0166), (0.5, 24.0, 0.0040), (2.0, 24.0, 0.0020), (0.01, 60.0, 0.074), (0.5, 1.5, 0.00135)],
)
def test_the_more_containers_are_busy_at_once_the_more_starts_are_cold(rate: float, busy: float, found: float) -> None:
    assert cold_probabilities([rate], 900.0, busy)[0] == pytest.approx(found, rel=0.15)


def test_the_quantile_of_warm_and_cold_requests_agrees_with_draws() -> None:
    warm, load, draw = ServiceTime(0.4, 0.3), ServiceTime(6.0, 0.3), random.Random(1)

    def one(time: ServiceTime) -> float:
        return draw.lognormvariate(time.mu, time.sigma)

    times = sorted(one(warm) + (one(load) if draw.random() < 0.1 else 0.0) for _ in range(40_000))
    assert mixed_quantile(warm, load, 0.1, 0.99) == pytest.approx(times[int(0.99 * 40_000)], rel=0.04)
    assert mixed_quantile(warm, load, 0.1, 0.5) == pytest.approx(times[20_000], rel=0.04)


def test_a_batch_takes_what_was_measured_and_no_larger_one_is_guessed() -> None:
    time = BatchTime.fit([(1, 2.0), (8, 6.4)])
    assert (time.seconds(1), time.seconds(8)) == (pytest.approx(2.0), pytest.approx(6.4))
    with pytest.raises(HeadwayError, match="largest: 8"):
        time.seconds(9)


def test_one_measured_batch_promises_no_gain_from_batching() -> None:
    time = BatchTime.fit([(1, 2.0)])
    assert (time.alpha, time.beta, time.points) == (2.0, 0.0, 1)


@given(st.floats(0.01, 5), st.floats(0, 5))
def test_a_straight_line_is_found_again(alpha: float, beta: float) -> None:
    time = BatchTime.fit([(b, alpha * b + beta) for b in (1, 2, 4, 8)])
    assert time.seconds(4) == pytest.approx(4 * alpha + beta)
    assert time.residual < 1e-6


def test_percentiles_measured_give_back_those_percentiles() -> None:
    class Measured:
        seconds, variability, p50, p99 = 9.9, 0.9, 1.0, 3.0

    time = ServiceTime.from_measurement(Measured())
    assert time.quantile(0.5) == pytest.approx(1.0)
    assert time.quantile(0.99) == pytest.approx(3.0)


def test_a_floor_is_up_before_the_hour_that_needs_it() -> None:
    assert raise_early([1, 1, 4, 1], 390) == [1, 4, 4, 1]
    assert raise_early([3, 1, 1, 1], 390) == [3, 1, 1, 3]


def test_capacity_that_is_held_longer_is_paid() -> None:
    flat = instance_hours([1] * 4, [10] * 4, target_per_instance=100, scale_in_idle_s=600)
    peaked = instance_hours([1] * 4, [10, 350, 10, 10], target_per_instance=100, scale_in_idle_s=600)
    assert flat == 4.0
    assert peaked == pytest.approx(1 + 4 + 1 + 1 + 3 * 600 / 3600)


def test_a_time_that_hardly_varies_is_constant() -> None:
    almost = ServiceTime(2.0, 1e-50)
    assert (almost.cdf(1.9), almost.cdf(2.1), almost.quantile(0.99)) == (0.0, 1.0, 2.0)
