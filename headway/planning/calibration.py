"""What was observed on a stack, in place of the table's defaults: a file in git, beside the plan that it changes.

``headway calibrate --stack NAME`` writes it from the account; plan and lock of that stack read it; nothing else does.
A lock keeps what it was made with: a new calibration, like a new price, changes nothing that runs until somebody locks.
"""

from __future__ import annotations

import json
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from headway.architectures.candidate import Result
from headway.assumptions import ASSUMPTIONS, Assumption
from headway.errors import HeadwayError, first_problem, nearest
from headway.files import write_whole

CALIBRATIONS_FOLDER = Path("stacks/calibrations")


class Calibrated(Result):
    """One assumption as it was observed: its name in the table, its value between two bounds, and on what it rests."""

    name: str
    value: float = Field(ge=0)
    low: float | None = None
    high: float | None = None
    observations: int = Field(ge=1)
    of: str
    """What was counted: ``starts of spot workers``."""
    since: date
    until: date

    @model_validator(mode="after")
    def _fits_the_table(self) -> Self:
        if self.name not in ASSUMPTIONS:
            raise ValueError(f"{self.name!r} is no assumption{nearest(self.name, ASSUMPTIONS)}")
        if isinstance(ASSUMPTIONS[self.name].value, str):
            raise ValueError(f"{self.name} is a word: it cannot be observed")
        if not all(isfinite(number) for number in (self.value, self.low or 0, self.high or 0)):
            raise ValueError(f"{self.name}: a finite number is needed")
        return self


class Calibration(Result):
    """What was observed on one stack."""

    schema_version: Literal[1] = 1
    stack: str
    rows: tuple[Calibrated, ...]

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """The rows as they stand in the table, each saying what it replaces.

        >>> day = date(2026, 11, 20)
        >>> row = Calibrated(name="batch.linger", value=95.0, observations=41, of="instances", since=day, until=day)
        >>> Calibration(stack="prod", rows=(row,)).assumptions[0].source
        'observed on stack prod, 2026-11-20 to 2026-11-20: 41 instances (default 120)'
        """
        return tuple(self._assumption(row) for row in self.rows)

    def _assumption(self, row: Calibrated) -> Assumption:
        default = ASSUMPTIONS[row.name]
        source = (
            f"observed on stack {self.stack}, {row.since} to {row.until}: {row.observations} {row.of} "
            f"(default {default.number:g})"
        )
        return Assumption(
            row.name, row.value, default.unit, source, str(row.until), row.low, row.high, row.observations
        )


def calibration_path(root: Path, stack: str) -> Path:
    """Where a stack's calibration lives."""
    return root / CALIBRATIONS_FOLDER / f"{stack}.json"


def read_calibration(root: Path, stack: str) -> Calibration | None:
    """What was observed on a stack; None where nobody calibrated it.

    Raises:
        HeadwayError: The file is there and is no calibration of this stack.
    """
    path = calibration_path(root, stack)
    if not path.exists():
        return None
    try:
        found = Calibration.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise HeadwayError(f"{path}: cannot be read ({error})") from None
    except ValidationError as error:
        raise HeadwayError(
            f"{path}: not a calibration of this version ({first_problem(error.errors())}); run "
            f"`headway calibrate --stack {stack}` again, or delete it to plan with the defaults"
        ) from None
    if found.stack != stack:
        raise HeadwayError(f"{path}: was observed on stack {found.stack!r}, not on {stack!r}")
    return found


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration whole or not at all, a row a line: it is read in pull requests."""
    head = calibration.model_dump(mode="json", exclude={"rows"})
    rows = ",\n".join(
        f"  {json.dumps(row.model_dump(mode='json', exclude_none=True), ensure_ascii=False)}"
        for row in calibration.rows
    )
    text = f'{json.dumps(head, indent=1, ensure_ascii=False)[:-2]},\n "rows": [\n{rows}\n ]\n}}\n'
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text)
