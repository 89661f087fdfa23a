"""Real time: a SageMaker endpoint whose instances stand by, sized hour by hour for the wait.

Two variants compete: one count all week (nothing to tune, nothing to wake anybody), and a floor scheduled by hour of
week with target tracking above it. Queueing as in ``headway.sizing.queueing``; never touches AWS.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil, inf

from headway.architectures.candidate import BacklogRun, Candidate
from headway.architectures.design import RealtimeDesign, Wait
from headway.architectures.endpoint_path import SYNC_MAX_BYTES, SYNC_TIMEOUT_S, endpoint_lines, volume_gb
from headway.architectures.queue_path import watching_lines
from headway.architectures.rates import Standing, waits_of
from headway.architectures.workload import Workload
from headway.assumptions import assume
from headway.bill import services
from headway.bill.lines import Bill
from headway.sizing.mixture import Mixture
from headway.sizing.overload import Load, Tracking
from headway.sizing.queueing import response_quantile, smallest_servers
from headway.sizing.scaling import instance_hours, instances_held, raise_early
from headway.sizing.service_time import ServiceTime
from headway.traffic.demand import Demand
from headway.units import HOURS_PER_MONTH, WEEKS_PER_MONTH, format_duration, format_size

MOST_INSTANCES = 1000
HOSTING_TYPES = ("aws:sagemaker/endpoint:Endpoint", "aws:sagemaker/endpointConfiguration:EndpointConfiguration")


@dataclass(frozen=True)
class Sized:
    """An instance type with the instances each hour needs."""

    hardware: str
    service: ServiceTime
    concurrency: int
    needed: tuple[int, ...]

    @cached_property
    def busiest(self) -> int:
        """Instances of the busiest hour."""
        return max(self.needed)


def plan(workload: Workload) -> list[Candidate]:
    """The cheapest fixed and the cheapest autoscaled endpoint, or the reason there is none."""
    return [
        one.model_copy(update={"wait": wait(one.design, workload)}) if isinstance(one.design, RealtimeDesign) else one
        for one in sized(workload)
    ]


def sized(workload: Workload) -> list[Candidate]:
    """The same without their waits, which take longest: for whoever puts something before the endpoint."""
    shape = workload.profile.model.request
    names = workload.measured_on(serverless=False)
    if not names:
        return [workload.infeasible("realtime", "no instance type was measured")]
    if shape.max > SYNC_MAX_BYTES:
        return [
            workload.infeasible(
                "realtime",
                f"a request of {format_size(shape.max)} exceeds the endpoint's {format_size(SYNC_MAX_BYTES)}",
            )
        ]
    best: dict[bool, Candidate] = {}
    reasons: list[str] = []
    for name in names:
        hourly = _size(workload, name)
        if isinstance(hourly, str):
            reasons.append(hourly)
            continue
        for candidate in _variants(workload, hourly):
            autoscaled = isinstance(candidate.design, RealtimeDesign) and candidate.design.autoscaled
            if autoscaled not in best or _known_cost(candidate) < _known_cost(best[autoscaled]):
                best[autoscaled] = candidate
    return list(best.values()) or [workload.infeasible("realtime", min(reasons, key=len))]


def bill(design: RealtimeDesign, workload: Workload) -> Bill:
    """The month's bill of a real-time endpoint."""
    hours = weekly_instance_hours(design, workload) * WEEKS_PER_MONTH
    autoscaled = ("endpoint.scale_in_idle", "endpoint.start") if design.autoscaled else ()
    return Bill(
        lines=(
            *services.sagemaker_hosting(
                workload.pricing, instance_type=design.instance_type, hours=hours,
                storage_gb_months=hours / HOURS_PER_MONTH * design.storage_gb,
                data_in_gb=workload.ranged(lambda s: _gb(workload, s.traffic, design.requests.mean_bytes)),
                data_out_gb=workload.ranged(lambda s: _gb(workload, s.traffic, design.requests.response_bytes)),
                description="endpoint instances", assumptions=("endpoint.storage_gb", *autoscaled),
                resource_types=HOSTING_TYPES,
            ),
            *endpoint_lines(workload),
            *watching_lines(design, design.alarms, workload),
        )
    )  # fmt: skip


def weekly_instance_hours(design: RealtimeDesign, workload: Workload) -> float:
    """Instance hours of a week: the floor, what the target holds above it, and the lag of scaling in."""
    if workload.used is not None and workload.used.instance_h is not None:
        return workload.used.instance_h / WEEKS_PER_MONTH
    if not design.autoscaled or design.invocations_per_instance is None:
        return float(sum(design.floors))
    return instance_hours(
        design.floors,
        workload.demand.mean,
        target_per_instance=design.invocations_per_instance * 60,
        scale_in_idle_s=assume("endpoint.scale_in_idle"),
    )


