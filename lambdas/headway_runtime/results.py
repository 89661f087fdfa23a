"""Results: written once to the bucket, however often a message is delivered; or kept fresh as rows of a table."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from headway_runtime.contract import KEY_ATTRIBUTE

CONFLICTS = 5
THERE_ALREADY = frozenset({"PreconditionFailed", "412"})
UNDER_WAY = frozenset({"ConditionalRequestConflict", "409"})
ROW_BYTES = 400_000
"""A row's name and values, a little below DynamoDB's limit of 400 KB."""


class Sink(Protocol):
    """Where answers go."""

    def write(self, result: dict[str, Any], key: str) -> bool:
        """Write a result; says whether this call wrote it."""


class BucketSink(NamedTuple):
    """Results for whoever asked: ``<prefix><id>.json``, the first of an id stands."""

    s3: Any
    bucket: str
    prefix: str = "results/"

    def write(self, result: dict[str, Any], key: str) -> bool:
        """Write a result unless one of its id is there."""
        del key
        return write_once(self.s3, self.bucket, f"{self.prefix}{result['id']}.json", result)


class TableSink(NamedTuple):
    """Rows that expire: the newest of a key stands. An error is no row: it goes where results go."""

    dynamodb: Any
    table: str
    expires_s: float
    errors: BucketSink

    def write(self, result: dict[str, Any], key: str) -> bool:
        """Put the row of ``key`` unless a newer one is there."""
        if "error" in result:
            return self.errors.write(result, key)
        size = len(_packed(result["output"]))
        if size > ROW_BYTES:
            told = {name: value for name, value in result.items() if name != "output"}
            return self.errors.write({**told, "error": f"{size:,} bytes are more than a row holds"}, key)
        now = time.time()
        return put_newer(self.dynamodb, self.table, row(result, key, now, now + self.expires_s))


class Row(NamedTuple):
    """A row of the table."""

    key: str
    value: Any
    computed_at: float
    """Seconds since the epoch."""
    expires_at: float
    model: str = ""
    doubts: Sequence[Mapping[str, str]] = ()
    """What is wrong with the value, as a result tells it."""


def row(result: dict[str, Any], key: str, computed_at: float, expires_at: float) -> Row:
    """The row that holds a result's output."""
    told = result.get("model", ""), result.get("doubts", ())
    return Row(key, result["output"], computed_at, expires_at, *told)


def key_of(attributes: dict[str, Any], body: Any) -> str:
    """The row of a request: its attribute ``key``, else the digest of its body, however it is spaced or ordered.

    >>> key_of({"key": "customer-7"}, None)
    'customer-7'
    >>> key_of({}, {"a": 1, "b": 2}) == key_of({}, {"b": 2, "a": 1})
    True
    """
    named = attributes.get(KEY_ATTRIBUTE)
    if named is not None:
        return str(named)
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _packed(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def put_newer(dynamodb: Any, table: str, new: Row) -> bool:
    """Put a row unless the table has a newer one of its key."""
    from botocore.exceptions import ClientError

    item = {
        "key": {"S": new.key},
        "value": {"S": _packed(new.value)},
        "computed_at": {"N": f"{new.computed_at:.3f}"},
        "expires_at": {"N": str(int(new.expires_at))},
        "model": {"S": new.model or "unnamed"},
        **({"doubts": {"S": _packed(new.doubts)}} if new.doubts else {}),
    }
    try:
        dynamodb.put_item(
            TableName=table, Item=item, ConditionExpression="attribute_not_exists(#k) OR computed_at <= :now",
            ExpressionAttributeNames={"#k": "key"}, ExpressionAttributeValues={":now": item["computed_at"]},
        )  # fmt: skip
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return False
        raise
    return True


def get_row(dynamodb: Any, table: str, key: str, now: float | None = None) -> Row | None:
    """The row of a key, or None; one that has expired is none, though DynamoDB deletes it only days later."""
    item = dynamodb.get_item(TableName=table, Key={"key": {"S": key}}).get("Item")
    if item is None:
        return None
    found = Row(
        key, json.loads(item["value"]["S"]), float(item["computed_at"]["N"]), float(item["expires_at"]["N"]),
        item["model"]["S"], json.loads(item["doubts"]["S"]) if "doubts" in item else (),
    )  # fmt: skip
    return found if found.expires_at > (time.time() if now is None else now) else None


def write_once(s3: Any, bucket: str, key: str, result: dict[str, Any]) -> bool:
    """Write a result unless one is there; says whether this call wrote it.

    S3 answers 412 where the key exists (somebody else finished first: the result stands) and 409 while another write
    is under way (asked again). An error does not stand against an output: what was sent again after it had failed for
    good gets its answer.
    """
    from botocore.exceptions import ClientError

    body = json.dumps(result, separators=(",", ":")).encode()
    for attempt in range(CONFLICTS):
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*")
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in THERE_ALREADY:
                return "output" in result and _replaces_error(s3, bucket, key, body)
            if code in UNDER_WAY and attempt < CONFLICTS - 1:
                time.sleep(0.1 * 2**attempt)
                continue
            raise
        return True
    return False


def _replaces_error(s3: Any, bucket: str, key: str, body: bytes) -> bool:
    """Write an output in the place of an error, unless somebody else does so at the same time."""
    from botocore.exceptions import ClientError

    there = s3.get_object(Bucket=bucket, Key=key)
    if "error" not in json.loads(there["Body"].read()):
        return False
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", IfMatch=there["ETag"])
    except ClientError as error:
        if error.response["Error"]["Code"] in THERE_ALREADY | UNDER_WAY:
            return False
        raise
    return True
