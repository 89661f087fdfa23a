"""A Diff in cells and sentences, the same on the terminal and in the pull request."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from headway.bill.lines import Range
from headway.diff import Diff, LineChange, Snapshot, StackChange
from headway.diff.change import PreviewCoverage
from headway.diff.lines import CENT
from headway.units import format_duration, format_usd

COLUMNS = ("environment", "before", "after", "change", "architecture", "wait")
RIGHT = ("before", "after", "change")
NONE = "-"


def stack_cells(row: StackChange) -> tuple[str, ...]:
    """A stack's row of the table: COLUMNS."""
    return (row.stack, _bill(row, row.before, "before"), _bill(row, row.after, "after"), _change(row),
            architecture(row), wait(row))  # fmt: skip


def total_cells(diff: Diff) -> tuple[str, ...] | None:
    """The last row; None where one environment is all, or where a part is unknown."""
    if len(diff.stacks) < 2 or diff.before is None or diff.after is None or diff.change is None:
        return None
    return ("together", format_usd(diff.before.expected), format_usd(diff.after.expected),
            signed(diff.change.expected, diff.percent), "", "")  # fmt: skip


def architecture(row: StackChange) -> str:
    """What runs, or what becomes of it."""
    names = [_name(side) for side in (row.before, row.after) if side is not None]
    return " → ".join(dict.fromkeys(names)) or NONE


def wait(row: StackChange) -> str:
    """How long people wait, before and after, and what was promised."""
    sides = [_wait(side) for side in (row.before, row.after) if side is not None]
    return " → ".join(dict.fromkeys(side for side in sides if side)) or NONE


def why(row: StackChange) -> tuple[str, ...]:
    """Why what comes is right; of an unchanged stack nobody asks."""
    return row.after.why if row.after is not None and row.state in ("new", "changed") else ()


def causes(row: StackChange) -> str | None:
    """What the change comes from; None where there is no change of money."""
    if row.causes is None or row.change is None or abs(row.change.expected) < CENT:
        return None
    told = (("prices", row.causes.prices), ("traffic", row.causes.traffic), ("design", row.causes.design))
    if any(amount is None for _, amount in told):
        return "what of it comes from traffic and what from the design cannot be told apart here"
    parts = [f"{what} {signed(amount)}" for what, amount in told if amount is not None and abs(amount) >= CENT]
    return f"comes from {', '.join(parts)}" if parts else None


def span(change: Range | None) -> str | None:
    """Low and high of a change that is not sure; None where it is."""
    if change is None or change.high - change.low < CENT:
        return None
    return f"between {signed(change.low)} and {signed(change.high)} at both ends of what is not known"


def line_cells(line: LineChange) -> tuple[str, ...]:
    """A changed line of the bill: service, what, before, after, change."""
    change = "unknown" if line.change is None else signed(line.change)
    amounts = (_amount(line.before, line.state_before), _amount(line.after, line.state_after))
    return (line.service, line.description, *amounts, change)


LINE_COLUMNS = ("service", "line", "before", "after", "change")


def resource_sentences(row: StackChange) -> Iterator[str]:
    """Kinds of resources that come and go."""
    if row.state == "invalid":
        return
    for what, types in (("new", row.new_resources), ("gone", row.gone_resources)):
        if types:
            yield f"{what}: {', '.join(types)}"


def coverage_sentence(row: StackChange) -> str | None:
    """How much of the bill after is known, and the date of its prices."""
    side = row.after or row.before
    if side is None or side.coverage is None:
        return None
    counted = side.coverage
    parts = [f"{number} {what}" for number, what in (
        (counted.priced, "priced"), (counted.free, "free"), (counted.unpriced, "unpriced"),
        (counted.not_modelled, "not modelled"),
    ) if number]  # fmt: skip
    left = f" (left out of the total: {', '.join(side.unpriced)})" if side.unpriced else ""
    old = f"; {format_usd(side.stale_prices)} a month rest on stale prices" if side.stale_prices is not None else ""
    return f"lines of the bill: {', '.join(parts)}{left}; {side.region}, prices as of {side.prices_as_of}{old}"


def stale_sentence(row: StackChange) -> str | None:
    """What to do where the plan shown is not what runs."""
    if row.after is None or row.after.locked:
        return None
    because = f" ({'; '.join(row.stale)})" if row.stale else ""
    return f"not locked yet{because}: run `headway lock --stack {row.stack}` and commit it"


def preview_sentences(preview: PreviewCoverage) -> Iterator[str]:
    """What of a stack's resources the bill holds, then each that it does not."""
    yield (
        f"{preview.stack}: of what Headway makes, {preview.billed} on the bill, {preview.free} free, "
        f"{preview.not_modelled} named without an amount"
    )
    if len(preview.components) > 1:
        each = "; ".join(
            f"{one.name} {format_usd(one.monthly.expected)} ({one.architecture})" for one in preview.components
        )
        total = sum(one.monthly.expected for one in preview.components)
        yield f"its {len(preview.components)} components together: {format_usd(total)} a month: {each}"
    if preview.in_components:
        yield f"{preview.in_components} more are priced by their own component's bill"
    for one in preview.uncovered:
        whose = "made by a component, on no list: the bill lacks it" if one.ours else "beside our components"
        yield f"not in the bill: {one.name} ({one.type}), {whose}"


def signed(amount: Decimal, percent: float | None = None) -> str:
    """A change with its sign, and its share.

    >>> signed(Decimal("-588.2"), -84.7), signed(Decimal(0)), signed(Decimal("12.5"))
    ('-USD 588 (-85 %)', 'none', '+USD 12.50')
    """
    if abs(amount) < CENT:
        return "none"
    share = "" if percent is None else f" ({percent:+.0f} %)"
    return f"{'+' if amount > 0 else '-'}{format_usd(abs(amount))}{share}"


def _bill(row: StackChange, side: Snapshot | None, when: str) -> str:
    if side is None:
        return "invalid" if any(one.startswith(f"{when}:") for one in row.problems) else NONE
    if side.monthly is None:
        return "nothing fits"
    return format_usd(side.monthly.expected) + (" + ?" if side.unpriced else "")


def _change(row: StackChange) -> str:
    if row.change is None:
        return "unknown"
    words = {"new": " (new)", "removed": " (removed)"}
    unknown = " + ?" if any(line.change is None for line in row.lines) else ""
    share = row.percent if row.state == "changed" else None
    return signed(row.change.expected, share) + unknown + words.get(row.state, "")


def _name(side: Snapshot) -> str:
    name = side.architecture or "nothing fits"
    return f"{name}, {side.alongside} alongside" if side.alongside is not None else name


def _wait(side: Snapshot) -> str:
    if side.wait is None or side.limit_s is None:
        return ""
    return f"{format_duration(side.wait.at_percentile_s)} of {format_duration(side.limit_s)}"


def _amount(amount: Decimal | None, state: str | None) -> str:
    if state is None:
        return NONE
    if amount is None:
        return state.replace("_", " ")
    return "< USD 0.01" if 0 < amount < CENT else format_usd(amount)
