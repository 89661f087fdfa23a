"""Departures event by event: exactly as SimPy's processes on the same arrivals; then what SimPy's do not do."""

import numpy as np
import pytest

from headway.simulation.departing import depart
from tests.simulation.oracle import Fleet, departures

FLEET = Fleet(quota=40, most=3, last_call_s=1200, batch=8, per_item_s=2.0, per_batch_s=5.0, start_s=300)


def follow(
    arrived: np.ndarray, leaves: list[float], missed: list[bool], fleet: Fleet, *, prior: float = 0.0, lost: float = 0.0,
    retried: float = 0.0, uniforms: list[float] | None = None, ticks: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, int]:  # fmt: skip
    done, used = np.full(arrived.size, np.inf), np.zeros((1, 5))
    taken = depart(
        arrived, np.array(leaves), np.array([prior, *leaves[:-1]]), np.zeros(len(leaves), np.int64),
        np.array(missed, dtype=np.int64), np.full((len(leaves), 2), ticks),
        np.array([60.0, np.inf, 60.0]), np.array([[fleet.quota, fleet.most, fleet.last_call_s, 0, fleet.early]], float),
        np.array([[fleet.batch, fleet.per_item_s, fleet.per_batch_s, 0.0, fleet.start_s]]),
        np.array([fleet.linger_s, 60.0, lost, retried]), np.zeros(1), np.array(uniforms or [0.5]), 500, done, used,
    )  # fmt: skip
    return done, used[0], taken


def as_in_simpy(arrived: np.ndarray, leaves: list[float], missed: list[bool], fleet: Fleet) -> tuple[np.ndarray, int]:
    """When each is done and how many are taken: the same, by the same workers, in both."""
    done, used, taken = follow(arrived, leaves, missed, fleet)
    expected, spot, on_demand, workers = departures(arrived.tolist(), leaves, missed, fleet, 0.0)
    assert done[:taken].tolist() == pytest.approx(expected[:taken])
    assert all(np.isinf(expected[taken:]))
    assert used[:2].tolist() == pytest.approx([spot, on_demand])
    assert used[3] == workers
    return done, taken


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("per_s", [0.005, 0.05, 0.15])
def test_the_same_arrivals_are_done_at_the_same_times_as_in_simpy(seed: int, per_s: float):
    draw = np.random.default_rng(seed)
    arrived = np.cumsum(draw.exponential(1 / per_s, int(40_000 * per_s)))
    leaves = [900.0 * number for number in range(1, 60)]
    missed = (draw.random(len(leaves)) < 0.2).tolist()
    as_in_simpy(arrived, leaves, missed, FLEET)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("per_s", [0.02, 0.05, 0.15])
def test_what_fills_a_quota_leaves_early_at_the_same_tick_as_in_simpy(seed: int, per_s: float):
    # No two moments alike: what comes first within a tick is no question here.
    fleet = FLEET._replace(most=6, early=True, start_s=301.37, per_batch_s=5.13, per_item_s=2.017)
    draw = np.random.default_rng(seed)
    arrived = np.cumsum(draw.exponential(1 / per_s, int(40_000 * per_s)))
    leaves = [900.0 * number for number in range(1, 60)]
    missed = (draw.random(len(leaves)) < 0.2).tolist()
    done, taken = as_in_simpy(arrived, leaves, missed, fleet)
    at_their_time, *_ = follow(arrived, leaves, missed, fleet._replace(early=False))
    assert (done[:taken].mean() < at_their_time[:taken].mean() - 60) == (per_s > 0.1)


def test_a_full_quota_leaves_with_the_next_tick_and_the_rest_with_its_departure():
    # 41 by second 410: forty leave at 420, the one more and whoever comes after them at 900.
    fleet = FLEET._replace(early=True)
    done, used, taken = follow(np.array([*range(10, 420, 10), 800.0]), [900.0], [False], fleet)
    assert taken == 42
    assert done[:8].tolist() == [420 + 300 + 21] * 8
    assert done[39] == 420 + 300 + 5 * 21
    # The worker's quota is full: it leaves the others to their departure.
    assert done[40:].tolist() == [900 + 300 + 9] * 2
    assert used[3:].tolist() == [2, 1]


