"""The one table of defaults: every number Headway assumes, with its unit, source and date.

Anything not measured by the user and not priced by AWS is here, nowhere else. What a plan used of it is listed in
the plan, so a reader can see (and override in the profile) what the answer rests on.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from types import MappingProxyType
from typing import Any, NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Assumption(NamedTuple):
    """One assumed number. ``low`` and ``high`` bound it where the bill turns it into a range."""

    name: str
    value: float | str
    unit: str
    source: str
    as_of: str
    low: float | None = None
    high: float | None = None
    observations: int | None = None
    """Of a row that was observed on a stack (``headway calibrate``): how many it rests on; None for a default."""

    @property
    def number(self) -> float:
        """The value as a number.

        Raises:
            TypeError: The assumption is a word, not a number.
        """
        if isinstance(self.value, str):
            raise TypeError(f"assumption {self.name} is the word {self.value!r}")
        return self.value


class AppliedDefault(NamedTuple):
    """A default that a profile left to Headway, as the plan lists it."""

    name: str
    value: str
    unit: str
    source: str
    as_of: str


_DESIGN = "Headway design: common practice, override in the profile"
_FIELD = "practitioner default, measure yours"
_MEASURED_SPOT = "spot availability measurements, V100, 2023 (SkyServe and peers)"
_AWS = "AWS documentation"
_FALLEN = "SageMaker's SLA leaves 0.05 % a month, and what is late comes to it; the metric Degraded tells yours"
_BUILD = "Headway design: container, load test, alarms and run-book on its components"
_SAVINGS_PLAN = "assumed: AWS states up to 64 %, no figure a type; the ends below it as EC2's GPU reservations, 2025-04"
_DATE = "2026-11"

_TABLE = (
    # profile defaults
    Assumption("profile.region", "us-east-1", "", _DESIGN, _DATE),
    Assumption("profile.timezone", "UTC", "", _DESIGN, _DATE),
    Assumption("profile.percentile", 99, "%", _DESIGN, _DATE),
    Assumption("profile.waiting_user_below", 10, "s", "after 10 s a user does something else (Nielsen 1993)", _DATE),
    Assumption("profile.waiting_workflow_up_to", 3600, "s", _DESIGN, _DATE),
    Assumption("profile.peak_factor", 2, "x", "busiest sustained rate over the hour's mean, web traces", _DATE),
    Assumption("profile.peak_factor_unpredictable", 3, "x", "busiest sustained rate, unpredictable traffic", _DATE),
    Assumption("profile.peak_factor_scheduled", 1, "x", "scheduled work is as much as the schedule says", _DATE),
    Assumption("profile.arrival_variability", 1, "", "Poisson arrivals", _DATE),
    Assumption("profile.service_variability", 0.3, "", _FIELD, _DATE),
    Assumption("profile.concurrency", 1, "requests", _FIELD, _DATE),
    Assumption("profile.load_time", 60, "s", _FIELD, _DATE),
    Assumption("profile.request_bytes", 100_000, "B", _FIELD, _DATE),
    Assumption("profile.response_bytes", 2_000, "B", _FIELD, _DATE),
    Assumption("profile.availability", "standard", "", _DESIGN, _DATE),
    Assumption("profile.fallback_max_age", 3600, "s", _DESIGN, _DATE),
    Assumption("team.complexity_tolerance", "medium", "", _DESIGN, _DATE),
    Assumption("team.minimum_saving", 0.1, "share", _DESIGN, _DATE),
    Assumption("team.hourly_cost", 95, "USD/h", "loaded cost of a platform engineer", _DATE),
    # what `headway init` offers as an answer; whoever takes it declares it
    Assumption("interview.wait_user", 5, "s", "well below the 10 s of a user's attention (Nielsen 1993)", _DATE),
    Assumption("interview.wait_workflow", 300, "s", _DESIGN, _DATE),
    Assumption("interview.wait_review", 1800, "s", _DESIGN, _DATE),
    Assumption("interview.wait_nobody", 86_400, "s", _DESIGN, _DATE),
    Assumption("interview.ready_lead", 7200, "s", "from the last arrival that counts to the time of day", _DATE),
    # traffic
    Assumption("traffic.peak_lasts", 600, "s", "the busiest sustained rate, as peak_factor is measured", _DATE),
    Assumption("traffic.low", 0.8, "x", "uncertainty of declared traffic", _DATE),
    Assumption("traffic.high", 1.25, "x", "uncertainty of declared traffic", _DATE),
    Assumption("traffic.low_unpredictable", 0.5, "x", "uncertainty of unpredictable traffic", _DATE),
    Assumption("traffic.high_unpredictable", 2.0, "x", "uncertainty of unpredictable traffic", _DATE),
    Assumption("traffic.peak_requests", 30, "requests", "expected in a bin, at least: fewer are Poisson noise", _DATE),
    Assumption("traffic.hole_expected", 30, "requests", "expected and none came: a hole in a log, or a holiday", _DATE),
    Assumption("traffic.peak_covers", 0.98, "share", "of busy hours that one measured peak factor covers", _DATE),
    # output validation
    Assumption("validation.tolerance", 0.01, "", "rounding of scores between kinds of hardware", _DATE),
    Assumption("validation.most_doubtful", 0.05, "share", _FIELD, _DATE),
    Assumption("validation.most_breaking", 0.01, "share", _FIELD, _DATE),
    Assumption("prices.aging", 90, "days", "AWS changes list prices a few times a year", _DATE),
    Assumption("prices.stale", 365, "days", "AWS changes list prices a few times a year", _DATE),
    Assumption("prices.spot_aging", 14, "days", "spot prices follow demand over weeks", _DATE),
    Assumption("prices.spot_stale", 90, "days", "spot prices follow demand over weeks", _DATE),
    Assumption("prices.largest_jump", 10, "x", "a refreshed price further from the old one is another product", _DATE),
    Assumption("traffic.quiet_below", 0.1, "share", "of the busiest hour's rate: a quiet hour", _DATE),
    # endpoints
    Assumption("endpoint.detection", 180, "s", "three one-minute datapoints of target tracking; " + _AWS, _DATE),
    Assumption("endpoint.start", 300, "s", "SageMaker instance launch, without the model's load time", _DATE),
    Assumption("endpoint.scale_in_idle", 600, "s", "capacity kept after a step down (15 datapoints, cooldown)", _DATE),
    Assumption("endpoint.overhead", 0.01, "s", "SageMaker runtime overhead per request", _DATE),
    Assumption("endpoint.headroom", 1.5, "x", "most instances over the highest floor", _DATE),
    Assumption("endpoint.storage_gb", 30, "GB", "instance storage volume of an endpoint instance", _DATE),
    Assumption("asynchronous.overhead", 1, "s", "input and output by way of S3, the endpoint's own queue", _DATE),
    Assumption("microbatch.overhead", 0.5, "s", "queue to function, invocation, results written", _DATE),
    Assumption("microbatch.pollers", 5, "pollers", "of an event source mapping at the start; " + _AWS, _DATE),
    Assumption("microbatch.memory_mb", 512, "MB", _DESIGN, _DATE),
    # serverless
    Assumption("serverless.idle_kept", 900, "s", "idle capacity kept by the platform; observed, not documented", _DATE),
    Assumption("serverless.cold_start_variability", 0.25, "", _FIELD, _DATE),
    Assumption("serverless.burst_quantile", 0.999, "share", "concurrency covers this share of moments", _DATE),
    # batch
    Assumption("batch.launch", 180, "s", "submit to container start on a fresh instance, spot and on-demand", _DATE),
    Assumption("batch.pull", 60, "s", "image pull", _DATE),
    Assumption("batch.linger", 120, "s", "instance kept by AWS Batch after its last job", _DATE),
    Assumption("batch.tick", 60, "s", "the dispatcher reconciles once a minute", _DATE),
    Assumption("batch.minimum_billed", 60, "s", "EC2 bills at least a minute; " + _AWS, _DATE),
    Assumption("batch.report_bytes", 80, "B", "an item's line of its departure's report", _DATE),
    Assumption("batch.root_volume_gb", 60, "GB", "AMI, model image, artifact", _DATE),
    Assumption("batch.reservation_vcpu", 4, "vCPU", "four containers of one vCPU each", _DATE),
    Assumption("spot.miss", 0.15, "share", _MEASURED_SPOT, _DATE, low=0.04, high=0.30),
    Assumption("spot.survival_15min", 0.8, "share", _MEASURED_SPOT, _DATE, low=0.97, high=0.6),
    Assumption("spot.price", 1, "x", "spot prices move; spread of zones in the price book", _DATE, low=0.8, high=1.3),
    Assumption("batch.fleet_headroom", 2, "x", "most workers over those the busiest window needs", _DATE),
    Assumption("batch.retry_share", 0.01, "share", "items delivered twice", _DATE, low=0.0, high=0.05),
    # what stands before and beside hybrids
    Assumption("router.overhead", 0.06, "s", "HTTP API, a warm function, one call of its own", _DATE),
    Assumption("router.cold_start", 0.7, "s", "a function with botocore, 512 MB; " + _FIELD, _DATE),
    Assumption("router.idle_kept", 600, "s", "idle function kept by the platform; observed, not documented", _DATE),
    Assumption("router.memory_mb", 512, "MB", _DESIGN, _DATE),
    Assumption("router.result_reads", 2, "reads", "of a queued request's result, by its ticket", _DATE),
    Assumption("table.overhead_bytes", 150, "B", "key, times and names of a row", _DATE),
    Assumption("table.expired_share", 0.1, "share", "rows past their time that DynamoDB has yet to delete", _DATE),
    Assumption("table.read", 0.01, "s", "one read of a table by its key", _DATE),
    Assumption("table.write", 0.01, "s", "one write of a row by its key", _DATE),
    Assumption("table.hit_odds", 0.5, "x", "odds of a hit, of the planned, below which somebody is told", _DATE),
    Assumption("table.unforeseen", 0.01, "share", "requests that find no row though all should; " + _FIELD, _DATE),
    Assumption("features.kept", 365 * 86_400, "s", "a row of features that nobody fills again", _DATE),
    Assumption("features.unknown", 0.05, "share", "requests of entities too new for features; " + _FIELD, _DATE),
    Assumption("watch.chance", 1e-5, "share", "of an alarm in a window as planned: once in ten years of hours", _DATE),
    Assumption("fill.share", 0.25, "share", "of the time between refreshes that a fill may take", _DATE),
    Assumption("fill.longest", 21_600, "s", "a fill that takes longer is a day's work, not a refresh", _DATE),
    # the ladder that answers for a live part that fails
    Assumption("ladder.share", 0.005, "share", _FALLEN, _DATE, low=0.0005, high=0.05),
    Assumption("ladder.reserve_share", 0.1, "share", "of the wait, kept for a row to read or a message to send", _DATE),
    Assumption("ladder.reserve_most", 0.5, "s", "the same, at the most", _DATE),
    Assumption("ladder.drain", 0.5, "share", "of the mean load that what was queued may add: two hours for one", _DATE),
    Assumption("ladder.oldest", 3600, "s", "age of what is queued at which somebody is told; " + _DESIGN, _DATE),
    Assumption("ladder.tries", 20, "receives", "of a queued request until its endpoint is back: half an hour", _DATE),
    Assumption("ladder.idle_receives", 0.25, "1/s", "five pollers of Lambda, 20 s each; " + _AWS, _DATE),
    # requests and what they leave behind
    Assumption("contract.inline_bytes", 48_000, "B", "bodies above go to S3 and travel as a pointer", _DATE),
    Assumption("contract.envelope_bytes", 600, "B", "id, tier, attributes, times of a request", _DATE),
    Assumption("results.kept_days", 30, "days", "lifecycle of results and request bodies", _DATE),
    Assumption("logs.bytes_per_request", 300, "B", _FIELD, _DATE),
    Assumption("logs.bytes_per_tick", 400, "B", "a dispatcher tick's log", _DATE),
    Assumption("logs.bytes_per_job", 20_000, "B", "container logs of one job", _DATE),
    Assumption("logs.kept_months", 1, "months", "retention of logs", _DATE),
    Assumption("feeder.memory_mb", 1024, "MB", _DESIGN, _DATE),
    Assumption("feeder.items_per_second", 2000, "items/s", "sixteen threads of ten messages a call", _DATE),
    Assumption("dispatcher.memory_mb", 256, "MB", _DESIGN, _DATE),
    Assumption("dispatcher.tick_seconds", 0.4, "s", "a tick: three API calls", _DATE),
    Assumption("watchdog.memory_mb", 256, "MB", _DESIGN, _DATE),
    Assumption("watchdog.every", 3600, "s", "a day's account, looked at once an hour", _DATE),
    Assumption("watchdog.seconds", 2, "s", "a watchdog's call: five metrics of a day, two queues, a ledger", _DATE),
    Assumption("watchdog.difference", 0.001, "share", "of a day's requests; SQS's counts are not exact", _DATE),
    Assumption("watchdog.least_difference", 5, "requests", "of a day, before anybody is told", _DATE),
    Assumption("dashboard.least_bill", 60, "USD/month", "a dashboard (USD 3) is at most 5 % of what it shows", _DATE),
    Assumption("sqs.empty_receive_share", 0.2, "share", "receives that return nothing, of all", _DATE),
    # operations hours a month (the table orders complexity) and one-off build hours
    Assumption("operations.serverless", 2, "h/month", "Headway design", _DATE),
    Assumption("operations.realtime_fixed", 3, "h/month", "Headway design", _DATE),
    Assumption("operations.asynchronous", 4, "h/month", "Headway design", _DATE),
    Assumption("operations.batch", 5, "h/month", "Headway design", _DATE),
    Assumption("operations.microbatch", 6, "h/month", "Headway design", _DATE),
    Assumption("operations.realtime_autoscaled", 8, "h/month", "Headway design", _DATE),
    Assumption("operations.router", 1, "h/month", "Headway design; beside its endpoint's", _DATE),
    Assumption("operations.tiered", 3, "h/month", "Headway design; beside its parts'", _DATE),
    Assumption("operations.precomputed", 2, "h/month", "Headway design; beside its parts'", _DATE),
    Assumption("operations.features", 2, "h/month", "Headway design; beside its parts'", _DATE),
    Assumption("build.serverless", 16, "h", _BUILD, _DATE),
    Assumption("build.realtime_fixed", 16, "h", _BUILD, _DATE),
    Assumption("build.asynchronous", 24, "h", _BUILD, _DATE),
    Assumption("build.realtime_autoscaled", 32, "h", _BUILD, _DATE),
    Assumption("build.batch", 40, "h", _BUILD, _DATE),
    Assumption("build.microbatch", 32, "h", _BUILD, _DATE),
    Assumption("build.tiered", 24, "h", _BUILD + "; beside its parts'", _DATE),
    Assumption("build.precomputed", 24, "h", _BUILD + "; beside its parts'", _DATE),
    Assumption("build.features", 32, "h", _BUILD + "; beside its parts'", _DATE),
    Assumption("migration.resize", 4, "h", "Headway design: the same architecture at another size", _DATE),
    Assumption("migration.same_call", 8, "h", "Headway design: callers call as before, another endpoint", _DATE),
    Assumption("migration.other_call", 24, "h", "Headway design: callers send otherwise and fetch results", _DATE),
    # commitments: shares of the on-demand price, never on the bill
    Assumption("commitment.ml_savings_plan_1y", 0.25, "share", _SAVINGS_PLAN, _DATE, low=0.15, high=0.38),
    Assumption("commitment.ml_savings_plan_3y", 0.45, "share", _SAVINGS_PLAN, _DATE, low=0.37, high=0.64),
)  # fmt: skip

ASSUMPTIONS: dict[str, Assumption] = {row.name: row for row in _TABLE}
"""Every default by name."""

_NOTHING: Mapping[str, Assumption] = MappingProxyType({})
_observed: ContextVar[Mapping[str, Assumption]] = ContextVar("observed", default=_NOTHING)


@contextmanager
def assuming(rows: Iterable[Assumption]) -> Iterator[None]:
    """Within this block what a stack was observed to do stands in the table, in place of the defaults of those names.

    Raises:
        KeyError: The table has no such row: an observation replaces a default, it never adds one.

    >>> with assuming([ASSUMPTIONS["batch.launch"]._replace(value=95.0)]):
    ...     assume("batch.launch")
    95.0
    >>> assume("batch.launch")
    180
    """
    replaced = {ASSUMPTIONS[row.name].name: row for row in rows}
    token = _observed.set(MappingProxyType({**_observed.get(), **replaced}) if replaced else _observed.get())
    try:
        yield
    finally:
        _observed.reset(token)


def row_of(name: str) -> Assumption:
    """The row that holds here: what was observed, else the default.

    Raises:
        KeyError: The table has no such row.
    """
    return _observed.get().get(name) or ASSUMPTIONS[name]


def observed() -> tuple[Assumption, ...]:
    """The rows that hold here instead of the defaults."""
    return tuple(_observed.get().values())


def assume(name: str) -> float:
    """The expected value of a numeric assumption.

    >>> assume("batch.tick")
    60
    """
    return row_of(name).number


def assume_range(name: str) -> tuple[float, float, float]:
    """Low, expected and high of an assumption; equal where it has no bounds.

    >>> assume_range("spot.miss")
    (0.04, 0.15, 0.3)
    """
    row = row_of(name)
    value = row.number
    return (value if row.low is None else row.low, value, value if row.high is None else row.high)


def remembered(maxsize: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """``lru_cache`` for functions that look into this table: what was observed is part of what they were asked.

    Arguments are given by place.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @lru_cache(maxsize=maxsize)
        def keyed(_observed: Hashable, *args: Any) -> R:
            known: Callable[..., R] = function
            return known(*args)

        @wraps(function)
        def asked(*args: P.args, **kwargs: P.kwargs) -> R:
            if kwargs:
                raise TypeError(f"{function.__name__} takes its arguments by place")
            return keyed(observed(), *args)

        return asked

    return decorate
