"""Queueing against published tables, against SimPy, and by its own laws."""

from math import inf, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.sizing.kernel import simulate_quantile
from headway.sizing.queueing import (
    erlang_b,
    erlang_c,
    mean_wait,
    response_exceeds,
    response_quantile,
    smallest_servers,
)
from headway.sizing.service_time import ServiceTime
from tests.sizing.oracle import quantile, simulate

LOADS = st.floats(0.01, 50)


@pytest.mark.parametrize(
    ("load", "servers", "blocked"),
    # Erlang B tables: 1 % blocking at 4.461 erlangs on 10 trunks, at 12.03 on 20; 5 % at 6.216 on 10.
    [(4.461, 10, 0.01), (12.03, 20, 0.01), (6.216, 10, 0.05)],
)
def test_erlang_b_agrees_with_the_published_tables(load: float, servers: int, blocked: float) -> None:
    assert erlang_b(load, servers) == pytest.approx(blocked, rel=2e-3)


def test_one_server_waits_as_often_as_it_is_busy() -> None:
    assert erlang_c(0.7, 1) == pytest.approx(0.7)


def test_erlang_c_agrees_with_a_simulated_queue() -> None:
    waits, _ = simulate(lambda d: d.expovariate(1.7), lambda d: d.expovariate(1.0), 2, requests=60_000)
    assert sum(wait > 0 for wait in waits) / len(waits) == pytest.approx(erlang_c(1.7, 2), abs=0.02)
    assert sum(waits) / len(waits) == pytest.approx(mean_wait(1.7, ServiceTime(1.0, 1.0), 2), rel=0.12)


@pytest.mark.parametrize(("rate", "servers", "cv"), [(1.5, 2, 0.3), (3.4, 4, 0.3), (0.8, 1, 1.0), (7.0, 8, 0.6)])
def test_the_percentile_of_wait_and_service_agrees_with_a_simulated_queue(rate: float, servers: int, cv: float) -> None:
    sigma = sqrt(log(1 + cv * cv))
    _, totals = simulate(
        lambda d: d.expovariate(rate), lambda d: d.lognormvariate(-sigma * sigma / 2, sigma), servers, requests=50_000
    )
    service = ServiceTime(1.0, cv)
    assert response_quantile(rate, service, servers, 0.5) == pytest.approx(quantile(totals, 0.5), rel=0.08)
    assert response_quantile(rate, service, servers, 0.99) == pytest.approx(quantile(totals, 0.99), rel=0.12)


def test_clumped_arrivals_wait_as_long_as_a_simulated_queue() -> None:
    sigma = sqrt(log(1 + 0.09))
    _, totals = simulate(
        lambda d: d.gammavariate(0.25, 4 / 1.4), lambda d: d.lognormvariate(-sigma * sigma / 2, sigma), 2,
        requests=60_000,
    )  # fmt: skip
    found = response_quantile(1.4, ServiceTime(1.0, 0.3), 2, 0.99, ca2=4.0)
    assert found == pytest.approx(quantile(totals, 0.99), rel=0.25)


def test_very_variable_service_is_simulated_and_agrees_with_another_simulation() -> None:
    sigma = sqrt(log(1 + 4.0))
    _, totals = simulate(
        lambda d: d.expovariate(1.0), lambda d: d.lognormvariate(-sigma * sigma / 2, sigma), 2, requests=60_000
    )
    assert simulate_quantile(1.0, 1.0, 2.0, 2, 0.95) == pytest.approx(quantile(totals, 0.95), rel=0.15)
    assert response_quantile(1.0, ServiceTime(1.0, 2.0), 2, 0.95) == simulate_quantile(1.0, 1.0, 2.0, 2, 0.95)


def test_constant_service_waits_half_as_long_as_exponential() -> None:
    # Pollaczek-Khinchine, one server: exact at cv 0 and 1.
    assert mean_wait(0.8, ServiceTime(1.0, 0.0), 1) == pytest.approx(0.8 / (2 * 0.2))
    assert mean_wait(0.8, ServiceTime(1.0, 1.0), 1) == pytest.approx(0.8 / 0.2)


def test_a_queue_that_grows_for_ever_has_no_wait() -> None:
    assert mean_wait(2.0, ServiceTime(1.0, 0.3), 2) == inf
    assert response_quantile(2.1, ServiceTime(1.0, 0.3), 2, 0.99) == inf
    assert response_exceeds(2.1, ServiceTime(1.0, 0.3), 2, 1e9) == 1.0
    assert erlang_c(3.0, 2) == 1.0


def test_without_traffic_there_is_only_service() -> None:
    service = ServiceTime(2.0, 0.3)
    assert response_quantile(0.0, service, 1, 0.99) == service.quantile(0.99)


@given(LOADS, st.integers(1, 80))
def test_another_server_never_makes_more_requests_wait(load: float, servers: int) -> None:
    assert erlang_c(load, servers + 1) <= erlang_c(load, servers) + 1e-12


@given(st.floats(0.01, 20), st.floats(0.0, 1.4), st.integers(1, 30))
def test_more_traffic_never_shortens_the_wait(rate: float, cv: float, servers: int) -> None:
    service = ServiceTime(1.0, cv)
    assert (
        response_quantile(rate * 0.7, service, servers, 0.99) <= response_quantile(rate, service, servers, 0.99) + 1e-3
    )


@given(st.floats(0.01, 20), st.floats(0.05, 1.4), st.floats(2.5, 30))
def test_the_fewest_servers_meet_the_goal_and_one_fewer_does_not(rate: float, cv: float, times: float) -> None:
    service = ServiceTime(1.0, cv)
    goal = service.quantile(0.99) * times / 2
    found = smallest_servers(rate, service, goal, 0.99)
    assert found is not None
    assert response_quantile(rate, service, found, 0.99) <= goal * 1.001
    if found > 1:
        assert response_quantile(rate, service, found - 1, 0.99) > goal * 0.999


def test_no_number_of_servers_makes_service_faster() -> None:
    assert smallest_servers(0.1, ServiceTime(2.0, 0.3), 1.0, 0.99) is None


def test_more_than_the_most_servers_is_not_an_answer() -> None:
    assert smallest_servers(100.0, ServiceTime(1.0, 0.3), 5.0, 0.99, most=50) is None
    assert smallest_servers(100.0, ServiceTime(1.0, 0.3), 5.0, 0.99, concurrency=4, most=50) in range(26, 32)


@pytest.mark.parametrize(
    ("load", "servers", "cv", "ca2"),
    [(0.5, 1, 0.3, 1.0), (0.95, 4, 0.3, 1.0), (0.8, 40, 1.2, 2.0), (0.2, 2, 0.05, 0.6)],
)
def test_a_whole_distribution_agrees_with_its_quantiles_one_by_one(
    load: float, servers: int, cv: float, ca2: float
) -> None:
    from headway.sizing.mixture import SHARES
    from headway.sizing.queueing import response_points

    service = ServiceTime(2.0, cv)
    rate = load * servers / service.mean
    points = response_points(rate, service, servers, SHARES, ca2=ca2)
    for share, point in zip(SHARES, points, strict=True):
        one = response_quantile(rate, service, servers, float(share), ca2=ca2)
        assert point == pytest.approx(one, rel=0.01), share
