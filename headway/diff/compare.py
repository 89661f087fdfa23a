"""Two sides compared: each stack's change, the sum of all, and the verdict in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from headway.advice.price_age import price_age
from headway.architectures.design import Wait
from headway.bill.lines import Bill, Range
from headway.diff.causes import causes
from headway.diff.change import Counts, Diff, PreviewCoverage, Snapshot, StackChange, StackState
from headway.diff.limits import Limit, broken_limits
from headway.diff.lines import CENT, line_changes
from headway.diff.sides import StackSide
from headway.planning.changes import FieldChange, field_changes
from headway.planning.consequences import consequences, forgotten
from headway.planning.lock import declared_fields, joint_bill, setting_changes
from headway.planning.plan import Choice, Plan
from headway.units import format_usd

Pair = tuple[StackSide | None, StackSide | None]
ZERO = Range.exactly(0)


def compare(
    pairs: Iterable[Pair],
    *,
    base: str,
    head: str,
    limit: Limit | None = None,
    notes: Sequence[str] = (),
    preview: PreviewCoverage | None = None,
) -> Diff:
    """What a change does to each stack and to all of them together.

    Args:
        pairs: The two sides of each stack; None where a side does not have it.
        base: The side before, as a reader knows it.
        head: The side after.
        limit: How much more it may cost.
        notes: What a reader should know of how the sides were read.
        preview: What a ``pulumi preview`` registers, against the bill.
    """
    stacks = tuple(_stack_change(before, after) for before, after in pairs)
    known = [stack for stack in stacks if stack.state != "invalid"]
    complete = len(known) == len(stacks) and all(stack.change is not None for stack in known)
    before = _sum(stack.before.monthly if stack.before else ZERO for stack in known) if complete else None
    after = _sum(stack.after.monthly if stack.after else ZERO for stack in known) if complete else None
    change = None if before is None or after is None else _less(after, before)
    percent = None if before is None or change is None else _percent(change, before)
    return Diff(
        base=base, head=head, verdict=_verdict(stacks, change, percent),
        changed=any(stack.state != "unchanged" for stack in stacks),
        stacks=stacks, before=before, after=after, change=change, percent=percent,
        broken=tuple(broken_limits(stacks, limit)), notes=tuple(notes), preview=preview,
    )  # fmt: skip


def _stack_change(before: StackSide | None, after: StackSide | None) -> StackChange:
    one = after or before
    if one is None:
        raise AssertionError("a stack is on one side at least")
    old, new = snapshot(before), snapshot(after)
    fields, assumptions = _fields(before, after), _assumptions(before, after)
    lines = line_changes(_bill(before), _bill(after))
    types = [_types(side) for side in (before, after)]
    was = old.monthly if old else ZERO if before is None else None
    now = new.monthly if new else ZERO if after is None else None
    change = _less(now, was) if was is not None and now is not None else None
    invalid = [side for side in (before, after) if side is not None and side.problem is not None]
    state: StackState = (
        "invalid" if invalid else "new" if before is None else "removed" if after is None else "unchanged"
    )
    if state == "unchanged" and (lines or fields or _moved(old, new, change)):
        state = "changed"
    standings = (before.standing, after.standing) if state == "changed" and before and after else ()
    return StackChange(
        stack=one.stack, profile=next((s.plan.profile.name for s in (after, before) if s and s.plan), None),
        state=state, before=old, after=new, change=None if invalid else change,
        percent=None if invalid or change is None or was is None else _percent(change, was),
        causes=causes(before, after, fields) if state == "changed" and before and after else None,
        lines=lines if state in ("changed", "new", "removed") else (),
        fields=fields, assumptions=assumptions if state == "changed" else (),
        consequences=consequences(*standings) if standings else (),
        forgotten=forgotten(*standings) if standings else (),
        new_resources=tuple(sorted(types[1] - types[0])), gone_resources=tuple(sorted(types[0] - types[1])),
        stale=after.stale if after else (),
        problems=tuple(
            f"{'before' if side is before else 'after'}: {'; '.join((side.problem or '').splitlines())}"
            for side in invalid
        ),
        over=after.over if after else None,
    )  # fmt: skip


def _moved(old: Snapshot | None, new: Snapshot | None, change: Range | None) -> bool:
    """Whether anything that a reviewer looks at is another, though no line is."""
    if old is None or new is None:
        return False
    parts = [(one.architecture, one.alongside, one.kept, one.wait, one.locked, one.unpriced) for one in (old, new)]
    return parts[0] != parts[1] or (change is not None and abs(change.expected) >= CENT)


def snapshot(side: StackSide | None) -> Snapshot | None:
    """What a stack runs on one side, and its month; None where it is not there or cannot be read."""
    if side is None or side.plan is None:
        return None
    plan = side.plan
    choice, design, bill = plan.choice, plan.design, _bill(side)
    states = Counter(line.state for line in bill.lines) if bill else None
    return Snapshot(
        architecture=choice.architecture if choice else None, monthly=_monthly(side, choice, bill),
        operations=choice.operations if choice else None, wait=choice.wait if choice else None,
        percentile=design.percentile if design else None,
        limit_s=_limit(choice.wait if choice else None, design.max_wait_s if design else None),
        why=choice.why if choice else (), unpriced=tuple(dict.fromkeys(bill.unpriced)) if bill else (),
        coverage=None if states is None else Counts(
            priced=states["priced"], free=states["free"], unpriced=states["unpriced"],
            not_modelled=states["not_modelled"],
        ),
        scale=plan.scale, locked=side.locked, prices_as_of=plan.prices.as_of, region=plan.prices.region,
        alongside=side.alongside.choice.architecture if side.alongside and side.alongside.choice else None,
        kept=side.standing.kept, stale_prices=_stale(plan),
    )  # fmt: skip


def _monthly(side: StackSide, choice: Choice | None, bill: Bill | None) -> Range | None:
    """Of all that runs: while two architectures stand side by side, of both."""
    if choice is None or side.alongside is None or bill is None:
        return choice.monthly if choice else None
    return bill.total


def _stale(plan: Plan) -> Decimal | None:
    age = price_age(plan)
    return age.stale if age is not None and age.state == "stale" else None


def _limit(wait: Wait | None, tightest: float | None) -> float | None:
    return wait.limit_s if wait is not None and wait.limit_s is not None else tightest


def _bill(side: StackSide | None) -> Bill | None:
    return joint_bill(side.plan, side.alongside) if side is not None else None


def _types(side: StackSide | None) -> set[str]:
    """Pulumi types that a side's bill carries, named ones too."""
    bill = _bill(side)
    return {name for line in bill.lines for name in line.resource_types} if bill else set()


