"""What a component tells the runtime, as JSON in the environment.

Field names mirror the Design's, so a number that was planned is the number that runs.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

VARIABLE = "HEADWAY_SETTINGS"
"""The environment variable that holds the settings."""
PLAIN_BYTES, PACKED = 3000, "zlib:"
"""A function's whole environment holds 4 KB (AWS Lambda quotas): longer settings travel packed."""
JOB_QUOTA, JOB_DEPARTURE, JOB_PROMISE = "HEADWAY_QUOTA", "HEADWAY_DEPARTURE", "HEADWAY_PROMISE"
JOB_REASON = "HEADWAY_REASON"
"""Set for jobs that are on-demand where spot was meant: why, for whoever looks at the job."""
"""Set for each job by the dispatcher: items to take, the departure that it serves, and the wait in seconds that was
promised to what it takes."""
WARM_UP_S = 30.0
"""A model's first call may take so much longer: kernels are compiled, caches filled."""
JOB_PROBES = "HEADWAY_PROBES"
"""Set to ``no`` for a job whose workers shall not ask the model what is known."""
LAST_CALL = "last call: its work went on-demand"
"""Why the dispatcher ends a spot job that never started, as Batch keeps it: by this it is told from one that died."""


class Settings:
    """What one entry of the runtime is told."""

    def to_json(self) -> str:
        """The settings as the environment carries them: packed where they would be too long for it."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))  # type: ignore[call-overload]
        if len(text) <= PLAIN_BYTES:
            return text
        return PACKED + base64.b64encode(zlib.compress(text.encode(), 9)).decode()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Settings from JSON.

        Raises:
            ValueError: Not the settings of this version.
        """
        if text.startswith(PACKED):
            text = zlib.decompress(base64.b64decode(text.removeprefix(PACKED))).decode()
        fields = json.loads(text)
        if not isinstance(fields, dict):
            raise ValueError(f"{VARIABLE} is not a mapping")
        return cls._read(fields)

    @classmethod
    def _read(cls, fields: dict[str, Any]) -> Self:
        return cls(**fields)


@dataclass(frozen=True)
class Departures:
    """One rule of the calendar: ``from_minute, + every_minutes, ... < to_minute`` of each of ``days`` (0 Monday)."""

    days: tuple[int, ...]
    from_minute: int
    to_minute: int
    every_minutes: int
    pool: str
    quota: int
    max_workers: int
    last_call_s: float
    """Age of the oldest message at which what is left goes on-demand; 0: always on-demand."""
    promise_s: float
    """The wait that was promised to what these departures take: against it the workers' metrics are held."""
    leaves_early: bool = False
    """Whether a worker's full quota that waits leaves before its time."""


@dataclass(frozen=True)
class Pool:
    """Where one kind of worker is submitted to."""

    spot_queue: str
    on_demand_queue: str
    job_definition: str


@dataclass(frozen=True)
class DispatcherSettings(Settings):
    """All that the dispatcher knows."""

    name: str
    """Starts the name of every job: letters, digits and hyphens."""
    timezone: str
    queue_url: str
    departures: tuple[Departures, ...]
    pools: Mapping[str, Pool]
    bucket: str = ""
    """Where the ledger of departures is kept; empty: nothing is kept, claimed or announced."""
    tick_s: int = 60

    @classmethod
    def _read(cls, fields: dict[str, Any]) -> Self:
        fields["departures"] = tuple(
            Departures(**{**rule, "days": tuple(rule["days"])}) for rule in fields["departures"]
        )
        fields["pools"] = {name: Pool(**pool) for name, pool in fields["pools"].items()}
        return cls(**fields)


