"""How much of a plan's bill rests on stale prices: a plan that does says so."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from headway.architectures.candidate import Result
from headway.bill.lines import Line
from headway.planning.plan import Plan
from headway.prices import age
from headway.prices.age import State
from headway.prices.overrides import STATED
from headway.units import Money

MATERIAL = Decimal("0.01")
"""Of the bill: what rests on stale prices below it is not worth a sentence."""


class PriceAge(Result):
    """The prices of a plan's chosen bill, by age."""

    state: State
    """Stale or aging where more than a hundredth of the bill is."""
    stale: Money
    """US dollars a month that rest on stale prices."""
    total: Money
    oldest: str
    """What the oldest of them is the price of, and its date."""
    region: str


def price_age(plan: Plan, *, on: date | None = None) -> PriceAge | None:
    """The age of the prices that the chosen bill rests on; None where nothing was chosen or nothing costs.

    Args:
        plan: A plan.
        on: The day to look from; today unless given.

    >>> from headway import load_profile, plan
    >>> found = price_age(plan(load_profile("stacks/profiles/loan-documents.yaml")), on=date(2028, 1, 1))
    >>> found.state, found.stale == found.total
    ('stale', True)
    """
    bill = plan.chosen.bill if plan.chosen else None
    priced = [line for line in bill.lines if line.amount is not None and line.amount.expected > 0] if bill else []
    total = sum((line.amount.expected for line in priced if line.amount), Decimal(0))
    if not total:
        return None
    day = on or age.today()
    amounts: dict[State, Decimal] = {"fresh": Decimal(0), "aging": Decimal(0), "stale": Decimal(0)}
    for line in priced:
        if line.amount is not None:
            amounts[_state(line, day)] += line.amount.expected
    state: State = "stale" if amounts["stale"] > MATERIAL * total else "fresh"
    if state == "fresh" and amounts["aging"] > MATERIAL * total:
        state = "aging"
    # The worst first, and of these the dearest: what a refresh would change most.
    worst = max(priced, key=lambda line: (_state(line, day) == state, line.amount.expected if line.amount else 0))
    said = worst.as_of.split(" ")[0] if age.day_of(worst.as_of) else "no known date"
    named = f"{worst.service} {worst.instance_type or worst.meter} of {said}"
    return PriceAge(state=state, stale=amounts["stale"], total=total, oldest=named, region=plan.prices.region)


def _state(line: Line, day: date) -> State:
    if line.confidence == STATED:
        return "fresh"
    return age.state_of(line.as_of, spot=line.meter == "spot", on=day)
