"""Asynchronous: a SageMaker endpoint with a queue of its own, woken by a backlog and asleep without one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from headway.architectures.design import AsynchronousDesign
from headway_components.access import allow, deny_plain_http, policy_document
from headway_components.alarms import Metric, Rule, alarm, alarm_topic, burn_rate_alarms
from headway_components.arguments import Priced, checked, monthly_ends
from headway_components.dashboard import Graph, asynchronous_graphs, dashboard
from headway_components.hosted_model import (
    NAMESPACE,
    SCALED,
    VARIANT,
    HostedModel,
    blue_green,
    endpoint_name,
    hosted_model,
    startup_limit_s,
)
from headway_components.network import worker_network
from headway_components.site import Site
from headway_components.storage import FAILURES, REQUESTS, RESULTS, Bucket, objects, stack_bucket

MANAGED_KEY = "alias/aws/sns"
"""The account's own key for topics: the model's role may use it through SNS."""
COOLDOWN_S = 300
MILLISECONDS = 1000
"""SageMaker's metrics of asynchronous requests count these."""


PREFIXES = (RESULTS, REQUESTS, FAILURES)
"""What the bucket forgets after a while."""


class AsynchronousArgs(Priced, total=False):
    """Arguments of `AsynchronousEndpoint`; ``design`` is required."""

    design: AsynchronousDesign | Mapping[str, Any]
    results_bucket: pulumi.Input[str]
    """An existing bucket for bodies, results and failures; its encryption and lifecycle are yours."""


