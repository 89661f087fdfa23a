"""What is paid once and what could be committed, in a terminal: both beside the monthly bill, never in it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from headway.advice import Commitment, OneOff
from headway.bill.lines import Range
from headway.report.console import bullets, heading
from headway.units import DAYS_PER_MONTH, format_usd


def print_one_off(out: Console, rows: Sequence[OneOff]) -> None:
    """Hours to build and migrate, and when they have paid for themselves."""
    if not rows:
        return
    heading(out, "Once, besides the month's bill")
    first = rows[0]
    work = [
        f"{hours:g} h to {what}"
        for what, hours in (("build", first.build_hours), ("migrate", first.migration_hours))
        if hours
    ]
    said = [
        f"{first.architecture} takes {' and '.join(work)}: {format_usd(first.cost)} at "
        f"{format_usd(first.hourly_cost, cents=False)} an hour (assumed: {', '.join(first.assumptions)})"
    ]
    bullets(out, [*said, *(_payback(row) for row in rows if row.saves is not None)])


def print_commitments(out: Console, rows: Sequence[Commitment]) -> None:
    """What a Savings Plan would save on the choice, and whether one on another endpoint would change the choice."""
    own = [row for row in rows if row.chosen]
    if not own:
        return
    heading(out, "Commitments, not in the bill")
    said = [_commitment(row) for row in own if row.instance_type]
    said += [f"nothing to commit: {note}" for note in dict.fromkeys(row.note for row in own if not row.instance_type)]
    said += [
        f"with every endpoint committed for {_years(row)} at {_share(row.discount.high)} off, "
        + (f"{row.right_at_most} would be right" if row.right_at_most != row.architecture else "the choice is the same")
        for row in own[-1:]
        if row.right_at_most and len(rows) > len(own)
    ]
    notes = [row.note for row in own if row.instance_type and row.note and row.instances.high]
    bullets(out, [*said, *dict.fromkeys(notes)])


def _payback(row: OneOff) -> str:
    saves = row.saves or 0
    if row.payback_months is None:
        how = "as much as" if not saves else f"{format_usd(-saves)} more than"
        return f"it costs {how} {row.against} a month, operations included: it does not pay back"
    note = f" ({row.note})" if row.note else ", operations included"
    against = row.against if row.more == row.cost else f"{row.against}, the cheapest simpler design"
    extra = "" if row.more == row.cost else f"{format_usd(row.more)} more once: "
    return f"against {against}: {extra}saves {format_usd(saves)} a month{note}, paid back {_time(row.payback_months)}"


def _time(months: float) -> str:
    if not months:
        return "at once"
    return f"in {months:.1f} months" if months >= 2 else f"in {max(1.0, months * DAYS_PER_MONTH):.0f} days"


def _commitment(row: Commitment) -> str:
    off = f"{_years(row)} at {_share(row.discount.low)} to {_share(row.discount.high)} off ({row.assumption})"
    if not row.instances.high:
        return f"{off}: nothing worth committing"
    if row.saves is None:
        return f"{off}: the on-demand price is unknown, and so is the saving"
    paid = "" if row.on_demand is None else f" of {format_usd(row.on_demand)}"
    return f"{off}: {_count(row.instances)} x {row.instance_type} saves {_span(row.saves)} a month{paid}"


def _count(instances: Range) -> str:
    return " to ".join(dict.fromkeys(f"{value:f}" for value in (instances.low, instances.high)))


def _span(amount: Range) -> str:
    return f"{format_usd(amount.low)} to {format_usd(amount.high)}"


def _share(value: object) -> str:
    return f"{value:.0%}"


def _years(row: Commitment) -> str:
    return "1 year" if row.years == 1 else f"{row.years} years"
