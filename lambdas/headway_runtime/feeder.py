"""The feeder: a manifest in S3 becomes requests in the queue. Called when a manifest has been written.

A manifest is JSON lines, each a request by the contract; an ``id`` that is missing is made of the manifest's name and
the line's number. Sending is repeatable: a manifest that is read twice sends the same ids, whose results are the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import unquote_plus

from headway_runtime.contract import BadRequestError, Request, as_request, packed, parse_json
from headway_runtime.settings import VARIABLE, FeederSettings

AT_ONCE = 10
"""Messages of one SendMessageBatch (Amazon SQS API reference)."""
LARGEST_CALL = 1_000_000
"""Bytes of one SendMessageBatch, a little below its limit of 1 MiB."""
THREADS = 16
LARGEST_LINE = 16_000_000
"""Bytes of a line; a larger body is put into S3 beforehand."""
LONGEST_NAME = 120
"""Of a manifest in the ids that are made of it, which hold 200."""
MOST_PROBLEMS = 20
"""Bad lines that are told one by one."""


class FeedError(Exception):
    """Some of a manifest could not be sent: the call fails, so that S3 delivers it again and an alarm sees it."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Feed each manifest that the event names."""
    del context
    settings = FeederSettings.from_json(os.environ[VARIABLE])
    sent = bad = 0
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        done, wrong = feed(_client("s3"), _client("sqs"), settings, bucket, key)
        sent, bad = sent + done, bad + wrong
    return {"sent": sent, "bad": bad}


def feed(s3: Any, sqs: Any, settings: FeederSettings, bucket: str, key: str) -> tuple[int, int]:
    """Send each line of a manifest; returns how many were sent and how many were no request.

    Raises:
        FeedError: SQS did not take some of them.
    """
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    problems: list[str] = []
    name = _name(key)
    requests = _requests(_lines(body.iter_chunks()), name, problems)
    sent = failed = 0
    with ThreadPoolExecutor(THREADS) as pool:
        # A few hundred calls at a time: a manifest of gigabytes is never held in memory.
        for batches in _groups(_batches(requests, s3, bucket), THREADS * 16):
            for done, lost in pool.map(lambda batch: _send(sqs, settings.queue_url, batch), batches):
                sent, failed = sent + done, failed + lost
    _log("fed", manifest=key, sent=sent, failed=failed, bad=len(problems), problems=problems[:MOST_PROBLEMS])
    if failed:
        raise FeedError(f"{key}: {failed} of {sent + failed} requests were not taken by the queue")
    return sent, len(problems)


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes | None]:
    """Lines of a file that is never held whole; None for one that is longer than a request can be.

    >>> list(_lines(iter([b'{"a"', b': 1}' + bytes([10]), b'{}'])))
    [b'{"a": 1}', b'{}']
    """
    held, long = bytearray(), False
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for end in ended:
            held += end
            yield None if long or len(held) > LARGEST_LINE else bytes(held)
            held, long = bytearray(), False
        held += rest
        if len(held) > LARGEST_LINE:
            held, long = bytearray(), True
    if held or long:
        yield None if long else bytes(held)


def _requests(lines: Iterator[bytes | None], name: str, problems: list[str]) -> Iterator[Request]:
    for number, line in enumerate(lines, start=1):
        if line is None:
            problems.append(f"line {number}: longer than {LARGEST_LINE:,} bytes: put its body into S3, send its s3")
            continue
        if not line.strip():
            continue
        try:
            content = parse_json(line)
            if isinstance(content, dict):
                content.setdefault("id", f"{name}-{number}")
            yield as_request(content)
        except BadRequestError as error:
            problems.append(f"line {number}: {error}")


def _name(key: str) -> str:
    """What a manifest's own ids start with: its name as an id may be; one that is cut or changed stays its own.

    >>> _name("manifests/run-7.jsonl"), _name("manifests/week 7.jsonl")
    ('run-7', 'week-7.11b90142')
    """
    plain = key.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    name = re.sub(r"[^A-Za-z0-9._-]", "-", plain).lstrip("._-")[:LONGEST_NAME]
    return name if name == plain else f"{name or 'manifest'}.{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def _batches(requests: Iterator[Request], s3: Any, bucket: str) -> Iterator[list[str]]:
    """Messages, ten to a call and no more bytes than a call takes."""
    batch: list[str] = []
    size = 0
    for request in requests:
        text = packed(s3, bucket, request)
        if len(batch) == AT_ONCE or size + len(text) > LARGEST_CALL:
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


def _groups(batches: Iterator[list[str]], size: int) -> Iterator[list[list[str]]]:
    while group := list(islice(batches, size)):
        yield group


def _send(sqs: Any, url: str, batch: list[str]) -> tuple[int, int]:
    """One call, and another for what it did not take; returns sent and lost."""
    left = dict(enumerate(batch))
    for _ in range(3):
        entries = [{"Id": str(index), "MessageBody": text} for index, text in left.items()]
        answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        refused = {int(one["Id"]) for one in answer.get("Failed", [])}
        left = {index: text for index, text in left.items() if index in refused}
        if not left:
            break
    return len(batch) - len(left), len(left)


@lru_cache(maxsize=4)
def _client(service: str) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(service, config=Config(max_pool_connections=THREADS, retries={"mode": "adaptive"}))


def forget() -> None:
    """Be as a process that has just started."""
    _client.cache_clear()


def _log(what: str, **fields: Any) -> None:
    print(json.dumps({"feeder": what, **fields}), flush=True)  # noqa: T201 - a function's log is its standard output
