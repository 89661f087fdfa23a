"""The savings waterfall: from what runs today to the choice, each step priced by switching that one thing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from headway.architectures.candidate import Result
from headway.planning.plan import Plan
from headway.planning.search import plan
from headway.prices import PriceBook, load_book
from headway.profile import Profile
from headway.units import Money


class Step(Result):
    """One switch and the bill after it."""

    what: str
    monthly: Money
    saves: Money
    """Against the step before; negative where it costs."""


def waterfall(profile: Profile, made: Plan, *, prices: PriceBook | None = None) -> tuple[Step, ...]:
    """From today's fleet, else from real time sized for its peak, to the choice.

    Right-sizing is the cheapest real-time design against today's bill; processing windows are batch without spot; spot
    is the rest. Empty where nothing was chosen, or where there is no real time to start from.
    """
    if made.choice is None:
        return ()
    book = prices or load_book()
    stages: list[tuple[str, Decimal]] = []
    if made.current is not None:
        today = made.current.stated if made.current.stated is not None else made.current.priced
        if today is not None:
            stages.append(("runs today", today))
    live = _bill(made, "realtime")
    if live is not None:
        stages.append(("real time, right-sized" if stages else "real time, sized for its peak", live))
    architecture = made.choice.architecture
    if architecture == "batch":
        paid = _bill(plan(profile, prices=_without_spot(book), scale=made.scale, only="batch"), "batch")
        if paid is not None:
            stages.append(("in processing windows, on-demand", paid))
        stages.append(("on spot, on-demand as last call", made.choice.monthly.expected))
    elif architecture != "realtime":
        stages.append((architecture, made.choice.monthly.expected))
    if len(stages) < 2:
        return ()
    steps = [Step(what=stages[0][0], monthly=stages[0][1], saves=Decimal(0))]
    for (_, before), (what, after) in pairwise(stages):
        steps.append(Step(what=what, monthly=after, saves=before - after))
    return tuple(steps)


def _bill(made: Plan, architecture: str) -> Decimal | None:
    """The expected bill of a feasible candidate."""
    for one in made.candidates:
        if one.architecture == architecture and one.feasible and one.monthly is not None:
            return one.monthly.expected
    return None


def _without_spot(book: PriceBook) -> PriceBook:
    return replace(book, content={**book.content, "spot": {}}, _cache={})
