"""The lock: the plan that a stack runs, committed, and never searched for again by ``pulumi up``.

A new price, a new version or a month of growth cannot switch a production stack by itself: somebody runs
``headway lock`` and the pull request shows the old plan beside the new. The lock keeps digests of what decides, the
profile and the stack's ``headway:*`` settings, and fails a preview that disagrees with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from headway.architectures.hybrid_design import Design
from headway.assumptions import assuming
from headway.bill.limit import above
from headway.bill.lines import Bill
from headway.errors import HeadwayError, first_problem, nearest, nearest_file, problem_text
from headway.files import write_whole
from headway.planning.calibration import Calibration, read_calibration
from headway.planning.changes import FieldChange, field_changes
from headway.planning.consequences import Standing
from headway.planning.former import still_holding
from headway.planning.plan import Plan
from headway.planning.surroundings import Surroundings
from headway.prices import PriceBook
from headway.profile import Profile, load_profile
from headway.units import Money, format_usd

PLANS_FOLDER, PROFILES_FOLDER = Path("stacks/plans"), Path("stacks/profiles")


class LockError(HeadwayError):
    """A lock or a stack's settings that cannot be used, and what to run."""


def _architecture(value: object) -> object:
    from headway.architectures.registry import ARCHITECTURES, HYBRIDS

    names = (*ARCHITECTURES, *HYBRIDS)
    if value is not None and value not in names:
        raise ValueError(f"no architecture{nearest(str(value), names) or '; there are ' + ', '.join(names)}")
    return value


class Settings(Surroundings):
    """A stack's ``headway:*`` config: what it changes of a profile, which is locked, and its surroundings."""

    profile: str
    scale: float = Field(default=1.0, gt=0, le=1000)
    max_monthly: Money | None = Field(default=None, gt=Decimal(0))
    max_instances: int | None = Field(default=None, ge=1)
    reselect: bool = False
    architecture: Annotated[str | None, BeforeValidator(_architecture)] = None
    """This one rather than the choice: to stay on what runs, or to go back."""
    alongside: Annotated[str | None, BeforeValidator(_architecture)] = None
    """A second architecture that runs beside it: to compare before a switch, to drain after it."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """Settings from a stack's config, with or without the ``headway:`` prefix; other prefixes are passed over.

        Raises:
            LockError: A setting that does not exist or does not fit, by its name.

        >>> Settings.from_config({"headway:profile": "a.yaml", "headway:scale": "0.02"}).scale
        0.02
        """
        own = {
            key.removeprefix("headway:"): value
            for key, value in config.items()
            if value not in (None, "") and (":" not in key or key.startswith("headway:"))
        }
        try:
            return cls.model_validate(own)
        except ValidationError as error:
            raise LockError("stack config: " + "; ".join(_said(one, cls) for one in error.errors())) from None

    def load_profile(self, root: Path) -> Profile:
        """The profile these settings name, relative to the project's root.

        Raises:
            LockError: There is no such file; with the nearest that there is.
            HeadwayError: It is no profile.
        """
        path = root / self.profile
        if not path.is_file():
            there = {one.relative_to(root) for folder in (path.parent, root / PROFILES_FOLDER)
                     for one in _within(folder, root)}  # fmt: skip
            hint = nearest_file(path, there) or "; it is a file relative to the project's folder"
            raise LockError(f"headway:profile: there is no {self.profile}{hint}")
        return load_profile(path)


def _said(problem: Any, kind: type[BaseModel]) -> str:
    """One thing that is wrong with a stack's config: the setting, what it got, what would be right."""
    field = str(problem["loc"][0]) if problem["loc"] else ""
    if problem["type"] == "extra_forbidden":
        hint = nearest(field, kind.model_fields) or f"; settings are {', '.join(kind.model_fields)}"
        return f"headway:{field} is no setting{hint}"
    if problem["type"] == "missing":
        return f"headway:{field} is missing; `pulumi config set headway:{field} PATH`"
    words = ("true", "false") if str(problem["type"]).startswith("bool") else ()
    return f"headway:{field}: got {problem['input']!r}; {problem_text(problem)}{nearest(problem['input'], words)}"


def _within(folder: Path, root: Path) -> list[Path]:
    """Files of a folder of the project that may be profiles."""
    if not folder.is_dir() or not folder.resolve().is_relative_to(root.resolve()):
        return []
    return [one for one in folder.iterdir() if one.suffix in (".yaml", ".yml", ".json")]


