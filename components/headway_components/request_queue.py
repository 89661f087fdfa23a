"""The queue that requests wait in, and the one for those that could not be served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from headway.architectures.design import BatchDesign, MicroBatchDesign
from headway.architectures.router_design import LONGEST_RETENTION_S, RouterQueue
from headway.errors import HeadwayError
from headway_components.access import deny_plain_http, policy_document
from headway_components.site import Site

LARGEST_MESSAGE = 1_048_576
"""Bytes of the largest message (Amazon SQS Developer Guide, quotas); the provider's default is a quarter of it."""
LONG_POLL_S = 20
"""The longest poll (Amazon SQS Developer Guide): fewest empty receives."""


@dataclass(frozen=True)
class Queue:
    """What a component needs to know of a queue, made here or wired in."""

    url: pulumi.Input[str]
    arn: pulumi.Input[str]
    name: pulumi.Input[str]
    dead_letters: pulumi.Input[str]
    """Name of the dead-letter queue."""
    dead_letters_arn: pulumi.Input[str]
    dead_letters_url: pulumi.Input[str]


def stack_queue(site: Site, design: BatchDesign | MicroBatchDesign | RouterQueue, args: Mapping[str, Any]) -> Queue:
    """The queue that was wired in, or one of the component's own.

    Raises:
        HeadwayError: A queue without its dead-letter queue, or the other way round.
    """
    arn, dead_arn = args.get("queue_arn"), args.get("dead_letter_queue_arn")
    if (arn is None) != (dead_arn is None):
        raise HeadwayError(
            f"{site.name}: queue_arn and dead_letter_queue_arn belong together: without its dead-letter queue nobody "
            "would hear of requests that cannot be served"
        )
    if arn is None or dead_arn is None:
        queue, dead = request_queue(site, design)
        return Queue(url=queue.url, arn=queue.arn, name=queue.name, dead_letters=dead.name,
                     dead_letters_arn=dead.arn, dead_letters_url=dead.url)  # fmt: skip
    names = [pulumi.Output.from_input(one).apply(_last_part) for one in (arn, dead_arn)]
    urls = [
        pulumi.Output.format("https://sqs.{0}.{1}/{2}/{3}", site.region, site.dns_suffix, site.account, name)
        for name in names
    ]
    return Queue(url=urls[0], arn=arn, name=names[0], dead_letters=names[1], dead_letters_arn=dead_arn,
                 dead_letters_url=urls[1])  # fmt: skip


def _last_part(arn: str) -> str:
    return arn.rsplit(":", 1)[-1]


def request_queue(
    site: Site, design: BatchDesign | MicroBatchDesign | RouterQueue
) -> tuple[aws.sqs.Queue, aws.sqs.Queue]:
    """The queue and its dead-letter queue: encrypted, TLS only, redriven after the design's receives."""
    dead = _queue(site, "dead-letters", message_retention_seconds=LONGEST_RETENTION_S)
    queue = _queue(
        site,
        "requests",
        message_retention_seconds=design.queue_retention_s,
        visibility_timeout_seconds=design.visibility_timeout_s,
        receive_wait_time_seconds=LONG_POLL_S,
        redrive_policy=pulumi.Output.json_dumps(
            {"deadLetterTargetArn": dead.arn, "maxReceiveCount": design.max_receives}
        ),
    )
    return queue, dead


def _queue(site: Site, what: str, **settings: Any) -> aws.sqs.Queue:
    encryption: dict[str, Any] = (
        {"sqs_managed_sse_enabled": True}
        if site.kms_key_arn is None
        else {"kms_master_key_id": site.kms_key_arn, "kms_data_key_reuse_period_seconds": 300}
    )
    queue = aws.sqs.Queue(
        site.part(what),
        max_message_size=LARGEST_MESSAGE,
        tags=site.tags,
        opts=site.data(),
        **encryption,
        **settings,
    )
    aws.sqs.QueuePolicy(
        site.part(f"{what}-policy"),
        queue_url=queue.url,
        policy=policy_document([deny_plain_http("sqs:*", queue.arn)]),
        opts=site.child(),
    )
    return queue
