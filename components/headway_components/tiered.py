"""Tiered: a router that sends each request to its tier's own architecture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from headway.architectures.hybrid_design import TieredDesign
from headway_components.alarms import alarm_topic
from headway_components.arguments import Priced, checked, monthly_ends
from headway_components.dashboard import dashboard, router_graphs
from headway_components.front import queue_outputs
from headway_components.parts import QUEUED, addresses, graphs_of, part, target
from headway_components.router import Router, Told, router, router_policy, routing
from headway_components.site import Site
from headway_components.storage import FAILURES, REQUESTS, RESULTS, stack_bucket

PREFIXES = (RESULTS, REQUESTS, FAILURES)
"""What the bucket forgets after a while."""


class TieredArgs(Priced, total=False):
    """Arguments of `Tiered`; ``design`` is required."""

    design: TieredDesign | Mapping[str, Any]
    results_bucket: pulumi.Input[str]
    """An existing bucket for bodies, results and the runtime; its encryption and lifecycle are yours."""


class Tiered(pulumi.ComponentResource):
    """Tiers of requests on architectures of their own, as a `TieredDesign` says.

    ``POST {api_url}/requests`` (signed by IAM) answers 200 with a result, or 202 with a ticket whose result is at
    ``GET {api_url}/results/{id}``. All tiers share a bucket, an alarm topic and the router; each queue is its own.
    With a router of your own (the profile's ``router: own``) there is no API: yours is told `routing` and takes a role
    with `router_policy`.
    """

    api_url: pulumi.Output[str] | None
    results_bucket: pulumi.Output[str]
    router: pulumi.Output[str] | None
    routing: pulumi.Output[str]
    """What a router is told, in JSON: the rules by tier, and by part where its requests go."""
    router_policy: pulumi.Output[str]
    """What a router may do: an IAM policy of what these parts need, and no more."""
    addresses: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """By part: its queue, endpoint, bucket, dead-letter queue."""
    queue_url: pulumi.Output[str] | None
    """The router's own queue, where its ladder has one."""
    dead_letter_queue: pulumi.Output[str] | None
    parts: dict[str, pulumi.ComponentResource]
    monthly_bill: pulumi.Output[Mapping[str, str] | None]

    def __init__(self, name: str, args: TieredArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headway:index:Tiered", name, checked(name, args, TieredArgs), opts)
        design = TieredDesign.model_validate(args["design"])
        site = Site.of(self, name, design.architecture, design.region, args)
        bucket = stack_bucket(site, design.results_kept_days, args, PREFIXES)
        topic = alarm_topic(site, args.get("alarm_topic_arn"))
        wiring = {**args, "alarm_topic_arn": topic}
        self.parts, targets = {}, {}
        for one in design.parts:
            shared = {"results_bucket": bucket.name} if one.design.architecture in QUEUED else {}
            self.parts[one.name] = part(site, one.name, one.design, wiring, **shared)
            wait = min(route.max_wait_s for route in design.routes if route.part == one.name)
            targets[one.name] = target(site, self.parts[one.name], wait)
        told = Told(design.routes, targets, bucket)
        made: Router | None = None
        if design.router is not None:
            made = router(site, design.router, told, topic, log_retention_days=design.log_retention_days)
        if design.dashboard:
            shown = {name: graphs_of(one) for name, one in self.parts.items()}
            dashboard(site, {**({"": router_graphs(made)} if made is not None else {}), **shown})
        self.api_url = made.api_url if made is not None else None
        self.router = made.function_name if made is not None else None
        self.queue_url, self.dead_letter_queue = queue_outputs(made)
        self.routing, self.router_policy = routing(site, told), router_policy(site, told)
        self.addresses = addresses(self.parts)
        self.results_bucket = pulumi.Output.from_input(bucket.name)
        self.monthly_bill = pulumi.Output.from_input(monthly_ends(args))
        names = ("api_url", "results_bucket", "router", "routing", "router_policy", "addresses", "monthly_bill")
        outputs = {one: getattr(self, one) for one in names}
        queues = {"queue_url": self.queue_url, "dead_letter_queue": self.dead_letter_queue}
        self.register_outputs(outputs | {one: value for one, value in queues.items() if value is not None})
