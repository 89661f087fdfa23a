"""Break-evens: the volume at which another architecture would be right, and when growth reaches it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import log, sqrt

from headway.advice.scales import AtScale, at_scale
from headway.architectures.candidate import Result
from headway.planning.plan import Plan
from headway.planning.search import plan
from headway.prices import PriceBook, load_book
from headway.profile import Profile
from headway.selection import rank

STEPS = {"up": (3.0, 12.0, 50.0), "down": (0.3, 0.08, 0.02)}
"""Multiples of today's traffic that are looked at, on the way up and on the way down."""
RATE_HALVINGS = 6
"""To a hundredth and a half of a hit rate."""
HALVINGS = 5
"""Each halves, on a logarithmic scale, the stretch in which the choice changes: a few percent in the end."""


class BreakEven(Result):
    """Where the choice changes."""

    direction: str
    """``up`` or ``down`` in volume; ``hit_rate``: below it precomputing does not pay."""
    factor: float
    """Multiple of today's traffic; of a hit rate, the share of requests."""
    per_month: float
    """Requests a month there."""
    architecture: str | None
    """What is right beyond it; None where nothing makes the wait."""
    months: float | None = None
    """When declared growth reaches it."""


def break_evens(
    profile: Profile, *, prices: PriceBook | None = None, planned: AtScale | None = None
) -> tuple[BreakEven, ...]:
    """The nearest volume above and below today's at which the choice changes, within 50 times either way."""
    scaled = planned or at_scale(profile, prices)

    def choice(factor: float) -> str | None:
        made = scaled(factor)
        return made.choice.architecture if made.choice else None

    today = choice(1.0)
    found = []
    for direction, steps in STEPS.items():
        changed = _first_change(today, steps, choice)
        if changed is None:
            continue
        growth = profile.traffic.growth_per_month
        months = log(changed) / log(1 + growth) if growth and (growth > 0) == (changed > 1) else None
        found.append(
            BreakEven(
                direction=direction, factor=round(changed, 2),
                per_month=round(max(one.monthly_requests for one in scaled(changed).candidates)),
                architecture=choice(changed), months=None if months is None else round(months, 1),
            )
        )  # fmt: skip
    return (*found, *_hit_rate(profile, prices, scaled(1.0)))


def _hit_rate(profile: Profile, prices: PriceBook | None, today: Plan) -> Iterator[BreakEven]:
    """The share of requests that must find their answer for precomputing to cost no more than the best without it."""
    precompute = profile.precompute
    book = prices or load_book()
    others = [rank(one, book) for one in today.candidates if one.feasible and one.architecture != "precomputed"]
    totals = [(one.total, one.candidate.architecture) for one in others if one.total is not None]
    if precompute is None or not totals:
        return
    least, without = min(totals)

    def pays(rate: float) -> bool:
        spec = precompute.model_copy(update={"hit_rate": rate, "popularity": None})
        made = plan(profile.model_copy(update={"precompute": spec}), prices=prices, only="precomputed")
        total = rank(made.candidates[0], book).total if made.choice else None
        return total is not None and total <= least

    if not pays(1.0):
        return
    low, high = 0.0, 1.0
    for _ in range(RATE_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if pays(middle) else (middle, high)
    requests = round(max(one.monthly_requests for one in today.candidates))
    yield BreakEven(direction="hit_rate", factor=round(high, 2), per_month=requests, architecture=without)


def _first_change(today: str | None, steps: tuple[float, ...], choice: Callable[[float], str | None]) -> float | None:
    """The first factor, to a few percent, at which the choice is another."""
    same = 1.0
    for step in steps:
        if choice(step) == today:
            same = step
            continue
        other = step
        for _ in range(HALVINGS):
            middle = round(sqrt(same * other), 4)
            if choice(middle) == today:
                same = middle
            else:
                other = middle
        return other
    return None
