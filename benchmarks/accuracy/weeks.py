"""Weeks of a real trace, minute by minute: those that are planned from, those that are judged on.

Four weeks of requests to a public web server, from Saturday 1995-07-01 00:00 -04:00.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headway.simulation.arrivals import Counted, read_trace
from headway.units import HOURS_PER_WEEK

PACKED = Path(__file__).parents[1] / "traces" / "nasa-1995-minutes.csv.gz"
NAME = "nasa-1995-minutes.csv"
FIRST_HOUR = 120
"""Saturday 00:00."""
MINUTES = HOURS_PER_WEEK * 60
LEAST, NEARLY_ALL = 30, 0.98
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Weeks that are planned from, and those that the plan has not seen."""

    seen: tuple[int, ...]
    unseen: tuple[int, ...]

    @staticmethod
    def named(weeks: Sequence[int]) -> str:
        """As the report names them."""
        return ", ".join(str(week + 1) for week in weeks)


SPLITS = (Split((0, 1), (2, 3)), Split((0, 1, 2), (3,)), Split((0, 2), (1, 3)), Split((0, 3), (1, 2)))
"""In the order of time, and interleaved: the last two judge on weeks that are busier than those planned from."""


@lru_cache(maxsize=4)
def read_weeks(folder: Path | None = None) -> tuple[Ints, ...]:
    """Requests of each minute, week by week; from a folder of traces or from the copy kept here."""
    path = next((one for one in (folder / NAME, folder / f"{NAME}.gz") if one.is_file()), PACKED) if folder else PACKED
    trace = read_trace(path)
    assert isinstance(trace, Counted)
    counts = np.asarray(trace.counts, dtype=np.int64)
    return tuple(counts[start : start + MINUTES] for start in range(0, counts.size - MINUTES + 1, MINUTES))


def of_weeks(weeks: Sequence[Ints], seed: int = 0) -> Counted:
    """Weeks one after another, as arrivals."""
    return Counted(np.concatenate(weeks), seed, FIRST_HOUR)


def hourly_rates(weeks: Sequence[Ints]) -> tuple[float, ...]:
    """Mean requests of each hour of the week, from Monday 00:00 as a profile has them."""
    hours = np.mean([week.reshape(HOURS_PER_WEEK, 60).sum(axis=1) for week in weeks], axis=0)
    return tuple(np.roll(hours, FIRST_HOUR).tolist())


def peak_factor(weeks: Sequence[Ints]) -> float:
    """The busiest sustained rate over its hour's mean, as SCIENCE 1 measures it: what nearly all hours stay within.

    Over stretches that hold at least 30 expected requests; of several weeks the maximum over the same hour.
    """
    factors = []
    mean = np.mean([week.reshape(HOURS_PER_WEEK, 60).sum(axis=1) for week in weeks], axis=0)
    for hour, expected in enumerate(mean):
        size = int(np.clip(np.ceil(LEAST * 60 / max(expected, 1.0)), 1, 60))
        busiest = 0.0
        for week in weeks:
            minutes = week[hour * 60 : hour * 60 + 60]
            whole = minutes[: 60 // size * size].reshape(-1, size).sum(axis=1)
            busiest = max(busiest, float(whole.max()) * 60 / size)
        factors.append(busiest / max(expected, 1.0))
    return round(float(np.quantile(factors, NEARLY_ALL)), 2)
