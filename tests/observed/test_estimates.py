"""Estimates hold what was put into a simulated past, with bounds that hold it too, or say how much is missing."""

from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.observed.estimates import (
    TooFewError,
    WorkerRun,
    idle_kept,
    lingers,
    mean_time,
    prices_against,
    retried,
    scale_outs,
    share,
    spot_misses,
    spot_survival,
    starts,
)


def worker(
    departure: int,
    *,
    start: float | None = 200.0,
    runs: float = 600.0,
    purchase: str = "spot",
    instance: str = "",
    first: bool = True,
    interrupted: bool = False,
    queue: str = "q",
) -> WorkerRun:
    created = departure * 3600.0
    started = None if start is None else created + start
    return WorkerRun(
        departure=str(departure), purchase=purchase, created=created, started=started,
        stopped=None if started is None else started + runs, instance=instance or f"i-{departure}-{start}-{runs}",
        first=first, called_off=start is None, interrupted=interrupted, queue=queue,
    )  # fmt: skip


def test_starts_are_those_of_fresh_instances_alone() -> None:
    runs = [worker(1, start=240, instance="a"), worker(2, start=15, instance="a"), worker(3, start=200, instance="b"),
            worker(4, start=None), worker(5, start=900, instance="c", first=False)]  # fmt: skip

    assert starts(runs) == [240, 200]


def test_misses_are_a_share_of_workers_whose_bounds_go_by_departures() -> None:
    runs = [worker(departure, start=None if departure < 4 else 200.0) for departure in range(40) for _ in range(25)]

    found = spot_misses(runs, needed=30)

    assert found.value == pytest.approx(0.1)
    assert (found.low, found.high, found.observations) == (
        pytest.approx(0.046, abs=2e-3),
        pytest.approx(0.204, abs=2e-3),
        40,
    )


def test_on_demand_workers_and_those_still_waiting_are_no_misses() -> None:
    waiting = WorkerRun("x", "spot", 0.0, None, None, "", first=True)
    runs = [*(worker(departure) for departure in range(30)), worker(99, start=None, purchase="ondemand"), waiting]

    assert spot_misses(runs, needed=30).value == 0


@pytest.mark.parametrize("survival", [0.97, 0.8, 0.6])
def test_survival_of_a_simulated_past_is_found_within_its_bounds(survival: float) -> None:
    draw = np.random.default_rng(3)
    rate = -np.log(survival) / 900
    runs = []
    for departure, (life, wanted) in enumerate(
        zip(draw.exponential(1 / rate, 800), draw.uniform(200, 2000, 800), strict=True)
    ):
        runs.append(worker(departure, runs=min(life, wanted), interrupted=bool(life < wanted)))

    found = spot_survival(runs, needed=30)

    assert found.value == pytest.approx(survival, abs=0.03)
    assert found.low is not None
    assert found.high is not None
    assert found.high <= survival <= found.low


def test_no_interruption_seen_is_not_none_ever() -> None:
    found = spot_survival([worker(departure, runs=900) for departure in range(40)], needed=30)

    assert found.value == pytest.approx(exp(-0.5 / 40))
    assert found.high == pytest.approx(exp(-3.0 / 40), abs=0.005)  # The rule of three, at 95 %.


def test_linger_pairs_each_end_with_a_last_stop_and_leaves_out_instances_that_stayed_for_more() -> None:
    runs = [worker(departure, start=200, runs=600, instance=f"i-{departure}") for departure in range(30)]
    ends = [departure * 3600.0 + 800 + linger for departure, linger in zip(range(30), [60, 120, 180] * 10, strict=True)]

    found = lingers(runs, {"q": [*ends, 29 * 3600.0 + 5000], "other": [100.0]}, needed=30)

    assert (found.value, found.low, found.high, found.observations) == (120, 60, 180, 30)


def test_prices_count_as_long_as_they_held_and_types_by_their_hours() -> None:
    paid = {"g5.xlarge": [(0.0, 0.40), (10.0, 0.80)], "m5.large": [(0.0, 0.03)]}
    book = {"g5.xlarge": 0.40, "m5.large": 0.06}

    found = prices_against(paid, book, {"g5.xlarge": 30.0, "m5.large": 10.0}, end=40.0, needed=3)

    assert found.value == pytest.approx(0.75 * (0.25 * 1 + 0.75 * 2) + 0.25 * 0.5)
    assert (found.low, found.high) == (0.5, 2.0)


def test_retries_are_what_was_received_beyond_what_was_sent() -> None:
    assert retried(10_300, 10_000, needed=1000).value == pytest.approx(0.03)
    assert retried(9_990, 10_000, needed=1000).value == 0


@given(kept=st.floats(60, 7200), calls=st.lists(st.floats(1, 40), min_size=50, max_size=50))
def test_the_time_that_idle_capacity_is_kept_is_found_again(kept: float, calls: list[float]) -> None:
    cold = sum(count * exp(-count * kept / 3600) for count in calls)
    if cold < 20:
        with pytest.raises(TooFewError):
            idle_kept(calls, cold, needed=20)
        return
    found = idle_kept(calls, cold, needed=20)

    assert found.value == pytest.approx(kept, rel=0.01)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high


def test_scaling_out_is_told_from_scaling_in_by_the_count_before() -> None:
    assert scale_outs([(0, 5, 1), (100, 400, 3), (900, 910, 2), (2000, 2390, 4)]) == [300, 390]


@given(hits=st.integers(0, 60), of=st.integers(30, 60))
def test_a_share_lies_within_its_bounds(hits: int, of: int) -> None:
    found = share(min(hits, of), of, needed=30)
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1


def test_too_few_say_how_many_there_were_and_must_be() -> None:
    with pytest.raises(TooFewError, match="3 seen, 30 needed"):
        mean_time([1.0, 2.0, 3.0], needed=30)
    with pytest.raises(TooFewError, match="1 seen, 30 needed"):
        spot_misses([worker(1) for _ in range(500)], needed=30)
    with pytest.raises(TooFewError, match="10 seen, 30 needed"):
        spot_survival([worker(departure, runs=300) for departure in range(30)], needed=30)
