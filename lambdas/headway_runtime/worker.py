"""The worker: drains its quota of the queue through the model beside it, writes each result once, leaves.

It ends at its quota, at an empty queue, or when it is told to (SIGTERM): then it finishes or gives back what it holds.
A batch that fails is tried item by item, so that a poison item does not sink the others; the item itself goes back to
the queue until its receives are used up, and then to the dead letters, its error written as its result.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from headway_runtime.items import Item, answers, open_item, result_of
from headway_runtime.metrics import BUSY, FLEET, PROMISE_USED, emit, promise_used
from headway_runtime.model import ModelError, invoke, wait_until_ready
from headway_runtime.results import BucketSink, Sink, TableSink, key_of
from headway_runtime.settings import JOB_DEPARTURE, JOB_PROMISE, JOB_QUOTA, VARIABLE, WorkerSettings
from headway_runtime.visibility import Held

EMPTY_POLLS = 2
"""Empty long polls in a row after which the queue counts as empty: one may miss messages of other SQS hosts."""
POLL_S = 5
RETRY_AFTER_S = 5
"""A failed item is seen again after this long."""


@dataclass
class Tally:
    """What a worker did."""

    taken: int = 0
    written: int = 0
    already_there: int = 0
    failed: int = 0
    batches: int = 0
    model_s: float = 0.0


class Worker:
    """One run of the worker; clients and clock come from outside."""

    def __init__(
        self, settings: WorkerSettings, sqs: Any, s3: Any, *, quota: int, departure: str = "", promise_s: float = 0.0,
        dynamodb: Any = None,
    ) -> None:  # fmt: skip
        self.settings, self.sqs, self.s3 = settings, sqs, s3
        self.quota, self.departure, self.promise_s = quota, departure, promise_s
        bucket = BucketSink(s3, settings.results_bucket, settings.results_prefix)
        self.sink: Sink = bucket
        if settings.table:
            self.sink = TableSink(dynamodb, settings.table, settings.expires_s, bucket)
        self.tally = Tally()
        self.stopping = False

    def stop(self, *_: Any) -> None:
        """Take nothing more; what is in hand is finished or given back."""
        self.stopping = True

    def run(self) -> Tally:
        """Drain the quota.

        Raises:
            ModelError: The model never came up or died: everything in hand was given back.
        """
        wait_until_ready(self.settings.model_url, 3 * self.settings.load_time_s + 60)
        end = time.monotonic() + (self.settings.stop_after_s or inf)
        held = Held(self.sqs, self.settings.queue_url, self.settings.visibility_timeout_s)
        empty = 0
        try:
            while not self._done(end) and empty < EMPTY_POLLS:
                messages = self._receive(held)
                empty = 0 if messages else empty + 1
                # What came while it was told to stop is given back: the time left may not do for a batch.
                if messages and not self.stopping:
                    self._serve(messages, held)
        finally:
            held.close()
        return self.tally

    def _done(self, end: float) -> bool:
        """Told to stop, at its quota, or out of time: what is left takes the next departure."""
        return self.stopping or self.tally.taken >= self.quota or time.monotonic() >= end

    def _receive(self, held: Held) -> list[dict[str, Any]]:
        """Up to a batch of messages; the first call waits, the others only top up."""
        want = min(self.settings.batch_size, self.quota - self.tally.taken)
        messages: list[dict[str, Any]] = []
        while len(messages) < want and not self.stopping:
            some = self.sqs.receive_message(
                QueueUrl=self.settings.queue_url,
                MaxNumberOfMessages=min(10, want - len(messages)),
                # A short poll asks only some of SQS's hosts: topping up waits a moment, too.
                WaitTimeSeconds=min(1, POLL_S) if messages else POLL_S,
                AttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            ).get("Messages", [])
            if not some:
                break
            held.take(some)
            messages += some
        self.tally.taken += len(messages)
        return messages

    def _serve(self, messages: Sequence[dict[str, Any]], held: Held) -> None:
        items = [open_item(message, self.s3) for message in messages]
        done: list[Item] = []
        for answer in answers(items, self._invoke, lambda: self.stopping):
            self._result(answer.item, {"output": answer.output}, answer.started, answer.finished)
            done.append(answer.item)
        held.delete([item.message for item in done])
        self._tell(done)
        for item in items:
            if item.error:
                self._give_back(item, held)

    def _invoke(self, bodies: Sequence[Any]) -> list[Any]:
        started = time.monotonic()
        try:
            return invoke(self.settings.model_url, bodies, timeout_s=60 + 10 * self.settings.seconds_per_batch)
        finally:
            self.tally.batches += 1
            self.tally.model_s += time.monotonic() - started

    def _result(self, item: Item, content: dict[str, Any], started: float, finished: float) -> None:
        if item.request is None:
            return
        result = result_of(
            item, content, model=self.settings.model, started=started, finished=finished, departure=self.departure
        )
        key = key_of(item.request.attributes, item.body) if self.settings.table else ""
        if self.sink.write(result, key):
            self.tally.written += 1
        else:
            self.tally.already_there += 1

    def _tell(self, done: Sequence[Item]) -> None:
        """How much of its promise each finished item used; counted once its message is gone, so that none is missed."""
        now = time.time()
        if done and self.promise_s:
            used = [promise_used(item.sent or now, now, self.promise_s) for item in done]
            emit(FLEET, self.settings.name, {PROMISE_USED: used}, departure=self.departure)

    def _give_back(self, item: Item, held: Held) -> None:
        """Back to the queue; after its last receive SQS moves it to the dead letters, and its result says why."""
        self.tally.failed += 1
        _log("item failed", id=item.request.id if item.request else None, error=item.error, attempt=item.attempt)
        if item.attempt >= self.settings.max_receives:
            now = time.time()
            self._result(item, {"error": item.error}, now, now)
        held.release([item.message], RETRY_AFTER_S if item.attempt < self.settings.max_receives else 0)


def main() -> int:
    """The job's entry: settings from the environment, 0 when drained, 1 when the model or AWS failed."""
    import boto3

    settings = WorkerSettings.from_json(os.environ[VARIABLE])
    worker = Worker(
        settings,
        boto3.client("sqs"),
        boto3.client("s3"),
        dynamodb=boto3.client("dynamodb") if settings.table else None,
        quota=int(os.environ.get(JOB_QUOTA, "1000000")),
        departure=os.environ.get(JOB_DEPARTURE, ""),
        promise_s=float(os.environ.get(JOB_PROMISE, "0")),
    )
    started = time.monotonic()
    signal.signal(signal.SIGTERM, worker.stop)
    try:
        tally = worker.run()
    except ModelError as error:
        _log("model failed", error=str(error), **worker.tally.__dict__)
        return 1
    busy = 100 * tally.model_s / max(time.monotonic() - started, 1e-9)
    emit(FLEET, settings.name, {BUSY: round(busy, 1)}, departure=worker.departure)
    _log("finished", departure=worker.departure, stopped=worker.stopping, **tally.__dict__)
    return 0


def _log(what: str, **fields: Any) -> None:
    print(json.dumps({"worker": what, **fields}), flush=True)  # noqa: T201 - a job's log is its standard output


if __name__ == "__main__":
    sys.exit(main())
