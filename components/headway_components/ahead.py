"""What precomputed and features have alike: a table, the batch that fills it, the live part, the router before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from headway.architectures.hybrid_design import FeaturesDesign, PrecomputedDesign, Route
from headway_components.alarms import alarm_topic
from headway_components.arguments import monthly_ends
from headway_components.batch import SpotBatch
from headway_components.dashboard import dashboard, router_graphs, table_graphs
from headway_components.front import queue_outputs
from headway_components.parts import QUEUED, addresses, graphs_of, part, target
from headway_components.router import Router, Table, Told, router
from headway_components.row_table import row_table
from headway_components.site import Site
from headway_components.storage import DEPARTURES, FAILURES, REQUESTS, RESULTS, stack_bucket
from headway_components.table_alarms import table_alarms

LIVE, FILL = "live", "fill"
SHARED_PREFIXES = (RESULTS, REQUESTS, FAILURES, DEPARTURES)
"""What the bucket of router and live part forgets after a while."""
OUTPUTS = (
    "api_url", "results_bucket", "manifests", "table", "router", "addresses", "monthly_bill", "queue_url",
    "dead_letter_queue",
)  # fmt: skip


class ComputedAhead(pulumi.ComponentResource):
    """A component whose router stands before a table that batch fills ahead."""

    api_url: pulumi.Output[str]
    results_bucket: pulumi.Output[str]
    manifests: pulumi.Output[str]
    """Where a manifest of what shall be computed is written to, at each refresh."""
    table: pulumi.Output[str]
    router: pulumi.Output[str]
    addresses: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """By part: its queue, endpoint, bucket, dead-letter queue."""
    queue_url: pulumi.Output[str] | None
    """The router's own queue, where its ladder has one."""
    dead_letter_queue: pulumi.Output[str] | None
    fill: SpotBatch
    live: pulumi.ComponentResource
    monthly_bill: pulumi.Output[Mapping[str, str] | None]

    def _provision(
        self, name: str, design: PrecomputedDesign | FeaturesDesign, args: Mapping[str, Any], *, holds: str
    ) -> None:
        site = Site.of(self, name, design.architecture, design.region, args)
        made = computed_ahead(site, design, args, holds=holds)
        self.fill, self.live = made.fill, made.live
        self.api_url, self.router = made.router.api_url, made.router.function_name
        self.results_bucket, self.table = made.results_bucket, made.table
        self.queue_url, self.dead_letter_queue = queue_outputs(made.router)
        self.addresses = addresses({FILL: made.fill, LIVE: made.live})
        self.manifests = pulumi.Output.from_input(made.fill.manifests or "")
        self.monthly_bill = pulumi.Output.from_input(monthly_ends(args))
        self.register_outputs({one: value for one in OUTPUTS if (value := getattr(self, one)) is not None})


@dataclass(frozen=True)
class Ahead:
    """What was made."""

    fill: SpotBatch
    live: pulumi.ComponentResource
    router: Router
    table: pulumi.Output[str]
    results_bucket: pulumi.Output[str]


def computed_ahead(
    site: Site, design: PrecomputedDesign | FeaturesDesign, args: Mapping[str, Any], *, holds: str
) -> Ahead:
    """The table, its fill (with a bucket of its own, for manifests), the live part and the router."""
    topic = alarm_topic(site, args.get("alarm_topic_arn"))
    wiring = {**args, "alarm_topic_arn": topic}
    rows = row_table(site, design.table)
    bucket = stack_bucket(site, design.fill.results_kept_days, args, SHARED_PREFIXES)
    fill = part(site, FILL, design.fill, wiring, table=rows)
    if not isinstance(fill, SpotBatch):
        raise TypeError(f"a fill is batch, not {design.fill.architecture}")
    shared = {"results_bucket": bucket.name} if design.live.architecture in QUEUED else {}
    live = part(site, LIVE, design.live, wiring, **shared)
    told = Told(
        routes=[Route(tier=LIVE, share=1.0, part=LIVE, max_wait_s=design.max_wait_s)],
        targets={LIVE: target(site, live, design.max_wait_s)},
        bucket=bucket,
        table=Table(rows, holds),
    )
    made = router(site, design.router, told, topic, log_retention_days=design.log_retention_days)
    table_alarms(site, design, topic, made.name)
    if design.dashboard:
        dashboard(
            site,
            {
                "": [*router_graphs(made), *table_graphs(design, made.name)],
                FILL: graphs_of(fill),
                LIVE: graphs_of(live),
            },
        )
    return Ahead(fill, live, made, pulumi.Output.from_input(rows.name), pulumi.Output.from_input(bucket.name))
