"""Messages as items of a batch: opened, answered together or, when that fails, one by one, told as results.

What the worker and the micro-batch function do alike. A batch that fails is tried item by item, so that a poison item
does not sink the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from headway_runtime.contract import BadRequestError, Request, parse_json, parse_request
from headway_runtime.model import ModelError

Fetch = Callable[[], Any]
BODY_MOST = 100_000_000
"""Bytes of a body that travels as a pointer: a worker's container has a gigabyte for all that it holds."""


@dataclass
class Item:
    """One message with its request, or the reason why it is none."""

    message: dict[str, Any]
    request: Request | None
    body: Any = None
    payload: bytes = b""
    """The body as JSON, where it was encoded ahead for the model beside a worker."""
    error: str = ""
    hopeless: bool = False
    """No other try can succeed: it is no request, or its body is not what it should be."""

    @property
    def attempt(self) -> int:
        """How often it was received, this time included."""
        return int(self.message.get("Attributes", {}).get("ApproximateReceiveCount", 1))

    @property
    def sent(self) -> float | None:
        """When it was sent, by SQS's clock, in seconds since the epoch; None where SQS does not say."""
        stamp = self.message.get("Attributes", {}).get("SentTimestamp")
        return None if stamp is None else int(stamp) / 1000


class Answer(NamedTuple):
    """An item's output and when the model was asked and answered, in seconds since the epoch."""

    item: Item
    output: Any
    started: float
    finished: float


def open_item(message: dict[str, Any], s3: Any, *, fetching: Callable[[Fetch], Any] = lambda fetch: fetch()) -> Item:
    """The request in a message, its body fetched where it travelled as a pointer.

    Whatever the message holds, it is an item: what cannot be read has its ``error`` set.

    Args:
        message: As SQS gives it.
        s3: A boto3 S3 client.
        fetching: Runs the fetch; may try it again.
    """
    request: Request | None = None
    try:
        request = opened = parse_request(message["Body"])
        body = request.body if request.s3 is None else fetching(lambda: body_of(opened, s3))
    except BadRequestError as error:
        return Item(message, request, error=str(error), hopeless=True)
    except Exception as error:  # absent, forbidden, a connection that breaks: it may be there at the next try
        return Item(message, request, error=f"its body cannot be read: {error}")
    return Item(message, request, body)


def body_of(request: Request, s3: Any) -> Any:
    """A request's body, fetched where it travelled as a pointer.

    Raises:
        BadRequestError: What lies there is not JSON.
        ClientError, BotoCoreError, OSError: It cannot be read: absent, forbidden, a connection that breaks.
    """
    if request.s3 is None:
        return request.body
    bucket, key = request.s3.removeprefix("s3://").split("/", 1)
    answer = s3.get_object(Bucket=bucket, Key=key)
    if answer.get("ContentLength", 0) > BODY_MOST:
        raise BadRequestError(f"its body of {answer['ContentLength']:,} bytes is more than {BODY_MOST:,}")
    try:
        return parse_json(answer["Body"].read())
    except BadRequestError as error:
        raise BadRequestError(f"its body cannot be read: {request.s3}: {error}") from None


def answers(
    items: Sequence[Item], call: Callable[[Sequence[Item]], list[Any]], stopping: Callable[[], bool] = lambda: False
) -> Iterator[Answer]:
    """Each item's answer as it comes; an item that fails alone has its ``error`` set, one not reached keeps none.

    Raises:
        ModelError: A fatal one: the model no longer answers at all.
    """
    good = [item for item in items if not item.error]
    if not good:
        return
    started = time.time()
    try:
        outputs = call(good)
    except ModelError as error:
        if error.fatal:
            raise
        if len(good) == 1:
            good[0].error = str(error)
            return
        for item in good:
            if not stopping():
                yield from answers([item], call)
        return
    finished = time.time()
    for item, output in zip(good, outputs, strict=True):
        yield Answer(item, output, started, finished)


def result_of(
    item: Item, content: dict[str, Any], *, model: str, started: float, finished: float, **more: Any
) -> dict[str, Any]:
    """An item's result by the contract; ``content`` is its output or its error.

    Raises:
        ValueError: The item holds no request, so nobody could ask for its result.
    """
    if item.request is None:
        raise ValueError(f"no request: {item.error}")
    sent = started if item.sent is None else item.sent
    return {
        "id": item.request.id,
        **content,
        "model": model,
        "timings": {
            "submitted_at": item.request.submitted_at or iso(sent),
            "started_at": iso(started),
            "finished_at": iso(finished),
            "queued_s": round(started - sent, 3),
            "model_s": round(finished - started, 3),
        },
        "attempt": item.attempt,
        **more,
    }


def iso(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
