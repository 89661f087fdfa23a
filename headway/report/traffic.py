"""A measured week: as sentences, as blocks in a terminal, as a picture."""

from __future__ import annotations

from calendar import month_abbr
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from headway.profile.calendar import DAY_NAMES
from headway.report.console import bullets, heading
from headway.units import HOURS_PER_WEEK, format_size, format_usd

if TYPE_CHECKING:
    from headway.advice.quiet import QuietHours
    from headway.profile import Trace
    from headway.profile.trace import MeasuredCycles
    from headway.report.page.drawing import Drawing
    from headway.traffic.pattern import Pattern

BLOCKS = "▁▂▃▄▅▆▇█"
Week = Sequence[float | None]


def print_pattern(out: Console, pattern: Pattern, quiet: QuietHours) -> None:
    """What was seen, what is in it, the week against its fit."""
    trace = pattern.trace
    out.print(Text(
        f"{trace.source}: {trace.requests:,.0f} requests, {trace.weeks:g} weeks, "
        f"{_minute(trace.seen_from)} to {_minute(trace.seen_to)}"
    ))  # fmt: skip
    heading(out, f"The week in {trace.timezone}, requests an hour")
    seen = last_whole_week(pattern.weeks)
    top = max([*trace.hourly, *(rate for rate in seen or () if rate is not None)])
    for day, name in enumerate(DAY_NAMES):
        hours = slice(day * 24, day * 24 + 24)
        fit = trace.hourly[hours]
        busiest = max(range(24), key=fit.__getitem__)
        row = f"{name}  {blocks(fit, top)}  {max(fit):>8,.0f} at {busiest:02d}:00"
        out.print(Text(row if seen is None else f"{row}   {blocks(seen[hours], top)}"))
    out.print(
        Text(f"     {'00    06    12    18':<24}  busiest hour" + ("" if seen is None else " " * 8 + "last week seen"))
    )
    heading(out, "What is in it")
    bullets(out, sentences(pattern))
    heading(out, "What you called continuous")
    bullets(out, quiet_sentences(quiet))


def _minute(moment: str) -> str:
    return moment.replace("T", " ")[:16]


def blocks(rates: Iterable[float | None], top: float) -> str:
    """Rates as a row of blocks; a blank where nothing was seen.

    >>> blocks([0, 5, None, 10], 10)
    '▁▅ █'
    """
    scale = (len(BLOCKS) - 1) / top if top else 0.0
    return "".join(" " if rate is None else BLOCKS[min(len(BLOCKS) - 1, round(rate * scale))] for rate in rates)


def last_whole_week(weeks: Sequence[Week]) -> Week | None:
    """The newest week of which most hours were seen, where there is another to tell it from the fit."""
    whole = [week for week in weeks if sum(rate is not None for rate in week) > HOURS_PER_WEEK * 0.9]
    return whole[-1] if len(weeks) > 1 and whole else None


def sentences(pattern: Pattern) -> list[str]:
    """What a planner should know of it, each with its number, and what could not be known."""
    trace = pattern.trace
    said = [
        f"peak factor {trace.peak_factor:g}: the busiest sustained rate over its hour's mean, in bins of at least 30 "
        f"expected requests (a trace, --out FILE, keeps each hour's own)"
    ]
    if trace.arrival_variability is None:
        said.append("variability of gaps: not to be had from this (1, as random arrivals have it, is assumed)")
    else:
        said.append(f"variability of gaps {trace.arrival_variability:g} (1 is random)")
    for name, sizes in (("request", trace.request), ("response", trace.response)):
        if sizes is not None:
            said.append(
                f"{name} bodies: {format_size(sizes.mean)} on average, {format_size(sizes.p99)} at the 99th percentile "
                f"and {format_size(sizes.max)} at most, headers included where the log counts them"
            )
    said += _cycles(trace)
    said += [f"left out, as a hole in the log or a holiday: {hole}" for hole in trace.holes]
    if trace.unseen_hours:
        said.append(f"{trace.unseen_hours} of 168 hours were never seen: taken from like days")
    if pattern.skipped:
        said.append(f"{pattern.skipped:,} lines could not be read and were left out")
    if pattern.late:
        said.append(f"{pattern.late:,} requests came too far out of order to count for the gaps")
    return said


