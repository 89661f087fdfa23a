"""The load test itself: callers that each send one call after the other, for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from headway.account.measuring.budget import MOST_CALLS, Budget
from headway.account.measuring.payloads import Payload, calls
from headway.errors import HeadwayError
from headway.observed.levels import LEAST_CALLS, MOST_ERRORS, Level, enough, still_as_quick

Send = Callable[[Payload], None]
"""Sends one call and waits for its answer; CallError where it failed."""


class CallError(Exception):
    """One call failed: its answer's status, or that there was none."""


def run(
    payloads: tuple[Payload, ...],
    senders: Callable[[], Send],
    budget: Budget,
    *,
    say: Callable[[str], None] = lambda _: None,
    now: Callable[[], float] = time.perf_counter,
) -> tuple[Level, ...]:
    """Every level of a budget, one after the other, until time is up; what a level leaves over the others have.

    A batch size's higher concurrencies are left out once calls take longer among others: they would only queue.

    Args:
        payloads: What to send.
        senders: Makes a sender, for one caller at a time.
        budget: Levels and time.
        say: Called with the level under way.
        now: The clock, in seconds.

    Raises:
        HeadwayError: The first calls all fail, or a batch cannot be sent.
    """
    end = now() + budget.seconds
    found: list[Level] = []
    levels = [(batch, at_once) for batch in budget.batches for at_once in budget.at_once]
    slower: set[int] = set()
    for place, (batch, at_once) in enumerate(levels):
        if batch in slower:
            continue
        left = [one for one in levels[place:] if one[0] not in slower]
        share = (end - now()) / len(left)
        if share <= 0:
            break
        say(f"batches of {batch}, {at_once} at once ({len(found)} levels measured)")
        level = _level(payloads, senders, batch, at_once, share, now)
        if not level.seconds and not found:
            raise HeadwayError(f"nothing was measured: every call failed: {_why(payloads, senders, batch)}")
        found.append(level)
        alone = next((one for one in found if one.batch == batch), level)
        if enough(level) is not None or (level is not alone and not still_as_quick(alone, level)):
            slower.add(batch)
    return tuple(found)


@dataclass
class _Tally:
    """What the callers of a level share."""

    bodies: Iterator[Payload]
    most: int
    until: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    sent: int = 0
    failed: int = 0
    seconds: list[float] = field(default_factory=list)
    last: float = 0.0

    def take(self, now: float) -> Payload | None:
        """The next call; None once there were enough, time is up, or too many failed."""
        with self.lock:
            hopeless = self.failed > max(LEAST_CALLS, MOST_ERRORS * self.most)
            if self.sent >= self.most or now >= self.until or hopeless:
                return None
            self.sent += 1
            return next(self.bodies)

    def add(self, started: float, ended: float, *, answered: bool) -> None:
        with self.lock:
            self.last = max(self.last, ended)
            if answered:
                self.seconds.append(ended - started)
            else:
                self.failed += 1


def _level(
    payloads: tuple[Payload, ...],
    senders: Callable[[], Send],
    batch: int,
    at_once: int,
    share: float,
    now: Callable[[], float],
) -> Level:
    """So many callers, each with a connection of its own, warm before the clock runs."""
    started = now()
    tally = _Tally(calls(payloads, batch), max(MOST_CALLS, at_once), started + share)
    first = next(calls(payloads, batch))
    begin = threading.Barrier(at_once)
    begun: list[float] = []

    def caller() -> None:
        try:
            send = senders()
            with suppress(CallError):
                send(first)  # The first call of a connection pays for it.
        except BaseException:
            begin.abort()
            raise
        begin.wait()
        begun.append(now())
        while (payload := tally.take(now())) is not None:
            at, answered = now(), True
            try:
                send(payload)
            except CallError:
                answered = False
            tally.add(at, now(), answered=answered)

    with ThreadPoolExecutor(at_once) as pool:
        errors = [future.exception() for future in [pool.submit(caller) for _ in range(at_once)]]
    for error in sorted(filter(None, errors), key=lambda one: isinstance(one, threading.BrokenBarrierError)):
        raise error
    return Level(batch, at_once, tuple(tally.seconds), tally.failed, max(0.0, tally.last - min(begun)))


def _why(payloads: tuple[Payload, ...], senders: Callable[[], Send], batch: int) -> str:
    try:
        senders()(next(calls(payloads, batch)))
    except CallError as error:
        return str(error)
    return "and one sent afterwards did not"
