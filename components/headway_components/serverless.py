"""Serverless: a SageMaker endpoint paid by the millisecond, that sleeps between requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from headway.architectures.design import ServerlessDesign
from headway_components.alarms import Metric, Rule, alarm, alarm_topic
from headway_components.arguments import Priced, checked, monthly_ends
from headway_components.dashboard import Graph, dashboard, endpoint_graphs
from headway_components.front import Fronted
from headway_components.hosted_model import (
    NAMESPACE,
    VARIANT,
    answering,
    container_of,
    endpoint_alarms,
    endpoint_name,
    hosted_model,
)
from headway_components.site import Site


class ServerlessArgs(Priced, total=False):
    """Arguments of `ServerlessEndpoint`; ``design`` is required. It runs in no VPC, so that wiring is passed over."""

    design: ServerlessDesign | Mapping[str, Any]
    results_bucket: pulumi.Input[str]
    """An existing bucket for the router's results; of use where the design has a router."""


class ServerlessEndpoint(Fronted):
    """A SageMaker serverless endpoint as a `ServerlessDesign` says.

    Deployment guardrails and network isolation are not to be had for serverless endpoints; the container's own
    network is AWS's.
    """

    endpoint_name: pulumi.Output[str]
    graphs: list[Graph]
    """What a dashboard shows of it."""
    monthly_bill: pulumi.Output[Mapping[str, str] | None]

    def __init__(self, name: str, args: ServerlessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headway:index:ServerlessEndpoint", name, checked(name, args, ServerlessArgs), opts)
        design = ServerlessDesign.model_validate(args["design"])
        site = Site.of(self, name, design.architecture, design.region, args)
        if unused := sorted({"vpc_id", "subnet_ids", "security_group_ids"} & args.keys()):
            # Said, not refused: a hybrid hands its network to every part.
            pulumi.log.warn(f"{name}: {', '.join(unused)}: SageMaker runs serverless endpoints outside any VPC", self)
        endpoint = endpoint_name(site, "serverless")
        hosted = hosted_model(site, design, endpoint, isolated=False)
        topic = alarm_topic(site, args.get("alarm_topic_arn"))
        endpoint_alarms(site, design, endpoint, topic)
        _throttle_alarm(site, design, endpoint, topic)
        configuration = aws.sagemaker.EndpointConfiguration(
            site.part("config"),
            production_variants=[
                {
                    "variant_name": VARIANT,
                    "model_name": hosted.model.name,
                    "serverless_config": {
                        "memory_size_in_mb": design.memory_mb,
                        "max_concurrency": design.max_concurrency,
                        "provisioned_concurrency": design.provisioned_concurrency or None,
                    },
                }
            ],
            tags=site.tags,
            # An update that fails leaves the endpoint on the old configuration.
            opts=site.child(retain_on_delete=site.protect_data),
        )
        resource = aws.sagemaker.Endpoint(
            site.part("endpoint"),
            name=endpoint,
            endpoint_config_name=configuration.name,
            tags=site.tags,
            opts=site.child(depends_on=[hosted.access.policy, hosted.log_group]),
        )
        self.model = answering(container_of(site, design), resource, configuration)
        front = self._front(site, design, args, resource.name, topic)
        self.graphs = endpoint_graphs(design, endpoint)
        if design.dashboard:
            dashboard(site, {"": [*front, *self.graphs]})
        self.endpoint_name = resource.name
        self.monthly_bill = pulumi.Output.from_input(monthly_ends(args))
        outputs = {"endpoint_name": self.endpoint_name, "monthly_bill": self.monthly_bill}
        self.register_outputs({**outputs, **self._fronted()})


def _throttle_alarm(site: Site, design: ServerlessDesign, endpoint: str, topic: pulumi.Input[str]) -> None:
    """At its full concurrency the endpoint refuses what comes next."""
    alarm(
        site,
        "throttles",
        topic,
        Metric(
            NAMESPACE,
            "ServerlessConcurrentExecutionsUtilization",
            {"EndpointName": endpoint, "VariantName": VARIANT},
            "Maximum",
        ),
        Rule.at_least(1),
        f"{endpoint}: all of its {design.max_concurrency} executions are busy; the next request is refused.",
    )
