"""How much more a change may cost: an amount or a share, and the sentences that say what is above."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import NamedTuple, Self

from headway.diff.change import StackChange
from headway.errors import HeadwayError
from headway.units import format_usd


class Limit(NamedTuple):
    """The most that a bill may rise, for each environment and for all of them together."""

    amount: Decimal
    percent: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """A limit from ``500`` (USD a month) or ``10%`` (of the bill before).

        Raises:
            HeadwayError: Neither.

        >>> Limit.parse("10%"), Limit.parse("500").amount
        (Limit(amount=Decimal('10'), percent=True), Decimal('500'))
        """
        number = text.strip().removesuffix("%").strip()
        try:
            amount = Decimal(number)
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount < 0:
            raise HeadwayError(f"--max-increase {text!r}: write USD a month such as 500, or a share such as 10%")
        return cls(amount, text.strip().endswith("%"))

    def broken(self, what: str, change: Decimal, before: Decimal) -> str | None:
        """The sentence that says a rise is above the limit; None where it is not.

        A share of nothing says nothing: a new stack is held against an amount, or counts among all of them.
        """
        if self.percent:
            if not before or change / before * 100 <= self.amount:
                return None
            return (
                f"{what} would cost {change / before:.1%} more ({format_usd(change)} a month), above --max-increase of "
                f"{self.amount:f}%"
            )
        if change <= self.amount:
            return None
        return f"{what} would cost {format_usd(change)} a month more, above --max-increase of {format_usd(self.amount)}"


def broken_limits(stacks: Iterable[StackChange], limit: Limit | None) -> Iterator[str]:
    """Every budget and limit that the change breaks, one sentence each."""
    rows = list(stacks)
    for row in rows:
        if row.over is not None:
            yield f"{row.stack}: {row.over}"
    if limit is None:
        return
    known = [(row, row.change.expected) for row in rows if row.change is not None]
    for row, change in known:
        said = limit.broken(row.stack, change, _before(row))
        if said is not None:
            yield said
    if len(known) > 1:
        said = limit.broken(
            "all environments together", sum((change for _, change in known), Decimal(0)),
            sum((_before(row) for row, _ in known), Decimal(0)),
        )  # fmt: skip
        if said is not None:
            yield said


def _before(row: StackChange) -> Decimal:
    return row.before.monthly.expected if row.before is not None and row.before.monthly is not None else Decimal(0)