def _cycles(trace: Trace) -> Iterable[str]:
    """Every cycle with its strength, or what would be needed to tell it."""
    found = trace.cycles
    if found.daily is None:
        yield "cycles: less than two days were seen, so nothing can be said"
        return
    yield _within_hour(trace)
    yield f"the time of day foretells {found.daily:.0%} of the ups and downs"
    if found.weekly is None:
        yield "the week's cycle: two whole weeks are needed to tell it"
    elif found.weekly < 0.3:
        yield f"day and time together foretell {found.weekly:.0%}: too little to schedule by; see predictable: false"
    else:
        yield f"day and time together foretell {found.weekly:.0%}"
    yield from _beyond_the_week(found)
    if trace.growth_per_month is not None:
        growth = trace.growth_per_month
        yield f"it grows {growth:.0%} a month: growth_per_month: {growth:g} if that lasts"


def _within_hour(trace: Trace) -> str:
    found = trace.cycles
    if found.within_hour is None or found.peak_minute is None:
        return "within the hour: counted too coarsely, or too few, to tell"
    if found.within_hour < 0.1:
        return "within the hour: no minute is busier than others"
    return (
        f"the minute of the hour foretells {found.within_hour:.0%} of an hour's ups and downs: the five minutes from "
        f":{found.peak_minute:02d} on bring {found.peak_minutes_factor:g} x its mean, as callers on a schedule do"
    )


def _beyond_the_week(found: MeasuredCycles) -> Iterable[str]:
    if found.monthly is None:
        yield "days of the month: two whole months are needed to tell them"
    elif not found.days_of_month:
        yield "days of the month: none stands out"
    else:
        days = ", ".join(f"{_day_of_month(day)} {factor:g} x" for day, factor in found.days_of_month.items())
        yield f"days of the month foretell {found.monthly:.0%} of what the week does not: {days} (traffic.cycles)"
    if found.yearly is None:
        yield "months of the year: two whole years are needed to tell them from growth"
    elif not found.months:
        yield "months of the year: none stands out"
    else:
        months = ", ".join(f"{month_abbr[month].lower()} {factor:g} x" for month, factor in found.months.items())
        yield f"months of the year foretell {found.yearly:.0%} of what the week does not: {months} (traffic.cycles)"


def _day_of_month(day: int) -> str:
    """As a person says it.

    >>> _day_of_month(1), _day_of_month(22), _day_of_month(13), _day_of_month(-1), _day_of_month(-2)
    ('the 1st', 'the 22nd', 'the 13th', 'the last', 'the 2nd last')
    """
    if day == -1:
        return "the last"
    number = abs(day)
    ending = "th" if 10 < number < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"the {number}{ending}{' last' if day < 0 else ''}"


def quiet_sentences(quiet: QuietHours) -> list[str]:
    """Where the quiet hours are and what they cost."""
    if not quiet.hours:
        return ["no hour of the week is below a tenth of the busiest: it is continuous"]
    said = [
        f"{quiet.hours} of 168 hours are below a tenth of the busiest and bring {quiet.share_of_requests:.1%} of the "
        f"requests: {quiet.when}"
    ]
    if quiet.monthly is not None:
        said.append(f"{quiet.fleet} costs {format_usd(quiet.monthly)} a month in them")
    return said


def pattern_drawing(pattern: Pattern) -> Drawing:
    """Every week that was seen, the fit through them, and the busiest rates that capacity is sized for."""
    from headway.report.page.drawing import FAINT, SERIES, Spec, drawing, labels, mark, number
    from headway.report.page.week import DAYS

    trace = pattern.trace
    seen = [
        {"hour": hour, "requests": rate, "week": week}
        for week, rates in enumerate(pattern.weeks)
        for hour, rate in enumerate(rates)
        if rate is not None
    ]

    def rows(rates: Sequence[float]) -> list[dict[str, float]]:
        return [{"hour": hour, "requests": rate} for hour, rate in enumerate(rates)]

    def spec(width: int) -> Spec:
        names = labels({12 + 24 * at: day for at, day in enumerate(DAYS)})
        x = number("hour", scale={"domain": [0, HOURS_PER_WEEK]}, title=None, axis={**names, "ticks": False})
        y = number("requests", title="requests an hour", scale={"domainMin": 0})
        weeks = {"x": x, "y": y, "detail": {"field": "week", "type": "nominal"}}
        return {
            "width": width, "height": 220,
            "layer": [
                mark("line", seen, weeks, color=FAINT, strokeWidth=1, opacity=0.6),
                mark("line", rows(trace.hourly), {"x": x, "y": y}, color=SERIES[0], strokeWidth=2),
                mark("line", rows(trace.busiest), {"x": x, "y": y}, color=SERIES[1], strokeDash=[4, 3]),
            ],
        }  # fmt: skip

    return drawing(
        f"{trace.weeks:g} weeks of {trace.source} (thin), the mean week (bold) and its busiest rates (dashed)", spec
    )
