"""Lock a project's stacks: plan each one, write what it shall run, say what changed; or only check that nothing has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from headway.errors import nearest
from headway.planning.calibration import read_calibration
from headway.planning.consequences import consequences, forgotten, holding
from headway.planning.lock import (
    Lock,
    LockError,
    Settings,
    alongside_plan,
    check_lock,
    lock_path,
    make_lock,
    over_limit,
    plan_for,
    read_lock,
    write_lock,
)
from headway.planning.plan import Plan
from headway.planning.stacks import stack_settings
from headway.units import format_duration, format_usd


class Outcome(NamedTuple):
    """What became of one stack."""

    stack: str
    text: str
    differs: bool = False
    """A check found a difference, or the stack cannot be locked as it is."""


def lock_stacks(root: Path, names: Iterable[str], *, forget: Collection[str] = ()) -> Iterator[Outcome]:
    """Plan and lock each stack; one whose plan is above its limit or meets no wait keeps its old lock.

    So does one in which nothing moved but figures of what was not chosen: `check_stacks` calls it current, too.
    The data of architectures to ``forget`` goes with the next ``pulumi up``.

    Raises:
        HeadwayError: A stack's config or profile cannot be read, or nothing has run that is to be forgotten.
    """
    stacks = tuple(names)
    _known(root, stacks, forget)
    for name in stacks:
        settings = stack_settings(root, name)
        profile = settings.load_profile(root)
        path = lock_path(root, name)
        calibration = read_calibration(root, name)
        new = plan_for(profile, settings, calibration=calibration)
        before = read_lock(path) if path.exists() else None
        beside = alongside_plan(profile, settings, before=before, calibration=calibration) if new.choice else None
        problem = over_limit(new, settings, beside) if new.choice else _nothing(new)
        if problem:
            yield Outcome(name, f"{name}: not locked: {problem}", differs=True)
            continue
        lock = make_lock(name, settings, profile, new, alongside=beside, before=before, forget=forget)
        if before is not None and (problem := _loses(settings, before, lock, forget)):
            yield Outcome(name, f"{name}: not locked: {problem}", differs=True)
            continue
        if before is not None and _runs(before) == _runs(lock) and not check_lock(before, profile, settings):
            still = [one for one in forget if one in {design.architecture for design in lock.designs}]
            runs = f"; {' and '.join(still)} runs: of what runs nothing is forgotten" if still else ""
            kept = "" if before.plan == lock.plan else "; figures of what was not chosen have moved, and stay as locked"
            yield Outcome(name, f"{name}: unchanged, {describe(new)}{kept}{runs}")
            continue
        write_lock(path, lock)
        said = [*_against(before, lock), *_beside(lock), *_meaning(before, lock)]
        yield Outcome(name, "\n  ".join([f"{name}: locked {describe(new)}", *said]))


def check_stacks(root: Path, names: Iterable[str]) -> Iterator[Outcome]:
    """Compare each stack's profile and settings with its lock; nothing is planned and no price matters.

    So a price that moves fails no pipeline; `lock_stacks` renews the figures when somebody asks for it.

    Raises:
        HeadwayError: A stack's config, profile or lock cannot be read.
    """
    for name in names:
        path = lock_path(root, name)
        if not path.exists():
            yield Outcome(name, f"{name}: not locked; run `headway lock --stack {name}`", differs=True)
            continue
        settings = stack_settings(root, name)
        lock = read_lock(path)
        changed = check_lock(lock, settings.load_profile(root), settings)
        if changed:
            lines = [f"{name}: changed since it was locked; run `headway lock --stack {name}`", *changed]
            yield Outcome(name, "\n  ".join(lines), differs=True)
        else:
            as_of = lock.plan.prices.as_of
            yield Outcome(name, f"{name}: current: profile and settings are as locked (prices of {as_of})")


def describe(made: Plan) -> str:
    """A plan's choice in one line."""
    if made.choice is None:
        return "nothing"
    choice = made.choice
    return (
        f"{choice.architecture}, {format_usd(choice.monthly.expected)} a month, "
        f"wait {format_duration(choice.wait.at_percentile_s)}"
    )


def _known(root: Path, stacks: Iterable[str], forget: Collection[str]) -> None:
    """Refuse to forget what no stack has held."""
    if not forget:
        return
    locks = [read_lock(path) for name in stacks if (path := lock_path(root, name)).exists()]
    held = {str(design.architecture) for lock in locks for design in (*lock.former, *lock.designs)}
    held |= {lock.plan.profile.name for lock in locks}
    for name in forget:
        if name not in held:
            hint = nearest(name, held) or f"; there is {', '.join(sorted(held)) or 'nothing'}"
            raise LockError(f"--forget {name}: no stack has run it{hint}")


def _runs(lock: Lock) -> tuple[object, ...]:
    """What a stack runs and costs, with all that it still holds; nothing of what was not chosen."""
    return (*(one and (one.profile, one.scale, one.chosen) for one in (lock.plan, lock.alongside)), lock.former)


def _loses(settings: Settings, before: Lock, after: Lock, forget: Collection[str]) -> str | None:
    """Why protected data may not go yet: nobody asked for it, or it would stop every update, declared no longer."""
    gone = forgotten(before.standing, after.standing) if settings.protect_data else ()
    lost, old, new = ", ".join(holding(one) for one in gone), before.plan.profile.name, after.plan.profile.name
    if not gone or old in forget:
        return None
    if old != new:
        return (
            f"everything is named after the profile, which was {old} and is {new}: {lost} would be deleted. Keep the "
            f"name, or let go of it: `headway lock --stack {after.stack} --forget {old}`"
        )
    return (
        f"{lost} may not be deleted while headway:protect_data is true: set it to false, run `pulumi up` once, and "
        "forget it then"
    )


def _meaning(before: Lock | None, lock: Lock) -> list[str]:
    """What the next `pulumi up` does to what is there."""
    if before is None:
        return []
    return list(consequences(before.standing, lock.standing))


def _beside(lock: Lock) -> list[str]:
    """What runs beside the plan, and what both cost."""
    if lock.alongside is None or lock.bill is None:
        return []
    return [f"alongside: {describe(lock.alongside)}; {format_usd(lock.bill.total.expected)} a month with it"]


def _against(before: Lock | None, lock: Lock) -> list[str]:
    """The old plan beside the new: what a reviewer of the pull request wants first."""
    if before is None or before.bill is None or lock.bill is None:
        return []
    old, new = before.plan, lock.plan
    difference = lock.bill.total.expected - before.bill.total.expected
    if abs(difference) < Decimal("0.005"):
        cost = "the same bill"
    else:
        cost = f"{format_usd(abs(difference))} a month {'more' if difference > 0 else 'less'}"
    beside = f", and {describe(before.alongside)} alongside" if before.alongside is not None else ""
    lines = [f"before: {describe(old)}{beside}", cost]
    if old.choice is not None and new.choice is not None and old.choice.architecture != new.choice.architecture:
        lines += new.choice.why
    if before.designs == lock.designs:
        lines.append("what runs stays as it is")
    if old.prices.as_of != new.prices.as_of:
        lines.append(f"prices of {new.prices.as_of}, were of {old.prices.as_of}")
    return lines


def _nothing(made: Plan) -> str:
    closest = f"; {made.closest.architecture} comes closest: {made.closest.relax}" if made.closest else ""
    return f"no architecture meets the wait{closest}"
