"""The fallback ladder: its design from the profile, what it costs, what a reader is told of it.

A ladder needs a router, which asks the live part and answers in its place. What is queued anyway needs none: there a
request waits for a model that fails. Never touches AWS.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from headway.architectures.design import BaseDesign
from headway.architectures.promise import degraded_window
from headway.architectures.queue_path import QUEUE_TYPES, stored_lines, watchdog_design, watchdog_lines
from headway.architectures.router_design import LadderDesign, RouterDesign, RouterQueue, TableDesign
from headway.architectures.value import BurnRate
from headway.architectures.workload import Scenario, Workload
from headway.assumptions import assume
from headway.bill import services
from headway.bill.lines import Bill, Line, Range
from headway.units import HOURS_PER_MONTH, HOURS_PER_WEEK, format_duration, format_usd

API_TYPES = ("aws:apigatewayv2/api:Api", "aws:apigatewayv2/stage:Stage")
FUNCTION_TYPES = ("aws:lambda/function:Function",)
TABLE_TYPES = ("aws:dynamodb/table:Table",)
MAPPING_TYPES = ("aws:lambda/eventSourceMapping:EventSourceMapping",)
MOST_MESSAGES = 10
"""Of a call without a window to collect them in (AWS Lambda Developer Guide, SQS)."""
LEAST_CONCURRENCY, MOST_CONCURRENCY = 2, 1000
"""Of an event source mapping (AWS Lambda API Reference, ScalingConfig)."""
VISIBILITY = 6
"""Times the function's timeout that a message stays hidden (AWS Lambda Developer Guide, SQS)."""


class Flow(NamedTuple):
    """Requests of a month to one part: asked while the caller waits (``live``) for ``held_s``, or queued."""

    live: bool
    monthly: float
    held_s: float = 0.0
    noted: bool = False
    """Whether the router notes where the answer will be: an asynchronous endpoint names it."""


def ladder_design(workload: Workload, flows: Sequence[Flow], timeout_s: int) -> LadderDesign | None:
    """The profile's ladder before live parts; None where none was declared, or nothing behind the router is live."""
    profile, demand = workload.profile, workload.demand
    live = [flow for flow in flows if flow.live]
    if not profile.fallback or not live:
        return None
    watch = degraded_window(demand.percentile, demand.per_week / HOURS_PER_WEEK)
    return LadderDesign(
        rungs=profile.fallback,
        reserve_share=assume("ladder.reserve_share"),
        reserve_s=assume("ladder.reserve_most"),
        watch=BurnRate(window_s=watch.seconds, late_share=watch.late_share),
        cache=TableDesign(
            item_bytes=profile.model.response + int(assume("table.overhead_bytes")),
            expires_s=int(profile.fallback_max_age),
        )
        if "cache" in profile.fallback
        else None,
        queue=_queue(live, timeout_s) if "queue" in profile.fallback else None,
        watchdog=watchdog_design(workload, share=assume("ladder.share")) if "queue" in profile.fallback else None,
        default=profile.fallback_answer,
    )


def _queue(live: Sequence[Flow], timeout_s: int) -> RouterQueue:
    longest = max(flow.held_s for flow in live)
    load = sum(flow.monthly * flow.held_s for flow in live) / (HOURS_PER_MONTH * 3600)
    drain = round(load * assume("ladder.drain"))
    return RouterQueue(
        visibility_timeout_s=VISIBILITY * timeout_s,
        batch_size=max(1, min(MOST_MESSAGES, int(timeout_s / 2 / longest))) if longest else MOST_MESSAGES,
        max_concurrency=max(LEAST_CONCURRENCY, min(MOST_CONCURRENCY, drain)),
        oldest_s=int(assume("ladder.oldest")),
    )


def ladder_lines(
    router: RouterDesign, design: BaseDesign, workload: Workload, flows: Sequence[Flow], *, kept_days: int
) -> tuple[Line, ...]:
    """What a month of the ladder costs: every good answer kept, and what the live parts fail to answer.

    The dearest is assumed of what nobody knows: every question is another one, and no rung spares the next.
    """
    ladder, pricing = router.ladder, workload.pricing
    live = [flow for flow in flows if flow.live]
    if ladder is None or not live:
        return ()
    monthly = sum(flow.monthly for flow in live)

    def fallen(scenario: Scenario) -> float:
        return monthly * scenario.traffic * scenario.fallen

    lines = list(
        services.cloudwatch(pricing, metrics=len(router.metrics), description="what the ladder answers",
                            resource_types=FUNCTION_TYPES)
    )  # fmt: skip
    if ladder.cache is not None:
        lines += _kept_lines(ladder.cache, workload, monthly)
    if ladder.queue is not None:
        held_s = max(flow.held_s for flow in live)
        lines += _queue_lines(router, design, workload, monthly, held_s)
        lines += watchdog_lines(ladder.watchdog, workload)
        lines += stored_lines(design, workload, fallen, kept_days=kept_days, description="results of what was queued")
    return tuple(lines)


