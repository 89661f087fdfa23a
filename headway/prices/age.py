"""How old prices are: fresh, aging or stale. Spot prices age in weeks, others in months."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Literal

from headway.assumptions import assume

State = Literal["fresh", "aging", "stale"]


def today() -> date:
    """The clock of everything that ages; tests put a day of their own in its place."""
    return datetime.now(UTC).date()


def day_of(as_of: str) -> date | None:
    """The day of a price: ``2026-07-20``, or the first of ``2026-07``; None where it is not dated.

    >>> day_of("2026-07 (inferred)"), day_of("2026 (undated)"), day_of("")
    (datetime.date(2026, 7, 1), None, None)
    """
    found = re.match(r"(20\d\d)-(\d\d)(?:-(\d\d))?", as_of)
    return None if found is None else date(int(found[1]), int(found[2]), int(found[3] or 1))


def state_of(as_of: str, *, spot: bool = False, on: date | None = None) -> State:
    """What to think of a price of this date. One without a date is stale: nobody knows.

    >>> on = date(2026, 11, 25)
    >>> [state_of(day, on=on) for day in ("2026-11-01", "2026-05-01", "2025-06-28")]
    ['fresh', 'aging', 'stale']
    >>> state_of("2026-07-01", spot=True, on=on)
    'stale'
    """
    day = day_of(as_of)
    if day is None:
        return "stale"
    days = ((on or today()) - day).days
    kind = "prices.spot_" if spot else "prices."
    if days > assume(f"{kind}stale"):
        return "stale"
    return "aging" if days > assume(f"{kind}aging") else "fresh"
