"""Filling a table ahead: batch on a schedule, its answers written as rows. What precomputed and features share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from headway.architectures import batch
from headway.architectures.candidate import Candidate
from headway.architectures.design import BatchDesign
from headway.architectures.hybrid_design import FeaturesDesign, PrecomputedDesign
from headway.architectures.queue_path import watching_lines
from headway.architectures.router_path import Fitting, Parts, router_lines, table_lines
from headway.architectures.workload import Workload
from headway.assumptions import assume
from headway.bill.lines import Bill
from headway.profile import Measurement, Model
from headway.traffic import Backlog, on_schedule, refreshes

FILL, LIVE = "fill", "live"
"""The parts' names."""
METRICS = ("Hits", "Misses", "RowAge")
"""Custom metrics that the router writes: the runtime emits these, the bill charges for these."""
SHORTEST_S = 900.0
"""Less than this leaves no time to start and to miss spot once."""


def fill_time_s(period_s: float) -> float:
    """How long a fill may take: a share of the time to the next one, and not a day's work."""
    return max(SHORTEST_S, min(assume("fill.longest"), assume("fill.share") * period_s))


def plan_fill(
    workload: Workload,
    parts: Parts,
    *,
    items: float,
    period_s: float,
    within_s: float,
    model: Model,
    first: int = 0,
    first_within_s: float = 0.0,
) -> Candidate:
    """Batch for ``items`` every ``period_s``, done ``within_s``; ``first`` items once at the start, as its backlog."""
    profile = workload.profile.model_copy(
        update={
            "model": model,
            "tiers": (),
            "features": None,
            "precompute": None,
            "fallback": (),
            "availability": "standard",
        }
    )
    demand = on_schedule(workload.demand, refreshes(period_s, items), within_s)
    if first:
        demand = replace(demand, backlog=Backlog(first, first_within_s))
    filling = replace(workload, profile=profile, demand=demand)
    found = parts(FILL, filling, ("batch",))
    if not isinstance(found.design, BatchDesign):
        return found
    design = found.design.model_copy(update={"results_to": "table"})
    once = batch.backlog_run(design, filling)
    return found.model_copy(update={"design": design, "bill": batch.bill(design, filling), "backlog": once})


def filling(part: Fitting) -> BatchDesign:
    """The design of a fill, which is always batch's.

    Raises:
        TypeError: It is not: a part of another name was given.
    """
    if not isinstance(part.design, BatchDesign):
        raise TypeError(f"a fill is batch, not {part.design.architecture}")
    return part.design


def ahead_bill(
    workload: Workload, design: PrecomputedDesign | FeaturesDesign, fill: Fitting, live: Fitting, *, rows: float
) -> Bill:
    """The router, the table with its ``rows``, the fill that writes them and the live part that is asked besides."""
    monthly = workload.demand.per_month
    own = Bill(
        lines=(
            *router_lines(design.router, design, workload, [live.flow], kept_days=design.fill.results_kept_days,
                          answered=monthly - live.monthly_requests),
            *table_lines(design.table, workload, rows=rows, writes=fill.monthly_requests, reads=monthly,
                         metrics=len(METRICS)),
            *watching_lines(design, design.alarms, workload),
        )
    )  # fmt: skip
    return Bill.of_parts({"": own, FILL: fill.bill, LIVE: live.bill})


def share_of_work(measured: Sequence[Measurement], share: float) -> tuple[Measurement, ...]:
    """Measurements of a share of the work."""
    return tuple(
        one.model_copy(
            update={
                "seconds": one.seconds * share,
                "p50": None if one.p50 is None else one.p50 * share,
                "p99": None if one.p99 is None else one.p99 * share,
            }
        )
        for one in measured
    )
