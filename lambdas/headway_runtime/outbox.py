"""The outbox: results on their way out while the model works on the next batch.

Each finished item goes through the same steps, and a step that fails leaves the message where it is: its result is
written once, its line goes into the departure's report, its message is deleted. So whatever a worker dies of, an item
either has its result and is told of, or it is delivered again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from headway_runtime.dead_letters import send_letter
from headway_runtime.items import Item
from headway_runtime.logs import log
from headway_runtime.notice import Notice
from headway_runtime.patience import AwsError, of_one_item, patiently
from headway_runtime.report import DONE, FAILED, Report
from headway_runtime.results import Sink
from headway_runtime.tries import Tries
from headway_runtime.validation import Checks, Doubt, marked
from headway_runtime.visibility import Held

WRITERS = 16
"""Results that are written at once."""
WAITING_MOST = 256
"""Results that wait to be written; the model waits beyond: a worker must not promise what it cannot write."""
LINES_MOST = 1000
"""Lines of a part of the report."""
TURN_S = 0.1


@dataclass
class Tally:
    """What a worker did."""

    written: int = 0
    already_there: int = 0
    retried: int = 0
    dead: int = 0
    doubtful: int = 0
    """Of those that are written, or were already there."""


@dataclass(frozen=True)
class Leaving:
    """An item that is finished: its result (None for what is no request), the key of its row, and why it failed."""

    item: Item
    result: Mapping[str, Any] | None
    key: str = ""
    error: str = ""


class Told(NamedTuple):
    """An item whose result is written, its line of the report, and when that was."""

    item: Item
    line: dict[str, Any]
    at: float

    @property
    def waited(self) -> tuple[float, float]:
        """When it was sent and when its result was there."""
        return (self.at if self.item.sent is None else self.item.sent), self.at

    @property
    def doubts(self) -> Sequence[str]:
        """The kinds of its answer's doubts."""
        kinds: Sequence[str] = self.line.get("doubts", ())
        return kinds


