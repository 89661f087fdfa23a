"""Tiered: each tier of requests on the architecture that its own wait needs, behind one router.

Tiers may share a part: neighbours in patience are planned together where that is cheaper, for the tightest of their
waits. Queues are never shared between tiers with different waits: a queue has one age alarm, one last call and one
retention, and patient requests in front would make hurried ones late. Made of simple architectures; never touches AWS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from headway.architectures.candidate import Candidate
from headway.architectures.design import Wait
from headway.architectures.hybrid_design import Part, Route, TieredDesign
from headway.architectures.ladder import ladder_facts
from headway.architectures.queue_path import watching_lines
from headway.architectures.router_path import (
    Fitting,
    Parts,
    behind_router,
    fitting,
    refused,
    routed_wait,
    router_design,
    router_lines,
    shared_utilization,
)
from headway.architectures.workload import Workload
from headway.assumptions import assume
from headway.bill.lines import Bill, Line
from headway.bill.pricing import Context, not_modelled
from headway.profile import Tier
from headway.traffic import build_demand
from headway.units import format_duration

Group = tuple[str, ...]
"""Names of the tiers that share a part."""


def applies(workload: Workload) -> bool:
    """Whether the profile names tiers."""
    return bool(workload.profile.tiers)


def plan(workload: Workload, parts: Parts, shape: Sequence[str] = ()) -> list[Candidate]:
    """The cheapest way to give tiers parts, or why there is none; ``shape`` names the parts where they are given."""
    if not applies(workload):
        return [workload.infeasible("tiered", "the profile names no tiers")]
    tiers = sorted(workload.profile.tiers, key=lambda tier: _patience(workload, tier))
    best: dict[Group, Fitting] = {}
    reasons: list[str] = []
    for groups in _partitions([tier.name for tier in tiers]):
        if shape and {part_name(group) for group in groups} != set(shape):
            continue
        found = [_part(workload, parts, group) for group in groups]
        reasons += [one for one in found if isinstance(one, str)]
        fits = {group: one for group, one in zip(groups, found, strict=True) if not isinstance(one, str)}
        cost = sum(_total(one) for one in fits.values())
        if len(fits) == len(groups) and (not best or cost < sum(_total(one) for one in best.values())):
            best = fits
    if not best:
        return [workload.infeasible("tiered", min(reasons, key=len, default="no tier can be served"))]
    return [_candidate(workload, best)]


def part_name(group: Sequence[str]) -> str:
    """What a part is called: its tiers' names."""
    return "-".join(group)


def _candidate(workload: Workload, chosen: Mapping[Group, Fitting]) -> Candidate:
    flows = [part.flow for part in chosen.values()]
    router = None if workload.profile.router == "own" else router_design(workload, flows)
    of_tier = {name: part_name(group) for group in chosen for name in group}
    design = TieredDesign(
        **workload.base_design(),
        routes=tuple(_route(workload, tier, of_tier[tier.name]) for tier in _in_order(workload.profile.tiers)),
        parts=tuple(Part(name=part_name(group), design=part.design) for group, part in chosen.items()),
        router=router,
        results_kept_days=int(assume("results.kept_days")),
    )
    parts = list(chosen.values())
    kept_days = design.results_kept_days
    before: tuple[Line, ...] = (_own_router(),)
    ladder: tuple[str, ...] = ()
    if router is not None:
        before = router_lines(router, design, workload, flows, kept_days=kept_days)
        ladder = ladder_facts(router, design, workload, flows, kept_days=kept_days)
    own = Bill(lines=(*before, *watching_lines(design, design.alarms, workload)))
    bills = {part_name(group): part.bill for group, part in chosen.items()}
    return Candidate(
        architecture="tiered",
        feasible=True,
        reason="",
        design=design,
        bill=Bill.of_parts({"": own, **bills}),
        wait=_wait(workload, chosen),
        operations=workload.people(sum(part.operations_h for part in parts) + assume("operations.tiered")),
        utilization=shared_utilization(parts),
        monthly_requests=workload.demand.per_month,
        backlog=next((part.candidate.backlog for part in parts if part.candidate.backlog is not None), None),
        facts=(*(_fact(workload, group, part) for group, part in chosen.items()), *ladder),
        assumptions=tuple(
            dict.fromkeys((
                "operations.tiered", "router.overhead", "router.cold_start",
                *(() if router is None else ("router.result_reads",)),
                *(name for part in parts for name in part.candidate.assumptions),
            ))
        ),
    )  # fmt: skip


