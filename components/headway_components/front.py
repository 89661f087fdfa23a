"""The router before a single endpoint, where its design has one: its bucket, its API, its ladder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from headway.architectures.design import LiveDesign
from headway.architectures.hybrid_design import Route
from headway.errors import HeadwayError
from headway_components.dashboard import Graph, router_graphs
from headway_components.router import Router, Target, Told, router
from headway_components.site import Site
from headway_components.storage import REQUESTS, RESULTS, stack_bucket

LIVE = "live"
FRONT_OUTPUTS = ("api_url", "router", "results_bucket", "queue_url", "dead_letter_queue")


class Fronted(pulumi.ComponentResource):
    """An endpoint's component: callers that want the ladder go by ``api_url``, or send to ``queue_url``."""

    api_url: pulumi.Output[str] | None = None
    """None without a router, as are the others."""
    router: pulumi.Output[str] | None = None
    results_bucket: pulumi.Output[str] | None = None
    queue_url: pulumi.Output[str] | None = None
    dead_letter_queue: pulumi.Output[str] | None = None
    model: pulumi.Output[str]
    """What results say of the model that answers here."""

    def _front(
        self,
        site: Site,
        design: LiveDesign,
        args: Mapping[str, Any],
        endpoint_name: pulumi.Input[str],
        topic: pulumi.Input[str],
    ) -> list[Graph]:
        """Make the design's router; what a dashboard shows of it.

        Raises:
            HeadwayError: A bucket is wired in, and nothing would write to it.
        """
        if design.router is None:
            if args.get("results_bucket") is not None:
                raise HeadwayError(
                    f"{site.name}: results_bucket has no use: the endpoint answers its callers itself; only the router "
                    "of a profile with a fallback writes results"
                )
            return []
        bucket = stack_bucket(site, design.results_kept_days, args, (RESULTS, REQUESTS))
        told = Told(
            routes=[Route(tier=LIVE, share=1.0, part=LIVE, max_wait_s=design.max_wait_s)],
            targets={LIVE: Target(LIVE, design.max_wait_s, endpoint_name=endpoint_name, model=self.model)},
            bucket=bucket,
        )
        made = router(site, design.router, told, topic, log_retention_days=design.log_retention_days)
        self.api_url, self.router = made.api_url, made.function_name
        self.results_bucket = pulumi.Output.from_input(bucket.name)
        self.queue_url, self.dead_letter_queue = queue_outputs(made)
        return router_graphs(made)

    def _fronted(self) -> dict[str, pulumi.Output[str]]:
        """The outputs that there are."""
        return {name: value for name in FRONT_OUTPUTS if (value := getattr(self, name)) is not None}


def queue_outputs(made: Router | None) -> tuple[pulumi.Output[str] | None, pulumi.Output[str] | None]:
    """The address of a router's own queue and the name of its dead-letter queue; None where it has none."""
    queue = made.ladder.queue if made and made.ladder else None
    if queue is None:
        return None, None
    return pulumi.Output.from_input(queue.url), pulumi.Output.from_input(queue.dead_letters)
