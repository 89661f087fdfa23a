"""The console that every command prints to, and the few shapes that every report is made of."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import IO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from headway.bill.lines import Range
from headway.units import format_usd

WIDTH = 100
"""Columns of a report; a narrower terminal gets its own width."""
BETWEEN = 2
"""Columns between two cells."""
FOLDED = 12
"""Columns that a cell has at least, where its lines may break."""


def console(file: IO[str] | None = None) -> Console:
    """A console as wide as a report, without colour where the output is no terminal."""
    out = Console(file=file or sys.stdout, highlight=False, soft_wrap=False, emoji=False, markup=False)
    out.width = min(out.width, WIDTH) if out.is_terminal else WIDTH
    return out


def heading(out: Console, text: str) -> None:
    """A section's title, with a blank line before it."""
    out.print()
    out.print(Text(text, style="bold"))


def bullets(out: Console, sentences: tuple[str, ...] | list[str]) -> None:
    """Sentences as an indented list; a long one continues under its own beginning."""
    for sentence in sentences:
        row = Table.grid(padding=(0, 1, 0, 0))
        row.add_row("-", Text(sentence))
        out.print(Padding(row, (0, 0, 0, 2)))


def new_table(*columns: str, right: tuple[str, ...] = (), fold: tuple[str, ...] = ()) -> Table:
    """A quiet table: a rule under the header, numbers to the right; only ``fold`` columns may break their lines."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", show_edge=False)
    for column in columns:
        table.add_column(
            column, justify="right" if column in right else "left", no_wrap=column not in fold, overflow="fold"
        )
    return table


def print_table(out: Console, table: Table, *, spare: Sequence[str] = ()) -> None:
    """A table; on a narrow terminal without its ``spare`` columns, the first of them first, until the rest fits."""
    left = list(spare)
    while left and sum(_least(column) + BETWEEN for column in table.columns) > out.width + BETWEEN:
        name = left.pop(0)
        table.columns = [column for column in table.columns if column.header != name]
    for column in table.columns:
        column.min_width = _least(column) if not column.no_wrap else None
    out.print(table)


def _least(column: Column) -> int:
    """What a column must have: its widest cell, or where lines may break some of it."""
    cells = [column.header, *column.cells]
    widest = max((cell_len(line) for cell in cells for line in str(cell).splitlines()), default=0)
    return widest if column.no_wrap else min(FOLDED, widest)


def usd(amount: Decimal) -> str:
    """An amount in a column headed USD: whole dollars from 100, cents below, a fraction of a cent as such.

    >>> usd(Decimal("8400.4")), usd(Decimal("3.456")), usd(Decimal("0.0004")), usd(Decimal(0))
    ('8,400', '3.46', '< 0.01', '0.00')
    """
    return "< 0.01" if 0 < amount < Decimal("0.005") else format_usd(amount).removeprefix("USD ")


def usd_range(amount: Range, *, cents: bool | None = None) -> str:
    """Low and high of an amount, or nothing where they are (or are written) the same.

    >>> usd_range(Range.of(310, 412, 530)), usd_range(Range.exactly(3))
    ('310 to 530', '')
    """
    if amount.low == amount.high:
        return ""
    low, high = _bare(amount.low, cents), _bare(amount.high, cents)
    return "" if low == high else f"{low} to {high}"


def quantity(value: Decimal) -> str:
    """A quantity to at most four significant figures below a thousand, thousands separated above.

    >>> [quantity(Decimal(text)) for text in ("1234567.8", "730", "12.3456", "0.00012", "0")]
    ['1,234,568', '730', '12.35', '0.00012', '0']
    """
    if abs(value) >= 1000:
        return f"{value.quantize(Decimal(1), ROUND_HALF_UP):,}"
    text = f"{Decimal(f'{value:.4g}'):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def unit_price(value: Decimal) -> str:
    """A unit price as AWS writes it: at least cents, at most six significant figures.

    >>> unit_price(Decimal("0.0000166667")), unit_price(Decimal("1.006")), unit_price(Decimal("3"))
    ('0.0000166667', '1.006', '3.00')
    """
    text = f"{Decimal(f'{value:.6g}'):f}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def _bare(amount: Decimal, cents: bool | None) -> str:
    return format_usd(amount, cents=cents).removeprefix("USD ")
