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


LOCAL_STORAGE_FAMILIES = frozenset(
    {"g4dn", "g5", "g6", "g6e", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "trn1", "trn1n"}
)
"""Families with NVMe storage besides those named ``..d``: SageMaker attaches no volume, and refuses a size or a key."""


def volume_gb(instance_type: str) -> int:
    """Gigabytes of the volume that SageMaker attaches to a hosting instance; 0 where the type brings its own storage.

    >>> [volume_gb(name) for name in ("ml.g5.xlarge", "ml.m5d.large", "ml.m5.large", "ml.inf2.xlarge")]
    [0, 0, 30, 30]
    """
    family = instance_type.removeprefix("ml.").split(".")[0]
    local = family in LOCAL_STORAGE_FAMILIES or (family[0] in "cmrx" and "d" in family[2:])
    return 0 if local else int(assume("endpoint.storage_gb"))


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
