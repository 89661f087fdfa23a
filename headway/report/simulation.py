"""What a replay found, beside what was planned: in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from headway.planning.plan import Plan
from headway.profile.calendar import DAY_NAMES
from headway.report.console import bullets, heading, new_table, print_table
from headway.report.words import verdict
from headway.simulation import HourOfWeek, LimitOutcome, Outcome, PartOutcome
from headway.units import HOURS_PER_WEEK, WEEKS_PER_MONTH, format_duration, format_usd

WORST_HOURS = 5
"""Hours of the week that are shown: those that kept their wait least."""
ALIKE = 0.2
"""A trace's traffic that differs by more from the profile's is said."""


def print_outcome(out: Console, plan: Plan, outcome: Outcome) -> None:
    """The answer first, then planned against simulated, the worst hours, each part."""
    out.print(Text(f"planned: {verdict(plan)}"))
    out.print(Text(f"simulated: {simulated(outcome)}", style="bold" if outcome.kept else "bold yellow"))
    heading(out, f"{outcome.requests:,} requests over {_span(outcome.hours)}, seed {outcome.seed}")
    table = new_table("", "planned", "simulated", right=("planned", "simulated"))
    closest = _closest(plan, outcome)
    wait = plan.choice.wait if plan.choice else None
    of = f" (of {format_duration(closest.max_wait_s)})" if closest and len(outcome.by_limit) > 1 else ""
    rows = [
        (f"p50 wait{of}", wait.p50_s if wait else None, closest.p50_s if closest else None),
        (f"p99 wait{of}", wait.p99_s if wait else None, closest.p99_s if closest else None),
    ]
    if outcome.percentile not in (50, 99):
        at = f"p{outcome.percentile:g} wait{of}"
        # The worst hour's is told above, of the plan: here stands what all requests waited.
        planned = wait.at_percentile_s if wait and not wait.in_worst_hour else None
        rows.append((at, planned, closest.at_percentile_s if closest else None))
    rows.append(("worst", wait.worst_s if wait else None, outcome.worst_s))
    for name, planned, found in rows:
        table.add_row(name, _time(planned), _time(found))
    billed = plan.choice.monthly.expected if plan.choice else None
    table.add_row(
        "bill a month", "" if billed is None else format_usd(billed), format_usd(outcome.monthly.total.expected)
    )
    busy = _utilization(outcome.parts)
    planned_busy = plan.choice.utilization if plan.choice else None
    table.add_row("instances busy", _share(planned_busy), _share(busy))
    print_table(out, table)
    worst = _worst(outcome)
    if worst:
        heading(out, "Hours of the week that kept their wait least")
        hours = new_table(
            "", "requests", "p50", "p99", "within the wait", right=("requests", "p50", "p99", "within the wait")
        )
        for row in worst:
            when = f"{DAY_NAMES[row.hour // 24].capitalize()} {row.hour % 24:02d}:00"
            hours.add_row(when, f"{row.requests:,}", _time(row.p50_s), _time(row.p99_s), _share(row.within, digits=2))
        print_table(out, hours)
    said = [*_notes(plan, outcome)]
    if said:
        heading(out, "Mind")
        bullets(out, said)


def simulated(outcome: Outcome) -> str:
    """What people would have waited, in a line."""
    if outcome.within is None:
        return "no requests, so nobody waited"
    kept = f"{outcome.within:.2%} of requests within their wait ({outcome.percentile:g} % promised)"
    bill = f"{format_usd(outcome.monthly.total.expected)} a month"
    if not outcome.hours_judged:
        return f"{kept}; {bill}"
    hours = f"{outcome.hours_within:,} of the {outcome.hours_judged:,} hours"
    return f"{kept}, kept in {hours} with {outcome.judged_from:,} requests or more; {bill}"


def _notes(plan: Plan, outcome: Outcome) -> list[str]:
    said = []
    if outcome.unfinished:
        said.append(f"{outcome.unfinished:,} requests were still waiting at the end: they count as late")
    chosen = plan.chosen
    weekly = outcome.requests / outcome.hours * HOURS_PER_WEEK
    planned = chosen.monthly_requests / WEEKS_PER_MONTH if chosen else 0.0
    if planned and abs(weekly / planned - 1) > ALIKE and outcome.hours >= HOURS_PER_WEEK:
        said.append(
            f"{weekly:,.0f} requests a week came, the profile says {planned:,.0f}: the design was made for others"
        )
    for part in outcome.parts:
        name = f"{part.part}: " if part.part else ""
        if part.cold_starts is not None:
            said.append(
                f"{name}{part.cold_starts:,} requests started cold, {part.refused or 0:,} found no concurrency left"
            )
        if part.architecture == "realtime" and part.batches:
            said.append(
                f"{name}the containers gathered {part.requests / part.batches:.1f} requests a batch on average; what "
                "is planned is without"
            )
    return said


def _closest(plan: Plan, outcome: Outcome) -> LimitOutcome | None:
    """The promise that the plan's waits are held against: that of its closest regime, else the only one."""
    limit = plan.choice.wait.limit_s if plan.choice else None
    named = [one for one in outcome.by_limit if limit is not None and abs(one.max_wait_s / limit - 1) < 1e-6]
    return next(iter(named or sorted(outcome.by_limit, key=lambda one: one.within)), None)


def _worst(outcome: Outcome) -> list[HourOfWeek]:
    late = [row for row in outcome.by_hour if row.within is not None and row.within < 1]
    return sorted(late, key=lambda row: (row.within, -row.requests))[:WORST_HOURS]


def _utilization(parts: tuple[PartOutcome, ...]) -> float | None:
    paid = sum(part.instance_hours or 0 for part in parts)
    busy = sum((part.utilization or 0) * (part.instance_hours or 0) for part in parts)
    return busy / paid if paid else None


def _span(hours: int) -> str:
    return (
        f"{hours / HOURS_PER_WEEK:.3g} weeks"
        if hours >= HOURS_PER_WEEK
        else f"{hours} {'hour' if hours == 1 else 'hours'}"
    )


def _time(seconds: float | None) -> str:
    return "" if seconds is None else format_duration(seconds)


def _share(value: float | None, *, digits: int = 0) -> str:
    return "" if value is None else f"{value:.{digits}%}"
