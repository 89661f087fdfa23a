"""The profile's parts: who waits, how traffic runs, what the model was measured to take.

All values are plain and frozen; durations are seconds, sizes bytes, shares 0..1. After validation every field holds a
value, and ``Profile.defaults`` lists those that Headway filled in.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import pairwise
from math import exp, log, sqrt
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PrivateAttr,
    model_validator,
)

from headway.assumptions import ASSUMPTIONS, AppliedDefault, assume
from headway.errors import nearest
from headway.profile.answers import Validation
from headway.profile.calendar import Clock, Days, Hours
from headway.profile.fallback import Answer, Rung, contradiction
from headway.profile.hybrids import Features, Precompute, Tier
from headway.profile.part import MOST, NotNegative, Part, PositiveDuration, Share, Waiting, refuse_overlap
from headway.profile.trace import Trace
from headway.profile.traffic import Traffic
from headway.units import Duration, Money, Seconds, Size

_HARDWARE = re.compile(r"[a-z][a-z0-9-]*\d[a-z0-9-]*\.(nano|micro|small|medium|\d*x?large|metal(-\d+xl)?)")
_SERVERLESS = re.compile(r"serverless-([1-6])GB")
_Z99 = 2.3263478740408408


def _check_hardware(name: str) -> str:
    if name.startswith("ml."):
        raise ValueError(f"write the EC2 name {name[3:]!r}; Headway adds ml. where SageMaker wants it")
    if name.startswith("serverless"):
        if not _SERVERLESS.fullmatch(name):
            raise ValueError(f"{name!r}: serverless memory is 1 to 6 GB in whole steps; write serverless-4GB")
        return name
    if not _HARDWARE.fullmatch(name):
        raise ValueError(f"{name!r} is no instance type; write one such as g5.xlarge or m5.large, or serverless-4GB")
    return name


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"{name!r} is no time zone of the IANA database{nearest(name, available_timezones())}"
        ) from None
    return name


def _check_region(name: str) -> str:
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", name):
        raise ValueError(f"{name!r} is no AWS region; write one such as us-east-1 or eu-west-1")
    return name


HardwareName = Annotated[
    str, AfterValidator(_check_hardware), Field(examples=["g5.xlarge", "m5.large", "serverless-4GB"])
]


class WaitRule(Part):
    """Another wait at other hours."""

    days: Days = (0, 1, 2, 3, 4, 5, 6)
    hours: Hours = tuple(range(24))
    max_wait: PositiveDuration


class ReadyBy(Part):
    """Results of what arrived by ``arrived_by`` are ready at ``time`` on each of ``days``."""

    time: Clock
    arrived_by: Clock
    days: Days = (0, 1, 2, 3, 4, 5, 6)


class Latency(Part):
    """How long people can really wait."""

    max_wait: PositiveDuration = Field(description="Longest acceptable time from request to result.")
    percentile: float = Field(
        default=assume("profile.percentile"), ge=50, lt=100, description="Share of requests, in percent, that make it."
    )
    waiting: Waiting = Field(default="workflow", description="Who waits.")
    schedule: tuple[WaitRule, ...] = Field(default=(), description="Another wait at other hours.")
    ready_by: ReadyBy | None = None

    @model_validator(mode="after")
    def _no_overlap(self) -> Self:
        refuse_overlap("schedule", [(rule.days, rule.hours) for rule in self.schedule])
        return self


class Container(Part):
    """The model's container (the SageMaker contract) and its artifact."""

    image: str = Field(min_length=1)
    artifact: str | None = Field(default=None, pattern=r"^s3://[^/]+/.+")
    batch_image: str | None = None

    @property
    def version(self) -> str:
        """What results say of their model: the image's name and tag or digest, and the artifact's key.

        >>> Container(image="123.dkr.ecr.us-east-1.amazonaws.com/classifier:1", artifact="s3://models/06/m.tar.gz").version
        'classifier:1 06/m.tar.gz'
        """
        image = self.image.rsplit("/", 1)[-1]
        return image if self.artifact is None else f"{image} {self.artifact.removeprefix('s3://').split('/', 1)[1]}"


