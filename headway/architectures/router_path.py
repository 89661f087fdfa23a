"""What every hybrid has alike: the HTTP API and its function in front, what they add to a wait, what they let through.

The router asks the live part itself and answers with the result; what is queued is answered at once with a ticket, and
the result is fetched by ``GET /results/{id}``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import exp

from headway.architectures.candidate import Candidate
from headway.architectures.design import (
    AsynchronousDesign,
    BaseDesign,
    BatchDesign,
    MicroBatchDesign,
    RealtimeDesign,
    ServerlessDesign,
    SimpleDesign,
    Wait,
)
from headway.architectures.ladder import API_TYPES, Flow, ladder_design, ladder_lines
from headway.architectures.router_design import RouterDesign, TableDesign, reserved_s
from headway.architectures.validating import validation_design
from headway.architectures.workload import Workload
from headway.assumptions import assume, remembered
from headway.bill import services
from headway.bill.lines import Bill, Line
from headway.units import HOURS_PER_MONTH, format_duration, format_size

API_TIMEOUT_S = 30.0
"""An HTTP API's integration answers within this (Amazon API Gateway quotas)."""
ROUTED_BYTES = 6_000_000
"""A function's event and its answer, what surrounds the body taken off (AWS Lambda quotas: 6 MB)."""

SIMPLE = (RealtimeDesign, ServerlessDesign, AsynchronousDesign, MicroBatchDesign, BatchDesign)

Parts = Callable[[str, Workload, tuple[str, ...]], Candidate]
"""The best simple architecture for a part: its name, its workload, the architectures it may be (none named: all).

Infeasible where none fits.
"""


@dataclass(frozen=True)
class Fitting:
    """A part that fits, with its design, bill and wait."""

    candidate: Candidate
    design: SimpleDesign
    bill: Bill
    wait: Wait

    @property
    def monthly_requests(self) -> float:
        """Requests a month that reach it."""
        return self.candidate.monthly_requests

    @property
    def operations_h(self) -> float:
        """People's hours a month."""
        return self.candidate.operations.hours

    @property
    def flow(self) -> Flow:
        """What the router hands to it; a live part holds the function for its median wait, about its mean."""
        noted = self.design.architecture == "asynchronous"
        return Flow(is_live(self.design), self.monthly_requests, self.wait.p50_s, noted)

    @property
    def said(self) -> str:
        """Its facts in a line."""
        return "; ".join(self.candidate.facts)


def fitting(candidate: Candidate) -> Fitting | None:
    """The candidate as a part; None where it does not fit."""
    design, bill, wait = candidate.design, candidate.bill, candidate.wait
    if not candidate.feasible or bill is None or wait is None or not isinstance(design, SIMPLE):
        return None
    return Fitting(candidate, design, bill, wait)


def router_design(workload: Workload, flows: Sequence[Flow]) -> RouterDesign:
    """The router's function, which asks within the API's own limit, and the profile's ladder for what is live."""
    timeout_s = int(API_TIMEOUT_S - 1)
    live = sum(flow.monthly for flow in flows if flow.live) / HOURS_PER_MONTH
    return RouterDesign(
        memory_mb=int(assume("router.memory_mb")),
        timeout_s=timeout_s,
        ladder=ladder_design(workload, flows, timeout_s),
        # An endpoint of micro-batches has its watchdog for the probes, workers their departures.
        validation=validation_design(workload, per_hour=live, probing=False) if live else None,
    )


def is_live(design: SimpleDesign) -> bool:
    """Whether the router itself asks the part and answers with its result."""
    return design.architecture in ("realtime", "serverless")


@remembered(maxsize=4096)
def router_adds_s(per_hour: float, percentile: float) -> float:
    """Seconds that the router adds at a percentile: its own, and a cold start where it sleeps that often.

    A function kept for ``router.idle_kept`` is cold with the probability that nobody came in that time.

    >>> router_adds_s(3600.0, 0.99) < 0.1 < router_adds_s(4.0, 0.99)
    True
    """
    cold = exp(-per_hour / 3600 * assume("router.idle_kept")) > 1 - percentile
    return assume("router.overhead") + (assume("router.cold_start") if cold else 0.0)


def behind_router(workload: Workload, whole: Workload) -> Workload:
    """A part's workload as it arrives from the router: what router and ladder take is taken off each wait.

    ``whole`` is what the router sees: its traffic decides how warm the function is, its profile names the ladder, which
    is not for the part to have again.
    """
    demand = workload.demand
    share, most = assume("ladder.reserve_share") if whole.profile.fallback else 0.0, assume("ladder.reserve_most")
    left = tuple(
        max(
            1e-3,
            wait - reserved_s(wait, share, most) - router_adds_s(rate, workload.percentile),
        )
        for wait, rate in zip(demand.max_wait, whole.demand.mean, strict=True)
    )
    profile = workload.profile.model_copy(update={"fallback": ()})
    return replace(workload, profile=profile, demand=replace(demand, max_wait=left))


def refused(workload: Workload, part: Fitting) -> str | None:
    """Why a part cannot serve what comes by the router; None if it can. What is queued may be uploaded beside it."""
    if not is_live(part.design):
        return None
    largest = max(workload.profile.model.request.max, workload.profile.model.response)
    if largest > ROUTED_BYTES:
        return f"requests of {format_size(largest)} do not pass a router ({format_size(ROUTED_BYTES)})"
    if part.wait.at_percentile_s > API_TIMEOUT_S:
        at = format_duration(part.wait.at_percentile_s)
        return f"p{workload.demand.percentile:g} {at} is longer than an HTTP API waits (30 s)"
    return None


