"""Serverless: a SageMaker endpoint paid by the millisecond, that sleeps between requests.

What decides is how often a request finds it asleep; where the wait cannot bear a cold start, provisioned concurrency
is the way out, and its price is stated or unknown, never zero. CPU only, 1-6 GB; never touches AWS.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from headway.architectures.candidate import BacklogRun, Candidate
from headway.architectures.design import ServerlessDesign, Wait
from headway.architectures.endpoint_path import SYNC_TIMEOUT_S, endpoint_lines
from headway.architectures.queue_path import watching_lines
from headway.architectures.workload import Scenario, Workload
from headway.assumptions import assume, remembered
from headway.bill import services
from headway.bill.lines import Bill, Range
from headway.sizing.cold_start import cold_probabilities, mixed_quantile
from headway.sizing.gaps import Gaps
from headway.sizing.service_time import ServiceTime
from headway.units import HOURS_PER_MONTH, HOURS_PER_WEEK, format_duration, format_size

MAX_BYTES = 4_000_000
"""Largest request (Amazon SageMaker Developer Guide, serverless endpoints: 4 MB)."""
MAX_CONCURRENCY = 200
"""Highest MaxConcurrency of one endpoint (Amazon SageMaker Developer Guide)."""
PING_TIMEOUT_S = 180.0
"""The container must answer /ping within three minutes (Amazon SageMaker Developer Guide)."""
ENDPOINT_TYPES = ("aws:sagemaker/endpoint:Endpoint", "aws:sagemaker/endpointConfiguration:EndpointConfiguration")


@dataclass(frozen=True)
class Function:
    """One memory size the model was measured on."""

    hardware: str
    memory_gb: int
    service: ServiceTime
    load_s: float

    @property
    def cold(self) -> ServiceTime:
        """The load that a cold request waits for, before its own service."""
        return ServiceTime(self.load_s, assume("serverless.cold_start_variability"))


def plan(workload: Workload) -> list[Candidate]:
    """The cheapest memory size that meets the wait, with provisioned concurrency where cold starts break it."""
    names = workload.measured_on(serverless=True)
    if not names:
        return [workload.infeasible("serverless", "not measured: measure serverless-4GB if the model runs on CPU")]
    if workload.profile.model.request.max > MAX_BYTES:
        size = format_size(workload.profile.model.request.max)
        return [workload.infeasible("serverless", f"a request of {size} exceeds the {format_size(MAX_BYTES)} limit")]
    found: list[Candidate] = []
    reasons: list[str] = []
    for name in names:
        function = _function(workload, name)
        for provisioned in (False, True):
            candidate = _candidate(workload, function, provisioned=provisioned)
            if isinstance(candidate, str):
                reasons.append(candidate)
                continue
            found.append(candidate)
            break
    if not found:
        return [workload.infeasible("serverless", min(reasons, key=len))]
    return [
        min(found, key=lambda one: (bool(one.bill and one.bill.unpriced), one.bill.total.expected if one.bill else inf))
    ]


def bill(design: ServerlessDesign, workload: Workload) -> Bill:
    """The month's bill of a serverless endpoint."""
    function = _function(workload, f"serverless-{design.memory_mb // 1024}GB")
    monthly = workload.demand.per_month

    def gb(size: int) -> Range:
        return workload.ranged(lambda s: monthly * s.traffic * size / 1e9)

    def requests(scenario: Scenario) -> float:
        return monthly * scenario.traffic

    return Bill(
        lines=(
            *services.sagemaker_serverless(
                workload.pricing, requests=workload.ranged(requests), seconds=function.service.mean,
                memory_mb=design.memory_mb, data_in_gb=gb(design.requests.mean_bytes),
                data_out_gb=gb(design.requests.response_bytes),
                provisioned_concurrency=design.provisioned_concurrency,
                provisioned_hours=HOURS_PER_MONTH if design.provisioned_concurrency else 0,
                description="serverless endpoint", resource_types=ENDPOINT_TYPES,
            ),
            *endpoint_lines(workload),
            *watching_lines(design, design.alarms, workload),
        )
    )  # fmt: skip


