"""What every architecture plans for: profile, demand and prices, and the scenarios that make the bill a range."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from headway.architectures.candidate import Candidate, Operations
from headway.architectures.design import BaseDesign, RequestShape
from headway.architectures.promise import burn_windows
from headway.architectures.value import BurnRate
from headway.assumptions import assume, assume_range
from headway.bill.lines import Range
from headway.bill.pricing import Pricing
from headway.profile import Profile
from headway.sizing.service_time import BatchTime, ServiceTime
from headway.traffic.demand import Demand
from headway.units import HOURS_PER_WEEK, to_decimal


class Scenario(NamedTuple):
    """One consistent set of values for what is unknown."""

    traffic: float
    """Factor on all arrivals."""
    spot_miss: float
    spot_lost: float
    """Probability that a spot worker is interrupted within 15 minutes."""
    spot_price: float
    """Factor on the book's spot price."""
    retried: float
    """Share of requests processed twice."""
    fallen: float
    """Share of a live part's requests that the ladder answers, where there is one."""


class PoolUsed(NamedTuple):
    """A month of a pool of batch workers."""

    spot_h: float
    on_demand_h: float
    busy_h: float
    workers: float
    """Instances started."""
    departures: float
    """Departures that found something to take."""


@dataclass(frozen=True)
class Used:
    """A month as it was measured or simulated: the bill then charges for this, not for what the formulas expect."""

    instance_h: float | None = None
    """Of an endpoint, all of its instances."""
    calls: float | None = None
    """Of a micro-batch function."""
    pools: Mapping[str, PoolUsed] = field(default_factory=dict)
    """Of batch workers, by pool."""

    def of_a_month(self, months: float) -> Used:
        """Of a month, where this is of so many."""
        return Used(
            None if self.instance_h is None else self.instance_h / months,
            None if self.calls is None else self.calls / months,
            {name: PoolUsed(*(value / months for value in pool)) for name, pool in self.pools.items()},
        )


@dataclass(frozen=True)
class Workload:
    """A profile in one environment, with its demand and the prices it is planned with."""

    profile: Profile
    demand: Demand
    pricing: Pricing
    max_instances: int | None = None
    scale: float = 1.0
    """Of the profile's traffic in this environment; ``demand`` holds it already."""
    given: Scenario | None = None
    """Bill this scenario alone instead of low, expected and high."""
    used: Used | None = None
    """Bill this usage instead of the expected one."""

    def ranged(self, value: Callable[[Scenario], float]) -> Range:
        """``value`` in the low, expected and high scenario, in order of size."""
        low, expected, high = (value(scenario) for scenario in self.scenarios)
        return Range(
            low=to_decimal(min(low, expected)), expected=to_decimal(expected), high=to_decimal(max(high, expected))
        )

    @property
    def scenarios(self) -> tuple[Scenario, Scenario, Scenario]:
        """Low, expected, high; the given one three times."""
        if self.given is not None:
            return self.given, self.given, self.given
        columns = (
            (self.demand.uncertainty[0], 1.0, self.demand.uncertainty[1]),
            assume_range("spot.miss"),
            tuple(1 - share for share in assume_range("spot.survival_15min")),
            assume_range("spot.price"),
            assume_range("batch.retry_share"),
            assume_range("ladder.share"),
        )
        low, expected, high = (Scenario(*row) for row in zip(*columns, strict=True))
        return low, expected, high

    @property
    def percentile(self) -> float:
        """The share of requests that must make the wait, 0..1."""
        return self.demand.percentile / 100

    def infeasible(self, architecture: str, reason: str) -> Candidate:
        """The candidate that says why this architecture has no design here."""
        return Candidate(
            architecture=architecture,
            feasible=False,
            reason=reason,
            operations=self.operations(architecture),
            monthly_requests=self.demand.per_month,
        )

    def operations(self, variant: str) -> Operations:
        """People's time for an architecture or a variant of it, at the team's rate."""
        name = f"operations.{'realtime_fixed' if variant == 'realtime' else variant}"
        return self.people(assume(name))

    def people(self, hours: float) -> Operations:
        """So many hours of people's time a month, at the team's rate."""
        return Operations(hours=hours, hourly_cost=to_decimal(self.profile.team.hourly_cost))

    def base_design(self) -> dict[str, Any]:
        """The fields that every design states, from the profile."""
        profile = self.profile
        shape = RequestShape(
            mean_bytes=profile.model.request.mean,
            max_bytes=profile.model.request.max,
            response_bytes=profile.model.response,
            inline_bytes=int(assume("contract.inline_bytes")),
        )
        stated = BaseDesign(
            region=profile.region,
            timezone=profile.timezone,
            container=profile.model.container,
            requests=shape,
            max_wait_s=min(self.demand.max_wait),
            percentile=self.demand.percentile,
        )
        return {name: getattr(stated, name) for name in BaseDesign.model_fields}

    def burn_rates(self, longest_gap_s: float = 0.0) -> tuple[BurnRate, ...]:
        """How the promise is watched, where results come ``longest_gap_s`` apart at the most."""
        found = burn_windows(self.demand.percentile, self.demand.per_week / HOURS_PER_WEEK, longest_gap_s)
        return tuple(BurnRate(window_s=window.seconds, late_share=window.late_share) for window in found)

    def single_service(self, hardware: str) -> tuple[ServiceTime, int]:
        """Service time of one request on its own, and the requests an instance serves at once."""
        point = min(self.profile.model.service(hardware), key=lambda measured: measured.batch)
        return ServiceTime.from_measurement(point), point.concurrency

    def batch_service(self, hardware: str) -> BatchTime:
        """Time of a batch of requests, fitted to what was measured."""
        return BatchTime.fit([(point.batch, point.seconds) for point in self.profile.model.service(hardware)])

    def measured_on(self, *, serverless: bool) -> list[str]:
        """Hardware the profile measured: serverless memory sizes or instance types."""
        names = dict.fromkeys(point.hardware for point in self.profile.model.measured)
        return [name for name in names if name.startswith("serverless-") == serverless]
