"""What ``headway measure`` found, and a profile with it filled in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from headway.architectures.candidate import Result
from headway.observed.levels import Level, Row, enough, measured_rows
from headway.profile.editing import Edit, edit_profile, put_measured


class LevelOutcome(Result):
    """One level of a load test, as it is told."""

    batch: int
    at_once: int
    calls: int
    failed: int
    mean_s: float | None
    p50_s: float | None
    p99_s: float | None
    variability: float | None
    per_second: float
    problem: str | None
    """Why it cannot be used; None where it can."""


class Measured(Result):
    """What was measured, where, and the rows that a profile takes."""

    source: str
    levels: tuple[LevelOutcome, ...] = ()
    """Of a load test; empty where AWS had the answer."""
    measured: tuple[Row, ...]
    warnings: tuple[str, ...] = ()


def load_tested(
    source: str, hardware: str, levels: Sequence[Level], *, instances: int = 1, warnings: Sequence[str] = ()
) -> Measured:
    """The outcome of a load test.

    Raises:
        HeadwayError: No level can be used.
    """
    rows = measured_rows(hardware, levels, instances=instances)
    said = [*filter(None, warnings)]
    if instances > 1:
        said.append(f"{instances} instances shared the calls: concurrency is that of all of them over {instances}")
    return Measured(source=source, levels=tuple(_told(level) for level in levels), measured=rows, warnings=tuple(said))


def fill_measured(profile: Path, rows: Sequence[Row]) -> Edit:
    """A profile's file with the rows in ``model.measured``, not yet written.

    Raises:
        ProfileError: The file is no profile, or would be none with them.
    """
    return edit_profile(profile, lambda content: put_measured(content, [row.fields() for row in rows]))


def _told(level: Level) -> LevelOutcome:
    some = bool(level.seconds)
    return LevelOutcome(
        batch=level.batch, at_once=level.at_once, calls=level.calls, failed=level.failed,
        mean_s=level.mean if some else None, p50_s=level.quantile(0.5) if some else None,
        p99_s=level.quantile(0.99) if some else None, variability=level.variability if some else None,
        per_second=level.per_second, problem=enough(level),
    )  # fmt: skip
