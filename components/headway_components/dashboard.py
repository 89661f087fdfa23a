"""The dashboard of a stack: the promise first, then what comes, what waits, what runs and what fails.

A hybrid has one dashboard, with its parts' graphs under their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from headway.architectures.answer_watch import ValidationDesign
from headway.architectures.design import (
    AsynchronousDesign,
    BatchDesign,
    MicroBatchDesign,
    RealtimeDesign,
    ServerlessDesign,
    WatchedDesign,
)
from headway.architectures.hybrid_design import FeaturesDesign, PrecomputedDesign
from headway_components.alarms import Expression, Metric
from headway_components.hosted_model import HOST_NAMESPACE, MICROSECONDS, VARIANT
from headway_components.hosted_model import NAMESPACE as SAGEMAKER
from headway_components.site import Site, physical_name
from headway_runtime.metrics import (
    BUSY,
    DOUBTFUL,
    FAILED_PROBES,
    FLEET,
    NAMESPACE,
    PROMISE_USED,
    ROUTER,
    SCHEMA_BREAKS,
)
from headway_runtime.told import DEGRADED, QUEUED_FOR

if TYPE_CHECKING:
    from headway_components.request_queue import Queue
    from headway_components.router import Router

WIDTH, HEIGHT, ACROSS = 8, 6, 3
"""Of a graph, in the dashboard's grid of 24 columns."""
LONGEST_NAME = 255


@dataclass(frozen=True)
class Graph:
    """One graph: its lines by label, and a level that they are held against."""

    title: str
    lines: Mapping[str, Metric | Expression]
    """One expression at the most: it names its metrics."""
    level: float | None = None
    says: str = ""
    """What the level is."""


def dashboard(site: Site, graphs: Mapping[str, Sequence[Graph]]) -> aws.cloudwatch.Dashboard:
    """The stack's dashboard; ``graphs`` by part, the whole's own under ''."""
    return aws.cloudwatch.Dashboard(
        site.part("dashboard"),
        # With the architecture: two may run side by side.
        dashboard_name=physical_name(
            pulumi.get_project(),
            pulumi.get_stack(),
            site.name,
            str(site.tags["headway:architecture"]),
            limit=LONGEST_NAME,
        ),
        dashboard_body=pulumi.Output.json_dumps({"widgets": list(_widgets(site.region, graphs))}),
        opts=site.child(),
    )


def endpoint_graphs(design: RealtimeDesign | ServerlessDesign, endpoint: str) -> list[Graph]:
    """Of an endpoint that answers at once."""
    whose = {"EndpointName": endpoint, "VariantName": VARIANT}
    wait_us = design.answer_within_s * MICROSECONDS

    def of(name: str, statistic: str, namespace: str = SAGEMAKER) -> Metric:
        return Metric(namespace, name, whose, statistic)

    graphs = [
        _in_time(design, of("ModelLatency", f"PR(:{wait_us:.0f})")),
        Graph(
            "Latency, microseconds",
            {"model p50": of("ModelLatency", "p50"), "model p99": of("ModelLatency", "p99"),
             "overhead p99": of("OverheadLatency", "p99")},
            wait_us, "max_wait",
        ),
        Graph(
            "Requests a minute, and errors",
            {"requests": of("Invocations", "Sum"), "refused (4XX)": of("Invocation4XXErrors", "Sum"),
             "failed (5XX)": of("Invocation5XXErrors", "Sum")},
        ),
    ]  # fmt: skip
    if isinstance(design, RealtimeDesign):
        graphs.append(
            Graph(
                "Instances, and how busy they are (%)",
                {"instances": of("CPUUtilization", "SampleCount", HOST_NAMESPACE),
                 "CPU": of("CPUUtilization", "Average", HOST_NAMESPACE),
                 "GPU": of("GPUUtilization", "Average", HOST_NAMESPACE)},
            )
        )  # fmt: skip
    else:
        use = of("ServerlessConcurrentExecutionsUtilization", "Maximum")
        graphs.append(Graph("Share of its concurrency in use", {"in use": use}, 1, "throttled"))
    return graphs


