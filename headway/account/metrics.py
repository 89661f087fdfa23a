"""CloudWatch metrics, read in as few calls as they take."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from headway.account.connection import Account
from headway.account.errors import AccountError

QUERIES_AT_ONCE = 500
"""Of one call (CloudWatch API Reference, GetMetricData)."""
Series = dict[datetime, float]
"""Values by the start of their period."""


class Metric(NamedTuple):
    """One statistic of one metric."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    """``Sum``, ``Average``, ``SampleCount``, ``Maximum``, or a percentile such as ``p99``."""


def read_metrics(
    account: Account, metrics: Mapping[str, Metric], *, start: datetime, end: datetime, period_s: int
) -> dict[str, Series]:
    """Each metric's values from ``start`` up to ``end``, by the key it was asked under; empty where there are none.

    CloudWatch keeps minutes for 15 days, five minutes for 63 and hours for 455.

    Raises:
        AccountError: AWS could not be asked, or said no.
    """
    found: dict[str, Series] = {key: {} for key in metrics}
    rows = iter(metrics.items())
    while chunk := list(islice(rows, QUERIES_AT_ONCE)):
        keys = {f"q{place}": key for place, (key, _) in enumerate(chunk)}
        queries = [_query(f"q{place}", metric, period_s) for place, (_, metric) in enumerate(chunk)]
        for page in account.pages(
            "cloudwatch", "get_metric_data", MetricDataQueries=queries, StartTime=start, EndTime=end,
            ScanBy="TimestampAscending",
        ):  # fmt: skip
            for result in page["MetricDataResults"]:
                if result.get("StatusCode") in ("Forbidden", "InternalError"):
                    raise AccountError(
                        f"CloudWatch did not give {chunk[int(result['Id'][1:])][1].name}: {result['StatusCode']}",
                        kind="refused", action="cloudwatch:GetMetricData",
                    )  # fmt: skip
                values = zip(result["Timestamps"], result["Values"], strict=True)
                found[keys[result["Id"]]].update(values)
    return found


def _query(name: str, metric: Metric, period_s: int) -> dict[str, Any]:
    dimensions = [{"Name": key, "Value": value} for key, value in metric.dimensions]
    what = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
    return {"Id": name, "MetricStat": {"Metric": what, "Period": period_s, "Stat": metric.statistic}}
