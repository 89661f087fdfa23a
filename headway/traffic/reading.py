"""One home for reading logs: requests or counts in batches, in memory that does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headway.errors import HeadwayError
from headway.traffic.formats import A_MINUTE, Entry, Format, NoTimesError, format_of
from headway.traffic.lines import Say, read_lines
from headway.traffic.moments import RELATIVE_BELOW

Floats = NDArray[np.float64]
BATCH = 65_536
"""Rows at a time."""
UNREADABLE = 0.001
"""Share of lines that a log may have torn or foreign; more, and it is another file than it seems."""


class Batch(NamedTuple):
    """Rows in the file's order: seconds since 1970 (or since the start), what each counts for, bytes where said."""

    times: Floats
    counts: Floats
    bytes_in: Floats
    bytes_out: Floats


@dataclass(frozen=True)
class Log:
    """A log that is about to be read."""

    path: Path
    format: Format
    starts: float | None
    """Seconds since 1970 at which relative times begin; None where the file says when."""
    zone: tzinfo
    skipped: list[int]
    """Numbers of the lines that could not be read; filled while reading."""

    @property
    def counted(self) -> bool:
        """Whether its rows are counts of stretches of time rather than requests."""
        return self.format.counted

    def batches(self, say: Say = lambda _: None) -> Iterator[Batch]:
        """Its rows.

        Raises:
            HeadwayError: A line says what cannot be, or too many cannot be read, by the first such line.
        """
        lines = (row for row in read_lines(self.path, say) if not row[1].startswith("#"))
        if self.format.head:
            next(lines)
        rows: list[Entry] = []
        first_problem, read = "", 0
        start = self.starts or 0.0
        for number, line in lines:
            try:
                entry = self.format.read(line)
            except (ValueError, KeyError, IndexError, TypeError, OverflowError) as error:
                first_problem = first_problem or f"{self.path}:{number}: {_why(error, line)}"
                self.skipped.append(number)
                if len(self.skipped) > 100 and len(self.skipped) > 0.5 * read:
                    raise HeadwayError(first_problem) from None
                continue
            if not self.format.timed:
                entry = entry._replace(time=start + read * A_MINUTE)
            elif entry.time < RELATIVE_BELOW:
                if self.starts is None:
                    raise _relative(self.path, number)
                entry = entry._replace(time=start + entry.time)
            read += 1
            rows.append(entry)
            if len(rows) == BATCH:
                yield _batch(rows)
                rows = []
        if len(self.skipped) > UNREADABLE * (read + len(self.skipped)):
            raise HeadwayError(first_problem)
        if rows:
            yield _batch(rows)


def open_log(path: Path, *, zone: tzinfo = UTC, starts: float | None = None, column: str | None = None) -> Log:
    """A log, by its first line: an access log of a load balancer or of API Gateway, CSV, JSON lines; gzip too.

    Args:
        path: The file.
        zone: Of times that do not say theirs.
        starts: Seconds since 1970 of the first row, for counts without times and for times that count from a start.
        column: The column or key that says when, where it has none of the usual names.

    Raises:
        HeadwayError: It is none of these, or nothing in it says when.
    """
    first = next((line for _, line in read_lines(path) if not line.startswith("#")), "")
    if "\0" in first:
        raise HeadwayError(f"{path}: is no text; a log, a CSV or JSON lines are needed, gzipped or not")
    try:
        if not first:
            raise NoTimesError(["nothing"])
        found = format_of(first, zone=zone, column=column)
    except NoTimesError as error:
        wanted = f"a column {column}" if column else (
            "a column requests (counts, a minute a row), arrival_s (a request a row, in seconds) or a time such as "
            "timestamp"
        )  # fmt: skip
        raise HeadwayError(f"{path}: nothing in it says when: {wanted} is needed; this one has {error}") from None
    except ValueError as error:
        raise HeadwayError(f"{path}:1: {error}") from None
    if not found.timed and starts is None:
        raise _relative(path, 1)
    return Log(path, found, starts, zone, [])


def _relative(path: Path, line: int) -> HeadwayError:
    return HeadwayError(
        f"{path}:{line}: nothing says when it began; give --starts, such as --starts 2026-11-01 or '2026-11-01 08:00'"
    )


def _why(error: Exception, line: str) -> str:
    said = str(error) if isinstance(error, ValueError) and not isinstance(error, UnicodeError) else ""
    if said.startswith("a number"):
        return said
    return f"cannot be read as the lines before it: {line[:60]!r}"


def _batch(rows: list[Entry]) -> Batch:
    return Batch(*np.array(rows, dtype=np.float64).T)
