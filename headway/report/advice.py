"""The savings waterfall and the advice in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from headway.advice import Advice, Step
from headway.report.console import bullets, heading, new_table, usd
from headway.units import format_usd


def print_waterfall(out: Console, steps: Sequence[Step]) -> None:
    """From what runs today to the choice, each step with what it saves."""
    if not steps:
        return
    heading(out, "Where the saving comes from, a month")
    first = float(steps[0].saves or steps[0].monthly)
    table = new_table("step", "USD", "saves", "", right=("USD", "saves"))
    for step in steps:
        share = "" if not step.saves or not first else f"{float(step.saves) / first:.1%} of the first bill"
        table.add_row(step.what, usd(step.monthly), usd(step.saves) if step.saves else "", Text(share, style="dim"))
    out.print(table)


def print_advice(out: Console, advice: Sequence[Advice]) -> None:
    """What to look at, each with its code and what it saves."""
    if not advice:
        return
    heading(out, "Advice")
    bullets(out, [_sentence(one) for one in advice])


def _sentence(one: Advice) -> str:
    saves = "" if one.saves is None else f" (saves {format_usd(one.saves)} a month)"
    return f"{one.code}: {one.message}{saves}"
