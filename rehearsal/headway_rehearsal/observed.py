"""What a rehearsal reads of the account: environments of functions, depths of queues, results."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from unittest import mock

from headway_rehearsal.outcome import Served
from headway_rehearsal.resources.base import Aws

RESULTS = "results/"


@dataclass(frozen=True)
class Run:
    """What became of the requests."""

    served: tuple[Served, ...]
    events: tuple[str, ...]
    dead_letters: int
    promise_s: float
    results: dict[str, bytes]


@contextmanager
def as_in_aws(environment: Mapping[str, str], said: list[str] | None = None) -> Iterator[None]:
    """The environment of a function or a container; what it prints is a log, which ``said`` keeps."""
    with mock.patch.dict(os.environ, environment), redirect_stdout(io.StringIO()) as log:
        try:
            yield
        finally:
            if said is not None:
                said.append(log.getvalue())


def function_environment(aws: Aws, function: str) -> dict[str, str]:
    """A function's variables as they were provisioned."""
    answer = aws.client("lambda").get_function_configuration(FunctionName=function)
    found: dict[str, str] = answer["Environment"]["Variables"]
    return found


def depth_of(aws: Aws, url: str) -> int:
    """Messages in a queue, those in somebody's hands included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def dead_letters(aws: Aws, queue: str) -> int:
    """Messages in the dead-letter queue of this name."""
    return depth_of(aws, aws.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"])


def result_ids(aws: Aws, bucket: str) -> list[str]:
    """Ids of the requests that have a result."""
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=RESULTS)
    keys = [row["Key"] for page in pages for row in page.get("Contents", [])]
    return [key.removeprefix(RESULTS).removesuffix(".json") for key in keys]


def results_of(aws: Aws, bucket: str) -> dict[str, bytes]:
    """Result files by request id."""
    s3 = aws.client("s3")
    return {
        identity: s3.get_object(Bucket=bucket, Key=f"{RESULTS}{identity}.json")["Body"].read()
        for identity in result_ids(aws, bucket)
    }


def served(identity: str, content: bytes | None, wait_s: float | None) -> Served:
    """A request with its result, or without one."""
    if content is None or wait_s is None:
        return Served(id=identity, wait_s=None, model_s=None, error="no result")
    result = json.loads(content)
    return Served(
        id=identity,
        wait_s=wait_s,
        model_s=result["timings"]["model_s"],
        output=result.get("output"),
        error=result.get("error", ""),
        doubts=tuple(doubt["kind"] for doubt in result.get("doubts", ())),
    )
