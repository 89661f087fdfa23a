"""What is kept of a log while it is read: counts of ten seconds, variability of gaps, sizes. Not the requests.

Memory grows with the time that a log spans (1.4 KB an hour of it), never with the number of its lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headway.traffic.reading import Batch, Floats

QUARTER = 900
"""Seconds: time zones differ by whole quarters of an hour."""
BIN = 10
"""Seconds of the shortest stretch that is counted (SCIENCE: bins last at least 10 s)."""
BINS = QUARTER // BIN
HELD = 200_000
"""Requests whose order is mended: log files of several nodes, one after another."""
GAPS = 50
"""Gaps a window: long enough to see bursts, short enough that the rate hardly changes."""
LONGEST_WINDOW = 3600.0
"""Seconds: variability is that of gaps within an hour."""
_STEPS = 16
"""Of a doubling, in the histogram of sizes: percentiles to 4 %."""


class Sizes(NamedTuple):
    """Bytes of bodies: on average, at most, and the 99th percentile."""

    mean: float
    p99: float
    max: float


@dataclass
class SizeMeter:
    """Sizes as they stream by."""

    count: int = 0
    total: float = 0.0
    largest: float = 0.0
    steps: NDArray[np.int64] = field(default_factory=lambda: np.zeros(64 * _STEPS, np.int64))

    def add(self, sizes: Floats) -> None:
        """Sizes of some requests; what is not a number is not known."""
        known = sizes[~np.isnan(sizes)]
        if known.size:
            self.count += known.size
            self.total += float(known.sum())
            self.largest = max(self.largest, float(known.max()))
            place = np.floor(np.log2(np.maximum(known, 1)) * _STEPS).astype(np.int64)
            self.steps += np.bincount(place, minlength=self.steps.size)

    @property
    def sizes(self) -> Sizes | None:
        """What they were; None where no line told."""
        if not self.count or self.largest <= 0:
            return None
        step = int(np.searchsorted(np.cumsum(self.steps), 0.99 * self.count))
        return Sizes(self.total / self.count, min(self.largest, 2 ** ((step + 1) / _STEPS)), self.largest)


@dataclass
class GapMeter:
    """Squared coefficient of variation of the gaps between requests, within stretches of an hour at most."""

    held: Floats = field(default_factory=lambda: np.empty(0))
    last: float = -np.inf
    late: int = 0
    weighed: float = 0.0
    windows: int = 0
    whole_seconds: bool = True
    rest: Floats = field(default_factory=lambda: np.empty(0))

    def add(self, times: Floats) -> None:
        """Times in nearly their order; what comes too late for its place is counted and left out."""
        if self.whole_seconds:
            self.whole_seconds = bool(np.all(times[:1000] == np.floor(times[:1000])))
        self.held = np.sort(np.concatenate([self.held, times]))
        if self.held.size > 2 * HELD:
            self._take(self.held[:-HELD])
            self.held = self.held[-HELD:]

    def _take(self, times: Floats) -> None:
        kept = times[times >= self.last]
        self.late += times.size - kept.size
        if not kept.size:
            return
        self.last = float(kept[-1])
        moments = np.concatenate([self.rest, kept])
        rows = (moments.size - 1) // GAPS
        if rows > 0:
            self._weigh(moments[: rows * GAPS + 1], rows)
        self.rest = moments[max(0, rows) * GAPS :]

    def _weigh(self, moments: Floats, rows: int) -> None:
        if self.whole_seconds:
            # Within its second nobody knows when: evenly, the same each time.
            moments = np.sort(moments + np.random.default_rng(rows).random(moments.size))
        gaps = np.diff(moments).reshape(rows, GAPS)
        spans = gaps.sum(axis=1)
        gaps = gaps[(spans <= LONGEST_WINDOW) & (spans > 0)]
        if gaps.size:
            ratio = gaps.var(axis=1, ddof=1) / gaps.mean(axis=1) ** 2
            # Of n gaps that share one sum, exponential ones show n / (n + 1) of their variability.
            self.weighed += float(ratio.sum()) * (GAPS + 1) / GAPS
            self.windows += len(gaps)

    @property
    def variability(self) -> float | None:
        """Its mean over the windows; None where fewer than ten were busy enough."""
        if self.held.size:
            self._take(self.held)
            self.held = np.empty(0)
        return self.weighed / self.windows if self.windows >= 10 else None


@dataclass
class Tally:
    """Everything that is kept."""

    quarters: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    """Requests of each ten seconds, by quarter of an hour since 1970."""
    first: float = np.inf
    last: float = -np.inf
    requests: float = 0.0
    resolution: float = float(BIN)
    """Seconds: the shortest stretch whose count is known."""
    gaps: GapMeter = field(default_factory=GapMeter)
    bytes_in: SizeMeter = field(default_factory=SizeMeter)
    bytes_out: SizeMeter = field(default_factory=SizeMeter)

    def add(self, batch: Batch) -> None:
        """Requests, each at its time."""
        self._count(batch.times, batch.counts)
        self.gaps.add(batch.times)
        self.bytes_in.add(batch.bytes_in)
        self.bytes_out.add(batch.bytes_out)

    def add_counts(self, times: Floats, counts: Floats, width: float) -> None:
        """Counts of stretches of ``width`` seconds that begin at ``times``: spread evenly within each."""
        self.resolution = max(self.resolution, width)
        if not times.size:
            return
        pieces = max(1, round(width / BIN))
        spread = (times[:, None] + np.arange(pieces) * BIN).ravel()
        self._count(spread, np.repeat(counts / pieces, pieces))
        self.last = max(self.last, float(times.max()) + width)

    def _count(self, times: Floats, counts: Floats) -> None:
        if not times.size:
            return
        self.first, self.last = min(self.first, float(times.min())), max(self.last, float(times.max()))
        self.requests += float(counts.sum())
        places, inverse = np.unique(np.floor(times / BIN).astype(np.int64), return_inverse=True)
        sums = np.bincount(inverse, weights=counts)
        quarters = places // BINS
        for quarter in np.unique(quarters):
            here = quarters == quarter
            row = self.quarters.setdefault(int(quarter), np.zeros(BINS, np.float32))
            row[places[here] % BINS] += sums[here]
