"""The simulator's departures against the fleet's own dispatcher: the same arrivals, in virtual time, answered alike."""

from datetime import UTC, datetime
from math import inf

import numpy as np
import pytest

from headway import load_profile, plan
from headway.architectures.design import BatchDesign
from headway.assumptions import assume
from headway.simulation.departing import depart
from tests.runtime.virtual import Clock

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
DAY = 86_400.0
ROOM = 2
"""Fleets at once that the compute environment holds: it makes nobody wait."""


def fleet(every_minutes: int, quota: int, most: int, last_call_s: float, *, early: bool = False) -> BatchDesign:
    design = plan(load_profile("stacks/profiles/loan-documents.yaml"), only="batch").design
    assert isinstance(design, BatchDesign)
    rule = design.departures[0].model_copy(
        update={
            "days": tuple(range(7)), "from_minute": 0, "to_minute": 1440, "every_minutes": every_minutes, "quota": quota,
            "max_workers": most, "last_call_s": last_call_s, "leaves_early": early,
        }
    )  # fmt: skip
    pool = next(one for one in design.pools if one.name == rule.pool)
    pool = pool.model_copy(update={"max_workers": ROOM * most})
    return design.model_copy(update={"timezone": "UTC", "departures": (rule,), "pools": (pool,)})


def simulated(design: BatchDesign, arrived: np.ndarray, *, spot: bool) -> tuple[np.ndarray, np.ndarray]:
    """When each is answered, and what was used."""
    (rule,), (pool,) = design.departures, design.pools
    leaves = np.arange(0.0, DAY, rule.every_minutes * 60)
    done, used = np.full(arrived.size, inf), np.zeros((1, 5))
    start = assume("batch.launch") + assume("batch.pull") + pool.load_time_s
    depart(
        arrived, leaves, leaves - rule.every_minutes * 60, np.zeros(leaves.size, np.int64),
        np.full(leaves.size, 0 if spot else 1), np.zeros((leaves.size, 2)),
        np.array([60.0, inf, 60.0]),
        np.array([[rule.quota, rule.max_workers, rule.last_call_s, 0, rule.leaves_early]], float),
        np.array([[pool.batch_size, pool.seconds_per_item, pool.seconds_per_batch, 0.0, start]]),
        np.array([120.0, 60.0, 0.0, 0.0]), np.zeros(1), np.array([0.5]), 500, done, used,
    )  # fmt: skip
    return done, used[0]


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize(
    ("every_minutes", "quota", "most", "last_call_s", "per_hour", "spot"),
    [
        (60, 40, 4, 5400, 90, True),  # Fleets that end before the next one leaves.
        (60, 40, 4, 5400, 90, False),
        (60, 40, 4, 20_400, 90, False),  # Last call later than the next departures: they count on those that are stuck.
        (60, 10, 3, 5400, 90, True),  # More waits than the workers' quotas hold: each takes more.
        (60, 10, 3, 5400, 90, False),
        (5, 40, 8, 5400, 900, False),  # Several fleets at once.
        (60, 40, 4, 0, 90, True),  # Always on-demand.
    ],
)
def test_the_simulator_answers_each_request_when_the_dispatcher_does(
    every_minutes: int, quota: int, most: int, last_call_s: float, per_hour: float, spot: bool, early: bool
):
    design = fleet(every_minutes, quota, most, last_call_s, early=early)
    draw = np.random.default_rng(7)
    arrived = np.sort(draw.random(draw.poisson(per_hour * 8)) * 8 * 3600)
    clock = Clock(design, MONDAY, arrived, spot=lambda: 0.0 if spot else inf)
    clock.run(16 * 60)
    done, used = simulated(design, arrived, spot=spot)
    assert np.isfinite(clock.done).all()
    assert done.tolist() == pytest.approx(clock.done.tolist())
    started = [worker for job in clock.jobs for worker in job.workers if worker.status == "SUCCEEDED"]
    assert used[3] == len(started)
    assert (used[0] > 0, used[1] > 0) == (spot and last_call_s > 0, not spot or last_call_s == 0)
