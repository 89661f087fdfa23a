"""Jobs of a fleet: what AWS Batch says of them, what is asked of it, and the names that tell them apart.

A job's name holds its pool, its departure and how it was bought: Batch's job list is the dispatcher's memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from headway_runtime.settings import DispatcherSettings

STAMP = "%Y%m%dT%H%MZ"
NOT_STARTED = frozenset({"SUBMITTED", "PENDING", "RUNNABLE", "STARTING"})
LIVING = NOT_STARTED | {"RUNNING"}
FAILED = frozenset({"FAILED"})
CALLED_OFF = "CALLED_OFF"
"""Of a worker that last call ended before it started: Batch says FAILED, but nothing died."""
SPOT, ON_DEMAND = "spot", "ondemand"
EARLY = "early"
"""Ends the purchase in the name of a job that left before its departure's time."""
NAME_MOST = 128
"""Characters of a job's name (AWS Batch API Reference, SubmitJob)."""
REASON_MOST = 500
"""Characters of a reason: what Batch keeps with a job it ends is limited (AWS Batch API Reference, TerminateJob)."""


@dataclass(frozen=True)
class Job:
    """A job of this fleet as AWS Batch describes it.

    An array job's own status says nothing of its workers: it is PENDING from its first runnable child until its last
    one has ended (AWS Batch User Guide, array jobs). So workers are counted by their own statuses.
    """

    id: str
    name: str
    workers: Mapping[str, int]
    """Workers by status, ``CALLED_OFF`` among them; a plain job is one worker."""
    reasons: tuple[str, ...] = ()
    """Why workers failed, or do not start, as far as Batch says it."""

    def count(self, statuses: frozenset[str]) -> int:
        """Workers in any of these statuses."""
        return sum(number for status, number in self.workers.items() if status in statuses)

    @property
    def departure(self) -> str:
        """The departure's stamp in the job's name."""
        return self.name.rsplit("-", 3)[-3]

    @property
    def purchase(self) -> str:
        """``spot`` or ``ondemand``."""
        return self.name.rsplit("-", 3)[-2].removesuffix(EARLY)

    @property
    def early(self) -> bool:
        """Whether it left before its departure's time, with a full quota a worker."""
        return self.name.rsplit("-", 3)[-2].endswith(EARLY)

    @property
    def attempt(self) -> int:
        """0 of a departure's first jobs; later ones replace workers, or take over at last call."""
        return int(self.name.rsplit("-", 1)[1])


@dataclass(frozen=True)
class Observed:
    """What a tick sees."""

    waiting: int
    """Messages that no worker holds."""
    jobs: Sequence[Job]


@dataclass(frozen=True)
class Submit:
    """Start workers for a departure."""

    name: str
    pool: str
    purchase: str
    workers: int
    quota: int
    departure: str
    promise_s: float
    reason: str = ""
    """Why they are not left to spot; empty for what is."""
    replaces: tuple[str, ...] = ()
    """The jobs whose work they take over."""
    probes: bool = True
    """Whether they ask the model what is known first; not in the place of workers that died: it may be of a probe."""


@dataclass(frozen=True)
class Cancel:
    """End the workers of a spot job that never started: their work went on-demand. Those that run go on."""

    job: Job


@lru_cache(maxsize=4096)
def stamp(at: datetime) -> str:
    """A departure's time as job names carry it."""
    return at.astimezone(UTC).strftime(STAMP)


@lru_cache(maxsize=4096)
def time_of(departure: str) -> datetime:
    """The time of a departure's stamp.

    Raises:
        ValueError: It is none.
    """
    return datetime.strptime(departure, STAMP).replace(tzinfo=UTC)


def job_name(settings: DispatcherSettings, at: datetime, purchase: str, attempt: int, pool: str) -> str:
    """``<fleet>-<pool>-<departure>-<purchase>-<attempt>``: Batch's job list is the dispatcher's memory."""
    end = f"-{stamp(at)}-{purchase}-{attempt}"
    return f"{settings.name}-{pool}"[: NAME_MOST - len(end)] + end


def belongs(settings: DispatcherSettings, name: str, pool: str | None = None) -> bool:
    """Whether a job of this name is this fleet's (and of this pool)."""
    parts = name.rsplit("-", 3)
    try:
        at, attempt = time_of(parts[-3]), int(parts[-1])
    except (IndexError, ValueError):
        return False
    pools = settings.pools if pool is None else (pool,)
    return any(name == job_name(settings, at, parts[-2], attempt, one) for one in pools)


def said(jobs: Iterable[Job]) -> str:
    """What Batch says of these jobs, each reason once and no longer than a person reads.

    >>> said([Job("1", "a", {}, ("Host EC2 (instance i-0a) terminated.",)), Job("2", "b", {})])
    'Host EC2 (instance i-0a) terminated.'
    >>> said([Job("2", "b", {})])
    'AWS Batch gives no reason'
    """
    reasons = list(dict.fromkeys(reason for job in jobs for reason in job.reasons))
    return "; ".join(reasons)[:REASON_MOST] or "AWS Batch gives no reason"
