"""The intake: a thread takes messages and fetches their bodies while the model works on the ones before.

It holds a little more than the model needs next, never more than the quota, and knows when the work is over: at the
quota, at an empty queue, or out of time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from typing import Any

from headway_runtime.items import Item
from headway_runtime.notice import Notice
from headway_runtime.visibility import Held

READERS = 12
"""Bodies that are fetched at once."""
COVERED_S = 0.5
"""The items held ready last the model at least so long: a slow receive and a slow fetch fit in."""
BYTES_MOST = 64_000_000
"""Of bodies held ready beyond the next batch."""
EMPTY_POLLS = 2
"""Empty polls in a row after which the queue counts as empty: one may miss messages of other SQS hosts."""
TOP_UP_S = 1.0
"""So long a batch waits to be full; a short poll asks only some of SQS's hosts, so topping up waits a moment, too."""
PAUSE_S = 0.05
RECEIVED_AT_ONCE = 10
"""Messages of one ReceiveMessage (Amazon SQS API Reference)."""


@dataclass(frozen=True)
class Limits:
    """How much to take: items of a batch and of the whole, seconds of a batch, of a poll, and until it is over."""

    batch: int
    quota: int
    seconds_per_batch: float
    poll_s: float
    until: float
    """On the monotonic clock: nothing more is taken then."""

    @property
    def ahead(self) -> int:
        """Items held ready: the next batch, and as many more as the model may need during a slow call."""
        return self.batch * max(1, ceil(COVERED_S / max(self.seconds_per_batch, 1e-3)))


class Intake:
    """Messages on their way to the model."""

    def __init__(
        self,
        receive: Callable[[int, float], list[dict[str, Any]]],
        open_: Callable[[dict[str, Any]], Item],
        held: Held,
        notice: Notice,
        limits: Limits,
    ) -> None:
        self._receive, self._open, self._held, self._notice, self._limits = receive, open_, held, notice, limits
        self._changed = threading.Condition()
        self._ready: list[Item] = []
        self._opening, self._empty, self._since, self._largest = 0, 0, 0.0, 1
        self._dry = self._ended = self._stopped = False
        self._allowed, self._retry_at = limits.quota, 0.0
        self.taken = 0
        self.failure: Exception | None = None
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="fetch")
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    def next_batch(self, before_waiting: Callable[[], None] = lambda: None) -> list[Item]:
        """The next batch, waited for; empty when there will be none."""
        with self._changed:
            there = self._has_batch()
        if not there:
            before_waiting()
        with self._changed:
            while not self._notice.given:
                if self._has_batch():
                    batch, self._ready = self._ready[: self._limits.batch], self._ready[self._limits.batch :]
                    self._since = time.monotonic()
                    self._changed.notify_all()
                    return batch
                if self._ended and not self._opening:
                    return []
                self._changed.wait(PAUSE_S)
            return []

    def expect_again(self, after_s: float) -> None:
        """A message goes back for another try: this worker may take one more, and waits for it that long."""
        with self._changed:
            self._allowed += 1
            self._retry_at = max(self._retry_at, time.monotonic() + after_s + TOP_UP_S)
            self._changed.notify_all()

    def stop(self) -> None:
        """Take nothing more, and give back what no model has seen."""
        with self._changed:
            self._ended = self._stopped = True
            left, self._ready = self._ready, []
            self._changed.notify_all()
        self._held.release([item.message for item in left])

    def close(self) -> None:
        """Stop, and wait for the thread."""
        self.stop()
        self._thread.join(timeout=self._limits.poll_s + 5)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _has_batch(self) -> bool:
        """A full one; or what is there, when nothing more comes for it."""
        if len(self._ready) >= self._limits.batch:
            return True
        if not self._ready:
            return False
        if time.monotonic() - self._since > TOP_UP_S:
            return True
        return not self._opening and (self._dry or self._ended or self.taken >= self._allowed)

    def _run(self) -> None:
        try:
            while self._may_take():
                self._take()
        except Exception as error:
            self.failure = error
        if time.monotonic() >= self._limits.until:
            self.stop()  # What is held ready would take as long again.
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _may_take(self) -> bool:
        """Wait until there is room; whether anything more may be taken."""
        with self._changed:
            while not (self._ended or self._notice.given or time.monotonic() >= self._limits.until):
                if self.taken < self._allowed:
                    if self._empty >= EMPTY_POLLS:
                        return False
                    if self._room() > 0:
                        return True
                elif not len(self._held):
                    return False  # At its quota, and nothing in hand could come back for another try.
                self._changed.wait(PAUSE_S)
            return False

    def _room(self) -> int:
        """How many more to hold: the next batch, and what is ready ahead of it, fewer where bodies are large."""
        ahead = min(self._limits.ahead, BYTES_MOST // self._largest)
        return self._limits.batch + ahead - len(self._ready) - self._opening

    def _take(self) -> None:
        with self._changed:
            topping_up = len(self._ready) + self._opening > 0
            want = max(1, min(RECEIVED_AT_ONCE, self._room(), self._allowed - self.taken))
            idle = not len(self._held)
        messages = self._receive(want, min(TOP_UP_S, self._limits.poll_s) if topping_up else self._limits.poll_s)
        self._held.take(messages)
        with self._changed:
            self.taken += len(messages)
            self._dry = not messages
            if messages:
                self._empty = 0
            elif idle and time.monotonic() >= self._retry_at:
                self._empty += 1
            stopped = self._stopped or self._notice.given
            if not stopped:
                self._opening += len(messages)
            self._changed.notify_all()
        if stopped:
            self._held.release(messages)
            return
        for message in messages:
            self._pool.submit(self._opened, message)
        if not messages:
            self._notice.wait(PAUSE_S)

    def _opened(self, message: dict[str, Any]) -> None:
        item = self._open(message)
        with self._changed:
            self._opening -= 1
            self._largest = max(self._largest, len(item.payload))
            late = self._stopped
            if not late:
                if not self._ready:
                    self._since = time.monotonic()
                self._ready.append(item)
            self._changed.notify_all()
        if late:
            self._held.release([message])


def apart(items: Sequence[Item], alone: Callable[[Item], bool]) -> list[list[Item]]:
    """A batch as it goes to the model: those that may have killed one before each alone, the others together."""
    together = [item for item in items if not alone(item)]
    return [some for some in (together, *([item] for item in items if alone(item))) if some]
