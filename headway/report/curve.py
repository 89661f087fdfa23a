"""The cost of waiting and the break-evens in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from headway.advice import BreakEven, CurvePoint
from headway.report.console import bullets, heading, new_table, usd
from headway.units import format_duration

WIDEST = 40
"""Columns of the longest bar."""


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
    out.print(table)
    if changes:
        heading(out, "When another architecture would be right")
        bullets(out, [_sentence(change) for change in changes])


def _sentence(change: BreakEven) -> str:
    then = f"{change.architecture} is right" if change.architecture else "nothing makes the wait"
    if change.direction == "hit_rate":
        return f"below a hit rate of {change.factor:.0%} {change.architecture} costs less, operations included"
    side = "from" if change.direction == "up" else "down to"
    when = f", in {change.months:g} months of declared growth" if change.months else ""
    return f"{side} {change.factor:g} x today's traffic ({change.per_month:,.0f} requests a month) {then}{when}"