class Payload(Part):
    """Bytes of a request body: on average and at most."""

    mean: Annotated[Size, Field(gt=0)]
    max: Annotated[Size, Field(gt=0)]

    @model_validator(mode="before")
    @classmethod
    def _one_size(cls, data: Any) -> Any:
        return {"mean": data, "max": data} if isinstance(data, str | int | float) else data

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max < self.mean:
            raise ValueError(f"max ({self.max} B) is smaller than mean ({self.mean} B)")
        return self


class Measurement(Part):
    """What one call of ``batch`` items was measured to take on one kind of hardware."""

    hardware: HardwareName
    batch: int = Field(default=1, ge=1, le=100_000)
    seconds: Annotated[Seconds, Field(gt=0)] = Field(
        default=0.0, validate_default=False, description="Mean of one call."
    )
    variability: NotNegative = Field(
        default=assume("profile.service_variability"), le=20, description="Coefficient of variation of a call."
    )
    p50: PositiveDuration | None = None
    p99: PositiveDuration | None = None
    concurrency: int = Field(default=int(assume("profile.concurrency")), ge=1, le=10_000)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.p50 is None) != (self.p99 is None):
            raise ValueError("p50 and p99 come together: give both, or seconds and variability")
        if self.p50 is not None and self.p99 is not None:
            if self.p99 < self.p50:
                raise ValueError(f"p99 ({self.p99:g} s) is below p50 ({self.p50:g} s)")
            sigma = log(self.p99 / self.p50) / _Z99
            given = self.model_fields_set
            if "seconds" not in given:
                object.__setattr__(self, "seconds", self.p50 * exp(sigma * sigma / 2))
            if "variability" not in given:
                object.__setattr__(self, "variability", sqrt(exp(sigma * sigma) - 1))
        elif not self.seconds:
            raise ValueError("seconds is missing (or p50 and p99): how long did one call take?")
        return self


class Model(Part):
    """The model: its container, its sizes, and what was measured of it."""

    container: Container | None = None
    request: Payload = Payload(mean=int(assume("profile.request_bytes")), max=int(assume("profile.request_bytes")))
    response: Size = int(assume("profile.response_bytes"))
    load_time: Duration | dict[HardwareName, Duration] = Field(
        default=float(assume("profile.load_time")), description="Container start to first answer; one, or by hardware."
    )
    measured: tuple[Measurement, ...] = Field(min_length=1)
    validation: Validation | None = Field(default=None, description="What answers are checked for.")

    def load_time_on(self, hardware: str) -> float:
        """Seconds from container start to first answer on this hardware."""
        if isinstance(self.load_time, dict):
            return self.load_time.get(hardware, assume("profile.load_time"))
        return self.load_time

    def service(self, hardware: str) -> tuple[Measurement, ...]:
        """The measurements of one kind of hardware, smallest batch first."""
        return tuple(sorted((m for m in self.measured if m.hardware == hardware), key=lambda m: m.batch))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in dict.fromkeys(point.hardware for point in self.measured):
            points = self.service(name)
            for left, right in pairwise(points):
                if left.batch == right.batch:
                    raise ValueError(f"measured: {name} with batch {left.batch} is given twice")
                if right.seconds < left.seconds:
                    raise ValueError(
                        f"measured: on {name} a batch of {right.batch} ({right.seconds:g} s) is quicker than one of "
                        f"{left.batch} ({left.seconds:g} s); seconds are for the whole batch"
                    )
        return self


class Team(Part):
    """What complexity costs here."""

    complexity_tolerance: Literal["low", "medium", "high"] = "medium"
    hourly_cost: NotNegative = assume("team.hourly_cost")
    minimum_saving: Annotated[float, Field(ge=0, lt=1)] = assume("team.minimum_saving")


