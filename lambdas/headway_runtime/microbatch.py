"""The micro-batch function: one batch of the queue through the endpoint, each result written once.

SQS closes the batch (N requests or T seconds); what fails goes back alone (partial batch response), and to the dead
letters after its receives, its error written as its result.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any

from headway_runtime.invocation import invoke
from headway_runtime.items import Answer, Item, answers, open_item, result_of
from headway_runtime.metrics import FLEET, PROMISE_USED, emit, promise_used
from headway_runtime.model import ModelError, as_many
from headway_runtime.results import write_once
from headway_runtime.settings import VARIABLE, MicroBatchSettings
from headway_runtime.validation import Checks, marked, read_checks

SPARE_MS = 15_000
"""Time kept for what is in hand when items go one by one."""
LARGEST_CALL = 6_291_456
"""Bytes of one synchronous invocation (Amazon SageMaker Runtime, InvokeEndpoint): a batch above it goes as several."""
THREADS = 16
"""Bodies fetched and results written at once: a batch of hundreds would else wait for S3 longer than for the model."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """One batch; returns the messages that SQS shall deliver again."""
    settings = MicroBatchSettings.from_json(os.environ[VARIABLE])
    s3, runtime = _client("s3"), _client("sagemaker-runtime")

    def call(some: Sequence[Item]) -> list[Any]:
        return _asked(runtime, settings.endpoint_name, [item.body for item in some])

    def out_of_time() -> bool:
        left = getattr(context, "get_remaining_time_in_millis", None)
        return left is not None and left() < SPARE_MS

    checks = _checks(settings.validation)
    kinds: dict[int, list[str]] = {}

    def write(answer: Answer) -> bool:
        result = result_of(answer.item, {"output": answer.output}, model=settings.model, started=answer.started,
                           finished=answer.finished)  # fmt: skip
        doubts = checks.doubts(answer.output) if checks else ()
        kinds[id(answer.item)] = [doubt.kind for doubt in doubts]
        return _written(answer.item, settings, s3, marked(result, doubts))

    with ThreadPoolExecutor(THREADS) as pool:
        items = list(pool.map(lambda record: open_item(_message(record), s3), event["Records"]))
        writing: list[tuple[Item, Future[bool]]] = []
        try:
            for batch in _fitting(items):
                writing += [(one.item, pool.submit(write, one)) for one in answers(batch, call, out_of_time)]
                if out_of_time():
                    break
        except ModelError as error:
            _log("endpoint failed", error=str(error), items=len(items) - len(writing))
        done = {id(item) for item, written in writing if written.result()}
    left = [item for item in items if id(item) not in done]
    for item in left:
        _failed(item, settings, s3)
    now = time.time()
    used = [promise_used(item.sent or now, now, settings.promise_s) for item in items if id(item) in done]
    known = [kinds[one] for one in done]
    emit(FLEET, settings.name, {PROMISE_USED: used, **(checks.metrics(known) if checks else {})})
    doubtful = {"doubtful": sum(map(bool, known))} if checks else {}
    _log("batch", items=len(items), failed=len(left), **doubtful)
    return {"batchItemFailures": [{"itemIdentifier": item.message["MessageId"]} for item in left]}


def _fitting(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Items in calls that the endpoint takes; one that is too large on its own gets its error and goes in none."""
    batch: list[Item] = []
    size = 0
    for item in items:
        if item.error:
            continue
        needs = len(json.dumps(item.body)) + 2  # with what separates it from the next, or the list's brackets
        if needs > LARGEST_CALL:
            item.error = f"its body of {needs - 2:,} bytes is more than an endpoint takes ({LARGEST_CALL:,})"
            continue
        if batch and size + needs > LARGEST_CALL:
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += needs
    if batch:
        yield batch


def _asked(runtime: Any, endpoint: str, bodies: Sequence[Any]) -> list[Any]:
    """The endpoint's outputs for a batch of bodies, in order.

    Raises:
        ModelError: It refused the batch; fatal where it is busy or gone.
    """
    return as_many(invoke(runtime, endpoint, json.dumps(list(bodies)).encode()), len(bodies), "the endpoint")


def _message(record: dict[str, Any]) -> dict[str, Any]:
    """A record of Lambda's event as SQS itself would tell it."""
    return {"MessageId": record["messageId"], "Body": record["body"], "Attributes": record.get("attributes", {})}


def _failed(item: Item, settings: MicroBatchSettings, s3: Any) -> None:
    """After its last receive an item's result says why; SQS moves the message to the dead letters."""
    _log("item failed", id=item.request.id if item.request else None, error=item.error, attempt=item.attempt)
    if item.attempt < settings.max_receives or item.request is None:
        return
    now, why = time.time(), item.error or "the endpoint did not answer"
    _written(item, settings, s3, result_of(item, {"error": why}, model=settings.model, started=now, finished=now))


def _written(item: Item, settings: MicroBatchSettings, s3: Any, result: dict[str, Any]) -> bool:
    """Write an item's result once; what S3 does not take goes back, and harms no other item."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        write_once(s3, settings.results_bucket, f"{settings.results_prefix}{result['id']}.json", result)
    except (ClientError, BotoCoreError) as error:
        item.error = item.error or f"its result cannot be written: {error}"
        return False
    return True


@lru_cache(maxsize=4)
def _client(service: str) -> Any:
    import boto3
    from botocore.config import Config

    # An endpoint answers within a minute; the queue itself tries again.
    config = Config(read_timeout=65, retries={"max_attempts": 1}, max_pool_connections=THREADS)
    return boto3.client(service, config=config)


_known: dict[str, Checks] = {}


def _checks(address: str) -> Checks | None:
    """What answers are checked for, read once a process; what cannot be read is looked for again."""
    if not address:
        return None
    if address not in _known:
        checks = read_checks(_client("s3"), address)
        if checks.unusable:
            _log("nothing is checked", why=checks.unusable)
            return checks
        _known[address] = checks
    return _known[address]


def forget() -> None:
    """Be as a process that has just started."""
    _client.cache_clear()
    _known.clear()


def _log(what: str, **fields: Any) -> None:
    print(json.dumps({"microbatch": what, **fields}), flush=True)  # noqa: T201 - a function's log is its standard output
