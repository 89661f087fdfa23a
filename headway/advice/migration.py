"""Building and migrating: the one-off hours of the choice, and the months in which they pay back.

Hours are Headway's own assumptions. They are spent once, not per environment, and never part of a monthly figure.
"""

from __future__ import annotations

from decimal import Decimal

from headway.advice.ranking import feasible
from headway.architectures.candidate import Candidate, Result
from headway.architectures.design import RealtimeDesign
from headway.architectures.hybrid_design import Design, FeaturesDesign, PrecomputedDesign, TieredDesign
from headway.assumptions import ASSUMPTIONS, assume
from headway.planning.plan import Plan
from headway.prices import PriceBook, load_book
from headway.profile import Profile
from headway.selection import rank
from headway.units import Money, to_decimal

CALLS = {
    "realtime": "endpoint", "serverless": "endpoint", "asynchronous": "asynchronous endpoint", "microbatch": "queue",
    "batch": "queue", "tiered": "router", "precomputed": "router", "features": "router",
}  # fmt: skip
"""How requests reach an architecture: callers change with it."""


class OneOff(Result):
    """The choice's one-off work against something else, and when it has paid for itself."""

    architecture: str
    against: str
    """``what runs today``, or an architecture that is simpler and makes the wait too; empty where there is neither."""
    build_hours: float
    migration_hours: float
    hourly_cost: Money
    cost: Money
    """US dollars, once: the hours at the team's rate."""
    more: Money
    """What of it comes on top of the other's own one-off work."""
    saves: Money | None = None
    """US dollars a month against the other, operations of both included; negative where it costs."""
    payback_months: float | None = None
    """``more / saves``; None where nothing is saved."""
    assumptions: tuple[str, ...]
    note: str = ""


def one_off(profile: Profile, made: Plan, *, prices: PriceBook | None = None) -> tuple[OneOff, ...]:
    """The choice's one-off work: against what runs today, and against the cheapest simpler design that fits.

    A plan for a share of the traffic has none: the work is done once, for the whole.

    >>> from headway import load_profile, plan
    >>> loans = load_profile("stacks/profiles/loan-documents.yaml")
    >>> [(one.against, one.build_hours + one.migration_hours) for one in one_off(loans, plan(loans))]
    [('what runs today', 64.0), ('asynchronous', 64.0)]
    """
    chosen, book = made.chosen, prices or load_book()
    if chosen is None or made.scale != 1.0:
        return ()
    hours = _work(profile, chosen)
    rows = []
    if profile.current is not None and made.current is not None and made.current.difference is not None:
        rows.append(_against_today(profile.current.architecture, made.current.difference, chosen, hours))
    totals = {one.architecture: total for one in feasible(made) if (total := rank(one, book).total) is not None}
    own = totals.get(chosen.architecture)
    simpler = [
        (totals[one.architecture], one)
        for one in feasible(made)
        if one.operations.hours < chosen.operations.hours and one.architecture in totals
    ]
    if simpler and own is not None:
        total, other = min(simpler, key=lambda pair: pair[0])
        rows.append(_row(chosen, other.architecture, hours, _beyond(hours, _work(profile, other)), total - own))
    return tuple(rows) or (_row(chosen, "", hours, hours, None),)


def _work(profile: Profile, candidate: Candidate) -> dict[str, float]:
    """Hours by their rows in the table of assumptions."""
    builds = {row: assume(row) for row in _rows(candidate.design)}
    if profile.current is None:
        return builds
    today = profile.current.architecture
    if today == candidate.architecture:
        return {"migration.resize": assume("migration.resize")}
    same = CALLS.get(today) == CALLS[candidate.architecture]
    move = "migration.same_call" if same else "migration.other_call"
    return {**builds, move: assume(move)}


def _rows(design: Design | None) -> list[str]:
    """The rows of what is built: a hybrid's own and its parts', each kind of part once."""
    if design is None:
        return []
    if isinstance(design, RealtimeDesign):
        return ["build.realtime_autoscaled" if design.autoscaled else "build.realtime_fixed"]
    own = [f"build.{design.architecture}"]
    parts: list[Design] = []
    if isinstance(design, TieredDesign):
        parts = [part.design for part in design.parts]
    elif isinstance(design, PrecomputedDesign | FeaturesDesign):
        parts = [design.fill, design.live]
    return list(dict.fromkeys([*own, *(row for part in parts for row in _rows(part))]))


def _against_today(today: str, difference: Decimal, chosen: Candidate, hours: dict[str, float]) -> OneOff:
    """Against what runs today: bills, and the operations of both where those of today's architecture are known."""
    row = f"operations.{'realtime_fixed' if today == 'realtime' else today}"
    if row not in ASSUMPTIONS:
        note = f"bills alone: what running {today} takes of people's time is not known"
        return _row(chosen, "what runs today", hours, hours, difference, note)
    theirs = to_decimal(assume(row)) * chosen.operations.hourly_cost
    found = _row(chosen, "what runs today", hours, hours, difference + theirs - chosen.operations.monthly)
    return found.model_copy(update={"assumptions": (*found.assumptions, row)})


def _beyond(hours: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    """Hours over those that the other takes, in all: an empty mapping where it takes as many or more."""
    more = sum(hours.values()) - sum(other.values())
    return {"more": more} if more > 0 else {}


def _row(
    chosen: Candidate,
    against: str,
    hours: dict[str, float],
    more: dict[str, float],
    saves: Decimal | None,
    note: str = "",
) -> OneOff:
    rate = chosen.operations.hourly_cost
    extra = to_decimal(sum(more.values())) * rate
    build = sum(value for name, value in hours.items() if name.startswith("build."))
    return OneOff(
        architecture=chosen.architecture, against=against, build_hours=build,
        migration_hours=sum(hours.values()) - build, hourly_cost=rate,
        cost=to_decimal(sum(hours.values())) * rate, more=extra, saves=saves,
        payback_months=round(float(extra / saves), 2) if saves is not None and saves > 0 else None,
        assumptions=tuple(hours), note=note,
    )  # fmt: skip
