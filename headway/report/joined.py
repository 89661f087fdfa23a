"""What the command joins to a plan, in a terminal, in the order in which a reader asks for it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from headway.advice import BreakEven, CurvePoint, Information, Joined, Step
from headway.report import reasons
from headway.report.console import bullets, heading, new_table, print_table, usd
from headway.report.prices import age_sentence
from headway.units import format_duration

WIDEST = 40
"""Columns of the longest bar."""


def print_joined(out: Console, joined: Joined) -> None:
    """The waterfall, the advice, how sure it is, what is paid once; with a curve, that and what measuring is worth."""
    if (said := age_sentence(joined.price_age)) is not None:
        out.print()
        out.print(Text(f"Mind: {said}", style="yellow"))
    print_waterfall(out, joined.waterfall or ())
    _section(out, "Advice", [f"{one.code}: {reasons.advice_sentence(one)}" for one in joined.advice or ()])
    _section(out, "How sure", reasons.robustness_sentences(joined.robustness or ()))
    _section(out, "Once, besides the month's bill", reasons.one_off_sentences(joined.one_off or ()))
    _section(out, "Commitments, not in the bill", reasons.commitment_sentences(joined.commitments or ()))
    if joined.curve is not None:
        print_curve(out, joined.curve, joined.break_evens or ())
        print_information(out, joined.information or ())


def print_waterfall(out: Console, steps: Sequence[Step]) -> None:
    """From what runs today to the choice, each step with what it saves."""
    if not steps:
        return
    heading(out, "Where the saving comes from, a month")
    table = new_table("step", "USD", "saves", "", right=("USD", "saves"))
    for step in steps:
        share = reasons.share_of_first(step, steps)
        table.add_row(step.what, usd(step.monthly), usd(step.saves) if step.saves else "", Text(share, style="dim"))
    print_table(out, table, spare=("",))


def print_curve(out: Console, points: Sequence[CurvePoint], changes: Sequence[BreakEven]) -> None:
    """What each wait would cost a month, as bars; the volumes at which the choice changes."""
    heading(out, "What waiting costs, a month")
    dearest = max((float(point.monthly.expected) for point in points if point.monthly), default=0.0)
    table = new_table("max wait", "architecture", "USD", "", right=("max wait", "USD"))
    for point in points:
        name = format_duration(point.max_wait_s)
        if point.monthly is None:
            table.add_row(name, Text("nothing makes it", style="dim"), "", "")
            continue
        length = max(1, round(float(point.monthly.expected) / dearest * WIDEST)) if dearest else 0
        bar = "█" * length + ("  this workload" if point.own else "")
        style = "bold" if point.own else None
        table.add_row(name, point.architecture, usd(point.monthly.expected), bar, style=style)
    print_table(out, table, spare=("",))
    _section(out, "When another architecture would be right", [reasons.break_even_sentence(one) for one in changes])


def print_information(out: Console, rows: Sequence[Information]) -> None:
    """The inputs that would change the choice if they were wrong, and what staying would lose."""
    if not rows:
        return
    heading(out, "What measuring is worth")
    changing = [row for row in rows if row.changes]
    if changing:
        table = new_table("if this is", "really", "then right is", "staying loses a month", fold=("if this is",))
        for row in changing:
            table.add_row(row.input, row.value, row.architecture or "nothing makes the wait", reasons.loss(row))
        print_table(out, table, spare=("",))
    if (said := reasons.harmless_inputs(rows)) is not None:
        bullets(out, [said])


def _section(out: Console, title: str, sentences: Sequence[str]) -> None:
    """Sentences under a title, or nothing where there are none."""
    if sentences:
        heading(out, title)
        bullets(out, list(sentences))