class Outbox:
    """Finished items on their way out."""

    def __init__(
        self, sink: Sink, letters: tuple[Any, str], report: Report, held: Held, notice: Notice, tries: Tries,
        tell: Callable[[Sequence[Told]], None] = lambda _: None, checks: Checks | None = None,
    ) -> None:  # fmt: skip
        self._tries, self._tell, self._checks = tries, tell, checks
        self._sink, (self._sqs, self._dead_url), self._report = sink, letters, report
        self._held, self._notice = held, notice
        self._every_s = report.every_s if report.kept else TURN_S
        self.tally = Tally()
        self.failure: Exception | None = None
        self._told: list[Told] = []
        self._since = 0.0
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(WAITING_MOST)
        self._closing = threading.Event()
        self._pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="write")
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def put(self, leaving: Leaving) -> None:
        """Send a finished item on its way; waits where too many are on theirs."""
        self._room.acquire()
        self._pool.submit(self._write, leaving)

    def put_failed(self, leaving: Leaving, expect: Callable[[], None], after_s: int) -> None:
        """An item that failed alone: another try, or the dead letters once its tries are used up.

        ``expect`` is told of another try before the message is seen again after ``after_s``.
        """
        self._room.acquire()
        self._pool.submit(self._judge, leaving, expect, after_s)

    def close(self) -> None:
        """Write, tell and delete all that is on its way."""
        self._pool.shutdown(wait=True)
        self._closing.set()
        self._thread.join()

    def _write(self, leaving: Leaving) -> None:
        self._guarded(lambda: self._finish(leaving))

    def _judge(self, leaving: Leaving, expect: Callable[[], None], after_s: int) -> None:
        def judge() -> None:
            if self._tries.used_up(leaving.item, self._gave_up):
                self._finish(leaving)
                return
            with self._lock:
                self.tally.retried += 1
            expect()
            self._held.release([leaving.item.message], after_s)

        self._guarded(judge)

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            if self.failure is None:
                step()
        except Exception as error:
            self._fail(error)
        finally:
            self._room.release()

    def _finish(self, leaving: Leaving) -> None:
        error, wrote = leaving.error, False
        doubts = self._doubts(leaving)
        try:
            wrote = self._written(leaving.result and marked(leaving.result, doubts), leaving.key)
        except Exception as refused:
            if isinstance(refused, AwsError) or not of_one_item(refused) or leaving.result is None:
                raise
            # Its result cannot be written as it is: that is the item's end, and it is told why.
            error, doubts = f"its result cannot be written: {refused}", ()
            told = {name: value for name, value in leaving.result.items() if name != "output"}
            wrote = self._written({**told, "error": error}, "")
        if error and not self._buried(leaving.item, error):
            self._held.release([leaving.item.message])
            return
        with self._lock:
            self.tally.dead += bool(error)
            self.tally.written += wrote and not error
            self.tally.already_there += not wrote and not error
            self.tally.doubtful += bool(doubts)
            if not self._told:
                self._since = time.monotonic()
            self._told.append(Told(leaving.item, _line(leaving.item, error, doubts), time.time()))

    def _doubts(self, leaving: Leaving) -> Sequence[Doubt]:
        """What is wrong with an answer: asked here, beside the model, which is not to wait for it."""
        if self._checks is None or leaving.error or leaving.result is None:
            return ()
        return self._checks.doubts(leaving.result["output"])

    def _written(self, result: Mapping[str, Any] | None, key: str) -> bool:
        if result is None:
            return False
        return patiently(partial(self._sink.write, dict(result), key), give_up=self._gave_up)

    def _buried(self, item: Item, error: str) -> bool:
        """Whether the dead letters have it; if not, SQS itself moves the message there after its receives."""
        if not self._dead_url:
            return False
        departure = self._report.departure
        try:
            patiently(
                lambda: send_letter(
                    self._sqs, self._dead_url, item.message, error, attempts=item.attempt, departure=departure
                ),
                give_up=self._gave_up,
            )
        except AwsError:
            raise
        except Exception as refused:  # too large with its reason, or a queue that is not ours to send to
            log("dead letter refused", error=str(refused), message=item.message.get("MessageId"))
            return False
        return True

    def _gave_up(self) -> bool:
        """No time is left, or another result has been waiting for AWS in vain."""
        return self.failure is not None or self._notice.left_s < 1.0

    def _run(self) -> None:
        while True:
            closing = self._closing.wait(TURN_S)
            if closing or self._is_due():
                try:
                    self._flush()
                except Exception as error:
                    self._fail(error)
            if closing:
                return

    def _is_due(self) -> bool:
        """After the report's interval; or at once when nothing else is in hand, as the worker may be about to leave."""
        with self._lock:
            waiting = len(self._told)
            due = time.monotonic() - self._since >= self._every_s or waiting >= LINES_MOST
            return bool(waiting) and (due or self._notice.given or waiting >= len(self._held))

    def _flush(self) -> None:
        """Tell what is finished, then forget its messages."""
        with self._lock:
            told, self._told = self._told[:LINES_MOST], self._told[LINES_MOST:]
        if not told or self.failure is not None:
            return
        self._report.write([one.line for one in told])
        self._held.delete([one.item.message for one in told])
        self._tell([one for one in told if one.line["status"] == DONE])
        if self._told:
            self._flush()

    def _fail(self, error: Exception) -> None:
        """AWS takes nothing any more: the worker leaves, and gives back what it holds."""
        self.failure = self.failure or error
        self._notice.give("results cannot be written", 0.0)


def _line(item: Item, error: str, doubts: Sequence[Doubt]) -> dict[str, Any]:
    """An item's line of the report."""
    line: dict[str, Any] = {"id": item.request.id if item.request else None, "status": FAILED if error else DONE}
    if item.request is None:
        line["message"] = item.message.get("MessageId")
    if error:
        return {**line, "error": error[:300]}
    return {**line, "doubts": [doubt.kind for doubt in doubts]} if doubts else line
