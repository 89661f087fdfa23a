"""A Design per architecture: the one source of truth for bill and component.

A number that decides both a price and a resource (an instance count, a window, a memory size) exists once, here.
Designs are plain frozen values that survive JSON, so a locked plan holds exactly what was planned.
Hours of the week run 0..167 from Monday 00:00 in the design's time zone; minutes of a day 0..1440.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from headway.architectures.account_watch import WatchdogDesign, accounting
from headway.architectures.answer_watch import ValidationDesign, checking
from headway.architectures.promise import METRICS, burn_alarm
from headway.architectures.router_design import RouterDesign
from headway.architectures.value import BurnRate, Value
from headway.profile import Container
from headway.units import HOURS_PER_WEEK


class Wait(Value):
    """Seconds from request to result. ``worst_s`` is None where nothing bounds it."""

    p50_s: float
    p99_s: float
    at_percentile_s: float
    """At the profile's percentile, in the regime that comes closest to its limit."""
    in_worst_hour: bool = False
    """Whether that is the percentile of the hour that comes closest; ``p50_s`` and ``p99_s`` are of all hours."""
    worst_s: float | None = None
    limit_s: float | None = None
    """The max_wait that it is held against, where requests have several."""


class RequestShape(Value):
    """Sizes of one request, in bytes. Bodies over ``inline_bytes`` go to S3 and travel as a pointer."""

    mean_bytes: int
    max_bytes: int
    response_bytes: int
    inline_bytes: int


class BaseDesign(Value):
    """What every architecture's design states."""

    region: str
    timezone: str
    container: Container | None = None
    requests: RequestShape
    max_wait_s: float
    """The tightest wait promised: alarms watch it."""
    percentile: float
    log_retention_days: int = 30
    dashboard: bool = False
    """Whether it has a dashboard. A part of a hybrid has none: the whole's shows it too."""


class WatchedDesign(BaseDesign):
    """A design whose requests are timed: what share of them may be late, and in which windows that is watched."""

    burn_rates: tuple[BurnRate, ...] = ()

    @property
    def burn_alarms(self) -> dict[str, int]:
        """The alarms on the profile's own promise, each with the metrics it looks at."""
        return {burn_alarm(rate.window_s): METRICS for rate in self.burn_rates}


class LiveDesign(WatchedDesign):
    """An endpoint that answers at once, called by itself or, where the profile has a fallback, by a router."""

    router: RouterDesign | None = None
    """What stands before it; None in a hybrid, whose own router asks its parts."""
    results_kept_days: int = 0
    """Of the router's bucket; 0 without one."""

    @property
    def answer_within_s(self) -> float:
        """What the endpoint itself has: of ``max_wait_s`` the ladder keeps a part."""
        ladder = self.router.ladder if self.router else None
        return self.max_wait_s - (ladder.reserve(self.max_wait_s) if ladder else 0.0)

    @property
    def router_alarms(self) -> dict[str, int]:
        """The router's alarms, each with the metrics it looks at."""
        return self.router.alarms if self.router else {}


class RealtimeDesign(LiveDesign):
    """A SageMaker endpoint with a floor by hour of week and, if autoscaled, target tracking above it."""

    architecture: Literal["realtime"] = "realtime"
    instance_type: str
    """``ml.g5.xlarge``: the hosting name."""
    floors: tuple[int, ...] = Field(min_length=HOURS_PER_WEEK, max_length=HOURS_PER_WEEK)
    """Instances by hour of week, already raised one start-time early."""
    max_instances: int
    autoscaled: bool
    invocations_per_instance: float | None = None
    """Target tracking's goal, invocations a minute and instance; None when not autoscaled."""
    scale_in_cooldown_s: int = 300
    scale_out_cooldown_s: int = 60
    storage_gb: int
    """Of the volume that is attached to each instance; 0 where the type brings its own storage."""
    load_time_s: float

    @property
    def alarms(self) -> dict[str, int]:
        """The alarms that watch it, each with the metrics it looks at.

        The component makes these, the bill charges for these; target tracking makes its own two, out and in.
        """
        own = {"errors": 1, "invalid-requests": 1, "latency": 2, "not-enough-instances": 1, **self.burn_alarms}
        own |= self.router_alarms
        return own | ({"scale-out": 1, "scale-in": 1} if self.invocations_per_instance is not None else {})

    @property
    def initial_count(self) -> int:
        """The highest floor: what an endpoint update starts from, autoscaling then shrinks it."""
        return max(self.floors)

    @property
    def floor_changes(self) -> tuple[tuple[int, int], ...]:
        """``(hour of week, count)`` at which the floor changes; empty for a flat floor."""
        return tuple((h, now) for h, now in enumerate(self.floors) if now != self.floors[h - 1])


