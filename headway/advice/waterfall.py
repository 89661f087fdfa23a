"""The savings waterfall: from what runs today to the choice, each step priced by switching that one thing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from headway.architectures import Workload, planned
from headway.architectures.candidate import Result
from headway.architectures.design import RealtimeDesign
from headway.assumptions import assume
from headway.bill.pricing import Pricing
from headway.planning.candidates import with_dashboard
from headway.planning.plan import Plan
from headway.planning.search import plan
from headway.prices import PriceBook, load_book
from headway.profile import Profile
from headway.traffic import build_demand
from headway.units import Money, to_decimal


class Step(Result):
    """One switch and the bill after it."""

    what: str
    monthly: Money
    saves: Money
    """Against the step before; negative where it costs."""


def waterfall(profile: Profile, made: Plan, *, prices: PriceBook | None = None) -> tuple[Step, ...]:
    """From today's fleet, else from real time sized for its peak, to the choice; then what its operations take.

    Right-sizing is the cheapest real-time design with one count all week against today's bill; fewer instances at quiet
    hours are the same by hour of week; processing windows are batch without spot; spot is the rest. Empty where nothing
    was chosen, or where there is no real time to start from.
    """
    if made.choice is None:
        return ()
    stages = [*_live_stages(profile, made, prices or load_book())]
    architecture, final = made.choice.architecture, made.choice.monthly.expected
    if architecture == "batch":
        without = _without_spot(prices or load_book())
        paid = _bill(plan(profile, prices=without, scale=made.scale, only="batch"), "batch")
        if paid is not None:
            stages.append(("in processing windows, on-demand", paid))
        stages.append(("on spot, on-demand as last call", final))
    elif architecture != "realtime":
        stages.append((architecture, final))
    if len(stages) < 2:
        return ()
    steps = [Step(what=stages[0][0], monthly=stages[0][1], saves=Decimal(0))]
    for (_, before), (what, after) in pairwise(stages):
        steps.append(Step(what=what, monthly=after, saves=before - after))
    return (*steps, *_operations(made, stages[-1][1]))


def _live_stages(profile: Profile, made: Plan, book: PriceBook) -> Iterator[tuple[str, Decimal]]:
    """What runs today, and real time as it would be sized."""
    today = None
    if made.current is not None:
        today = made.current.stated if made.current.stated is not None else made.current.priced
    if today is not None:
        yield "runs today", today
    workload = Workload(profile, build_demand(profile, scale=made.scale), Pricing(book, profile.region))
    bills: dict[bool, Decimal] = {}
    for one in (with_dashboard(found, workload) for found in planned("realtime", workload)):
        if one.feasible and one.bill is not None and isinstance(one.design, RealtimeDesign):
            bills[one.design.autoscaled] = one.bill.total.expected
    if False in bills:
        yield "real time, right-sized" if today is not None else "real time, sized for its peak", bills[False]
    if True in bills and bills[True] < bills.get(False, bills[True] + 1):
        yield "fewer instances at quiet hours", bills[True]


def _operations(made: Plan, bill: Decimal) -> Iterator[Step]:
    """People's time of the choice beyond that of real time with one count all week."""
    if made.choice is None:
        return
    hours = made.choice.operations.hours - assume("operations.realtime_fixed")
    if hours:
        more = to_decimal(hours) * made.choice.operations.hourly_cost
        what = f"{abs(hours):g} h {'more' if hours > 0 else 'less'} of operations"
        yield Step(what=what, monthly=bill + more, saves=-more)


def _bill(made: Plan, architecture: str) -> Decimal | None:
    """The expected bill of a feasible candidate."""
    for one in made.candidates:
        if one.architecture == architecture and one.feasible and one.monthly is not None:
            return one.monthly.expected
    return None


def _without_spot(book: PriceBook) -> PriceBook:
    return replace(book, content={**book.content, "spot": {}}, _cache={})
