"""Asynchronous: a SageMaker endpoint with a queue of its own, that scales to zero between requests and back.

What decides is how often a request finds nothing running: it then waits for detection, start and load, and so do those
that come meanwhile. Payloads to 1 GB and an hour of processing make it the only live path for long jobs. Never touches
AWS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf

import numpy as np

from headway.architectures.candidate import BacklogRun, Candidate
from headway.architectures.design import AsynchronousDesign, Wait
from headway.architectures.endpoint_path import endpoint_lines, volume_gb
from headway.architectures.queue_path import stored_lines, watching_lines
from headway.architectures.rates import EACH, Standing, overloaded_hours, parts_of, settling_points
from headway.architectures.workload import Scenario, Workload
from headway.assumptions import assume
from headway.bill import services
from headway.bill.lines import Bill, Range
from headway.sizing.gaps import Gaps
from headway.sizing.mixture import SHARES, SLICES, Array, Mixture
from headway.sizing.overload import Load, Waits
from headway.sizing.poisson import arrivals_quantile
from headway.sizing.queueing import smallest_servers
from headway.sizing.service_time import ServiceTime
from headway.sizing.sleeping import Hour, Late, Sleep, cycle, hours_up, late_requests, worked_off_s
from headway.units import HOURS_PER_MONTH, WEEKS_PER_MONTH, format_duration, format_size

MAX_BYTES = 1_000_000_000
"""Largest payload (Amazon SageMaker Developer Guide, asynchronous inference: 1 GB)."""
LONGEST_S = 3600.0
"""Longest processing of one request (Amazon SageMaker Developer Guide, asynchronous inference: an hour)."""
LONGEST_WAIT_S = 6 * 3600.0
"""A queued request expires after this at the latest (Amazon SageMaker API reference, RequestTTLSeconds)."""
MOST_CONCURRENT = 1000
"""Requests that SageMaker sends an instance at once (API reference, MaxConcurrentInvocationsPerInstance)."""
MOST_INSTANCES = 1000
HOSTING_TYPES = ("aws:sagemaker/endpoint:Endpoint", "aws:sagemaker/endpointConfiguration:EndpointConfiguration")


@dataclass(frozen=True)
class Sized:
    """An instance type with as many instances as the busiest time needs once they run."""

    hardware: str
    service: ServiceTime
    concurrency: int
    instances: int
    start_s: float
    """Launch and load."""
    sleeps: bool

    @property
    def asleep_s(self) -> float:
        """What a request that finds nothing running waits before it is served."""
        return assume("endpoint.detection") + self.start_s if self.sleeps else 0.0

    def sleep(self, variability: float) -> Sleep:
        """How it falls asleep and wakes, with gaps of this squared coefficient of variation."""
        present = self.service.mean + assume("endpoint.scale_in_idle")
        work = self.service.mean / self.slots
        return Sleep(assume("endpoint.detection"), self.start_s, present, work, Gaps(variability))

    @property
    def slots(self) -> int:
        """Requests served at once."""
        return self.instances * self.concurrency


def plan(workload: Workload) -> list[Candidate]:
    """The cheapest endpoint that sleeps, and the cheapest that does not; or the reason there is none."""
    shape = workload.profile.model.request
    names = workload.measured_on(serverless=False)
    if not names:
        return [workload.infeasible("asynchronous", "no instance type was measured")]
    if shape.max > MAX_BYTES:
        reason = f"a request of {format_size(shape.max)} exceeds the {format_size(MAX_BYTES)} limit"
        return [workload.infeasible("asynchronous", reason)]
    found: dict[bool, Candidate] = {}
    reasons: list[str] = []
    for name in names:
        for sleeps in (True, False):
            sized = _size(workload, name, sleeps=sleeps)
            candidate = sized if isinstance(sized, str) else _candidate(workload, sized)
            if isinstance(candidate, str):
                reasons.append(candidate)
            elif sleeps not in found or _cost(candidate) < _cost(found[sleeps]):
                found[sleeps] = candidate
    return list(found.values()) or [workload.infeasible("asynchronous", min(reasons, key=len))]


def bill(design: AsynchronousDesign, workload: Workload) -> Bill:
    """The month's bill of an asynchronous endpoint."""
    sized = _sized_of(design, workload)
    hours = workload.ranged(lambda s: awake_hours(workload, sized, s) * WEEKS_PER_MONTH * sized.instances)
    if workload.used is not None and workload.used.instance_h is not None:
        hours = Range.exactly(workload.used.instance_h)
    monthly = workload.demand.per_month

    def requests(scenario: Scenario) -> float:
        return monthly * scenario.traffic

    return Bill(
        lines=(
            *services.sagemaker_hosting(
                workload.pricing, instance_type=design.instance_type, hours=hours,
                storage_gb_months=hours * (design.storage_gb / HOURS_PER_MONTH),
                data_in_gb=workload.ranged(lambda s: requests(s) * design.requests.mean_bytes / 1e9),
                data_out_gb=workload.ranged(lambda s: requests(s) * design.requests.response_bytes / 1e9),
                description="endpoint instances",
                assumptions=("endpoint.start", "endpoint.scale_in_idle", "endpoint.detection", "traffic.low",
                             "traffic.high"),
                resource_types=HOSTING_TYPES,
            ),
            *stored_lines(
                design, workload, requests, kept_days=design.results_kept_days, description="requests and results",
            ),
            *services.sns(
                workload.pricing, publishes=workload.ranged(requests), description="success and error messages",
                resource_types=("aws:sns/topic:Topic",),
            ),
            *endpoint_lines(workload),
            *watching_lines(design, design.alarms, workload),
        )
    )  # fmt: skip


