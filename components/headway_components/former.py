"""What architectures held that a stack no longer runs: their queues, buckets and tables stay, and nothing else does.

A change of plan takes the old workers, endpoints and functions away. Requests that still wait and results that somebody
still reads stay where they are, under the same URNs: going back finds them again. So do the queue and the table of a
rung that a ladder no longer has. `headway lock --forget` lets them go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi

from headway.architectures.design import AsynchronousDesign, BatchDesign, LiveDesign, MicroBatchDesign
from headway.architectures.hybrid_design import Design, FeaturesDesign, PrecomputedDesign, TieredDesign
from headway.architectures.router_design import LadderDesign
from headway.planning.former import Held, held_by, holds, parts_of
from headway_components.ahead import FILL, SHARED_PREFIXES
from headway_components.asynchronous import PREFIXES as ASYNCHRONOUS_PREFIXES
from headway_components.batch import prefixes_of
from headway_components.ladder import ladder
from headway_components.parts import QUEUED
from headway_components.request_queue import Queue, stack_queue
from headway_components.row_table import row_table
from headway_components.site import Site
from headway_components.storage import REQUESTS, RESULTS, stack_bucket
from headway_components.tiered import PREFIXES as TIERED_PREFIXES

TOKENS: Final[Mapping[str, str]] = {
    "batch": "headway:index:SpotBatch",
    "microbatch": "headway:index:MicroBatch",
    "asynchronous": "headway:index:AsynchronousEndpoint",
    "tiered": "headway:index:Tiered",
    "precomputed": "headway:index:Precomputed",
    "features": "headway:index:FeatureStore",
    "realtime": "headway:index:RealtimeEndpoint",
    "serverless": "headway:index:ServerlessEndpoint",
}
"""The types of the components whose data this keeps: a part of each URN."""
_WIRED = ("queue_arn", "dead_letter_queue_arn", "results_bucket")


@dataclass(frozen=True)
class Running:
    """An architecture that runs, and its component."""

    design: Design
    component: pulumi.ComponentResource


class Former(pulumi.ComponentResource):
    """The data of one design, under its own component's type and name, so that every URN stays what it was."""

    def __init__(self, name: str, design: Design, wiring: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(TOKENS[design.architecture], name, {}, opts)
        site = Site.of(self, name, design.architecture, design.region, wiring)
        self.data = _own_data(site, design, wiring, _own(held_by(design)))
        self.register_outputs(self.data)


def keep(
    former: Sequence[Design],
    running: Sequence[Running],
    name: str,
    wiring: Mapping[str, Any],
    parent: pulumi.ComponentResource,
) -> dict[str, dict[str, pulumi.Input[str]]]:
    """Keep what former designs held and what runs now does not hold itself.

    Args:
        former: The designs that ran before, oldest first; of two that held the same, the later counts.
        running: What runs now.
        name: The `Inference`'s.
        wiring: What it was wired with.
        parent: The `Inference`.

    Returns:
        Where it is, by the architecture's name, or a hybrid's and its part's: ``{"batch": {"queue_url": ...}}``.
    """
    kept: dict[str, dict[str, pulumi.Input[str]]] = {}
    held = frozenset[Held]().union(*(held_by(one.design) for one in running))
    components = {one.design.architecture: one.component for one in running}
    for design in reversed(former):
        whole = design.architecture
        if whole not in components:
            made = Former(name, design, wiring, pulumi.ResourceOptions(parent=parent))
            components[whole], kept[whole] = made, made.data
        elif missing := _own(held_by(design) - held):
            # It runs without the router, or without a rung of the ladder, that it once had.
            site = Site.of(components[whole], name, whole, design.region, wiring)
            kept[whole] = _own_data(site, design, wiring, missing) | kept.get(whole, {})
        for part, one in _parts_that_hold(design):
            if (whole, part, one.architecture) not in held:
                # All parts but a fill write results into the hybrid's own bucket.
                shared = {"results_bucket": "the hybrid's"} if part != FILL and one.architecture in QUEUED else {}
                handed = {key: value for key, value in wiring.items() if key not in _WIRED} | shared
                made = Former(f"{name}-{part}", one, handed, pulumi.ResourceOptions(parent=components[whole]))
                kept[f"{whole}-{part}"] = made.data
        held |= held_by(design)
    return {key: data for key, data in kept.items() if data}


def _parts_that_hold(design: Design) -> Iterator[tuple[str, Design]]:
    return ((part, one) for part, one in parts_of(design).items() if holds(one))


def _own(held: frozenset[Held]) -> frozenset[str]:
    """Of what is held: a design's own, its parts' left out."""
    return frozenset(what for _, part, what in held if not part)


def _own_data(
    site: Site, design: Design, wiring: Mapping[str, Any], missing: frozenset[str]
) -> dict[str, pulumi.Input[str]]:
    """What a design's own component makes of queues, buckets and tables, its parts' left out, as outputs.

    ``missing``: the architecture for its own bucket, queue and table, rungs for what its ladder stands on.
    """
    found: dict[str, pulumi.Input[str]] = {}
    if not isinstance(design, BatchDesign | MicroBatchDesign | AsynchronousDesign) and design.router is not None:
        rungs = ladder(site, _only(design.router.ladder, missing))
        if rungs is not None and rungs.queue is not None:
            found |= _queue(rungs.queue)
        if rungs is not None and rungs.cache is not None:
            found["answers"] = rungs.cache.name
    if design.architecture not in missing:
        return found
    made = {key: wiring[key] for key in _WIRED if wiring.get(key) is not None}
    if isinstance(design, BatchDesign | MicroBatchDesign) and "queue_arn" not in made:
        found |= _queue(stack_queue(site, design, {}))
    if isinstance(design, PrecomputedDesign | FeaturesDesign):
        found["table"] = row_table(site, design.table).name
    if "results_bucket" not in made:
        days, prefixes = _bucket_of(design)
        found["results_bucket"] = stack_bucket(site, days, {}, prefixes).name
    return found


def _queue(made: Queue) -> dict[str, pulumi.Input[str]]:
    return {"queue_url": made.url, "dead_letter_queue": made.dead_letters}


def _only(design: LadderDesign | None, rungs: frozenset[str]) -> LadderDesign | None:
    """A ladder of these rungs' data and no other."""
    if design is None:
        return None
    return design.model_copy(update={rung: None for rung in ("queue", "cache") if rung not in rungs})


def _bucket_of(design: Design) -> tuple[int, Sequence[str]]:
    """How long a design's bucket keeps what, as its own component says."""
    if isinstance(design, BatchDesign):
        return design.results_kept_days, prefixes_of(design)
    if isinstance(design, TieredDesign):
        return design.results_kept_days, TIERED_PREFIXES
    if isinstance(design, PrecomputedDesign | FeaturesDesign):
        return design.fill.results_kept_days, SHARED_PREFIXES
    if isinstance(design, AsynchronousDesign):
        return design.results_kept_days, ASYNCHRONOUS_PREFIXES
    if isinstance(design, MicroBatchDesign | LiveDesign):
        return design.results_kept_days, (RESULTS, REQUESTS)
    raise TypeError(f"{design.architecture} holds no bucket")
