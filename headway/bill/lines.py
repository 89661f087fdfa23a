"""A bill and its lines: the four states of a line, ranges, totals. No AWS service is known here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, computed_field

from headway.units import Money, to_decimal

State = Literal["priced", "free", "unpriced", "not_modelled"]


class Range(BaseModel):
    """Low, expected and high of one quantity or amount.

    >>> Range.of(1, 2, 4) + Range.exactly(1)
    Range(low=Decimal('2'), expected=Decimal('3'), high=Decimal('5'))
    """

    model_config = ConfigDict(frozen=True)
    low: Money
    expected: Money
    high: Money

    @classmethod
    def exactly(cls, value: Decimal | float) -> Self:
        """A quantity that does not depend on anything unknown."""
        exact = to_decimal(value)
        return cls(low=exact, expected=exact, high=exact)

    @classmethod
    def of(cls, low: Decimal | float, expected: Decimal | float, high: Decimal | float) -> Self:
        """A range from its three values, in any numeric type."""
        return cls(low=to_decimal(low), expected=to_decimal(expected), high=to_decimal(high))

    def each(self, change: Callable[[Decimal], Decimal]) -> Range:
        """The range with ``change`` applied to each of its three values."""
        return Range(low=change(self.low), expected=change(self.expected), high=change(self.high))

    def __add__(self, other: Range) -> Range:
        return Range(low=self.low + other.low, expected=self.expected + other.expected, high=self.high + other.high)

    def __mul__(self, factor: Decimal | float) -> Range:
        by = to_decimal(factor)
        return self.each(lambda value: value * by)


ZERO = Range.exactly(0)


class Line(BaseModel):
    """One meter of one AWS service on the bill.

    ``unit_price`` is the price of one ``unit``; where a quantity crosses tiers it is the average that the expected
    quantity pays, and ``amount`` is exact. An ``unpriced`` line has neither: unknown is never zero.
    """

    model_config = ConfigDict(frozen=True)
    description: str
    service: str
    meter: str
    state: State
    quantity: Range
    unit: str
    unit_price: Money | None = None
    amount: Range | None = None
    source: str = ""
    as_of: str = ""
    confidence: str = ""
    assumptions: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()
    """Pulumi types (``aws:sqs/queue:Queue``) whose cost this line carries: what coverage checks."""
    instance_type: str = ""
    """Of a line for instance hours, whose meter is the way of buying them."""


class Bill(BaseModel):
    """Lines and their total over a month of 730 hours. The total leaves unpriced lines out and says so."""

    model_config = ConfigDict(frozen=True)
    lines: tuple[Line, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def total(self) -> Range:
        """The sum of the priced lines, exactly."""
        total = ZERO
        for line in self.lines:
            if line.amount is not None:
                total = total + line.amount
        return total

    @computed_field  # type: ignore[prop-decorator]
    @property
    def unpriced(self) -> tuple[str, ...]:
        """``service.meter`` of the lines whose price is not in the book."""
        return tuple(f"{line.service}.{line.meter}" for line in self.lines if line.state == "unpriced")

    def __add__(self, other: Bill) -> Bill:
        return Bill(lines=self.lines + other.lines)

    @classmethod
    def sum(cls, bills: Iterable[Bill]) -> Bill:
        """One bill of several."""
        return cls(lines=tuple(line for bill in bills for line in bill.lines))

    @classmethod
    def of_parts(cls, parts: Mapping[str, Bill]) -> Bill:
        """One bill of a whole's parts, each line naming its part ('' for the whole's own).

        What is only named, without an amount, is named once.
        """
        lines: dict[tuple[str, ...], Line] = {}
        for part, bill in parts.items():
            for line in bill.lines:
                if line.state == "not_modelled":
                    lines.setdefault((line.service, line.meter, line.description), line)
                    continue
                said = f"{part}: {line.description}" if part else line.description
                lines[part, line.service, line.meter, line.description, str(len(lines))] = line.model_copy(
                    update={"description": said}
                )
        return cls(lines=tuple(lines.values()))
