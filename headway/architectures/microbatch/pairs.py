"""Pairs of N and T, and the batches that each makes of every hour's requests.

Lambda reads a queue with several pollers, each closing batches of its own: planned for as many as there can be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil, floor, sqrt

from headway.architectures.design import MicroBatchDesign
from headway.architectures.endpoint_path import SYNC_MAX_BYTES, SYNC_TIMEOUT_S
from headway.architectures.rates import quiet_rate
from headway.architectures.workload import Workload
from headway.assumptions import assume
from headway.bill import services
from headway.bill.lines import Bill
from headway.prices import PriceError
from headway.profile import Measurement, Payload
from headway.sizing.collecting import Collected, collect
from headway.sizing.service_time import BatchTime, ServiceTime
from headway.traffic.demand import Backlog, Demand
from headway.units import WEEKS_PER_MONTH

LONGEST_WINDOW_S = 300
"""MaximumBatchingWindowInSeconds (AWS Lambda Developer Guide, using Lambda with Amazon SQS)."""
MOST_ITEMS = 10_000
"""BatchSize of a standard queue (the same page)."""
SIZES = (1, 2, 4, 8, 10, 16, 32, 64, 100, 128, 256, 512, 1000, 1024)
WINDOWS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300)


@dataclass(frozen=True, eq=False)
class Pair:
    """N and T on one instance type: the batches of each hour and the flow that reaches the endpoint."""

    hardware: str
    most: int
    window_s: int
    hours: dict[tuple[float, float], tuple[Collected, Collected]]
    """By an hour's mean and peak rate: its batches, at the mean and at the peak."""
    quietest: dict[tuple[float, float], Collected]
    """By the same: its batches outside the busiest stretch, when collecting takes longest."""
    service: ServiceTime
    """Of the batches of the busiest hour."""
    concurrency: int
    variability: float
    """Squared coefficient of variation of the gaps between batches."""
    calls_usd: float
    """A month of the function's calls."""
    least_usd: float
    """A month cannot cost less: instances that do nothing but work, and the function's calls."""


