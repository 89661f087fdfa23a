"""Amazon SQS, SNS, EventBridge with its pipes and its scheduler."""

from __future__ import annotations

from math import ceil
from typing import Literal

from headway.bill.lines import Line
from headway.bill.pricing import Context, Pricing, Quantity, as_range, metered, used

CHUNK_BYTES = 65_536
"""SQS, SNS and EventBridge bill each 64 KB of a payload as one request or event (their pricing pages)."""


def chunks(payload_bytes: float) -> int:
    """Requests that one payload is billed as.

    >>> chunks(100), chunks(65_536), chunks(65_537)
    (1, 1, 2)
    """
    return max(1, ceil(payload_bytes / CHUNK_BYTES))


def sqs(
    pricing: Pricing,
    *,
    requests: Quantity,
    message_bytes: float = 0,
    fifo: bool = False,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """API requests, each billed once for every 64 KB of its payload."""
    meter = "fifo_requests" if fifo else "standard_requests"
    count = as_range(requests) * chunks(message_bytes)
    return (metered(pricing, "SQS", meter, count, Context(description, assumptions, resource_types)),)


def sns(
    pricing: Pricing,
    *,
    publishes: Quantity,
    message_bytes: float = 0,
    deliveries_sqs: Quantity = 0,
    deliveries_lambda: Quantity = 0,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Publishes by 64 KB; deliveries to SQS and Lambda (free)."""
    context = Context(description, assumptions, resource_types)
    usage = (("standard_publish", as_range(publishes) * chunks(message_bytes)),
             ("sqs_delivery", as_range(deliveries_sqs)), ("lambda_delivery", as_range(deliveries_lambda)))  # fmt: skip
    return tuple(metered(pricing, "SNS", meter, count, context) for meter, count in usage if used(count))


def eventbridge(
    pricing: Pricing,
    *,
    events: Quantity,
    event_bytes: float = 0,
    kind: Literal["custom_events", "api_destinations"] = "custom_events",
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Custom events by 64 KB; AWS's own events on the default bus are free and make no line."""
    count = as_range(events) * chunks(event_bytes)
    return (metered(pricing, "EventBridge", kind, count, Context(description, assumptions, resource_types)),)


def pipes(
    pricing: Pricing,
    *,
    requests: Quantity,
    event_bytes: float = 0,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Requests that a pipe lets through its filter, by 64 KB."""
    count = as_range(requests) * chunks(event_bytes)
    return (
        metered(pricing, "EventBridge", "pipes_requests", count, Context(description, assumptions, resource_types)),
    )


def scheduler(
    pricing: Pricing,
    *,
    invocations: Quantity,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Schedule invocations; the first 14 million a month are a free tier, off unless asked for."""
    context = Context(description, assumptions, resource_types)
    return (metered(pricing, "EventBridge", "scheduler_invocations", invocations, context),)
