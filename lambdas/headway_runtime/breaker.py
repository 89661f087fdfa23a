"""A circuit breaker: after failures in a row a part is left alone for a while, then one call finds out.

Its state lives in one Lambda environment, which serves one call at a time. Sharing it would cost a read of a table for
every request, and a second thing that can fail while the first does. What it costs not to share is bounded: each
environment learns for itself, by ``FAILURES`` calls at the most, and each sends one probe an interval. Environments
that live on keep what they know; the intervals carry jitter, so that they do not all probe at once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

FAILURES = 3
"""Requests in a row, their tries again included. One slow answer is chance; three in a row, at the 1 % of late answers
that a p99 allows, one in a million."""
OPEN_S, LONGEST_OPEN_S = 5.0, 60.0
"""Left alone so long at first, twice as long after each probe that fails, up to a minute: nobody waits longer to see
that the part is back."""


def now() -> float:
    """Seconds of a clock that never jumps; the one that every breaker reads."""
    return time.monotonic()


@dataclass
class Breaker:
    """One part's state. ``closed``: asked; ``open``: left alone; ``half-open``: the next call is the probe."""

    clock: Callable[[], float] | None = None
    """Another clock than `now`."""
    failures: int = 0
    open_for_s: float = 0.0
    opened_at: float = 0.0
    _next_s: float = OPEN_S

    @property
    def state(self) -> str:
        """``closed``, ``open`` or ``half-open``."""
        if not self.open_for_s:
            return "closed"
        return "open" if self.retry_in_s > 0 else "half-open"

    @property
    def retry_in_s(self) -> float:
        """Seconds until the part is asked again; 0 where it may be asked now."""
        return max(0.0, self.opened_at + self.open_for_s - self._time()) if self.open_for_s else 0.0

    def succeeded(self) -> None:
        """It answered, be it with a refusal: closed."""
        self.failures, self.open_for_s, self._next_s = 0, 0.0, OPEN_S

    def failed(self) -> None:
        """It is busy, gone or late. Opens at the last of the failures in a row, and at a probe that fails.

        >>> seconds = iter([0.0, 1.0, 9.0])
        >>> one = Breaker(clock=lambda: next(seconds))
        >>> for _ in range(FAILURES):
        ...     one.failed()
        >>> one.state, one.state
        ('open', 'half-open')
        """
        self.failures += 1
        if self.open_for_s or self.failures >= FAILURES:
            self.opened_at = self._time()
            self.open_for_s = self._next_s * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret
            self._next_s = min(LONGEST_OPEN_S, 2 * self._next_s)

    def _time(self) -> float:
        return now() if self.clock is None else self.clock()
