"""Which designs of a stack's past still hold data: what a new lock has to remember of the ones before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from headway.architectures.candidate import Result
from headway.architectures.design import AsynchronousDesign, BatchDesign, LiveDesign, MicroBatchDesign
from headway.architectures.hybrid_design import Design, FeaturesDesign, PrecomputedDesign, simple_designs
from headway.profile.fallback import Rung

_WITHOUT_ROUTER = (AsynchronousDesign, BatchDesign, MicroBatchDesign)

Held = tuple[str, str, str]
"""What tells one design's data from another's: the whole's architecture, the part ('' for its own), and the part's
architecture or a rung of the whole's ladder."""

Kind = Literal["queue", "table", "bucket"]
_RUNGS: Final[Mapping[str, Kind]] = {"queue": "queue", "cache": "table"}
"""What a rung of a ladder stands on."""
FILL = "fill"
"""The part of a hybrid that computes ahead, into a bucket of its own; all others write into the hybrid's."""


class Kept(Result):
    """Data that a stack keeps of what it no longer runs."""

    architecture: str
    holds: tuple[Kind, ...]
    """What is there, by kind; several of a kind count once."""


def parts_of(design: Design) -> Mapping[str, Design]:
    """A hybrid's parts by name; none of the simple ones."""
    return {name: one for name, one in simple_designs(design).items() if name}


def holds(design: Design) -> bool:
    """Whether a design has a queue, a bucket or a table of its own; an endpoint has with a router before it."""
    return not isinstance(design, LiveDesign) or design.router is not None


def rungs_of(design: Design) -> frozenset[Rung]:
    """The rungs of a design's ladder that hold data: the queue and the table of last good answers."""
    router = None if isinstance(design, _WITHOUT_ROUTER) else design.router
    if router is None:
        return frozenset()
    made: dict[Rung, object] = {"queue": router.queue, "cache": router.cache}
    return frozenset(rung for rung, one in made.items() if one is not None)


def held_by(design: Design) -> frozenset[Held]:
    """The data of a design."""
    whole = design.architecture
    own: set[Held] = {(whole, "", whole)} if holds(design) else set()
    own |= {(whole, "", rung) for rung in rungs_of(design)}
    parts = {(whole, name, one.architecture) for name, one in parts_of(design).items() if holds(one)}
    return frozenset(own | parts)


def still_holding(past: Iterable[Design], running: Iterable[Design]) -> tuple[Design, ...]:
    """The designs of the past, in their order, with data that neither a running nor a later one holds."""
    held = frozenset[Held]().union(*(held_by(one) for one in running))
    kept: list[Design] = []
    for design in reversed(tuple(past)):
        if held_by(design) - held:
            kept.insert(0, design)
            held |= held_by(design)
    return tuple(kept)


def kept_data(past: Iterable[Design], running: Iterable[Design]) -> tuple[Kept, ...]:
    """What the designs of the past hold that neither a running nor a later one does, in their order.

    >>> from headway import load_profile, plan
    >>> batch = plan(load_profile("stacks/profiles/loan-documents.yaml")).design
    >>> [(one.architecture, one.holds) for one in kept_data([batch], running=[])]
    [('batch', ('queue', 'bucket'))]
    """
    held = frozenset[Held]().union(*(held_by(one) for one in running))
    found: list[Kept] = []
    for design in reversed(tuple(past)):
        kinds = {kind for one in held_by(design) - held for kind in _kinds(design, one)}
        if kinds:
            rows: tuple[Kind, ...] = ("queue", "table", "bucket")
            found.insert(0, Kept(architecture=design.architecture, holds=tuple(one for one in rows if one in kinds)))
        held |= held_by(design)
    return tuple(found)


def _kinds(design: Design, held: Held) -> set[Kind]:
    """What one piece of a design's data is made of."""
    _, part, what = held
    if part:
        own = _own(parts_of(design)[part])
        return own if part == FILL else own - {"bucket"}
    return {_RUNGS[what]} if what in _RUNGS else _own(design)


def _own(design: Design) -> set[Kind]:
    """A design's own data, its parts' and its ladder's left out."""
    if isinstance(design, BatchDesign | MicroBatchDesign):
        return {"queue", "bucket"}
    return {"table", "bucket"} if isinstance(design, PrecomputedDesign | FeaturesDesign) else {"bucket"}
