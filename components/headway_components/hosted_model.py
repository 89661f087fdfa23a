"""What every SageMaker endpoint has alike: its name, model, role, logs and request-level alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import pulumi
import pulumi_aws as aws

from headway.architectures.design import AsynchronousDesign, BaseDesign, RealtimeDesign, ServerlessDesign
from headway.errors import HeadwayError
from headway.profile import Container
from headway_components.access import Access, Statement, allow, service_access, write_logs, write_metrics
from headway_components.alarms import Metric, Rule, alarm, burn_rate_alarms
from headway_components.network import Network
from headway_components.site import Site, physical_name
from headway_components.storage import Artifact, pull_images, read_artifact

VARIANT = "AllTraffic"
"""One fixed variant: deployment guardrails and scaling need the same name before and after an update."""
NAMESPACE, HOST_NAMESPACE = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
LONGEST_NAME = 63
"""Of an endpoint (Amazon SageMaker API reference, CreateEndpoint)."""
MICROSECONDS = 1_000_000
"""SageMaker's latency metrics count these."""


BAKING_S = 300
"""How long a new fleet serves all traffic under the eyes of the alarms before the old one goes."""
LONGEST_UPDATE_S = 3600
STARTUP_DEFAULT_S, STARTUP_LONGEST_S = 600, 3600
"""Of the container's start-up health check (Amazon SageMaker API reference, ProductionVariant)."""
SCALED = {"scalable_dimension": "sagemaker:variant:DesiredInstanceCount", "service_namespace": "sagemaker"}


@dataclass(frozen=True)
class HostedModel:
    """A model ready for an endpoint's configuration, and what must exist before the endpoint."""

    model: aws.sagemaker.Model
    access: Access
    log_group: aws.cloudwatch.LogGroup


def startup_limit_s(load_time_s: float) -> int:
    """How long a container may take to answer its first health check: twice what it was measured to load.

    >>> startup_limit_s(20), startup_limit_s(400)
    (600, 800)
    """
    return min(STARTUP_LONGEST_S, max(STARTUP_DEFAULT_S, ceil(2 * load_time_s)))


def endpoint_name(site: Site, token: str) -> str:
    """The endpoint's physical name, known before anything is made, so that its alarms can be made first.

    ``token`` is what an autoscaled variant may not change in place: another token is another endpoint, made first.
    """
    return physical_name(pulumi.get_project(), pulumi.get_stack(), site.name, token, limit=LONGEST_NAME)


def blue_green(guards: Sequence[aws.cloudwatch.MetricAlarm]) -> dict[str, Any]:
    """How an update is rolled out: a second fleet takes all traffic, and any of these alarms gives it back.

    Not for serverless endpoints: deployment guardrails know none (Amazon SageMaker Developer Guide). There an update
    that fails to start leaves the old one.
    """
    return {
        "blue_green_update_policy": {
            "traffic_routing_configuration": {"type": "ALL_AT_ONCE", "wait_interval_in_seconds": BAKING_S},
            "termination_wait_in_seconds": 0,
            "maximum_execution_timeout_in_seconds": LONGEST_UPDATE_S,
        },
        "auto_rollback_configuration": {"alarms": [{"alarm_name": guard.name} for guard in guards]},
    }


def container_of(site: Site, design: BaseDesign) -> Container:
    """The model's container.

    Raises:
        HeadwayError: The profile names none: it can be planned, not provisioned.
    """
    if design.container is None:
        raise HeadwayError(f"{site.name}: nothing to run; name the image in the profile under model.container.image")
    return design.container


def hosted_model(
    site: Site,
    design: RealtimeDesign | ServerlessDesign | AsynchronousDesign,
    endpoint: str,
    *,
    isolated: bool,
    network: Network | None = None,
    statements: Sequence[Statement] = (),
) -> HostedModel:
    """The model with its own role and its endpoint's log group."""
    container = container_of(site, design)
    log_group = aws.cloudwatch.LogGroup(
        site.part("logs"),
        name=f"/aws/sagemaker/Endpoints/{endpoint}",
        retention_in_days=design.log_retention_days,
        kms_key_id=site.kms_key_arn,
        tags=site.tags,
        opts=site.child(),
    )
    allowed = [
        *statements,
        *read_artifact(site, container.artifact),
        *pull_images(site, container.image),
        write_logs(log_group),
        allow(["logs:DescribeLogStreams"], pulumi.Output.format("{0}:*", log_group.arn)),
        write_metrics([NAMESPACE, HOST_NAMESPACE]),
        *_encrypt_volume(site, design),
        *(_attach_network(site, network) if network is not None else ()),
    ]
    access = service_access(site, "model", "sagemaker", allowed)
    model = aws.sagemaker.Model(
        site.part("model"),
        execution_role_arn=access.role.arn,
        primary_container=_container(container),
        enable_network_isolation=isolated,
        vpc_config=None
        if network is None
        else {"subnets": network.subnet_ids, "security_group_ids": network.security_group_ids},
        tags=site.tags,
        # An update that SageMaker rolls back is reported as done: the model it went back to must still be there.
        opts=site.child(depends_on=[access.policy], retain_on_delete=site.protect_data),
    )
    return HostedModel(model, access, log_group)