class ServerlessDesign(LiveDesign):
    """A SageMaker serverless endpoint."""

    architecture: Literal["serverless"] = "serverless"
    memory_mb: int
    max_concurrency: int
    provisioned_concurrency: int = 0
    load_time_s: float

    @property
    def alarms(self) -> dict[str, int]:
        """The alarms that watch it, each with the metrics it looks at."""
        own = {"errors": 1, "invalid-requests": 1, "latency": 2, "throttles": 1, **self.burn_alarms}
        return own | self.router_alarms


class AsynchronousDesign(WatchedDesign):
    """A SageMaker asynchronous endpoint: a queue of its own, woken by a backlog, asleep without one."""

    architecture: Literal["asynchronous"] = "asynchronous"
    instance_type: str
    """``ml.g5.xlarge``: the hosting name."""
    min_instances: int
    """0: asleep between requests."""
    max_instances: int
    """All of them start when a backlog finds none running."""
    concurrency: int
    """Requests one instance serves at once."""
    storage_gb: int
    """Of the volume that is attached to each instance; 0 where the type brings its own storage."""
    load_time_s: float
    expires_s: int
    """A request that has waited longer is given up by SageMaker."""
    results_kept_days: int

    @property
    def sleeps(self) -> bool:
        """Whether it scales to zero."""
        return self.min_instances == 0

    @property
    def alarms(self) -> dict[str, int]:
        """The alarms that watch and scale it, each with the metrics it looks at."""
        own = {"failures": 1, "expired": 1, "oldest-request": 1, **self.burn_alarms}
        return own | ({"wake": 1, "scale-out": 1, "scale-in": 1} if self.sleeps else {})


def told(watchdog: WatchdogDesign | None, validation: ValidationDesign | None) -> tuple[str, ...]:
    """The custom metrics of watchdog and validation."""
    return (*(("Unaccounted",) if watchdog else ()), *(validation.metrics if validation else ()))


class WorkerPool(Value):
    """One kind of worker: a spot and an on-demand compute environment with a job queue each."""

    name: str
    instance_type: str
    vcpu: int
    """Reserved by all containers of the job together: more than half the type's, so one job an instance."""
    memory_mib: int
    gpus: int
    batch_size: int
    seconds_per_item: float
    """alpha of l(b) = alpha b + beta."""
    seconds_per_batch: float
    """beta of l(b) = alpha b + beta."""
    load_time_s: float
    max_workers: int
    """Workers at once that the compute environments allow."""
    probe_s: float = 0.0
    """Expected time of the known-answer probes before a worker's first batch."""

    @property
    def ready_s(self) -> float:
        """From a container's start to the first batch of requests."""
        return self.load_time_s + self.probe_s


class DepartureRule(Value):
    """Departures of one regime: ``from_minute, from_minute + every_minutes, ... < to_minute`` on each of ``days``."""

    days: tuple[int, ...]
    """0 Monday .. 6 Sunday."""
    from_minute: int = Field(ge=0, lt=1440)
    to_minute: int = Field(gt=0, le=1440)
    every_minutes: int = Field(gt=0)
    pool: str
    quota: int
    """Items one worker takes before it ends."""
    max_workers: int
    """Workers of one departure; beyond that each takes more than its quota."""
    last_call_s: float
    """Age of the oldest message at which what is left goes on-demand at once; 0: always on-demand."""
    promise_s: float
    """The max_wait of the requests that these departures take."""
    leaves_early: bool = True
    """Whether a worker's full quota that waits leaves before its time: sooner, and as full as the plan's workers."""


