"""A week's traffic out of CloudWatch: minutes of the last 15 days, five minutes of the 63 before them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np

from headway.account.connection import Account
from headway.account.endpoints import read_endpoint
from headway.account.metrics import Metric, read_metrics
from headway.errors import HeadwayError
from headway.traffic.pattern import Pattern, pattern_of
from headway.traffic.tally import Tally

KEPT = ((60, 15), (300, 63), (3600, 455))
"""(seconds, days): how long CloudWatch keeps what resolution (CloudWatch User Guide, "Metrics retention", 2026-11)."""
Say = Callable[[str], None]


def endpoint_requests(account: Account, name: str) -> dict[str, Metric]:
    """Invocations of each variant of an endpoint.

    Raises:
        HeadwayError: There is no such endpoint.
    """
    return {
        variant.name: Metric(
            "AWS/SageMaker", "Invocations", (("EndpointName", name), ("VariantName", variant.name)), "Sum"
        )
        for variant in read_endpoint(account, name).variants
    }


def queue_requests(name: str) -> dict[str, Metric]:
    """Messages sent to a queue."""
    return {"sent": Metric("AWS/SQS", "NumberOfMessagesSent", (("QueueName", name),), "Sum")}


def function_requests(name: str) -> dict[str, Metric]:
    """Invocations of a function."""
    return {"invoked": Metric("AWS/Lambda", "Invocations", (("FunctionName", name),), "Sum")}


def pattern_of_metrics(
    account: Account,
    requests: Mapping[str, Metric],
    zone: tzinfo,
    *,
    source: str,
    now: datetime,
    days: int = 63,
    sizes: tuple[Metric, Metric] | None = None,
    say: Say = lambda _: None,
) -> Pattern:
    """The pattern of what metrics counted, together.

    Args:
        account: That may read metrics.
        requests: The sums that make up the traffic.
        zone: Whose hours.
        source: What it is, for messages.
        now: The moment to look back from.
        days: So far back; what is older than 63 days is known by the hour.
        sizes: A metric of bodies' mean size and one of their largest.
        say: Called with what is being done.

    Raises:
        AccountError: AWS could not be asked, or said no.
        HeadwayError: The metrics hold nothing, or less than a day.
    """
    tally = Tally()
    end = now.astimezone(UTC).replace(second=0, microsecond=0)
    newest = end
    for period, kept in KEPT:
        start = (end - timedelta(days=min(days, kept))).replace(minute=0) + timedelta(hours=1)
        if start >= newest:
            continue
        say(f"CloudWatch: {source}, {period} s at a time from {start:%Y-%m-%d}")
        found = read_metrics(account, requests, start=start, end=newest, period_s=period)
        total: dict[float, float] = {}
        for series in found.values():
            for moment, value in series.items():
                total[moment.timestamp()] = total.get(moment.timestamp(), 0.0) + value
        tally.add_counts(np.array(list(total)), np.array(list(total.values())), float(period) if total else 60.0)
        newest = start
    if not tally.requests:
        raise HeadwayError(
            f"CloudWatch has counted nothing for {source} in {days} days in {account.region or 'this region'}: check "
            "the name and --region"
        )
    # Older rows are coarser, but spread evenly they can only make a peak smaller, never larger: minutes decide.
    tally.resolution = 60.0
    if sizes is not None:
        _add_sizes(account, tally, sizes, end - timedelta(days=min(days, 15)), end)
    return pattern_of(tally, zone, source=source)


def _add_sizes(account: Account, tally: Tally, sizes: tuple[Metric, Metric], start: datetime, end: datetime) -> None:
    """Mean and largest size: hour by hour, as if each hour had its mean once and its largest once in a while."""
    found = read_metrics(account, {"mean": sizes[0], "largest": sizes[1]}, start=start, end=end, period_s=3600)
    tally.bytes_in.add(np.array(list(found["mean"].values()), dtype=np.float64))
    tally.bytes_in.largest = max([tally.bytes_in.largest, *found["largest"].values()])


QUEUE_SIZES = "SentMessageSize"


def queue_sizes(name: str) -> tuple[Metric, Metric]:
    """Sizes of messages sent to a queue."""
    mean, largest = (
        Metric("AWS/SQS", QUEUE_SIZES, (("QueueName", name),), statistic) for statistic in ("Average", "Maximum")
    )
    return mean, largest
