"""Robustness: whether the choice stays right at the low and high end of each thing that is unknown, one at a time.

Spot and retries leave every design as it is and bill it again; traffic plans again, because a design sized for other
traffic is another design.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from headway.advice.ranking import Staying, feasible, stay
from headway.advice.scales import AtScale
from headway.architectures import ARCHITECTURES, Workload
from headway.architectures.batch.costs import spot_prices
from headway.architectures.candidate import Candidate
from headway.bill.lines import Bill, Line, Range
from headway.bill.pricing import Pricing
from headway.planning.plan import Plan
from headway.prices import PriceBook, load_book
from headway.profile import Profile
from headway.traffic import build_demand


class Unknown(NamedTuple):
    """One field of a scenario, as a person would name it and write its value."""

    field: str
    name: str
    template: str
    assumption: str


SPOT_PRICE = Unknown("spot_price", "spot price", "x {:.3g}", "spot.price")
UNKNOWNS = (
    SPOT_PRICE,
    Unknown("spot_miss", "departures that miss spot", "{:.0%}", "spot.miss"),
    Unknown("spot_lost", "spot workers interrupted within 15 minutes", "{:.0%}", "spot.survival_15min"),
    Unknown("retried", "items processed twice", "{:.0%}", "batch.retry_share"),
)
"""What the bill's ranges come from, besides traffic."""


class Case(Staying):
    """One unknown at one end of its range."""

    unknown: str
    end: str
    """``low`` or ``high``: of the assumption, which for availability is not that of the number."""
    value: str


def robustness(
    profile: Profile, made: Plan, *, prices: PriceBook | None = None, planned: AtScale | None = None
) -> tuple[Case, ...]:
    """Each unknown at each end, where some design that makes the wait depends on it.

    Traffic is among them where ``planned`` is given. A plan for a share of the traffic has none: its architecture was
    chosen on the whole.

    >>> from headway import load_profile, plan
    >>> loans = load_profile("stacks/profiles/loan-documents.yaml")
    >>> cases = robustness(loans, plan(loans))
    >>> len(cases), any(case.changes for case in cases)
    (8, False)
    """
    if made.choice is None or made.scale != 1.0:
        return ()
    book, today = prices or load_book(), made.choice.architecture
    workload = Workload(profile, build_demand(profile), Pricing(book, profile.region))
    cases = list(_billed_again(profile, made, workload, today))
    if planned is not None:
        for end, factor in zip(("low", "high"), workload.demand.uncertainty, strict=True):
            there = stay(profile, planned(factor).candidates, book, today)
            cases.append(Case(unknown="traffic", end=end, value=f"x {factor:g}", **dict(there)))
    return tuple(cases)


def _billed_again(profile: Profile, made: Plan, workload: Workload, today: str) -> Iterator[Case]:
    """Bills of the same designs with one unknown at an end of its range."""
    moved = [one for one in feasible(made) if _depends(one)]
    still = [one for one in feasible(made) if not _depends(one)]
    low, expected, high = workload.scenarios
    spot = _spot_ends(moved, workload)
    for unknown in UNKNOWNS if moved else ():
        for end, scenario in (("low", low), ("high", high)):
            value = spot[end] if unknown is SPOT_PRICE and spot else getattr(scenario, unknown.field)
            given = replace(workload, given=expected._replace(**{unknown.field: value}))
            there = stay(
                profile, [*still, *(_billed(one, given, unknown, end) for one in moved)], workload.pricing.book, today
            )
            yield Case(unknown=unknown.name, end=end, value=unknown.template.format(value), **dict(there))


def _spot_ends(moved: list[Candidate], workload: Workload) -> dict[str, float]:
    """The furthest ends of the book's spot prices; nothing where it has no quartiles of any."""
    types = {line.instance_type for one in moved if one.bill for line in one.bill.lines if line.meter == "spot"}
    found = [prices.factors for kind in types if (prices := spot_prices(workload, kind)).quartiles]
    if not found:
        return {}
    return {"low": float(min(one.low for one in found)), "high": float(max(one.high for one in found))}


def _depends(candidate: Candidate) -> bool:
    """Whether a bill rests on spot or on what is processed twice."""
    names = {"spot.price", "spot.miss", "batch.retry_share"}
    return any(names & set(line.assumptions) for line in (candidate.bill.lines if candidate.bill else ()))


def _billed(candidate: Candidate, workload: Workload, unknown: Unknown, end: str) -> Candidate:
    """The candidate's bill in a scenario. A hybrid's lines that rest on the unknown are taken at that end of theirs.

    That moves them by whatever else they rest on, too: what holds there holds for less.
    """
    if candidate.architecture in ARCHITECTURES:
        bill = ARCHITECTURES[candidate.architecture].bill(candidate.design, workload)
        return candidate.model_copy(update={"bill": bill})
    lines = candidate.bill.lines if candidate.bill else ()
    moved = tuple(_at(line, end) if _rests_on(line, unknown) else line for line in lines)
    return candidate.model_copy(update={"bill": Bill(lines=moved)})


def _rests_on(line: Line, unknown: Unknown) -> bool:
    return line.meter == "spot" if unknown is SPOT_PRICE else unknown.assumption in line.assumptions


def _at(line: Line, end: str) -> Line:
    if line.amount is None:
        return line
    return line.model_copy(update={"amount": Range.exactly(getattr(line.amount, end))})