def answering(
    container: Container, endpoint: aws.sagemaker.Endpoint, configuration: aws.sagemaker.EndpointConfiguration
) -> pulumi.Output[str]:
    """What results say of their model: its version; where the update was rolled back, the configuration that answers.

    The provider reads an endpoint once its update has ended (terraform-provider-aws, ``resourceEndpointUpdate``): then
    its output is the configuration that it has, and not the one that was tried.
    """
    return pulumi.Output.all(endpoint.endpoint_config_name, configuration.name).apply(
        lambda names: container.version if names[0] == names[1] else str(names[0])
    )


def endpoint_alarms(
    site: Site, design: RealtimeDesign | ServerlessDesign, endpoint: str, topic: pulumi.Input[str]
) -> dict[str, aws.cloudwatch.MetricAlarm]:
    """Request-level alarms by name: failing requests, refused requests, waits beyond what was promised."""
    dimensions = {"EndpointName": endpoint, "VariantName": VARIANT}
    quantile = f"p{design.percentile:g}"
    # The share of a sum cannot be asked for; what SageMaker adds is some milliseconds.
    limit = design.answer_within_s
    burn_rate_alarms(site, endpoint, topic, design, Metric(NAMESPACE, "ModelLatency", dimensions), limit * MICROSECONDS)
    return {
        "errors": alarm(
            site,
            "errors",
            topic,
            Metric(NAMESPACE, "Invocation5XXErrors", dimensions),
            Rule.above(0),
            f"{endpoint}: requests fail (5XX). The model's log group says why.",
        ),
        "invalid-requests": alarm(
            site,
            "invalid-requests",
            topic,
            Metric(NAMESPACE, "Invocation4XXErrors", dimensions, period_s=300),
            Rule.above(0, periods=2, of=3),
            f"{endpoint}: requests are refused (4XX). A caller sends what the model does not take.",
        ),
        "latency": alarm(
            site,
            "latency",
            topic,
            (
                Metric(NAMESPACE, "ModelLatency", dimensions, quantile),
                Metric(NAMESPACE, "OverheadLatency", dimensions, quantile),
            ),
            Rule.above(limit * MICROSECONDS, periods=3, of=5),
            f"{endpoint}: {quantile} of the wait is above the {limit:g} s promised.",
        ),
    }


def _container(container: Container) -> dict[str, Any]:
    described: dict[str, Any] = {"image": container.image}
    if container.artifact is not None:
        artifact = Artifact.at(container.artifact)
        described["model_data_source"] = {
            "s3_data_sources": [
                {
                    "s3_uri": artifact.uri,
                    "s3_data_type": "S3Object" if artifact.archive else "S3Prefix",
                    "compression_type": "Gzip" if artifact.archive else "None",
                }
            ]
        }
    return described


def _encrypt_volume(site: Site, design: RealtimeDesign | ServerlessDesign | AsynchronousDesign) -> list[Statement]:
    """An instance's volume takes a grant on the wired key (Amazon SageMaker Developer Guide, SageMaker roles)."""
    if site.kms_key_arn is None or isinstance(design, ServerlessDesign) or not design.storage_gb:
        return []
    return [allow(["kms:CreateGrant"], site.kms_key_arn, {"Bool": {"kms:GrantIsForAWSResource": "true"}})]


def _attach_network(site: Site, network: Network) -> list[Statement]:
    """Network interfaces in the wired subnets and groups, and in no others.

    What describes knows no resources, and neither does taking back an interface's permission.
    """
    subnets = _each(site, "subnet", network.subnet_ids)
    groups = _each(site, "security-group", network.security_group_ids)
    interfaces = site.arn("ec2", "network-interface/*")
    return [
        allow(["ec2:CreateNetworkInterface"], interfaces),
        allow(["ec2:CreateNetworkInterface"], subnets),
        allow(["ec2:CreateNetworkInterface"], groups),
        allow(
            ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"],
            interfaces,
            {"ArnEquals": {"ec2:Subnet": subnets}},
        ),
        allow(
            [
                "ec2:DeleteNetworkInterfacePermission",
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            "*",
        ),
    ]


def _each(site: Site, kind: str, ids: pulumi.Input[list[str]]) -> pulumi.Output[list[str]]:
    """ARNs of subnets or security groups, whose number may be known only later."""
    return pulumi.Output.all(pulumi.Output.from_input(ids), site.account).apply(
        lambda known: [f"arn:{site.partition}:ec2:{site.region}:{known[1]}:{kind}/{one}" for one in known[0]]
    )
