"""What the router's ladder stands on: its queue with the dead letters, its table of last good answers, its alarms."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from headway.architectures.promise import FEWEST_LATE
from headway.architectures.router_design import LadderDesign, RouterQueue
from headway_components.access import Statement, allow
from headway_components.alarms import Expression, Metric, Rule, alarm
from headway_components.request_queue import Queue, stack_queue
from headway_components.row_table import RowTable, row_table
from headway_components.site import Site
from headway_components.storage import RESULTS, Bucket, objects
from headway_runtime.metrics import NAMESPACE, ROUTER
from headway_runtime.told import DEGRADED, QUEUED_FOR


@dataclass(frozen=True)
class Ladder:
    """What was made for the rungs."""

    design: LadderDesign
    queue: Queue | None
    cache: RowTable | None


def ladder(site: Site, design: LadderDesign | None) -> Ladder | None:
    """The ladder's queue and table, where the design has them."""
    if design is None:
        return None
    queue = stack_queue(site, design.queue, {}) if design.queue else None
    return Ladder(design, queue, row_table(site, design.cache, "answers") if design.cache else None)


def ladder_statements(made: Ladder | None, bucket: Bucket) -> list[Statement]:
    """Reading and keeping answers; sending to the queue, taking from it, writing what becomes of it."""
    statements: list[Statement] = []
    if made is not None and made.cache is not None:
        statements.append(allow(["dynamodb:GetItem", "dynamodb:PutItem"], made.cache.arn))
    if made is not None and made.queue is not None:
        taking = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
        statements += [
            allow(["sqs:SendMessage", *taking], made.queue.arn),
            allow(["sqs:SendMessage"], made.queue.dead_letters_arn),
            allow(["s3:PutObject"], objects(bucket.arn, RESULTS)),
        ]
    return statements


def listen(site: Site, made: Ladder | None, function: aws.lambda_.Function) -> None:
    """Hand the queue's messages to the function, a few at once: what waited shall not crowd out who waits now."""
    if made is None or made.queue is None or made.design.queue is None:
        return
    aws.lambda_.EventSourceMapping(
        site.part("queued"),
        event_source_arn=made.queue.arn,
        function_name=function.arn,
        batch_size=made.design.queue.batch_size,
        function_response_types=["ReportBatchItemFailures"],
        scaling_config={"maximum_concurrency": made.design.queue.max_concurrency},
        tags=site.tags,
        opts=site.child(),
    )


def ladder_alarms(
    site: Site,
    made: Ladder | None,
    function: aws.lambda_.Function,
    api_id: pulumi.Input[str],
    name: str,
    topic: pulumi.Input[str],
) -> None:
    """The ladder answers too many; what it queued waits for too long, or cannot be served.

    Args:
        site: Whose.
        made: The ladder.
        function: The router's.
        api_id: Of the API before it.
        name: Of its metrics.
        topic: Who is told.
    """
    if made is None:
        return
    watch = made.design.watch
    answered = Metric(NAMESPACE, DEGRADED, {ROUTER: name}, period_s=watch.window_s)
    calls = Metric("AWS/ApiGateway", "Count", {"ApiId": api_id}, period_s=watch.window_s)
    alarm(
        site,
        "degraded",
        topic,
        Expression(f"IF(m0 >= {FEWEST_LATE}, 100 * m0 / m1, 0)", (answered, calls), "answered by the ladder, %"),
        Rule.above(100 * watch.late_share),
        f"{site.name}: the ladder answers more than {watch.late_share:.0%} of the calls: a live part fails or is late.",
    )
    if made.queue is not None and made.design.queue is not None:
        _queue_alarms(site, made.queue, made.design.queue, function, name, topic)


def _queue_alarms(
    site: Site,
    queue: Queue,
    design: RouterQueue,
    function: aws.lambda_.Function,
    name: str,
    topic: pulumi.Input[str],
) -> None:
    alarm(
        site,
        "router-queue-errors",
        topic,
        Metric("AWS/Lambda", "Errors", {"FunctionName": function.name}),
        Rule.above(0, periods=2, of=3),
        f"{site.name}: the router's function fails. What is queued stays, and is tried again.",
    )
    # SQS passes over what was received three times, the function knows nothing of what it was never given.
    ages = (
        Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": queue.name}, "Maximum", 300),
        Metric(NAMESPACE, QUEUED_FOR, {ROUTER: name}, "Maximum", 300),
    )
    alarm(
        site,
        "router-queue-age",
        topic,
        Expression("MAX([FILL(m0, 0), FILL(m1, 0)])", ages, "oldest in the router's queue, s"),
        Rule.above(design.oldest_s),
        f"{site.name}: what the ladder queued has waited longer than {design.oldest_s} s.",
    )
    alarm(
        site,
        "router-dead-letters",
        topic,
        Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue.dead_letters}, "Maximum"),
        Rule.above(0),
        f"{site.name}: requests of the router's queue cannot be served; they lie in its dead-letter queue.",
    )