def _function(workload: Workload, hardware: str) -> Function:
    service, _ = workload.single_service(hardware)
    match = re.fullmatch(r"serverless-(\d)GB", hardware)
    memory = int(match[1]) if match else 4
    return Function(hardware, memory, service, workload.profile.model.load_time_on(hardware))


def _candidate(workload: Workload, function: Function, *, provisioned: bool) -> Candidate | str:
    demand = workload.demand
    if function.load_s > PING_TIMEOUT_S:
        return f"loads in {format_duration(function.load_s)}, /ping must answer in {format_duration(PING_TIMEOUT_S)}"
    if function.service.quantile(workload.percentile) > SYNC_TIMEOUT_S:
        return f"{function.hardware} takes longer than the {format_duration(SYNC_TIMEOUT_S)} a request may"
    burst, cold = assume("serverless.burst_quantile"), 0.0 if provisioned else _cold_share(workload, function)
    gaps, rate = Gaps(demand.arrival_variability), max(demand.peak) / 3600
    concurrency = gaps.at_once(rate * function.service.mean, burst)
    if concurrency > MAX_CONCURRENCY:
        return f"needs a concurrency of {concurrency}, an endpoint allows {MAX_CONCURRENCY}"
    # Containers that load are taken too; up to the limit there is room for them.
    with_loads = gaps.at_once(rate * (function.service.mean + cold * function.load_s), burst)
    concurrency = max(concurrency, min(MAX_CONCURRENCY, with_loads))
    wait, late = _wait(workload, function, provisioned=provisioned)
    if late:
        return late
    design = ServerlessDesign(
        **workload.base_design(), burn_rates=workload.burn_rates(),
        memory_mb=function.memory_gb * 1024, max_concurrency=concurrency,
        provisioned_concurrency=concurrency if provisioned else 0, load_time_s=function.load_s,
    )  # fmt: skip
    backlog = _backlog(design, workload, function)
    slow_backlog = backlog is not None and backlog.takes_s > backlog.within_s
    return Candidate(
        architecture="serverless",
        feasible=not slow_backlog,
        reason="the backlog does not fit its time" if slow_backlog else "",
        design=design,
        bill=bill(design, workload),
        wait=wait,
        operations=workload.operations("serverless"),
        monthly_requests=demand.per_month,
        backlog=backlog,
        facts=(
            f"{function.memory_gb} GB, up to {concurrency} at once"
            + (f", {concurrency} kept warm" if provisioned else f", {_cold_share(workload, function):.0%} start cold"),
        ),
        assumptions=("serverless.idle_kept", "serverless.cold_start_variability", "serverless.burst_quantile",
                     "endpoint.overhead", "operations.serverless"),
    )  # fmt: skip


def _cold_share(workload: Workload, function: Function, hours: Sequence[int] = range(HOURS_PER_WEEK)) -> float:
    """Share of these hours' requests that find no idle capacity kept."""
    mean = np.array(workload.demand.mean)[list(hours)]
    total = float(mean.sum())
    if not total:
        return 1.0
    variability = workload.demand.arrival_variability
    cold = _cold_by_hour(
        workload.demand.mean, workload.demand.peak, function.service.mean, function.load_s, variability
    )
    return float(np.dot(mean, cold[list(hours)])) / total


