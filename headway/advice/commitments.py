"""Commitments: what one- and three-year plans would save on the instances that run anyway.

Machine Learning Savings Plans cover SageMaker's endpoint instances and nothing else here; Compute and EC2 plans never
cover SageMaker; spot is never committed. No price book states their discount by type, so it is an assumed range, and
what it saves stands beside the on-demand bill, never in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

from headway.advice.ranking import chosen_among, feasible
from headway.architectures.candidate import Candidate, Result
from headway.architectures.design import AsynchronousDesign, MicroBatchDesign, RealtimeDesign
from headway.architectures.hybrid_design import Design, FeaturesDesign, PrecomputedDesign, TieredDesign
from headway.architectures.realtime import hourly_instances
from headway.assumptions import assume_range
from headway.bill.lines import Line, Range
from headway.planning.plan import Plan
from headway.prices import PriceBook, load_book
from headway.profile import Profile
from headway.traffic import build_demand
from headway.units import HOURS_PER_WEEK, WEEKS_PER_MONTH, Money, to_decimal

TERMS = {1: "commitment.ml_savings_plan_1y", 3: "commitment.ml_savings_plan_3y"}
"""Years of a plan and the assumption that holds its discount."""
UNCOVERED = {
    "batch": "spot is never committed, and the on-demand workers behind it come and go",
    "serverless": "it is paid by use, and plans are counted here for endpoint instances alone",
}
"""Why an architecture has nothing that a plan would cover."""
ASYNCHRONOUS_NOTE = "AWS's list names real-time inference; ask whether the plan covers asynchronous endpoints"


class Commitment(Result):
    """One architecture under one plan. Amounts are US dollars a month, the range is the discount's."""

    architecture: str
    chosen: bool
    years: int
    discount: Range
    """Share off the on-demand price: assumed."""
    assumption: str
    """Its row in the table of assumptions."""
    instance_type: str | None = None
    instances: Range
    """Committed around the clock, at each end of the discount."""
    on_demand: Money | None
    """The instances' line on the bill; None where it has no price, or where a plan covers nothing."""
    saves: Range | None
    """None where the on-demand price is unknown."""
    right_at_most: str | None = None
    """The architecture that is right when every endpoint is committed at the highest discount."""
    note: str = ""


def commitments(profile: Profile, made: Plan, *, prices: PriceBook | None = None) -> tuple[Commitment, ...]:
    """What plans of one and three years save on the choice, and on every endpoint that would also make the wait.

    >>> from headway import load_profile, plan
    >>> fraud = load_profile("stacks/profiles/fraud-check.yaml")
    >>> [(one.years, int(one.instances.expected)) for one in commitments(fraud, plan(fraud))]
    [(1, 2), (3, 2)]
    """
    if made.choice is None:
        return ()
    book = prices or load_book()
    rows: list[Commitment] = []
    for years, assumption in TERMS.items():
        found = [
            _commitment(profile, made, one, years, assumption)
            for one in feasible(made)
            if one.architecture == made.choice.architecture or _hosting(one) is not None
        ]
        cheapest = {one.architecture: one.saves.high for one in found if one.saves is not None}
        right = chosen_among(profile, made, book, less=cheapest)
        rows += [one.model_copy(update={"right_at_most": right}) for one in found]
    return tuple(sorted(rows, key=lambda one: (not one.chosen, one.architecture, one.years)))


def committed(hours: Mapping[int, float], discount: float) -> int:
    """Units worth committing when so many hours of a week use so many units: up to the discount's quantile of use.

    One more unit is worth it while the share of hours that use it exceeds ``1 - discount``.

    >>> week = {1: 84, 3: 60, 6: 24}
    >>> [committed(week, share) for share in (0, 0.3, 0.52, 0.9)]
    [0, 1, 3, 6]
    """
    total, using = sum(hours.values()), 0.0
    for units in sorted(hours, reverse=True):
        using += hours[units]
        if using > (1 - discount) * total * (1 + 1e-12):
            return units
    return 0


