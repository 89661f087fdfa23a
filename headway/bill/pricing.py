"""Usage of one meter to one line: tiers, free tier, given rates, and the line that says a price is unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from headway.bill.lines import Line, Range, State
from headway.prices import Price, PriceBook, PriceError
from headway.prices.book import Purchase
from headway.units import to_decimal

Quantity = Range | int | float | Decimal


@dataclass(frozen=True)
class Pricing:
    """Which prices a bill is made with."""

    book: PriceBook
    region: str
    free_tier: bool = False
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    """Prices given by hand, by meter: they come before the book's."""


@dataclass(frozen=True)
class Context:
    """What a line says besides its meter and quantity."""

    description: str = ""
    assumptions: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()


def as_range(quantity: Quantity) -> Range:
    """A quantity as a range; a plain number is exact."""
    return quantity if isinstance(quantity, Range) else Range.exactly(quantity)


def metered(pricing: Pricing, service: str, meter: str, quantity: Quantity, context: Context) -> Line:
    """The line of ``quantity`` single things of a meter, in the meter's own unit, through its tiers.

    The free tier, where it is asked for, takes its allowance off first. Without a price the line is unpriced.
    """
    tiers = _tiers(pricing, service, meter)
    things = as_range(quantity)
    if tiers is None:
        return _line(service, meter, "unpriced", things, "", None, context)
    note = ""
    free = _allowance(pricing, service, meter)
    if free:
        things = things.each(lambda value: max(Decimal(0), value - free))
        note = f", after {free.normalize():f} free"
    per = tiers[0].per
    amount = things.each(lambda value: tiered_amount(value, tiers))
    shown = things.each(lambda value: value / per)
    return _line(service, meter, "priced", shown, tiers[0].unit, _PricedAt(tiers, amount), context, note)


def not_modelled(service: str, meter: str, unit: str, context: Context) -> Line:
    """A line for something that costs and whose amount is not worked out: named, never taken for nothing."""
    return _line(service, meter, "not_modelled", Range.exactly(1), unit, None, context)


FREE_TIER_NAMES = {
    "requests_x86": "requests", "requests_arm": "requests", "duration_x86": "duration", "duration_arm": "duration",
    "standard_requests": "requests", "fifo_requests": "requests", "standard_publish": "publishes",
    "storage_standard": "storage",
}  # fmt: skip
"""The free tier names some allowances once for several meters."""


def _allowance(pricing: Pricing, service: str, meter: str) -> Decimal:
    """Single things a month that the free tier, where asked for, takes off a meter."""
    if not pricing.free_tier:
        return Decimal(0)
    offered = pricing.book.allowances(pricing.region, service)
    allowance = offered.get(meter) or offered.get(FREE_TIER_NAMES.get(meter, ""))
    return allowance.amount if allowance else Decimal(0)


def instance_line(
    pricing: Pricing, service: str, instance_type: str, purchase: Purchase, hours: Quantity, context: Context
) -> Line:
    """The line of an instance's hours. Its meter is the purchase."""
    quantity = as_range(hours)
    rate = pricing.rates.get(purchase)
    if rate is not None:
        price = Price(rate, "instance-hour", "given", "", "given")
    else:
        try:
            price = pricing.book.instance(pricing.region, instance_type, purchase)
        except PriceError:
            if not any(instance_type in pricing.book.content[purchase].get(name, ()) for name in pricing.book.regions):
                raise
            named = _named(context, instance_type)
            line = _line(service, purchase, "unpriced", quantity, "instance-hour", None, named)
            return line.model_copy(update={"instance_type": instance_type})
    return instance_line_at(price, service, instance_type, purchase, quantity, context)


def instance_line_at(
    price: Price, service: str, instance_type: str, meter: str, hours: Quantity, context: Context
) -> Line:
    """The line of an instance's hours at a price that is already known."""
    quantity = as_range(hours)
    amount = quantity.each(lambda value: value * price.usd)
    line = _line(
        service, meter, "priced", quantity, price.unit, _PricedAt((price,), amount), _named(context, instance_type)
    )
    return line.model_copy(update={"instance_type": instance_type})


def _named(context: Context, instance_type: str) -> Context:
    said = f"{context.description}, {instance_type}" if context.description else instance_type
    return Context(said, context.assumptions, context.resource_types)


def tiered_amount(things: Decimal, tiers: Sequence[Price]) -> Decimal:
    """US dollars of ``things`` single things: each tier charges for what falls into it.

    >>> from headway.prices import load_book
    >>> tiers = load_book().tiers("us-east-1", "S3", "standard_storage")
    >>> tiered_amount(Decimal(51_200 + 100), tiers)
    Decimal('1179.8000')
    """
    total = Decimal(0)
    for tier in tiers:
        if things <= tier.tier_from:
            break
        upto = things if tier.tier_to is None else min(things, tier.tier_to)
        total += (upto - tier.tier_from) / tier.per * tier.usd
    return total


@dataclass(frozen=True)
class _PricedAt:
    tiers: tuple[Price, ...]
    amount: Range


def _tiers(pricing: Pricing, service: str, meter: str) -> tuple[Price, ...] | None:
    rate = pricing.rates.get(meter)
    if rate is None:
        return pricing.book.find(pricing.region, service, meter)
    return _given(rate, _unit_of(pricing.book, service, meter))


@lru_cache(maxsize=256)
def _unit_of(book: PriceBook, service: str, meter: str) -> tuple[str, Decimal]:
    known = book.dearest(service, meter)
    return ("unit", Decimal(1)) if known is None else (known.unit, known.per)


def _given(rate: Decimal, unit: tuple[str, Decimal]) -> tuple[Price, ...]:
    return (Price(rate, unit[0], "given", "", "given", per=unit[1]),)


def _line(
    service: str,
    meter: str,
    state: State,
    quantity: Range,
    unit: str,
    priced: _PricedAt | None,
    context: Context,
    note: str = "",
) -> Line:
    first = priced.tiers[0] if priced else None
    amount = priced.amount if priced else None
    unit_price = None
    if priced and amount is not None and first is not None:
        unit_price = first.usd
        if len(priced.tiers) > 1 and quantity.expected > 0:
            unit_price = amount.expected / quantity.expected
        if first.usd == 0 and len(priced.tiers) == 1:
            state = "free"
    # Values are already of their types: validation would only cost time in the search.
    return Line.model_construct(
        description=(context.description or meter.replace("_", " ")) + note,
        service=service,
        meter=meter,
        state=state,
        quantity=quantity,
        unit=_plain_unit(unit),
        unit_price=unit_price,
        amount=amount,
        source=first.source if first else "",
        as_of=first.as_of if first else "",
        confidence=first.confidence if first else "",
        assumptions=context.assumptions,
        resource_types=context.resource_types,
    )


def _plain_unit(unit: str) -> str:
    return unit.removeprefix("1") if unit[:2] in ("1M", "1K") else unit


def scaled(quantity: Quantity, factor: Decimal | float) -> Range:
    """A quantity times a factor."""
    return as_range(quantity) * to_decimal(factor)


def used(*quantities: Quantity) -> bool:
    """Whether any of the quantities is more than nothing in some scenario."""
    return any(as_range(quantity).high > 0 for quantity in quantities)
