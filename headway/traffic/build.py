"""From a profile's traffic to the demand of each hour of the week."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from headway.assumptions import assume
from headway.errors import HeadwayError
from headway.profile import Latency, Profile, ReadyBy, Tier, Trace, Traffic
from headway.profile.traffic import Cycles
from headway.traffic.demand import Backlog, Demand, Pile
from headway.traffic.schedule import hourly_of
from headway.units import DAYS_PER_MONTH, HOURS_PER_MONTH, HOURS_PER_WEEK

WEEK_MINUTES = HOURS_PER_WEEK * 60


def build_demand(
    profile: Profile, *, scale: float = 1.0, months_ahead: float = 0.0, tiers: Collection[str] | None = None
) -> Demand:
    """Arrivals and waits by hour of week, in the profile's time zone; of some tiers only, where they are named.

    Together tiers have their shares' sum and the tightest of their waits. The backlog belongs to whoever can wait
    longest. ``mean`` carries the cycles' mean, ``peak`` their largest factor and the peak factor; both carry growth
    and scale.
    Unpredictable traffic has its busiest hour's peak at every hour: nobody knows when it comes.

    Raises:
        HeadwayError: The traffic names a trace file that was not read with the profile.
    """
    traffic = profile.traffic
    group = [tier for tier in profile.tiers if tiers is None or tier.name in tiers]
    share = sum(tier.share for tier in group) if tiers is not None else 1.0
    grown = (1 + traffic.growth_per_month) ** months_ahead * scale * share
    piles = tuple(_piles(traffic, grown))
    hourly = weekly_rates(traffic)
    mean_cycle, largest_cycle = cycle_factors(traffic)
    mean = tuple(rate * grown * mean_cycle for rate in hourly)
    peak = tuple(rate * grown * largest_cycle for rate in busiest_rates(traffic))
    if not traffic.predictable:
        peak = (max(peak),) * HOURS_PER_WEEK
    if piles:
        mean, peak = hourly_of(piles, traffic.peak_factor)
    low, high = ("traffic.low", "traffic.high")
    if not traffic.predictable:
        low, high = (f"{low}_unpredictable", f"{high}_unpredictable")
    backlog = traffic.backlog if tiers is None or _most_patient(profile) in tiers else None
    return Demand(
        timezone=profile.timezone,
        mean=mean,
        peak=peak,
        max_wait=_tightest(profile.latency, group),
        percentile=max([profile.latency.percentile if not group else 0, *(_percentile(profile, t) for t in group)]),
        arrival_variability=traffic.arrival_variability,
        predictable=traffic.predictable,
        uncertainty=(assume(low), assume(high)),
        backlog=Backlog(max(1, round(backlog.items * scale)), backlog.within) if backlog else None,
        piles=piles,
    )


def _tightest(latency: Latency, group: Sequence[Tier]) -> tuple[float, ...]:
    """Hour by hour the tightest wait of a group of tiers; a tier with a wait of its own has no other schedule."""
    own = waits_by_hour(latency)
    rows = [own if tier.max_wait is None else (tier.max_wait,) * HOURS_PER_WEEK for tier in group]
    return tuple(min(waits) for waits in zip(*rows, strict=True)) if rows else own


def _percentile(profile: Profile, tier: Tier) -> float:
    return profile.latency.percentile if tier.percentile is None else tier.percentile


def _most_patient(profile: Profile) -> str:
    """The tier that can wait longest."""
    waits = {tier.name: max(_tightest(profile.latency, [tier])) for tier in profile.tiers}
    return max(waits, key=lambda name: waits[name])


def _piles(traffic: Traffic, grown: float) -> Iterator[Pile]:
    for rule in traffic.scheduled or ():
        for day in rule.days:
            yield Pile(day * 1440 + rule.at, max(1.0, round(rule.items * grown)), 1 / rule.every_weeks)


def weekly_rates(traffic: Traffic) -> tuple[float, ...]:
    """Requests an hour for each of the 168 hours, as declared; scheduled work is no request."""
    if traffic.hourly is not None:
        return traffic.hourly
    if traffic.shape is not None:
        rest = next((rule.per_hour for rule in traffic.shape if rule.rest), 0.0)
        rates = [rest] * HOURS_PER_WEEK
        for rule in traffic.shape:
            if not rule.rest:
                for day, hour in rule.covers():
                    rates[day * 24 + hour] = rule.per_hour
        return tuple(rates)
    if traffic.per_hour is not None:
        return (traffic.per_hour,) * HOURS_PER_WEEK
    if traffic.per_day is not None:
        return (traffic.per_day / 24,) * HOURS_PER_WEEK
    if traffic.per_month is not None:
        return (traffic.per_month / HOURS_PER_MONTH,) * HOURS_PER_WEEK
    if traffic.scheduled is not None:
        return (0.0,) * HOURS_PER_WEEK
    if isinstance(traffic.trace, Trace):
        return traffic.trace.hourly
    raise HeadwayError(
        f"traffic.trace: {traffic.trace!r} was not read: headway.load_profile reads it, from beside the profile's file"
    )


def busiest_rates(traffic: Traffic) -> tuple[float, ...]:
    """The busiest sustained rate of each hour of the week: its own where a trace measured it, else by one factor.

    A peak factor that the profile declares beside a trace holds for every hour.
    """
    if isinstance(traffic.trace, Trace) and "peak_factor" not in traffic.model_fields_set:
        return traffic.trace.busiest
    return tuple(rate * traffic.peak_factor for rate in weekly_rates(traffic))


def cycles_of(traffic: Traffic) -> Cycles:
    """Cycles beyond the week: those declared, else those that the trace measured."""
    if isinstance(traffic.trace, Trace) and "cycles" not in traffic.model_fields_set:
        measured = traffic.trace.cycles
        return Cycles(days_of_month=measured.days_of_month, months=measured.months)
    return traffic.cycles


def cycle_factors(traffic: Traffic) -> tuple[float, float]:
    """Mean and largest factor of the cycles beyond the week; days and months that are not named count 1.

    >>> cycle_factors(Traffic(per_day=1, cycles={"months": {4: 1.6}}))
    (1.05, 1.6)
    """
    cycles = cycles_of(traffic)
    days, months = cycles.days_of_month, cycles.months
    mean = _mean_factor(days, DAYS_PER_MONTH) * _mean_factor(months, 12)
    largest = max([1.0, *days.values()] if len(days) < 31 else days.values())
    largest *= max([1.0, *months.values()] if len(months) < 12 else months.values())
    return round(mean, 12), largest


def waits_by_hour(latency: Latency) -> tuple[float, ...]:
    """Seconds that a request arriving in each hour can wait: max_wait, the schedule, the ready-by time."""
    waits = [latency.max_wait] * HOURS_PER_WEEK
    for rule in latency.schedule:
        for day in rule.days:
            for hour in rule.hours:
                waits[day * 24 + hour] = rule.max_wait
    if latency.ready_by is not None:
        waits = [min(wait, _until_ready(latency.ready_by, hour)) for hour, wait in enumerate(waits)]
    return tuple(waits)


def _until_ready(ready: ReadyBy, hour: int) -> float:
    """Seconds from the end of this hour to the first ready time for which what arrived in it is in time.

    What arrives in the hour's last minute has the least left, so the whole hour is planned for it.
    """
    end = (hour + 1) * 60
    left = []
    for day in ready.days:
        for week in (0, 1, 2):
            deadline = (day + 7 * week) * 1440 + ready.time
            cut_off = deadline - (ready.time - ready.arrived_by) % 1440
            if cut_off >= end:
                left.append((deadline - end) * 60.0)
    return min(left)


def _mean_factor(factors: Mapping[int, float], of: float) -> float:
    named = min(float(len(factors)), of)
    return (sum(factors.values()) + max(0.0, of - named)) / max(of, float(len(factors)))
