"""Lines that every queued architecture has alike: the queue, request bodies and results in S3, alarms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil

from headway.architectures.account_watch import WatchdogDesign
from headway.architectures.design import BaseDesign
from headway.architectures.workload import Scenario, Workload
from headway.assumptions import assume
from headway.bill import services
from headway.bill.lines import Line
from headway.bill.pricing import Context, not_modelled
from headway.units import DAYS_PER_MONTH, HOURS_PER_MONTH

QUEUE_TYPES = ("aws:sqs/queue:Queue",)
BUCKET_TYPES = ("aws:s3/bucket:Bucket",)
WATCHDOG_ASKS = 5
"""Metrics that a watchdog's account takes: sent and deleted, each of both queues, and finished."""
WATCHDOG_TIMEOUT_S, PROBING_TIMEOUT_S = 60, 180
"""With probes: a minute for them, a minute for the call that is under way then, and its own."""
RECEIVED_AT_ONCE = 10
"""Messages one ReceiveMessage returns at the most (Amazon SQS API reference)."""


def travels_inline(design: BaseDesign) -> bool:
    """Whether a mean request's body fits the message itself."""
    return design.requests.mean_bytes <= design.requests.inline_bytes


def queue_lines(design: BaseDesign, workload: Workload, *, max_receives: int) -> tuple[Line, ...]:
    """SQS: a send, its share of a receive, a delete a request; empty receives; what is delivered again.

    ``max_receives`` bounds what a message can cost: the range's high end never assumes more.
    """
    message = int(assume("contract.envelope_bytes")) + (design.requests.mean_bytes if travels_inline(design) else 0)
    per_request = 2 + (1 + assume("sqs.empty_receive_share")) / RECEIVED_AT_ONCE
    monthly = workload.demand.per_month
    sends = workload.ranged(lambda s: monthly * s.traffic * (1 + min(s.retried * per_request, max_receives)))
    others = workload.ranged(lambda s: monthly * s.traffic * (per_request - 1) * (1 + s.retried))
    return (
        *services.sqs(
            workload.pricing, requests=sends, message_bytes=message, description="requests sent",
            assumptions=("contract.inline_bytes", "batch.retry_share"), resource_types=QUEUE_TYPES,
        ),
        *services.sqs(
            workload.pricing, requests=others, message_bytes=message, description="received and deleted",
            assumptions=("sqs.empty_receive_share", "batch.retry_share"), resource_types=QUEUE_TYPES,
        ),
    )  # fmt: skip


def result_lines(design: BaseDesign, workload: Workload, *, kept_days: int) -> tuple[Line, ...]:
    """S3: bodies that travel as a pointer, results written once and read once, kept for the lifecycle's days."""
    monthly = workload.demand.per_month
    what = "results" if travels_inline(design) else "bodies and results"
    return stored_lines(design, workload, lambda s: monthly * s.traffic, kept_days=kept_days, description=what)


def stored_lines(
    design: BaseDesign,
    workload: Workload,
    requests: Callable[[Scenario], float],
    *,
    kept_days: int,
    description: str,
) -> tuple[Line, ...]:
    """What a number of requests writes to S3, reads from it and keeps there."""
    pointer = 0 if travels_inline(design) else 1
    stored_bytes = design.requests.response_bytes + pointer * design.requests.mean_bytes
    months = kept_days / DAYS_PER_MONTH
    return services.s3(
        workload.pricing,
        puts=workload.ranged(lambda s: requests(s) * (1 + pointer + s.retried)),
        gets=workload.ranged(lambda s: requests(s) * (1 + pointer + s.retried)),
        storage_gb_months=workload.ranged(lambda s: requests(s) * stored_bytes / 1e9 * months),
        description=description,
        assumptions=("results.kept_days", "contract.inline_bytes"),
        resource_types=BUCKET_TYPES,
    )


def watching_lines(design: BaseDesign, alarms: Mapping[str, int], workload: Workload) -> tuple[Line, ...]:
    """The alarms that the component makes and its dashboard: CloudWatch charges for each metric an alarm looks at.

    The topic that they tell has a key of its own, whose price is not in the book; a topic that is wired in needs none.
    """
    key = Context("key of the alarm topic", resource_types=("aws:kms/key:Key",))
    topic = Context("alarm messages", resource_types=("aws:sns/topic:Topic",))
    return (
        *services.cloudwatch(
            workload.pricing,
            alarms=sum(alarms.values()),
            description="alarms",
            resource_types=("aws:cloudwatch/metricAlarm:MetricAlarm",),
        ),
        *(dashboard_lines(workload) if design.dashboard else ()),
        not_modelled("KMS", "customer_key", "key-month", key),
        not_modelled("SNS", "standard_publish", "message", topic),
    )


def dashboard_lines(workload: Workload) -> tuple[Line, ...]:
    """A dashboard's month; an account's first three are free, which the free tier knows."""
    return services.cloudwatch(
        workload.pricing, dashboards=1, description="dashboard", assumptions=("dashboard.least_bill",),
        resource_types=("aws:cloudwatch/dashboard:Dashboard",),
    )  # fmt: skip


def watchdog_design(workload: Workload, *, share: float = 1.0, probe_s: float = 0.0) -> WatchdogDesign:
    """Who counts a day's requests, by how many the counts may differ.

    ``share`` of the workload's are counted; ``probe_s`` where an endpoint is asked, too.
    """
    a_day = share * workload.demand.per_week / 7
    return WatchdogDesign(
        memory_mb=int(assume("watchdog.memory_mb")),
        every_s=int(assume("watchdog.every")),
        timeout_s=PROBING_TIMEOUT_S if probe_s else WATCHDOG_TIMEOUT_S,
        probe_s=probe_s,
        most_unaccounted=max(int(assume("watchdog.least_difference")), ceil(a_day * assume("watchdog.difference"))),
    )


def watchdog_lines(watchdog: WatchdogDesign | None, workload: Workload, *, departs: bool = False) -> tuple[Line, ...]:
    """The watchdog's calls, what it asks CloudWatch, its ledger; of a fleet why workers went on-demand, too."""
    if watchdog is None:
        return ()
    calls = HOURS_PER_MONTH * 3600 / watchdog.every_s
    pricing, seconds = workload.pricing, assume("watchdog.seconds") + watchdog.probe_s
    gets = calls * (1 + bool(watchdog.probe_s) + departs)
    return (
        *services.lambda_(
            pricing, requests=calls, seconds=seconds, memory_mb=watchdog.memory_mb, arch="arm64",
            description="watchdog", assumptions=("watchdog.seconds",),
            resource_types=("aws:lambda/function:Function",),
        ),
        *services.scheduler(pricing, invocations=calls, description="watchdog's ticks",
                            resource_types=("aws:scheduler/schedule:Schedule",)),
        *services.cloudwatch(pricing, api_requests=calls * WATCHDOG_ASKS, description="counts that the watchdog reads",
                             resource_types=("aws:cloudwatch/metricAlarm:MetricAlarm",)),
        *services.s3(pricing, puts=calls, gets=gets, description="watchdog's ledger", resource_types=BUCKET_TYPES),
    )  # fmt: skip
