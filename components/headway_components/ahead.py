"""What precomputed and features have alike: a table, the batch that fills it, the live part, the router before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from headway.architectures.hybrid_design import FeaturesDesign, PrecomputedDesign, Route
from headway_components.alarms import alarm_topic
from headway_components.batch import SpotBatch
from headway_components.hosted_model import container_of
from headway_components.parts import QUEUED, part, target
from headway_components.router import Router, Table, Told, router
from headway_components.row_table import row_table
from headway_components.site import Site
from headway_components.storage import FAILURES, REQUESTS, RESULTS, stack_bucket

LIVE, FILL = "live", "fill"


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
    bucket = stack_bucket(site, design.fill.results_kept_days, {}, (RESULTS, REQUESTS, FAILURES))
    fill = part(site, FILL, design.fill, wiring, table=rows)
    if not isinstance(fill, SpotBatch):
        raise TypeError(f"a fill is batch, not {design.fill.architecture}")
    shared = {"results_bucket": bucket.name} if design.live.architecture in QUEUED else {}
    live = part(site, LIVE, design.live, wiring, **shared)
    told = Told(
        routes=[Route(tier=LIVE, share=1.0, part=LIVE, max_wait_s=design.max_wait_s)],
        targets={LIVE: target(site, live, design.max_wait_s)},
        bucket=bucket,
        model=container_of(site, design).image.rsplit("/", 1)[-1],
        table=Table(rows, holds),
    )
    made = router(site, design.router, told, topic, log_retention_days=design.log_retention_days)
    return Ahead(fill, live, made, pulumi.Output.from_input(rows.name), pulumi.Output.from_input(bucket.name))
