"""Queues followed request by request: against hand-made cases, a plain recursion, and SimPy."""

import heapq
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.simulation import kernels
from headway.simulation.compiled import COMPILED
from headway.simulation.kernels import collect_batches, serve, serve_sleeping, serve_warm, simple_queue
from tests.sizing.oracle import quantile, simulate

NOTHING = (np.empty(0), np.empty(0, np.int64))


def queue(
    arrived: list[float], service: list[float], servers: int, *changes: tuple[float, int], most: int = 9
) -> list[float]:
    done = np.empty(len(arrived))
    free = np.zeros(max(servers, most))
    at, by = np.array([one[0] for one in changes]), np.array([one[1] for one in changes], dtype=np.int64)
    serve(np.array(arrived, float), np.array(service, float), free, np.array([servers, 0]), at, by, done)
    return done.tolist()


def test_a_request_takes_the_server_that_is_free_first():
    assert queue([0, 0, 0, 1], [4, 2, 3, 1], 2) == [4, 2, 5, 5]


@given(
    st.lists(st.tuples(st.floats(0, 10), st.floats(0.01, 20)), min_size=1, max_size=60), st.integers(1, 5)
)  # fmt: skip
def test_any_queue_is_that_of_a_plain_recursion(rows: list[tuple[float, float]], servers: int):
    arrived = np.cumsum([gap for gap, _ in rows])
    service = np.array([each for _, each in rows])
    free = [0.0] * servers
    expected = []
    for at, takes in zip(arrived.tolist(), service.tolist(), strict=True):
        expected.append(max(at, free[0]) + takes)
        heapq.heapreplace(free, expected[-1])
    assert simple_queue(arrived, service, servers).tolist() == pytest.approx(expected)


@pytest.mark.slow
@pytest.mark.parametrize(("servers", "busy"), [(1, 0.7), (4, 0.9)])
def test_its_tail_is_that_of_simpy(servers: int, busy: float):
    def lognormal(draw: random.Random) -> float:
        return draw.lognormvariate(-0.125, 0.5)

    _, totals = simulate(lambda draw: draw.expovariate(busy * servers), lognormal, servers, requests=60_000)
    draw = np.random.default_rng(3)
    arrived = np.cumsum(draw.exponential(1 / (busy * servers), 400_000))
    done = simple_queue(arrived, draw.lognormal(-0.125, 0.5, arrived.size), servers)
    mine = np.quantile((done - arrived)[40_000:], [0.5, 0.99])
    assert mine[0] == pytest.approx(quantile(totals, 0.5), rel=0.04)
    assert mine[1] == pytest.approx(quantile(totals, 0.99), rel=0.1)


def test_a_server_that_comes_takes_who_has_waited_longest():
    # Alone until 5; the second request would wait until 10, the one that comes takes it at 5.
    assert queue([0, 1, 2], [10, 10, 1], 1, (5, 1)) == [10, 15, 11]


def test_a_server_that_goes_finishes_what_it_does_and_the_last_one_stays():
    assert queue([0, 0, 3, 4], [5, 9, 1, 1], 2, (2, -1)) == [5, 9, 10, 11]
    assert queue([0, 20], [1, 1], 1, (10, -1)) == [1, 21]


def test_a_queue_goes_on_where_the_hour_before_left_it():
    whole = queue([0, 1, 2, 3], [4, 4, 4, 4], 2)
    free, state = np.zeros(2), np.array([2, 0])
    parts = []
    for times in ([0.0, 1.0], [2.0, 3.0]):
        done = np.empty(2)
        serve(np.array(times), np.full(2, 4.0), free, state, *NOTHING, done)
        parts += done.tolist()
    assert parts == whole


def test_an_endpoint_that_sleeps_wakes_with_a_request_and_is_paid_until_it_sleeps_again():
    free, state, done = np.zeros(1), np.array([-np.inf, 0.0, 0.0]), np.empty(3)
    serve_sleeping(np.array([0.0, 500.0, 2000.0]), np.full(3, 10.0), free, state, 480.0, 300.0, 600.0, done)
    # Detected after 180 s, up after 480: the second finds it awake, the third asleep since 510 + 600.
    assert done.tolist() == [490.0, 510.0, 2490.0]
    assert state[2] == pytest.approx(510 + 600 - 180)
    assert state[1] == pytest.approx(2180)


def test_a_container_is_warm_for_a_while_and_beyond_the_last_one_requests_wait():
    free, state, done = np.full(2, -np.inf), np.zeros(2, np.int64), np.empty(6)
    arrived = np.array([0.0, 1.0, 2.0, 20.0, 30.0, 400.0])
    serve_warm(arrived, np.full(6, 5.0), np.full(6, 10.0), free, state, 100.0, done)
    assert done.tolist() == [15.0, 16.0, 20.0, 25.0, 35.0, 415.0]
    assert state.tolist() == [3, 1]


def test_each_poller_closes_batches_of_its_own():
    batch, closed = np.empty(6, np.int64), np.empty(6)
    arrived, poller = np.array([0.0, 1.0, 2.0, 3.0, 11.0, 12.0]), np.array([0, 1, 0, 0, 1, 0])
    count = collect_batches(arrived, poller, 2, 3, 10.0, 13.0, batch, closed)
    # Poller 0 fills one at 3 and has another open; poller 1 waits its 10 s from 1, and 11 still comes in.
    assert batch.tolist() == [0, 1, 0, 0, 1, -1]
    assert closed[:2].tolist() == [3.0, 11.0]
    assert count == 3


@pytest.mark.skipif(not COMPILED, reason="numba is not installed: there is one way only")
def test_interpreted_it_is_the_same():
    draw = np.random.default_rng(1)
    arrived, service = np.cumsum(draw.exponential(1, 300)), draw.exponential(2.5, 300)
    mine, free = np.empty(300), np.zeros(3)
    kernels.serve.py_func(arrived, service, free, np.array([3, 0]), *NOTHING, mine)  # type: ignore[attr-defined]
    assert mine.tolist() == simple_queue(arrived, service, 3).tolist()
