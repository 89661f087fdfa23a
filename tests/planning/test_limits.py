"""Where a limit of AWS binds, the reason names it, with what is needed and what is allowed; nothing is silently beyond."""

from typing import Any

import pytest

from headway.architectures import microbatch
from headway.architectures.batch.search import beyond_limits
from headway.architectures.batch.stages import Stage, hardware_for
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
