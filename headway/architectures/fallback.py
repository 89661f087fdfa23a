"""A live endpoint whose profile declares a fallback: a router stands before it, with the ladder.

Wraps the plan, bill and wait of what answers at once; what such an endpoint is made of stays its own business. A part
of a hybrid comes without a fallback: the hybrid's router has the ladder. What queues every request has none, so where
somebody waits for an answer at once it does not fit. Never touches AWS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from headway.architectures.candidate import Candidate
from headway.architectures.design import LiveDesign, Wait
from headway.architectures.hybrid_design import Design
from headway.architectures.ladder import ASSUMED, Flow, told
from headway.architectures.router_design import RouterDesign
from headway.architectures.router_path import (
    API_TIMEOUT_S,
    behind_router,
    fitting,
    refused,
    routed_wait,
    router_design,
    router_lines,
)
from headway.architectures.workload import Workload
from headway.assumptions import assume
from headway.bill.lines import Bill, Line
from headway.units import format_duration, format_usd


class Live(NamedTuple):
    """What a live architecture's module offers."""

    plan: Callable[[Workload], list[Candidate]]
    bill: Callable[[Any, Workload], Bill]
    wait: Callable[[Any, Workload], Wait]


def with_fallback(alone: Live) -> Live:
    """The same with a router and its ladder before the endpoint, for profiles and designs that have one."""

    def plan(workload: Workload) -> list[Candidate]:
        if not workload.profile.fallback:
            return alone.plan(workload)
        return [_routed(one, workload, alone) for one in alone.plan(behind_router(workload, workload))]

    def bill(design: LiveDesign, workload: Workload) -> Bill:
        own = alone.bill(design, workload)
        if design.router is None:
            return own
        return own + Bill(lines=_lines(design, workload, alone.wait(design, behind_router(workload, workload))))

    def wait(design: LiveDesign, workload: Workload) -> Wait:
        if design.router is None:
            return alone.wait(design, workload)
        return _later(design, workload, alone.wait(design, behind_router(workload, workload)))

    return Live(plan, bill, wait)


def waits_at_once(waiting: str, max_wait_s: float) -> bool:
    """Whether somebody holds the line for an answer: a person or a system, no longer than an HTTP API does.

    Only they have use for a fallback. Others are served by a queue, which keeps their request until the model is back.

    >>> waits_at_once("user", 2.0), waits_at_once("user", 1800.0), waits_at_once("review", 2.0)
    (True, False, False)
    """
    return waiting in ("user", "workflow") and max_wait_s <= API_TIMEOUT_S


def has_ladder(design: Design | None) -> bool:
    """Whether something answers for a model of this design that fails."""
    router = getattr(design, "router", None)
    return isinstance(router, RouterDesign) and router.ladder is not None


def falling_back(candidate: Candidate, workload: Workload) -> Candidate:
    """The candidate; infeasible where whoever waits was promised an answer without the model, and it has none."""
    profile = workload.profile
    if not candidate.feasible or not profile.fallback or profile.router == "own" or has_ladder(candidate.design):
        return candidate
    if not waits_at_once(profile.latency.waiting, min(workload.demand.max_wait)):
        return candidate
    reason = (
        f"cannot fall back ({', '.join(profile.fallback)}): it queues every request, and whoever waits gets no answer "
        "while the model fails"
    )
    return candidate.model_copy(update={"feasible": False, "reason": reason})


def _later(design: LiveDesign, workload: Workload, own: Wait) -> Wait:
    """The endpoint's ``own`` wait with what router and ladder add."""
    found = routed_wait(own, workload)
    kept_s = assume("table.write") if design.router and design.router.cache else 0.0
    later = {name: getattr(found, name) + kept_s for name in ("p50_s", "p99_s", "at_percentile_s")}
    return found.model_copy(update=later)


def _lines(design: LiveDesign, workload: Workload, own: Wait) -> tuple[Line, ...]:
    """The router, its ladder and what they store; ``own`` is the endpoint's wait."""
    if design.router is None:
        return ()
    flow = Flow(True, workload.demand.per_month, own.p50_s)
    return router_lines(design.router, design, workload, [flow], kept_days=design.results_kept_days)


def _routed(candidate: Candidate, workload: Workload, alone: Live) -> Candidate:
    """The candidate behind a router: its design, bill and wait; what no router lets through is infeasible."""
    part = fitting(candidate)
    if part is None or not isinstance(part.design, LiveDesign):
        return _explained(candidate, workload)
    problem = refused(workload, part)
    if problem:
        return candidate.model_copy(update={"feasible": False, "reason": f"its fallback needs a router: {problem}"})
    design = part.design.model_copy(
        update={
            "max_wait_s": min(workload.demand.max_wait),
            "router": router_design(workload, [part.flow]),
            "results_kept_days": int(assume("results.kept_days")),
        }
    )
    bill = alone.bill(design, workload) + Bill(lines=_lines(design, workload, part.wait))
    ladder = design.router.ladder if design.router else None
    costs = f"router and ladder cost {format_usd(bill.total.expected - part.bill.total.expected)} a month"
    facts = (told(ladder, costs),) if ladder else ()
    return candidate.model_copy(
        update={
            "design": design,
            "bill": bill,
            "wait": _later(design, workload, part.wait),
            "operations": workload.people(candidate.operations.hours + assume("operations.router")),
            "facts": (*candidate.facts, *facts),
            "assumptions": (*candidate.assumptions, "operations.router", "router.overhead", "router.cold_start",
                            "table.write", *ASSUMED),
        }
    )  # fmt: skip


def _explained(candidate: Candidate, workload: Workload) -> Candidate:
    """What is too slow behind a router might not be without: the reason says what the router takes."""
    if not candidate.reason.startswith("too slow"):
        return candidate
    whole = min(workload.demand.max_wait)
    taken = whole - min(behind_router(workload, workload).demand.max_wait)
    reason = f"{candidate.reason}: router and ladder take {format_duration(taken)} of {format_duration(whole)}"
    return candidate.model_copy(update={"reason": reason})
