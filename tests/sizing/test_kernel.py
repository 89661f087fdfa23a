"""Where formulas do not hold the kernel answers: as a long queue does, at once, and more servers never wait longer."""

import time
from math import inf

import numpy as np
import pytest

from headway.sizing.kernel import simulate_quantile
from headway.sizing.queueing import smallest_servers
from headway.sizing.service_time import ServiceTime
from tests.sizing.oracle import quantile, simulate


@pytest.mark.slow
@pytest.mark.parametrize(("servers", "busy", "cv"), [(1, 0.6, 1.6), (4, 0.85, 1.6), (4, 0.7, 3.0), (32, 0.9, 2.15)])
def test_it_waits_as_a_long_queue_does(servers: int, busy: float, cv: float):
    from headway.simulation.kernels import simple_queue

    draw = np.random.default_rng(11)
    sigma = np.sqrt(np.log(1 + cv * cv))
    arrived = np.cumsum(draw.exponential(1 / (servers * busy), 4_000_000))
    done = simple_queue(arrived, draw.lognormal(-sigma * sigma / 2, sigma, arrived.size), servers)
    for p in (0.5, 0.9, 0.99):
        assert simulate_quantile(servers * busy, 1.0, cv, servers, p) == pytest.approx(
            np.quantile(done - arrived, p), rel=0.15
        )


@pytest.mark.slow
def test_it_waits_as_simpy_does_with_gaps_as_variable_as_the_service():
    sigma = float(np.sqrt(np.log(1 + 4)))
    _, totals = simulate(
        lambda draw: draw.gammavariate(0.5, 2 / 1.4),
        lambda draw: draw.lognormvariate(-sigma * sigma / 2, sigma),
        2, requests=150_000,
    )  # fmt: skip
    assert simulate_quantile(1.4, 1.0, 2.0, 2, 0.9, ca2=2.0) == pytest.approx(quantile(totals, 0.9), rel=0.12)


def test_more_load_never_waits_less_and_beyond_what_was_followed_it_goes_on_growing():
    loads = [0.01, 0.2, 0.5, 0.8, 0.95, 0.979, 0.985, 0.999]
    found = [simulate_quantile(2 * load, 1.0, 2.0, 2, 0.99) for load in loads]
    assert found == sorted(found)
    assert found[-1] > 10 * found[-2]
    assert simulate_quantile(2.0, 1.0, 2.0, 2, 0.99) == inf


def test_a_week_of_different_hours_is_sized_in_moments():
    """The same with a simulation for each hour took minutes."""
    service = ServiceTime(0.5, 1.6)
    started = time.perf_counter()
    needed = [smallest_servers(rate / 3600, service, 10.0, 0.99) for rate in range(100, 17_000, 100)]
    assert time.perf_counter() - started < 10
    assert all(count is not None for count in needed)
    assert needed == sorted(needed)  # type: ignore[type-var]


def test_the_fewest_servers_by_simulation_meet_the_goal_and_one_fewer_does_not():
    service = ServiceTime(1.0, 2.5)
    count = smallest_servers(5.0, service, 12.0, 0.99)
    assert count is not None
    assert simulate_quantile(5.0, 1.0, 2.5, count, 0.99) <= 12.0 < simulate_quantile(5.0, 1.0, 2.5, count - 1, 0.99)
    assert smallest_servers(5.0, service, 12.0, 0.99, most=5) is None
