"""Asking a live part while somebody waits: a timeout below the caller's, tries again with jitter, a breaker.

Without a fallback a late answer is better than none: the first try may take as long as the API allows. With one, the
wait is a promise: what has not answered within it is answered by the ladder.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from headway_runtime import clients
from headway_runtime.breaker import Breaker
from headway_runtime.invocation import invoke
from headway_runtime.model import ModelError
from headway_runtime.settings import PartSettings

TRIES = 3
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0
"""Full jitter: a random share of a pause that doubles (AWS Architecture Blog, Exponential Backoff And Jitter)."""
SHORTEST_TRY_S = 0.05
"""Less is not worth a call."""
OUT_OF_ORDER = 500
"""A model's own status from here on is trouble of its own, not of the request."""


class Budget(NamedTuple):
    """How long one request may ask: the first try, and until when another may start, in seconds from now."""

    first_s: float
    again_s: float


_breakers: dict[str, Breaker] = {}


def breaker(part: PartSettings) -> Breaker:
    """The breaker of a part's endpoint in this environment."""
    return _breakers.setdefault(part.endpoint_name, Breaker())


class Reserve(NamedTuple):
    """Kept of a wait for the ladder itself, a row to read or a message to send: a share of it, so much at the most."""

    share: float
    most_s: float


def budget(
    part: PartSettings, *, limit_s: float, reserve: Reserve | None = None, deadline_s: float | None = None
) -> Budget:
    """What a request's wait allows; ``limit_s`` is the caller's own, ``deadline_s`` the request's, from now.

    >>> part = PartSettings("live", max_wait_s=2.0)
    >>> budget(part, limit_s=27)
    Budget(first_s=27, again_s=2.0)
    >>> budget(part, limit_s=27, reserve=Reserve(0.1, 0.5))
    Budget(first_s=1.8, again_s=1.8)
    """
    wait = min(part.max_wait_s, limit_s, math.inf if deadline_s is None else deadline_s)
    if reserve is None:
        return Budget(limit_s, wait)
    inside = wait - min(reserve.most_s, reserve.share * wait)
    return Budget(inside, inside)


def ask(
    part: PartSettings, body: Any, allowed: Budget, *, sleep: Callable[[float], None] = time.sleep
) -> tuple[Any, int]:
    """A live part's output for one body, and how often it was asked.

    Raises:
        ModelError: It refused the request; fatal where it is busy, gone, late or left alone.
    """
    guard = breaker(part)
    if guard.retry_in_s:
        raise ModelError(f"the endpoint failed {guard.failures} requests in a row: left alone", fatal=True)
    if allowed.first_s < SHORTEST_TRY_S:
        raise ModelError("no time is left to ask the endpoint", fatal=True)
    started, content = time.monotonic(), json.dumps(body).encode()
    tries = 1 if guard.state == "half-open" else TRIES
    left = allowed.first_s
    for attempt in range(1, tries + 1):
        try:
            output = invoke(clients.endpoints(_rounded(left)), part.endpoint_name, content)
        except ModelError as error:
            if not error.fatal and error.status < OUT_OF_ORDER:
                guard.succeeded()
                raise
            pause = random.uniform(0, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempt))  # noqa: S311 - jitter
            left = allowed.again_s - (time.monotonic() - started) - pause
            if attempt == tries or left < SHORTEST_TRY_S:
                guard.failed()
                raise ModelError(str(error), fatal=True, status=error.status) from None
            sleep(pause)
        else:
            guard.succeeded()
            return output, attempt
    raise AssertionError("the last try returns or raises")


def _rounded(seconds: float) -> float:
    """Down to two digits: a few clients serve every budget.

    >>> _rounded(27.0), _rounded(1.789), _rounded(0.0567)
    (27.0, 1.7, 0.056)
    """
    step = 10.0 ** (math.floor(math.log10(seconds)) - 1)
    return round(math.floor(seconds / step + 1e-9) * step, 6)


def forget() -> None:
    """Be as a process that has just started."""
    _breakers.clear()
