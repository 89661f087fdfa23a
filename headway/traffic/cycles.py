"""Cycles in a log and their strength: within the hour, of the day, of the week, of the month, of the year.

A cycle's strength is the share of the ups and downs that it foretells: each stretch by the others of its place, so that
a chance likeness earns nothing, and without Poisson noise, which no cycle can foretell. Of a cycle that was not seen to
come round twice nothing can be said.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headway.traffic.reading import Floats
from headway.traffic.tally import BIN
from headway.traffic.weeks import HOUR, Hour, week_of
from headway.units import HOURS_PER_WEEK

SLOT = 300
"""Seconds: an hour's twelfth, in which callers on a schedule come together."""
_SLOTS = int(HOUR // SLOT)
_MONTHS_NEEDED, _YEARS_NEEDED = 59, 730
"""Days: two months, two years."""
_PLAIN = 4.0
"""Standard errors from its place's usual day: one in 16,000, of 62 places that are looked at."""
_WORTH = 0.15
"""Less than that is no cycle that anybody sizes for."""


class Minutes(NamedTuple):
    """How an hour's requests lie within it."""

    strength: float
    peak: int
    """Minute at which the busiest five begin."""
    factor: float
    """Their rate over the hour's mean."""


@dataclass(frozen=True)
class Seasonality:
    """What each cycle foretells, 0 to 1; None where too little was seen to tell."""

    minutes: Minutes | None = None
    daily: float | None = None
    weekly: float | None = None
    """By day and hour together: at least 'daily' where the days of a week differ."""
    monthly: float | None = None
    """Of what the week does not foretell, by days of the month."""
    yearly: float | None = None
    """Of what the week does not foretell, by the month of the year."""
    days_of_month: Mapping[int, float] = field(default_factory=dict)
    """Factors on a usual day, of the days that stand out; -1 is the month's last."""
    months: Mapping[int, float] = field(default_factory=dict)


class _Day(NamedTuple):
    date: date
    requests: float
    expected: float
    """By the hours of the week that it covers."""


def seasonality_of(hours: Sequence[Hour], zone: tzinfo, *, resolution: float = BIN) -> Seasonality:
    """Every cycle that comes round often enough.

    Args:
        hours: Those that were seen.
        zone: Whose days and months.
        resolution: Seconds of the shortest stretch that was counted.
    """
    whole = [hour for hour in hours if hour.covered > 0.99]
    daily = weekly = None
    if len(whole) >= 48:
        daily = _foretold(whole, [hour.of_week % 24 for hour in whole])
    if len(whole) >= 2 * HOURS_PER_WEEK and len({hour.week for hour in whole}) > 1:
        weekly = _foretold(whole, [hour.of_week for hour in whole])
    found = Seasonality(minutes=_minutes(whole, resolution), daily=daily, weekly=weekly)
    for _ in range(2):  # The week that days are held against is clearer without those that stand out.
        found = _beyond_the_week(hours, without_cycles(hours, found, zone), zone, found)
    return found


def without_cycles(hours: Sequence[Hour], cycles: Seasonality, zone: tzinfo) -> tuple[Hour, ...]:
    """The hours as they would have been on a usual day of a usual month."""
    if not cycles.days_of_month and not cycles.months:
        return tuple(hours)
    found = []
    for hour in hours:
        factor = _factor(datetime.fromtimestamp(hour.began, zone).date(), cycles)
        found.append(hour if factor == 1 else replace(hour, counts=(hour.counts / factor).astype(np.float32)))
    return tuple(found)


def _factor(day: date, cycles: Seasonality) -> float:
    days = cycles.days_of_month
    own = days.get(day.day) or days.get(day.day - 1 - monthrange(day.year, day.month)[1]) or 1.0
    return own * cycles.months.get(day.month, 1.0)


def _beyond_the_week(hours: Sequence[Hour], usual: Sequence[Hour], zone: tzinfo, found: Seasonality) -> Seasonality:
    """Days of the month and months that stand out of what the usual week foretells."""
    days = _days(hours, week_of(tuple(usual))[0], zone)
    if not days or (days[-1].date - days[0].date).days + 1 < _MONTHS_NEEDED:
        return found
    months: dict[int, float] = {}
    yearly = None
    if (days[-1].date - days[0].date).days + 1 >= _YEARS_NEEDED:
        yearly, months = _of_the_year(days)
    of_month = [
        day._replace(expected=day.expected * months.get(day.date.month, 1.0) * trend)
        for day, trend in zip(days, _trend(days), strict=True)
    ]
    from_start = _of_the_month(of_month, [day.date.day for day in days])
    from_end = _of_the_month(
        of_month, [day.date.day - 1 - monthrange(day.date.year, day.date.month)[1] for day in days]
    )
    monthly, standing_out = max(from_start, from_end, key=lambda one: one[0])
    return replace(found, monthly=monthly, yearly=yearly, days_of_month=standing_out, months=months)


def _days(hours: Sequence[Hour], mean: Floats, zone: tzinfo) -> list[_Day]:
    """Whole days, each with what its hours of the week usually bring."""
    parts: dict[date, list[Hour]] = defaultdict(list)
    for hour in hours:
        parts[datetime.fromtimestamp(hour.began, zone).date()].append(hour)
    found = []
    for day, here in sorted(parts.items()):
        expected = sum(float(mean[hour.of_week]) * hour.covered for hour in here)
        if sum(hour.covered for hour in here) >= 20 and expected > 0:
            found.append(_Day(day, sum(hour.requests for hour in here), expected))
    return found


def _trend(days: Sequence[_Day]) -> Floats:
    """Growth from day to day, as a factor on what is expected: a straight line through the logarithms of the usual."""
    ratio = np.array([max(day.requests, 0.5) / day.expected for day in days])
    at = np.array([day.date.toordinal() for day in days], dtype=float)
    at -= at.mean()
    level = np.log(ratio)
    near = np.abs(level - np.median(level)) <= 3 * max(_spread(level), 1e-9)
    slope, start = np.polyfit(at[near], level[near], 1)
    rest = level[near] - (start + slope * at[near])
    error = np.sqrt((rest**2).sum() / max(1, near.sum() - 2) / (at[near] ** 2).sum())
    return np.exp(slope * at) if abs(slope) > 3 * error else np.ones(len(days))


def _of_the_month(days: Sequence[_Day], places: Sequence[int]) -> tuple[float, dict[int, float]]:
    """The days of the month that stand out each time, and what they foretell of all days' ups and downs."""
    ratio = np.array([day.requests / day.expected for day in days])
    usual = float(np.median(ratio))
    if usual <= 0:
        return 0.0, {}
    ratio /= usual
    noise = 1 / np.array([day.expected for day in days]) / usual
    spread = max(_spread(ratio), float(np.sqrt(np.median(noise))))
    factors: dict[int, float] = {}
    foretold = np.ones(len(days))
    index = np.array(places)
    for place in sorted(set(places)):
        here = np.flatnonzero(index == place)
        seen = ratio[here]
        mean = float(seen.mean())
        same_side = bool(np.all(seen > 1 + spread) or np.all(seen < 1 - spread))
        if len(here) > 1 and same_side and abs(mean - 1) > max(_WORTH, _PLAIN * spread / np.sqrt(len(here))):
            factors[place] = round(mean, 2)
            foretold[here] = (seen.sum() - seen) / (len(here) - 1)
    before = float(((ratio - 1) ** 2).sum()) - float((noise * ratio).sum())
    after = float(((ratio - foretold) ** 2).sum()) - float((noise * ratio).sum())
    if not factors or before <= 0:
        return 0.0, {}
    return float(np.clip(1 - max(0.0, after) / before, 0.0, 1.0)), factors


def _of_the_year(days: Sequence[_Day]) -> tuple[float | None, dict[int, float]]:
    """Factors of the months of the year, and what they foretell; nothing where some month was not seen twice."""
    sums: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for day, trend in zip(days, _trend(days), strict=True):
        row = sums[day.date.year, day.date.month]
        row[0], row[1], row[2] = row[0] + day.requests, row[1] + day.expected * trend, row[2] + 1
    by_month: dict[int, list[float]] = defaultdict(list)
    for (_, month), (requests, expected, count) in sorted(sums.items()):
        if count >= 20:
            by_month[month].append(requests / expected)
    if len(by_month) < 12 or min(map(len, by_month.values())) < 2:
        return None, {}
    usual = float(np.median([np.mean(seen) for seen in by_month.values()]))
    seen = {month: np.array(values) / usual for month, values in by_month.items()}
    error = np.sqrt(np.mean([values.var(ddof=1) for values in seen.values()]))
    factors = {
        month: round(float(values.mean()), 2)
        for month, values in sorted(seen.items())
        if abs(values.mean() - 1) > max(_WORTH, _PLAIN * error / np.sqrt(len(values)))
    }
    values = np.concatenate(list(seen.values()))
    others = np.concatenate([(row.sum() - row) / (len(row) - 1) for row in seen.values()])
    spread = float(((values - 1) ** 2).sum())
    if not factors or spread <= 0:
        return 0.0, {}
    return float(np.clip(1 - ((values - others) ** 2).sum() / spread, 0.0, 1.0)), factors


def _minutes(hours: Sequence[Hour], resolution: float) -> Minutes | None:
    """How the hour's requests lie within it, where they were counted finely enough and are enough."""
    if resolution > SLOT:
        return None
    rows = [hour.counts for hour in hours if hour.counts.size == HOUR / BIN and hour.requests >= _SLOTS]
    if len(rows) < 24:
        return None
    counts: NDArray[np.float64] = np.array(rows, dtype=np.float64).reshape(len(rows), _SLOTS, -1).sum(axis=2)
    total = counts.sum(axis=1, keepdims=True)
    even = total / _SLOTS
    others = total * (counts.sum(axis=0) - counts) / (total.sum() - total)
    spread, missed = float(((counts - even) ** 2).sum()), float(((counts - others) ** 2).sum())
    noise = float(total.sum()) * (1 - 1 / _SLOTS)
    shares = counts.sum(axis=0) / total.sum()
    peak = int(shares.argmax())
    strength = (
        0.0 if spread <= noise * 1.5 else float(np.clip(1 - max(0.0, missed - noise) / (spread - noise), 0.0, 1.0))
    )
    return Minutes(strength, peak * SLOT // 60, float(shares[peak]) * _SLOTS)


def _foretold(hours: list[Hour], places: list[int]) -> float | None:
    """Share of the variation that the other hours of the same place foretell."""
    values = np.array([hour.requests for hour in hours])
    index = np.array(places)
    sums, counts = np.bincount(index, weights=values), np.bincount(index)
    many = counts[index] > 1
    if not many.any():
        return None
    values, index = values[many], index[many]
    others = (sums[index] - values) / (counts[index] - 1)
    spread = float(((values - values.mean()) ** 2).sum())
    noise = float(values.sum())
    missed = float(((values - others) ** 2).sum())
    noise_missed = float((values + others / (counts[index] - 1)).sum())
    if spread <= noise * 1.5:
        return 0.0
    return float(np.clip(1 - max(0.0, missed - noise_missed) / (spread - noise), 0.0, 1.0))


def _spread(values: Floats) -> float:
    """A standard deviation that days which stand out do not widen."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))
