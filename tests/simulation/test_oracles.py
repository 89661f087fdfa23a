"""Whole designs against SimPy models that share nothing with the simulator: the same waits within noise."""

import random

import numpy as np
import pytest

from headway.architectures.design import BatchDesign, MicroBatchDesign, RealtimeDesign
from headway.assumptions import assume
from headway.planning.search import plan
from headway.profile import Profile, read_profile
from headway.simulation import replay
from headway.simulation.arrivals import Timed
from tests.simulation.oracle import Fleet, departures, endpoint, microbatches

MODEL = {
    "load_time": "30s", "request": "20KB",
    "measured": [{"hardware": "g5.xlarge", "batch": 1, "seconds": 1.0}, {"hardware": "g5.xlarge", "batch": 8, "seconds": 3.0}],
}  # fmt: skip


def profile(wait: str, per_hour: float) -> Profile:
    return read_profile(
        {
            "name": "o",
            "latency": {"max_wait": wait},
            "traffic": {"per_hour": per_hour, "peak_factor": 1.2},
            "model": MODEL,
        }
    )


def poisson(per_hour: float, hours: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return np.sort(draw.random(draw.poisson(per_hour * hours)) * hours * 3600)


def lognormal(draw: random.Random, mean: float, cv: float) -> float:
    sigma = float(np.sqrt(np.log(1 + cv * cv)))
    return mean * draw.lognormvariate(-sigma * sigma / 2, sigma)


@pytest.mark.slow
def test_real_time_with_floors_that_change_waits_as_in_simpy():
    declared = profile("6s", 9000)
    design = next(one.design for one in plan(declared, only="realtime").candidates if one.design)
    assert isinstance(design, RealtimeDesign)
    # Floors up at once: without autoscaling the design's floors are what there is.
    design = design.model_copy(update={"autoscaled": False, "invocations_per_instance": None, "floors": (4,) * 168})
    arrived = poisson(9000, 6, 1)
    mine = replay(design, Timed(arrived), declared)
    draw = random.Random(2)
    theirs = endpoint(arrived.tolist(), lambda: lognormal(draw, 1.0, 0.3), [(0, 4)], assume("endpoint.overhead"))
    assert mine.parts[0].utilization == pytest.approx(arrived.size / (6 * 3600) / 4, rel=0.02)
    assert mine.p50_s == pytest.approx(np.quantile(theirs, 0.5), rel=0.02)
    assert mine.p99_s == pytest.approx(np.quantile(theirs, 0.99), rel=0.06)


@pytest.mark.slow
@pytest.mark.parametrize("per_hour", [600, 6000])
def test_micro_batches_of_several_pollers_wait_as_in_simpy(per_hour: float):
    declared = profile("60s", per_hour)
    design = next(one.design for one in plan(declared, only="microbatch").candidates if one.design)
    assert isinstance(design, MicroBatchDesign)
    design = design.model_copy(update={"batch_size": 8, "window_s": 10})
    arrived = poisson(per_hour, 8, 3)
    mine = replay(design, Timed(arrived), declared)
    draw, pollers = random.Random(4), int(assume("microbatch.pollers"))
    theirs, batches = microbatches(
        arrived.tolist(), [draw.randrange(pollers) for _ in arrived], 8, 10.0,
        lambda size: lognormal(draw, 1.0 + (size - 1) * 2 / 7, 0.3), max(design.endpoint.floors),
        assume("microbatch.overhead"), assume("endpoint.overhead"),
    )  # fmt: skip
    assert mine.p50_s == pytest.approx(np.quantile(theirs, 0.5), rel=0.03)
    assert mine.p99_s == pytest.approx(np.quantile(theirs, 0.99), rel=0.05)
    assert mine.parts[0].batches == pytest.approx(batches, rel=0.03)


@pytest.mark.slow
def test_batch_from_its_calendar_to_its_bill_waits_and_costs_as_in_simpy():
    declared = profile("2h", 900)
    design = next(one.design for one in plan(declared, only="batch").candidates if one.design)
    assert isinstance(design, BatchDesign)
    rule, pool = design.departures[0], design.pools[0]
    every, hours = 3600.0, 96
    whole = rule.model_copy(
        update={
            "days": tuple(range(7)),
            "from_minute": 0,
            "to_minute": 1440,
            "every_minutes": 60,
            "last_call_s": 5400.0,
        }
    )
    design = design.model_copy(update={"departures": (whole,)})
    arrived = poisson(900, hours, 5)
    mine = replay(design, Timed(arrived), declared)
    draw = random.Random(6)
    leaves = [every * (number + 1) + draw.random() * assume("batch.tick") for number in range(hours + 2)]
    start = assume("batch.launch") + assume("batch.pull") + pool.load_time_s
    fleet = Fleet(
        whole.quota, whole.max_workers, 5400.0, pool.batch_size, pool.seconds_per_item * (1 + assume("batch.retry_share")),
        pool.seconds_per_batch, start, assume("batch.linger"),
    )  # fmt: skip
    done, spot, on_demand, _ = departures(
        arrived.tolist(), leaves, [draw.random() < assume("spot.miss") for _ in leaves], fleet, 0.0
    )
    waits = np.array(done) - arrived
    assert mine.p50_s == pytest.approx(np.quantile(waits, 0.5), rel=0.08)
    assert mine.p99_s == pytest.approx(np.quantile(waits, 0.99), rel=0.15)
    # SimPy's fleet loses no worker to spot; the simulator's does, and starts others for them.
    assert (spot + on_demand) / 3600 == pytest.approx(mine.parts[0].instance_hours or 0, rel=0.15)
