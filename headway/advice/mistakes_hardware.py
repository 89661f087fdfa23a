"""Hardware that nobody measured: what the cheapest of it would save if it were as quick."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import cast

from headway.advice.finding import WORTH_SAYING, Advice
from headway.architectures.candidate import Candidate
from headway.planning.plan import Plan
from headway.prices import PriceBook, PriceError, known_hardware
from headway.prices.book import Purchase
from headway.profile import Profile
from headway.units import format_usd


def unmeasured_cheaper_hardware(profile: Profile, made: Plan, book: PriceBook) -> Iterator[Advice]:
    """The choice's own instance hours at the price of what was not measured; the one that saves most.

    Silent where a price is missing: an unknown one saves nothing that can be said.
    """
    chosen = made.chosen
    if chosen is None:
        return
    names = [one.what for one in made.not_considered if one.what in known_hardware()]
    saves = {name: saved for name in names if (saved := _saves(profile.region, chosen, name, book)) is not None}
    name = max(saves, key=lambda one: saves[one], default=None)
    if name is None or saves[name] < WORTH_SAYING:
        return
    paid = _instances(chosen)
    yield Advice(
        code="unmeasured-cheaper-hardware",
        message=f"if {name} were as quick, the instances would cost {format_usd(paid - saves[name])} a month instead "
        f"of {format_usd(paid)}; nobody measured it",
        saves=saves[name],
    )


def _saves(region: str, chosen: Candidate, name: str, book: PriceBook) -> Decimal | None:
    """What the chosen bill's instance hours would cost less on other hardware; None where a price is unknown."""
    total = Decimal(0)
    for line in chosen.bill.lines if chosen.bill else ():
        if not line.instance_type:
            continue
        if line.amount is None:
            return None
        prefix = "ml." if line.instance_type.startswith("ml.") else ""
        try:
            price = book.instance(region, prefix + name, cast("Purchase", line.meter))
        except PriceError:
            return None
        total += line.amount.expected - line.quantity.expected * price.usd
    return total


def _instances(chosen: Candidate) -> Decimal:
    lines = chosen.bill.lines if chosen.bill else ()
    return sum((line.amount.expected for line in lines if line.instance_type and line.amount), Decimal(0))