class Lock(BaseModel):
    """A plan with what it was made from."""

    model_config = ConfigDict(frozen=True)
    stack: str
    settings: Settings
    profile_digest: str
    declared: dict[str, Any]
    """The profile as declared, so that a disagreement can name its fields."""
    plan: Plan
    alongside: Plan | None = None
    """What runs beside it."""
    former: tuple[Design, ...] = ()
    """What ran before, and still holds a queue, a bucket or a table: kept until it is forgotten."""

    @property
    def designs(self) -> tuple[Design, ...]:
        """Every design that a stack of this lock runs."""
        return self.standing.designs

    @property
    def standing(self) -> Standing:
        """What runs, and what is still held of the past."""
        return Standing(self.plan.design, self.alongside.design if self.alongside else None, self.former,
                        self.plan.profile.name)  # fmt: skip

    @property
    def bill(self) -> Bill | None:
        """Of all that runs; None where nothing does."""
        return joint_bill(self.plan, self.alongside)


def joint_bill(plan: Plan | None, alongside: Plan | None) -> Bill | None:
    """The bill of a plan, with that of what runs beside it; None where nothing was chosen."""
    first, second = (one.chosen if one is not None else None for one in (plan, alongside))
    if first is None or first.bill is None or second is None or second.bill is None:
        return first.bill if first is not None else None
    return Bill.of_parts({"": first.bill, f"alongside, {second.architecture}": second.bill})


def make_lock(
    stack: str,
    settings: Settings,
    profile: Profile,
    plan: Plan,
    *,
    alongside: Plan | None = None,
    before: Lock | None = None,
    forget: Collection[str] = (),
) -> Lock:
    """The lock of a plan. What the one ``before`` it held is remembered, save the architectures to ``forget``."""
    lock = Lock(
        stack=stack, settings=settings, profile_digest=profile.digest, declared=declared_fields(profile), plan=plan,
        alongside=alongside,
    )  # fmt: skip
    # Everything is named after the profile: under another name nothing is what it was.
    same = before is not None and before.plan.profile.name == plan.profile.name
    past = (*before.former, *before.designs) if before is not None and same else ()
    held = still_holding((one for one in past if one.architecture not in forget), lock.designs)
    return lock.model_copy(update={"former": held})


def declared_fields(profile: Profile) -> dict[str, Any]:
    """What the profile declares, defaults left out, as plain JSON values."""
    content: dict[str, Any] = json.loads(profile.model_dump_json(exclude_unset=True, by_alias=True))
    return content


def check_lock(lock: Lock, profile: Profile, settings: Settings) -> tuple[str, ...]:
    """The fields in which profile and settings differ from the lock, with both values; empty when it is current.

    Prices are no part of it: a price that moves does not unlock a stack.
    """
    changed = [str(change) for change in setting_changes(lock.settings, settings)]
    if lock.profile_digest != profile.digest:
        changes = [str(change) for change in field_changes(lock.declared, declared_fields(profile))]
        changed += changes or [f"profile digest: {lock.profile_digest[:12]} -> {profile.digest[:12]}"]
    return tuple(changed)


def setting_changes(before: Settings, after: Settings) -> tuple[FieldChange, ...]:
    """The ``headway:*`` settings in which two stacks differ."""
    values = (before.model_dump(mode="json"), after.model_dump(mode="json"))
    return tuple(field_changes(*values, prefix="headway", joint=":"))


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock whole or not at all, in a form that reads well in a pull request."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(lock.model_dump(mode="json"), indent=1, ensure_ascii=False)
    # Rows of plain numbers (168 floors) on one line.
    text = re.sub(r"\[\s*((?:-?[\d.]+,?\s*)+)\]", lambda m: "[" + " ".join(m[1].split()) + "]", text)
    write_whole(path, text + "\n")


def read_lock(path: Path) -> Lock:
    """The lock in a file.

    Raises:
        LockError: It cannot be read, or was written by another version.
    """
    try:
        return Lock.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LockError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        what = "not text in UTF-8"
    except ValidationError as error:
        what = f"not a lock of this version ({first_problem(error.errors())})"
    raise LockError(
        f"{path}: {what}: restore it from git, or delete it and run `headway lock --stack {path.stem}`, which then "
        "knows nothing of what ran before"
    )


def lock_path(root: Path, stack: str) -> Path:
    """Where a stack's lock lives."""
    return root / PLANS_FOLDER / f"{stack}.json"