def saved_unit_hours(hours: Mapping[int, float], discount: float) -> float:
    """Hours of one unit's on-demand price that the best commitment saves, over the hours given.

    >>> saved_unit_hours({1: 168}, 0.25), saved_unit_hours({0: 84, 2: 84}, 0.25)
    (42.0, 0.0)
    """
    units = committed(hours, discount)
    used = sum(min(units, count) * span for count, span in hours.items())
    return max(0.0, used - units * (1 - discount) * sum(hours.values()))


def steady_hours(profile: Profile, made: Plan, candidate: Candidate) -> dict[int, float]:
    """Hours of a mean week by the endpoint instances they run; an endpoint asleep runs none.

    All of a sleeping endpoint's instances start together, so it runs all or none of them.
    """
    design, line = candidate.design, _hosting(candidate)
    if isinstance(design, RealtimeDesign):
        counts = Counter(hourly_instances(design, build_demand(profile, scale=made.scale)))
        return {count: float(hours) for count, hours in counts.items()}
    if isinstance(design, AsynchronousDesign) and line is not None:
        awake = float(line.quantity.expected) / WEEKS_PER_MONTH / design.max_instances
        return {design.max_instances: awake, 0: max(0.0, HOURS_PER_WEEK - awake)}
    # What stands inside a hybrid is counted by its floors: what is steady about it.
    floors = [inner.floors for inner in _inside(design)]
    return {count: float(hours) for count, hours in Counter(map(sum, zip(*floors, strict=True))).items()}


def _inside(design: Design | None) -> list[RealtimeDesign]:
    """The real-time endpoints inside a design that holds others."""
    if isinstance(design, RealtimeDesign):
        return [design]
    if isinstance(design, MicroBatchDesign):
        return [design.endpoint]
    if isinstance(design, TieredDesign):
        return [inner for part in design.parts for inner in _inside(part.design)]
    return _inside(design.live) if isinstance(design, PrecomputedDesign | FeaturesDesign) else []


def _commitment(profile: Profile, made: Plan, candidate: Candidate, years: int, assumption: str) -> Commitment:
    discounts = assume_range(assumption)
    line, none = _hosting(candidate), Range.exactly(0)
    if not steady_hours(profile, made, candidate):
        line = None
    known: dict[str, object] = {
        "architecture": candidate.architecture,
        "chosen": made.choice is not None and candidate.architecture == made.choice.architecture,
        "years": years,
        "discount": Range.of(*discounts),
        "assumption": assumption,
    }
    if line is None:
        note = UNCOVERED.get(candidate.architecture, "")
        return Commitment.model_validate(known | {"instances": none, "on_demand": None, "saves": none, "note": note})
    hours = steady_hours(profile, made, candidate)
    price = line.unit_price
    asleep = isinstance(candidate.design, AsynchronousDesign)
    return Commitment.model_validate(
        known
        | {
            "instance_type": line.instance_type,
            "instances": Range.of(*(committed(hours, share) for share in discounts)),
            "on_demand": _on_demand(candidate),
            "saves": None if price is None else Range.of(*(_saved(hours, share, price) for share in discounts)),
            "note": ASYNCHRONOUS_NOTE if asleep else "",
        }
    )


def _on_demand(candidate: Candidate) -> Decimal | None:
    """The instance hours of all endpoints; None where one has no price."""
    amounts = [line.amount for line in (candidate.bill.lines if candidate.bill else ()) if line.meter == "hosting"]
    return None if None in amounts else sum((amount.expected for amount in amounts if amount), Decimal(0))


def _saved(hours: Mapping[int, float], discount: float, price: Decimal) -> Decimal:
    return to_decimal(saved_unit_hours(hours, discount) * WEEKS_PER_MONTH) * price


def _hosting(candidate: Candidate) -> Line | None:
    """The line of the endpoint's instance hours."""
    lines = candidate.bill.lines if candidate.bill else ()
    return next((line for line in lines if line.service == "SageMakerHosting" and line.meter == "hosting"), None)
