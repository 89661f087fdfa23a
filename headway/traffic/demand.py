"""Demand: what a profile's traffic means for each of the 168 hours of its week."""

from __future__ import annotations

from dataclasses import dataclass

from headway.units import WEEKS_PER_MONTH


@dataclass(frozen=True, slots=True)
class Backlog:
    """A one-off pile of work, planned and billed apart from the monthly flow."""

    items: int
    within_s: float


@dataclass(frozen=True, slots=True)
class Pile:
    """So many items at once, at a minute of the week (0 = Monday 00:00)."""

    minute: int
    items: float
    weight: float = 1.0
    """Of a week: 0.25 for what comes every fourth."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Arrivals by hour of week (0 = Monday 00:00 in ``timezone``), and how long each hour's arrivals can wait.

    ``mean`` is what is billed (cycles at their mean), ``peak`` what is sized for (times peak factor, times the largest
    cycle), both requests an hour. ``max_wait`` is seconds, for requests that arrive in that hour.
    """

    timezone: str
    mean: tuple[float, ...]
    peak: tuple[float, ...]
    max_wait: tuple[float, ...]
    percentile: float
    arrival_variability: float
    predictable: bool
    uncertainty: tuple[float, float]
    """Low and high factor on the whole traffic, for ranges."""
    backlog: Backlog | None = None
    piles: tuple[Pile, ...] = ()
    """Scheduled work: all of ``mean`` and ``peak`` comes at these moments, none in between."""

    @property
    def per_week(self) -> float:
        """Requests in a mean week."""
        return sum(self.mean)

    @property
    def per_month(self) -> float:
        """Requests in a month of 730 hours."""
        return self.per_week * WEEKS_PER_MONTH

    @property
    def regimes(self) -> tuple[tuple[float, tuple[int, ...]], ...]:
        """``(max_wait, hours of week)`` for each distinct wait, the tightest first."""
        by_wait: dict[float, list[int]] = {}
        for hour, wait in enumerate(self.max_wait):
            by_wait.setdefault(wait, []).append(hour)
        return tuple((wait, tuple(hours)) for wait, hours in sorted(by_wait.items()))
