"""Hours that ask for more than was planned: the model against the simulator, on traffic as the model is told it."""

from dataclasses import replace

import pytest

from headway.architectures import ARCHITECTURES, Workload
from headway.architectures.rates import Standing, overloaded_hours
from headway.planning.search import plan
from headway.simulation import generated, replay
from headway.sizing.overload import Load
from headway.sizing.service_time import ServiceTime
from tests.architectures.workloads import workload

OFFICE = {"shape": [{"days": "mon", "hours": "08-18", "per_hour": 3000}, {"per_hour": 30}], "peak_factor": 1.3}
RUSH = range(10, 14)
"""Of Monday: a launch."""


def rushed(planned: Workload, mean: float, peak: float) -> Workload:
    """The week with some hours busier than planned."""
    demand = planned.demand
    means, peaks = (
        tuple(rate * (factor if hour in RUSH else 1.0) for hour, rate in enumerate(rates))
        for rates, factor in ((demand.mean, mean), (demand.peak, peak))
    )
    return replace(planned, demand=replace(demand, mean=means, peak=peaks))


@pytest.mark.parametrize(
    ("architecture", "mean", "peak"),
    [
        pytest.param("realtime", 1.6, 1.9, id="target tracking adds while the backlog grows"),
        pytest.param("asynchronous", 1.2, 1.5, id="a fixed count is over its capacity in the peaks"),
        pytest.param("asynchronous", 1.6, 1.6, id="a fixed count is over its capacity for hours"),
        pytest.param("microbatch", 1.9, 1.9, id="batches before target tracking"),
    ],
)
def test_hours_beyond_the_plan_wait_as_they_do_in_the_simulator(architecture: str, mean: float, peak: float) -> None:
    planned = workload(latency={"max_wait": "60s"}, traffic=OFFICE, team={"complexity_tolerance": "high"})
    chosen = plan(planned.profile, only=architecture).chosen
    assert chosen is not None
    assert chosen.design is not None
    came = rushed(planned, mean, peak)
    model = ARCHITECTURES[architecture].wait(chosen.design, came)
    outcome = replay(chosen.design, generated(came.demand, weeks=24), came.profile)
    assert outcome.p99_s is not None
    assert outcome.p50_s is not None
    assert model.p99_s > chosen.wait.p99_s * 1.5  # type: ignore[union-attr]
    assert model.p99_s == pytest.approx(outcome.p99_s, rel=0.12)
    assert model.p50_s == pytest.approx(outcome.p50_s, rel=0.04)


def test_a_week_within_its_capacity_is_not_followed() -> None:
    demand = workload(traffic=OFFICE).demand

    def offered(rate: float) -> Load:
        return Load(rate / 3600, ServiceTime(2.0, 0.3))

    enough, fewer = (Standing((count,) * 168, (count,) * 168, 1, 1.0) for count in (3, 2))
    assert overloaded_hours(demand, enough, offered) == {}
    # 3,900 an hour at the peak of office hours are 2.17 servers: each of those hours, and the one after them.
    followed = overloaded_hours(demand, fewer, offered)
    assert set(followed) == set(range(8, 19))