def asynchronous_graphs(design: AsynchronousDesign, endpoint: str) -> list[Graph]:
    """Of an endpoint with a queue of its own."""
    whose = {"EndpointName": endpoint}
    wait_ms = design.max_wait_s * 1000

    def of(name: str, statistic: str) -> Metric:
        return Metric(SAGEMAKER, name, whose, statistic)

    return [
        _in_time(design, of("TotalProcessingTime", f"PR(:{wait_ms:.0f})")),
        Graph(
            "From request to result, milliseconds",
            {"p50": of("TotalProcessingTime", "p50"), "p99": of("TotalProcessingTime", "p99"),
             "p99 in its queue": of("TimeInBacklog", "p99")},
            wait_ms, "max_wait",
        ),
        Graph("What waits", {"requests": of("ApproximateBacklogSize", "Maximum")}),
        Graph("Oldest request, s", {"age": of("ApproximateAgeOfOldestRequest", "Maximum")}, design.max_wait_s,
              "max_wait"),
        Graph("What fails", {"failed": of("InvocationFailures", "Sum"), "given up": of("ExpiredRequests", "Sum")}),
    ]  # fmt: skip


def fleet_graphs(
    design: BatchDesign, fleet: str, queue: pulumi.Input[str], dead_letters: pulumi.Input[str]
) -> list[Graph]:
    """Of workers that leave at departures."""
    promise = max(rule.promise_s for rule in design.departures)

    def of(name: str, statistic: str) -> Metric:
        return Metric(NAMESPACE, name, {FLEET: fleet}, statistic)

    return [
        *_kept(design, fleet),
        *_queue(queue, dead_letters, promise),
        Graph("Departures, workers sent, workers that live",
              {"departures": of("Departures", "Sum"), "sent": of("SubmittedWorkers", "Sum"),
               "live": of("LivingWorkers", "Maximum")}),
        Graph("Departures left late by, s", {"late": of("SecondsBehind", "Maximum")}, 3 * design.tick_s, "alarm"),
        Graph("Model busy, % of a worker's time", {"busy": of(BUSY, "Average")}),
        *_answers(design.validation, fleet),
    ]  # fmt: skip


def batcher_graphs(
    design: MicroBatchDesign, name: str, queue: Queue, function: pulumi.Input[str]
) -> list[Graph]:  # fmt: skip
    """Of the function between queue and endpoint."""

    def of(metric: str, statistic: str) -> Metric:
        return Metric("AWS/Lambda", metric, {"FunctionName": function}, statistic)

    return [
        *_kept(design, name),
        *_queue(queue.name, queue.dead_letters, design.max_wait_s),
        Graph("Batches a minute, and errors", {"batches": of("Invocations", "Sum"), "errors": of("Errors", "Sum")}),
        Graph("A batch, ms", {"p50": of("Duration", "p50"), "p99": of("Duration", "p99")}),
        *_answers(design.validation, name),
    ]


def router_graphs(router: Router) -> list[Graph]:
    """Of the API before a hybrid."""

    def of(name: str, statistic: str) -> Metric:
        return Metric("AWS/ApiGateway", name, {"ApiId": router.api_id}, statistic)

    graphs = [
        Graph("Calls a minute, and errors",
              {"calls": of("Count", "Sum"), "4xx": of("4xx", "Sum"), "5xx": of("5xx", "Sum")}),
        Graph("Latency of a call, ms", {"p50": of("Latency", "p50"), "p99": of("Latency", "p99")}),
    ]  # fmt: skip
    return [*graphs, *_ladder_graphs(router), *_answers(router.validation, router.name, ROUTER)]


def table_graphs(design: PrecomputedDesign | FeaturesDesign, router: str) -> list[Graph]:
    """Of a table's answers, as its router tells them, with the levels at which somebody is told."""

    def told(name: str, statistic: str) -> Metric:
        return Metric(NAMESPACE, name, {ROUTER: router}, statistic)

    hits, misses = told("Hits", "Sum"), told("Misses", "Sum")
    found = Expression("100 * m0 / (m0 + m1)", (hits, misses), "hits")
    least = None if design.miss_watch is None else round(100 * (1 - design.miss_watch.most), 2)
    oldest = design.oldest_s if isinstance(design, FeaturesDesign) else design.table.expires_s
    return [
        Graph("Found in the table, %", {"hits": found}, least, "alarm"),
        Graph("Age of what was found, s",
              {"youngest": told("RowAge", "Minimum"), "p50": told("RowAge", "p50"), "p99": told("RowAge", "p99")},
              oldest, "youngest at the most" if isinstance(design, FeaturesDesign) else "expired"),
    ]  # fmt: skip


