"""What each stack of a side would run: its locked plan, or the plan as it would be locked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from headway.architectures.hybrid_design import Design
from headway.diff.sources import Source
from headway.errors import HeadwayError, first_problem, nearest
from headway.planning.calibration import Calibration, read_calibration
from headway.planning.consequences import Standing
from headway.planning.former import still_holding
from headway.planning.lock import (
    Lock,
    LockError,
    Settings,
    alongside_plan,
    check_lock,
    lock_path,
    over_limit,
    plan_for,
    read_lock,
)
from headway.planning.plan import Plan
from headway.planning.stacks import stack_names, stack_settings
from headway.profile import Profile


class StackSide(NamedTuple):
    """One stack on one side."""

    stack: str
    plan: Plan | None = None
    """None where ``problem`` says why."""
    profile: Profile | None = None
    settings: Settings | None = None
    locked: bool = True
    """False: this is the plan as it would be locked, for there is no lock or it no longer fits."""
    stale: tuple[str, ...] = ()
    """The fields in which profile and lock disagree."""
    problem: str | None = None
    """Why there is no plan: an invalid profile, a wrong setting."""
    alongside: Plan | None = None
    """What runs beside it, until a switch is over."""
    calibration: Calibration | None = None
    """What was observed on the stack, in place of defaults."""
    former: tuple[Design, ...] = ()
    """What ran before, and still holds data."""

    @property
    def standing(self) -> Standing:
        """What it runs, and what it still holds of its past."""
        beside = self.alongside.design if self.alongside is not None else None
        name = self.plan.profile.name if self.plan is not None else ""
        return Standing(self.plan.design if self.plan is not None else None, beside, self.former, name)

    @property
    def over(self) -> str | None:
        """Why it costs more than the profile's budget or the stack's limit allows; None where it does not."""
        if self.plan is None or self.plan.choice is None:
            return None
        if self.settings is not None and (over := over_limit(self.plan, self.settings, self.alongside)) is not None:
            return over
        return next((text for text in self.plan.warnings if "exceeds the budget" in text), None)


def read_side(source: Source, stacks: Iterable[str] | None = None) -> dict[str, StackSide]:
    """What each stack of a source would run, by name; of the named stacks alone where any are named.

    A stack that is not there is not in the answer: on the other side it is new, or removed.

    Raises:
        HeadwayError: The source is a file that is no plan.
    """
    if source.file is not None:
        side = _read_plan(source.file)
        return {side.stack: side}
    if source.folder is None:
        raise AssertionError("a source has a folder or a file")
    try:
        names = stack_names(source.folder)
    except LockError:
        return {}
    wanted = names if stacks is None else [name for name in names if name in set(stacks)]
    return {name: _read_stack(source, source.folder, name) for name in wanted}


def read_sides(
    base: Source, head: Source, stacks: Iterable[str] | None = None
) -> tuple[tuple[StackSide | None, StackSide | None], ...]:
    """The two sides of each stack, in the order of their names; None where a side does not have it.

    A plan's file is compared with the stack of its name, or with the only one that is left; the others stay out of it.

    Raises:
        HeadwayError: A file that is no plan, a stack that neither side has, or a plan that fits several stacks.
    """
    wanted = None if stacks is None else tuple(dict.fromkeys(stacks))
    before, after = read_side(base, wanted), read_side(head, wanted)
    if base.file is not None or head.file is not None:
        return (_pair(base, head, before, after),)
    names = [*wanted] if wanted is not None else sorted({*before, *after})
    for name in names:
        if name not in before and name not in after:
            there = sorted({*_names(base), *_names(head)})
            hint = nearest(name, there) or (f"; there are {', '.join(there)}" if there else "")
            raise HeadwayError(f"--stacks: no stack {name!r} on either side{hint}")
    return tuple((before.get(name), after.get(name)) for name in names)


def _pair(
    base: Source, head: Source, before: dict[str, StackSide], after: dict[str, StackSide]
) -> tuple[StackSide, StackSide]:
    """A plan's file and its other side."""
    lone = next(iter((before if base.file else after).values()))
    pair = [sides.get(lone.stack) or (next(iter(sides.values())) if len(sides) == 1 else None)
            for sides in (before, after)]  # fmt: skip
    if pair[0] is None or pair[1] is None:
        other, sides = (head, after) if base.file else (base, before)
        raise HeadwayError(
            f"{other.label} has {len(sides)} stacks ({', '.join(sides) or 'none'}) and none is called {lone.stack!r}: "
            "say with --stacks which one the plan is to be compared with"
        )
    return pair[0], pair[1]


def _names(source: Source) -> tuple[str, ...]:
    try:
        return stack_names(source.folder) if source.folder else ()
    except LockError:
        return ()


def _read_stack(source: Source, root: Path, name: str) -> StackSide:
    settings: Settings | None = None
    try:
        settings = stack_settings(root, name)
        profile = settings.load_profile(root)
        lock, stale = _current_lock(lock_path(root, name), profile, settings)
        observed = read_calibration(root, name)
        if lock is not None and not stale:
            plan, beside = lock.plan, lock.alongside
        else:
            plan = plan_for(profile, settings, calibration=observed)
            beside = alongside_plan(profile, settings, before=lock, calibration=observed)
    except HeadwayError as error:
        return StackSide(name, settings=settings, problem=source.said(str(error)))
    locked = lock is not None and not stale
    return StackSide(
        name, plan, profile, settings, locked, tuple(source.said(text) for text in stale), alongside=beside,
        calibration=observed, former=_former(lock, plan, beside),
    )  # fmt: skip


def _former(lock: Lock | None, plan: Plan, beside: Plan | None) -> tuple[Design, ...]:
    """What a lock remembers, or would once it is written again."""
    if lock is None or lock.plan.profile.name != plan.profile.name:
        return ()
    running = [one.design for one in (plan, beside) if one is not None and one.design is not None]
    return still_holding((*lock.former, *lock.designs), running)


def _current_lock(path: Path, profile: Profile, settings: Settings) -> tuple[Lock | None, tuple[str, ...]]:
    """The lock, and why it cannot be what runs."""
    if not path.exists():
        return None, ()
    try:
        lock = read_lock(path)
    except LockError as error:
        return None, (str(error),)
    return lock, check_lock(lock, profile, settings)


def _read_plan(path: Path) -> StackSide:
    """A lock, or what ``headway plan --format json`` wrote.

    Raises:
        HeadwayError: It is neither.
    """
    content = _json(path)
    if "stack" in content and "plan" in content:
        lock = read_lock(path)
        return StackSide(lock.stack, lock.plan, _declared(lock.declared), lock.settings, alongside=lock.alongside,
                          former=lock.former)  # fmt: skip
    try:
        plan = Plan.model_validate(content)
    except ValidationError as error:
        raise HeadwayError(
            f"{path}: no plan ({first_problem(error.errors())}); write one with "
            "`headway plan --format json` or name a lock in stacks/plans"
        ) from None
    return StackSide(plan.profile.name, plan)


def _declared(declared: dict[str, Any]) -> Profile | None:
    """The profile that a lock keeps, its times in seconds, where this version still reads it."""
    try:
        return Profile.model_validate(declared)
    except ValidationError:
        return None


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise HeadwayError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise HeadwayError(f"{path}: not JSON ({str(error).splitlines()[0]})") from None
    if not isinstance(content, dict):
        raise HeadwayError(f"{path}: a plan is a JSON object, not {type(content).__name__}")
    return content