def awake_hours(workload: Workload, sized: Sized, scenario: Scenario) -> float:
    """Hours of a week with the endpoint up: from each launch to the first gap longer than the idle time.

    Never less than the work takes.
    """
    if not sized.sleeps:
        return 168.0
    sleep, lasts = sized.sleep(workload.demand.arrival_variability), assume("traffic.peak_lasts")
    rates = Counter(zip(workload.demand.mean, workload.demand.peak, strict=True))
    hours = 0.0
    for (mean, peak), count in rates.items():
        work = mean * scenario.traffic / 3600 * sized.service.mean / sized.slots
        up = hours_up(sleep, Hour.of(mean * scenario.traffic, peak * scenario.traffic, lasts))
        hours += min(1.0, max(up, work)) * count
    return hours


def _size(workload: Workload, hardware: str, *, sleeps: bool) -> Sized | str:
    """As many instances as the busiest sustained rate needs, and as what piles up during a start needs."""
    service, measured = workload.single_service(hardware)
    concurrency = min(measured, MOST_CONCURRENT)
    demand, percentile = workload.demand, workload.percentile
    alone = service.quantile(percentile)
    if alone > LONGEST_S:
        return f"{hardware} takes {format_duration(alone)}, a request may take {format_duration(LONGEST_S)}"
    tightest = min(*demand.max_wait, LONGEST_WAIT_S)
    start = assume("endpoint.start") + workload.profile.model.load_time_on(hardware)
    asleep = assume("endpoint.detection") + start if sleeps else 0.0
    alone += assume("asynchronous.overhead")
    left = tightest - alone
    if left <= 0:
        return (
            f"too slow: p{demand.percentile:g} {format_duration(alone)} on {hardware} without any waiting, "
            f"against {format_duration(tightest)}"
        )
    rate = max(demand.peak) / 3600
    spare = 1 if workload.profile.availability == "high" else 0
    count = smallest_servers(
        rate, service, tightest, percentile, concurrency=concurrency, ca2=demand.arrival_variability,
        most=MOST_INSTANCES,
    )  # fmt: skip
    if count is None:
        return f"needs more than {MOST_INSTANCES:,} x {hardware}: split the requests over several stacks"
    if sleeps and left > asleep:
        piled = arrivals_quantile(rate * asleep, percentile, demand.arrival_variability)
        count = max(count, ceil(piled * service.mean / concurrency / (left - asleep)))
    count = max(count, 1) + spare
    if workload.max_instances is not None and count > workload.max_instances:
        return f"needs {count} x {hardware}, max_instances allows {workload.max_instances}"
    return Sized(hardware, service, concurrency, count, start, sleeps)


