"""The micro-batch function: one batch of the queue through the endpoint, each result written once.

SQS closes the batch (N requests or T seconds); what fails goes back alone (partial batch response), and to the dead
letters after its receives, its error written as its result.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from headway_runtime.items import Item, answers, open_item, result_of
from headway_runtime.model import ModelError, as_many
from headway_runtime.results import write_once
from headway_runtime.settings import VARIABLE, MicroBatchSettings

REFUSED = frozenset({"ModelError", "ValidationError", "ValidationException"})
"""The endpoint is there and does not take this batch; anything else is the endpoint's own trouble."""
SPARE_MS = 15_000
"""Time kept for what is in hand when items go one by one."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """One batch; returns the messages that SQS shall deliver again."""
    settings = MicroBatchSettings.from_json(os.environ[VARIABLE])
    s3, runtime = _client("s3"), _client("sagemaker-runtime")
    items = [open_item(_message(record), s3) for record in event["Records"]]

    def call(bodies: Sequence[Any]) -> list[Any]:
        return invoke(runtime, settings.endpoint_name, bodies)

    def out_of_time() -> bool:
        left = getattr(context, "get_remaining_time_in_millis", None)
        return left is not None and left() < SPARE_MS

    done: set[int] = set()
    try:
        for item, output, started, finished in answers(items, call, out_of_time):
            result = result_of(item, {"output": output}, model=settings.model, started=started, finished=finished)
            write_once(s3, settings.results_bucket, f"{settings.results_prefix}{result['id']}.json", result)
            done.add(id(item))
    except ModelError as error:
        _log("endpoint failed", error=str(error), items=len(items) - len(done))
    left = [item for item in items if id(item) not in done]
    for item in left:
        _failed(item, settings, s3)
    _log("batch", items=len(items), failed=len(left))
    return {"batchItemFailures": [{"itemIdentifier": item.message["MessageId"]} for item in left]}


def invoke(runtime: Any, endpoint: str, bodies: Sequence[Any]) -> list[Any]:
    """The endpoint's outputs for a batch of bodies, in order.

    Raises:
        ModelError: It refused the batch; fatal where it is busy or gone.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint, ContentType="application/json", Accept="application/json",
            Body=json.dumps(list(bodies)).encode(),
        )  # fmt: skip
        outputs = json.loads(answer["Body"].read())
    except ClientError as error:
        refused = error.response["Error"]["Code"] in REFUSED and "not found" not in str(error)
        raise ModelError(f"the endpoint answered: {error}", fatal=not refused) from None
    except BotoCoreError as error:
        raise ModelError(f"the endpoint does not answer: {error}", fatal=True) from None
    except ValueError:
        raise ModelError("the endpoint's answer is not JSON") from None
    return as_many(outputs, len(bodies), "the endpoint")


def _message(record: dict[str, Any]) -> dict[str, Any]:
    """A record of Lambda's event as SQS itself would tell it."""
    return {"MessageId": record["messageId"], "Body": record["body"], "Attributes": record.get("attributes", {})}


def _failed(item: Item, settings: MicroBatchSettings, s3: Any) -> None:
    """After its last receive an item's result says why; SQS moves the message to the dead letters."""
    import time

    _log("item failed", id=item.request.id if item.request else None, error=item.error, attempt=item.attempt)
    if item.attempt < settings.max_receives or item.request is None:
        return
    now, why = time.time(), item.error or "the endpoint did not answer"
    result = result_of(item, {"error": why}, model=settings.model, started=now, finished=now)
    write_once(s3, settings.results_bucket, f"{settings.results_prefix}{result['id']}.json", result)


@lru_cache(maxsize=4)
def _client(service: str) -> Any:
    import boto3
    from botocore.config import Config

    # An endpoint answers within a minute; the queue itself tries again.
    return boto3.client(service, config=Config(read_timeout=65, retries={"max_attempts": 1}))


def forget() -> None:
    """Be as a process that has just started."""
    _client.cache_clear()


def _log(what: str, **fields: Any) -> None:
    print(json.dumps({"microbatch": what, **fields}), flush=True)  # noqa: T201 - a function's log is its standard output
