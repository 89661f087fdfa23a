"""Features: the stable part of the work computed ahead for each entity, joined with the live part at request time.

The live path shrinks by the stable share; batch computes what changed at each refresh, and everything once at first.
No feature is older than the profile's freshness: the refresh is the longest whose time and whose filling fit in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from headway.architectures.candidate import BacklogRun, Candidate
from headway.architectures.design import Wait
from headway.architectures.filling import LIVE, SHORTEST_S, ahead_bill, fill_time_s, filling, plan_fill, share_of_work
from headway.architectures.hybrid_design import FeaturesDesign
from headway.architectures.ladder import ladder_facts
from headway.architectures.router_design import TableDesign
from headway.architectures.router_path import (
    Fitting,
    Parts,
    behind_router,
    fitting,
    refused,
    routed_wait,
    router_design,
    shared_utilization,
)
from headway.architectures.table_watch import age_watch, miss_watch
from headway.architectures.workload import Workload
from headway.assumptions import assume
from headway.bill import services
from headway.bill.lines import Bill
from headway.profile import Features
from headway.units import HOURS_PER_WEEK, format_duration

JOINS = ("realtime", "serverless")
"""What the router can ask with the features in hand."""
PERIODS_S = (604_800.0, 86_400.0, 43_200.0, 28_800.0, 21_600.0, 14_400.0, 10_800.0, 7_200.0, 3_600.0)
"""Times between refreshes that are tried; those that people can keep in mind."""


def applies(workload: Workload) -> bool:
    """Whether the profile says what is stable."""
    return workload.profile.features is not None


def refresh_of(features: Features) -> tuple[float, float] | None:
    """Seconds between refreshes and for each to be done, so that no feature is older than ``freshness``.

    >>> spec = {"stable_share": 0.8, "entities": 10, "bytes": "2KB"}
    >>> refresh_of(Features(**spec, freshness="30h")), refresh_of(Features(**spec, freshness="24h"))
    ((86400.0, 21600), (43200.0, 10800.0))
    """
    for period in PERIODS_S:
        within = min(fill_time_s(period), features.freshness - period)
        if within >= SHORTEST_S:
            return period, within
    return None


def changed_share(features: Features, period_s: float) -> float:
    """The share of entities that change in a period, where ``changed_share`` is that of the freshness period."""
    return float(1 - (1 - features.changed_share) ** (period_s / features.freshness))


def plan(workload: Workload, parts: Parts, shape: Sequence[str] = ()) -> list[Candidate]:
    """A feature table filled ahead before a live path for the rest of the work, or why there is none."""
    del shape
    features = workload.profile.features
    if features is None:
        return [workload.infeasible("features", "the profile names no stable features")]
    refresh = refresh_of(features)
    if refresh is None:
        return [
            workload.infeasible(
                "features",
                f"features no older than {format_duration(features.freshness)} would be filled more often than every "
                f"{format_duration(PERIODS_S[-1])}",
            )
        ]
    period, within = refresh
    entities = max(1, round(features.entities * min(1.0, workload.scale)))
    model = workload.profile.model
    stable = model.model_copy(
        # What is computed ahead is no answer: what answers are checked for does not hold of it.
        update={
            "measured": share_of_work(model.measured, features.stable_share),
            "response": features.bytes,
            "validation": None,
        }
    )
    fill = plan_fill(
        workload, parts, items=entities * changed_share(features, period), period_s=period, within_s=within,
        model=stable, first=entities, first_within_s=max(86_400.0, features.freshness),
    )  # fmt: skip
    filled = fitting(fill)
    if filled is None:
        return [workload.infeasible("features", f"filling {entities:,} entities: {fill.reason}")]
    live = parts(LIVE, _live(workload, features), JOINS)
    joined = fitting(live)
    if joined is None:
        return [workload.infeasible("features", f"the live part: {live.architecture} {live.reason}")]
    problem = refused(workload, joined)
    if problem:
        return [workload.infeasible("features", problem)]
    return [_candidate(workload, features, entities, (period, within), filled, joined)]


def _first_load(workload: Workload, design: FeaturesDesign, fill: Fitting) -> BacklogRun | None:
    """Every entity's row once, before the first request."""
    run = fill.candidate.backlog
    if run is None:
        return None
    rows = services.dynamodb(
        workload.pricing, writes=run.items, item_bytes=design.table.item_bytes, description="rows of the first load"
    )
    return run.model_copy(update={"bill": run.bill + Bill(lines=rows)})


def _live(workload: Workload, features: Features) -> Workload:
    """Requests with the stable part of their work taken off, behind the router and its look in the table."""
    demand, profile = workload.demand, workload.profile
    model = profile.model
    # What is not stable is still measured in whole calls: the live share of each.
    rest = model.model_copy(update={"measured": share_of_work(model.measured, 1 - features.stable_share)})
    left = tuple(max(1e-3, wait - assume("table.read")) for wait in demand.max_wait)
    alone = profile.model_copy(update={"model": rest, "features": None, "precompute": None, "tiers": ()})
    return behind_router(replace(workload, profile=alone, demand=replace(demand, max_wait=left)), workload)


def _candidate(
    workload: Workload,
    features: Features,
    entities: int,
    refresh: tuple[float, float],
    fill: Fitting,
    live: Fitting,
) -> Candidate:
    period, within = refresh
    router = router_design(workload, [live.flow])
    known, per_hour = 1 - assume("features.unknown"), workload.demand.per_week / HOURS_PER_WEEK
    design = FeaturesDesign(
        **workload.base_design(),
        table=TableDesign(
            item_bytes=features.bytes + int(assume("table.overhead_bytes")),
            # What does not change is right however old its row: only whoever has left is to be forgotten.
            expires_s=int(max(assume("features.kept"), 4 * features.freshness)),
        ),
        fill=filling(fill), live=live.design, router=router, entities=entities, refresh_s=period,
        oldest_s=period + within, miss_watch=miss_watch(known, per_hour),
        age_watch=age_watch(changed_share(features, period), known * per_hour),
    )  # fmt: skip
    monthly = workload.demand.per_month
    wait, read = routed_wait(live.wait, workload), assume("table.read")
    return Candidate(
        architecture="features",
        feasible=True,
        reason="",
        design=design,
        bill=ahead_bill(workload, design, fill, live, rows=entities),
        wait=Wait(
            p50_s=wait.p50_s + read, p99_s=wait.p99_s + read, at_percentile_s=wait.at_percentile_s + read,
            in_worst_hour=wait.in_worst_hour,
        ),
        operations=workload.people(live.operations_h + fill.operations_h + assume("operations.features")),
        utilization=shared_utilization((fill, live)),
        monthly_requests=monthly,
        first_load=_first_load(workload, design, fill),
        facts=(
            f"{features.stable_share:.0%} of the work is computed ahead for {entities:,} entities, "
            f"{changed_share(features, period):.0%} of them at each refresh, every {format_duration(period)}; a "
            f"feature is at most {format_duration(period + within)} old, {format_duration(features.freshness)} are "
            "allowed",
            f"filling: {fill.said}",
            f"the live part: {live.candidate.architecture}, {live.said}",
            *ladder_facts(router, design, workload, [live.flow], kept_days=design.fill.results_kept_days),
        ),
        assumptions=("operations.features", "router.overhead", "router.cold_start", "table.read", "fill.share",
                     "table.hit_odds", "table.unforeseen", "features.unknown", "features.kept", "watch.chance",
                     *live.candidate.assumptions, *fill.candidate.assumptions),
    )  # fmt: skip
