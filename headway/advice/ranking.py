"""A plan's candidates ranked again: when some cost less, when their bills are others, when one stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from headway.architectures.candidate import Candidate, Result
from headway.planning.plan import Plan
from headway.prices import PriceBook
from headway.profile import Profile
from headway.selection import Ranked, choose, margin, rank
from headway.units import Money

ZERO = Decimal(0)


class Staying(Result):
    """What is right in some case, and what staying with today's architecture costs there."""

    architecture: str | None
    """What is right there; None where nothing makes the wait."""
    changes: bool
    """Whether that is another architecture than today's choice."""
    total: Money | None
    """US dollars a month of what is right there, operations included."""
    staying: Money | None
    """The same of today's architecture; None where it has no design or no comparable price there."""
    loses: Money | None
    """What staying costs more, at least 0; None where today's architecture cannot make the wait."""


def feasible(made: Plan) -> list[Candidate]:
    """Candidates that make the wait."""
    return [one for one in made.candidates if one.feasible]


def chosen_among(
    profile: Profile, made: Plan, book: PriceBook, *, less: Mapping[str, Decimal] | None = None
) -> str | None:
    """What would be right if each architecture cost so much less a month."""
    rows = [_cheaper(rank(one, book), (less or {}).get(one.architecture, ZERO)) for one in feasible(made)]
    winner = choose(rows, _margin(profile))
    return winner.candidate.architecture if winner else None


def stay(profile: Profile, candidates: Iterable[Candidate], book: PriceBook, today: str) -> Staying:
    """Today's architecture against what is right among these candidates."""
    rows = [rank(one, book) for one in candidates if one.feasible]
    winner = choose(rows, _margin(profile))
    own = next((one.total for one in rows if one.candidate.architecture == today), None)
    best = winner.total if winner else None
    return Staying(
        architecture=winner.candidate.architecture if winner else None,
        changes=winner is None or winner.candidate.architecture != today,
        total=best,
        staying=own,
        loses=None if own is None or best is None else max(ZERO, own - best),
    )


def _cheaper(one: Ranked, less: Decimal) -> Ranked:
    return one if one.total is None else replace(one, total=one.total - less)


def _margin(profile: Profile) -> float:
    return margin(profile.team.minimum_saving, profile.team.complexity_tolerance)
