"""plan(profile): every architecture planned, one chosen, all of it explained."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import log

from headway.architectures import ARCHITECTURES, HYBRIDS, Workload
from headway.architectures.candidate import Candidate
from headway.architectures.fallback import has_ladder
from headway.architectures.validating import checks_answers
from headway.assumptions import ASSUMPTIONS, row_of
from headway.bill.pricing import Pricing
from headway.errors import HeadwayError, nearest
from headway.planning.candidates import parts_of, rank_all
from headway.planning.current import price_current
from headway.planning.omissions import not_considered
from headway.planning.plan import (
    Choice,
    Closest,
    Plan,
    PricesReference,
    ProfileReference,
    UsedAssumption,
)
from headway.prices import PriceBook, load_book
from headway.profile import Profile
from headway.profile.calendar import clock_text, days_text
from headway.selection import Ranked, choose, explain_losers, margin
from headway.traffic import build_demand
from headway.units import format_duration, format_usd, span_text


def plan(
    profile: Profile,
    *,
    prices: PriceBook | None = None,
    scale: float = 1.0,
    only: str | None = None,
    reselect: bool = False,
    max_instances: int | None = None,
) -> Plan:
    """The cheapest, simplest architecture that meets the profile's wait, with its bill, and why the others lost.

    Args:
        profile: A validated profile.
        prices: The price book; the packaged snapshot unless given.
        scale: Share of the profile's traffic in this environment. The architecture is chosen on the whole traffic and
            only sized for the share, unless ``reselect``.
        only: Plan this architecture alone.
        reselect: Choose anew on the scaled traffic.
        max_instances: Most instances this environment may run at once.

    Raises:
        HeadwayError: An unknown region, instance type or architecture.

    >>> from headway import load_profile, plan
    >>> plan(load_profile("stacks/profiles/contact-form.yaml")).choice.architecture
    'serverless'
    """
    book = prices or load_book()
    book.check_region(profile.region)
    known = (*ARCHITECTURES, *HYBRIDS)
    if only is not None and only not in known:
        hint = nearest(only, known) or f"; there are {', '.join(known)}"
        raise HeadwayError(f"no architecture {only!r}{hint}")
    names = [only] if only else list(known)
    share = margin(profile.team.minimum_saving, profile.team.complexity_tolerance)
    demand = build_demand(profile, scale=scale)
    workload = Workload(profile, demand, Pricing(book, profile.region), max_instances, scale)
    forced, shape = None, dict[str, str]()
    if scale != 1.0 and not reselect:
        whole = Workload(profile, build_demand(profile), workload.pricing)
        full = choose(rank_all(names, whole, share), share)
        forced = full.candidate.architecture if full else None
        shape = parts_of(full.candidate) if full else {}
    ranked = rank_all(names, workload, share, shape)
    winner = choose([one for one in ranked if forced is None or one.candidate.architecture == forced], share)
    candidates = explain_losers(ranked, winner, share)
    return Plan(
        profile=ProfileReference(
            name=profile.name,
            digest=profile.digest,
            budget=profile.budget.monthly if profile.budget else None,
            waits=(min(demand.max_wait), max(demand.max_wait)),
        ),
        prices=PricesReference(region=profile.region, as_of=book.as_of),
        scale=scale,
        choice=_choice(winner, ranked, workload, forced, share) if winner else None,
        closest=None if winner else _closest(candidates, workload),
        candidates=candidates,
        not_considered=not_considered(workload),
        assumptions=_assumptions(profile, winner, candidates),
        warnings=_warnings(profile, winner),
        # What runs today serves all of the traffic: beside a share of it, it would be no comparison.
        current=price_current(profile, workload.pricing, winner.candidate if winner else None) if scale == 1 else None,
    )


def _choice(winner: Ranked, ranked: Sequence[Ranked], workload: Workload, forced: str | None, share: float) -> Choice:
    candidate = winner.candidate
    if candidate.bill is None or candidate.wait is None:
        raise AssertionError("a winner has a bill and a wait")
    requests = candidate.monthly_requests
    return Choice(
        architecture=candidate.architecture,
        why=_why(winner, ranked, workload, forced, share),
        monthly=candidate.bill.total,
        operations=candidate.operations,
        wait=candidate.wait,
        per_1000_requests=candidate.bill.total.expected / Decimal(str(requests)) * 1000 if requests else None,
        utilization=candidate.utilization,
    )


def _due(profile: Profile) -> str:
    """What makes the wait another at each hour, where results are due at a time of day."""
    ready = profile.latency.ready_by
    if ready is None:
        return ""
    when = "every day" if len(ready.days) == 7 else f"on {days_text(ready.days)}"
    return (
        f": what is there by {clock_text(ready.arrived_by)} is due at {clock_text(ready.time)} {when}, "
        f"and all within {format_duration(profile.latency.max_wait)}"
    )


def _why(
    winner: Ranked, ranked: Sequence[Ranked], workload: Workload, forced: str | None, share: float
) -> tuple[str, ...]:
    """The sentences a person would say for this choice, each with its numbers."""
    candidate, demand = winner.candidate, workload.demand
    why: list[str] = []
    waits = [format_duration(wait) for wait, _ in demand.regimes]
    limit = span_text(waits[0], waits[-1])
    if candidate.wait and candidate.architecture != "tiered":  # Its facts tell each tier's wait.
        at = format_duration(candidate.wait.at_percentile_s)
        at += " even in the worst hour" if candidate.wait.in_worst_hour else ""
        why.append(
            f"{demand.percentile:g} % of requests are ready within {at}; "
            f"people can wait {limit}{_due(workload.profile)}"
        )
    why += candidate.facts
    if forced:
        why.append(f"{forced} was chosen on the whole traffic; this environment only sizes it")
    rivals = sorted(
        ((one.total, one.candidate) for one in ranked if one is not winner and one.candidate.feasible and one.total),
        key=lambda pair: pair[0],
    )
    if rivals and winner.total is not None:
        total, rival = rivals[0]
        if total >= winner.total:
            why.append(
                f"{format_usd(total - winner.total)} a month less than {rival.architecture}, the next cheapest, "
                "operations included"
            )
        elif not forced:
            why.append(
                f"{rival.architecture} would save {format_usd(winner.total - total)} a month, less than the "
                f"{share:.0%} its {rival.operations.hours - candidate.operations.hours:g} more hours of operations "
                "must earn"
            )
    late = [one.candidate for one in ranked if not one.candidate.feasible]
    if late and not rivals:
        reasons: dict[str, list[str]] = {}
        for one in late:
            reasons.setdefault(one.reason, []).append(one.architecture)
        said = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())
        why.append(f"nothing else fits: {said}")
    return tuple(why)


def _closest(candidates: Sequence[Candidate], workload: Workload) -> Closest | None:
    """What to relax when nothing is feasible."""
    incomparable = [one for one in candidates if one.feasible]
    if incomparable:
        return Closest(architecture=incomparable[0].architecture, relax=incomparable[0].reason)
    # What would be in time and only breaks a limit comes closer than what is too slow.
    bound = [one for one in candidates if one.reason.startswith(("needs ", "its fallback needs "))]
    reasons = bound or [one for one in candidates if one.reason.startswith("too slow")] or list(candidates)
    if not reasons:
        return None
    tightest = format_duration(min(workload.demand.max_wait))
    closest = reasons[0]
    return Closest(
        architecture=closest.architecture,
        relax=f"latency.max_wait ({tightest}) or a faster model: {closest.reason}"
        if closest.reason.startswith("too slow")
        else _named(closest.reason),
    )


def _named(reason: str) -> str:
    """A reason that holds a fallback against a design, beginning with the field to relax."""
    return reason.replace("its fallback needs", "fallback, which needs").replace("cannot fall back", "fallback")


def _assumptions(
    profile: Profile, winner: Ranked | None, candidates: Sequence[Candidate]
) -> tuple[UsedAssumption, ...]:
    """Every default the profile left to Headway, then what the candidates assumed, the winner's first."""
    used = [UsedAssumption(**default._asdict()) for default in profile.defaults]
    names: dict[str, None] = {}
    for candidate in [*([winner.candidate] if winner else []), *candidates]:
        names.update(dict.fromkeys(candidate.assumptions))
        for line in candidate.bill.lines if candidate.bill else ():
            names.update(dict.fromkeys(line.assumptions))
    for name in names:
        if name in ASSUMPTIONS:
            row = row_of(name)
            value = f"{row.value:g}" if not isinstance(row.value, str) else row.value
            if row.low is not None and row.high is not None:
                value = f"{value} ({row.low:g} to {row.high:g})"
            used.append(
                UsedAssumption(
                    name=name, value=value, unit=row.unit, source=row.source, as_of=row.as_of,
                    observations=row.observations,
                )
            )  # fmt: skip
    return tuple(used)


