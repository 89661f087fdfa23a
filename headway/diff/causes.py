"""What a change of the bill comes from: prices, traffic, or the design. Each is priced by switching that one thing."""

from __future__ import annotations

from decimal import Decimal

from headway.bill.lines import Bill
from headway.diff.change import Causes
from headway.diff.lines import CENT, pairs
from headway.diff.sides import StackSide
from headway.errors import HeadwayError
from headway.planning.changes import FieldChange
from headway.planning.lock import plan_for

TRAFFIC_FIELDS = ("traffic", "headway:scale")
"""Fields of profile and settings that say how much work there is."""


def causes(before: StackSide, after: StackSide, fields: tuple[FieldChange, ...]) -> Causes | None:
    """The three shares of a change, which add up to it; None where a side has no bill.

    Prices: yesterday's quantities at today's unit prices, where the two plans rest on different books. Traffic: the old
    architecture sized for the new traffic against the old, everything else as it was. Design: what is left.
    """
    old, new = _bill(before), _bill(after)
    if old is None or new is None:
        return None
    total = new.total.expected - old.total.expected
    prices = _of_prices(before, after, old, new)
    left = total - prices
    if not any(_is_traffic(change.field) for change in fields):
        return Causes(prices=prices, traffic=Decimal(0), design=left)
    only_traffic = all(_is_traffic(change.field) for change in fields)
    if only_traffic and _architecture(before) == _architecture(after):
        return Causes(prices=prices, traffic=left, design=Decimal(0))
    traffic = _of_traffic(before, after)
    if traffic is None:
        return Causes(prices=prices, traffic=None, design=None)
    return Causes(prices=prices, traffic=traffic, design=left - traffic)


def _of_prices(before: StackSide, after: StackSide, old: Bill, new: Bill) -> Decimal:
    """Old quantities, new less old unit price, over the lines that both bills have."""
    if before.plan is None or after.plan is None or before.plan.prices == after.plan.prices:
        return Decimal(0)
    found = Decimal(0)
    for was, now in pairs(old, new):
        if was is None or now is None or was.unit_price is None or now.unit_price is None:
            continue
        found += was.quantity.expected * (now.unit_price - was.unit_price)
    return found if abs(found) >= CENT else Decimal(0)


def _of_traffic(before: StackSide, after: StackSide) -> Decimal | None:
    """What the old design's architecture costs more with the new traffic; None where it cannot be told."""
    architecture = _architecture(before)
    if before.profile is None or after.profile is None or before.settings is None or after.settings is None:
        return None
    busier = before.profile.model_copy(update={"traffic": after.profile.traffic})
    scaled = before.settings.model_copy(update={"scale": after.settings.scale})
    try:
        plans = (
            plan_for(before.profile, before.settings, only=architecture, calibration=before.calibration),
            plan_for(busier, scaled, only=architecture, calibration=before.calibration),
        )
    except HeadwayError:
        return None
    bills = [made.chosen.bill for made in plans if made.chosen is not None and made.chosen.bill is not None]
    return bills[1].total.expected - bills[0].total.expected if len(bills) == len(plans) else None


def _is_traffic(field: str) -> bool:
    return any(field == name or field.startswith((f"{name}.", f"{name}[")) for name in TRAFFIC_FIELDS)


def _architecture(side: StackSide) -> str | None:
    return side.plan.choice.architecture if side.plan is not None and side.plan.choice is not None else None


def _bill(side: StackSide) -> Bill | None:
    return side.plan.chosen.bill if side.plan is not None and side.plan.chosen is not None else None
