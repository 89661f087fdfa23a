"""What happened on a stack, read from wherever AWS remembers it: what a calibration is made of."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from headway.account.batch_history import MOST_WORKERS, ended_instances, worker_runs
from headway.account.connection import Account
from headway.account.endpoints import read_endpoint
from headway.account.metrics import Metric, Series, read_metrics
from headway.account.resources import StackResources, stack_resources
from headway.architectures.design import BatchDesign, ServerlessDesign
from headway.architectures.hybrid_design import Design, simple_designs
from headway.observed.calibrating import ColdStarts, Happened
from headway.observed.estimates import WorkerRun
from headway.prices import PriceBook, PriceError

SPOT_PRODUCT = "Linux/UNIX"
MOST_COLD_STARTS = 2_000
"""Of a function's log that are read."""
_SET = "Setting desired instance count to "
"""How Application Auto Scaling describes an activity of an endpoint's variant."""


def happened(
    account: Account,
    stack: str,
    design: Design,
    book: PriceBook,
    *,
    days: int,
    load_time_s: float,
    until: datetime | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Happened:
    """What happened on a stack over the last days, as far as AWS remembers.

    Args:
        account: Whose command may read all of it.
        stack: Its name, as the tag has it.
        design: What it runs: tells which instance types are bought on spot, and what is serverless.
        book: The price book that a plan would use.
        days: How far back; Batch keeps jobs for a week, activities of scaling for six.
        load_time_s: From container start to first answer, contained in what an endpoint takes to scale out.
        until: The end; now unless given.
        say: Called with what is being read.

    Raises:
        AccountError: AWS could not be asked, or said no.
        HeadwayError: Nothing carries the stack's tag.
    """
    end = (until or datetime.now(UTC)).replace(minute=0, second=0, microsecond=0)
    since = end - timedelta(days=days)
    say("the stack's resources")
    resources = stack_resources(account, stack)
    queues = resources.arns.get("batch:job-queue", ())
    runs, cut = worker_runs(account, queues, since, say=say)
    kinds = _spot_types(design)
    say("scaling, spot prices, metrics and logs")
    return Happened(
        stack=stack, since=since.date(), until=end.date(), end=end.timestamp(),
        runs=runs,
        ended=ended_instances(account, queues, since) if queues else {},
        spot_prices=_spot_prices(account, list(kinds.values()), since, end) if queues else {},
        book_prices=_book_prices(book, design.region, set(kinds.values())),
        spot_hours=_spot_hours(runs, kinds),
        messages=_messages(account, resources, since, end),
        scalings=_scalings(account, resources, since),
        load_time_s=load_time_s,
        serverless=_serverless(account, resources, design, since, end),
        router=_router(account, resources, since, end),
        notes=(f"only the latest {MOST_WORKERS:,} workers of each queue were looked at",) if cut else (),
    )  # fmt: skip


def _spot_types(design: Design) -> dict[str, str]:
    """Instance types by pool."""
    pools = [pool for one in simple_designs(design).values() if isinstance(one, BatchDesign) for pool in one.pools]
    return {pool.name: pool.instance_type for pool in pools}


def _spot_hours(runs: Sequence[WorkerRun], kinds: dict[str, str]) -> dict[str, float]:
    """Spot hours by instance type: a queue's name holds its pool's."""
    found: dict[str, float] = defaultdict(float)
    for run in runs:
        kind = next((kind for pool, kind in kinds.items() if pool in run.queue), None)
        if kind is not None and run.purchase == "spot" and run.started is not None and run.stopped is not None:
            found[kind] += (run.stopped - run.started) / 3600
    return dict(found)


def _spot_prices(
    account: Account, kinds: Sequence[str], since: datetime, end: datetime
) -> dict[str, tuple[tuple[float, float], ...]]:
    """Changes of the spot price by type: at each change the mean of the zones as they then stood."""
    zones: dict[str, dict[str, float]] = defaultdict(dict)
    rows: list[tuple[datetime, str, str, float]] = []
    if kinds:
        for page in account.pages(
            "ec2", "describe_spot_price_history", InstanceTypes=sorted(set(kinds)), StartTime=since, EndTime=end,
            ProductDescriptions=[SPOT_PRODUCT],
        ):  # fmt: skip
            rows += (
                (row["Timestamp"], row["InstanceType"], row["AvailabilityZone"], float(row["SpotPrice"]))
                for row in page["SpotPriceHistory"]
            )
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for at, kind, zone, price in sorted(rows):
        zones[kind][zone] = price
        # The price that held at the start comes with a time before it.
        found[kind].append((max(at, since).timestamp(), sum(zones[kind].values()) / len(zones[kind])))
    return {kind: tuple(points) for kind, points in found.items()}


def _book_prices(book: PriceBook, region: str, kinds: set[str]) -> dict[str, float]:
    found = {}
    for kind in kinds:
        try:
            found[kind] = float(book.instance(region, kind, "spot").usd)
        except PriceError:
            continue
    return found


def _messages(
    account: Account, resources: StackResources, since: datetime, end: datetime
) -> tuple[float, float] | None:
    """Messages received and sent on the stack's queues of requests; dead letters are no requests."""
    queues = [name for name in resources.names("sqs") if "dead" not in name]
    if not queues:
        return None
    asked = {
        f"{name} {metric}": Metric("AWS/SQS", f"NumberOfMessages{metric}", (("QueueName", name),), "Sum")
        for name in queues
        for metric in ("Received", "Sent")
    }
    told = read_metrics(account, asked, start=since, end=end, period_s=3600)
    received, sent = (
        sum(sum(series.values()) for key, series in told.items() if key.endswith(metric))
        for metric in ("Received", "Sent")
    )
    return received, sent


def _scalings(
    account: Account, resources: StackResources, since: datetime
) -> tuple[tuple[tuple[float, float, int], ...], ...]:
    """Start, end and count of each successful scaling, variant by variant."""
    names = set(resources.names("sagemaker:endpoint"))
    if not names:
        return ()
    found: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    for page in account.pages("application-autoscaling", "describe_scaling_activities", ServiceNamespace="sagemaker"):
        for row in page["ScalingActivities"]:
            count = row["Description"].removeprefix(_SET).rstrip(".")
            if row["ResourceId"].split("/")[1] not in names or row["StatusCode"] != "Successful":
                continue
            if count.isdigit() and row["StartTime"] >= since and "EndTime" in row:
                span = row["StartTime"].timestamp(), row["EndTime"].timestamp()
                found[row["ResourceId"]].append((*span, int(count)))
    return tuple(tuple(rows) for rows in found.values())


def _serverless(
    account: Account, resources: StackResources, design: Design, since: datetime, end: datetime
) -> ColdStarts | None:
    """Cold starts of the stack's serverless endpoints: CloudWatch's ModelSetupTime."""
    if not any(isinstance(one, ServerlessDesign) for one in simple_designs(design).values()):
        return None
    asked: dict[str, Metric] = {}
    for name in resources.names("sagemaker:endpoint"):
        for variant in read_endpoint(account, name).variants:
            if variant.serverless_mb is None:
                continue
            dimensions = (("EndpointName", name), ("VariantName", variant.name))
            for statistic in ("SampleCount", "Sum", "p50", "p99"):
                metric = Metric("AWS/SageMaker", "ModelSetupTime", dimensions, statistic)
                asked[f"{name} {statistic}"] = metric
            asked[f"{name} calls"] = Metric("AWS/SageMaker", "Invocations", dimensions, "Sum")
    told = read_metrics(account, asked, start=since, end=end, period_s=3600)

    def all_of(what: str) -> list[tuple[str, Series]]:
        return [(key.rsplit(" ", 1)[0], series) for key, series in told.items() if key.endswith(f" {what}")]

    count = sum(sum(series.values()) for _, series in all_of("SampleCount"))

    def weighed(what: str) -> float:
        rows = ((value, told[f"{name} SampleCount"].get(at, 0)) for name, series in all_of(what)
                for at, value in series.items())  # fmt: skip
        return sum(value * weight for value, weight in rows) / count / 1e6 if count else 0.0  # Microseconds.

    total = sum(sum(series.values()) for _, series in all_of("Sum"))
    calls = tuple(value for _, series in all_of("calls") for value in series.values())
    return ColdStarts(count, weighed("p50"), weighed("p99"), total / count / 1e6 if count else 0.0, calls)


def _router(account: Account, resources: StackResources, since: datetime, end: datetime) -> ColdStarts | None:
    """Cold starts of the stack's router: what its log says that starting took."""
    groups = [name for name in resources.names("logs:log-group") if "router" in name]
    functions = [name for name in resources.names("lambda:function") if "router" in name]
    if not groups or not functions:
        return None
    took = sorted(seconds for group in groups for seconds in _inits(account, group, since, end))
    asked = {name: Metric("AWS/Lambda", "Invocations", (("FunctionName", name),), "Sum") for name in functions}
    told = read_metrics(account, asked, start=since, end=end, period_s=3600)
    calls = tuple(value for series in told.values() for value in series.values())
    if not took:
        return ColdStarts(0, 0.0, 0.0, 0.0, calls)
    mean = sum(took) / len(took)
    return ColdStarts(len(took), took[len(took) // 2], took[int(len(took) * 0.99)], mean, calls)


def _inits(account: Account, group: str, since: datetime, end: datetime) -> Iterator[float]:
    """Seconds of each start in a function's log in JSON (Lambda's platform.report)."""
    seen = 0
    for page in account.pages(
        "logs", "filter_log_events", logGroupName=group, filterPattern="{ $.record.metrics.initDurationMs > 0 }",
        startTime=int(since.timestamp() * 1000), endTime=int(end.timestamp() * 1000),
    ):  # fmt: skip
        for event in page["events"]:
            try:
                milliseconds = float(json.loads(event["message"])["record"]["metrics"]["initDurationMs"])
            except (ValueError, KeyError, TypeError):
                continue
            seen += 1
            yield milliseconds / 1000
        if seen >= MOST_COLD_STARTS:
            return
