"""Batch's bill: what a design's departures use over a month, and AWS's price of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import NamedTuple

from headway.architectures.batch.calendar import DAY, Kind, Kinds, kinds, previous_departures
from headway.architectures.batch.fleet import Unknown, seconds_of
from headway.architectures.batch.worker import Worker
from headway.architectures.candidate import BacklogRun
from headway.architectures.design import BatchDesign, DepartureRule, WorkerPool
from headway.architectures.queue_path import (
    BUCKET_TYPES,
    queue_lines,
    result_lines,
    stored_lines,
    watchdog_lines,
    watching_lines,
)
from headway.architectures.workload import PoolUsed, Scenario, Workload
from headway.assumptions import assume, row_of
from headway.bill import services
from headway.bill.lines import Bill, Line, Range
from headway.prices import PriceError
from headway.traffic.demand import Demand
from headway.units import DAYS_PER_MONTH, HOURS_PER_MONTH, WEEKS_PER_MONTH, to_decimal

EC2_TYPES = ("aws:batch/computeEnvironment:ComputeEnvironment",)
TICKS_PER_MONTH = HOURS_PER_MONTH * 60


@dataclass(frozen=True)
class Usage:
    """A month of one pool or of a whole design: hours of instances, work, launches."""

    paid_h: float
    busy_h: float
    workers: float
    """Instances started."""
    departures: float
    """Departures that found something to take."""
    on_demand_h: float
    spot_h: float

    @property
    def utilization(self) -> float | None:
        """Busy over paid time."""
        return self.busy_h / self.paid_h if self.paid_h else None


def weeks(design: BatchDesign, workload: Workload) -> list[tuple[DepartureRule, Kinds]]:
    """Each rule of the design with what its departures take in a mean week."""
    return list(zip(design.departures, _weeks(design.departures, workload.demand), strict=True))


@lru_cache(maxsize=64)
def _weeks(rules: tuple[DepartureRule, ...], demand: Demand) -> tuple[Kinds, ...]:
    """The bill, its scenarios and the waits look at the same weeks."""
    minutes = [minutes_of(rule) for rule in rules]
    everything = tuple(sorted({minute for row in minutes for minute in row}))
    return tuple(kinds(row, previous_departures(row, everything), demand) for row in minutes)


@lru_cache(maxsize=256)
def minutes_of(rule: DepartureRule) -> tuple[int, ...]:
    """Minutes of the week at which a rule departs."""
    return tuple(
        day * DAY + minute
        for day in rule.days
        for minute in range(rule.from_minute, rule.to_minute, rule.every_minutes)
    )


def fleet_usage(design: BatchDesign, workload: Workload, scenario: Scenario | None = None, pool: str = "") -> Usage:
    """A month of the fleet, or of one pool, in a scenario (expected unless given)."""
    unknown = scenario or workload.scenarios[1]
    pools = {one.name: one for one in design.pools}
    totals: dict[str, float] = defaultdict(float)
    for rule, week in weeks(design, workload):
        if pool and rule.pool != pool:
            continue
        for kind, times in week.items():
            _add_departures(totals, rule, pools[rule.pool], kind, times * WEEKS_PER_MONTH, unknown)
    return Usage(
        paid_h=(totals["spot"] + totals["on_demand"]) / 3600,
        busy_h=totals["busy"] / 3600,
        workers=totals["workers"],
        departures=totals["departures"],
        on_demand_h=totals["on_demand"] / 3600,
        spot_h=totals["spot"] / 3600,
    )


def _usages(design: BatchDesign, workload: Workload, pool: str = "") -> list[Usage]:
    """The month in each of the workload's scenarios; equal ones are worked out once."""
    if workload.used is not None and workload.used.pools:
        return [_measured(workload.used.pools, pool)] * len(workload.scenarios)
    known = {scenario: fleet_usage(design, workload, scenario, pool) for scenario in set(workload.scenarios)}
    return [known[scenario] for scenario in workload.scenarios]


def _measured(pools: Mapping[str, PoolUsed], pool: str) -> Usage:
    """A month as it was, of one pool or of all."""
    mine = [used for name, used in pools.items() if pool in ("", name)]
    spot, on_demand = sum(one.spot_h for one in mine), sum(one.on_demand_h for one in mine)
    return Usage(
        paid_h=spot + on_demand, busy_h=sum(one.busy_h for one in mine), workers=sum(one.workers for one in mine),
        departures=sum(one.departures for one in mine), on_demand_h=on_demand, spot_h=spot,
    )  # fmt: skip