def _fields(before: StackSide | None, after: StackSide | None) -> tuple[FieldChange, ...]:
    """What the profile declares otherwise, then what the stack sets otherwise."""
    if before is None or after is None:
        return ()
    found: list[FieldChange] = []
    if before.profile is not None and after.profile is not None:
        found += field_changes(declared_fields(before.profile), declared_fields(after.profile))
    if before.settings is not None and after.settings is not None:
        found += setting_changes(before.settings, after.settings)
    return tuple(found)


def _assumptions(before: StackSide | None, after: StackSide | None) -> tuple[FieldChange, ...]:
    values = [
        {row.name: f"{row.value} {row.unit}".strip() for row in side.plan.assumptions} if side and side.plan else {}
        for side in (before, after)
    ]
    # Where other architectures were considered, what only those rest on came or went with them and is no news.
    same = len({frozenset(_considered(side)) for side in (before, after)}) == 1
    return tuple(
        FieldChange(field=name, before=values[0].get(name), after=values[1].get(name))
        for name in sorted({*values[0], *values[1]} if same else values[0].keys() & values[1].keys())
        if values[0].get(name) != values[1].get(name)
    )


def _considered(side: StackSide | None) -> list[str]:
    return [one.architecture for one in side.plan.candidates] if side is not None and side.plan is not None else []


def _verdict(stacks: Sequence[StackChange], change: Range | None, percent: float | None) -> str:
    """One line: what it costs more or less, which architecture switches, and what stands in the way."""
    if not stacks:
        return "no stacks on either side"
    said = [_money(stacks, change, percent)]
    for key, names in _switches(stacks).items():
        said.append(f"{key} in {', '.join(names)}" if len(stacks) > 1 else key)
    for words, names in (
        ("new", [row.stack for row in stacks if row.state == "new"]),
        ("removed", [row.stack for row in stacks if row.state == "removed"]),
        ("nothing fits", [row.stack for row in stacks if row.after is not None and row.after.architecture is None]),
        ("data deleted", [row.stack for row in stacks if row.forgotten]),
        ("invalid", [row.stack for row in stacks if row.state == "invalid"]),
        ("without a price for part of it", [row.stack for row in stacks if row.after and row.after.unpriced]),
        ("not locked yet", [row.stack for row in stacks if row.after is not None and not row.after.locked]),
    ):
        if names:
            said.append(f"{words}: {', '.join(names)}")
    return "; ".join(said)


def _money(stacks: Sequence[StackChange], change: Range | None, percent: float | None) -> str:
    if change is None:
        return "the change cannot be priced"
    known = " for what has a price" if any(line.change is None for row in stacks for line in row.lines) else ""
    where = stacks[0].stack if len(stacks) == 1 else f"{len(stacks)} environments together"
    total = sum((row.after.monthly.expected for row in stacks if row.after and row.after.monthly), Decimal(0))
    if abs(change.expected) < CENT:
        changed = any(row.state != "unchanged" for row in stacks)
        what = "the same bill" if changed else "no change"
        return f"{what}{known}: {where} {'costs' if len(stacks) == 1 else 'cost'} {format_usd(total)} a month"
    way = "more" if change.expected > 0 else "less"
    share = "" if percent is None else f" ({percent:+.0f} %)"
    return f"{format_usd(abs(change.expected))} a month {way}{share}{known}: {where}, then {format_usd(total)}"


def _switches(stacks: Sequence[StackChange]) -> dict[str, list[str]]:
    """Changes of architecture with the stacks that they happen in."""
    found: dict[str, list[str]] = {}
    for row in stacks:
        old = row.before.architecture if row.before else None
        new = row.after.architecture if row.after else None
        if old and new and old != new:
            found.setdefault(f"{old} becomes {new}", []).append(row.stack)
    return found


def _sum(ranges: Iterable[Range | None]) -> Range | None:
    total = ZERO
    for one in ranges:
        if one is None:
            return None
        total = total + one
    return total


def _less(after: Range, before: Range) -> Range:
    """Case by case: low against low, expected against expected, high against high; ordered again."""
    low, high = sorted((after.low - before.low, after.high - before.high))
    expected = after.expected - before.expected
    return Range(low=min(low, expected), expected=expected, high=max(high, expected))


def _percent(change: Range, before: Range) -> float | None:
    return float(change.expected / before.expected * 100) if before.expected else None