def _kept_lines(cache: TableDesign, workload: Workload, monthly: float) -> tuple[Line, ...]:
    kept = monthly * cache.expires_s / (HOURS_PER_MONTH * 3600) * (1 + assume("table.expired_share"))
    return services.dynamodb(
        workload.pricing, writes=workload.ranged(lambda s: monthly * s.traffic),
        reads=workload.ranged(lambda s: monthly * s.traffic * s.fallen), item_bytes=cache.item_bytes,
        storage_gb_months=workload.ranged(lambda s: kept * s.traffic * cache.item_bytes / 1e9),
        description="last good answers", assumptions=("ladder.share", "table.expired_share", "table.overhead_bytes"),
        resource_types=TABLE_TYPES,
    )  # fmt: skip


def _queue_lines(
    router: RouterDesign, design: BaseDesign, workload: Workload, monthly: float, held_s: float
) -> tuple[Line, ...]:
    """Polls of an empty queue, what is sent to it and asked again until it is answered, results that are fetched."""
    pricing, tries, reads = workload.pricing, assume("ladder.tries"), assume("router.result_reads")
    idle = assume("ladder.idle_receives") * HOURS_PER_MONTH * 3600
    message = int(assume("contract.envelope_bytes")) + min(design.requests.mean_bytes, design.requests.inline_bytes)

    def fallen(factor: float) -> Range:
        return workload.ranged(lambda s: monthly * s.traffic * s.fallen * factor)

    seconds = (held_s + (tries + reads) * assume("router.overhead")) / (1 + tries + reads)
    return (
        *services.sqs(
            pricing, requests=idle, description="polls of the ladder's queue", assumptions=("ladder.idle_receives",),
            resource_types=(*QUEUE_TYPES, *MAPPING_TYPES),
        ),
        *services.sqs(
            pricing, requests=fallen(2 + 2 * tries), message_bytes=message, description="what the ladder queues",
            assumptions=("ladder.share", "ladder.tries"), resource_types=QUEUE_TYPES,
        ),
        *services.lambda_(
            pricing, requests=fallen(1 + tries + reads), seconds=seconds, memory_mb=router.memory_mb, arch="arm64",
            description="router, of what was queued", assumptions=("ladder.share", "ladder.tries"),
            resource_types=FUNCTION_TYPES,
        ),
        *services.api_gateway(
            pricing, requests=fallen(reads), request_bytes=design.requests.response_bytes,
            description="results of the ladder asked for", assumptions=("ladder.share", "router.result_reads"),
            resource_types=API_TYPES,
        ),
    )  # fmt: skip


def ladder_facts(
    router: RouterDesign, design: BaseDesign, workload: Workload, flows: Sequence[Flow], *, kept_days: int
) -> tuple[str, ...]:
    """What callers of a hybrid get while a live part fails, and what that costs; nothing without a ladder."""
    if router.ladder is None:
        return ()
    watched = sum(router.alarms.values()) - sum(router.model_copy(update={"ladder": None}).alarms.values())
    lines = (
        *ladder_lines(router, design, workload, flows, kept_days=kept_days),
        *services.cloudwatch(workload.pricing, alarms=watched),
    )
    return (told(router.ladder, f"the ladder costs {format_usd(Bill(lines=lines).total.expected)} a month"),)


def told(ladder: LadderDesign, costs: str) -> str:
    """What a reader should know of a ladder."""
    rungs = {
        "cache": f"the last good answer, up to {format_duration(ladder.cache.expires_s) if ladder.cache else ''} old",
        "queue": "a ticket, and the request is asked again until it is answered",
        "default": "the default answer",
    }
    return f"when a live model fails or is late: {'; else '.join(rungs[rung] for rung in ladder.rungs)}; {costs}"


ASSUMED = ("ladder.share", "ladder.reserve_share", "ladder.reserve_most", "ladder.drain", "ladder.oldest")
"""What a design with a ladder rests on, beside its lines."""
