"""The report of a departure: what each worker served, line by line, before it forgets the messages.

Parts lie under ``departures/<fleet>/<departure>/parts/``, JSON lines of ``{id, status, error | doubts}``. A part is
written before its messages are deleted: what a killed worker had not told yet is delivered again, so no result is
missing from the report; an id may be listed twice. A part's name tells how many are done, how many failed and how many
of the done are doubtful, so that counting needs no reading; and so does the name of what became of a worker's probes.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from headway_runtime.patience import patiently

PREFIX = "departures/"
DONE, FAILED = "done", "failed"
_PART = re.compile(r"/parts/[^/-]+-\d+-(\d+)-(\d+)(?:-(\d+))?\.jsonl$", re.ASCII)
_PROBES = re.compile(r"/parts/[^/-]+-probes-(\d+)-(\d+)\.jsonl$", re.ASCII)


class Part(NamedTuple):
    """What a part's name tells."""

    key: str
    done: int
    failed: int
    doubtful: int = 0
    """Of the done: answers that are not as they should be."""


class ProbesTold(NamedTuple):
    """What the name of a worker's probes tells."""

    passed: int
    failed: int


def prefix_of(fleet: str, departure: str) -> str:
    """Where everything of a departure lies.

    >>> prefix_of("loans-prod", "20260603T1200Z")
    'departures/loans-prod/20260603T1200Z/'
    """
    return f"{PREFIX}{fleet}/{departure}/"


def read_part(key: str) -> Part | None:
    """What the key of a part tells, or None where it is none.

    >>> read_part("departures/f/20260603T1200Z/parts/3f2a-00001-98-2-7.jsonl")[1:]
    (98, 2, 7)
    """
    found = _PART.search(key)
    return Part(key, *(int(one or 0) for one in found.groups())) if found else None


def read_probes(key: str) -> ProbesTold | None:
    """What the key of a worker's probes tells, or None where it is none.

    >>> read_probes("departures/f/20260603T1200Z/parts/3f2a-probes-4-1.jsonl")
    ProbesTold(passed=4, failed=1)
    """
    found = _PROBES.search(key)
    return ProbesTold(*(int(one) for one in found.groups())) if found else None


class Report:
    """One worker's parts of a departure's report, ``every_s`` at the most; without a departure it writes none."""

    def __init__(self, s3: Any, bucket: str, fleet: str, departure: str, every_s: float = 0.0) -> None:
        self._s3, self._bucket, self.every_s = s3, bucket, every_s
        self.departure, self.kept = departure, bool(fleet and departure)
        self._prefix = f"{prefix_of(fleet, departure)}parts/"
        self._worker, self._parts = uuid.uuid4().hex[:12], 0

    def write(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Write a part.

        Raises:
            Exception: S3 does not take it: the messages must not be deleted.
        """
        if not self.kept or not lines:
            return
        failed = sum(line["status"] == FAILED for line in lines)
        doubtful = sum("doubts" in line for line in lines)
        self._put(f"{self._worker}-{self._parts:05d}-{len(lines) - failed}-{failed}-{doubtful}.jsonl", lines)
        self._parts += 1

    def write_probes(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Write what became of the worker's probes, ``{probe, status, error}`` each.

        Raises:
            Exception: S3 does not take it.
        """
        if self.kept and lines:
            failed = sum(line["status"] == FAILED for line in lines)
            self._put(f"{self._worker}-probes-{len(lines) - failed}-{failed}.jsonl", lines)

    def _put(self, name: str, lines: Sequence[Mapping[str, Any]]) -> None:
        body = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()
        patiently(
            lambda: self._s3.put_object(
                Bucket=self._bucket, Key=self._prefix + name, Body=body, ContentType="application/x-ndjson"
            )
        )
