"""What was observed, in a terminal: measurements, what runs, the bill against the estimate, calibration, drift."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.text import Text

from headway.observed.calibrating import Calibrating
from headway.observed.drifting import Drift
from headway.observed.measured import LevelOutcome, Measured
from headway.observed.reconciling import Reconciled, Reconciliation
from headway.observed.running import Today
from headway.profile.editing import Edit
from headway.report.console import bullets, heading, new_table, print_table, usd
from headway.units import format_duration


def print_measured(out: Console, found: Measured, edit: Edit | None) -> None:
    """Each level, the rows that a profile takes, and what was written."""
    out.print(Text(f"Measured {found.source}", style="bold"))
    if found.levels:
        table = new_table(
            "batch", "at once", "calls", "failed", "mean", "p50", "p99", "variability", "items/s", "",
            right=("batch", "at once", "calls", "failed", "mean", "p50", "p99", "variability", "items/s"), fold=("",),
        )  # fmt: skip
        for level in found.levels:
            table.add_row(*_level(level))
        print_table(out, table, spare=("failed", "p50"))
    heading(out, "model.measured")
    for row in found.measured:
        out.print(Text("  - {" + ", ".join(f"{key}: {value}" for key, value in row.fields().items()) + "}"))
    if found.warnings:
        heading(out, "Mind")
        bullets(out, list(found.warnings))
    print_edit(out, edit)


def print_today(out: Console, found: Today, edit: Edit | None) -> None:
    """Each variant that runs, their bill, and what was written."""
    out.print(Text(f"What runs, over the last {found.days} days", style="bold"))
    table = new_table(
        "endpoint", "on", "now", "scaled", "mean", "requests a day", "busy", "USD a month",
        right=("now", "mean", "requests a day", "busy", "USD a month"), fold=("endpoint",),
    )  # fmt: skip
    for one in found.running:
        table.add_row(
            one.endpoint if one.variant in ("", "AllTraffic", "main") else f"{one.endpoint}/{one.variant}",
            one.instance_type or one.architecture,
            "" if one.instances is None else str(one.instances),
            "" if one.least is None else f"{one.least} to {one.most}",
            "" if one.mean_instances is None else f"{one.mean_instances:.1f}",
            f"{one.requests_per_day:,.0f}",
            "" if one.utilization is None else f"{one.utilization:.0%}",
            usd(one.bill.total.expected) + ("+?" if one.bill.unpriced else ""),
        )
    print_table(out, table, spare=("scaled", "now"))
    out.print(Text(f"USD {usd(found.monthly_bill)} a month of 730 hours, without the bytes they process"))
    if found.unpriced:
        out.print(Text(f"the total leaves out what has no price here: {', '.join(found.unpriced)}"))
    heading(out, "current")
    out.print(Text("current: {" + ", ".join(f"{key}: {value}" for key, value in found.current.items()) + "}"))
    print_edit(out, edit)


def print_calibrating(out: Console, found: Calibrating, path: Path | None) -> None:
    """What each assumption was and is, what was seen too rarely, and where it was written."""
    out.print(Text(f"Stack {found.calibration.stack}, as it was observed", style="bold"))
    table = new_table(
        "assumption", "was", "is", "from", "to", "unit", "rests on", right=("was", "is", "from", "to"),
        fold=("rests on",),
    )  # fmt: skip
    for change in found.changes:
        row = change.now
        bounds = ["" if bound is None else f"{bound:g}" for bound in (row.low, row.high)]
        of = f"{row.observations:,} {row.of}, {row.since} to {row.until}"
        table.add_row(row.name, f"{change.before:g}", f"{row.value:g}", *bounds, change.unit, of)
    print_table(out, table, spare=("unit", "from", "to"))
    if found.refused:
        heading(out, "Seen too rarely")
        bullets(out, [str(one) for one in found.refused])
    if found.kept:
        out.print()
        out.print(Text(f"Kept from before, with their dates: {', '.join(found.kept)}"))
    if found.notes:
        heading(out, "Mind")
        bullets(out, list(found.notes))
    out.print()
    if path is None:
        out.print(Text("nothing was written (--dry-run)"))
    else:
        out.print(Text(f"wrote {path}: commit it, then `headway lock --stack {found.calibration.stack}`"))


def print_reconciliation(out: Console, found: Reconciliation) -> None:
    """Estimate and bill, line by line, what explains the difference, and what to correct."""
    days = (found.until - found.since).days
    out.print(Text(f"Stack {found.stack}, {days} days from {found.since} to {found.until}", style="bold"))
    verdict = "within" if found.within else "outside"
    out.print(
        Text(
            f"estimated USD {usd(found.estimate)} ({usd(found.low)} to {usd(found.high)}), billed USD "
            f"{usd(found.actual)}: {_signed(found.difference)}, {verdict} the range"
        )
    )
    out.print()
    table = new_table(
        "line", "estimate", "actual", "difference", "because", right=("estimate", "actual", "difference"),
        fold=("line", "because"),
    )  # fmt: skip
    for line in found.lines:
        if max(abs(line.estimate or Decimal(0)), abs(line.actual or Decimal(0))) >= Decimal("0.005"):
            table.add_row(
                line.meter,
                "not on the bill" if line.estimate is None else usd(line.estimate),
                "not tagged" if line.actual is None else usd(line.actual),
                "" if line.difference is None else _signed(line.difference),
                _because(line),
            )
    print_table(out, table)
    heading(out, "What was assumed, and what the bill shows")
    assumed = new_table("", "assumed", "seen", "give or take", right=("assumed", "seen", "give or take"))
    for one in found.fitted:
        assumed.add_row(one.assumption, f"{one.assumed:.3g}", f"{one.seen:.3g}", f"{one.spread:.2g}")
    print_table(out, assumed)
    if found.corrections:
        heading(out, "Corrections of the profile")
        bullets(out, [str(one) for one in found.corrections])
    if found.advice:
        heading(out, "Then")
        bullets(out, list(found.advice))
    if found.notes:
        heading(out, "Mind")
        bullets(out, list(found.notes))


def print_drift(out: Console, found: Drift, path: Path | None) -> None:
    """The verdict, the weeks, why, and where the proposal is."""
    out.print(Text(found.verdict, style="bold yellow" if found.drifted else "bold"))
    ratio = f" ({found.monthly_requests / found.planned_requests:.2f} x)" if found.planned_requests else ""
    out.print(
        Text(f"{found.monthly_requests:,.0f} requests a month came, {found.planned_requests:,.0f} were planned{ratio}")
    )
    out.print()
    table = new_table("week of", "requests", "chosen", "USD a month", "prices of", right=("requests", "USD a month"))
    for week in found.weeks:
        table.add_row(
            str(week.monday), f"{week.requests:,.0f}", week.architecture or "nothing makes the wait",
            "" if week.monthly is None else usd(week.monthly), str(week.prices_of),
        )  # fmt: skip
    print_table(out, table)
    if found.drifted:
        heading(out, f"Why {found.right or found.running}")
        bullets(out, list(found.why))
    if found.notes:
        heading(out, "Mind")
        bullets(out, list(found.notes))
    if path is not None:
        out.print()
        out.print(Text(f"wrote the proposal to {path}; nothing else was changed"))


def _because(line: Reconciled) -> str:
    """What moved a line, the largest first, and the rest where it is more than a tenth."""
    if line.estimate is None or line.difference is None:
        return ""
    said = [f"{one.assumption} {_signed(one.amount)}" for one in line.because if abs(one.amount) >= Decimal("0.01")]
    if line.rest is not None and abs(line.rest) >= max(abs(line.difference) / 10, Decimal("0.01")):
        said.append(f"unexplained {_signed(line.rest)}")
    return ", ".join(said)


def _signed(amount: Decimal) -> str:
    return f"{'-' if amount < 0 else '+'}{usd(abs(amount))}"


def print_edit(out: Console, edit: Edit | None) -> None:
    """What was written into a profile."""
    if edit is None:
        return
    out.print()
    if not edit.changed:
        out.print(Text(f"{edit.path} says so already"))
        return
    out.print(Text(f"wrote {edit.path}:"))
    for line in edit.changed:
        out.print(Text(f"  {line}"))


def _level(level: LevelOutcome) -> list[str]:
    times = [level.mean_s, level.p50_s, level.p99_s]
    return [
        str(level.batch), str(level.at_once), str(level.calls), str(level.failed),
        *("" if time is None else format_fine(time) for time in times),
        "" if level.variability is None else f"{level.variability:.2f}", f"{level.per_second:,.1f}",
        level.problem or "",
    ]  # fmt: skip


def format_fine(seconds: float) -> str:
    """A measured time: milliseconds to three figures, else as durations are written.

    >>> format_fine(0.00213), format_fine(2.04)
    ('2.13 ms', '2.04 s')
    """
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 100 else format_duration(seconds)
