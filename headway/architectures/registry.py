"""The architectures by name: one line each. A new one is a file here, a component and a line below."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from headway.architectures import asynchronous, batch, microbatch, realtime, serverless
from headway.architectures.design import Candidate
from headway.architectures.workload import Workload
from headway.bill.lines import Bill


class Architecture(NamedTuple):
    """What an architecture's module offers the rest of the planner."""

    name: str
    plan: Callable[[Workload], list[Candidate]]
    """Every variant worth comparing, or one infeasible candidate that says why."""
    bill: Callable[[Any, Workload], Bill]
    """The month's bill of one of its designs under a workload."""


ARCHITECTURES: dict[str, Architecture] = {
    "realtime": Architecture("realtime", realtime.plan, realtime.bill),
    "serverless": Architecture("serverless", serverless.plan, serverless.bill),
    "asynchronous": Architecture("asynchronous", asynchronous.plan, asynchronous.bill),
    "microbatch": Architecture("microbatch", microbatch.plan, microbatch.bill),
    "batch": Architecture("batch", batch.plan, batch.bill),
}
"""In order of presentation."""
