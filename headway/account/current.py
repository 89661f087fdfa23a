"""What runs today, asked of SageMaker, Application Auto Scaling and CloudWatch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from headway.account.connection import Account
from headway.account.endpoints import Endpoint, Variant, read_endpoint
from headway.account.metrics import Metric, Series, read_metrics
from headway.bill.pricing import Pricing
from headway.observed.running import Running, hosting_bill, mean_instances, serverless_bill, share_busy

CALLS, INSTANCES = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
"""Where SageMaker writes of calls, and of what they run on (Developer Guide, metrics for CloudWatch)."""


def running(
    account: Account,
    endpoints: Sequence[str],
    pricing: Pricing,
    *,
    days: int,
    until: datetime | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Running, ...]:
    """Each variant of each endpoint over the last whole hours.

    Raises:
        AccountError: AWS could not be asked, or said no.
        HeadwayError: There is no such endpoint.
    """
    end = (until or datetime.now(UTC)).replace(minute=0, second=0, microsecond=0)
    found: list[Running] = []
    for name in dict.fromkeys(endpoints):
        say(f"endpoint {name}")
        endpoint = read_endpoint(account, name, scaling=True)
        found += (_running(account, endpoint, variant, pricing, days, end) for variant in endpoint.variants)
    return tuple(found)


def _running(
    account: Account, endpoint: Endpoint, variant: Variant, pricing: Pricing, days: int, end: datetime
) -> Running:
    told = _metrics(account, endpoint, variant, days, end)
    hours = days * 24
    per_day = sum(told["calls"].values()) / days
    kind = "asynchronous" if endpoint.asynchronous else "realtime"
    count = busy = None
    if variant.instance_type is not None:
        idle = variant.least if variant.least is not None else variant.instances or 0
        if variant.least is None:
            count = float(idle)
        else:
            count = mean_instances(told["calls"], told["per_instance"], hours=hours, idle=idle)
        busy = share_busy(variant.instance_type, told["gpu"], of_gpus=True)
        if busy is None:
            busy = share_busy(variant.instance_type, told["cpu"], of_gpus=False)
        bill = hosting_bill(pricing, variant.instance_type, count, variant.storage_gb)
    else:
        kind = "serverless"
        calls = sum(told["samples"].values())
        seconds = sum(told["latency"].values()) / calls / 1e6 if calls else 0.0  # Microseconds.
        bill = serverless_bill(pricing, variant.serverless_mb or 0, per_day, seconds)
    return Running(
        endpoint=endpoint.name, variant=variant.name, architecture=kind, instance_type=variant.instance_type,
        instances=variant.instances if variant.instance_type else None, least=variant.least, most=variant.most,
        mean_instances=count, requests_per_day=per_day, utilization=busy, bill=bill,
    )  # fmt: skip


def _metrics(account: Account, endpoint: Endpoint, variant: Variant, days: int, end: datetime) -> dict[str, Series]:
    dimensions = (("EndpointName", endpoint.name), ("VariantName", variant.name))
    asked = {
        "calls": Metric(CALLS, "Invocations", dimensions, "Sum"),
        "per_instance": Metric(CALLS, "InvocationsPerInstance", dimensions, "Sum"),
        "latency": Metric(CALLS, "ModelLatency", dimensions, "Sum"),
        "samples": Metric(CALLS, "ModelLatency", dimensions, "SampleCount"),
        "gpu": Metric(INSTANCES, "GPUUtilization", dimensions, "Average"),
        "cpu": Metric(INSTANCES, "CPUUtilization", dimensions, "Average"),
    }
    return read_metrics(account, asked, start=end - timedelta(days=days), end=end, period_s=3600)