class AsynchronousEndpoint(pulumi.ComponentResource):
    """A SageMaker asynchronous endpoint as an `AsynchronousDesign` says.

    Put a body into ``results_bucket`` under ``requests/`` and call ``invoke_endpoint_async`` with its address; the
    answer appears under ``results/`` (failures under ``failures/``), and the topics tell.
    """

    endpoint_name: pulumi.Output[str]
    results_bucket: pulumi.Output[str]
    success_topic: pulumi.Output[str]
    error_topic: pulumi.Output[str]
    graphs: list[Graph]
    """What a dashboard shows of it."""
    monthly_bill: pulumi.Output[Mapping[str, str] | None]

    def __init__(self, name: str, args: AsynchronousArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headway:index:AsynchronousEndpoint", name, checked(name, args, AsynchronousArgs), opts)
        design = AsynchronousDesign.model_validate(args["design"])
        site = Site.of(self, name, design.architecture, design.region, args)
        endpoint = endpoint_name(site, f"async-{design.instance_type.removeprefix('ml.')}")
        bucket = stack_bucket(site, design.results_kept_days, args, PREFIXES)
        topics = {what: _topic(site, what) for what in ("success", "error")}
        network = worker_network(site, args) if "subnet_ids" in args else None
        statements = [
            allow(["s3:GetObject"], objects(bucket.arn, REQUESTS)),
            allow(["s3:PutObject"], [objects(bucket.arn, RESULTS), objects(bucket.arn, FAILURES)]),
            allow(["sns:Publish"], [topic.arn for topic in topics.values()]),
        ]
        hosted = hosted_model(site, design, endpoint, isolated=True, network=network, statements=statements)
        topic = alarm_topic(site, args.get("alarm_topic_arn"))
        guard = _alarms(site, design, endpoint, topic)
        resource = _endpoint(site, design, endpoint, hosted, bucket, topics, guard)
        if design.sleeps:
            _scaling(site, design, endpoint, resource)
        self.graphs = asynchronous_graphs(design, endpoint)
        if design.dashboard:
            dashboard(site, {"": self.graphs})
        self.endpoint_name = resource.name
        self.results_bucket = pulumi.Output.from_input(bucket.name)
        self.success_topic, self.error_topic = topics["success"].arn, topics["error"].arn
        self.monthly_bill = pulumi.Output.from_input(monthly_ends(args))
        names = ("endpoint_name", "results_bucket", "success_topic", "error_topic", "monthly_bill")
        self.register_outputs({one: getattr(self, one) for one in names})


def _topic(site: Site, what: str) -> aws.sns.Topic:
    topic = aws.sns.Topic(
        site.part(what), kms_master_key_id=site.kms_key_arn or MANAGED_KEY, tags=site.tags, opts=site.child()
    )
    aws.sns.TopicPolicy(
        site.part(f"{what}-policy"),
        arn=topic.arn,
        policy=policy_document([deny_plain_http("sns:Publish", topic.arn)]),
        opts=site.child(),
    )
    return topic


def _endpoint(
    site: Site,
    design: AsynchronousDesign,
    endpoint: str,
    hosted: HostedModel,
    bucket: Bucket,
    topics: Mapping[str, aws.sns.Topic],
    guard: aws.cloudwatch.MetricAlarm,
) -> aws.sagemaker.Endpoint:
    """The endpoint and its configuration, auto-named: only a new name makes the endpoint update."""
    configuration = aws.sagemaker.EndpointConfiguration(
        site.part("config"),
        kms_key_arn=site.kms_key_arn if design.storage_gb else None,
        production_variants=[
            {
                "variant_name": VARIANT,
                "model_name": hosted.model.name,
                "instance_type": design.instance_type,
                # An endpoint starts with at least one; asleep is where scaling takes it.
                "initial_instance_count": max(1, design.min_instances),
                "initial_variant_weight": 1,
                "volume_size_in_gb": design.storage_gb or None,
                "container_startup_health_check_timeout_in_seconds": startup_limit_s(design.load_time_s),
            }
        ],
        async_inference_config={
            "client_config": {"max_concurrent_invocations_per_instance": design.concurrency},
            "output_config": {
                "s3_output_path": pulumi.Output.format("s3://{0}/{1}", bucket.name, RESULTS.rstrip("/")),
                "s3_failure_path": pulumi.Output.format("s3://{0}/{1}", bucket.name, FAILURES.rstrip("/")),
                "kms_key_id": site.kms_key_arn,
                "notification_config": {
                    "success_topic": topics["success"].arn,
                    "error_topic": topics["error"].arn,
                },
            },
        },
        tags=site.tags,
        opts=site.child(retain_on_delete=site.protect_data),
    )
    return aws.sagemaker.Endpoint(
        site.part("endpoint"),
        name=endpoint,
        endpoint_config_name=configuration.name,
        deployment_config=blue_green([guard]),
        tags=site.tags,
        opts=site.child(depends_on=[hosted.access.policy, hosted.log_group]),
    )


def _alarms(
    site: Site, design: AsynchronousDesign, endpoint: str, topic: pulumi.Input[str]
) -> aws.cloudwatch.MetricAlarm:
    """What watches it; returned is the one that rolls an update back."""
    dimensions = {"EndpointName": endpoint}
    processing = Metric(NAMESPACE, "TotalProcessingTime", dimensions)
    burn_rate_alarms(site, endpoint, topic, design, processing, design.max_wait_s * MILLISECONDS)
    failures = alarm(
        site,
        "failures",
        topic,
        Metric(NAMESPACE, "InvocationFailures", dimensions),
        Rule.above(0),
        f"{endpoint}: requests fail. Their reasons lie under {FAILURES} in the results bucket.",
    )
    alarm(
        site,
        "expired",
        topic,
        Metric(NAMESPACE, "ExpiredRequests", dimensions),
        Rule.above(0),
        f"{endpoint}: requests waited {design.expires_s} s and were given up.",
    )
    alarm(
        site, "oldest-request", topic,
        Metric(NAMESPACE, "ApproximateAgeOfOldestRequest", dimensions, "Maximum"),
        Rule.above(design.max_wait_s, periods=3),
        f"{endpoint}: the oldest request has waited longer than the {design.max_wait_s:g} s promised.",
    )  # fmt: skip
    return failures


def _scaling(site: Site, design: AsynchronousDesign, endpoint: str, resource: aws.sagemaker.Endpoint) -> None:
    """To zero and back: target tracking on the backlog cannot wake what sleeps, a step on its mere presence does."""
    target = aws.appautoscaling.Target(
        site.part("capacity"),
        resource_id=f"endpoint/{endpoint}/variant/{VARIANT}",
        min_capacity=design.min_instances,
        max_capacity=design.max_instances,
        tags=site.tags,
        opts=site.child(depends_on=[resource]),
        **SCALED,
    )
    scaled = {"resource_id": target.resource_id, **SCALED}
    aws.appautoscaling.Policy(
        site.part("tracking"),
        policy_type="TargetTrackingScaling",
        target_tracking_scaling_policy_configuration={
            "customized_metric_specification": {
                "metric_name": "ApproximateBacklogSizePerInstance",
                "namespace": NAMESPACE,
                "statistic": "Average",
                "dimensions": [{"name": "EndpointName", "value": endpoint}],
            },
            "target_value": design.concurrency,
            "scale_in_cooldown": COOLDOWN_S,
            "scale_out_cooldown": COOLDOWN_S,
        },
        opts=site.child(),
        **scaled,
    )
    wake = aws.appautoscaling.Policy(
        site.part("wake-up"),
        policy_type="StepScaling",
        step_scaling_policy_configuration={
            "adjustment_type": "ExactCapacity",
            "cooldown": COOLDOWN_S,
            "metric_aggregation_type": "Average",
            "step_adjustments": [{"metric_interval_lower_bound": "0", "scaling_adjustment": design.max_instances}],
        },
        opts=site.child(),
        **scaled,
    )
    alarm(
        site,
        "wake",
        wake.arn,
        Metric(NAMESPACE, "HasBacklogWithoutCapacity", {"EndpointName": endpoint}, "Average"),
        Rule.at_least(1),
        f"{endpoint}: requests wait and nothing runs. This alarm wakes it.",
        when_over=False,
    )
