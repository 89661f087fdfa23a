"""Departures over a week: what each takes, how long it may still take, and the rules that say so compactly.

A departure takes what arrived since the one before. Departures of a regime end its windows (08:15, 08:30 .. 18:00 for
08-18 in windows of 15 minutes), so everything a departure takes was promised the same wait, and the last one of a
regime leaves nothing behind for the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from headway.traffic.demand import Demand

DAY = 1440
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class Kind:
    """Departures alike in all that sizing needs; times in seconds, arrivals a departure."""

    gap_s: float
    slack_s: float
    """From leaving to the earliest moment at which something it takes must be ready."""
    promise_s: float
    """The max_wait that gives that slack."""
    mean: float
    peak: float
    exact: bool = False
    """Scheduled work: as many as the schedule says, all there at the start of the gap."""


Kinds = Mapping[Kind, float]
"""How often a week each kind leaves."""


def regime_minutes(hours: Iterable[int], window: int) -> list[int]:
    """Minutes of the week at which a regime's departures leave, for windows of ``window`` minutes.

    >>> regime_minutes([8, 9], 60), regime_minutes([8], 45)
    ([540, 600], [525, 540])
    """
    minutes: list[int] = []
    for start, end in _runs(sorted(hours)):
        minutes += range(start + window, end, window)
        minutes.append(end)
    return sorted({minute % WEEK for minute in minutes})


def periodic_minutes(period_h: int, offset_h: int) -> list[int]:
    """Departures every ``period_h`` hours of each day, starting at ``offset_h``.

    >>> periodic_minutes(12, 6)[:3]
    [360, 1080, 1800]
    """
    return [day * DAY + hour * 60 for day in range(7) for hour in range(offset_h, 24, period_h)]


def kinds(minutes: Sequence[int], before: Sequence[int], demand: Demand) -> Kinds:
    """What departs at ``minutes``, where ``before`` gives the departure (of any regime) that came before each."""
    starts = [
        previous - WEEK if previous >= leave else previous for leave, previous in zip(minutes, before, strict=True)
    ]
    if demand.piles:
        return _pile_kinds(list(zip(starts, minutes, strict=True)), demand)
    means, peaks = arrivals(demand.mean, starts, minutes), arrivals(demand.peak, starts, minutes)
    # Departures of a whole week differ in few things: each combination is made once.
    gaps = [leave - start for leave, start in zip(minutes, starts, strict=True)]
    rows = Counter(zip(gaps, *_slacks(starts, minutes, demand.max_wait), means, peaks, strict=True))
    return {
        Kind(gap * 60.0, slack, promise, mean, peak): times for (gap, slack, promise, mean, peak), times in rows.items()
    }


def _slacks(
    starts: Sequence[int], minutes: Sequence[int], max_wait: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Seconds from each departure to when the first thing it takes must be ready, and the wait that was promised it."""
    spans = zip(starts, minutes, strict=True)
    if len(set(max_wait)) == 1:
        # Where all wait alike, it is the oldest.
        wait = max_wait[0]
        return [wait - (leave - start) * 60.0 for start, leave in spans], [wait] * len(minutes)
    slacks, promises = [], []
    for start, leave in spans:
        slack, promise = float("inf"), 0.0
        for hour in range(start // 60, -(-leave // 60)):
            left = max_wait[hour % 168] - (leave - max(start, hour * 60)) * 60.0
            if left < slack:
                slack, promise = left, max_wait[hour % 168]
        slacks.append(slack)
        promises.append(promise)
    return slacks, promises


def _pile_kinds(spans: Sequence[tuple[int, int]], demand: Demand) -> Kinds:
    """The departures that find scheduled work; all others launch nothing."""
    found: dict[Kind, float] = {}
    growth = max(demand.peak) / max(pile.items for pile in demand.piles)
    for start, leave in spans:
        taken = [(pile, _minute_in(pile.minute, start)) for pile in demand.piles]
        taken = [(pile, minute) for pile, minute in taken if start <= minute < leave]
        if not taken:
            continue
        slack, promise, oldest = min(
            (wait - (leave - minute) * 60.0, wait, minute)
            for pile, minute in taken
            for wait in [demand.max_wait[pile.minute // 60]]
        )
        items = sum(pile.items for pile, _ in taken)
        kind = Kind((leave - oldest) * 60.0, slack, promise, items, items * growth, exact=True)
        found[kind] = found.get(kind, 0.0) + max(pile.weight for pile, _ in taken)
    return found


def _minute_in(minute: int, start: int) -> int:
    """The minute of the week as the span that starts at ``start`` (which may lie in last week) would see it."""
    return minute - WEEK if start < 0 and minute >= start + WEEK else minute


def arrivals(hourly: Sequence[float], starts: Sequence[int], ends: Sequence[int]) -> list[float]:
    """Expected arrivals from each start to each end, in minutes of the week; a start may be negative (last week).

    >>> arrivals([60.0] * 168, [-30, 30], [30, 90])
    [60.0, 60.0]
    """
    until = np.concatenate([[0.0], np.cumsum(hourly)])
    places = np.arange(until.size) * 60.0

    def since_monday(minutes: Sequence[int]) -> NDArray[np.float64]:
        weeks, rest = np.divmod(np.asarray(minutes), WEEK)
        found: NDArray[np.float64] = weeks * until[-1] + np.interp(rest, places, until)
        return found

    found: list[float] = np.round(since_monday(ends) - since_monday(starts), 9).tolist()
    return found


def previous_departures(minutes: Sequence[int], everything: Sequence[int]) -> list[int]:
    """For each of ``minutes`` the departure before it among ``everything`` (sorted), around the week."""
    order = {minute: everything[index - 1] for index, minute in enumerate(everything)}
    return [order[minute] for minute in minutes]


def compress(minutes: Sequence[int]) -> list[tuple[tuple[int, ...], int, int, int]]:
    """Minutes of the week as ``(days, from, to, every)``, ``to`` exclusive, all in minutes of the day.

    >>> compress([480, 495, 510, 1920, 1935, 1950])
    [((0, 1), 480, 511, 15)]
    """
    by_day: dict[int, list[int]] = {}
    for minute in sorted(minutes):
        by_day.setdefault(minute // DAY, []).append(minute % DAY)
    patterns: dict[tuple[tuple[int, int, int], ...], list[int]] = {}
    for day, times in by_day.items():
        patterns.setdefault(tuple(_progressions(times)), []).append(day)
    rules: dict[tuple[int, int, int], list[int]] = {}
    for pattern, days in patterns.items():
        for progression in pattern:
            rules.setdefault(progression, []).extend(days)
    return [(tuple(sorted(days)), *progression) for progression, days in sorted(rules.items())]


def _runs(hours: Sequence[int]) -> list[tuple[int, int]]:
    """Consecutive hours as ``(start, end)`` in minutes of the week, joined across Sunday midnight."""
    if not hours:
        return []
    runs = [[hours[0], hours[0] + 1]]
    for hour in hours[1:]:
        if hour == runs[-1][1]:
            runs[-1][1] += 1
        else:
            runs.append([hour, hour + 1])
    if len(runs) > 1 and runs[0][0] == 0 and runs[-1][1] == 168:
        first = runs.pop(0)
        runs[-1][1] += first[1]
    return [(start * 60, end * 60) for start, end in runs]


def _progressions(times: Sequence[int]) -> list[tuple[int, int, int]]:
    """A day's sorted minutes as ``(from, to, every)`` runs of equal steps."""
    found: list[tuple[int, int, int]] = []
    rest = list(times)
    while rest:
        if len(rest) == 1:
            found.append((rest[0], rest[0] + 1, DAY))
            break
        step = rest[1] - rest[0]
        length = 2
        for left, right in pairwise(rest[1:]):
            if right - left != step:
                break
            length += 1
        if length == 2 and len(rest) > 2 and rest[2] - rest[1] < step:
            length = 1
            step = DAY
        found.append((rest[0], rest[length - 1] + 1, step))
        rest = rest[length:]
    return found
