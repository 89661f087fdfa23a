"""A bill against the most it may be, and the lines that take it there."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from headway.bill.lines import Bill, Line
from headway.errors import HeadwayError
from headway.units import format_usd

MOST_LINES = 5
"""That an error names; a bill that needs more of them to pass its limit is above it in everything."""


def money_limit(value: Decimal | float | str, *, name: str) -> Decimal:
    """A limit in USD a month.

    Raises:
        HeadwayError: Not an amount above zero.

    >>> money_limit("500", name="max_monthly")
    Decimal('500')
    """
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0:
        raise HeadwayError(f"{name}: got {value!r}; an amount in USD a month above 0 is needed, such as 500")
    return amount


def lines_above(bill: Bill, limit: Decimal) -> tuple[Line, ...]:
    """The largest lines, largest first, up to the one with which they are above the limit; at most five.

    Empty where the expected bill is within the limit. What has no price is in no sum.
    """
    if bill.total.expected <= limit:
        return ()
    found: list[Line] = []
    total = Decimal(0)
    for amount, line in sorted(
        ((line.amount.expected, line) for line in bill.lines if line.amount is not None), key=lambda pair: -pair[0]
    ):
        found.append(line)
        total += amount
        if total > limit:
            break
    return tuple(found[:MOST_LINES])


def above(bill: Bill, limit: Decimal) -> str | None:
    """The lines that take a bill above its limit, as a part of a sentence; None where it is within.

    >>> from headway import price
    >>> usage = {"requests": "3000000", "duration": "1s", "memory": "512MB"}
    >>> above(price("lambda", usage, region="us-east-1"), Decimal(10))
    'largest line: duration x86 (Lambda) USD 25.00'
    """
    lines = lines_above(bill, limit)
    if not lines:
        return None
    said = [f"{line.description} ({line.service}) {format_usd(line.amount.expected)}" for line in lines if line.amount]
    return f"largest {'line' if len(said) == 1 else 'lines'}: {'; '.join(said)}"
