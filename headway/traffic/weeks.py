"""Hours of the week, in a time zone, out of what was counted: the mean of each, its busiest rate, holes, growth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from math import ceil, exp

import numpy as np
from numpy.typing import NDArray

from headway.assumptions import assume
from headway.traffic.reading import Floats
from headway.traffic.tally import BIN, BINS, QUARTER, Tally
from headway.units import HOURS_PER_WEEK

HOUR = 3600.0
_DIVIDERS = (10, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600)
"""Seconds of a bin that fit into an hour."""


@dataclass(frozen=True)
class Hour:
    """One hour that was seen."""

    began: float
    """Seconds since 1970."""
    week: int
    of_week: int
    counts: NDArray[np.float32]
    """Requests of each ten seconds."""
    covered: float
    """Share of it that the log spans."""

    @property
    def requests(self) -> float:
        """All of them."""
        return float(self.counts.sum())


@dataclass(frozen=True)
class Hole:
    """A stretch without a request where many were to be expected: a holiday, or missing from the log."""

    began: float
    hours: float
    expected: float


def hours_of(tally: Tally, zone: tzinfo) -> tuple[Hour, ...]:
    """Every hour from the first request to the last, empty ones too; a repeated hour of autumn is there twice."""
    first, last = int(tally.first // QUARTER), int(np.nextafter(tally.last, 0) // QUARTER)
    empty = np.zeros(BINS, np.float32)
    found: list[Hour] = []
    monday = None
    key, began = (-1, -1), 0.0
    parts: list[NDArray[np.float32]] = []

    def made() -> Hour:
        nonlocal monday
        local = datetime.fromtimestamp(began, zone)
        day = local.date() - timedelta(days=local.weekday())
        monday = monday or day
        length = len(parts) * QUARTER
        covered = (min(tally.last, began + length) - max(tally.first, began)) / HOUR
        return Hour(
            began, (day - monday).days // 7, local.weekday() * 24 + local.hour, np.concatenate(parts), max(0.0, covered)
        )

    for quarter in range(first, last + 1):
        moment = quarter * QUARTER
        offset = datetime.fromtimestamp(moment, zone).utcoffset() or timedelta(0)
        here = (int((moment + offset.total_seconds()) // HOUR), int(offset.total_seconds()))
        if here != key:
            if parts:
                found.append(made())
            key, parts, began = here, [], float(moment)
        parts.append(tally.quarters.get(quarter, empty))
    if parts:
        found.append(made())
    return tuple(found)


def week_of(hours: tuple[Hour, ...]) -> tuple[Floats, Floats]:
    """Mean requests an hour, and hours covered, of each hour of the week; what was never seen is not a number."""
    requests, covered = np.zeros(HOURS_PER_WEEK), np.zeros(HOURS_PER_WEEK)
    for hour in hours:
        requests[hour.of_week] += hour.requests
        covered[hour.of_week] += hour.covered
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(covered > 0.25, requests / covered, np.nan), covered


def holes_of(hours: tuple[Hour, ...]) -> tuple[Hole, ...]:
    """Stretches of empty hours that the other weeks say were no quiet time; in a single week nothing can say so."""
    if len({hour.week for hour in hours if hour.covered > 0.99}) < 2:
        return ()
    requests, covered = np.zeros(HOURS_PER_WEEK), np.zeros(HOURS_PER_WEEK)
    for one in hours:
        if one.requests > 0:
            requests[one.of_week] += one.requests
            covered[one.of_week] += one.covered
    # Of hours that are mostly empty, the empty ones are the rule.
    seen = np.bincount([hour.of_week for hour in hours], minlength=HOURS_PER_WEEK)
    usual = np.where(covered >= 0.5 * seen, requests / np.maximum(covered, 1e-9), 0.0)
    found: list[Hole] = []
    run: list[Hour] = []
    for hour in (*hours, None):
        if hour is not None and hour.requests == 0:
            run.append(hour)
            continue
        expected = float(sum(usual[one.of_week] * one.covered for one in run))
        if expected >= assume("traffic.hole_expected"):
            found.append(Hole(run[0].began, sum(one.covered for one in run), expected))
        run = []
    return tuple(found)


def without_holes(hours: tuple[Hour, ...], holes: tuple[Hole, ...]) -> tuple[Hour, ...]:
    """The hours that were really seen."""

    def lies_in(hour: Hour) -> bool:
        return any(hole.began <= hour.began < hole.began + hole.hours * HOUR for hole in holes)

    return tuple(hour for hour in hours if not lies_in(hour))


def fill_unseen(mean: Floats) -> tuple[Floats, int]:
    """Hours that were never seen, by the same hour of like days, then of all days; how many there were."""
    days = mean.reshape(7, 24)
    filled = days.copy()
    for day, hour in zip(*np.nonzero(np.isnan(days)), strict=True):
        like = days[5:, hour] if day >= 5 else days[:5, hour]
        for candidates in (like, days[:, hour], days.ravel()):
            known = candidates[~np.isnan(candidates)]
            if known.size:
                filled[day, hour] = known.mean()
                break
    return filled.ravel(), int(np.isnan(mean).sum())


def busiest_of(hours: tuple[Hour, ...], mean: Floats, resolution: float) -> Floats:
    """The busiest sustained rate of each hour of the week, in requests an hour: the maximum over the weeks.

    Over bins that hold at least 30 expected requests and last at least 10 s (SCIENCE 1), so that Poisson noise is not
    counted here and in the queueing formula; where an hour holds fewer, over the hours around it.
    """
    least = assume("traffic.peak_requests")
    busiest = mean.copy()
    by_hour: dict[int, list[Hour]] = {}
    for hour in hours:
        if hour.covered > 0.5:
            by_hour.setdefault(hour.of_week, []).append(hour)
    for of_week, rate in enumerate(mean):
        if rate >= least:
            width = next(size for size in _DIVIDERS if size >= max(resolution, min(HOUR, least / rate * HOUR)))
            for hour in by_hour.get(of_week, ()):
                bins = _binned(hour.counts, width)
                if bins.size:
                    busiest[of_week] = max(busiest[of_week], float(bins.max()) * HOUR / width)
        elif rate > 0:
            busiest[of_week] = rate * _around(hours, mean, of_week, least)
    return np.asarray(busiest)


def _binned(counts: NDArray[np.float32], width: int) -> Floats:
    size = width // BIN
    whole = counts.size // size * size
    return np.asarray(counts[:whole].reshape(-1, size).sum(axis=1), dtype=np.float64)


def _around(hours: tuple[Hour, ...], mean: Floats, of_week: int, least: float) -> float:
    """Busiest over expected, of the hours around one that together hold enough."""
    reach = 0
    while reach < 12:
        window = [(of_week + step) % HOURS_PER_WEEK for step in range(-reach, reach + 1)]
        if mean[window].sum() >= least:
            break
        reach += 1
    factor = 1.0
    for place, hour in enumerate(hours):
        if hour.of_week == of_week:
            near = hours[max(0, place - reach) : place + reach + 1]
            expected = sum(float(mean[one.of_week]) * one.covered for one in near)
            if expected >= least:
                factor = max(factor, sum(one.requests for one in near) / expected)
    return factor


def growth_of(hours: tuple[Hour, ...], mean: Floats) -> float | None:
    """Growth a month, from week to week; None where fewer than four whole weeks were seen or nothing is plain."""
    levels = [*_levels(hours, mean)]
    if len(levels) < 4:
        return None
    weeks, level = (
        np.array([week for week, _ in levels], dtype=float),
        np.log([max(value, 1e-9) for _, value in levels]),
    )
    slope, _ = np.polyfit(weeks, level, 1)
    rest = level - np.polyval(np.polyfit(weeks, level, 1), weeks)
    error = np.sqrt((rest**2).sum() / (len(levels) - 2) / ((weeks - weeks.mean()) ** 2).sum())
    if abs(slope) < 3 * error or abs(slope) < 0.0025:
        return None
    return exp(float(slope) * 365 / 12 / 7) - 1


def _levels(hours: tuple[Hour, ...], mean: Floats) -> Iterator[tuple[int, float]]:
    """Each week's requests over those that its hours usually have."""
    for week in sorted({hour.week for hour in hours}):
        here = [hour for hour in hours if hour.week == week]
        expected = sum(float(mean[hour.of_week]) * hour.covered for hour in here)
        if len(here) >= HOURS_PER_WEEK // 2 and expected > 0:
            yield week, sum(hour.requests for hour in here) / expected


def weeks_seen(hours: tuple[Hour, ...]) -> tuple[tuple[float | None, ...], ...]:
    """Requests an hour of each week that was seen, None for hours that were not: what a picture shows."""
    if not hours:
        return ()
    rows: list[list[float | None]] = [[None] * HOURS_PER_WEEK for _ in range(ceil(hours[-1].week) + 1)]
    for hour in hours:
        if hour.covered > 0.5:
            rows[hour.week][hour.of_week] = hour.requests / hour.covered
    return tuple(tuple(row) for row in rows)
