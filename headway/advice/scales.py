"""Plans of one profile at multiples of its traffic, each made once however many ask for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from headway.planning.plan import Plan
from headway.planning.search import plan
from headway.prices import PriceBook
from headway.profile import Profile

AtScale = Callable[[float], Plan]
"""The plan at a multiple of today's traffic, its architecture chosen for that traffic."""


def at_scale(profile: Profile, prices: PriceBook | None = None) -> AtScale:
    """Plans by the factor on the traffic.

    >>> from headway import load_profile
    >>> planned = at_scale(load_profile("stacks/profiles/contact-form.yaml"))
    >>> planned(2.0) is planned(2.0)
    True
    """

    @cache
    def planned(factor: float) -> Plan:
        return plan(profile, prices=prices, scale=factor, reselect=True)

    return planned
