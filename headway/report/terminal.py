"""A Plan in a terminal: the answer first, then what it was chosen from, why, and the bill line by line."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from headway.architectures.candidate import BacklogRun
from headway.architectures.design import Wait
from headway.planning.plan import Plan, UsedAssumption
from headway.report.bill import print_bill
from headway.report.console import bullets, heading, new_table, print_table, usd, usd_range
from headway.report.words import of_all_hours, once, per_request, question, today, verdict
from headway.units import format_duration


def print_plan(out: Console, plan: Plan, *, details: bool = False) -> None:
    """Everything a plan says; ``details`` adds assumptions and where each price comes from, one by one."""
    print_answer(out, plan)
    heading(out, "Candidates")
    print_table(out, _candidates(plan), spare=("low to high", "worst", "p50 wait", "operations", "USD a month"))
    if (note := of_all_hours(plan)) is not None:
        out.print(note)
    out.print()
    bullets(out, [f"{one.architecture}: {one.reason}" for one in plan.candidates if one.reason])
    if plan.choice is not None:
        heading(out, f"Why {plan.choice.architecture}")
        bullets(out, plan.choice.why)
    chosen = plan.chosen
    if chosen is not None and chosen.bill is not None:
        heading(out, f"Bill of {chosen.architecture}, a month of 730 hours in {plan.prices.region}")
        print_bill(out, chosen.bill, details=details)
        if (said := per_request(plan)) is not None:
            out.print(said)
    if chosen is not None and chosen.backlog is not None:
        _print_once(out, "Backlog", chosen.backlog, details=details)
    if chosen is not None and chosen.first_load is not None:
        _print_once(out, "First load", chosen.first_load, details=details)
    if plan.current is not None:
        heading(out, "Today")
        out.print(Text(today(plan.current, plan)))
    if plan.not_considered:
        heading(out, "Not considered")
        bullets(out, [f"{one.what}: {one.reason}" for one in plan.not_considered])
    _print_assumptions(out, plan.assumptions, plan.prices.as_of, details=details)
    if plan.warnings:
        heading(out, "Mind")
        bullets(out, plan.warnings)


def print_answer(out: Console, plan: Plan) -> None:
    """The question and its answer in one line each."""
    out.print(question(plan))
    out.print(Text(verdict(plan), style="bold" if plan.choice else "bold yellow"))


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
            *waits(one.wait),
            "" if one.bill is None else usd(one.bill.total.expected) + ("+?" if one.bill.unpriced else ""),
            "" if one.bill is None else usd_range(one.bill.total, cents=one.bill.total.expected < 10),
            "" if one.bill is None else usd(one.operations.monthly),
            "" if one.bill is None else usd(one.bill.total.expected + one.operations.monthly),
            style="bold" if won else None,
        )
    return table


def waits(wait: Wait | None) -> list[str]:
    """Half, 99 % and all of them, as they are written in a table of candidates; empty where there is no design."""
    if wait is None:
        return ["", "", ""]
    worst = "unbounded" if wait.worst_s is None else format_duration(wait.worst_s)
    return [format_duration(wait.p50_s), format_duration(wait.p99_s), worst]


def _print_once(out: Console, what: str, run: BacklogRun, *, details: bool) -> None:
    heading(out, f"{what}, once: {run.items:,} items")
    out.print(once(run))
    out.print()
    print_bill(out, run.bill, period="once", details=details)


def _print_assumptions(out: Console, used: tuple[UsedAssumption, ...], as_of: str, *, details: bool) -> None:
    if not details:
        out.print()
        seen = sum(row.observations is not None for row in used)
        observed = f" ({seen} observed on the stack)" if seen else ""
        out.print(f"Rests on {len(used)} assumptions{observed} and prices as of {as_of}; --details lists them.")
        return
    heading(out, "Assumptions")
    table = new_table("name", "value", "unit", "source", "as of", right=("value",), fold=("name", "value", "source"))
    for row in used:
        table.add_row(row.name, row.value, row.unit, row.source, row.as_of)
    print_table(out, table, spare=("as of", "unit"))
    out.print(f"Prices as of {as_of}.")