class FeederDesign(Value):
    """A function that reads a manifest of items in S3, once it is there, and sends each to the queue."""

    memory_mb: int
    timeout_s: int = 900
    silence_s: int | None = None
    """So long without a manifest is too long; None where an alarm cannot look back that far."""


class BatchDesign(WatchedDesign):
    """SQS -> a dispatcher ticked every minute -> AWS Batch workers on spot, on-demand behind them."""

    architecture: Literal["batch"] = "batch"
    pools: tuple[WorkerPool, ...]
    departures: tuple[DepartureRule, ...]
    visibility_timeout_s: int
    max_receives: int = 10
    """SQS's net below the worker's own count of failures. Whoever lies in a killed worker's hands has one more receive,
    so the innocent must never come near."""
    queue_retention_s: int
    job_timeout_s: int
    """Attempt limit of one job."""
    runnable_limit_s: int
    """RUNNABLE backstop of the job queues (600-86,400 s)."""
    tick_s: int = 60
    report_every_s: int = 30
    """Between the parts of a departure's report that a worker writes; it deletes messages only once they are told."""
    dispatcher_memory_mb: int
    dispatcher_timeout_s: int = 50
    root_volume_gb: int
    results_kept_days: int
    watchdog: WatchdogDesign | None = None
    validation: ValidationDesign | None = None
    """How answers are checked; None where the profile does not say."""
    feeder: FeederDesign | None = None
    """What puts scheduled work into the queue; None where clients send requests."""
    results_to: Literal["bucket", "table"] = "bucket"
    """Where answers are written: as results for whoever asked, or as rows that expire."""

    @property
    def alarms(self) -> dict[str, int]:
        """The alarms that watch it, each with the metrics it looks at."""
        names = ("queue-age", "dead-letters", "failed-jobs", "stuck-jobs", "missed-departures", "dispatcher-errors")
        fed = ("feeder-errors", "missed-manifests") if self.feeder and self.feeder.silence_s else ("feeder-errors",)
        own = dict.fromkeys((*names, *fed) if self.feeder else names, 1)
        return own | accounting(self.watchdog) | checking(self.validation) | self.burn_alarms

    @property
    def metrics(self) -> tuple[str, ...]:
        """Custom metrics: the dispatcher and the workers emit these, the bill charges for these.

        What waits and how old it is, SQS itself tells free of charge.
        """
        own = ("LivingWorkers", "SubmittedWorkers", "SecondsBehind", "Departures", "PromiseUsed", "Busy")
        return (*own, *told(self.watchdog, self.validation))


class MicroBatchDesign(WatchedDesign):
    """SQS -> a function that closes a batch at N items or T seconds -> a real-time endpoint sized for the batches."""

    architecture: Literal["microbatch"] = "microbatch"
    batch_size: int
    """N: a batch closes when it has as many."""
    window_s: int
    """T: or so long after its first."""
    max_concurrency: int
    """Functions at once: as many as the endpoint serves, so that the rest waits in the queue."""
    endpoint: RealtimeDesign
    seconds_per_batch: float
    """Expected time of a full batch."""
    function_memory_mb: int
    function_timeout_s: int
    visibility_timeout_s: int
    max_receives: int = 5
    queue_retention_s: int
    results_kept_days: int
    watchdog: WatchdogDesign | None = None
    validation: ValidationDesign | None = None
    """How answers are checked; its probes are the watchdog's to ask."""

    @property
    def alarms(self) -> dict[str, int]:
        """The alarms that watch queue and function, each with the metrics it looks at; the endpoint has its own."""
        own = {"queue-age": 1, "dead-letters": 1, "function-errors": 1}
        return own | accounting(self.watchdog) | checking(self.validation) | self.burn_alarms

    @property
    def metrics(self) -> tuple[str, ...]:
        """Custom metrics: the function emits these, the bill charges for these."""
        return ("PromiseUsed", *told(self.watchdog, self.validation))


SimpleDesign = Annotated[
    RealtimeDesign | ServerlessDesign | AsynchronousDesign | MicroBatchDesign | BatchDesign,
    Field(discriminator="architecture"),
]
"""What hybrids are made of."""
