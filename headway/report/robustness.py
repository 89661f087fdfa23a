"""How sure the choice is, and what measuring is worth, in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from headway.advice import Case, Information
from headway.advice.ranking import Staying
from headway.report.console import bullets, heading, new_table
from headway.units import format_usd


def print_robustness(out: Console, cases: Sequence[Case]) -> None:
    """Whether the choice holds at both ends of each unknown; which one changes it, and to what."""
    if not cases:
        return
    heading(out, "How sure")
    changing = [case for case in cases if case.changes]
    held = [case for case in cases if not case.changes]
    said = [f"at {case.unknown} {case.value}, {_then(case)}" for case in changing]
    if held:
        which = f"all {len(cases)}" if not changing else f"{len(held)} of {len(cases)}"
        names = ", ".join(dict.fromkeys(case.unknown for case in held))
        totals = sorted(case.staying for case in held if case.staying is not None)
        span = f"; it costs {format_usd(totals[0])} to {format_usd(totals[-1])} a month there, operations included"
        said.append(
            f"{held[0].architecture} stays right in {which} cases: {names}, one at a time at the low and high end of "
            f"its range{span if totals else ''}"
        )
    bullets(out, said)


def print_information(out: Console, rows: Sequence[Information]) -> None:
    """The inputs that would change the choice if they were wrong, and what staying would lose."""
    if not rows:
        return
    heading(out, "What measuring is worth")
    changing = [row for row in rows if row.changes]
    same = [name for name in dict.fromkeys(row.input for row in rows) if name not in {row.input for row in changing}]
    if changing:
        table = new_table("if this is", "really", "then right is", "staying loses a month", fold=("if this is",))
        for row in changing:
            table.add_row(row.input, row.value, row.architecture or "nothing makes the wait", _loss(row))
        out.print(table)
    if same:
        bullets(out, [f"within half to twice its value nothing changes: {', '.join(same)}"])


def _then(case: Staying) -> str:
    if case.architecture is None:
        return "nothing makes the wait"
    return f"{case.architecture} is right: staying loses {_loss(case)} a month"


def _loss(case: Staying) -> str:
    if case.loses is None:
        return "the wait: it has no design there" if case.staying is None else "what has no price"
    return format_usd(case.loses) if case.loses else "nothing, simpler is enough"
