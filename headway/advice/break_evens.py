"""Break-evens: the volume at which another architecture would be right, and when growth reaches it."""

from __future__ import annotations

from collections.abc import Callable
from math import log, sqrt

from headway.advice.scales import AtScale, at_scale
from headway.architectures.candidate import Result
from headway.prices import PriceBook
from headway.profile import Profile

STEPS = {"up": (2.0, 5.0, 15.0, 50.0), "down": (0.5, 0.2, 0.07, 0.02)}
"""Multiples of today's traffic that are looked at, on the way up and on the way down."""
HALVINGS = 5
"""Each halves, on a logarithmic scale, the stretch in which the choice changes: a few percent in the end."""


class BreakEven(Result):
    """Where the choice changes."""

    direction: str
    """``up`` or ``down``."""
    factor: float
    """Multiple of today's traffic."""
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
    return tuple(found)


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