def _ladder_graphs(router: Router) -> list[Graph]:
    """What the ladder answered, and what it queued."""
    made = router.ladder
    if made is None:
        return []
    whose, level = {ROUTER: router.name}, 100 * made.design.watch.late_share
    calls = Metric("AWS/ApiGateway", "Count", {"ApiId": router.api_id})
    share = Expression("100 * m0 / m1", (Metric(NAMESPACE, DEGRADED, whose), calls), "by the ladder")
    graphs = [Graph("Answered by the ladder, % of the calls", {"share": share}, level, "degraded")]
    if made.queue is not None and made.design.queue is not None:
        graphs += _queue(made.queue.name, made.queue.dead_letters, made.design.queue.oldest_s)
        waited = Metric(NAMESPACE, QUEUED_FOR, whose, "Maximum")
        graphs.append(Graph("Asked again in vain after, s", {"waited": waited}, made.design.queue.oldest_s, "alarm"))
    return graphs


def _in_time(design: WatchedDesign, share: Metric) -> Graph:
    return Graph("In time, % of requests", {"in time": share}, design.percentile, "promised")


def _kept(design: WatchedDesign, fleet: str) -> list[Graph]:
    """The promise of what comes through a queue."""

    def of(statistic: str) -> Metric:
        return Metric(NAMESPACE, PROMISE_USED, {FLEET: fleet}, statistic)

    return [
        _in_time(design, of("PR(:1)")),
        Graph("Wait, in units of the promise", {"p50": of("p50"), "p99": of("p99")}, 1, "late"),
        Graph("Items a second", {"items": Expression("m0 / PERIOD(m0)", (of("SampleCount"),), "items/s")}),
    ]


def _answers(validation: ValidationDesign | None, fleet: str, dimension: str = FLEET) -> list[Graph]:
    """How good the answers are, where that is checked."""
    if validation is None:
        return []

    def of(name: str, statistic: str) -> Metric:
        return Metric(NAMESPACE, name, {dimension: fleet}, statistic)

    shares = {"doubtful": of(DOUBTFUL, "Average")}
    if validation.breaking is not None:
        shares["break their schema"] = of(SCHEMA_BREAKS, "Average")
    graphs = [Graph("Doubtful, share of answers", shares, validation.doubtful.most, "alarm")]
    if validation.probes:
        graphs.append(Graph("Known-answer probes that failed", {"failed": of(FAILED_PROBES, "Maximum")}))
    return graphs


def _queue(name: pulumi.Input[str], dead_letters: pulumi.Input[str], promise_s: float) -> list[Graph]:
    def of(metric: str, queue: pulumi.Input[str] = name) -> Metric:
        return Metric("AWS/SQS", metric, {"QueueName": queue}, "Maximum")

    return [
        Graph("What waits, and what is in hand",
              {"waits": of("ApproximateNumberOfMessagesVisible"),
               "in hand": of("ApproximateNumberOfMessagesNotVisible")}),
        Graph("Oldest request, s", {"age": of("ApproximateAgeOfOldestMessage")}, promise_s, "promise"),
        Graph("Dead letters", {"dead": of("ApproximateNumberOfMessagesVisible", dead_letters)}),
    ]  # fmt: skip


def _widgets(region: str, graphs: Mapping[str, Sequence[Graph]]) -> Iterator[dict[str, Any]]:
    top = 0
    for part, shown in graphs.items():
        if part:
            yield {"type": "text", "x": 0, "y": top, "width": 24, "height": 1, "properties": {"markdown": f"## {part}"}}
            top += 1
        for index, graph in enumerate(shown):
            place = {"x": WIDTH * (index % ACROSS), "y": top + HEIGHT * (index // ACROSS)}
            size = {"width": WIDTH, "height": HEIGHT}
            yield {"type": "metric", **place, **size, "properties": _properties(region, graph)}
        top += HEIGHT * -(-len(shown) // ACROSS)


def _properties(region: str, graph: Graph) -> dict[str, Any]:
    rows: list[Any] = []
    for label, line in graph.lines.items():
        if isinstance(line, Metric):
            rows.append(_row(line, {"label": label}))
        else:
            rows += [_row(metric, {"id": f"m{index}", "visible": False}) for index, metric in enumerate(line.metrics)]
            rows.append([{"expression": line.text, "id": "shown", "label": label}])
    shown: dict[str, Any] = {"title": graph.title, "region": region, "view": "timeSeries", "period": 300,
                             "metrics": rows}  # fmt: skip
    if graph.level is not None:
        shown["annotations"] = {"horizontal": [{"value": graph.level, "label": graph.says}]}
    return shown


def _row(metric: Metric, options: Mapping[str, Any]) -> list[Any]:
    """A metric as a dashboard's body writes it: namespace, name, dimensions in turn, options."""
    dimensions = [one for pair in metric.dimensions.items() for one in pair]
    return [metric.namespace, metric.name, *dimensions, {"stat": metric.statistic, **options}]