def hourly_instances(design: RealtimeDesign, demand: Demand) -> list[int]:
    """Instances in each hour of a mean week, without the lag of scaling in."""
    if not design.autoscaled or design.invocations_per_instance is None:
        return list(design.floors)
    return instances_held(design.floors, demand.mean, design.invocations_per_instance * 60)


def _size(workload: Workload, hardware: str) -> Sized | str:
    """Instances needed in each hour of the week, or why this hardware cannot meet the wait."""
    service, concurrency = workload.single_service(hardware)
    demand, percentile = workload.demand, workload.percentile
    overhead = assume("endpoint.overhead")
    alone = service.quantile(percentile) + overhead
    if alone > SYNC_TIMEOUT_S:
        return (
            f"{hardware} takes {format_duration(alone)}, an endpoint answers within {format_duration(SYNC_TIMEOUT_S)}"
        )
    tightest = min(demand.max_wait)
    if alone > tightest:
        return (
            f"too slow: p{demand.percentile:g} {format_duration(alone)} on {hardware} without any waiting, "
            f"against {format_duration(tightest)}"
        )
    needed: list[int] = []
    spare = 1 if workload.profile.availability == "high" else 0
    cache: dict[tuple[float, float], int | None] = {}
    for peak, wait in zip(demand.peak, demand.max_wait, strict=True):
        goal = min(wait, SYNC_TIMEOUT_S) - overhead
        if (peak, goal) not in cache:
            cache[peak, goal] = smallest_servers(
                peak / 3600, service, goal, percentile, concurrency=concurrency,
                ca2=demand.arrival_variability, most=MOST_INSTANCES,
            )  # fmt: skip
        count = cache[peak, goal]
        if count is None:
            return f"needs more than {MOST_INSTANCES:,} x {hardware}: split the requests over several stacks"
        needed.append(max(count, 1) + spare)
    most = max(needed)
    if workload.max_instances is not None and most > workload.max_instances:
        return f"needs {most} x {hardware}, max_instances allows {workload.max_instances}"
    return Sized(hardware, service, concurrency, tuple(needed))


def _variants(workload: Workload, sized: Sized) -> Iterator[Candidate]:
    yield _candidate(workload, sized, autoscaled=False)
    if workload.demand.predictable and min(sized.needed) < sized.busiest:
        yield _candidate(workload, sized, autoscaled=True)


def _candidate(workload: Workload, sized: Sized, *, autoscaled: bool) -> Candidate:
    demand = workload.demand
    load = workload.profile.model.load_time_on(sized.hardware)
    floors = tuple(raise_early(sized.needed, assume("endpoint.start") + load)) if autoscaled else (sized.busiest,) * 168
    most = sized.busiest
    target = None
    if autoscaled:
        most = max(most + 1, ceil(most * assume("endpoint.headroom")))
        if workload.max_instances is not None:
            most = max(sized.busiest, min(most, workload.max_instances))
        # The load an instance is sized for in its busiest hour: tracking adds instances beyond it.
        target = max(peak / count for peak, count in zip(demand.peak, sized.needed, strict=True)) / 60
        target = max(target, 1.0)
    design = RealtimeDesign(
        **workload.base_design(), burn_rates=workload.burn_rates(),
        instance_type=f"ml.{sized.hardware}", floors=floors, max_instances=most,
        autoscaled=autoscaled, invocations_per_instance=target, storage_gb=volume_gb(sized.hardware),
        load_time_s=load,
    )  # fmt: skip
    paid_h = weekly_instance_hours(design, workload)
    busy_h = demand.per_week * sized.service.mean / sized.concurrency / 3600
    backlog = _backlog(design, workload, sized, paid_h, busy_h)
    variant = "realtime_autoscaled" if autoscaled else "realtime_fixed"
    late = backlog is not None and backlog.takes_s > backlog.within_s
    return Candidate(
        architecture="realtime",
        feasible=not late,
        reason="the backlog does not fit its time" if late else "",
        design=design,
        bill=bill(design, workload),
        operations=workload.operations(variant),
        utilization=busy_h / paid_h,
        monthly_requests=demand.per_month,
        backlog=backlog,
        facts=(_fact(sized, floors, autoscaled=autoscaled),),
        assumptions=("endpoint.overhead", "endpoint.storage_gb", f"operations.{variant}")
        + (("endpoint.start", "endpoint.scale_in_idle", "endpoint.headroom") if autoscaled else ()),
    )


