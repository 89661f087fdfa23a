"""What every SageMaker endpoint has alike: the limits of a synchronous call, its logs."""

from __future__ import annotations

from headway.architectures.workload import Workload
from headway.assumptions import assume
from headway.bill import services
from headway.bill.lines import Line

SYNC_MAX_BYTES = 6_291_456
"""Largest request of a synchronous invocation (Amazon SageMaker Runtime, InvokeEndpoint)."""
SYNC_TIMEOUT_S = 60.0
"""An endpoint's container must answer within this (Amazon SageMaker Runtime, InvokeEndpoint)."""


def endpoint_lines(workload: Workload) -> tuple[Line, ...]:
    """The container's logs."""
    monthly = workload.demand.per_month
    gb = workload.ranged(lambda s: monthly * s.traffic * assume("logs.bytes_per_request") / 1e9)
    return services.cloudwatch(
        workload.pricing,
        log_gb=gb,
        log_stored_gb_months=gb * assume("logs.kept_months"),
        description="the model's logs",
        assumptions=("logs.bytes_per_request", "logs.kept_months"),
        resource_types=("aws:cloudwatch/logGroup:LogGroup",),
    )
