"""A Plan in a terminal: the answer first, then what it was chosen from, why, and the bill line by line."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from headway.architectures.candidate import BacklogRun, Candidate
from headway.architectures.design import BatchDesign, Wait
from headway.architectures.hybrid_design import TieredDesign
from headway.planning.plan import Current, Plan, UsedAssumption
from headway.report.bill import print_bill
from headway.report.console import bullets, heading, new_table, usd, usd_range
from headway.units import format_duration, format_usd


def print_plan(out: Console, plan: Plan, *, details: bool = False) -> None:
    """Everything a plan says; ``details`` adds assumptions and where each price comes from, one by one."""
    print_answer(out, plan)
    heading(out, "Candidates")
    out.print(_candidates(plan))
    out.print()
    bullets(out, [f"{one.architecture}: {one.reason}" for one in plan.candidates if one.reason])
    if plan.choice is not None:
        heading(out, f"Why {plan.choice.architecture}")
        bullets(out, plan.choice.why)
    chosen = plan.chosen
    if chosen is not None and chosen.bill is not None:
        heading(out, f"Bill of {chosen.architecture}, a month of 730 hours in {plan.prices.region}")
        print_bill(out, chosen.bill, details=details)
        if plan.choice is not None and plan.choice.per_1000_requests is not None:
            out.print(f"{format_usd(plan.choice.per_1000_requests)} per 1,000 requests{_utilization(chosen)}.")
    if chosen is not None and chosen.backlog is not None:
        _print_once(out, "Backlog", chosen.backlog, details=details)
    if chosen is not None and chosen.first_load is not None:
        _print_once(out, "First load", chosen.first_load, details=details)
    if plan.current is not None:
        heading(out, "Today")
        out.print(Text(_current(plan.current, plan)))
    if plan.not_considered:
        heading(out, "Not considered")
        bullets(out, [f"{one.what}: {one.reason}" for one in plan.not_considered])
    _print_assumptions(out, plan.assumptions, plan.prices.as_of, details=details)
    if plan.warnings:
        heading(out, "Mind")
        bullets(out, plan.warnings)


def print_answer(out: Console, plan: Plan) -> None:
    """The question and its answer in one line each."""
    scaled = "" if plan.scale == 1 else f", {plan.scale:.4g} of its traffic"
    limits = limits_of(plan)
    wait = f" {' to '.join(dict.fromkeys([format_duration(limits[0]), format_duration(limits[-1])]))}" if limits else ""
    out.print(f"{plan.profile.name}{scaled}: how long can the people waiting really wait?{wait}")
    out.print(Text(verdict(plan), style="bold" if plan.choice else "bold yellow"))


def verdict(plan: Plan) -> str:
    """One line: the architecture, what it costs and how long people wait; or that nothing fits, and what to relax."""
    choice, design = plan.choice, plan.design
    if choice is None or design is None:
        relax = f"; closest is {plan.closest.architecture}, relax {plan.closest.relax}" if plan.closest else ""
        return f"nothing fits{relax}"
    limit = choice.wait.limit_s or design.max_wait_s
    unpriced = " and what has no price" if plan.chosen and plan.chosen.bill and plan.chosen.bill.unpriced else ""
    return (
        f"{choice.architecture}: {format_usd(choice.monthly.expected)} a month{unpriced}, "
        f"p{design.percentile:g} wait {format_duration(choice.wait.at_percentile_s)} (limit {format_duration(limit)})"
    )


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


def _candidates(plan: Plan) -> Table:
    table = new_table(
        "", "fits", "p50 wait", "p99 wait", "worst", "USD a month", "low to high", "operations", "total",
        right=("p50 wait", "p99 wait", "worst", "USD a month", "low to high", "operations", "total"),
    )  # fmt: skip
    for one in plan.candidates:
        won = plan.choice is not None and one.architecture == plan.choice.architecture
        table.add_row(
            one.architecture,
            "yes" if one.feasible else "no",
            *_waits(one.wait),
            "" if one.bill is None else usd(one.bill.total.expected) + ("+?" if one.bill.unpriced else ""),
            "" if one.bill is None else usd_range(one.bill.total, cents=one.bill.total.expected < 10),
            "" if one.bill is None else usd(one.operations.monthly),
            "" if one.bill is None else usd(one.bill.total.expected + one.operations.monthly),
            style="bold" if won else None,
        )
    return table


def _waits(wait: Wait | None) -> list[str]:
    if wait is None:
        return ["", "", ""]
    worst = "unbounded" if wait.worst_s is None else format_duration(wait.worst_s)
    return [format_duration(wait.p50_s), format_duration(wait.p99_s), worst]


def _utilization(candidate: Candidate) -> str:
    return "" if candidate.utilization is None else f"; instances are busy {candidate.utilization:.0%} of what is paid"


def _print_once(out: Console, what: str, run: BacklogRun, *, details: bool) -> None:
    heading(out, f"{what}, once: {run.items:,} items")
    out.print(
        f"Done in {format_duration(run.takes_s)} of the {format_duration(run.within_s)} allowed, "
        f"on {run.workers} {'worker' if run.workers == 1 else 'workers'}, "
        f"for {format_usd(run.bill.total.expected)} besides the month's bill."
    )
    out.print()
    print_bill(out, run.bill, period="once", details=details)


def _current(current: Current, plan: Plan) -> str:
    said = [
        f"USD {current.stated:,.0f} a month as stated" if current.stated is not None else "",
        f"USD {current.priced:,.0f} at this book's prices" if current.priced is not None else "",
    ]
    text = f"{current.description}: {', '.join(part for part in said if part) or 'no bill known'}."
    today = current.stated if current.stated is not None else current.priced
    if current.difference is not None and plan.choice is not None and today:
        way = "less" if current.difference >= 0 else "more"
        share = abs(current.difference) / today
        text += f" {plan.choice.architecture} costs {format_usd(abs(current.difference))} {way} ({share:.0%})."
    return text


def _print_assumptions(out: Console, used: tuple[UsedAssumption, ...], as_of: str, *, details: bool) -> None:
    if not details:
        out.print()
        out.print(f"Rests on {len(used)} assumptions and prices as of {as_of}; --details lists them.")
        return
    heading(out, "Assumptions")
    table = new_table("name", "value", "unit", "source", "as of", right=("value",), fold=("name", "value", "source"))
    for row in used:
        table.add_row(row.name, row.value, row.unit, row.source, row.as_of)
    out.print(table)
    out.print(f"Prices as of {as_of}.")
