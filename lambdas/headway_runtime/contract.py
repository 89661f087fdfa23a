"""The contract that every path shares: a request, a result, and how a body travels.

Request: ``{id, body | s3, tier, attributes, submitted_at, deadline}``. Result: ``results/<id>.json``,
``{id, output | error, model, timings, attempt}``, written once.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@=+-]{0,199}")
"""No slash and no leading dot: an id can never leave its prefix."""
INLINE_BYTES = 48_000
REQUESTS_PREFIX = "requests/"


class BadRequestError(ValueError):
    """A message that is no request: it can never succeed."""


@dataclass(frozen=True)
class Request:
    """One request as it travels."""

    id: str
    body: Any = None
    s3: str | None = None
    """``s3://bucket/key`` of a body that is too large to travel inline."""
    tier: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    submitted_at: str | None = None
    deadline: str | None = None

    def to_json(self) -> str:
        """The message body."""
        content = {name: value for name, value in self.__dict__.items() if name != "body" and value not in (None, {})}
        if self.s3 is None:
            content["body"] = self.body
        return json.dumps(content, separators=(",", ":"), sort_keys=True)


def parse_request(text: str) -> Request:
    """The request in a message.

    Raises:
        BadRequestError: Not JSON, an id that is missing or could leave its prefix, no body, a field of another type.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequestError("the message is not JSON") from None
    if not isinstance(content, dict):
        raise BadRequestError("the message is not an object")
    identity = content.get("id")
    if not isinstance(identity, str) or not ID_PATTERN.fullmatch(identity):
        raise BadRequestError("id must be 1 to 200 letters, digits and . _ : @ = + -, starting with a letter or digit")
    s3 = content.get("s3")
    if s3 is not None and (not isinstance(s3, str) or not re.fullmatch(r"s3://[^/]+/.+", s3)):
        raise BadRequestError("s3 must be an s3://bucket/key address")
    if s3 is None and "body" not in content:
        raise BadRequestError("neither body nor s3 is given")
    for name in ("tier", "submitted_at", "deadline"):
        if not isinstance(content.get(name), str | None):
            raise BadRequestError(f"{name} must be text")
    if not isinstance(content.get("attributes"), dict | None):
        raise BadRequestError("attributes must be an object")
    return Request(**{name: content[name] for name in Request.__dataclass_fields__ if content.get(name) is not None})


def submit(
    sqs: Any, s3: Any, *, queue_url: str, bucket: str, request: Request, inline_bytes: int = INLINE_BYTES
) -> None:
    """Send a request; a body over ``inline_bytes`` goes to S3 and travels as a pointer.

    Args:
        sqs: A boto3 SQS client.
        s3: A boto3 S3 client.
        queue_url: The stack's ``queue_url``.
        bucket: The stack's ``results_bucket``.
        request: The request; ``bytes`` in its body are sent as base64.
        inline_bytes: The Design's threshold.

    Raises:
        BadRequestError: An id that no worker would take.
    """
    sqs.send_message(QueueUrl=queue_url, MessageBody=packed(s3, bucket, request, inline_bytes))


def packed(s3: Any, bucket: str, request: Request, inline_bytes: int = INLINE_BYTES) -> str:
    """The message that carries a request; a body over ``inline_bytes`` is put into S3 and travels as a pointer.

    Raises:
        BadRequestError: An id that no worker would take.
    """
    if not ID_PATTERN.fullmatch(request.id):
        raise BadRequestError(f"{request.id!r} cannot be an id")
    body = request.body
    if isinstance(body, bytes):
        body = {"base64": base64.b64encode(body).decode()}
    inline = Request(**{**request.__dict__, "body": body}).to_json()
    if len(inline.encode()) <= inline_bytes or request.s3 is not None:
        return inline
    key = f"{REQUESTS_PREFIX}{request.id}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(body).encode(), ContentType="application/json")
    return Request(**{**request.__dict__, "body": None, "s3": f"s3://{bucket}/{key}"}).to_json()