def _candidate(workload: Workload, sized: Sized) -> Candidate | str:
    wait, late = _wait(workload, sized)
    if late:
        return late
    design = AsynchronousDesign(
        **workload.base_design(), burn_rates=workload.burn_rates(), instance_type=f"ml.{sized.hardware}",
        min_instances=0 if sized.sleeps else sized.instances, max_instances=sized.instances,
        concurrency=sized.concurrency, storage_gb=volume_gb(sized.hardware),
        load_time_s=workload.profile.model.load_time_on(sized.hardware),
        expires_s=int(max(60, min(LONGEST_WAIT_S, 2 * max(workload.demand.max_wait)))),
        results_kept_days=int(assume("results.kept_days")),
    )  # fmt: skip
    week_h = awake_hours(workload, sized, workload.scenarios[1])
    paid_h = week_h * sized.instances
    busy_h = workload.demand.per_week * sized.service.mean / sized.concurrency / 3600
    backlog = _backlog(design, workload, sized)
    late_backlog = backlog is not None and backlog.takes_s > backlog.within_s
    count = f"{sized.instances} x ml.{sized.hardware}"
    return Candidate(
        architecture="asynchronous",
        feasible=not late_backlog,
        reason="the backlog does not fit its time" if late_backlog else "",
        design=design,
        bill=bill(design, workload),
        wait=wait,
        operations=workload.operations("asynchronous"),
        utilization=busy_h / paid_h if paid_h else None,
        monthly_requests=workload.demand.per_month,
        backlog=backlog,
        facts=(
            f"{count}, up {week_h / 168:.0%} of the time; from nothing it takes {format_duration(sized.asleep_s)}"
            if sized.sleeps
            else f"{count}, never asleep",
        ),
        assumptions=("endpoint.detection", "endpoint.start", "endpoint.scale_in_idle", "asynchronous.overhead",
                     "operations.asynchronous"),
    )  # fmt: skip


def wait(design: AsynchronousDesign, workload: Workload) -> Wait:
    """Waits in the regime that comes closest to its limit."""
    return _wait(workload, _sized_of(design, workload))[0]


def _wait(workload: Workload, sized: Sized) -> tuple[Wait, str]:
    """Wait in the regime that comes closest to its limit, and why it is too long, if it is.

    Each regime must make its percentile, and so must every hour with enough requests to have one.
    """
    demand = workload.demand
    enough = 1 / (1 - workload.percentile) if workload.percentile < 1 else inf
    branches: dict[Rate, list[Branch]] = {}
    known: dict[tuple[tuple[Rate, int], ...], tuple[float, ...]] = {}

    def quantiles(rates: Mapping[Rate, int]) -> tuple[float, ...]:
        # Hours of one rate wait alike, however many they are.
        key = tuple(sorted(rates.items())) if len(rates) > 1 else tuple((rate, 1) for rate in rates)
        if key not in known:
            known[key] = _mixture(dict(key), branches).quantiles(0.5, 0.99, workload.percentile)
        return known[key]

    counts = (sized.instances,) * len(demand.mean)
    standing = Standing(counts, counts, sized.concurrency, demand.arrival_variability)
    overloaded = overloaded_hours(demand, standing, lambda rate: Load(rate / 3600, sized.service))
    closest, wait, late = -1.0, Wait(p50_s=0, p99_s=0, at_percentile_s=0), ""
    for promise, hours in demand.regimes:
        rates = Counter(
            (
                demand.mean[hour], demand.peak[hour], demand.mean[hour - 1], demand.peak[hour - 1],
                hour if hour in overloaded else -1,
            )
            for hour in hours
        )  # fmt: skip
        for pair in rates:
            if pair not in branches:
                branches[pair] = _branches(workload, sized, pair, overloaded.get(pair[4]))
        p50, p99, of_all = quantiles(rates)
        at = max(of_all, *(quantiles({pair: 1})[2] for pair in rates if pair[0] >= enough), 0.0)
        limit = min(promise, LONGEST_WAIT_S)
        if at > limit:
            late = late or (
                f"too slow: p{demand.percentile:g} {format_duration(at)} on {sized.hardware} against "
                f"{format_duration(limit)}"
                + (f" (from nothing it takes {format_duration(sized.asleep_s)})" if sized.sleeps else "")
            )
        if at / promise > closest:
            closest = at / promise
            wait = Wait(p50_s=p50, p99_s=p99, at_percentile_s=at, in_worst_hour=at > of_all)
    return wait, late


Rate = tuple[float, float, float, float, int]
"""Mean and peak requests of an hour, those of the hour before; and which hour it is, if it is followed on its own."""
Branch = tuple[Array, Array, float]
"""Waits, their shares, and how much of an hour's requests wait so."""


