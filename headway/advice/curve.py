"""The cost-of-waiting curve: what a workload costs a month against how long people can wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from headway.architectures.candidate import Result
from headway.architectures.design import Wait
from headway.architectures.registry import remembering
from headway.bill.lines import Range
from headway.planning.plan import Plan
from headway.planning.search import plan
from headway.prices import PriceBook
from headway.profile import Profile

WAITS_S = (
    0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400,
)  # fmt: skip
"""From a tenth of a second to a day, at waits that people name."""

NAMED_WAITS_S = (1, 10, 60, 300, 900, 1800, 3600, 14_400, 86_400)
"""The few that fit where there is little room."""


class CurvePoint(Result):
    """One wait and what it costs."""

    max_wait_s: float
    architecture: str | None
    """None where nothing makes this wait."""
    monthly: Range | None
    wait: Wait | None = None
    own: bool = False
    """The profile's own (tightest) wait."""


def cost_of_waiting(
    profile: Profile,
    *,
    prices: PriceBook | None = None,
    waits_s: Iterable[float] = WAITS_S,
    planner: Callable[[Profile], Plan] | None = None,
) -> tuple[CurvePoint, ...]:
    """The choice and its bill for each wait, the same at all hours; the profile's own wait is one of them.

    ``planner`` plans each where that is in another environment; unless given, all of the traffic is planned.

    >>> from headway import load_profile
    >>> points = cost_of_waiting(load_profile("stacks/profiles/loan-documents.yaml"), waits_s=(10.0,))
    >>> [(point.max_wait_s, point.architecture) for point in points]
    [(10.0, 'realtime'), (1800.0, 'batch')]
    """
    own = _own(profile)
    made = planner or (lambda changed: plan(changed, prices=prices))
    with remembering():
        return tuple(_point(made(waiting(profile, wait)), wait, own=wait == own) for wait in sorted({*waits_s, own}))


def waiting(profile: Profile, wait_s: float) -> Profile:
    """The profile with another wait, the same at all hours: of its most patient tier, where it has tiers.

    No other tier waits longer than that.
    """
    latency = profile.latency.model_copy(update={"max_wait": wait_s, "schedule": (), "ready_by": None})
    own = _own(profile)
    tiers = tuple(
        tier.model_copy(update={"max_wait": wait_s if wait == own else min(wait, wait_s)})
        for tier in profile.tiers
        for wait in [tier.max_wait or profile.latency.max_wait]
    )
    return profile.model_copy(update={"latency": latency, "tiers": tiers})


def _own(profile: Profile) -> float:
    """The profile's own wait, or that of its most patient tier."""
    return max([tier.max_wait or profile.latency.max_wait for tier in profile.tiers], default=profile.latency.max_wait)


def _point(made: Plan, wait: float, *, own: bool) -> CurvePoint:
    choice = made.choice
    return CurvePoint(
        max_wait_s=wait,
        architecture=choice.architecture if choice else None,
        monthly=choice.monthly if choice else None,
        wait=choice.wait if choice else None,
        own=own,
    )
