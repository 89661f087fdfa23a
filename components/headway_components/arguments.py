"""What a component is told, checked before anything of it is made: its arguments' names, its bill, its limit."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from headway.bill.limit import above, money_limit
from headway.bill.lines import Bill
from headway.errors import HeadwayError, nearest, problem_text
from headway.units import format_usd
from headway_components.site import Wiring

ENDS = ("low", "expected", "high")


class Priced(Wiring, total=False):
    """What any component may be told of its cost, beside its wiring."""

    monthly_bill: Bill | Mapping[str, Any]
    """A `Bill` (a plan's ``chosen.bill``), its JSON, or ``low``, ``expected`` and ``high`` alone. It becomes an output,
    and an input that every preview shows."""
    max_monthly: Decimal | float | str
    """The most USD a month that the expected bill may be. Above it the program fails, in preview too, and names the
    lines that take it there."""


def checked(name: str, args: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """A component's inputs, once its arguments are known and its bill is within its limit.

    Raises:
        HeadwayError: As `known` and `priced` say.
    """
    known(name, args, kind)
    return priced(name, args)


def known(name: str, args: Mapping[str, Any], kind: type) -> None:
    """Refuse an argument that ``kind``, the TypedDict of a component's arguments, does not have.

    Raises:
        HeadwayError: There is one; with the nearest that there is.
    """
    takes = kind.__annotations__
    for given in args:
        if given not in takes:
            hint = nearest(given, takes) or f"; it takes {', '.join(sorted(takes))}"
            raise HeadwayError(f"{name}: there is no argument {given!r}{hint}")


def priced(name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that tell a component's bill and limit, where it was told them.

    Raises:
        HeadwayError: The expected bill is above ``max_monthly``, or there is a limit and no bill to hold against it.
    """
    bill, ends = _bill(name, args.get("monthly_bill"))
    inputs: dict[str, Any] = {} if ends is None else {"monthlyBill": ends}
    if args.get("max_monthly") is None:
        return inputs
    limit = money_limit(args["max_monthly"], name=f"{name}: max_monthly")
    if ends is None or "expected" not in ends:
        raise HeadwayError(f"{name}: max_monthly needs monthly_bill, the plan's `chosen.bill`, to be held against")
    expected = Decimal(ends["expected"]) if bill is None else bill.total.expected
    if expected > limit:
        lines = above(bill, limit) if bill is not None else None
        raise HeadwayError(
            f"{name} would cost {format_usd(expected, cents=True)} a month, above max_monthly of "
            f"{format_usd(limit, cents=True)}; {lines or 'give the whole Bill to see its largest lines'}"
        )
    return {**inputs, "maxMonthly": f"{limit:f}"}


def monthly_ends(args: Mapping[str, Any]) -> dict[str, str] | None:
    """Low, expected and high of the bill that a component was told, as its output."""
    return _bill("", args.get("monthly_bill"))[1]


def _bill(name: str, given: Bill | Mapping[str, Any] | None) -> tuple[Bill | None, dict[str, str] | None]:
    if given is None:
        return None, None
    if not isinstance(given, Bill) and "lines" not in given:
        return None, {end: str(value) for end, value in given.items() if end in ENDS}
    try:
        bill = given if isinstance(given, Bill) else Bill.model_validate(given)
    except ValidationError as error:
        raise HeadwayError(f"{name}: monthly_bill is no Bill: {problem_text(error.errors()[0])}") from None
    return bill, {end: f"{getattr(bill.total, end):.2f}" for end in ENDS}
