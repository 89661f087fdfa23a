"""What an endpoint's own calls took: CloudWatch's ModelLatency as a row of ``model.measured``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from headway.account.connection import Account
from headway.account.endpoints import read_endpoint
from headway.account.measuring.targets import hardware_of
from headway.account.metrics import Metric, read_metrics
from headway.errors import HeadwayError
from headway.observed.levels import LEAST_CALLS, Row
from headway.profile import Measurement

NAMESPACE = "AWS/SageMaker"


def latency_rows(account: Account, name: str, *, days: int, until: datetime | None = None) -> tuple[Row, ...]:
    """One row from what the endpoint's calls took over the last days: mean, and variability by median and 99 %.

    CloudWatch tells nothing of how many calls an instance serves at once: concurrency stays as the profile has it.

    Args:
        account: Whose command may read metrics and describe endpoints.
        name: A real-time or serverless endpoint.
        days: How far back.
        until: The end; now unless given.

    Raises:
        AccountError: AWS could not be asked, or said no.
        HeadwayError: No such endpoint, or too few calls.
    """
    end = (until or datetime.now(UTC)).replace(minute=0, second=0, microsecond=0)
    found: list[Row] = []
    for variant in read_endpoint(account, name).variants:
        dimensions = (("EndpointName", name), ("VariantName", variant.name))
        metrics = {
            statistic: Metric(NAMESPACE, "ModelLatency", dimensions, statistic)
            for statistic in ("Sum", "SampleCount", "p50", "p99")
        }
        told = read_metrics(account, metrics, start=end - timedelta(days=days), end=end, period_s=3600)
        count = sum(told["SampleCount"].values())
        if count < LEAST_CALLS:
            raise HeadwayError(
                f"endpoint {name} answered {count:.0f} calls in {days} days, {LEAST_CALLS} are needed: look further "
                "back with --days, or load-test it with --payloads"
            )
        weights = told["SampleCount"]
        p50, p99 = (
            sum(told[key][at] * weights[at] for at in weights if at in told[key]) / count for key in ("p50", "p99")
        )
        found.append(
            Row(
                hardware=hardware_of(variant), batch=1,
                seconds=sum(told["Sum"].values()) / count / 1e6,  # Microseconds.
                variability=_variability(p50, p99), calls=round(count),
            )
        )  # fmt: skip
    return tuple(found)


def _variability(p50: float, p99: float) -> float:
    """Coefficient of variation, as a profile takes it from a median and 99 %."""
    return Measurement(hardware="m5.large", p50=p50, p99=max(p50, p99)).variability if p50 > 0 else 0.0