def _branches(workload: Workload, sized: Sized, rate: Rate, followed: Waits | None) -> list[Branch]:
    """The ways to wait in an hour: finding capacity, busy or not, finding none, and coming while it starts."""
    mean, peak, mean_before, peak_before, _ = rate
    overhead, lasts = assume("asynchronous.overhead"), assume("traffic.peak_lasts")
    variability = workload.demand.arrival_variability
    sleep, parts = sized.sleep(variability), parts_of(mean, peak)
    waits: Sequence[Array] = followed or [
        settling_points(part.rate / 3600, sized.service, sized.slots, variability, part.lasts_s, SHARES)
        for part in parts
    ]
    shares = EACH if followed else SLICES
    late = _late(sleep, Hour.of(mean, peak, lasts), Hour.of(mean_before, peak_before, lasts)) if sized.sleeps else []
    delayed = sum(one.many for one in late) / mean if mean else 0.0
    at_most = min(1.0, delayed)
    found: list[Branch] = [
        (points + overhead, shares, (1 - at_most) * (part.requests / mean if mean else 0.5))
        for part, points in zip(parts, waits, strict=True)
    ]
    if not delayed:
        return found
    service = np.array([sized.service.quantile(float(share)) for share in SHARES]) + overhead
    for one in late:
        share = one.many / mean * at_most / delayed
        comers = sleep.gaps.comers(one.rate * one.lasts_s)
        piled = sum(some.many for some in comers)
        found.append((service + one.waits_s, SLICES, share / (1 + piled)))
        for some in comers:
            # These find the first one and what followed it ahead of them.
            ahead = max(0.0, some.nth + 1 - sized.slots) * sized.service.mean / sized.slots
            after = max(0.0, one.waits_s - some.time / one.rate + ahead)
            found.append((service + after, SLICES, share * some.many / (1 + piled)))
    return found


def _late(sleep: Sleep, hour: Hour, before: Hour) -> list[Late]:
    """Requests of an hour that find the endpoint asleep, or come while it starts."""
    # A quiet hour leaves it asleep for a busy one: then all that come while it starts are late.
    asleep = cycle(sleep, before.quiet).asleep - cycle(sleep, hour.quiet).asleep
    lasts = worked_off_s(sleep, hour.quiet, 3600.0)
    piled = sleep.gaps.following(hour.quiet * lasts)
    begins = Late(max(0.0, asleep) * (1 + piled), hour.quiet, lasts, sleep.asleep_s)
    return [one for one in (*late_requests(sleep, hour), begins) if one.many > 0]


def _mixture(rates: Mapping[Rate, int], branches: Mapping[Rate, list[Branch]]) -> Mixture:
    """The waits of all requests of some hours, by their rates and how many hours have them."""
    mixture = Mixture()
    for pair, hours in rates.items():
        for points, shares, share in branches[pair]:
            mixture.add(points, pair[0] * hours * share, shares)
    return mixture


def _sized_of(design: AsynchronousDesign, workload: Workload) -> Sized:
    hardware = design.instance_type.removeprefix("ml.")
    service, _ = workload.single_service(hardware)
    start = assume("endpoint.start") + design.load_time_s
    return Sized(hardware, service, design.concurrency, design.max_instances, start, design.min_instances == 0)


def _backlog(design: AsynchronousDesign, workload: Workload, sized: Sized) -> BacklogRun | None:
    """The backlog through the endpoint's own queue, at all of its instances."""
    backlog = workload.demand.backlog
    if backlog is None:
        return None
    works = backlog.items * sized.service.mean / sized.slots
    takes = sized.asleep_s + works
    lines = services.sagemaker_hosting(
        workload.pricing, instance_type=design.instance_type,
        hours=(sized.start_s + works) / 3600 * sized.instances if sized.sleeps else 0,
        data_in_gb=backlog.items * design.requests.mean_bytes / 1e9,
        data_out_gb=backlog.items * design.requests.response_bytes / 1e9, description="backlog",
    )  # fmt: skip
    return BacklogRun(
        items=backlog.items, within_s=backlog.within_s, takes_s=takes, workers=sized.instances, bill=Bill(lines=lines)
    )


def _cost(candidate: Candidate) -> float:
    return inf if candidate.monthly is None else float(candidate.monthly.expected)
