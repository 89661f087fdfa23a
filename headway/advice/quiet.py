"""What you called continuous has these patterns: the quiet hours of a week, and what they cost today."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from headway.architectures.candidate import Result
from headway.prices import PriceBook
from headway.profile import Profile
from headway.traffic.build import weekly_rates
from headway.traffic.quiet import quiet_hours, said_hours
from headway.units import HOURS_PER_WEEK, Money


class QuietHours(Result):
    """Hours of the week in which nearly nothing comes, and what capacity that never sleeps costs in them."""

    hours: int
    when: str
    share_of_requests: float
    fleet: str
    """Whose cost it is: what runs today, or a real-time fleet for the busiest hour all week; empty where unknown."""
    monthly: Money | None
    """Of the fleet, in these hours."""


def cost_of_quiet(profile: Profile, *, prices: PriceBook | None = None) -> QuietHours:
    """The quiet hours of a profile's week with what they cost a month.

    Today's fleet is the profile's ``current``; without one, a real-time endpoint that holds the busiest hour's capacity
    at every hour, which is what traffic called continuous gets.

    >>> from headway import load_profile
    >>> cost_of_quiet(load_profile("stacks/profiles/loan-documents.yaml")).when
    'mon to fri 00-08 and 18-24, sat and sun all day'
    """
    found = quiet_of(weekly_rates(profile.traffic))
    fleet, monthly = _fleet(profile, prices)
    cost = None if monthly is None else monthly * found.hours / HOURS_PER_WEEK
    return found.model_copy(update={"fleet": fleet, "monthly": cost})


def quiet_of(hourly: Sequence[float]) -> QuietHours:
    """The quiet hours of a week, where nobody knows what runs in them."""
    quiet = quiet_hours(hourly)
    return QuietHours(
        hours=len(quiet.hours), when=said_hours(quiet.hours), share_of_requests=quiet.share, fleet="", monthly=None
    )


def _fleet(profile: Profile, prices: PriceBook | None) -> tuple[str, Decimal | None]:
    from headway.planning.search import plan

    flat = profile.model_copy(update={"traffic": profile.traffic.model_copy(update={"predictable": False})})
    made = plan(flat, prices=prices, only="realtime")
    today = made.current
    if today is not None and (today.stated is not None or today.priced is not None):
        return today.description, today.stated if today.stated is not None else today.priced
    if made.choice is None:
        return "", None
    return "a real-time fleet for the busiest hour, all week", made.choice.monthly.expected
