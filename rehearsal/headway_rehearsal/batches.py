"""Drive a micro-batch stack: requests into the queue, batches closed as the event source would, the function called.

The function is the code that runs in AWS, with the environment that was provisioned. Arrivals are virtual, as dense as
fill a batch in its window; the hand-over is assumed, the endpoint's time measured here.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headway.architectures.design import MicroBatchDesign
from headway.assumptions import assume
from headway_rehearsal.endpoint import answering
from headway_rehearsal.observed import Run, as_in_aws, dead_letters, function_environment, results_of, served
from headway_rehearsal.resources.base import Aws
from headway_runtime import microbatch
from headway_runtime.contract import Request, submit


def rehearse_microbatch(
    aws: Aws, outputs: Mapping[str, Any], design: MicroBatchDesign, model_url: str, bodies: Sequence[Any]
) -> Run:
    """Serve ``bodies`` in batches of N or T, whichever comes first."""
    sqs, s3 = aws.client("sqs"), aws.client("s3")
    arrivals = spread(design, [f"request-{index:04d}" for index in range(1, len(bodies) + 1)])
    for (identity, _), body in zip(arrivals, bodies, strict=True):
        submit(sqs, s3, queue_url=outputs["queue_url"], bucket=outputs["results_bucket"],
               request=Request(id=identity, body=body), inline_bytes=design.requests.inline_bytes)  # fmt: skip
    with answering(model_url):
        events, finished = serve_batches(aws, outputs, arrivals)
    results = results_of(aws, outputs["results_bucket"])
    rows = tuple(
        served(one, results.get(one), finished[one] - arrived if one in finished else None) for one, arrived in arrivals
    )
    return Run(rows, tuple(events), dead_letters(aws, outputs["dead_letter_queue"]), design.max_wait_s, results)


def serve_batches(
    aws: Aws, outputs: Mapping[str, Any], arrivals: Sequence[tuple[str, float]]
) -> tuple[list[str], dict[str, float]]:
    """Call the function for each batch of what waits: what happened, and when each request was ready."""
    microbatch.forget()
    sqs, mapping = aws.client("sqs"), mapping_of(aws, outputs["function_name"])
    finished: dict[str, float] = {}
    events: list[str] = []
    with as_in_aws(function_environment(aws, outputs["function_name"]), aws.said):
        for batch, closed in _batches(arrivals, mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]):
            records = receive(sqs, outputs["queue_url"], len(batch))
            started = time.perf_counter()
            answer = microbatch.handler({"Records": records}, None)
            took = time.perf_counter() - started
            failed = {row["itemIdentifier"] for row in answer["batchItemFailures"]}
            for record in records:
                if record["messageId"] not in failed:
                    sqs.delete_message(QueueUrl=outputs["queue_url"], ReceiptHandle=record["receiptHandle"])
            finished |= dict.fromkeys(batch, closed + assume("microbatch.overhead") + took)
            events.append(f"{closed:5.1f} s: a batch of {len(batch)} closes")
    return events, finished


def spread(design: MicroBatchDesign, ids: Sequence[str]) -> list[tuple[str, float]]:
    """Ids and virtual seconds of arrival, so dense that half of the batches fill."""
    draw = random.Random(0)  # noqa: S311 - arrivals, not secrets
    rate = design.batch_size / max(1, design.window_s)
    now, found = 0.0, []
    for identity in ids:
        now += draw.expovariate(rate)
        found.append((identity, now))
    return found


def _batches(arrivals: Sequence[tuple[str, float]], most: int, window_s: float) -> Iterator[tuple[list[str], float]]:
    """Batches of ids, and when each closes."""
    held: list[tuple[str, float]] = []
    for identity, arrived in arrivals:
        if held and arrived > held[0][1] + window_s:
            yield [one for one, _ in held], held[0][1] + window_s
            held = []
        held.append((identity, arrived))
        if len(held) == most:
            yield [one for one, _ in held], arrived
            held = []
    if held:
        yield [one for one, _ in held], held[0][1] + window_s


def receive(sqs: Any, url: str, count: int) -> list[dict[str, Any]]:
    """Messages as the records of Lambda's event. What is to come has come: an empty queue is not waited at."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        some = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=min(10, count - len(found)), AttributeNames=["All"], WaitTimeSeconds=0
        ).get("Messages", [])
        if not some:
            break
        found += [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
            }
            for message in some
        ]
    return found


def mapping_of(aws: Aws, function: str) -> dict[str, Any]:
    """The event source mapping as it was provisioned."""
    rows: list[dict[str, Any]] = aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    return next(row for row in rows if row["FunctionArn"].endswith(f":{function}"))
