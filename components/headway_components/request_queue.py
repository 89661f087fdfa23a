"""The queue that requests wait in, and the one for those that could not be served."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from headway.architectures.design import BatchDesign
from headway_components.access import deny_plain_http, policy_document
from headway_components.site import Site

LARGEST_MESSAGE = 1_048_576
"""Bytes of the largest message (Amazon SQS Developer Guide, quotas); the provider's default is a quarter of it."""
LONGEST_RETENTION_S = 1_209_600
"""14 days (Amazon SQS Developer Guide, quotas)."""
LONG_POLL_S = 20
"""The longest poll (Amazon SQS Developer Guide): fewest empty receives."""


def request_queue(site: Site, design: BatchDesign) -> tuple[aws.sqs.Queue, aws.sqs.Queue]:
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
        opts=site.child(),
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
