"""Precomputed: answers filled ahead by batch, given from a table; what is not there goes the live way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from headway.architectures.hybrid_design import PrecomputedDesign
from headway_components.ahead import computed_ahead
from headway_components.batch import SpotBatch
from headway_components.parts import addresses
from headway_components.site import Site, Wiring


class PrecomputedArgs(Wiring, total=False):
    """Arguments of `Precomputed`; ``design`` is required."""

    design: PrecomputedDesign | Mapping[str, Any]
    monthly_bill: Mapping[str, str]


class Precomputed(pulumi.ComponentResource):
    """Answers computed ahead, as a `PrecomputedDesign` says.

    Write a manifest of predicted requests to ``manifests`` at each refresh. ``POST {api_url}/requests`` (signed by IAM)
    answers from the table where it can, and asks the live part, or queues, where not.
    """

    api_url: pulumi.Output[str]
    results_bucket: pulumi.Output[str]
    manifests: pulumi.Output[str]
    """Where a manifest of what shall be computed is written to, at each refresh."""
    table: pulumi.Output[str]
    router: pulumi.Output[str]
    addresses: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """By part: its queue, endpoint, bucket, dead-letter queue."""
    fill: SpotBatch
    live: pulumi.ComponentResource
    monthly_bill: pulumi.Output[Mapping[str, str] | None]

    def __init__(self, name: str, args: PrecomputedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headway:index:Precomputed", name, {}, opts)
        design = PrecomputedDesign.model_validate(args["design"])
        site = Site.of(self, name, design.architecture, design.region, args)
        made = computed_ahead(site, design, args, holds="answers")
        self.fill, self.live = made.fill, made.live
        self.api_url, self.router = made.router.api_url, made.router.function_name
        self.results_bucket, self.table = made.results_bucket, made.table
        self.addresses = addresses({"fill": made.fill, "live": made.live})
        self.manifests = pulumi.Output.from_input(made.fill.manifests or "")
        self.monthly_bill = pulumi.Output.from_input(args.get("monthly_bill"))
        names = ("api_url", "results_bucket", "manifests", "table", "router", "addresses", "monthly_bill")
        self.register_outputs({one: getattr(self, one) for one in names})