@dataclass(frozen=True)
class WorkerSettings(Settings):
    """All that a worker knows besides its job's quota."""

    queue_url: str
    results_bucket: str
    batch_size: int
    visibility_timeout_s: int
    attempts: int
    """Deliveries of an item that fails before it is a dead letter, and failures of its own in all but one of them;
    below the queue's receives: kills take some of those."""
    load_time_s: float
    """Expected time from start to the model's first answer."""
    seconds_per_batch: float
    """Expected time of a full batch."""
    name: str
    """Of the fleet: in its metrics, and under which its departures' reports are kept."""
    dead_letter_url: str = ""
    """Where dead letters are sent with their reason; empty: SQS moves them after the queue's receives."""
    report_every_s: float = 30.0
    """Between parts of the report; what a killed worker has done since the last one is done again."""
    stop_after_s: float = 0.0
    """Take nothing more after this long, so that the job's time limit ends no batch; 0: never."""
    notice_s: float = 120.0
    """From SIGTERM to SIGKILL."""
    poll_s: float = 5.0
    """Of a receive on an empty queue, in whole seconds; two such polls end the worker."""
    retry_after_s: int = 5
    """A failed item is tried again after this long."""
    model_timeout_s: float = 0.0
    """A call that takes longer hangs; 0: a minute and ten times a full batch."""
    serve: tuple[str, ...] = ()
    """What starts the model where the worker's own image holds it; empty: it runs beside the worker."""
    metadata_url: str = ""
    """The instance's metadata service, asked for spot notices; empty: nobody is asked."""
    artifact: str = ""
    """``s3://`` address of the model's artifact; empty: it is in the image."""
    model: str = ""
    """Name and version of the model, written into each result."""
    results_prefix: str = "results/"
    table: str = ""
    """A table that answers go to as rows; empty: results go to the bucket."""
    expires_s: float = 0.0
    """Age at which such a row is no longer given out."""
    validation: str = ""
    """``s3://`` address of what every answer is checked for, and of the probes; empty: nothing is checked."""
    probe_s: float = 0.0
    """Expected time of the probes before the first batch; 0: there are none."""
    model_url: str = "http://127.0.0.1:8080"

    @property
    def ready_within_s(self) -> float:
        """What the model is given to start: three times the expected, and a minute."""
        return 3 * self.load_time_s + 60

    @property
    def hangs_after_s(self) -> float:
        """A call of the model that takes longer never ends."""
        return self.model_timeout_s or 60 + 10 * self.seconds_per_batch

    @property
    def probes_within_s(self) -> float:
        """What the probes are given: three times the expected, and what a model takes to warm up."""
        return 3 * self.probe_s + WARM_UP_S

    @classmethod
    def _read(cls, fields: dict[str, Any]) -> Self:
        return cls(**{**fields, "serve": tuple(fields.get("serve", ()))})


@dataclass(frozen=True)
class MicroBatchSettings(Settings):
    """All that the micro-batch function knows."""

    endpoint_name: str
    results_bucket: str
    max_receives: int
    name: str
    """Of its metrics."""
    promise_s: float
    """The wait that was promised to what it takes."""
    model: str = ""
    """Name and version of the model, written into each result."""
    results_prefix: str = "results/"
    validation: str = ""
    """``s3://`` address of what every answer is checked for; empty: nothing is checked."""


@dataclass(frozen=True)
class WatchdogSettings(Settings):
    """All that the watchdog knows."""

    name: str
    """Of the fleet, in its metrics."""
    queue_url: str
    dead_letter_url: str
    bucket: str
    ledger: str
    """The key of its notes in the bucket."""
    endpoint_name: str = ""
    """An endpoint that is probed at each call, where there are no departures to do so."""
    validation: str = ""
    """``s3://`` address of the probes."""
    departures: str = ""
    """Prefix of a fleet's departures in the bucket; empty where nothing departs."""


@dataclass(frozen=True)
class FeederSettings(Settings):
    """All that the feeder knows."""

    queue_url: str


@dataclass(frozen=True)
class RouteSettings:
    """One tier's rule, and the part that serves it; without a field: whatever no other takes."""

    tier: str
    part: str
    field: str | None = None
    equals: str | int | float | bool | None = None
    any_of: tuple[str | int | float, ...] = ()
    above: float | None = None


@dataclass(frozen=True)
class PartSettings:
    """Where a part's requests go: ``live`` is asked, ``queue`` and ``asynchronous`` get a ticket."""

    kind: str
    max_wait_s: float
    endpoint_name: str = ""
    queue_url: str = ""
    model: str = ""


@dataclass(frozen=True)
class RouterSettings(Settings):
    """All that the router knows."""

    name: str
    """Of its metrics."""
    routes: tuple[RouteSettings, ...]
    parts: Mapping[str, PartSettings]
    results_bucket: str
    results_prefix: str = "results/"
    table: str = ""
    table_holds: str = ""
    """``answers`` to requests, or ``features`` of entities; empty without a table."""
    limit_s: float = 27.0
    """Whoever called waits no longer than this; the function ends a little later."""
    queue_url: str = ""
    """The router's own queue: requests that nobody waits for, and those that fell back to it."""
    dead_letters_url: str = ""
    ladder: tuple[str, ...] = ()
    """What a failing live part is answered with, in this order: ``cache``, ``queue``, ``default``."""
    reserve_share: float = 0.1
    """Of a wait, kept for the ladder itself: within the rest the live part has to answer."""
    reserve_s: float = 0.5
    """The same, at the most."""
    cache_table: str = ""
    """Last good answers; empty where the ladder has no ``cache``."""
    cache_kept_s: float = 0.0
    """Age at which such an answer is no longer given out."""
    default: Any = None
    """The ladder's default answer."""
    validation: str = ""
    """``s3://`` address of what live answers are checked for; empty: nothing is checked."""

    @classmethod
    def _read(cls, fields: dict[str, Any]) -> Self:
        fields["routes"] = tuple(
            RouteSettings(**{**route, "any_of": tuple(route["any_of"])}) for route in fields["routes"]
        )
        fields["parts"] = {name: PartSettings(**part) for name, part in fields["parts"].items()}
        fields["ladder"] = tuple(fields.get("ladder", ()))
        return cls(**fields)