def _own_router() -> Line:
    """Named on the bill, so that nobody takes a router of one's own for nothing."""
    return not_modelled("yours", "router", "router-month", Context("your own router"))


def _group_workload(workload: Workload, group: Sequence[str]) -> Workload:
    """The group's share of the traffic with its own waits, as it comes from the router."""
    profile = workload.profile
    demand = build_demand(profile, scale=workload.scale, tiers=group)
    alone = profile.model_copy(update={"tiers": ()})
    return behind_router(replace(workload, profile=alone, demand=demand), workload)


def _part(workload: Workload, parts: Parts, group: Group) -> Fitting | str:
    """The best architecture for a group, or why there is none."""
    found = parts(part_name(group), _group_workload(workload, group), ())
    part = fitting(found)
    if part is None:
        return f"{' and '.join(group)}: {found.architecture} {found.reason}"
    # What a router of one's own lets through is its owner's to know.
    problem = refused(workload, part) if workload.profile.router == "included" else None
    return f"{' and '.join(group)}: {problem}" if problem else part


def _partitions(names: Sequence[str]) -> Iterator[tuple[Group, ...]]:
    """Every way to cut the tiers, in order of patience, into two groups or more.

    >>> list(_partitions(["a", "b", "c"]))
    [(('a',), ('b', 'c')), (('a', 'b'), ('c',)), (('a',), ('b',), ('c',))]
    """
    count = len(names)
    for cuts in sorted(range(1, 2 ** (count - 1)), key=lambda bits: bits.bit_count()):
        groups: list[tuple[str, ...]] = []
        current = [names[0]]
        for index in range(1, count):
            if cuts >> (index - 1) & 1:
                groups.append(tuple(current))
                current = []
            current.append(names[index])
        yield (*groups, tuple(current))


def _in_order(tiers: Sequence[Tier]) -> list[Tier]:
    """The order in which routes are tried: as declared, the one without a rule last."""
    return sorted(tiers, key=lambda tier: tier.when is None)


def _route(workload: Workload, tier: Tier, part: str) -> Route:
    when = tier.when
    last = _in_order(workload.profile.tiers)[-1].name == tier.name
    wait = min(build_demand(workload.profile, tiers=[tier.name]).max_wait)
    if when is None or last:
        # What no rule takes must go somewhere: to the last tier.
        return Route(tier=tier.name, share=tier.share, part=part, max_wait_s=wait)
    return Route(
        tier=tier.name, share=tier.share, part=part, max_wait_s=wait, field=when.field, equals=when.equals,
        any_of=when.in_ or (), above=when.above,
    )  # fmt: skip


def _patience(workload: Workload, tier: Tier) -> float:
    return min(build_demand(workload.profile, tiers=[tier.name]).max_wait)


def _wait(workload: Workload, chosen: Mapping[Group, Fitting]) -> Wait:
    """The waits of the group that comes closest to its limit, the router's part included."""
    limits = {group: min(build_demand(workload.profile, tiers=group).max_wait) for group in chosen}
    closest = max(chosen, key=lambda group: chosen[group].wait.at_percentile_s / limits[group])
    return routed_wait(chosen[closest].wait, workload, limits[closest])


def _fact(workload: Workload, group: Group, part: Fitting) -> str:
    share = sum(tier.share for tier in workload.profile.tiers if tier.name in group)
    limit = min(build_demand(workload.profile, tiers=group).max_wait)
    return (
        f"{' and '.join(group)} ({share:.0%} of the requests, {format_duration(limit)}): "
        f"{part.candidate.architecture}, ready within {format_duration(part.wait.at_percentile_s)}; {part.said}"
    )


def _total(part: Fitting) -> float:
    """A part's month, operations included."""
    return float(part.candidate.operations.monthly) + float(part.bill.total.expected)
