"""What a design can serve in each hour of the week, beside the demand: what a reader holds against each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from headway.architectures.design import (
    AsynchronousDesign,
    BatchDesign,
    MicroBatchDesign,
    RealtimeDesign,
    ServerlessDesign,
    SimpleDesign,
)
from headway.architectures.filling import share_of_work
from headway.architectures.hybrid_design import Design, FeaturesDesign, PrecomputedDesign, TieredDesign
from headway.architectures.workload import Workload
from headway.units import HOURS_PER_WEEK

_MINUTES = HOURS_PER_WEEK * 60


class Departure(NamedTuple):
    """One moment at which batch workers may leave."""

    minute: int
    """Of the week; 0 = Monday 00:00."""
    items: int
    """At most, by all workers of it."""


class PartCapacity(NamedTuple):
    """One part of a design: the share of requests that it gets, and what it can serve. 168 values, requests an hour."""

    part: str
    """``""`` where the design has no parts."""
    architecture: str
    share: float
    per_hour: tuple[float, ...]
    """With departures: what each takes, spread over the time since the one before."""
    instances: tuple[int, ...]
    """Floors by hour; empty where nothing stands by."""
    departures: tuple[Departure, ...]


def weekly_capacity(design: Design, workload: Workload) -> tuple[PartCapacity, ...]:
    """Each part that requests go to; what only fills a table ahead is none of them."""
    if isinstance(design, TieredDesign):
        return tuple(
            _simple(part.design, workload, part.name, sum(r.share for r in design.routes if r.part == part.name))
            for part in design.parts
        )
    if isinstance(design, PrecomputedDesign):
        return (_simple(design.live, workload, "live", 1 - design.hit_rate),)
    if isinstance(design, FeaturesDesign):
        return (_simple(design.live, without_stable(workload), "live", 1.0),)
    return (_simple(design, workload, "", 1.0),)


def departures_of(design: BatchDesign) -> Iterator[Departure]:
    """The departures of a week in order."""
    found: dict[int, int] = {}
    for rule in design.departures:
        for day in rule.days:
            for minute in range(rule.from_minute, rule.to_minute, rule.every_minutes):
                moment = day * 1440 + minute
                found[moment] = found.get(moment, 0) + rule.quota * rule.max_workers
    return (Departure(minute, items) for minute, items in sorted(found.items()))


def _simple(design: SimpleDesign, workload: Workload, part: str, share: float) -> PartCapacity:
    if isinstance(design, BatchDesign):
        departures = tuple(departures_of(design))
        return PartCapacity(part, design.architecture, share, _spread(departures), (), departures)
    instances, each = _standing(design, workload)
    return PartCapacity(
        part, design.architecture, share, tuple(count * each for count in instances),
        () if isinstance(design, ServerlessDesign) else instances, (),
    )  # fmt: skip


def _standing(design: SimpleDesign, workload: Workload) -> tuple[tuple[int, ...], float]:
    """Units by hour of week, and what one of them serves in an hour."""
    if isinstance(design, MicroBatchDesign):
        return design.endpoint.floors, 3600 / design.seconds_per_batch * design.batch_size
    if isinstance(design, ServerlessDesign):
        service, _ = workload.single_service(f"serverless-{design.memory_mb // 1024}GB")
        return (design.max_concurrency,) * HOURS_PER_WEEK, 3600 / service.mean
    if isinstance(design, AsynchronousDesign):
        service, _ = workload.single_service(design.instance_type.removeprefix("ml."))
        return (design.max_instances,) * HOURS_PER_WEEK, 3600 / service.mean * design.concurrency
    if isinstance(design, RealtimeDesign):
        service, concurrency = workload.single_service(design.instance_type.removeprefix("ml."))
        return design.floors, 3600 / service.mean * concurrency
    raise AssertionError(design.architecture)


def _spread(departures: tuple[Departure, ...]) -> tuple[float, ...]:
    """What departures take, over the hours in which it arrived."""
    hours = [0.0] * HOURS_PER_WEEK
    if not departures:
        return tuple(hours)
    moments = [departures[-1].minute - _MINUTES, *(one.minute for one in departures)]
    for (before, at), one in zip(pairwise(moments), departures, strict=True):
        for hour in range(before // 60, (at - 1) // 60 + 1):
            minutes = min(at, hour * 60 + 60) - max(before, hour * 60)
            hours[hour % HOURS_PER_WEEK] += one.items * minutes / (at - before)
    return tuple(hours)


def without_stable(workload: Workload) -> Workload:
    """With the share of the work that is left of a request whose stable features are there."""
    profile = workload.profile
    if profile.features is None:
        return workload
    measured = share_of_work(profile.model.measured, 1 - profile.features.stable_share)
    model = profile.model.model_copy(update={"measured": measured})
    return replace(workload, profile=profile.model_copy(update={"model": model}))
