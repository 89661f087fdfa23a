"""What a replay found: waits by percentile and hour, violations, hours of instances, the bill; in memory that is flat.

Waits go into a histogram of the week whose bins are 0.5 % wide, so a month takes no more room than an hour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

import numpy as np
from numpy.typing import NDArray

from headway.architectures.candidate import Result
from headway.bill.lines import Bill
from headway.units import HOURS_PER_WEEK

Floats = NDArray[np.float64]
SHORTEST_S, WIDTH = 1e-4, 0.005
BINS = 5000
"""From a tenth of a millisecond, each half a percent wider: beyond three months."""


class HourOfWeek(Result):
    """The requests that arrived in one hour of the week, over all weeks."""

    hour: int
    """0 = Monday 00:00."""
    requests: int
    p50_s: float | None
    p99_s: float | None
    within: float | None
    """Share of them within their max_wait; None without requests."""


class LimitOutcome(Result):
    """The requests that were promised one wait."""

    max_wait_s: float
    requests: int
    p50_s: float
    p99_s: float
    at_percentile_s: float
    within: float


class PartOutcome(Result):
    """What one part of a design did; a simple design is one part."""

    part: str
    architecture: str
    requests: int
    instance_hours: float | None
    """Paid, of all instances, over the whole replay; None where nothing stands by."""
    utilization: float | None
    """Busy over paid."""
    cold_starts: int | None = None
    refused: int | None = None
    """Of serverless: requests for which no concurrency was left."""
    batches: int | None = None


class Outcome(Result):
    """What people would have waited, and what it would have cost."""

    requests: int
    unfinished: int
    """Still waiting when the replay ended: in no percentile, within no wait."""
    hours: int
    seed: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    percentile: float
    at_percentile_s: float | None
    worst_s: float | None
    within: float | None
    """Share of requests within their max_wait."""
    hours_judged: int
    """Hours with enough requests for the percentile to say something."""
    hours_within: int
    """Of those: as many as made the percentile."""
    judged_from: int = 1
    """Requests in an hour from which on it is judged."""
    by_hour: tuple[HourOfWeek, ...]
    by_limit: tuple[LimitOutcome, ...]
    """By the wait that was promised, the shortest first; what never finished is in none."""
    parts: tuple[PartOutcome, ...]
    monthly: Bill
    """A month of 730 hours of what was used, by the planner's own bill."""

    @property
    def kept(self) -> bool:
        """Whether the stated percentile of requests made its wait."""
        return self.within is None or self.within >= self.percentile / 100


@dataclass
class Recorder:
    """Waits as they become known."""

    first_hour: int
    hours: int
    limits: tuple[float, ...]
    """max_wait of each hour of the week."""
    bins: NDArray[np.int64] = field(init=False)
    count: NDArray[np.int64] = field(init=False)
    late: NDArray[np.int64] = field(init=False)
    worst: float = 0.0
    promised: dict[float, NDArray[np.int64]] = field(init=False, default_factory=dict)
    """Waits by what was promised; the last bin of each counts those that were late."""

    def __post_init__(self) -> None:
        self.bins = np.zeros((HOURS_PER_WEEK, BINS), np.int64)
        self.count, self.late = np.zeros(self.hours, np.int64), np.zeros(self.hours, np.int64)

    def add(self, arrived: Floats, waits: Floats, *, limits: tuple[float, ...] | None = None) -> None:
        """Requests by when they arrived, and how long they waited."""
        if not arrived.size:
            return
        hour = np.minimum((arrived // 3600).astype(np.int64), self.hours - 1)
        of_week = (hour + self.first_hour) % HOURS_PER_WEEK
        widths = np.log(np.maximum(waits, SHORTEST_S) / SHORTEST_S) / WIDTH
        place = np.clip(widths.astype(np.int64), 0, BINS - 1)
        np.add.at(self.bins, (of_week, place), 1)
        np.add.at(self.count, hour, 1)
        promise = np.array(limits or self.limits)[of_week]
        late = waits > promise * (1 + 1e-9)
        np.add.at(self.late, hour, late)
        for one in np.unique(promise):
            mine = promise == one
            bins = self.promised.setdefault(float(one), np.zeros(BINS + 1, np.int64))
            bins[:BINS] += np.bincount(place[mine], minlength=BINS)
            bins[BINS] += int(late[mine].sum())
        self.worst = max(self.worst, float(waits.max()))

    def quantile(self, p: float, hour: int | None = None) -> float | None:
        """Of all requests, or of an hour of the week."""
        return _quantile(self.bins.sum(axis=0) if hour is None else self.bins[hour], p)

    def by_limit(self, percentile: float) -> tuple[LimitOutcome, ...]:
        """The requests of each promise."""
        found = []
        for limit, bins in sorted(self.promised.items()):
            waits, late = bins[:BINS], int(bins[BINS])
            p50, p99, at = (_quantile(waits, p) or 0.0 for p in (0.5, 0.99, percentile))
            total = int(waits.sum())
            found.append(
                LimitOutcome(
                    max_wait_s=limit, requests=total, p50_s=p50, p99_s=p99, at_percentile_s=at, within=1 - late / total
                )
            )
        return tuple(found)

    def by_hour(self) -> tuple[HourOfWeek, ...]:
        """Each hour of the week."""
        of_week = (np.arange(self.hours) + self.first_hour) % HOURS_PER_WEEK
        rows = []
        for hour in range(HOURS_PER_WEEK):
            mine = of_week == hour
            count, late = int(self.count[mine].sum()), int(self.late[mine].sum())
            rows.append(
                HourOfWeek(
                    hour=hour, requests=count, p50_s=self.quantile(0.5, hour), p99_s=self.quantile(0.99, hour),
                    within=1 - late / count if count else None,
                )
            )  # fmt: skip
        return tuple(rows)

    def judged(self, percentile: float) -> tuple[int, int]:
        """Hours with enough requests for the percentile, and those of them that made it."""
        enough = self.count >= enough_requests(percentile)
        made = self.late <= (1 - percentile) * self.count + 1e-9
        return int(enough.sum()), int((enough & made).sum())


def enough_requests(percentile: float) -> int:
    """Of an hour, from which on the share that is late says whether it made its percentile: one of them may be late.

    >>> enough_requests(0.95), enough_requests(0.999), enough_requests(1.0)
    (20, 1000, 1)
    """
    return max(1, ceil(1 / (1 - percentile) - 1e-6)) if percentile < 1 else 1


def _quantile(bins: NDArray[np.int64], p: float) -> float | None:
    total = int(bins.sum())
    if not total:
        return None
    place = int(np.searchsorted(np.cumsum(bins), p * total, side="left"))
    return float(SHORTEST_S * np.exp((place + 0.5) * WIDTH))
