"""A plan in sentences, the same on the terminal, in the pull request and on the page."""

from __future__ import annotations

from headway.architectures.candidate import BacklogRun, Candidate
from headway.architectures.design import BatchDesign, Wait
from headway.architectures.hybrid_design import TieredDesign
from headway.planning.plan import Current, Plan
from headway.units import format_duration, format_usd, span_text


def question(plan: Plan) -> str:
    """What was asked: of which workload, at what scale, and the waits that were promised."""
    scaled = "" if plan.scale == 1 else f", {plan.scale:.4g} of its traffic"
    limits = limits_of(plan) if isinstance(plan.design, TieredDesign) else plan.profile.waits or limits_of(plan)
    wait = f" {span_text(format_duration(limits[0]), format_duration(limits[-1]))}" if limits else ""
    return f"{plan.profile.name}{scaled}: how long can the people waiting really wait?{wait}"


def verdict(plan: Plan) -> str:
    """One line: the architecture, what it costs and how long people wait; or that nothing fits, and what to relax."""
    choice, design = plan.choice, plan.design
    if choice is None or design is None:
        if plan.closest is None:
            return "nothing fits"
        field = plan.closest.relax.startswith(("latency.", "fallback,"))
        return (
            f"nothing fits; closest is {plan.closest.architecture}{', relax ' if field else ': '}{plan.closest.relax}"
        )
    limit = choice.wait.limit_s or design.max_wait_s
    return (
        f"{choice.architecture}: {format_usd(choice.monthly.expected)} a month{without_price(plan)}, "
        f"p{design.percentile:g} wait {promised(choice.wait)} (limit {format_duration(limit)})"
    )


def promised(wait: Wait) -> str:
    """The wait that is held against the limit, and of which requests it is.

    >>> promised(Wait(p50_s=1, p99_s=2, at_percentile_s=2.5, in_worst_hour=True))
    '2.5 s in the worst hour'
    """
    return format_duration(wait.at_percentile_s) + (" in the worst hour" if wait.in_worst_hour else "")


def of_all_hours(plan: Plan) -> str | None:
    """Why the table of candidates tells another wait than the verdict; None where both tell the same."""
    if plan.choice is None or plan.design is None or not plan.choice.wait.in_worst_hour:
        return None
    return f"p50 and p99 are over all hours; the p{plan.design.percentile:g} of the first line is the worst hour's."


def without_price(plan: Plan) -> str:
    """What the choice's bill leaves out, for behind its total; nothing where everything has a price."""
    bill = plan.chosen.bill if plan.chosen else None
    missing = dict.fromkeys(bill.unpriced) if bill else ()
    return f" and what has no price ({', '.join(missing)})" if missing else ""


def limits_of(plan: Plan) -> list[float]:
    """The distinct waits that the chosen design promises, in seconds, shortest first; empty where nothing fits."""
    design = plan.design
    if design is None:
        return []
    promised = {design.max_wait_s}
    if isinstance(design, BatchDesign):
        promised = {rule.promise_s for rule in design.departures}
    if isinstance(design, TieredDesign):
        promised = {route.max_wait_s for route in design.routes}
    return sorted(promised)


def per_request(plan: Plan) -> str | None:
    """What a thousand requests cost and how busy the instances are; None where nothing was chosen."""
    choice, chosen = plan.choice, plan.chosen
    if choice is None or chosen is None or choice.per_1000_requests is None:
        return None
    return f"{format_usd(choice.per_1000_requests)} per 1,000 requests{_utilization(chosen)}."


def once(run: BacklogRun) -> str:
    """How a one-off pile of work gets done, and what for."""
    return (
        f"Done in {format_duration(run.takes_s)} of the {format_duration(run.within_s)} allowed, "
        f"on {run.workers} {'worker' if run.workers == 1 else 'workers'}, "
        f"for {format_usd(run.bill.total.expected)} besides the month's bill."
    )


def today(current: Current, plan: Plan) -> str:
    """What runs today, what it costs, and how much less the choice does."""
    said = [
        f"USD {current.stated:,.0f} a month as stated" if current.stated is not None else "",
        f"USD {current.priced:,.0f} at this book's prices" if current.priced is not None else "",
    ]
    text = f"{current.description}: {', '.join(part for part in said if part) or 'no bill known'}."
    paid = current.stated if current.stated is not None else current.priced
    if current.difference is not None and plan.choice is not None and paid:
        way = "less" if current.difference >= 0 else "more"
        share = abs(current.difference) / paid
        # 99.8 % less is not 100 % less.
        percent = f"{share:.1%}" if 0.99 < share < 1 else f"{share:.0%}"
        text += f" {plan.choice.architecture} costs {format_usd(abs(current.difference))} {way} ({percent})."
    return text


def _utilization(candidate: Candidate) -> str:
    return "" if candidate.utilization is None else f"; instances are busy {candidate.utilization:.0%} of what is paid"
