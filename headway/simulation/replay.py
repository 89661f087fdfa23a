"""Arrivals against a design: each request followed through what the design provisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from headway.architectures import ARCHITECTURES, Workload
from headway.architectures.capacity import without_stable
from headway.architectures.design import (
    AsynchronousDesign,
    BatchDesign,
    LiveDesign,
    MicroBatchDesign,
    RealtimeDesign,
    ServerlessDesign,
    SimpleDesign,
)  # fmt: skip
from headway.architectures.hybrid_design import Design, FeaturesDesign, PrecomputedDesign, TieredDesign
from headway.assumptions import assume
from headway.bill.lines import Bill
from headway.bill.pricing import Pricing
from headway.errors import HeadwayError
from headway.prices import PriceBook, load_book
from headway.profile import Profile
from headway.simulation.arrivals import Arrivals, Floats, Thinned, Watched
from headway.simulation.batching import Batching
from headway.simulation.live import Ran, run_asynchronous, run_batching, run_microbatch, run_realtime, run_serverless
from headway.simulation.outcome import Outcome, PartOutcome, Recorder, enough_requests
from headway.simulation.queued import run_batch
from headway.traffic import build_demand
from headway.units import HOURS_PER_MONTH


class _Part(NamedTuple):
    """One simple design and the requests that it gets."""

    name: str
    design: SimpleDesign
    workload: Workload
    arrivals: Arrivals
    before_s: float
    """What a request has spent before it comes here."""
    limits: tuple[float, ...]


def replay(
    design: Design,
    arrivals: Arrivals,
    profile: Profile,
    *,
    scale: float = 1.0,
    planned: Bill | None = None,
    seed: int = 0,
    prices: PriceBook | None = None,
    batching: Batching | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """What people would have waited, and what it would have cost.

    Args:
        design: What runs.
        arrivals: Requests of whole hours.
        profile: What was measured of the model, and how long people can wait.
        scale: Of the profile's traffic in this environment: the bill's requests are the arrivals' own.
        planned: The design's bill as planned: a hybrid's router and table are billed so.
        seed: The same seed gives the same outcome.
        prices: The price book; the packaged one unless given.
        batching: What if real-time endpoints gathered requests into batches on the server; as designed unless given.
        say: Called with what is being followed.

    Raises:
        HeadwayError: No part of the design is a real-time endpoint that could, or no such batch was measured.

    >>> from headway import load_profile, plan
    >>> from headway.simulation import generated
    >>> from headway.traffic import build_demand
    >>> profile = load_profile("stacks/profiles/contact-form.yaml")
    >>> outcome = replay(plan(profile).design, generated(build_demand(profile), weeks=1), profile)
    >>> outcome.kept
    True
    """
    book = prices or load_book()
    workload = Workload(profile, build_demand(profile, scale=scale), Pricing(book, profile.region), scale=scale)
    recorder = Recorder(arrivals.first_hour, arrivals.hours, workload.demand.max_wait)
    found: list[PartOutcome] = []
    bills: dict[str, Bill] = {}
    requests = unfinished = 0
    parts = _parts(design, workload, arrivals, recorder, seed)
    if batching is not None and not any(isinstance(part.design, RealtimeDesign) for part in parts):
        kinds = ", ".join(dict.fromkeys(part.design.architecture for part in parts))
        raise HeadwayError(f"the design is {kinds}: only a real-time endpoint batches on the server")
    for part in parts:
        if batching is not None and isinstance(part.design, RealtimeDesign):
            part = part._replace(design=batching.on(part.design))  # noqa: PLW2901
        watched = Watched(part.arrivals, f"following {part.name or part.design.architecture}", say)

        def record(arrived: Floats, waits: Floats, part: _Part = part) -> None:
            recorder.add(arrived, waits + part.before_s, limits=part.limits)

        ran = _run(part._replace(arrivals=watched), seed, record, batching)
        requests, unfinished = requests + ran.requests, unfinished + ran.unfinished
        found.append(_outcome(part, ran))
        bills[part.name] = _bill(part, ran)
    answered = int(recorder.count.sum()) - requests + unfinished
    requests += answered
    percentile = workload.percentile
    late = int(recorder.late.sum()) + unfinished
    judged, kept = recorder.judged(percentile)
    return Outcome(
        requests=requests, unfinished=unfinished, hours=arrivals.hours, seed=seed,
        p50_s=recorder.quantile(0.5), p95_s=recorder.quantile(0.95), p99_s=recorder.quantile(0.99),
        percentile=workload.demand.percentile, at_percentile_s=recorder.quantile(percentile),
        worst_s=recorder.worst if requests > unfinished else None,
        within=1 - late / requests if requests else None, hours_judged=judged, hours_within=kept,
        judged_from=enough_requests(percentile),
        by_hour=recorder.by_hour(),
        by_limit=recorder.by_limit(percentile),
        parts=tuple(found), monthly=_whole(design, bills, planned),
    )  # fmt: skip


def _run(part: _Part, seed: int, record: Callable[[Floats, Floats], None], batching: Batching | None) -> Ran:
    design, workload, arrivals = part.design, part.workload, part.arrivals
    if isinstance(design, RealtimeDesign) and batching is not None:
        return run_batching(design, workload, arrivals, seed, record, batching)
    if isinstance(design, RealtimeDesign):
        return run_realtime(design, workload, arrivals, seed, record)
    if isinstance(design, AsynchronousDesign):
        return run_asynchronous(design, workload, arrivals, seed, record)
    if isinstance(design, ServerlessDesign):
        return run_serverless(design, workload, arrivals, seed, record)
    if isinstance(design, MicroBatchDesign):
        return run_microbatch(design, workload, arrivals, seed, record)
    if isinstance(design, BatchDesign):
        return run_batch(design, workload, arrivals, seed, record)
    raise AssertionError(design)


def _parts(design: Design, workload: Workload, arrivals: Arrivals, recorder: Recorder, seed: int) -> list[_Part]:
    """The simple designs inside, each with its requests; what a table answers is recorded at once."""
    limits, router = workload.demand.max_wait, assume("router.overhead")
    if isinstance(design, TieredDesign):
        found, low = [], 0.0
        for one in design.parts:
            routes = [route for route in design.routes if route.part == one.name]
            high = low + sum(route.share for route in routes)
            tightest = (min(route.max_wait_s for route in routes),) * len(limits)
            whole = build_demand(workload.profile, scale=workload.scale, tiers=[route.tier for route in routes])
            mine = Thinned(arrivals, low, high if one is not design.parts[-1] else 1.0, seed)
            found.append(_Part(one.name, one.design, replace(workload, demand=whole), mine, router, tightest))
            low = high
        return found
    if isinstance(design, PrecomputedDesign):
        hits = Thinned(arrivals, 0.0, design.hit_rate, seed)
        for times in hits.chunks():
            recorder.add(times, np.full(times.size, router + assume("table.read")))
        misses = Thinned(arrivals, design.hit_rate, 1.0, seed)
        return [_Part("live", design.live, workload, misses, router + assume("table.read"), limits)]
    if isinstance(design, FeaturesDesign):
        before = router + assume("table.read")
        return [_Part("live", design.live, without_stable(workload), arrivals, before, limits)]
    before = router if isinstance(design, LiveDesign) and design.router else 0.0
    return [_Part("", design, workload, arrivals, before, limits)]


def _outcome(part: _Part, ran: Ran) -> PartOutcome:
    busy = ran.busy_hours / ran.instance_hours if ran.instance_hours and ran.busy_hours is not None else None
    return PartOutcome(
        part=part.name, architecture=part.design.architecture, requests=ran.requests,
        instance_hours=ran.instance_hours, utilization=busy, cold_starts=ran.cold_starts, refused=ran.refused,
        batches=ran.batches,
    )  # fmt: skip


def _bill(part: _Part, ran: Ran) -> Bill:
    """A month of what was used, by the architecture's own bill for as many requests as there were."""
    demand, months = part.workload.demand, max(1, part.arrivals.hours) / HOURS_PER_MONTH
    factor = ran.requests / months / demand.per_month if demand.per_month else 0.0
    scaled = replace(
        demand, mean=tuple(rate * factor for rate in demand.mean), peak=tuple(rate * factor for rate in demand.peak)
    )
    workload = replace(part.workload, demand=scaled, given=part.workload.scenarios[1], used=ran.used.of_a_month(months))
    return ARCHITECTURES[part.design.architecture].bill(part.design, workload)


def _whole(design: Design, bills: dict[str, Bill], planned: Bill | None) -> Bill:
    """A simple design's bill; of a hybrid the parts' and, as planned, what stands before and beside them."""
    if list(bills) == [""]:
        return bills[""]
    own = Bill(
        lines=tuple(
            line
            for line in (planned.lines if planned else ())
            if not any(line.description.startswith(f"{name}: ") for name in bills)
        )
    )
    return Bill.of_parts(bills) + own
