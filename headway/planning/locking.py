"""Lock a project's stacks: plan each one, write what it shall run, say what changed; or only check that nothing has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from headway.planning.calibration import read_calibration
from headway.planning.lock import check_lock, lock_path, make_lock, over_limit, plan_for, read_lock, write_lock
from headway.planning.plan import Plan
from headway.planning.stacks import stack_settings
from headway.units import format_duration, format_usd


class Outcome(NamedTuple):
    """What became of one stack."""

    stack: str
    text: str
    differs: bool = False
    """A check found a difference, or the stack cannot be locked as it is."""


def lock_stacks(root: Path, names: Iterable[str]) -> Iterator[Outcome]:
    """Plan and lock each stack; one whose plan is above its limit or meets no wait keeps its old lock.

    Raises:
        HeadwayError: A stack's config or profile cannot be read.
    """
    for name in names:
        settings = stack_settings(root, name)
        profile = settings.load_profile(root)
        path = lock_path(root, name)
        new = plan_for(profile, settings, calibration=read_calibration(root, name))
        problem = over_limit(new, settings) if new.choice else _nothing(new)
        if problem:
            yield Outcome(name, f"{name}: not locked: {problem}", differs=True)
            continue
        old = read_lock(path).plan if path.exists() else None
        lock = make_lock(name, settings, profile, new)
        if old == lock.plan and not check_lock(read_lock(path), profile, settings):
            yield Outcome(name, f"{name}: unchanged, {describe(new)}")
            continue
        write_lock(path, lock)
        yield Outcome(name, "\n".join([f"{name}: locked {describe(new)}", *_against(old, new)]))


def check_stacks(root: Path, names: Iterable[str]) -> Iterator[Outcome]:
    """Compare each stack's profile and settings with its lock; nothing is planned and no price matters.

    Raises:
        HeadwayError: A stack's config, profile or lock cannot be read.
    """
    for name in names:
        path = lock_path(root, name)
        if not path.exists():
            yield Outcome(name, f"{name}: not locked; run `headway lock --stack {name}`", differs=True)
            continue
        settings = stack_settings(root, name)
        changed = check_lock(read_lock(path), settings.load_profile(root), settings)
        if changed:
            lines = [f"{name}: changed since it was locked; run `headway lock --stack {name}`", *changed]
            yield Outcome(name, "\n  ".join(lines), differs=True)
        else:
            yield Outcome(name, f"{name}: locked and current")


def describe(made: Plan) -> str:
    """A plan's choice in one line."""
    if made.choice is None:
        return "nothing"
    choice = made.choice
    return (
        f"{choice.architecture}, {format_usd(choice.monthly.expected)} a month, "
        f"wait {format_duration(choice.wait.at_percentile_s)}"
    )


def _against(old: Plan | None, new: Plan) -> list[str]:
    """The old plan beside the new: what a reviewer of the pull request wants first."""
    if old is None or old.choice is None or new.choice is None:
        return []
    difference = new.choice.monthly.expected - old.choice.monthly.expected
    if abs(difference) < Decimal("0.005"):
        cost = "the same bill; details of the design or its reasons changed"
    else:
        cost = f"{format_usd(abs(difference))} a month {'more' if difference > 0 else 'less'}"
    lines = [f"  before: {describe(old)}", f"  {cost}"]
    if old.choice.architecture != new.choice.architecture:
        lines += [f"  {reason}" for reason in new.choice.why]
    if old.prices.as_of != new.prices.as_of:
        lines.append(f"  prices of {new.prices.as_of}, were of {old.prices.as_of}")
    return lines


def _nothing(made: Plan) -> str:
    closest = f"; {made.closest.architecture} comes closest: {made.closest.relax}" if made.closest else ""
    return f"no architecture meets the wait{closest}"