def plan_for(
    profile: Profile,
    settings: Settings,
    *,
    only: str | None = None,
    calibration: Calibration | None = None,
    prices: PriceBook | None = None,
) -> Plan:
    """The plan of a profile in the environment that a stack's settings describe, as it would be locked today.

    What was observed on the stack (``calibration``) stands in for the defaults of those assumptions.
    """
    from headway.planning.search import plan

    with assuming(calibration.assumptions if calibration else ()):
        made = plan(
            profile, prices=prices, scale=settings.scale, reselect=settings.reselect,
            max_instances=settings.max_instances, only=only or settings.architecture,
        )  # fmt: skip
    if only is not None or settings.architecture is None or made.choice is None:
        return made
    why = (*made.choice.why, f"headway:architecture names {settings.architecture}: no other was considered")
    return made.model_copy(update={"choice": made.choice.model_copy(update={"why": why})})


def stack_lock(stack: str, settings: Settings, root: Path) -> tuple[Lock, tuple[str, ...]]:
    """What a stack runs, and notes for its operator.

    Its lock where there is one; else what would be locked now, and a note saying how to lock.

    Raises:
        LockError: The lock disagrees with the profile or the settings (names the fields that changed), or its bill is
            above ``headway:max_monthly``.
    """
    profile = settings.load_profile(root)
    path = lock_path(root, stack)
    if path.exists():
        lock = read_lock(path)
        changed = check_lock(lock, profile, settings)
        if changed:
            raise LockError(
                f"{path.name} no longer fits stack {stack}: {'; '.join(changed)}. "
                f"Run `headway lock --stack {stack}`, look at the difference, and commit it."
            )
        _within_limit(lock, settings)
        return lock, ()
    calibration = read_calibration(root, stack)
    beside = alongside_plan(profile, settings, calibration=calibration)
    fresh = make_lock(stack, settings, profile, plan_for(profile, settings, calibration=calibration), alongside=beside)
    _within_limit(fresh, settings)
    return fresh, (f"stack {stack} is not locked: run `headway lock --stack {stack}` and commit {path.name}",)


def stack_plan(stack: str, settings: Settings, root: Path) -> tuple[Plan, tuple[str, ...]]:
    """The plan of what a stack runs, as `stack_lock` finds it, and the same notes."""
    lock, notes = stack_lock(stack, settings, root)
    return lock.plan, notes


def alongside_plan(profile: Profile, settings: Settings, *, before: Lock | None = None, **more: Any) -> Plan | None:
    """The plan of ``headway:alongside``; None where nothing runs beside.

    One that ran in the lock ``before`` and no longer makes the wait runs on as it was locked: it has a queue to drain.

    Raises:
        LockError: That architecture does not fit, and did not run.
    """
    if settings.alongside is None:
        return None
    made = plan_for(profile, settings, only=settings.alongside, **more)
    if made.design is not None:
        return made
    for ran in (before.plan, before.alongside) if before is not None else ():
        if ran is not None and ran.design is not None and ran.design.architecture == settings.alongside:
            return ran
    raise LockError(f"headway:alongside: {settings.alongside} does not make this wait, so it cannot run beside")


def running_plan(stack: str, settings: Settings, root: Path) -> Plan:
    """The plan that a stack was locked to, even where profile or settings have moved on since.

    Raises:
        LockError: It is not locked, or the lock holds no design.
    """
    path = lock_path(root, stack)
    if not path.exists():
        raise LockError(f"stack {stack} is not locked: run `headway lock --stack {stack}` and bring it up first")
    lock = read_lock(path)
    if lock.plan.design is None:
        raise LockError(f"{path}: holds no design: no architecture met the wait when it was locked")
    return lock.plan


def over_limit(plan: Plan, settings: Settings, alongside: Plan | None = None) -> str | None:
    """Why a stack costs more than it may: the expected AWS bill against ``headway:max_monthly``; None if not."""
    bill = joint_bill(plan, alongside)
    if settings.max_monthly is None or bill is None or bill.total.expected <= settings.max_monthly:
        return None
    names = " and ".join(one.choice.architecture for one in (plan, alongside) if one is not None and one.choice)
    return (
        f"{names} would cost {format_usd(bill.total.expected)} a month, above "
        f"headway:max_monthly of {format_usd(settings.max_monthly)}: raise the limit, or lower headway:scale"
    )


def _within_limit(lock: Lock, settings: Settings) -> None:
    problem = over_limit(lock.plan, settings, lock.alongside)
    if problem is None:
        return
    bill = lock.bill
    lines = above(bill, settings.max_monthly) if bill is not None and settings.max_monthly is not None else None
    raise LockError(f"{problem}; {lines}" if lines else problem)
