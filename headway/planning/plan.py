"""The Plan: the one value that carries everything downstream, as it is printed, locked and provisioned."""

from __future__ import annotations

from typing import Literal

from headway.architectures.candidate import Candidate, Operations, Result
from headway.architectures.design import Wait
from headway.architectures.hybrid_design import Design
from headway.bill.lines import Range
from headway.units import Money


class ProfileReference(Result):
    """Which profile a plan answers."""

    name: str
    digest: str
    budget: Money | None = None
    """The most USD a month that its owner allows, where one is declared."""
    waits: tuple[float, float] | None = None
    """Seconds: the shortest and the longest wait that any hour's requests were promised."""


class PricesReference(Result):
    """Which prices a plan was made with."""

    region: str
    as_of: str


class Choice(Result):
    """The architecture that won, and what a reader wants to know of it first."""

    architecture: str
    why: tuple[str, ...]
    monthly: Range
    operations: Operations
    wait: Wait
    per_1000_requests: Money | None
    utilization: float | None


class NotConsidered(Result):
    """Something that was left out, and what to do so that it can be considered."""

    what: str
    reason: str


class UsedAssumption(Result):
    """A default or an assumed number that the plan rests on."""

    name: str
    value: str
    unit: str
    source: str
    as_of: str
    observations: int | None = None
    """Of what was observed on the stack (``headway calibrate``): how many it rests on; None for a default."""


class Current(Result):
    """What runs today: as stated in the profile, as priced here, and what the choice costs less."""

    description: str
    stated: Money | None
    priced: Money | None
    difference: Money | None
    """Today's bill (stated, else priced) minus the choice's expected bill."""


class Closest(Result):
    """With nothing feasible: the candidate that comes closest and the limit to relax."""

    architecture: str
    relax: str


class Plan(Result):
    """What Headway answers for one profile in one environment."""

    schema_version: Literal[1] = 1
    profile: ProfileReference
    prices: PricesReference
    scale: float = 1.0
    choice: Choice | None
    closest: Closest | None = None
    candidates: tuple[Candidate, ...]
    not_considered: tuple[NotConsidered, ...] = ()
    assumptions: tuple[UsedAssumption, ...] = ()
    warnings: tuple[str, ...] = ()
    """What the profile or the book leaves open, said before it surprises anyone."""
    current: Current | None = None

    @property
    def chosen(self) -> Candidate | None:
        """The candidate that the choice names."""
        if self.choice is None:
            return None
        return next(c for c in self.candidates if c.architecture == self.choice.architecture)

    @property
    def design(self) -> Design | None:
        """The chosen Design: what the bill priced and what a component provisions."""
        return None if self.chosen is None else self.chosen.design
