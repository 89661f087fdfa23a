"""The profile's own promise, watched: how many late requests in which window spend it too fast.

``percentile`` of the requests make their wait, so the rest, over thirty days, is a budget of late ones. An alarm that
fires at the first late request is soon ignored, and one on the month's share comes too late; so each window may spend
only its part of the budget (Beyer et al., The Site Reliability Workbook, 2018, chapter 5: 2 % in an hour, 5 % in six
hours, 10 % in three days; here a day, the longest period of an alarm).
"""

from __future__ import annotations

from typing import Final, NamedTuple

BUDGET_DAYS = 30
WINDOWS: Final = ((3600, 0.02), (21_600, 0.05), (86_400, 0.10))
"""A window in seconds, and the share of the month's budget that may be spent in it."""
MOST_LATE = 0.9
"""A threshold of more is never met: with a percentile of 50 all may be late for some hours."""
FEWEST_LATE = 2
"""One late request is no trend. A window in which not even so many are expected at the threshold is passed over."""
SHORTEST_WINDOW_S = 300
LEAST_DEGRADED, DEGRADED_BURN = 0.1, 5
"""Share of the answers that a ladder may give: five times as many as may be late, a tenth at the least."""
METRICS = 2
"""That such an alarm looks at: the share of the requests that made it, and how many they were."""


class Window(NamedTuple):
    """Late requests that are too many: a share of a window's requests."""

    seconds: int
    late_share: float


def burn_windows(percentile: float, per_hour: float, longest_gap_s: float = 0.0) -> tuple[Window, ...]:
    """The windows to watch: the hour and the six hours; longer ones where the results come further apart.

    Args:
        percentile: Share of requests, in percent, that the profile promises.
        per_hour: Requests an hour on average: where an hour has too few, one longer window alone is watched.
        longest_gap_s: The longest time between two departures.

    >>> burn_windows(99, per_hour=60)
    (Window(seconds=3600, late_share=0.144), Window(seconds=21600, late_share=0.06))
    >>> burn_windows(95, per_hour=2)
    (Window(seconds=21600, late_share=0.3),)
    >>> burn_windows(99, per_hour=400, longest_gap_s=86_400)
    (Window(seconds=86400, late_share=0.03),)
    """
    budget = (100 - percentile) / 100
    found = []
    for seconds, spent in WINDOWS:
        burn = spent * BUDGET_DAYS * 86_400 / seconds
        late = round(min(MOST_LATE, burn * budget), 6)
        if seconds >= longest_gap_s and late * per_hour * seconds / 3600 >= FEWEST_LATE:
            found.append(Window(seconds, late))
    return tuple(found[:2] if found and found[0].seconds == WINDOWS[0][0] else found[:1])


def share_window(most: float, per_hour: float, longest_gap_s: float = 0.0) -> int:
    """The window, in seconds, in which a share of answers is watched: the shortest in which it would be a few of them.

    >>> share_window(0.05, per_hour=200), share_window(0.05, per_hour=20), share_window(0.01, per_hour=2)
    (3600, 21600, 86400)
    """
    for seconds, _ in WINDOWS:
        if seconds >= longest_gap_s and most * per_hour * seconds / 3600 >= FEWEST_LATE:
            return seconds
    return WINDOWS[-1][0]


def degraded_window(percentile: float, per_hour: float) -> Window:
    """The window in which answers of a ladder are counted, and the share of them that is too many.

    An endpoint that is down is known in minutes where enough requests come to tell it from chance.

    >>> degraded_window(99, per_hour=3600), degraded_window(95, per_hour=2)
    (Window(seconds=300, late_share=0.1), Window(seconds=21600, late_share=0.25))
    """
    share = round(min(MOST_LATE, max(LEAST_DEGRADED, DEGRADED_BURN * (100 - percentile) / 100)), 6)
    lengths = (SHORTEST_WINDOW_S, *(seconds for seconds, _ in WINDOWS))
    enough = [one for one in lengths if per_hour * one / 3600 >= 2 * FEWEST_LATE]
    return Window(enough[0] if enough else lengths[-1], share)


def burn_alarm(window_s: int) -> str:
    """The name of a window's alarm.

    >>> burn_alarm(21_600)
    'burn-rate-6h'
    """
    return f"burn-rate-{window_s // 3600}h"