def _add_departures(
    totals: dict[str, float], rule: DepartureRule, pool: WorkerPool, kind: Kind, times: float, unknown: Scenario
) -> None:
    unknowns = Unknown(unknown.spot_miss, unknown.spot_lost, unknown.retried)
    found = seconds_of(worker_of(rule, pool), kind, kind.mean * unknown.traffic, unknowns)
    totals["spot"] += times * found.spot
    totals["on_demand"] += times * found.on_demand
    totals["busy"] += times * found.busy
    totals["workers"] += times * found.workers
    totals["departures"] += times * found.launched


def worker_of(rule: DepartureRule, pool: WorkerPool) -> Worker:
    """What the workers of a rule's departures do."""
    start = assume("batch.launch") + assume("batch.pull") + pool.ready_s
    return Worker(
        pool.batch_size, pool.seconds_per_item, pool.seconds_per_batch, start, rule.quota, rule.last_call_s
    )  # fmt: skip


def bill(design: BatchDesign, workload: Workload) -> Bill:
    """The month's bill of a batch design, in ranges."""
    lines: list[Line] = []
    for pool in design.pools:
        lines += _instance_lines(design, pool, workload)
    lines += queue_lines(design, workload, max_receives=design.max_receives)
    if design.results_to == "bucket":
        lines += result_lines(design, workload, kept_days=design.results_kept_days)
    lines += _dispatcher_lines(design, workload)
    lines += _feeder_lines(design, workload)
    lines += watchdog_lines(design.watchdog, workload, departs=True)
    lines += watching_lines(design, design.alarms, workload)
    return Bill(lines=tuple(lines))


def _instance_lines(design: BatchDesign, pool: WorkerPool, workload: Workload) -> list[Line]:
    pricing = workload.pricing
    each = _usages(design, workload, pool.name)
    spot_h, on_demand_h = _span(u.spot_h for u in each), _span(u.on_demand_h for u in each)
    hours = spot_h + on_demand_h
    resting = ("batch.launch", "batch.pull", "batch.linger", "batch.retry_share", "traffic.low", "traffic.high")
    lines: list[Line] = []
    if spot_h.high:
        prices = spot_prices(workload, pool.instance_type)
        priced_by = () if prices.quartiles else ("spot.price",)
        on_spot = services.ec2(
            pricing, instance_type=pool.instance_type, hours=spot_h, purchase="spot",
            description=f"spot, batches of {pool.batch_size}",
            assumptions=("spot.miss", "spot.survival_15min", *priced_by, *resting), resource_types=EC2_TYPES,
        )  # fmt: skip
        lines += [_with_price_range(line, prices) for line in on_spot]
    if on_demand_h.high:
        lines += services.ec2(
            pricing, instance_type=pool.instance_type, hours=on_demand_h, purchase="on_demand",
            description="on-demand, where spot is missed",
            assumptions=("spot.miss", *resting), resource_types=EC2_TYPES,
        )  # fmt: skip
    lines += services.ebs(
        pricing, gb_months=hours * (to_decimal(design.root_volume_gb) / HOURS_PER_MONTH),
        description="root volumes", assumptions=("batch.root_volume_gb",),
        resource_types=("aws:ec2/launchTemplate:LaunchTemplate",),
    )  # fmt: skip
    lines += services.public_ipv4(pricing, hours=hours, description="public addresses", resource_types=EC2_TYPES)
    return lines


