"""Real time: a SageMaker endpoint with a floor by hour of week and target tracking above it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from headway.architectures.design import RealtimeDesign
from headway_components.alarms import Metric, Rule, alarm, alarm_topic
from headway_components.arguments import Priced, checked, monthly_ends
from headway_components.dashboard import Graph, dashboard, endpoint_graphs
from headway_components.front import Fronted
from headway_components.hosted_model import (
    HOST_NAMESPACE,
    SCALED,
    VARIANT,
    HostedModel,
    answering,
    blue_green,
    container_of,
    endpoint_alarms,
    endpoint_name,
    hosted_model,
    startup_limit_s,
)
from headway_components.network import worker_network
from headway_components.site import Site

DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


class RealtimeArgs(Priced, total=False):
    """Arguments of `RealtimeEndpoint`; ``design`` is required."""

    design: RealtimeDesign | Mapping[str, Any]
    results_bucket: pulumi.Input[str]
    """An existing bucket for the router's results; of use where the design has a router."""


class RealtimeEndpoint(Fronted):
    """A SageMaker endpoint as a `RealtimeDesign` says, with alarms that roll a bad update back."""

    endpoint_name: pulumi.Output[str]
    graphs: list[Graph]
    """What a dashboard shows of it."""
    monthly_bill: pulumi.Output[Mapping[str, str] | None]

    def __init__(self, name: str, args: RealtimeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headway:index:RealtimeEndpoint", name, checked(name, args, RealtimeArgs), opts)
        design = RealtimeDesign.model_validate(args["design"])
        site = Site.of(self, name, design.architecture, design.region, args)
        endpoint = endpoint_name(site, design.instance_type.removeprefix("ml."))
        network = worker_network(site, args) if "subnet_ids" in args else None
        hosted = hosted_model(site, design, endpoint, isolated=True, network=network)
        topic = alarm_topic(site, args.get("alarm_topic_arn"))
        alarms = endpoint_alarms(site, design, endpoint, topic)
        resource, configuration = _endpoint(site, design, endpoint, hosted, [alarms["errors"], alarms["latency"]])
        self.model = answering(container_of(site, design), resource, configuration)
        _staffing_alarm(site, design, endpoint, topic)
        if design.autoscaled:
            _scaling(site, design, endpoint, resource)
        front = self._front(site, design, args, resource.name, topic)
        self.graphs = endpoint_graphs(design, endpoint)
        if design.dashboard:
            dashboard(site, {"": [*front, *self.graphs]})
        self.endpoint_name = resource.name
        self.monthly_bill = pulumi.Output.from_input(monthly_ends(args))
        outputs = {"endpoint_name": self.endpoint_name, "monthly_bill": self.monthly_bill}
        self.register_outputs({**outputs, **self._fronted()})


def floor_schedule(design: RealtimeDesign) -> dict[str, tuple[str, int]]:
    """A cron line and a count for each time of day at which the floor changes, by a name of its own.

    Days with the same change share a line. Times are the design's time zone.
    """
    days: dict[tuple[int, int], list[int]] = defaultdict(list)
    for hour_of_week, count in design.floor_changes:
        day, hour = divmod(hour_of_week, 24)
        days[hour, count].append(day)
    return {
        f"floor-{count}-at-{hour:02d}": (f"cron(0 {hour} ? * {','.join(DAYS[day] for day in sorted(on))} *)", count)
        for (hour, count), on in sorted(days.items())
    }


def _endpoint(
    site: Site,
    design: RealtimeDesign,
    endpoint: str,
    hosted: HostedModel,
    guards: list[aws.cloudwatch.MetricAlarm],
) -> tuple[aws.sagemaker.Endpoint, aws.sagemaker.EndpointConfiguration]:
    """The endpoint and its configuration, auto-named: only a new name makes the endpoint update."""
    configuration = aws.sagemaker.EndpointConfiguration(
        site.part("config"),
        kms_key_arn=site.kms_key_arn if design.storage_gb else None,
        production_variants=[
            {
                "variant_name": VARIANT,
                "model_name": hosted.model.name,
                "instance_type": design.instance_type,
                # An update resets the fleet to this count: the highest floor, which autoscaling then shrinks.
                "initial_instance_count": design.initial_count,
                "initial_variant_weight": 1,
                "volume_size_in_gb": design.storage_gb or None,
                "container_startup_health_check_timeout_in_seconds": startup_limit_s(design.load_time_s),
                "routing_configs": [{"routing_strategy": "LEAST_OUTSTANDING_REQUESTS"}],
            }
        ],
        tags=site.tags,
        # A rolled-back update still uses the old configuration, though it is reported as done.
        opts=site.child(retain_on_delete=site.protect_data),
    )
    made = aws.sagemaker.Endpoint(
        site.part("endpoint"),
        name=endpoint,
        endpoint_config_name=configuration.name,
        deployment_config=blue_green(guards),
        tags=site.tags,
        opts=site.child(depends_on=[hosted.access.policy, hosted.log_group]),
    )
    return made, configuration


def _staffing_alarm(site: Site, design: RealtimeDesign, endpoint: str, topic: pulumi.Input[str]) -> None:
    """Each instance reports its CPU once a minute, so the number of samples is the number of instances."""
    least = min(design.floors)
    alarm(
        site,
        "not-enough-instances",
        topic,
        Metric(HOST_NAMESPACE, "CPUUtilization", {"EndpointName": endpoint, "VariantName": VARIANT}, "SampleCount"),
        Rule.below(least, periods=10),
        f"{endpoint}: fewer than {least} instances have reported for ten minutes.",
    )


def _scaling(site: Site, design: RealtimeDesign, endpoint: str, resource: aws.sagemaker.Endpoint) -> None:
    """The scalable target, target tracking above the floor, and the floor's schedule."""
    schedule = floor_schedule(design)
    target = aws.appautoscaling.Target(
        site.part("capacity"),
        resource_id=f"endpoint/{endpoint}/variant/{VARIANT}",
        # No transition fires before the next one: until then the highest floor is safe.
        min_capacity=design.initial_count,
        max_capacity=design.max_instances,
        tags=site.tags,
        # The schedule rewrites both; left alone they would show as drift and be set back.
        opts=site.child(depends_on=[resource], ignore_changes=["minCapacity", "maxCapacity"] if schedule else []),
        **SCALED,
    )
    scaled = {"resource_id": target.resource_id, **SCALED}
    if design.invocations_per_instance is not None:
        aws.appautoscaling.Policy(
            site.part("tracking"),
            policy_type="TargetTrackingScaling",
            target_tracking_scaling_policy_configuration={
                "predefined_metric_specification": {"predefined_metric_type": "SageMakerVariantInvocationsPerInstance"},
                "target_value": design.invocations_per_instance,
                "scale_in_cooldown": design.scale_in_cooldown_s,
                "scale_out_cooldown": design.scale_out_cooldown_s,
            },
            opts=site.child(),
            **scaled,
        )
    for what, (cron, count) in schedule.items():
        aws.appautoscaling.ScheduledAction(
            site.part(what),
            schedule=cron,
            timezone=design.timezone,
            scalable_target_action={"min_capacity": count, "max_capacity": design.max_instances},
            opts=site.child(),
            **scaled,
        )