@remembered(maxsize=64)
def _cold_by_hour(
    hourly: tuple[float, ...], peaks: tuple[float, ...], busy_s: float, load_s: float, variability: float
) -> NDArray[np.float64]:
    """By hour of the week: the chance that a request finds no idle capacity kept.

    The busiest stretch of an hour outgrows what the rest of it keeps warm: a standard deviation above the mean, and no
    more than as much again. Until the containers that it starts are loaded, each of its requests wants one of its own.
    """
    mean, peak, share = np.array(hourly), np.array(peaks), assume("traffic.peak_lasts") / 3600
    rates, place = np.unique(mean, return_inverse=True)
    # Clumps count as one request each, of as many containers (Hayward's approximation).
    gaps = Gaps(variability)
    clumps = np.array([gaps.peakedness(rate / 3600 * (busy_s + load_s)) for rate in rates])
    steady = cold_probabilities(rates / 3600 / clumps, assume("serverless.idle_kept"), busy_s)[place]
    busiest = np.minimum(peak * share, mean)
    rest = (mean - busiest) / (1 - share) * busy_s / 3600
    outgrown = np.maximum(peak * busy_s / 3600 - rest - np.minimum(np.sqrt(rest), rest), 0.0)
    started = np.minimum(outgrown * (1 + load_s / busy_s), busiest)
    chances: NDArray[np.float64] = np.minimum(1.0, steady + started / np.maximum(mean, 1e-9))
    return chances


def wait(design: ServerlessDesign, workload: Workload) -> Wait:
    """Waits in the regime that comes closest to its limit."""
    function = _function(workload, f"serverless-{design.memory_mb // 1024}GB")
    return _wait(workload, function, provisioned=design.provisioned_concurrency > 0)[0]


def _wait(workload: Workload, function: Function, *, provisioned: bool) -> tuple[Wait, str]:
    """Wait in the regime that comes closest to its limit, and why it is too long, if it is.

    Each regime must make its percentile, and so must every hour with enough requests to have one: that of the worst is
    told. Half and 99 %: of all the regime's requests.
    """
    demand, overhead = workload.demand, assume("endpoint.overhead")
    enough = 1 / (1 - workload.percentile) if workload.percentile < 1 else inf

    def quantile(hours: tuple[int, ...], p: float) -> float:
        cold = 0.0 if provisioned else _cold_share(workload, function, hours)
        return overhead + mixed_quantile(function.service, function.cold, cold, p)

    closest, wait = -1.0, Wait(p50_s=0, p99_s=0, at_percentile_s=0)
    late = ""
    for promise, hours in demand.regimes:
        busy_hours = [(hour,) for hour in hours if demand.mean[hour] >= enough]
        groups = sorted({quantile(group, workload.percentile): group for group in [hours, *busy_hours]}.items())
        at, group = groups[-1]
        if at > promise:
            cause = "" if provisioned else f" ({_cold_share(workload, function, group):.0%} of requests start cold)"
            late = late or (
                f"too slow: p{demand.percentile:g} {format_duration(at)} on {function.hardware} "
                f"against {format_duration(promise)}{cause}"
            )
        if at / promise > closest:
            closest = at / promise
            wait = Wait(
                p50_s=quantile(hours, 0.5), p99_s=quantile(hours, 0.99), at_percentile_s=at,
                in_worst_hour=at > quantile(hours, workload.percentile),
            )  # fmt: skip
    return wait, late


def _backlog(design: ServerlessDesign, workload: Workload, function: Function) -> BacklogRun | None:
    """The backlog at the endpoint's full concurrency."""
    backlog = workload.demand.backlog
    if backlog is None:
        return None
    takes = ceil(backlog.items / design.max_concurrency) * function.service.mean + function.load_s
    lines = services.sagemaker_serverless(
        workload.pricing, requests=backlog.items, seconds=function.service.mean, memory_mb=design.memory_mb,
        data_in_gb=backlog.items * design.requests.mean_bytes / 1e9,
        data_out_gb=backlog.items * design.requests.response_bytes / 1e9, description="backlog",
    )  # fmt: skip
    return BacklogRun(
        items=backlog.items, within_s=backlog.within_s, takes_s=takes, workers=design.max_concurrency,
        bill=Bill(lines=tuple(lines)),
    )  # fmt: skip
