"""Where a limit of AWS binds, the reason names it, with what is needed and what is allowed; nothing is silently beyond."""

from typing import Any

import pytest

from benchmarks import growth
from headway.architectures import microbatch
from headway.architectures.batch.search import beyond_limits
from headway.architectures.batch.stages import Stage, hardware_for
from headway.architectures.design import AsynchronousDesign
from headway.planning.search import plan
from tests.architectures.workloads import profile, workload

HUGE: dict[str, Any] = {
    "traffic": {"per_day": 100_000_000}, "latency": {"max_wait": "30s"},
    "model": {"request": "20KB", "measured": [
        {"hardware": "g5.xlarge", "batch": 1, "seconds": 5.0}, {"hardware": "g5.xlarge", "batch": 8, "seconds": 12.0},
    ]},
}  # fmt: skip


def test_the_limit_that_binds_is_the_answer_where_nothing_fits():
    made = plan(profile(**HUGE))
    assert made.choice is None
    assert made.closest is not None
    assert "needs more than 1,000 x g5.xlarge" in made.closest.relax
    assert "several stacks" in made.closest.relax


def test_more_functions_than_an_event_source_allows_are_refused_by_name():
    one = microbatch.plan(workload(**{**HUGE, "latency": {"max_wait": "120s"}}))[0]
    assert not one.feasible
    assert "functions at once, an event source allows 1,000" in one.reason or "more than 1,000" in one.reason


@pytest.mark.parametrize(("workers", "batch", "said"), [(5000, 8, None), (10_000, 8, "160,000 messages in flight")])
def test_a_fleet_holds_no_more_messages_than_a_queue_lets_be_in_flight(workers: int, batch: int, said: str | None):
    machine = hardware_for(workload())[0][0]
    found = beyond_limits(Stage(machine, batch, workers, 10, on_demand=False, last_call_s=600))
    assert (found is None) == (said is None)
    assert said is None or said in str(found)


def test_an_instance_of_an_asynchronous_endpoint_is_sent_no_more_at_once_than_sagemaker_allows():
    many = [{"hardware": "g5.xlarge", "seconds": 20.0, "concurrency": 4000}]
    made = plan(profile(traffic={"per_day": 20_000_000}, model__measured=many), only="asynchronous")
    assert made.chosen is not None
    design = made.chosen.design
    assert isinstance(design, AsynchronousDesign)
    # Sized for what it will get: 20 s of 4,000 at once would be a fourth of the instances.
    assert design.concurrency == 1000
    assert design.max_instances >= 20_000_000 / 86_400 * 20 / 1000


def test_growth_names_the_limit_that_an_asynchronous_endpoint_comes_nearest_to():
    made = growth.planned(50_000, "10m", growth.LONG)
    assert isinstance(made.design, AsynchronousDesign)
    first, *others = growth.limits_of(made.design, 1.0)
    assert (first.what, first.needed, first.allowed) == ("endpoint instances", made.design.max_instances, 1000)
    assert first.used > 0.05
    assert {one.what for one in others} == {"requests at once of an instance", "results written a second"}
