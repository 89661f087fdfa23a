"""What says that nobody fills a table: too few requests find their row, or no row is as young as promised.

Both look at many requests at once, in the windows of `promise`: so many that chance alone hardly ever sets them off,
and that silence says nothing. Where a day has too few for that, there is no alarm rather than one that cries wolf.
"""

from __future__ import annotations

from math import ceil, log, log1p
from statistics import NormalDist

from headway.architectures.promise import METRICS, WINDOWS
from headway.architectures.value import Value
from headway.assumptions import assume


class AgeWatch(Value):
    """How many rows a window must have given out for the youngest of them to tell whether the table is filled."""

    window_s: int
    least: int


class MissWatch(AgeWatch):
    """A share of a window's requests that is too large to find no row; fewer than ``least`` requests say nothing."""

    most: float


def miss_watch(hit_rate: float, per_hour: float) -> MissWatch | None:
    """When too many requests find no row: the odds of a hit have fallen to ``table.hit_odds`` of the plan's.

    Odds, for they mean the same at both ends: where nearly all are found, the misses have about doubled, and with them
    what the live part must serve; where few are, the hits have about halved.

    Args:
        hit_rate: Share of the requests that the plan expects to find their row.
        per_hour: Requests an hour on average.

    Returns:
        The watch; None where no hit is expected, or where even a day has too few requests to tell the two apart.

    >>> watch = miss_watch(0.8, per_hour=1000)
    >>> watch.window_s, round(watch.most, 3), watch.least
    (3600, 0.333, 164)
    >>> miss_watch(0.8, per_hour=10).window_s, miss_watch(0.8, per_hour=5)
    (86400, None)
    """
    if hit_rate <= 0:
        return None
    missed = max(1 - hit_rate, assume("table.unforeseen"))
    found = 1 - missed
    most = missed / (missed + assume("table.hit_odds") * found)
    # The share of misses among n requests is about normal, with this deviation over the root of n.
    deviations = NormalDist().inv_cdf(1 - assume("watch.chance"))
    least = ceil(missed * found * (deviations / (most - missed)) ** 2)
    window = _window(least, per_hour)
    return None if window is None else MissWatch(window_s=window, most=round(most, 4), least=least)


def age_watch(filled_share: float, per_hour: float) -> AgeWatch | None:
    """When no row that is given out is as young as the last fill's: nothing has been filled since.

    A row may be old in good order, where its entity has not changed; but of many rows one is of the last fill.

    Args:
        filled_share: Share of the rows that a fill writes anew. Asked for as often as others, at least: what changed is
            what is in use.
        per_hour: Rows an hour that are given out, on average.

    >>> age_watch(0.1, per_hour=1000)
    AgeWatch(window_s=3600, least=110)
    >>> age_watch(1.0, per_hour=1), age_watch(0.0, per_hour=1000)
    (AgeWatch(window_s=3600, least=1), None)
    """
    if filled_share <= 0:
        return None
    least = 1 if filled_share >= 1 else ceil(log(assume("watch.chance")) / log1p(-filled_share))
    window = _window(least, per_hour)
    return None if window is None else AgeWatch(window_s=window, least=least)


def watch_alarms(miss: MissWatch | None, age: AgeWatch | None) -> dict[str, int]:
    """The alarms on a table's answers, each with the metrics it looks at: a value, and how many requests it is of.

    >>> watch_alarms(None, AgeWatch(window_s=3600, least=110))
    {'stale-rows': 2}
    """
    watches = {"low-hit-rate": miss, "stale-rows": age}
    return {name: METRICS for name, watch in watches.items() if watch is not None}


def _window(least: int, per_hour: float) -> int | None:
    """The shortest window that has so many requests on average."""
    return next((seconds for seconds, _ in WINDOWS if per_hour * seconds / 3600 >= least), None)
