"""The worker: drains its quota of the queue through the model beside it, writes each result once, leaves.

Three things go on at once: the intake fetches what comes next, the model works, the outbox writes what is done; so the
model never waits for SQS or S3. It ends at its quota, at an empty queue, out of time, or on notice (SIGTERM, or spot
taking the instance back): then nothing more is taken, what no model has seen goes back at once, and the batch at the
model is finished if that fits the notice.

A batch that fails is tried item by item, so that a poison item does not sink the others; the item itself goes back for
another try until its tries are used up, and then to the dead letters, its error written as its result.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from math import inf
from typing import Any

from headway_runtime import probes
from headway_runtime.intake import Intake, Limits, apart
from headway_runtime.items import Answer, Item, answers, open_item, result_of
from headway_runtime.logs import log
from headway_runtime.metrics import BUSY, FAILED_PROBES, FLEET, PROMISE_USED, emit, promise_used
from headway_runtime.model import Model, ModelError, wait_until_ready
from headway_runtime.notice import Notice, watch_for_spot
from headway_runtime.outbox import Leaving, Outbox, Told
from headway_runtime.patience import AwsError, client, patiently
from headway_runtime.report import Report
from headway_runtime.results import BucketSink, Sink, TableSink, key_of
from headway_runtime.serving import Server
from headway_runtime.settings import JOB_DEPARTURE, JOB_PROBES, JOB_PROMISE, JOB_QUOTA, VARIABLE, WorkerSettings
from headway_runtime.tries import Tries
from headway_runtime.validation import Checks, read_checks
from headway_runtime.visibility import Held

GIVE_BACK_S = 10.0
"""Of a notice, kept for writing what is done and giving back the rest."""
SWITCH_S = 0.0005
"""A thread that waits for the interpreter asks for it after this long: the model's is not to wait for the others'."""


class Worker:
    """One run of the worker; clients come from outside."""

    def __init__(
        self, settings: WorkerSettings, sqs: Any, s3: Any, *, quota: int, departure: str = "", promise_s: float = 0.0,
        probing: bool = True, dynamodb: Any = None,
    ) -> None:  # fmt: skip
        self.settings, self.sqs, self.s3 = settings, sqs, s3
        self.quota, self.departure, self.promise_s, self.probing = quota, departure, promise_s, probing
        bucket = BucketSink(s3, settings.results_bucket, settings.results_prefix)
        self.sink: Sink = bucket
        if settings.table:
            self.sink = TableSink(dynamodb, settings.table, settings.expires_s, bucket)
        self.notice = Notice()
        self.model = Model(settings.model_url, settings.hangs_after_s)
        self.server = Server(settings.serve, settings.model_url, settings.ready_within_s) if settings.serve else None
        self.checks: Checks | None = None
        self.tally: dict[str, Any] = {}
        self._batches, self._model_s, self._at_model = 0, 0.0, 0.0
        self._answered: list[Answer] = []

    def stop(self, *_: Any) -> None:
        """Take nothing more; what is in hand is finished or given back within the notice."""
        self.notice.give("SIGTERM", self.settings.notice_s)

    def run(self) -> dict[str, Any]:
        """Drain the quota; returns what was done.

        Raises:
            ModelError: The model never came up, died or hangs: everything in hand was given back.
            AwsError: Neither SQS nor S3 can be used: the same.
        """
        try:
            try:
                self._start_model()
            except ModelError:
                if self.notice.given:
                    return self.tally
                raise
            return self._drain()
        finally:
            self.model.close()
            if self.server is not None:
                self.server.stop()

    def _start_model(self) -> None:
        if self.server is not None:
            self.server.start(lambda: self.notice.given)
        else:
            wait_until_ready(self.settings.model_url, self.settings.ready_within_s, lambda: self.notice.given)

    def _drain(self) -> dict[str, Any]:
        settings, until = self.settings, time.monotonic() + (self.settings.stop_after_s or inf)
        report = Report(self.s3, settings.results_bucket, settings.name, self.departure, settings.report_every_s)
        if settings.validation:
            self.checks = read_checks(self.s3, settings.validation)
            self._probe(self.checks, report)
        started = time.monotonic()
        held = Held(self.sqs, settings.queue_url, settings.visibility_timeout_s)
        letters = (self.sqs, settings.dead_letter_url)
        tries = Tries(self.s3, settings.results_bucket, settings.name, settings.attempts)
        outbox = Outbox(self.sink, letters, report, held, self.notice, tries, self._tell, self.checks)
        limits = Limits(settings.batch_size, self.quota, settings.seconds_per_batch, settings.poll_s, until)
        intake = Intake(self._receive, self._open, held, self.notice, limits)
        left = threading.Event()
        threading.Thread(target=self._leave_on_notice, args=(intake, left), name="leaving", daemon=True).start()
        try:
            while batch := intake.next_batch(partial(self._hand_over, outbox)):
                for some in apart(batch, self._alone):
                    if not self.notice.given:
                        self._serve(some, outbox, intake)
        except ModelError:
            if not self.notice.given:  # Else it was ended so that its batch can be given back in time.
                raise
        finally:
            left.set()
            self._hand_over(outbox)
            intake.close()
            outbox.close()
            held.close()
            took = time.monotonic() - started
            self.tally.update(
                asdict(outbox.tally), taken=intake.taken, batches=self._batches, model_s=round(self._model_s, 3),
                busy=round(self._model_s / took, 4),
            )  # fmt: skip
        failure = outbox.failure or (None if self.notice.given else intake.failure)
        if failure is not None:
            raise AwsError(str(failure)) from failure
        return self.tally

    def _receive(self, most: int, wait_s: float) -> list[dict[str, Any]]:
        def receive() -> list[dict[str, Any]]:
            answer = self.sqs.receive_message(
                QueueUrl=self.settings.queue_url, MaxNumberOfMessages=most, WaitTimeSeconds=round(wait_s),
                AttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )  # fmt: skip
            found: list[dict[str, Any]] = answer.get("Messages", [])
            return found

        return patiently(receive, give_up=lambda: self.notice.given)

    def _open(self, message: dict[str, Any]) -> Item:
        item = open_item(message, self.s3, fetching=partial(patiently, give_up=lambda: self.notice.given))
        item.payload = json.dumps(item.body, separators=(",", ":")).encode()
        if not self.settings.table:
            item.body = None  # Only a row's key asks for it again; the model gets the payload.
        return item

    def _tell(self, done: Sequence[Told]) -> None:
        """How much of its promise each finished item used, and which answers are doubtful.

        Counted once its message is gone, so that none is missed.
        """
        values: dict[str, Sequence[float]] = {}
        if self.promise_s:
            values[PROMISE_USED] = [promise_used(*one.waited, self.promise_s) for one in done]
        if self.checks is not None:
            values |= self.checks.metrics([one.doubts for one in done])
        if done and values:
            emit(FLEET, self.settings.name, values, departure=self.departure)

    def _probe(self, checks: Checks, report: Report) -> None:
        """Ask the model what is known, before it is trusted with requests; that ends no job."""
        if checks.unusable:
            log("nothing is checked", why=checks.unusable)
        if not checks.probes or not self.probing or self.notice.given:
            return
        settings = self.settings
        found = probes.run(
            checks, self._ask_probes, batch=settings.batch_size, within_s=settings.probes_within_s,
            give_up=lambda: self.notice.given,
        )  # fmt: skip
        for one in found:
            if one.why:
                log("probe failed", probe=one.number, why=one.why)
        emit(FLEET, settings.name, {FAILED_PROBES: probes.failed(found)}, departure=self.departure, probes=len(found))
        try:
            report.write_probes([one.line for one in found])
        except Exception as error:
            log("probes not reported", error=str(error))
        if self.server is not None and self.server.ended:
            self.server.restart(lambda: self.notice.given)

    def _ask_probes(self, payloads: Sequence[bytes], left_s: float) -> list[Any]:
        """The model's outputs, or an error within the time: also of one that sends a byte now and then."""
        model = Model(self.settings.model_url, left_s)
        ending = threading.Timer(left_s, model.abort)
        ending.start()
        try:
            return model.invoke(payloads)
        finally:
            ending.cancel()
            model.close()  # A server may take one connection at a time.

    def _alone(self, item: Item) -> bool:
        """Whether an item may have ended a model before: on its last tries it must not take others along."""
        return self.server is None and item.attempt >= max(2, self.settings.attempts - 1)

    def _serve(self, items: Sequence[Item], outbox: Outbox, intake: Intake) -> None:
        try:
            for answer in answers(items, partial(self._invoke, outbox), lambda: self.notice.given):
                self._answered.append(answer)
        except ModelError as error:
            if len(items) == 1 and error.reached and not self.notice.given:
                items[0].error = str(error)
            raise
        finally:
            for item in items:
                if item.error:
                    self._failed(item, outbox, intake)

    def _invoke(self, outbox: Outbox, items: Sequence[Item]) -> list[Any]:
        """The model's outputs; where its server is ours and died or hangs, it is started again and the batch failed."""
        started = self._at_model = time.monotonic()
        try:
            outputs = self.model.invoke([item.payload for item in items], partial(self._hand_over, outbox))
        except ModelError as error:
            self._hand_over(outbox)
            if not error.fatal or self.server is None or self.notice.given:
                raise
            log("model starts again", error=str(error), items=len(items))
            self.server.restart(lambda: self.notice.given)
            raise ModelError(str(error), reached=error.reached) from None
        finally:
            self._at_model = 0.0
            self._batches += 1
            self._model_s += time.monotonic() - started
        if self.server is not None:
            self.server.answered()
        return outputs

    def _hand_over(self, outbox: Outbox) -> None:
        """What the model has answered goes on its way: while it works on the next batch, or as there is none yet."""
        answered, self._answered = self._answered, []
        for one in answered:
            outbox.put(self._leaving(one.item, {"output": one.output}, one.started, one.finished))

    def _leaving(self, item: Item, content: dict[str, Any], started: float, finished: float) -> Leaving:
        error = str(content.get("error", ""))
        if item.request is None:
            return Leaving(item, None, error=error)
        result = result_of(
            item, content, model=self.settings.model, started=started, finished=finished, departure=self.departure
        )
        key = key_of(item.request.attributes, item.body) if self.settings.table and not error else ""
        return Leaving(item, result, key, error)

    def _failed(self, item: Item, outbox: Outbox, intake: Intake) -> None:
        """Another try; or, after its tries, the dead letters, and its result says why."""
        log("item failed", id=item.request.id if item.request else None, error=item.error, attempt=item.attempt)
        now, after_s = time.time(), self.settings.retry_after_s
        leaving = self._leaving(item, {"error": item.error}, now, now)
        if item.hopeless:
            outbox.put(leaving)
        else:
            outbox.put_failed(leaving, partial(intake.expect_again, after_s), after_s)

    def _leave_on_notice(self, intake: Intake, left: threading.Event) -> None:
        """On notice give back at once what no model has seen; end the batch at the model if it will not fit."""
        self.notice.wait()
        if left.is_set():
            return
        log("leaving", reason=self.notice.reason, left_s=round(self.notice.left_s, 1))
        intake.stop()
        while not left.wait(0.05):
            began, room_s = self._at_model, self.notice.left_s - GIVE_BACK_S
            if not began:
                continue
            needs_s = max(0.0, self.settings.seconds_per_batch - (time.monotonic() - began))
            if room_s <= needs_s:
                self.model.abort()
                return


def main() -> int:
    """The job's entry: settings from the environment, 0 when drained, 1 when the model or AWS failed."""
    settings = WorkerSettings.from_json(os.environ[VARIABLE])
    worker = Worker(
        settings,
        client("sqs"),
        client("s3"),
        dynamodb=client("dynamodb") if settings.table else None,
        quota=int(os.environ.get(JOB_QUOTA, "1000000")),
        departure=os.environ.get(JOB_DEPARTURE, ""),
        promise_s=float(os.environ.get(JOB_PROMISE, "0")),
        probing=os.environ.get(JOB_PROBES) != "no",
    )
    signal.signal(signal.SIGTERM, worker.stop)
    if settings.metadata_url:
        watch_for_spot(worker.notice, settings.metadata_url)
    try:
        tally = worker.run()
    except (ModelError, AwsError) as error:
        log("failed", error=str(error), departure=worker.departure, **worker.tally)
        return 1
    emit(FLEET, settings.name, {BUSY: round(100 * tally.get("busy", 0.0), 1)}, departure=worker.departure)
    log("finished", departure=worker.departure, stopped=worker.notice.reason, **tally)
    return 0


if __name__ == "__main__":
    sys.setswitchinterval(SWITCH_S)
    sys.exit(main())
