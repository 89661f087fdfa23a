"""Estimates of what a plan assumes, from what happened; each with bounds, and refused where too little did.

Shares with Wilson's interval, rates with Byar's (both 90 %, two-sided); times by their mean between the tenth and the
ninetieth percentile. All pure: seconds, counts and prices in, a value with its bounds out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, exp, sqrt
from statistics import NormalDist, fmean

from headway.errors import HeadwayError

_Z = NormalDist().inv_cdf(0.95)
QUARTER_S = 900.0
"""Spot's survival is that of fifteen minutes: what is assumed of longer runs follows from it."""
LINGER_MOST_S = 900.0
"""An instance that ends longer after its last job was kept for something else."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value between two bounds, and on how many observations it rests."""

    value: float
    low: float | None
    high: float | None
    observations: int


@dataclass(frozen=True, slots=True)
class WorkerRun:
    """One attempt of one batch worker. Times in epoch seconds."""

    departure: str
    purchase: str
    """``spot`` or ``ondemand``."""
    created: float
    started: float | None
    stopped: float | None
    instance: str
    """The container instance that it ran on; empty where it never started."""
    first: bool
    """The first attempt of its job."""
    called_off: bool = False
    """Ended by last call before it started: spot had no capacity in time."""
    interrupted: bool = False
    """Its host went away under it."""
    queue: str = ""


class TooFewError(HeadwayError):
    """Not enough happened to say anything."""

    def __init__(self, observations: int, needed: int) -> None:
        super().__init__(f"{observations} seen, {needed} needed")
        self.observations, self.needed = observations, needed


def mean_time(seconds: Sequence[float], *, needed: int) -> Estimate:
    """A mean time between the tenth and the ninetieth percentile.

    Raises:
        TooFewError: Fewer than ``needed``.
    """
    _enough(len(seconds), needed)
    return Estimate(fmean(seconds), _quantile(seconds, 0.1), _quantile(seconds, 0.9), len(seconds))


def share(hits: float, of: int, *, needed: int, count: int | None = None) -> Estimate:
    """A share of independent cases with Wilson's interval.

    Args:
        hits: Cases that did.
        of: Cases.
        needed: The least number of cases.
        count: How many of the cases are independent, where that is fewer: the interval and the refusal go by it.

    Raises:
        TooFewError: Fewer than ``needed``.

    >>> found = share(3, 60, needed=30)
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.05, 0.02, 0.119)
    """
    n = of if count is None else count
    _enough(n, needed)
    p = min(1.0, hits / of)
    centre, spread = p + _Z * _Z / (2 * n), _Z * sqrt(p * (1 - p) / n + _Z * _Z / (4 * n * n))
    scale = 1 + _Z * _Z / n
    return Estimate(p, max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale), n)


def starts(runs: Iterable[WorkerRun]) -> list[float]:
    """Seconds from submission to start of workers that found no instance waiting for them: first attempts alone."""
    found: list[float] = []
    warm: set[str] = set()
    for run in sorted(runs, key=lambda one: one.started or 0.0):
        if run.started is None:
            continue
        if run.first and run.instance not in warm:
            found.append(run.started - run.created)
        if run.instance:
            warm.add(run.instance)
    return found


def spot_misses(runs: Sequence[WorkerRun], *, needed: int) -> Estimate:
    """The share of spot workers that last call ended before they started; departures, not workers, are independent.

    Raises:
        TooFewError: Fewer departures than ``needed``.
    """
    spot = [run for run in runs if run.purchase == "spot" and run.first and (run.called_off or run.started is not None)]
    departures = len({run.departure for run in spot})
    _enough(departures, needed)
    return share(sum(run.called_off for run in spot), len(spot), needed=needed, count=departures)


def spot_survival(runs: Iterable[WorkerRun], *, needed: int) -> Estimate:
    """The chance that a spot worker runs for fifteen minutes: up-times are heavy-tailed, so only the first count.

    An attempt is under observation from its start to its end or fifteen minutes; the rate is interruptions over that
    time, with half a one added so that none seen is not none ever. ``low`` and ``high`` follow the table: the chance
    with few and with many interruptions.

    Raises:
        TooFewError: Less than ``needed`` quarters of an hour were under observation.
    """
    exposure = interruptions = 0.0
    for run in runs:
        if run.purchase != "spot" or run.started is None or run.stopped is None:
            continue
        lived = max(0.0, run.stopped - run.started)
        exposure += min(lived, QUARTER_S)
        interruptions += run.interrupted and lived <= QUARTER_S
    quarters = int(exposure / QUARTER_S)
    _enough(quarters, needed)
    few, many = _byar(interruptions)
    value, low, high = (exp(-count * QUARTER_S / exposure) for count in (interruptions + 0.5, few, many))
    return Estimate(value, max(low, value), min(high, value), quarters)


