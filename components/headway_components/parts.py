"""The parts of a hybrid: the simple architectures' own components, wired to what they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pulumi

from headway.architectures.design import SimpleDesign
from headway_components.asynchronous import AsynchronousEndpoint
from headway_components.batch import SpotBatch
from headway_components.dashboard import Graph
from headway_components.microbatch import MicroBatch
from headway_components.realtime import RealtimeEndpoint
from headway_components.router import Target
from headway_components.serverless import ServerlessEndpoint
from headway_components.site import Site, Wiring

SIMPLE: Final[Mapping[str, Callable[..., pulumi.ComponentResource]]] = {
    "realtime": RealtimeEndpoint,
    "serverless": ServerlessEndpoint,
    "asynchronous": AsynchronousEndpoint,
    "microbatch": MicroBatch,
    "batch": SpotBatch,
}
"""The component that provisions each simple architecture, under the planner's name for it."""
QUEUED = frozenset({"asynchronous", "microbatch", "batch"})
"""Those that write results, to a bucket that they may share."""


def part(
    site: Site, name: str, design: SimpleDesign, wiring: Mapping[str, Any], **more: Any
) -> pulumi.ComponentResource:
    """A part's component below the hybrid's."""
    handed = {key: value for key, value in wiring.items() if key in Wiring.__annotations__}
    return SIMPLE[design.architecture](
        f"{site.name}-{name}", {**handed, **more, "design": design}, pulumi.ResourceOptions(parent=site.parent)
    )


ADDRESSES = (
    "endpoint_name",
    "queue_url",
    "dead_letter_queue",
    "results_bucket",
    "dispatcher",
    "function_name",
    "manifests",
)
"""What a part may expose; those it has are told."""


def addresses(parts: Mapping[str, pulumi.ComponentResource]) -> pulumi.Output[Mapping[str, Mapping[str, str]]]:
    """Where each part is reached, beside the router: its queue, its endpoint, where its results lie."""
    found: dict[str, Any] = {
        name: {one: value for one in ADDRESSES if (value := getattr(made, one, None)) is not None}
        for name, made in parts.items()
    }
    return pulumi.Output.from_input(found)


def graphs_of(made: pulumi.ComponentResource) -> list[Graph]:
    """What a dashboard shows of a part."""
    graphs: list[Graph] = getattr(made, "graphs", [])
    return graphs


def target(site: Site, made: pulumi.ComponentResource, max_wait_s: float) -> Target:
    """Where the router sends a part's requests."""
    if isinstance(made, RealtimeEndpoint | ServerlessEndpoint):
        return Target("live", max_wait_s, endpoint_name=made.endpoint_name, model=made.model)
    if isinstance(made, AsynchronousEndpoint):
        return Target("asynchronous", max_wait_s, endpoint_name=made.endpoint_name)
    if not isinstance(made, SpotBatch | MicroBatch):
        raise TypeError(f"no requests can be sent to {type(made).__name__}")
    arn = site.arn("sqs", made.queue_url.apply(lambda address: address.rsplit("/", 1)[-1]))
    return Target("queue", max_wait_s, queue_url=made.queue_url, queue_arn=arn)
