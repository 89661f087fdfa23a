"""Designs of the hybrids: a Design that holds Designs, and what stands before them (router) and beside them (table)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from headway.architectures.design import (
    AsynchronousDesign,
    BaseDesign,
    BatchDesign,
    MicroBatchDesign,
    RealtimeDesign,
    ServerlessDesign,
    SimpleDesign,
)
from headway.architectures.router_design import RouterDesign, TableDesign
from headway.architectures.table_watch import AgeWatch, MissWatch, watch_alarms
from headway.architectures.value import Value


class Part(Value):
    """One of the simple architectures inside a hybrid."""

    name: str
    design: SimpleDesign


class Route(Value):
    """The requests of one tier: the rule that tells them, and the part that serves them."""

    tier: str
    share: float
    part: str
    max_wait_s: float
    field: str | None = None
    """Of the request's attributes; None: all that no other route takes."""
    equals: str | int | float | bool | None = None
    any_of: tuple[str | int | float, ...] = ()
    above: float | None = None


class TieredDesign(BaseDesign):
    """A router that sends each request to its tier's own architecture. Tiers that gain from it share one."""

    architecture: Literal["tiered"] = "tiered"
    routes: tuple[Route, ...]
    """In the order in which they are tried."""
    parts: tuple[Part, ...]
    router: RouterDesign | None
    """None: its owner's own, which is neither made nor on the bill."""
    results_kept_days: int

    @property
    def alarms(self) -> dict[str, int]:
        """The router's; each part has its own."""
        return self.router.alarms if self.router is not None else {}


class PrecomputedDesign(BaseDesign):
    """Answers computed ahead by batch and given from a table; what is not there goes the live way."""

    architecture: Literal["precomputed"] = "precomputed"
    table: TableDesign
    fill: BatchDesign
    live: SimpleDesign
    router: RouterDesign
    candidates: int
    """Answers computed at each refresh."""
    refresh_s: float
    hit_rate: float
    miss_watch: MissWatch | None = None
    """An answer cannot be too old: its row expires first, and is missed."""

    @property
    def alarms(self) -> dict[str, int]:
        """The router's and the table's; each part has its own, that of a fill that nobody asks for among them."""
        return self.router.alarms | watch_alarms(self.miss_watch, None)


class FeaturesDesign(BaseDesign):
    """Stable features computed ahead by batch for each entity and joined with the live ones of a request."""

    architecture: Literal["features"] = "features"
    table: TableDesign
    fill: BatchDesign
    live: SimpleDesign
    router: RouterDesign
    entities: int
    refresh_s: float
    oldest_s: float
    """Age of a feature at the most: a whole refresh, and the time of filling."""
    miss_watch: MissWatch | None = None
    age_watch: AgeWatch | None = None

    @property
    def alarms(self) -> dict[str, int]:
        """The router's and the table's; each part has its own, that of a fill that nobody asks for among them."""
        return self.router.alarms | watch_alarms(self.miss_watch, self.age_watch)


Design = Annotated[
    RealtimeDesign
    | ServerlessDesign
    | AsynchronousDesign
    | MicroBatchDesign
    | BatchDesign
    | TieredDesign
    | PrecomputedDesign
    | FeaturesDesign,
    Field(discriminator="architecture"),
]


def simple_designs(design: Design) -> dict[str, SimpleDesign]:
    """The simple architectures that a design is made of, by part; a simple design is its own only part, ''."""
    if isinstance(design, TieredDesign):
        return {part.name: part.design for part in design.parts}
    if isinstance(design, PrecomputedDesign | FeaturesDesign):
        return {"fill": design.fill, "live": design.live}
    return {"": design}
