"""Requests to a stack by the hour, from the metrics of what they arrive at: its queues and its endpoints."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import numpy as np

from headway.account.connection import Account
from headway.account.metrics import Metric, read_metrics
from headway.account.resources import stack_resources
from headway.account.traffic import endpoint_requests, queue_requests
from headway.architectures.design import BatchDesign, MicroBatchDesign
from headway.architectures.hybrid_design import Design, FeaturesDesign, PrecomputedDesign, simple_designs
from headway.errors import HeadwayError
from headway.traffic.lines import Say
from headway.traffic.reading import open_log

OWN, ROUTER, HITS, MISSES = "Headway", "Router", "Hits", "Misses"
"""What the stacks' routers write into CloudWatch (headway_runtime/told.py)."""
FILL = "-fill-"
"""In the names of what fills a table ahead: nobody's requests."""


def arrivals(
    account: Account, stack: str, design: Design, *, since: datetime, until: datetime
) -> dict[datetime, float]:
    """Requests by the hour's start: messages sent to queues, calls of endpoints that callers reach themselves.

    Raises:
        AccountError: AWS could not be asked, or said no.
        HeadwayError: Nothing carries the stack's tag, or no metric of it shows every request.
    """
    # From a whole hour on: CloudWatch counts its periods from the start that it is asked for.
    since = since.replace(minute=0, second=0, microsecond=0)
    asked = (
        _at_the_table(account, stack) if isinstance(design, PrecomputedDesign) else _at_parts(account, stack, design)
    )
    found: dict[datetime, float] = defaultdict(float)
    for series in read_metrics(account, asked, start=since, end=until, period_s=3600).values():
        for at, value in series.items():
            found[at] += value
    return dict(found)


def _at_the_table(account: Account, stack: str) -> dict[str, Metric]:
    """Every request looks into the table once: what its router counted as found, and as not.

    A router's metrics bear its API's name, in which its project, its stack and its component's name are joined.
    """
    components = stack_resources(account, stack, kinds=("lambda:function",)).components
    routers = {
        dimension["Value"]
        for page in account.pages("cloudwatch", "list_metrics", Namespace=OWN, MetricName=HITS,
                                  Dimensions=[{"Name": ROUTER}])
        for metric in page["Metrics"]
        for dimension in metric["Dimensions"]
        if dimension["Name"] == ROUTER
    }  # fmt: skip
    ends = tuple(re.sub(r"[^a-zA-Z0-9]+", "-", f"-{stack}-{name}") for name in components)
    mine = sorted(name for name in routers if name.endswith(ends)) or sorted(routers)
    if len(mine) != 1:
        raise HeadwayError(
            f"stack {stack} answers from a table, and of the routers that counted looks into one in two weeks "
            f"({', '.join(mine) or 'none'}) nobody can say which is its: give its requests by the hour with "
            "--traffic FILE (a log of its API; `headway traffic import` reads the same)"
        )
    return {name: Metric(OWN, name, ((ROUTER, mine[0]),), "Sum") for name in (HITS, MISSES)}


def _at_parts(account: Account, stack: str, design: Design) -> dict[str, Metric]:
    """Messages sent to queues, calls of endpoints that callers reach themselves."""
    resources = stack_resources(account, stack, kinds=("sqs", "sagemaker:endpoint"))
    parts = simple_designs(design)
    queued = [name for name, one in parts.items() if isinstance(one, BatchDesign | MicroBatchDesign)]
    called = [name for name, one in parts.items() if not isinstance(one, BatchDesign | MicroBatchDesign)]
    asked: dict[str, Metric] = {}
    if queued and not isinstance(design, FeaturesDesign):
        for name in resources.names("sqs"):
            if "dead" not in name and FILL not in name:
                asked[name] = queue_requests(name)["sent"]
    if called:
        # A micro-batch's endpoint is called with batches: its requests are its queue's messages.
        batches = [name for name in queued if isinstance(parts[name], MicroBatchDesign)]
        for name in resources.names("sagemaker:endpoint"):
            if any(part and f"-{part}-" in name for part in batches):
                continue
            for variant, metric in endpoint_requests(account, name).items():
                asked[f"{name}/{variant}"] = metric
    return asked


def read_hours(path: Path, zone: tzinfo, *, say: Say = lambda _: None) -> dict[datetime, float]:
    """Requests by the hour from a log: an access log, CSV or JSON lines, a request or a count a row; gzip too.

    Args:
        path: The log, with times.
        zone: Of times that name none.
        say: Called with how far it is read.

    Raises:
        HeadwayError: It cannot be read, has no times, or says that requests came in the future.
    """
    found: dict[int, float] = defaultdict(float)
    for batch in open_log(path, zone=zone).batches(say):
        hours, places = np.unique(np.floor(batch.times / 3600).astype(np.int64), return_inverse=True)
        for hour, count in zip(hours, np.bincount(places, batch.counts), strict=True):
            found[int(hour)] += float(count)
    if not found:
        raise HeadwayError(f"{path}: holds no requests")
    latest = datetime.fromtimestamp(max(found) * 3600, UTC)
    if latest > datetime.now(UTC) + timedelta(hours=25):
        raise HeadwayError(
            f"{path}: requests of {latest:%Y-%m-%d %H:%M} lie ahead: is the clock of what wrote it right?"
        )
    return {datetime.fromtimestamp(hour * 3600, UTC): count for hour, count in sorted(found.items())}
