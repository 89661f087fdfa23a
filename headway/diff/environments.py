"""Environments side by side: what each stack of one side runs, how large, within which caps, and its lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from headway.architectures.candidate import Result
from headway.architectures.design import (
    AsynchronousDesign,
    BatchDesign,
    MicroBatchDesign,
    RealtimeDesign,
    ServerlessDesign,
)
from headway.architectures.hybrid_design import Design, FeaturesDesign, PrecomputedDesign, TieredDesign
from headway.diff.change import Snapshot
from headway.diff.compare import snapshot
from headway.diff.sides import StackSide, read_side
from headway.diff.sources import Source
from headway.errors import HeadwayError, nearest
from headway.planning.lock import LockError
from headway.planning.stacks import stack_names
from headway.units import Money

LockState = Literal["current", "stale", "missing"]


class Caps(Result):
    """What bounds an environment; None where nothing does."""

    max_monthly: Money | None
    max_instances: int | None
    budget: Money | None
    """Of the profile, the same in every environment."""


class Environment(Result):
    """One stack: what it runs today, or would run once locked."""

    stack: str
    profile: str | None
    runs: Snapshot | None
    """None where ``problem`` says why."""
    requests_per_month: float | None
    sizes: Mapping[str, str]
    """What is there at the most and at the least, in words: the Design's own numbers."""
    caps: Caps
    lock: LockState
    stale: tuple[str, ...]
    """The fields in which profile or settings differ from the lock."""
    protect_data: bool
    tags: Mapping[str, str]
    over: str | None
    """Why it costs more than its caps allow."""
    problem: str | None
    """Why nothing can run as it is declared."""

    @property
    def ready(self) -> bool:
        """Whether ``pulumi up`` would run what is locked, within its caps."""
        fits = self.runs is not None and self.runs.architecture is not None
        return fits and self.lock == "current" and self.over is None


class Environments(Result):
    """The environments of a project, smallest first."""

    schema_version: Literal[1] = 1
    environments: tuple[Environment, ...]


def environments(source: Source, stacks: tuple[str, ...] | None = None) -> Environments:
    """The environments of a side, by rising share of the traffic; what cannot be read comes last.

    Raises:
        HeadwayError: The side has no stacks, or not the named ones.
    """
    if source.folder is None:
        raise HeadwayError(f"{source.label}: a project's folder or a revision is needed, which has stacks")
    names = stack_names(source.folder)
    for name in stacks or ():
        if name not in names:
            raise LockError(f"no stack {name!r}{nearest(name, names) or '; there are ' + ', '.join(names)}")
    found = [_environment(side) for side in read_side(source, stacks).values()]
    return Environments(
        environments=tuple(sorted(found, key=lambda one: (one.runs is None, one.runs.scale if one.runs else 0)))
    )


def _environment(side: StackSide) -> Environment:
    plan, settings = side.plan, side.settings
    budget = side.profile.budget.monthly if side.profile is not None and side.profile.budget is not None else None
    return Environment(
        stack=side.stack, profile=settings.profile if settings else None, runs=snapshot(side),
        requests_per_month=plan.chosen.monthly_requests if plan is not None and plan.chosen is not None else None,
        sizes=dict(sizes(plan.design)) if plan is not None and plan.design is not None else {},
        caps=Caps(
            max_monthly=settings.max_monthly if settings else None,
            max_instances=settings.max_instances if settings else None,
            budget=budget,
        ),
        lock="stale" if side.stale else "current" if side.locked and side.problem is None else "missing",
        stale=side.stale,
        protect_data=settings.protect_data if settings else False, tags=settings.tags if settings else {},
        over=side.over, problem=side.problem,
    )  # fmt: skip


def sizes(design: Design) -> Iterator[tuple[str, str]]:
    """What a design sizes, each with its name: instances from the least to the most, windows, batches.

    >>> from headway import load_profile, plan
    >>> dict(sizes(plan(load_profile("stacks/profiles/contact-form.yaml")).design))
    {'memory': '2 GB', 'concurrency': '1'}
    """
    if isinstance(design, RealtimeDesign):
        yield design.instance_type, _span(min(design.floors), design.max_instances)
    elif isinstance(design, ServerlessDesign):
        yield "memory", f"{design.memory_mb / 1024:g} GB"
        yield "concurrency", str(design.max_concurrency)
    elif isinstance(design, AsynchronousDesign):
        yield design.instance_type, _span(design.min_instances, design.max_instances)
    elif isinstance(design, MicroBatchDesign):
        yield "batches", f"{design.batch_size} or {design.window_s} s"
        yield from sizes(design.endpoint)
    elif isinstance(design, BatchDesign):
        departures = sum(
            len(rule.days) * len(range(rule.from_minute, rule.to_minute, rule.every_minutes))
            for rule in design.departures
        )
        yield "departures", f"{departures} a week"
        most: dict[str, int] = {}
        for pool in design.pools:
            most[pool.instance_type] = max(pool.max_workers, most.get(pool.instance_type, 0))
        for instance_type, workers in most.items():
            yield instance_type, _span(0, workers)
    else:
        for name, one in _parts(design):
            yield from ((f"{name}: {what}", size) for what, size in sizes(one))


def _parts(design: TieredDesign | PrecomputedDesign | FeaturesDesign) -> list[tuple[str, Design]]:
    if isinstance(design, TieredDesign):
        return [(part.name, part.design) for part in design.parts]
    return [("fill", design.fill), ("live", design.live)]


def _span(least: int, most: int) -> str:
    return str(most) if least == most else f"{least} to {most}"
