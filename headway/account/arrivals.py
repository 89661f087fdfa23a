"""Requests to a stack by the hour, from the metrics of what they arrive at: its queues and its endpoints."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from headway.account.connection import Account
from headway.account.endpoints import read_endpoint
from headway.account.metrics import Metric, read_metrics
from headway.account.resources import stack_resources
from headway.architectures.design import BatchDesign, MicroBatchDesign
from headway.architectures.hybrid_design import Design, FeaturesDesign, PrecomputedDesign, simple_designs
from headway.errors import HeadwayError

FILL = "-fill-"
"""In the names of what fills a table ahead: nobody's requests."""


def arrivals(
    account: Account, stack: str, design: Design, *, since: datetime, until: datetime
) -> dict[datetime, float]:
    """Requests by the hour's start: messages sent to queues, calls of endpoints that callers reach themselves.

    Raises:
        AccountError: AWS could not be asked, or said no.
        HeadwayError: Nothing carries the stack's tag, or its metrics do not show every request.
    """
    if isinstance(design, PrecomputedDesign):
        raise HeadwayError(
            f"stack {stack} answers from a table what no metric of a queue or an endpoint shows: give its requests "
            "by the hour with --traffic FILE"
        )
    resources = stack_resources(account, stack, kinds=("sqs", "sagemaker:endpoint"))
    parts = simple_designs(design)
    queued = [name for name, one in parts.items() if isinstance(one, BatchDesign | MicroBatchDesign)]
    called = [name for name, one in parts.items() if not isinstance(one, BatchDesign | MicroBatchDesign)]
    asked: dict[str, Metric] = {}
    if queued and not isinstance(design, FeaturesDesign):
        for name in resources.names("sqs"):
            if "dead" not in name and FILL not in name:
                asked[name] = Metric("AWS/SQS", "NumberOfMessagesSent", (("QueueName", name),), "Sum")
    if called:
        # A micro-batch's endpoint is called with batches: its requests are its queue's messages.
        batches = [name for name in queued if isinstance(parts[name], MicroBatchDesign)]
        for name in resources.names("sagemaker:endpoint"):
            if any(part and f"-{part}-" in name for part in batches):
                continue
            for variant in read_endpoint(account, name).variants:
                dimensions = (("EndpointName", name), ("VariantName", variant.name))
                asked[f"{name}/{variant.name}"] = Metric("AWS/SageMaker", "Invocations", dimensions, "Sum")
    found: dict[datetime, float] = defaultdict(float)
    for series in read_metrics(account, asked, start=since, end=until, period_s=3600).values():
        for at, value in series.items():
            found[at] += value
    return dict(found)


def read_hours(path: Path) -> dict[datetime, float]:
    """Requests by the hour from a CSV file: ``hour`` (ISO 8601 with its offset, or UTC) and ``requests``.

    Raises:
        HeadwayError: It cannot be read, or a row is none, by file and line.
    """
    found: dict[datetime, float] = defaultdict(float)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in ("hour", "requests") if name not in (reader.fieldnames or ())]
            if missing:
                raise HeadwayError(f"{path}: no column {missing[0]}: hour,requests are needed, an hour a row")
            for line, row in enumerate(reader, start=2):
                at, requests = _row(path, line, row)
                found[at] += requests
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise HeadwayError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if not found:
        raise HeadwayError(f"{path}: holds no hours")
    return dict(found)


def _row(path: Path, line: int, row: Mapping[str, str | None]) -> tuple[datetime, float]:
    try:
        at = datetime.fromisoformat((row["hour"] or "").strip().replace("Z", "+00:00"))
        requests = float(row["requests"] or "")
    except ValueError:
        raise HeadwayError(
            f"{path}:{line}: {row['hour']},{row['requests']}: write a time and a number, 2026-11-02T08:00:00Z,120"
        ) from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not 0 <= requests < float("inf"):
        raise HeadwayError(f"{path}:{line}: {row['requests']} requests cannot be")
    if at > datetime.now(UTC) + timedelta(hours=25):
        raise HeadwayError(f"{path}:{line}: {row['hour']} lies ahead: is the clock of what wrote it right?")
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0), requests
