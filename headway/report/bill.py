"""A bill line by line: what is used, at what price, and what is free or has no price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from headway.bill.lines import Bill, Line
from headway.report.console import bullets, new_table, print_table, quantity, unit_price, usd, usd_range

STATES = {"free": "free", "unpriced": "unpriced", "not_modelled": "not modelled"}
"""What stands in the amount's place; unknown is never zero."""


def print_bill(out: Console, bill: Bill, *, period: str = "a month", details: bool = False) -> None:
    """The lines of a bill under their services, and its total with what the total leaves out."""
    ranged = any(line.amount is not None and line.amount.low != line.amount.high for line in bill.lines)
    table = new_table(
        "service", "what", "quantity", "unit", "unit price", "USD", *(["low to high"] if ranged else []),
        right=("quantity", "unit price", "USD", "low to high"), fold=("service", "what", "unit"),
    )  # fmt: skip
    for service, line in grouped_lines(bill):
        _add_line(table, line, service, ranged)
    table.add_section()
    total = Text(f"total {period}{' of what has a price' if bill.unpriced else ''}", style="bold")
    cells: list[str | Text] = ["", total, "", "", "", Text(usd(bill.total.expected), style="bold")]
    table.add_row(*cells, *([usd_range(bill.total)] if ranged else []))
    print_table(out, table, spare=("unit price", "low to high", "unit", "quantity"))
    if bill.unpriced:
        names = ", ".join(dict.fromkeys(bill.unpriced))
        out.print(Text(f"The total leaves out what has no price in the book: {names}.", style="yellow"))
    if details:
        print_sources(out, bill)


def print_sources(out: Console, bill: Bill) -> None:
    """Where each price comes from, its date, how sure it is, and what the quantities rest on."""
    out.print()
    out.print(Text("Prices", style="bold"))
    for row in price_sources(bill):
        sure = f", {row.sure} confidence" if row.sure else ""
        bullets(out, [f"{row.price}: {', '.join(part for part in (row.source, row.as_of) if part)}{sure}"])
    used = {name: None for line in bill.lines for name in line.assumptions}
    if used:
        out.print()
        out.print(Text(f"The quantities assume {', '.join(used)}."))


class PriceSource(NamedTuple):
    """Where one price comes from."""

    price: str
    source: str
    as_of: str
    sure: str
    """``high``, ``medium`` or ``low`` confidence; may be empty."""


def price_sources(bill: Bill) -> list[PriceSource]:
    """Each price of a bill, once."""
    found = [
        PriceSource(f"{line.service} {line.meter}", line.source, line.as_of, line.confidence)
        for line in bill.lines
        if line.source
    ]
    return list(dict.fromkeys(found))


def grouped_lines(bill: Bill) -> Iterator[tuple[str, Line]]:
    """The lines of one service together, its name with the first of them."""
    previous = ""
    services = list(dict.fromkeys(line.service for line in bill.lines))
    for line in sorted(bill.lines, key=lambda one: services.index(one.service)):
        service = "SageMaker" if line.service.startswith("SageMaker") else line.service
        yield "" if service == previous else service, line
        previous = service


def _add_line(table: Table, line: Line, service: str, ranged: bool) -> None:
    amount = STATES.get(line.state) or (usd(line.amount.expected) if line.amount else "")
    price = "" if line.unit_price is None or line.state != "priced" else unit_price(line.unit_price)
    cells: list[str | Text] = [
        service,
        line.description,
        quantity(line.quantity.expected),
        line.unit,
        price,
        amount if line.state == "priced" else Text(amount, style="yellow" if line.state == "unpriced" else "dim"),
    ]
    if ranged:
        cells.append(usd_range(line.amount) if line.amount and line.state == "priced" else "")
    table.add_row(*cells)