def wait(design: RealtimeDesign, workload: Workload) -> Wait:
    """Waits in the regime that comes closest to its limit.

    At the promised percentile: at the busiest sustained rate of the hour that comes closest. Half and 99 %: of all the
    regime's requests, those of the busiest stretches among them.
    """
    demand, overhead = workload.demand, assume("endpoint.overhead")
    service, concurrency = workload.single_service(design.instance_type.removeprefix("ml."))

    def at_percentile(peak: float, count: int) -> float:
        slots = count * concurrency
        return overhead + response_quantile(
            peak / 3600, service, slots, workload.percentile, ca2=demand.arrival_variability
        )

    hours = set(zip(demand.peak, demand.max_wait, design.floors, strict=True))
    limit, at = max(
        ((limit, at_percentile(peak, count)) for peak, limit, count in hours), key=lambda pair: pair[1] / pair[0]
    )
    mixture = Mixture()
    for part in waits_of(demand, limit, standing(design, demand, concurrency), lambda rate: Load(rate / 3600, service)):
        mixture.add(part.points, part.requests, part.shares)
    p50, p99 = mixture.quantiles(0.5, 0.99)
    return Wait(p50_s=overhead + p50, p99_s=overhead + p99, at_percentile_s=at, in_worst_hour=True)


def standing(design: RealtimeDesign, demand: Demand, concurrency: int, variability: float | None = None) -> Standing:
    """Instances by hour: most hours are served by what target tracking holds; the promise rests on the floors alone.

    ``variability`` is of the gaps between what reaches the endpoint: the requests', unless given.
    """
    target, tracking = design.invocations_per_instance, None
    if design.autoscaled and target is not None:
        start_s = assume("endpoint.start") + design.load_time_s
        tracking = Tracking(
            target, design.max_instances, start_s, design.scale_out_cooldown_s, design.scale_in_cooldown_s
        )
    held = [min(count, design.max_instances) for count in hourly_instances(design, demand)]
    gaps = demand.arrival_variability if variability is None else variability
    return Standing(design.floors, held, concurrency, gaps, tracking)


def _backlog(
    design: RealtimeDesign, workload: Workload, sized: Sized, paid_h: float, busy_h: float
) -> BacklogRun | None:
    """The backlog on the idle time of what stands by, and on instances added for the rest."""
    backlog = workload.demand.backlog
    if backlog is None:
        return None
    work_h = backlog.items * sized.service.mean / sized.concurrency / 3600
    idle_h = (paid_h - busy_h) * backlog.within_s / (168 * 3600)
    hours = max(0.0, work_h - idle_h)
    start_h = (assume("endpoint.start") + design.load_time_s) / 3600
    usable = backlog.within_s / 3600 - start_h
    extra = ceil(hours / usable) if usable > 0 else 0
    takes = backlog.within_s if usable > 0 else inf
    standing = paid_h / 168
    if not extra:
        takes = work_h / (standing * (1 - busy_h / paid_h)) * 3600
    extra_h = hours + extra * start_h
    lines = services.sagemaker_hosting(
        workload.pricing, instance_type=design.instance_type, hours=extra_h,
        storage_gb_months=extra_h / HOURS_PER_MONTH * design.storage_gb,
        data_in_gb=backlog.items * design.requests.mean_bytes / 1e9,
        data_out_gb=backlog.items * design.requests.response_bytes / 1e9,
        description="backlog on added instances",
    )  # fmt: skip
    return BacklogRun(
        items=backlog.items, within_s=backlog.within_s, takes_s=takes, workers=extra, bill=Bill(lines=tuple(lines))
    )


def _fact(sized: Sized, floors: tuple[int, ...], *, autoscaled: bool) -> str:
    if not autoscaled:
        return f"{sized.busiest} x ml.{sized.hardware}, all week"
    mean = sum(floors) / len(floors)
    return f"{min(floors)} to {max(floors)} x ml.{sized.hardware} by hour of week (mean {mean:.1f}), tracking above"


def _gb(workload: Workload, factor: float, size: int) -> float:
    return workload.demand.per_month * factor * size / 1e9


def _known_cost(candidate: Candidate) -> float:
    """Expected cost for choosing an instance type; one whose hours have no price is passed over where another has."""
    if candidate.bill is None:
        return inf
    hosting = candidate.bill.lines[0]
    return inf if hosting.amount is None else float(candidate.bill.total.expected)
