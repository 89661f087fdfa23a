"""Precomputed: predicted requests answered ahead by batch and given from a table; the others go the live way.

What is saved is what the live path shrinks by, and its fixed cost falls only as far as its sizing does; what is never
asked for was computed for nothing, and is priced. Made of batch and a live path; never touches AWS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from headway.architectures.candidate import Candidate
from headway.architectures.design import Wait
from headway.architectures.filling import LIVE, ahead_bill, fill_time_s, filling, plan_fill
from headway.architectures.hybrid_design import PrecomputedDesign
from headway.architectures.ladder import ladder_facts
from headway.architectures.router_design import TableDesign
from headway.architectures.router_path import (
    Fitting,
    Parts,
    behind_router,
    fitting,
    refused,
    routed_wait,
    router_adds_s,
    router_design,
    shared_utilization,
)
from headway.architectures.table_watch import miss_watch
from headway.architectures.workload import Workload
from headway.assumptions import assume
from headway.profile import Precompute
from headway.sizing.caching import distinct_asked, zipf_hit_rate
from headway.sizing.mixture import Mixture
from headway.units import HOURS_PER_WEEK, format_duration, format_usd

WEEK_S = 604_800.0


def applies(workload: Workload) -> bool:
    """Whether the profile says what can be predicted."""
    return workload.profile.precompute is not None


def hit_rate(precompute: Precompute) -> float:
    """The share of requests whose answer is there: as given, or from their popularity.

    >>> from headway.profile import Popularity
    >>> popular = Popularity(zipf=0.9, catalogue=1_000_000)
    >>> round(hit_rate(Precompute(candidates=50_000, popularity=popular, refresh="24h", bytes="4KB")), 3)
    0.661
    """
    if precompute.popularity is None:
        return precompute.hit_rate or 0.0
    return zipf_hit_rate(precompute.candidates, precompute.popularity.catalogue, precompute.popularity.zipf)


def plan(workload: Workload, parts: Parts, shape: Sequence[str] = ()) -> list[Candidate]:
    """A table filled ahead before the best live path for what misses it, or why there is none."""
    del shape
    precompute = workload.profile.precompute
    if precompute is None:
        return [workload.infeasible("precomputed", "the profile has nothing to precompute")]
    items = max(1.0, precompute.candidates * min(1.0, workload.scale))
    within = fill_time_s(precompute.refresh)
    fill = plan_fill(
        workload, parts, items=items, period_s=precompute.refresh, within_s=within,
        model=workload.profile.model.model_copy(update={"response": precompute.bytes}),
    )  # fmt: skip
    filled = fitting(fill)
    if filled is None:
        return [workload.infeasible("precomputed", f"filling {items:,.0f} answers: {fill.reason}")]
    rate = hit_rate(precompute)
    live = parts(LIVE, _misses(workload, rate), ())
    missed = fitting(live)
    if missed is None:
        return [workload.infeasible("precomputed", f"what misses: {live.architecture} {live.reason}")]
    problem = refused(workload, missed)
    if problem:
        return [workload.infeasible("precomputed", problem)]
    return [_candidate(workload, precompute, rate, items, filled, missed)]


def _misses(workload: Workload, rate: float) -> Workload:
    """What reaches the live path, behind the router and its look in the table."""
    demand, profile = workload.demand, workload.profile
    left = 1 - rate
    flow = replace(
        demand,
        mean=tuple(each * left for each in demand.mean),
        peak=tuple(each * left for each in demand.peak),
        max_wait=tuple(max(1e-3, wait - assume("table.read")) for wait in demand.max_wait),
    )
    alone = profile.model_copy(update={"precompute": None, "features": None, "tiers": ()})
    return behind_router(replace(workload, profile=alone, demand=flow), workload)


def _candidate(
    workload: Workload, precompute: Precompute, rate: float, items: float, fill: Fitting, live: Fitting
) -> Candidate:
    within = fill_time_s(precompute.refresh)
    router = router_design(workload, [live.flow])
    table = TableDesign(
        item_bytes=precompute.bytes + int(assume("table.overhead_bytes")), expires_s=int(precompute.refresh + within)
    )
    design = PrecomputedDesign(
        **workload.base_design(),
        table=table, fill=filling(fill), live=live.design, router=router, candidates=int(items),
        refresh_s=precompute.refresh, hit_rate=rate,
        miss_watch=miss_watch(rate, workload.demand.per_week / HOURS_PER_WEEK),
    )  # fmt: skip
    monthly = workload.demand.per_month
    return Candidate(
        architecture="precomputed",
        feasible=True,
        reason="",
        design=design,
        bill=ahead_bill(workload, design, fill, live, rows=items),
        wait=_wait(workload, rate, live),
        operations=workload.people(
            live.operations_h + fill.operations_h + assume("operations.precomputed")
        ),
        utilization=shared_utilization((fill, live)),
        monthly_requests=monthly,
        backlog=live.candidate.backlog,
        facts=(
            *_facts(workload, precompute, rate, items, fill, live),
            *ladder_facts(router, design, workload, [live.flow], kept_days=design.fill.results_kept_days),
        ),
        assumptions=("operations.precomputed", "router.overhead", "router.cold_start", "table.read", "fill.share",
                     "table.hit_odds", "table.unforeseen", "watch.chance",
                     *live.candidate.assumptions, *fill.candidate.assumptions),
    )  # fmt: skip


def _wait(workload: Workload, rate: float, live: Fitting) -> Wait:
    """Hits are answered from the table, misses wait for the table and then for the live path."""
    missed = routed_wait(live.wait, workload)
    quietest = min((each for each in workload.demand.mean if each), default=0.0)
    read = assume("table.read")
    mixture = Mixture()
    mixture.add(np.array([router_adds_s(quietest, 0.5) + read]), rate)
    # Three points tell a miss's waits: half of them within the median, and the tail up to each percentile.
    points = np.array(
        [missed.p50_s, max(missed.p50_s, missed.at_percentile_s), max(missed.p99_s, missed.at_percentile_s)]
    )
    mixture.add(points + read, 1 - rate, np.array([0.5, 0.49, 0.01]))
    p50, p99, at = mixture.quantiles(0.5, 0.99, workload.percentile)
    return Wait(p50_s=p50, p99_s=p99, at_percentile_s=at, worst_s=missed.worst_s and missed.worst_s + read)


def _facts(
    workload: Workload, precompute: Precompute, rate: float, items: float, fill: Fitting, live: Fitting
) -> tuple[str, ...]:
    hits = workload.demand.per_week * rate * precompute.refresh / WEEK_S
    popular = precompute.popularity.zipf if precompute.popularity else 0.0
    unused = 1 - distinct_asked(int(items), hits, popular) / items
    spent = float(fill.bill.total.expected)
    return (
        f"{rate:.0%} of the requests are answered from {items:,.0f} answers computed every "
        f"{format_duration(precompute.refresh)}; an answer is at most "
        f"{format_duration(precompute.refresh + fill_time_s(precompute.refresh))} old",
        f"at least {unused:.0%} of them are never asked for: {format_usd(spent * unused)} of the "
        f"{format_usd(spent)} that filling costs",
        f"filling: {fill.said}",
        f"what misses: {live.candidate.architecture}, {live.said}",
    )