class Current(Part):
    """What runs today."""

    architecture: str = "realtime"
    instance_type: str | None = None
    count: int | None = Field(default=None, ge=1, le=MOST)
    utilization: Share | None = Field(default=None, description="Of its GPUs, else of its CPUs, on average.")
    monthly_bill: Money | None = Field(default=None, ge=Decimal(0), le=Decimal(MOST))


class Budget(Part):
    """The AWS bill that must not be exceeded."""

    monthly: Money = Field(gt=Decimal(0), le=Decimal(MOST))


class Profile(Part):
    """A workload as its owner declares it.

    >>> profile = Profile.model_validate({
    ...     "name": "contact-form", "latency": {"max_wait": "5s"}, "traffic": {"per_day": 50},
    ...     "model": {"measured": [{"hardware": "m5.large", "seconds": 0.4}]}})
    >>> profile.latency.waiting, profile.timezone
    ('user', 'UTC')
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)
    region: Annotated[str, AfterValidator(_check_region)] = "us-east-1"
    timezone: Annotated[str, AfterValidator(_check_zone)] = "UTC"
    latency: Latency
    traffic: Traffic
    model: Model
    availability: Literal["standard", "high"] = "standard"
    tiers: tuple[Tier, ...] = ()
    router: Literal["included", "own"] = Field(
        default="included", description="What sends requests to their tiers: a router that comes with them, or yours."
    )
    features: Features | None = None
    precompute: Precompute | None = None
    fallback: tuple[Rung, ...] = Field(
        default=(), description="What a failing live path answers, in this order: cache, queue, default."
    )
    fallback_answer: Answer = Field(default=None, description="What default answers: any JSON, 1,000 bytes at most.")
    fallback_max_age: PositiveDuration = Field(
        default=assume("profile.fallback_max_age"), description="Age at which cache no longer gives an answer out."
    )
    team: Team = Team()
    current: Current | None = None
    budget: Budget | None = None
    _defaults: tuple[AppliedDefault, ...] = PrivateAttr(default=())

    @property
    def defaults(self) -> tuple[AppliedDefault, ...]:
        """The defaults that the profile left to Headway."""
        return self._defaults

    @property
    def digest(self) -> str:
        """SHA-256 of what the profile declares: defaults and notation (30m or 1800s) make no difference."""
        declared = self.model_dump(mode="json", exclude_unset=True, by_alias=True)
        return hashlib.sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()

    @model_validator(mode="after")
    def _fill_in(self) -> Self:
        if self.tiers:
            total = sum(tier.share for tier in self.tiers)
            if abs(total - 1) > 1e-6:
                raise ValueError(f"tiers: shares add up to {total:g}, not 1")
            if len({tier.name for tier in self.tiers}) < len(self.tiers):
                raise ValueError("tiers: two have the same name")
            if len(self.tiers) < 2:
                raise ValueError("tiers: one tier is no tiers; give its max_wait as latency.max_wait")
            if sum(tier.when is None for tier in self.tiers) > 1:
                raise ValueError("tiers: only one can be without a rule (when): it takes what no other does")
        elif self.router == "own":
            raise ValueError("router: own is for tiers; without them there is nothing to route")
        said = self.model_fields_set
        wrong = contradiction(self.fallback, said, max_age=self.fallback_max_age, response=self.model.response)
        if wrong:
            raise ValueError(wrong)
        trace = self.traffic.trace
        if isinstance(trace, Trace) and trace.timezone != self.timezone:
            raise ValueError(
                f"traffic.trace: its hours are those of {trace.timezone}, the profile's of {self.timezone}; import it "
                f"again with --timezone {self.timezone}"
            )
        object.__setattr__(self, "_defaults", tuple(fill_defaults(self)))
        return self


def fill_defaults(profile: Profile) -> Iterable[AppliedDefault]:
    """Fill in what depends on other fields, and list every default that was used."""
    latency, traffic, model, team = profile.latency, profile.traffic, profile.model, profile.team

    def used(part: BaseModel, field: str, path: str, row: str, value: object = None) -> Iterable[AppliedDefault]:
        if field not in part.model_fields_set and not (part is traffic and field in traffic.measured):
            source = ASSUMPTIONS[row]
            shown = source.value if value is None else value
            text = f"{shown:g}" if isinstance(shown, int | float) else str(shown)
            yield AppliedDefault(path, text, source.unit, source.source, source.as_of)

    yield from used(profile, "region", "region", "profile.region")
    yield from used(profile, "timezone", "timezone", "profile.timezone")
    yield from used(latency, "percentile", "latency.percentile", "profile.percentile")
    if "waiting" not in latency.model_fields_set:
        short, long = assume("profile.waiting_user_below"), assume("profile.waiting_workflow_up_to")
        who = "user" if latency.max_wait < short else "workflow" if latency.max_wait <= long else "review"
        object.__setattr__(latency, "waiting", who)
        row = "profile.waiting_user_below" if who == "user" else "profile.waiting_workflow_up_to"
        yield AppliedDefault("latency.waiting", who, "", ASSUMPTIONS[row].source, ASSUMPTIONS[row].as_of)
    factor = "profile.peak_factor" if traffic.predictable else "profile.peak_factor_unpredictable"
    if traffic.scheduled is not None:
        factor = "profile.peak_factor_scheduled"
    if "peak_factor" not in traffic.model_fields_set | traffic.measured.keys():
        object.__setattr__(traffic, "peak_factor", assume(factor))
    yield from used(traffic, "peak_factor", "traffic.peak_factor", factor)
    yield from used(traffic, "arrival_variability", "traffic.arrival_variability", "profile.arrival_variability")
    yield from used(model, "request", "model.request", "profile.request_bytes")
    yield from used(model, "response", "model.response", "profile.response_bytes")
    yield from used(model, "load_time", "model.load_time", "profile.load_time")
    if isinstance(model.load_time, dict):
        for name in dict.fromkeys(point.hardware for point in model.measured):
            if name not in model.load_time:
                row_ = ASSUMPTIONS["profile.load_time"]
                yield AppliedDefault(f"model.load_time[{name}]", f"{row_.number:g}", "s", row_.source, row_.as_of)
    yield from _of_measurements(model, used)
    if model.validation is not None:
        yield from _of_validation(model.validation, used)
    yield from used(profile, "availability", "availability", "profile.availability")
    if "cache" in profile.fallback:
        yield from used(profile, "fallback_max_age", "fallback_max_age", "profile.fallback_max_age")
    yield from used(team, "complexity_tolerance", "team.complexity_tolerance", "team.complexity_tolerance")
    yield from used(team, "minimum_saving", "team.minimum_saving", "team.minimum_saving")
    yield from used(team, "hourly_cost", "team.hourly_cost", "team.hourly_cost")


Used = Callable[[BaseModel, str, str, str], Iterable[AppliedDefault]]
"""Lists a field's default where the profile left it to Headway."""


def _of_validation(validation: Validation, used: Used) -> Iterable[AppliedDefault]:
    path = "model.validation"
    for index, probe in enumerate(validation.probes):
        yield from used(probe, "tolerance", f"{path}.probes[{index}].tolerance", "validation.tolerance")
    yield from used(validation, "most_doubtful", f"{path}.most_doubtful", "validation.most_doubtful")
    if validation.schema_ is not None:
        yield from used(validation, "most_breaking", f"{path}.most_breaking", "validation.most_breaking")


def _of_measurements(model: Model, used: Used) -> Iterable[AppliedDefault]:
    """What measurements leave to Headway."""
    for point in model.measured:
        where = f"model.measured[{point.hardware}, batch {point.batch}]"
        if point.p50 is None:
            yield from used(point, "variability", f"{where}.variability", "profile.service_variability")
        yield from used(point, "concurrency", f"{where}.concurrency", "profile.concurrency")
