"""The contract that every path shares: a request, a result, and how a body travels.

Request: ``{id, body | s3, tier, attributes, submitted_at, deadline}``. Result: ``results/<id>.json``,
``{id, output | error, model, timings, attempt}``, written once.
"""

from __future__ import annotations

import base64
import json
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@=+-]{0,199}")
"""No slash and no leading dot: an id can never leave its prefix."""
INLINE_BYTES = 48_000
REQUESTS_PREFIX = "requests/"
DEEPEST = 200
"""Levels of nesting that are taken: an encoder of any language copes with them, a few thousand stop Python's."""
ENVELOPE_BYTES = 16_000
"""All of a request but its body: the body can leave for S3, the rest must travel in the message."""
KEY_ATTRIBUTE, KEY_BYTES = "key", 2048
"""Of a request's attributes: the row its answer belongs to. DynamoDB takes so much as a partition key."""


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


def parse_json(text: str | bytes) -> Any:
    """JSON as every language reads it: finite numbers, UTF-8, nesting that any encoder copes with.

    Raises:
        BadRequestError: It is not.

    >>> parse_json(b'{"n": [1, 2.5]}')
    {'n': [1, 2.5]}
    >>> parse_json('[NaN]')
    Traceback (most recent call last):
    headway_runtime.contract.BadRequestError: NaN is no number in JSON
    """
    try:
        content = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except BadRequestError:
        raise
    except RecursionError:
        raise BadRequestError(f"nested deeper than {DEEPEST}") from None
    except ValueError:  # UnicodeDecodeError among them
        raise BadRequestError("not JSON") from None
    if _may_be_deep(text) and too_deep(content):
        raise BadRequestError(f"nested deeper than {DEEPEST}")
    return content


def _may_be_deep(text: str | bytes) -> bool:
    """Whether it is worth a look: most bodies open fewer lists and objects than may be nested."""
    if isinstance(text, str):
        return text.count("[") + text.count("{") > DEEPEST
    return text.count(b"[") + text.count(b"{") > DEEPEST


def too_deep(content: Any) -> bool:
    """Whether lists and objects are nested deeper than ``DEEPEST``."""
    level = [content]
    for _ in range(DEEPEST + 1):
        level = [
            inner for one in level if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one) if isinstance(inner, dict | list)
        ]  # fmt: skip
        if not level:
            return False
    return True


def _no_number(name: str) -> float:
    raise BadRequestError(f"{name} is no number in JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise BadRequestError(f"{digits[:20]} is larger than a number can be")
    return number


def parse_request(text: str | bytes) -> Request:
    """The request in a message.

    Raises:
        BadRequestError: Not JSON, an id that is missing or could leave its prefix, no body, a field of another type.
    """
    try:
        content = parse_json(text)
    except BadRequestError as error:
        raise BadRequestError(f"the message is no request: {error}") from None
    return as_request(content)


def as_request(content: Any) -> Request:
    """The request in JSON that was read already.

    Raises:
        BadRequestError: An id that is missing or could leave its prefix, no body, a field of another type.
    """
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
    for name in ("submitted_at", "deadline"):
        if content.get(name) is not None:
            _check_time(name, content[name])
    if not isinstance(content.get("attributes"), dict | None):
        raise BadRequestError("attributes must be an object")
    _check_key((content.get("attributes") or {}).get(KEY_ATTRIBUTE))
    request = Request(**{name: content[name] for name in Request.__dataclass_fields__ if content.get(name) is not None})
    if len(Request(**{**request.__dict__, "body": None}).to_json()) > ENVELOPE_BYTES:
        raise BadRequestError(f"all but the body must fit {ENVELOPE_BYTES:,} bytes: attributes are for rules")
    return request


def seconds_of(moment: str) -> float:
    """A time of the contract as seconds since the epoch; one without a zone is UTC.

    >>> seconds_of("1970-01-01T00:01:00Z") == seconds_of("1970-01-01T00:01:00") == 60
    True
    """
    at = datetime.fromisoformat(moment)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _check_time(name: str, value: str) -> None:
    try:
        seconds_of(value)
    except (ValueError, OverflowError):
        raise BadRequestError(f"{name} must be a time such as 2026-06-03T12:00:00Z") from None


def _check_key(value: Any) -> None:
    """A row's name: what a table takes, or nothing."""
    if value is None:
        return
    named = isinstance(value, str | int | float) and not isinstance(value, bool)
    try:
        size = len(str(value).encode()) if named else 0
    except UnicodeEncodeError:
        size = 0
    if not 1 <= size <= KEY_BYTES:
        raise BadRequestError(f"attributes.{KEY_ATTRIBUTE} must be text or a number of 1 to {KEY_BYTES} bytes")


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
