"""Micro-batch: a queue, a function that closes a batch at N requests or T seconds, an endpoint for the batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from headway.architectures.design import MicroBatchDesign
from headway_components.access import allow
from headway_components.alarms import Metric, Rule, Watched, alarm, alarm_topic, burn_rate_alarms, queue_alarms
from headway_components.arguments import Priced, checked, monthly_ends
from headway_components.dashboard import Graph, batcher_graphs, dashboard
from headway_components.realtime import RealtimeEndpoint
from headway_components.request_queue import Queue, stack_queue
from headway_components.runtime_function import Bundle, FunctionSize, runtime_function, upload_bundle
from headway_components.site import Site, Wiring, physical_name
from headway_components.storage import REQUESTS, RESULTS, Bucket, objects, stack_bucket
from headway_components.validation import Document, answer_alarms, validation_document
from headway_components.watchdog import Probing, watchdog
from headway_runtime.metrics import FLEET, NAMESPACE, PROMISE_USED
from headway_runtime.settings import VARIABLE, MicroBatchSettings

LONGEST_NAME = 60


class MicroBatchArgs(Priced, total=False):
    """Arguments of `MicroBatch`; ``design`` is required."""

    design: MicroBatchDesign | Mapping[str, Any]
    queue_arn: pulumi.Input[str]
    """An existing queue to take requests from; its visibility timeout must be six times the function's at least."""
    dead_letter_queue_arn: pulumi.Input[str]
    results_bucket: pulumi.Input[str]


class MicroBatch(pulumi.ComponentResource):
    """A queue whose batches go to an endpoint, as a `MicroBatchDesign` says.

    Send requests to ``queue_url`` (``headway_runtime.contract.submit``); results appear as ``results/<id>.json`` in
    ``results_bucket``.
    """

    queue_url: pulumi.Output[str]
    results_bucket: pulumi.Output[str]
    dead_letter_queue: pulumi.Output[str]
    endpoint_name: pulumi.Output[str]
    function_name: pulumi.Output[str]
    graphs: list[Graph]
    """What a dashboard shows of it."""
    monthly_bill: pulumi.Output[Mapping[str, str] | None]

    def __init__(self, name: str, args: MicroBatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headway:index:MicroBatch", name, checked(name, args, MicroBatchArgs), opts)
        design = MicroBatchDesign.model_validate(args["design"])
        site = Site.of(self, name, design.architecture, design.region, args)
        topic = alarm_topic(site, args.get("alarm_topic_arn"))
        wiring = {key: value for key, value in args.items() if key in Wiring.__annotations__}
        endpoint = RealtimeEndpoint(
            f"{name}-endpoint",
            {**wiring, "design": design.endpoint, "alarm_topic_arn": topic},  # type: ignore[typeddict-item]
            pulumi.ResourceOptions(parent=self),
        )
        queue, bucket = stack_queue(site, design, args), stack_bucket(site, design.results_kept_days, args)
        bundle = upload_bundle(site, bucket.name)
        checked_for = validation_document(site, design.validation, bucket)
        function = _function(site, design, queue, bucket, endpoint, bundle, checked_for)
        aws.lambda_.EventSourceMapping(
            site.part("batches"),
            event_source_arn=queue.arn,
            function_name=function.arn,
            batch_size=design.batch_size,
            maximum_batching_window_in_seconds=design.window_s,
            function_response_types=["ReportBatchItemFailures"],
            # What the endpoint cannot take yet waits in the queue, where nobody pays for it.
            scaling_config={"maximum_concurrency": design.max_concurrency},
            tags=site.tags,
            opts=site.child(),
        )
        _alarms(site, design, queue, function, topic)
        answer_alarms(site, topic, design.validation, _name(site))
        if design.watchdog is not None:
            probing = Probing(endpoint.endpoint_name, checked_for) if checked_for and design.watchdog.probe_s else None
            watchdog(site, design.watchdog, _name(site), queue, bucket, bundle, topic,
                     log_retention_days=design.log_retention_days, probing=probing)  # fmt: skip
        self.graphs = [*batcher_graphs(design, _name(site), queue, function.name), *endpoint.graphs]
        if design.dashboard:
            dashboard(site, {"": self.graphs})
        self.queue_url = pulumi.Output.from_input(queue.url)
        self.results_bucket = pulumi.Output.from_input(bucket.name)
        self.dead_letter_queue = pulumi.Output.from_input(queue.dead_letters)
        self.endpoint_name = endpoint.endpoint_name
        self.function_name = function.name
        self.monthly_bill = pulumi.Output.from_input(monthly_ends(args))
        names = (
            "queue_url", "results_bucket", "dead_letter_queue", "endpoint_name", "function_name", "monthly_bill",
        )  # fmt: skip
        self.register_outputs({one: getattr(self, one) for one in names})


def _function(
    site: Site,
    design: MicroBatchDesign,
    queue: Queue,
    bucket: Bucket,
    endpoint: RealtimeEndpoint,
    bundle: Bundle,
    checked_for: Document | None,
) -> aws.lambda_.Function:
    """Taking batches, reading bodies, asking the endpoint, writing results once."""
    told = (endpoint.endpoint_name, bucket.name, checked_for.uri if checked_for else "", endpoint.model)
    settings = pulumi.Output.all(*told).apply(
        lambda known: MicroBatchSettings(
            endpoint_name=known[0],
            results_bucket=known[1],
            max_receives=design.max_receives,
            name=_name(site),
            promise_s=design.max_wait_s,
            validation=known[2],
            model=known[3],
        ).to_json()
    )
    endpoint_arn = site.arn("sagemaker", pulumi.Output.format("endpoint/{0}", endpoint.endpoint_name))
    return runtime_function(
        site,
        "batcher",
        bundle,
        FunctionSize(
            memory_mb=design.function_memory_mb, timeout_s=design.function_timeout_s, concurrency=None,
            log_retention_days=design.log_retention_days,
        ),
        handler="headway_runtime.microbatch.handler",
        statements=[
            allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], queue.arn),
            allow(["sagemaker:InvokeEndpoint"], endpoint_arn),
            allow(["s3:GetObject"], objects(bucket.arn, REQUESTS)),
            allow(["s3:GetObject", "s3:PutObject"], objects(bucket.arn, RESULTS)),
            *([checked_for.read] if checked_for else []),
        ],
        environment={VARIABLE: settings},
    )  # fmt: skip


def _name(site: Site) -> str:
    """Of the function's metrics; never a fleet's, beside which it may run."""
    return physical_name(pulumi.get_project(), pulumi.get_stack(), site.name, "microbatch", limit=LONGEST_NAME)


def _alarms(
    site: Site, design: MicroBatchDesign, queue: Queue, function: aws.lambda_.Function, topic: pulumi.Input[str]
) -> None:
    watched = Watched(queue.name, queue.dead_letters, design.max_wait_s)
    queue_alarms(site, site.name, topic, watched)
    used = Metric(NAMESPACE, PROMISE_USED, {FLEET: _name(site)})
    burn_rate_alarms(site, site.name, topic, design, used, 1)
    alarm(
        site,
        "function-errors",
        topic,
        Metric("AWS/Lambda", "Errors", {"FunctionName": function.name}),
        Rule.above(0, periods=2, of=3),
        f"{site.name}: the function between queue and endpoint fails. Its log group says why.",
    )
