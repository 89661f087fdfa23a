"""What a change does, as values: a Diff of StackChanges, each with two Snapshots; written as JSON, shown by reports."""

from __future__ import annotations

from typing import Literal

from headway.architectures.candidate import Operations, Result
from headway.architectures.design import Wait
from headway.bill.lines import Range, State
from headway.planning.changes import FieldChange
from headway.planning.former import Kept
from headway.units import Money


class Counts(Result):
    """Lines of a bill by their state: how much of it is known."""

    priced: int
    free: int
    unpriced: int
    not_modelled: int


class Snapshot(Result):
    """What a stack would run on one side, and its month."""

    architecture: str | None
    """None where nothing meets the wait."""
    monthly: Range | None
    operations: Operations | None
    wait: Wait | None
    percentile: float | None
    limit_s: float | None
    """The max_wait that the wait is held against."""
    why: tuple[str, ...]
    unpriced: tuple[str, ...]
    coverage: Counts | None
    scale: float
    locked: bool
    prices_as_of: str
    region: str
    alongside: str | None = None
    """The architecture that runs beside it; the bill is of both."""
    kept: tuple[Kept, ...] = ()
    """Data of what ran before."""
    stale_prices: Money | None = None
    """USD a month of this bill that rest on stale prices, on the day of the comparison; None where that is little."""


class LineChange(Result):
    """A line of the bill on both sides. A side that does not have it, or has no price for it, has no amount."""

    description: str
    service: str
    meter: str
    unit: str
    state_before: State | None
    state_after: State | None
    quantity_before: Money | None
    quantity_after: Money | None
    unit_price_before: Money | None
    unit_price_after: Money | None
    before: Money | None
    after: Money | None
    change: Money | None
    """Expected USD a month; None where an amount that is there has no price."""


class Causes(Result):
    """What a change of the bill comes from, in USD a month; they add up to it. None where it cannot be told."""

    prices: Money | None
    traffic: Money | None
    design: Money | None
    """Everything else: another architecture, another wait, other measurements, another version of the planner."""


StackState = Literal["new", "removed", "changed", "unchanged", "invalid"]


class StackChange(Result):
    """One environment before and after."""

    stack: str
    profile: str | None
    state: StackState
    before: Snapshot | None
    after: Snapshot | None
    change: Range | None
    """USD a month; with a new stack all of it, with a removed one all of it gone. None where a side is unknown."""
    percent: float | None
    """Of the expected bill before; None where there was none."""
    causes: Causes | None = None
    lines: tuple[LineChange, ...] = ()
    """The lines that changed, the largest change first."""
    fields: tuple[FieldChange, ...] = ()
    """Fields of the profile and settings of the stack."""
    assumptions: tuple[FieldChange, ...] = ()
    """Defaults and assumed numbers whose value changed, came or went."""
    consequences: tuple[str, ...] = ()
    """What the update does to what is there, in words: what comes, goes and stays, whose name changes."""
    forgotten: tuple[Kept, ...] = ()
    """Data that the update deletes."""
    new_resources: tuple[str, ...] = ()
    """Pulumi types that are on the bill after and were not before."""
    gone_resources: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    """Fields in which the profile after disagrees with its lock: what runs until somebody locks is another plan."""
    problems: tuple[str, ...] = ()
    """Why a side is invalid."""
    over: str | None = None
    """The budget or limit of the stack that the bill after is above."""


class Uncovered(Result):
    """A resource of a ``pulumi preview`` and where its cost stands."""

    urn: str
    type: str
    name: str
    ours: bool
    """Made by one of our components."""


class Component(Result):
    """One `Inference` of a ``pulumi preview``, with the bill that it carries."""

    urn: str
    name: str
    architecture: str
    monthly: Range


class PreviewCoverage(Result):
    """What a preview registers, against the bill of its stack."""

    stack: str
    billed: int
    free: int
    not_modelled: int
    components: tuple[Component, ...] = ()
    """Each with the bill of what it provisions; one whose plan was not compared is priced by that alone."""
    in_components: int = 0
    """Resources of components whose plans were not compared."""
    uncovered: tuple[Uncovered, ...]
    """On no list of ours: its cost is not in the bill."""


class Diff(Result):
    """What a change does to every environment."""

    schema_version: Literal[1] = 1
    base: str
    head: str
    verdict: str
    changed: bool
    stacks: tuple[StackChange, ...]
    before: Range | None
    """Of all environments together; None where one is unknown."""
    after: Range | None
    change: Range | None
    percent: float | None
    broken: tuple[str, ...]
    """The sentences that say which threshold, limit or budget is broken."""
    notes: tuple[str, ...]
    preview: PreviewCoverage | None = None

    @property
    def invalid(self) -> bool:
        """Whether a side of a stack cannot be read."""
        return any(stack.state == "invalid" for stack in self.stacks)