def _warnings(profile: Profile, winner: Ranked | None) -> tuple[str, ...]:
    said: list[str] = []
    if winner and winner.candidate.bill:
        bill = winner.candidate.bill
        if bill.unpriced:
            said.append(f"the total leaves out what has no price here: {', '.join(dict.fromkeys(bill.unpriced))}")
        if profile.budget and bill.total.expected > profile.budget.monthly:
            said.append(
                f"expected {format_usd(bill.total.expected)} a month exceeds the budget of "
                f"{format_usd(profile.budget.monthly)}"
            )
    growth = profile.traffic.growth_per_month
    if growth > 0:
        months = log(1.5) / log(1 + growth)
        said.append(
            f"traffic grows {growth:.0%} a month and this plan is for today's: half as much again in {months:.0f} "
            "months; run `headway lock` then"
        )
    if winner and profile.fallback and not has_ladder(winner.candidate.design):
        why = (
            "your own router answers for a live part that fails"
            if profile.router == "own"
            else f"{winner.candidate.architecture} queues every request, which waits while the model fails and is "
            "tried again; nobody is answered at once"
        )
        said.append(f"fallback ({', '.join(profile.fallback)}) has no use here: {why}")
    if profile.model.validation is not None and winner and not checks_answers(winner.candidate.design):
        said.append(
            f"model.validation has no effect with {winner.candidate.architecture}: its answers go from the model to "
            "whoever asked; workers and micro-batches check theirs, and so does the router of a fallback"
        )
    if profile.model.container is None:
        said.append("no model.container: this can be planned and priced, but not provisioned")
    return tuple(said)
