"""From a log to what a plan needs of it: the week, its peaks, how gaps vary, sizes, cycles, what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import numpy as np

from headway.assumptions import assume
from headway.errors import HeadwayError
from headway.profile import Trace
from headway.profile.trace import MeasuredCycles, MeasuredSizes
from headway.traffic import weeks
from headway.traffic.cycles import Seasonality, seasonality_of, without_cycles
from headway.traffic.lines import Say
from headway.traffic.reading import Batch, Floats, Log
from headway.traffic.tally import QUARTER, SizeMeter, Tally
from headway.units import HOURS_PER_WEEK

DAY = 86_400.0
EARLIEST = 631_152_000.0
"""1990: what is older is a clock that was never set."""
LATEST_AHEAD = 3600.0
"""Seconds that a log may be ahead of this machine."""
WIDEST_HOLE = 90 * DAY
"""Between two requests of one log; more, and one of them has a wrong clock."""


@dataclass(frozen=True)
class Pattern:
    """A trace, and the weeks it was measured from."""

    trace: Trace
    weeks: tuple[tuple[float | None, ...], ...]
    """Requests an hour of each week that was seen; None for hours that were not."""
    skipped: int = 0
    """Lines that could not be read."""
    late: int = 0
    """Requests too far out of order to count for the gaps."""


def pattern_of_log(
    log: Log,
    zone: tzinfo,
    *,
    now: float,
    between: tuple[float, float] = (-np.inf, np.inf),
    say: Say = lambda _: None,
) -> Pattern:
    """What a log says of a workload's traffic.

    Args:
        log: The log.
        zone: Whose hours.
        now: Seconds since 1970; what lies after it has a wrong clock.
        between: Only requests from the first to before the second are taken.
        say: Called with what is being done.

    Raises:
        HeadwayError: It has no requests, a clock that cannot be right, or spans less than a day.
    """
    tally = Tally()
    for batch in log.batches(say):
        _refuse_wrong_clocks(batch.times, now, str(log.path))
        chosen = (between[0] <= batch.times) & (batch.times < between[1])
        kept = Batch(*(column[chosen] for column in batch))
        if log.counted:
            width = 60.0 if not log.format.timed else _width(kept.times, tally, str(log.path))
            tally.add_counts(kept.times, kept.counts, width)
            tally.bytes_in.add(kept.bytes_in)
            tally.bytes_out.add(kept.bytes_out)
        else:
            tally.add(kept)
    say("looking for the week")
    return pattern_of(tally, zone, source=f"{log.format.name} {log.path.name}", skipped=len(log.skipped))


def pattern_of(tally: Tally, zone: tzinfo, *, source: str, skipped: int = 0) -> Pattern:
    """What was counted, as a pattern of the week.

    Raises:
        HeadwayError: Too little was counted to make a week of it.
    """
    if tally.requests <= 0:
        raise HeadwayError(f"{source}: not one request in it; give another file, name or stretch of time")
    _refuse_torn_apart(tally, source)
    span = tally.last - tally.first
    if span < 0.9 * DAY:
        raise HeadwayError(
            f"{source}: {span / 3600:.1f} hours; a week's pattern needs a day at least, two weeks to tell a pattern "
            "from chance. `headway simulate --trace` follows a shorter one"
        )
    hours = weeks.hours_of(tally, zone)
    holes = weeks.holes_of(hours)
    seen = weeks.without_holes(hours, holes)
    cycles = seasonality_of(seen, zone, resolution=tally.resolution)
    usual = without_cycles(seen, cycles, zone)
    mean, covered = weeks.week_of(usual)
    mean, unseen = weeks.fill_unseen(mean)
    busiest = np.maximum(mean, weeks.busiest_of(usual, mean, tally.resolution))
    variability = tally.gaps.variability
    trace = Trace(
        source=source,
        timezone=str(zone),
        hourly=_rounded(mean),
        busiest=_rounded(busiest),
        peak_factor=_peak_factor(mean, busiest),
        arrival_variability=None if variability is None else max(0.01, round(variability, 2)),
        request=_sizes(tally.bytes_in),
        response=_sizes(tally.bytes_out),
        requests=round(tally.requests),
        seen_from=_said(tally.first, zone),
        seen_to=_said(tally.last, zone),
        weeks=round(float(covered.sum()) / HOURS_PER_WEEK, 2),
        resolution_s=tally.resolution,
        unseen_hours=unseen,
        cycles=_cycles(cycles),
        growth_per_month=_growth(usual, mean),
        holes=tuple(
            f"{_said(hole.began, zone)}: {hole.hours:.0f} h without a request, {hole.expected:,.0f} were expected"
            for hole in holes
        ),
    )
    return Pattern(trace, weeks.weeks_seen(seen), skipped, tally.gaps.late)


def _refuse_wrong_clocks(times: Floats, now: float, source: str) -> None:
    wrong = times[(times > now + LATEST_AHEAD) | (times < EARLIEST)]
    if wrong.size:
        said = datetime.fromtimestamp(float(wrong[0]), UTC).isoformat(timespec="seconds")
        when = "in the future" if wrong[0] > now else "before 1990"
        raise HeadwayError(
            f"{source}: a request at {said}, {when}: the clock that wrote it was wrong; put its times right, or leave "
            "those lines out"
        )


def _refuse_torn_apart(tally: Tally, source: str) -> None:
    quarters = np.array(sorted(tally.quarters))
    steps = np.diff(quarters) * QUARTER
    if steps.size and steps.max() > WIDEST_HOLE:
        place = int(steps.argmax())
        before, after = (
            datetime.fromtimestamp(float(quarters[place + step]) * QUARTER, UTC).date().isoformat() for step in (0, 1)
        )
        raise HeadwayError(
            f"{source}: nothing between {before} and {after}: one of the two has a wrong clock, or they are two logs; "
            f"choose with --from and --to"
        )


def _width(times: Floats, tally: Tally, source: str) -> float:
    """Seconds of the stretch that each row counts: the shortest step from row to row."""
    steps = np.diff(np.unique(times))
    if not steps.size:
        return tally.resolution
    width = float(steps.min())
    if not 1 <= width <= 3600:
        raise HeadwayError(f"{source}: rows {width:g} s apart; counts of a second up to an hour are needed")
    return width


def _peak_factor(mean: Floats, busiest: Floats) -> float:
    """One factor for every hour: what covers nearly all of those that decide capacity, the busier half."""
    busy = mean >= np.median(mean[mean > 0])
    factors = busiest[busy] / mean[busy]
    return max(1.0, round(float(np.quantile(factors, assume("traffic.peak_covers"))), 2))


def _cycles(found: Seasonality) -> MeasuredCycles:
    minutes = found.minutes
    return MeasuredCycles(
        within_hour=None if minutes is None else round(minutes.strength, 3),
        peak_minute=None if minutes is None else minutes.peak,
        peak_minutes_factor=None if minutes is None else round(minutes.factor, 2),
        days_of_month=dict(found.days_of_month), months=dict(found.months),
        **{name: None if (value := getattr(found, name)) is None else round(value, 3)
           for name in ("daily", "weekly", "monthly", "yearly")},
    )  # fmt: skip


def _growth(hours: tuple[weeks.Hour, ...], mean: Floats) -> float | None:
    growth = weeks.growth_of(hours, mean)
    return None if growth is None else round(growth, 3)


def _rounded(values: Iterable[float]) -> tuple[float, ...]:
    """Four figures: more would pretend to know."""
    return tuple(float(f"{value:.4g}") for value in values)


def _sizes(meter: SizeMeter) -> MeasuredSizes | None:
    sizes = meter.sizes
    return None if sizes is None else MeasuredSizes(mean=round(sizes.mean), p99=round(sizes.p99), max=round(sizes.max))


def _said(moment: float, zone: tzinfo) -> str:
    return datetime.fromtimestamp(moment, zone).isoformat(timespec="minutes")
