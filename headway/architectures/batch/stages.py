"""Workers of one instance type, and a departure sized on them.

Times in seconds, arrivals a departure. A departure of n items on k workers in batches of b runs
``ceil(ceil(n/b)/k)`` rounds of ``l(b)``; it is sized for the percentile of arrivals in its busiest window and for the
percentile of its rounds' time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor, sqrt
from statistics import NormalDist

from headway.architectures.batch.calendar import Kinds
from headway.architectures.batch.fleet import Unknown, seconds_of
from headway.architectures.batch.worker import Worker
from headway.architectures.design import WorkerPool
from headway.architectures.validating import probes_time
from headway.architectures.workload import Workload
from headway.assumptions import assume
from headway.prices import PriceError
from headway.prices import hardware as known
from headway.sizing.departures import last_call_age
from headway.sizing.poisson import arrivals_quantile
from headway.sizing.service_time import BatchTime

SHORT_RUN_S = 1800.0
"""Runs that are no longer are not cut in two: what spot takes back of them is little."""
BATCH_STEPS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512, 1024)
"""Batch sizes that are tried, up to the largest one measured."""


@dataclass(frozen=True)
class Stage:
    """Sized departures of one regime on one kind of worker."""

    machine: Hardware
    batch: int
    workers: int
    rounds: int
    on_demand: bool
    last_call_s: float

    @property
    def quota(self) -> int:
        """Items one worker takes."""
        return self.rounds * self.batch

    @property
    def round_s(self) -> float:
        """Mean time of one batch."""
        return self.machine.round_time(self.batch)

    @property
    def processing_s(self) -> float:
        """Mean time of all rounds."""
        return self.rounds * self.round_s

    def weekly_cost(self, week: Kinds, machine: Hardware) -> float:
        """US dollars a week for the expected arrivals: what the search compares."""
        last_call = 0.0 if self.on_demand else self.last_call_s
        worker = Worker(self.batch, machine.time.alpha, machine.time.beta, machine.start_s, self.quota, last_call)
        unknown = Unknown(assume("spot.miss"), 1 - assume("spot.survival_15min"), assume("batch.retry_share"))
        spot = on_demand = 0.0
        for kind, times in week.items():
            seconds = seconds_of(worker, kind, kind.mean, unknown)
            spot, on_demand = spot + times * seconds.spot, on_demand + times * seconds.on_demand
        spot_usd = machine.on_demand_per_hour
        if machine.spot_per_hour is not None:
            spot_usd = machine.spot_per_hour * assume("spot.price")
        return (spot * spot_usd + on_demand * machine.on_demand_per_hour) / 3600


@dataclass(frozen=True)
class Hardware:
    """An instance type the model was measured on, with what batch needs to know of it."""

    instance_type: str
    vcpu: int
    memory_mib: int
    gpus: int
    time: BatchTime
    variability: float
    load_s: float
    probe_s: float
    """Of a worker's probes one by one: a batch size is not known yet, and larger ones take less."""
    on_demand_per_hour: float
    spot_per_hour: float | None
    percentile: float
    arrival_variability: float

    @cached_property
    def start_s(self) -> float:
        """Launch, pull, load and probes: from submitting a job to its first answer."""
        return assume("batch.launch") + assume("batch.pull") + self.load_s + self.probe_s

    @cached_property
    def batch_sizes(self) -> tuple[int, ...]:
        """Batch sizes to try, never beyond the largest one measured."""
        return tuple(sorted({b for b in BATCH_STEPS if b <= self.time.largest} | {self.time.largest}))

    def round_time(self, batch: int) -> float:
        """l(b): mean seconds of one batch."""
        return self.time.seconds(batch)

    def stages(self, week: Kinds, *, batch: int, on_demand: bool) -> Iterator[Stage]:
        """The fewest workers in time, then on spot more of them that work for less long: spot takes back long runs."""
        stage = self.stage(week, batch=batch, on_demand=on_demand)
        while stage is not None:
            yield stage
            if on_demand or stage.processing_s <= SHORT_RUN_S:
                return
            stage = self.stage(week, batch=batch, on_demand=False, most_rounds=stage.rounds // 2)

    def stage(self, week: Kinds, *, batch: int, on_demand: bool, most_rounds: int | None = None) -> Stage | None:
        """The fewest workers that finish the busiest departure within the tightest slack, or None.

        On-demand leaves at once, so start, tick and rounds must fit the slack. Spot must also leave room for the last
        call: a start on spot that fails, then one on-demand.
        """
        slack_s = min(kind.slack_s for kind in week)
        budget = slack_s - self.start_s - assume("batch.tick") - (0.0 if on_demand else self.start_s)
        each = self.round_time(batch)
        # r rounds of varying length: r l + z cv l sqrt(r) <= budget, solved for sqrt(r).
        spread = NormalDist().inv_cdf(self.percentile) * self.variability
        root = (-spread + sqrt(spread * spread + 4 * budget / each)) / 2 if budget > 0 else 0.0
        most = floor(root * root + 1e-9)
        if most_rounds is not None:
            most = min(most, most_rounds)
        if most < 1:
            return None
        busiest = max(week, key=lambda kind: kind.peak)
        items = busiest.peak
        if not busiest.exact:
            items = arrivals_quantile(items, self.percentile, self.arrival_variability)
        batches = ceil(items / batch) or 1
        workers = ceil(batches / most)
        rounds = ceil(batches / workers)
        longest = rounds * each + spread * each * sqrt(rounds)
        # Last call goes by age since arrival: what the oldest waited to leave counts.
        oldest = min(kind.slack_s + kind.gap_s for kind in week)
        last_call = last_call_age(oldest, self.start_s, longest, assume("batch.tick"))
        return Stage(self, batch, workers, rounds, on_demand, last_call)

    def pool(self, batch: int, most: int) -> WorkerPool:
        """The pool of the Design."""
        short = self.instance_type.replace(".", "-")
        return WorkerPool(
            name=f"{short}-b{batch}", instance_type=self.instance_type, vcpu=self.vcpu, memory_mib=self.memory_mib,
            gpus=self.gpus, batch_size=batch, seconds_per_item=self.time.alpha, seconds_per_batch=self.time.beta,
            load_time_s=self.load_s, max_workers=most,
        )  # fmt: skip


def hardware_for(workload: Workload) -> tuple[list[Hardware], list[str]]:
    """The measured instance types that a worker fits on, and why the others do not."""
    fitting: list[Hardware] = []
    reasons: list[str] = []
    reserved = int(assume("batch.reservation_vcpu"))
    profile, pricing = workload.profile, workload.pricing
    for name in workload.measured_on(serverless=False):
        facts = known(name)
        if facts.vcpu < reserved:
            reasons.append(f"{name} has {facts.vcpu} vCPU, a job's containers reserve {reserved}")
            continue
        on_demand = pricing.book.instance(profile.region, name, "on_demand")
        try:
            spot: float | None = float(pricing.book.instance(profile.region, name, "spot").usd)
        except PriceError:
            spot = None
        points = profile.model.service(name)
        fitting.append(
            Hardware(
                instance_type=name, vcpu=max(reserved, facts.vcpu // 2 + 1), memory_mib=int(facts.memory_mib * 0.8),
                gpus=ceil(facts.gpus), time=workload.batch_service(name),
                variability=max(point.variability for point in points), load_s=profile.model.load_time_on(name),
                probe_s=probes_time(workload, workload.batch_service(name), 1),
                on_demand_per_hour=float(on_demand.usd), spot_per_hour=spot,
                percentile=workload.percentile, arrival_variability=workload.demand.arrival_variability,
            )
        )  # fmt: skip
    return fitting, reasons