def _dispatcher_lines(design: BatchDesign, workload: Workload) -> list[Line]:
    pricing = workload.pricing
    usage = _usages(design, workload)
    jobs = _span(u.workers for u in usage)
    log_gb = _span(
        (
            TICKS_PER_MONTH * assume("logs.bytes_per_tick")
            + u.workers * assume("logs.bytes_per_job")
            + workload.demand.per_month * scenario.traffic * assume("logs.bytes_per_request")
        )
        / 1e9
        for u, scenario in zip(usage, workload.scenarios, strict=True)
    )
    return [
        *services.lambda_(
            pricing, requests=TICKS_PER_MONTH, seconds=assume("dispatcher.tick_seconds"),
            memory_mb=design.dispatcher_memory_mb, arch="arm64", description="dispatcher",
            assumptions=("dispatcher.tick_seconds",), resource_types=("aws:lambda/function:Function",),
        ),
        *services.scheduler(
            pricing, invocations=TICKS_PER_MONTH, description="dispatcher's ticks",
            resource_types=("aws:scheduler/schedule:Schedule",),
        ),
        *services.cloudwatch(
            pricing, log_gb=log_gb, log_stored_gb_months=log_gb * assume("logs.kept_months"),
            metrics=len(design.metrics), description="dispatcher and workers",
            assumptions=("logs.bytes_per_tick", "logs.bytes_per_job", "logs.bytes_per_request", "logs.kept_months"),
            resource_types=("aws:cloudwatch/logGroup:LogGroup",),
        ),
        *services.s3(
            pricing, gets=jobs * (3 if design.validation else 2), description="runtime, artifact",
            resource_types=("aws:s3/bucketObjectv2:BucketObjectv2",),
        ),
        *_ledger_lines(design, workload, usage),
    ]  # fmt: skip


def _ledger_lines(design: BatchDesign, workload: Workload, usage: Sequence[Usage]) -> list[Line]:
    """What is kept of departures: each that is looked at, claims and manifests, the workers' reports; their ends told.

    A departure with workers writes a claim, its manifest and that it was told, and lists its parts.
    """
    looked_at = sum(len(minutes_of(rule)) for rule in design.departures) * WEEKS_PER_MONTH
    files = 2 if design.validation and design.validation.probes else 1
    parts = _span(files * one.workers + one.busy_h * 3600 / design.report_every_s for one in usage)
    left = _span(one.departures for one in usage)
    lines_gb = workload.ranged(lambda s: workload.demand.per_month * s.traffic * assume("batch.report_bytes") / 1e9)
    return [
        *services.s3(
            workload.pricing, puts=parts + left * 5 + Range.exactly(looked_at), gets=left,
            storage_gb_months=lines_gb * (design.results_kept_days / DAYS_PER_MONTH),
            description="departures' ledger and reports", assumptions=("batch.report_bytes",),
            resource_types=BUCKET_TYPES,
        ),
        *services.eventbridge(workload.pricing, events=left, description="departures that have finished",
                               resource_types=("aws:lambda/function:Function",)),
    ]  # fmt: skip


def _feeder_lines(design: BatchDesign, workload: Workload) -> list[Line]:
    """A call for each manifest, as long as sending its items takes; the manifests themselves."""
    if design.feeder is None:
        return []
    demand = workload.demand
    manifests = sum(pile.weight for pile in demand.piles) * WEEKS_PER_MONTH
    seconds = demand.per_month / manifests / assume("feeder.items_per_second")
    gb = demand.per_month * assume("contract.envelope_bytes") / 1e9
    return [
        *services.lambda_(
            workload.pricing, requests=manifests, seconds=seconds, memory_mb=design.feeder.memory_mb, arch="arm64",
            description="manifests into the queue", assumptions=("feeder.items_per_second",),
            resource_types=("aws:s3/bucketNotification:BucketNotification",),
        ),
        *services.s3(workload.pricing, puts=manifests, gets=manifests, storage_gb_months=gb, description="manifests",
                     resource_types=("aws:s3/bucketNotification:BucketNotification",)),
    ]  # fmt: skip