def lingers(runs: Iterable[WorkerRun], ended: Mapping[str, Sequence[float]], *, needed: int) -> Estimate:
    """How long instances stayed after their last job.

    Args:
        runs: Every attempt, with the container instance that it ran on.
        ended: By queue, when its compute environment ended an instance that nobody interrupted.
        needed: The least number of instances.

    The two lists share no names, but within a queue an instance ends soon after its last job: each end goes to the
    latest last stop before it that has none yet. The mean does not depend on who is paired with whom.

    Raises:
        TooFewError: Fewer than ``needed``.
    """
    last: dict[tuple[str, str], float] = {}
    for run in runs:
        if run.instance and run.stopped is not None and not run.interrupted:
            key = (run.queue, run.instance)
            last[key] = max(last.get(key, 0.0), run.stopped)
    found: list[float] = []
    for queue, ends in ended.items():
        stops = sorted(stopped for (where, _), stopped in last.items() if where == queue)
        for end in sorted(ends):
            before = [stopped for stopped in stops if 0 <= end - stopped <= LINGER_MOST_S]
            if before:
                stops.remove(before[0])
                found.append(end - before[0])
    return mean_time(found, needed=needed)


def prices_against(
    paid: Mapping[str, Sequence[tuple[float, float]]],
    book: Mapping[str, float],
    hours: Mapping[str, float],
    *,
    end: float,
    needed: int,
) -> Estimate:
    """Spot prices over the book's, each as long as it held, types by the hours that they were used.

    Args:
        paid: By instance type, ``(epoch seconds, USD an hour)`` of each change, in any zone.
        book: By instance type, the book's spot price.
        hours: By instance type, spot hours.
        end: Epoch seconds at which the last price still holds.
        needed: The least number of price changes.

    Raises:
        TooFewError: Fewer than ``needed``.
    """  # fmt: skip
    changes = sum(len(paid[kind]) for kind in paid if kind in book)
    _enough(changes, needed)
    rows: list[tuple[float, float]] = []
    total = sum(hours.get(kind, 0.0) for kind in paid if kind in book)
    for kind, points in paid.items():
        if kind not in book or not points:
            continue
        ordered = sorted(points)
        held = [(price / book[kind], max(0.0, until - at)) for (at, price), until in
                zip(ordered, [*(at for at, _ in ordered[1:]), end], strict=True)]  # fmt: skip
        whole = sum(length for _, length in held)
        weight = hours.get(kind, 0.0) / total if total else 1 / len(paid)
        rows += [(ratio, length / whole * weight) for ratio, length in held if whole]
    value = sum(ratio * weight for ratio, weight in rows) / sum(weight for _, weight in rows)
    return Estimate(value, _weighted(rows, 0.1), _weighted(rows, 0.9), changes)


def retried(received: float, sent: float, *, needed: int) -> Estimate:
    """The share of messages that were received a second time.

    Raises:
        TooFewError: Fewer messages than ``needed``.
    """
    _enough(int(sent), needed)
    return share(min(max(0.0, received - sent), sent), int(sent), needed=needed)


def idle_kept(calls_by_hour: Sequence[float], cold: float, *, needed: int) -> Estimate:
    """How long a platform keeps idle capacity: the time at which Poisson arrivals would have had as many cold starts.

    A call is cold with the probability that nobody came for so long: the sum of ``n exp(-n t / 3600)`` over the hours.

    Raises:
        TooFewError: Fewer cold starts than ``needed``, or as many as calls.

    >>> round(idle_kept([4.0] * 1000, 4000 * exp(-4 * 900 / 3600), needed=20).value)
    900
    """
    hours = [calls for calls in calls_by_hour if calls > 0]
    _enough(int(cold), needed)
    if cold >= sum(hours):
        raise TooFewError(0, needed)

    def kept_at(count: float) -> float:
        return _solve(lambda t: sum(n * exp(-n * t / 3600) for n in hours) - count)

    few, many = _byar(cold)
    return Estimate(kept_at(cold), kept_at(min(many, sum(hours))), kept_at(few), int(cold))


def scale_outs(targets: Sequence[tuple[float, float, int]]) -> list[float]:
    """Seconds that each scaling out took, of ``(start, end, instances wanted)`` in any order."""
    ordered = sorted(targets)
    return [end - start for (_, _, before), (start, end, wanted) in pairwise(ordered) if wanted > before]


def _solve(function: Callable[[float], float]) -> float:
    """The root of a falling function between nothing and six hours."""
    low, high = 0.0, 6 * 3600.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2


def _byar(count: float) -> tuple[float, float]:
    """Byar's approximate 90 % interval of a Poisson count (Breslow and Day 1987)."""
    low = count * (1 - 1 / (9 * count) - _Z / (3 * sqrt(count))) ** 3 if count else 0.0
    more = count + 1
    return low, more * (1 - 1 / (9 * more) + _Z / (3 * sqrt(more))) ** 3


def _quantile(values: Sequence[float], at: float) -> float:
    return sorted(values)[max(0, ceil(at * len(values)) - 1)]


def _weighted(rows: Sequence[tuple[float, float]], at: float) -> float:
    total, so_far = sum(weight for _, weight in rows), 0.0
    for value, weight in sorted(rows):
        so_far += weight
        if so_far >= at * total:
            return value
    return max(value for value, _ in rows)


def _enough(observations: int, needed: int) -> None:
    if observations < needed:
        raise TooFewError(observations, needed)