def pairs_of(workload: Workload) -> Iterator[Pair]:
    """Every N and T on every measured type whose batches fit a function's and an endpoint's limits, and the wait."""
    profile, week = workload.profile, _week(workload)
    fits = min(MOST_ITEMS, SYNC_MAX_BYTES // max(profile.model.request.max, profile.model.response, 1))
    tightest = min(workload.demand.max_wait)
    if fits < 1:
        return
    for hardware in workload.measured_on(serverless=False):
        largest = workload.batch_service(hardware).largest
        for most in sorted({size for size in SIZES if size <= min(largest, fits)} | {min(largest, fits)}):
            for window in (0,) if most == 1 else WINDOWS_S:
                if window + assume("microbatch.overhead") < tightest and window <= LONGEST_WINDOW_S:
                    pair = _pair(workload, week, hardware, most, window)
                    if pair.service.quantile(workload.percentile) <= SYNC_TIMEOUT_S:
                        yield pair


@dataclass(frozen=True)
class Week:
    """What every pair is weighed with: hours by their mean and peak rate, and what a call of the function costs."""

    hours: Mapping[tuple[float, float], int]
    call_usd: float
    second_usd: float


def _week(workload: Workload) -> Week:
    def month(seconds: float) -> float:
        lines = services.lambda_(
            workload.pricing, requests=1_000_000, seconds=seconds, memory_mb=int(assume("microbatch.memory_mb")),
            arch="arm64",
        )  # fmt: skip
        return float(Bill(lines=lines).total.expected) / 1_000_000

    hours = Counter(zip(workload.demand.mean, workload.demand.peak, strict=True))
    return Week(hours, month(0), month(1) - month(0))


def _pair(workload: Workload, week: Week, hardware: str, most: int, window: int) -> Pair:
    demand, time = workload.demand, workload.batch_service(hardware)
    points = workload.profile.model.service(hardware)
    cv, concurrency = max(one.variability for one in points), min(one.concurrency for one in points)
    hours = {pair: (collected(pair[0], most, window), collected(pair[1], most, window)) for pair in week.hours}
    quietest = {pair: collected(slowest_rate(*pair), most, window) for pair in week.hours}
    busiest = max(hours, key=lambda pair: pair[1])
    size = hours[busiest][1]
    service = _batch_of(size, time, cv)
    mean = service.mean
    weekly = busy = 0.0
    for (rate, peak), count in week.hours.items():
        weekly += count * per_hour(rate, hours[rate, peak][0])
        busy += count * max(1.0, per_hour(peak, hours[rate, peak][1]) / 3600 * mean / concurrency)
    held = mean + assume("microbatch.overhead")
    calls_usd = weekly * WEEKS_PER_MONTH * (week.call_usd + held * week.second_usd)
    least = busy * WEEKS_PER_MONTH * hosting_usd(workload, hardware) + calls_usd
    work = per_hour(busiest[1], size) / 3600 * mean / concurrency
    variability = _between_batches(demand.arrival_variability, size.mean_size, work / (floor(work) + 1))
    return Pair(hardware, most, window, hours, quietest, service, concurrency, variability, calls_usd, least)


def _batch_of(made: Collected, time: BatchTime, cv: float) -> ServiceTime:
    """Time of one such batch: the model's own variability, and that of the batch's size."""
    mean, sizes = time.alpha * made.mean_size + time.beta, time.alpha**2 * made.size_variance
    return ServiceTime(mean, sqrt(cv * cv * (mean * mean + sizes) + sizes) / mean)


def service_of(workload: Workload, hardware: str, made: Collected) -> ServiceTime:
    """Time of the batches of some hour on an instance type."""
    cv = max(one.variability for one in workload.profile.model.service(hardware))
    return _batch_of(made, workload.batch_service(hardware), cv)


def _between_batches(arrivals: float, size: float, busy: float) -> float:
    """Squared coefficient of variation of the gaps between the batches of several pollers.

    Each poller's batches are as regular as sums of their items' gaps; what a queue feels of several pollers' depends on
    how busy it is (Whitt 1983, The Queueing Network Analyzer, superposition).

    >>> round(_between_batches(1.0, 1.0, 0.7), 3), round(_between_batches(1.0, 16.0, 0.7), 3)
    (1.0, 0.616)
    """
    weight = 1 / (1 + 4 * (1 - busy) ** 2 * (assume("microbatch.pollers") - 1))
    return max(arrivals / size, 1 - weight * (1 - 1 / size))


def collected(hourly: float, most: int, window: int) -> Collected:
    """The batches of one poller, of as many as there can be.

    Lambda starts with five and keeps two at low traffic: with five, fewer come to each, batches take longest and are
    smallest.
    """
    return collect(round(hourly / 3600 / assume("microbatch.pollers"), 12), most, float(window))


def slowest_rate(mean: float, peak: float) -> float:
    """Requests an hour when collecting takes longest: outside the busiest stretch, unless all come in it."""
    return quiet_rate(mean, peak) or peak


def per_hour(rate: float, made: Collected) -> float:
    """Batches an hour."""
    return rate / made.mean_size


def batches_of(workload: Workload, pair: Pair) -> Workload:
    """The workload that reaches the endpoint: batches instead of requests, and the wait that collecting leaves."""
    demand, model = workload.demand, workload.profile.model
    overhead = assume("microbatch.overhead")
    flows = {
        (rate, peak): (
            per_hour(rate, mean), per_hour(peak, busy),
            pair.quietest[rate, peak].wait_quantile(workload.percentile) + overhead,
        )
        for (rate, peak), (mean, busy) in pair.hours.items()
    }  # fmt: skip
    hours = [flows[rates] for rates in zip(demand.mean, demand.peak, strict=True)]
    mean, peak_ = tuple(hour[0] for hour in hours), tuple(hour[1] for hour in hours)
    left = tuple(max(1e-3, wait - hour[2]) for wait, hour in zip(demand.max_wait, hours, strict=True))
    per_batch = demand.per_week / sum(mean) if any(mean) else 1.0
    backlog = demand.backlog and Backlog(ceil(demand.backlog.items / pair.most), demand.backlog.within_s)
    measured = Measurement(
        hardware=pair.hardware, seconds=pair.service.mean, variability=pair.service.cv, concurrency=pair.concurrency
    )
    batch_bytes = Payload(
        mean=max(1, round(model.request.mean * per_batch)), max=min(SYNC_MAX_BYTES, model.request.max * pair.most)
    )
    batched = model.model_copy(
        update={"measured": (measured,), "request": batch_bytes, "response": round(model.response * per_batch)}
    )
    flow: Demand = replace(
        demand, mean=mean, peak=peak_, max_wait=left, backlog=backlog, arrival_variability=pair.variability
    )
    return replace(workload, profile=workload.profile.model_copy(update={"model": batched}), demand=flow)


def pair_of(design: MicroBatchDesign, workload: Workload) -> Pair:
    """The pair that a design was made from."""
    hardware = design.endpoint.instance_type.removeprefix("ml.")
    return _pair(workload, _week(workload), hardware, design.batch_size, design.window_s)


def hosting_usd(workload: Workload, hardware: str) -> float:
    """US dollars an hour of the endpoint's instance; 0 where none is known, which selection then says."""
    try:
        return float(workload.pricing.book.instance(workload.profile.region, f"ml.{hardware}", "hosting").usd)
    except PriceError:
        return 0.0
