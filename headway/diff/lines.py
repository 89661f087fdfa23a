"""Lines of two bills side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from headway.bill.lines import Bill, Line
from headway.diff.change import LineChange

CENT = Decimal("0.005")
"""Less than half a cent is no change that anybody pays."""


def line_changes(before: Bill | None, after: Bill | None) -> tuple[LineChange, ...]:
    """The lines that differ in amount or in state, the largest change first; what only became unpriced leads."""
    changes = [_change(old, new) for old, new in pairs(before, after) if _differ(old, new)]
    return tuple(sorted(changes, key=lambda one: (one.change is not None, -abs(one.change or Decimal(0)))))


def pairs(before: Bill | None, after: Bill | None) -> Iterator[tuple[Line | None, Line | None]]:
    """Each line with its counterpart: of the same wording, else of the same meter, else none.

    Wording moves with a design ("batches of 8"); then the same meter, bought for the same instance type, is the same
    line in other words.
    """
    olds, news = list(before.lines if before else ()), list(after.lines if after else ())
    for key in (_exact, _meter):
        waiting: defaultdict[tuple[str, ...], list[Line]] = defaultdict(list)
        for line in news:
            waiting[key(line)].append(line)
        left = []
        for old in olds:
            same = waiting[key(old)]
            if same:
                yield old, same.pop(0)
            else:
                left.append(old)
        olds, news = left, [line for lines in waiting.values() for line in lines]
    yield from ((old, None) for old in olds)
    yield from ((None, new) for new in news)


def _exact(line: Line) -> tuple[str, ...]:
    return (line.service, line.meter, line.unit, line.instance_type, line.description)


def _meter(line: Line) -> tuple[str, ...]:
    return (line.service, line.meter, line.unit, line.instance_type, _part(line))


def _part(line: Line) -> str:
    """The part of a hybrid that a line belongs to, which its description begins with."""
    part, joint, _ = line.description.partition(": ")
    return part if joint else ""


def _differ(old: Line | None, new: Line | None) -> bool:
    if old is None or new is None:
        return not _silent(old or new)
    if old.state != new.state:
        return True
    if old.amount is None or new.amount is None:
        return old.state == "unpriced" and old.quantity != new.quantity
    return abs(new.amount.expected - old.amount.expected) >= CENT


def _silent(line: Line | None) -> bool:
    """Whether a line that came or went says nothing about money: named only, free, or less than a cent."""
    if line is None or line.state == "not_modelled":
        return True
    return line.state != "unpriced" and (line.amount is None or abs(line.amount.expected) < CENT)


def _change(old: Line | None, new: Line | None) -> LineChange:
    line = new or old
    if line is None:
        raise AssertionError("a pair holds a line")
    before, after = _amount(old), _amount(new)
    unknown = any(side is not None and side.state == "unpriced" for side in (old, new))
    return LineChange(
        description=line.description, service=line.service, meter=line.meter, unit=line.unit,
        state_before=old.state if old else None, state_after=new.state if new else None,
        quantity_before=old.quantity.expected if old else None, quantity_after=new.quantity.expected if new else None,
        unit_price_before=old.unit_price if old else None, unit_price_after=new.unit_price if new else None,
        before=before, after=after, change=None if unknown else (after or Decimal(0)) - (before or Decimal(0)),
    )  # fmt: skip


def _amount(line: Line | None) -> Decimal | None:
    return None if line is None or line.amount is None else line.amount.expected
