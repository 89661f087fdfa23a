"""One piece of advice, and what its sentences share."""

from __future__ import annotations

from decimal import Decimal

from headway.architectures.candidate import Result
from headway.profile import Profile
from headway.units import Money

WORTH_SAYING = Decimal(5)
"""US dollars a month below which advice is not worth a reader's time."""


class Advice(Result):
    """One thing to look at."""

    code: str
    message: str
    saves: Money | None = None
    """US dollars a month; None where it cannot be said."""


def who_waits(profile: Profile) -> str:
    """Who waits, in a sentence."""
    return {
        "user": "a user", "workflow": "a workflow", "review": "a later review", "nobody": "nobody",
    }[profile.latency.waiting]  # fmt: skip