def backlog_run(design: BatchDesign, workload: Workload) -> BacklogRun | None:
    """The one-off backlog on the design's first pool: as many workers as its time needs, billed apart."""
    backlog = workload.demand.backlog
    if backlog is None:
        return None
    pool = design.pools[0]
    start = assume("batch.launch") + assume("batch.pull") + pool.ready_s
    each = pool.seconds_per_item * pool.batch_size + pool.seconds_per_batch
    batches = ceil(backlog.items / pool.batch_size)
    # Half the time is kept for what spot loses: last call leaves a full on-demand run.
    budget = (backlog.within_s - 2 * start - assume("batch.tick")) / 2
    workers = max(1, ceil(batches * each / budget)) if budget > 0 else pool.max_workers
    if workload.max_instances is not None:
        workers = min(workers, workload.max_instances)
    takes = start + ceil(batches / workers) * each + assume("batch.tick")
    paid = [
        (workers * (start + assume("batch.linger")) + batches * each * (1 + s.retried), s) for s in workload.scenarios
    ]
    spot = _has_spot(pool, workload)
    spot_h = _span(hours / 3600 * (1 - s.spot_miss if spot else 0) for hours, s in paid)
    on_demand_h = _span(hours / 3600 * (s.spot_miss if spot else 1) for hours, s in paid)
    pricing = workload.pricing
    lines = (
        *(services.ec2(pricing, instance_type=pool.instance_type, hours=spot_h, purchase="spot",
                       description="backlog on spot", assumptions=("spot.miss",)) if spot else ()),
        *services.ec2(pricing, instance_type=pool.instance_type, hours=on_demand_h, purchase="on_demand",
                      description="backlog on-demand", assumptions=("spot.miss",)),
        *services.ebs(pricing, gb_months=(spot_h + on_demand_h) * (to_decimal(design.root_volume_gb) / HOURS_PER_MONTH),
                      description="backlog root volumes"),
        *services.public_ipv4(pricing, hours=spot_h + on_demand_h, description="backlog public addresses"),
        *services.sqs(pricing, requests=backlog.items * 3, message_bytes=design.requests.inline_bytes,
                      description="backlog through the queue"),
        *(stored_lines(design, workload, lambda _: backlog.items, kept_days=design.results_kept_days,
                       description="backlog bodies and results") if design.results_to == "bucket" else ()),
    )  # fmt: skip
    return BacklogRun(
        items=backlog.items, within_s=backlog.within_s, takes_s=takes, workers=workers, bill=Bill(lines=lines)
    )


def _has_spot(pool: WorkerPool, workload: Workload) -> bool:
    try:
        workload.pricing.book.instance(workload.profile.region, pool.instance_type, "spot")
    except PriceError:
        return False
    return True


def _span(values: Iterable[float]) -> Range:
    """Low, expected, high from three values in scenario order, whichever way they move."""
    low, expected, high = values
    return Range.of(min(low, expected, high), expected, max(low, expected, high))


class SpotPrices(NamedTuple):
    """Factors on the book's spot price, and what they rest on."""

    factors: Range
    quartiles: bool
    """Of the zones' prices over 30 days, as the book has them; else the assumption, or what a stack was observed."""


def spot_prices(workload: Workload, instance_type: str) -> SpotPrices:
    """Between what a spot hour of a type may cost: what was observed on the stack, else the book's quartiles.

    A book that was never refreshed has none: there the assumption holds.
    """
    asked = workload.given is not None or "spot" in workload.pricing.rates
    if not asked and row_of("spot.price").observations is None:
        try:
            found = workload.pricing.book.instance(workload.pricing.region, instance_type, "spot").middle_half
        except PriceError:
            found = None
        if found is not None:
            expected = to_decimal(assume("spot.price"))
            return SpotPrices(Range.of(min(found[0], expected), expected, max(found[1], expected)), quartiles=True)
    low, expected, high = (to_decimal(scenario.spot_price) for scenario in workload.scenarios)
    return SpotPrices(Range.of(low, expected, high), quartiles=False)


def _with_price_range(line: Line, prices: SpotPrices) -> Line:
    """The line with its amounts at the spot price's low, expected and high."""
    if line.amount is None:
        return line
    factors = prices.factors
    amount = Range(
        low=line.amount.low * factors.low,
        expected=line.amount.expected * factors.expected,
        high=line.amount.high * factors.high,
    )
    if line.unit_price is not None and prices.quartiles:
        low, high = (line.unit_price * factor for factor in (factors.low, factors.high))
        source = f"{line.source}; USD {low:.3g} to {high:.3g} in the middle half of each zone's month"
        return line.model_copy(update={"amount": amount, "source": source})
    if factors.expected == 1 or line.unit_price is None:
        return line.model_copy(update={"amount": amount})
    source = f"{line.source}, x {factors.expected:.3g} as observed"
    return line.model_copy(
        update={"amount": amount, "unit_price": line.unit_price * factors.expected, "source": source}
    )