def router_lines(
    router: RouterDesign,
    design: BaseDesign,
    workload: Workload,
    flows: Sequence[Flow],
    *,
    kept_days: int,
    answered: float = 0.0,
) -> tuple[Line, ...]:
    """The API, its function and its ladder.

    Args:
        router: The function.
        design: What it stands before.
        workload: All that the router sees.
        flows: What the router hands requests to.
        kept_days: How long results are kept.
        answered: Requests a month that the router answers itself.

    A queued request is asked after ``router.result_reads`` times on average.
    """
    pricing, shape = workload.pricing, workload.profile.model
    asked_live = [flow for flow in flows if flow.live]
    live = answered + sum(flow.monthly for flow in asked_live)
    queued = sum(flow.monthly for flow in flows if not flow.live)
    reads = queued * assume("router.result_reads")
    held = sum(flow.monthly * flow.held_s for flow in asked_live)
    calls = live + queued + reads
    own = assume("router.overhead")
    mean_s = (held + calls * own) / calls if calls else own
    sent = workload.ranged(lambda s: (live + queued) * s.traffic)
    asked = workload.ranged(lambda s: reads * s.traffic)
    all_calls = workload.ranged(lambda s: calls * s.traffic)
    log_gb = all_calls * (assume("logs.bytes_per_request") / 1e9)
    return (
        *services.api_gateway(
            pricing, requests=sent, request_bytes=max(shape.request.mean, shape.response), description="requests",
            resource_types=API_TYPES,
        ),
        *(services.api_gateway(pricing, requests=asked, request_bytes=shape.response, description="results asked for",
                               assumptions=("router.result_reads",), resource_types=API_TYPES) if reads else ()),
        *services.lambda_(
            pricing, requests=all_calls, seconds=mean_s, memory_mb=router.memory_mb, arch="arm64",
            description="router", assumptions=("router.overhead",), resource_types=("aws:lambda/function:Function",),
        ),
        *services.cloudwatch(
            pricing, log_gb=log_gb, log_stored_gb_months=log_gb * assume("logs.kept_months"),
            description="the router's logs", assumptions=("logs.bytes_per_request", "logs.kept_months"),
            resource_types=("aws:cloudwatch/logGroup:LogGroup",),
        ),
        *services.s3(pricing, puts=1, description="router's runtime",
                     resource_types=("aws:s3/bucketObjectv2:BucketObjectv2", "aws:s3/bucket:Bucket")),
        *_noted_lines(workload, sum(flow.monthly for flow in flows if flow.noted)),
        *ladder_lines(router, design, workload, flows, kept_days=kept_days),
        *_checked_lines(router, workload),
    )  # fmt: skip


def _noted_lines(workload: Workload, monthly: float) -> tuple[Line, ...]:
    """Where each answer of an asynchronous endpoint will be: written once, read with each look for the result."""
    if not monthly:
        return ()
    reads = 2 * assume("router.result_reads")
    return services.s3(
        workload.pricing, puts=workload.ranged(lambda s: monthly * s.traffic),
        gets=workload.ranged(lambda s: monthly * reads * s.traffic), description="where answers will be",
        assumptions=("router.result_reads",), resource_types=("aws:s3/bucket:Bucket",),
    )  # fmt: skip


def _checked_lines(router: RouterDesign, workload: Workload) -> tuple[Line, ...]:
    if router.validation is None:
        return ()
    return services.cloudwatch(
        workload.pricing, metrics=len(router.validation.metrics), description="what live answers are held against",
        resource_types=("aws:lambda/function:Function",),
    )  # fmt: skip


def table_lines(
    table: TableDesign, workload: Workload, *, rows: float, writes: float, reads: float, metrics: int
) -> tuple[Line, ...]:
    """A table's rows, a month of their writes and the reads of the requests; what the router counts of it."""
    pricing = workload.pricing
    return (
        *services.dynamodb(
            pricing, writes=workload.ranged(lambda s: writes * (1 + s.retried)),
            reads=workload.ranged(lambda s: reads * s.traffic), item_bytes=table.item_bytes,
            # A row that expires is deleted within a few days.
            storage_gb_months=rows * (1 + assume("table.expired_share")) * table.item_bytes / 1e9,
            description="table", assumptions=("table.expired_share", "batch.retry_share"),
            resource_types=("aws:dynamodb/table:Table",),
        ),
        *services.cloudwatch(pricing, metrics=metrics, description="hits and ages of rows",
                             resource_types=("aws:lambda/function:Function",)),
    )  # fmt: skip


def routed_wait(wait: Wait, workload: Workload, limit_s: float | None = None) -> Wait:
    """A part's waits with what the router adds, in the quietest hour that has requests."""
    quietest = min((rate for rate in workload.demand.mean if rate), default=0.0)

    def with_router(seconds: float, percentile: float) -> float:
        return seconds + router_adds_s(quietest, percentile)

    return Wait(
        p50_s=with_router(wait.p50_s, 0.5),
        p99_s=with_router(wait.p99_s, 0.99),
        at_percentile_s=with_router(wait.at_percentile_s, workload.percentile),
        in_worst_hour=wait.in_worst_hour,
        worst_s=None if wait.worst_s is None else with_router(wait.worst_s, 1.0),
        limit_s=limit_s,
    )


def shared_utilization(parts: Iterable[Fitting]) -> float | None:
    """Busy over paid of several parts, each weighing what its instances cost."""
    paid = busy = Decimal(0)
    for part in parts:
        if part.candidate.utilization is None:
            continue
        usd = sum((line.amount.expected for line in part.bill.lines if line.instance_type and line.amount), Decimal(0))
        paid, busy = paid + usd, busy + usd * Decimal(str(round(part.candidate.utilization, 6)))
    return float(busy / paid) if paid else None