def test_nobody_leaves_early_in_the_last_tick_before_a_departure():
    arrived = np.append(np.linspace(0, 850, 40), 870.0)
    done, used, _ = follow(arrived, [900.0], [False], FLEET._replace(early=True))
    assert done[0] == 900 + 300 + 21
    assert used[3] == 2


def test_nobody_leaves_early_while_workers_die():
    # Lost 5 s after its start: what fills a quota until the next departure stays for it.
    rate, draw = -np.log(0.5) / 5, 0.5
    arrived = np.concatenate([[0.0], np.linspace(1300, 1400, 40)])
    dies, *_ = follow(arrived, [900.0, 2700.0], [False, False], FLEET._replace(early=True), lost=rate, uniforms=[draw])
    lives, *_ = follow(arrived, [900.0, 2700.0], [False, False], FLEET._replace(early=True))
    assert lives[-1] < 2700 < dies[-1]


def test_a_departure_that_found_nothing_is_looked_at_a_tick_later_once():
    done, used, taken = follow(np.array([950.0]), [900.0, 1800.0], [False, False], FLEET)
    assert (done[0], taken) == (960 + 300 + 7, 1)
    assert used[3:].tolist() == [1, 1]
    done, _, _ = follow(np.array([961.0]), [900.0, 1800.0], [False, False], FLEET)
    assert done[0] == 1800 + 300 + 7


def test_early_ones_that_spot_misses_go_with_their_departures_last_call():
    # Two quotas early, a third with the departure, none of them started: last call takes all three together.
    arrived = np.concatenate([np.linspace(0, 100, 80), np.linspace(500, 600, 30)])
    done, used, taken = follow(arrived, [900.0], [True], FLEET._replace(early=True))
    assert taken == 110
    assert used[0] == 0
    assert done[0] == 1200 + 300 + 21
    assert used[3:].tolist() == [3, 1]


def test_nothing_waiting_launches_nothing():
    _, used, taken = follow(np.empty(0), [900.0, 1800.0], [False, False], FLEET)
    assert taken == 0
    assert used.tolist() == [0, 0, 0, 0, 0]


def test_a_departure_whose_last_call_has_come_goes_on_demand_at_once():
    fleet = FLEET._replace(last_call_s=0)
    done, used, _ = follow(np.array([0.0]), [900.0], [True], fleet)
    assert done[0] == 900 + 300 + 7
    assert used[0] == 0
    assert used[1] == pytest.approx(300 + 7 + 120)


def test_a_worker_that_spot_takes_back_hands_its_batch_to_one_on_demand():
    # Lost 5 s after its start (rate and draw), in the middle of its first batch of two: 9 s.
    rate, draw = -np.log(0.5) / 5, 0.5
    done, used, taken = follow(np.array([0.0, 1.0]), [900.0], [False], FLEET, lost=rate, uniforms=[draw])
    assert taken == 2
    assert done.tolist() == [900 + 300 + 5 + 300 + 9] * 2
    assert used[0] == pytest.approx(305 + 120)
    assert used[1] == pytest.approx(300 + 9 + 120)
    assert used[3] == 2


def test_beyond_the_most_workers_each_takes_more_so_that_nothing_is_left():
    arrived = np.linspace(0, 899, 200)
    done, used, taken = follow(arrived, [900.0], [False], FLEET._replace(most=2))
    assert taken == 200
    assert used[3] == 2
    assert np.isfinite(done).all()


def test_retries_take_their_time():
    done, used, _ = follow(np.zeros(8), [900.0], [False], FLEET, retried=0.25, uniforms=[0.9])
    assert done[0] == 900 + 300 + 5 + 2 * 10
    assert used[2] == pytest.approx(25)
