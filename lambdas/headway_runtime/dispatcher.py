"""The dispatcher: one tick a minute, observe, reconcile, act, say so.

``handler`` is the function's entry. All that AWS does for it is in ``observe`` and ``act``; the decision is
``headway_runtime.reconcile``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeVar

from headway_runtime.announce import announce, finished
from headway_runtime.jobs import (
    CALLED_OFF,
    LIVING,
    NOT_STARTED,
    ON_DEMAND,
    Cancel,
    Job,
    Observed,
    Submit,
    belongs,
    said,
)
from headway_runtime.ledger import WHY, Ledger
from headway_runtime.metrics import FLEET, emit
from headway_runtime.reconcile import Decision, recent_departures, reconcile
from headway_runtime.settings import (
    JOB_DEPARTURE,
    JOB_PROBES,
    JOB_PROMISE,
    JOB_QUOTA,
    JOB_REASON,
    LAST_CALL,
    VARIABLE,
    DispatcherSettings,
)

T = TypeVar("T")
METRICS = ("LivingWorkers", "SubmittedWorkers", "SecondsBehind", "Departures")
"""Of a tick. What waits is in its log line; as a metric SQS tells it free of charge."""
ARRAY_MOST = 10_000
"""Children of one array job (AWS Batch User Guide, quotas)."""
DESCRIBED_AT_ONCE = 100
"""Jobs of one DescribeJobs (AWS Batch API Reference)."""
REASONS_AT_MOST = 5
"""Children of an array that are asked why they failed or do not start: they mostly say the same."""
_memory: dict[str, datetime] = {}
"""The departure handled last, by fleet, as the ledger holds it: spares a look-up each tick."""
_announced: set[tuple[str, str]] = set()
"""Fleets' departures known to be announced: the same."""


class LedgerError(Exception):
    """A tick worked without its ledger, or could not tell of a departure's end: its call fails, for an alarm to see."""


def handler(event: Any, context: Any) -> dict[str, Any]:
    """One tick. ``event`` may carry ``now`` (ISO 8601), for a person or a test that asks what another time would do.

    Raises:
        LedgerError: The workers that were due were sent for, but the ledger or EventBridge refused something.
    """
    del context
    settings = _settings(os.environ[VARIABLE])
    given = event.get("now") if isinstance(event, dict) else None
    now = datetime.fromisoformat(given) if given else datetime.now(UTC)
    report = tick(now, settings, Clients(*(_client(service) for service in Clients._fields)))
    if report["failed"]:
        raise LedgerError("; ".join(report["failed"]))
    return report


def forget() -> None:
    """Be as a process that has just started: nothing handled yet, no clients."""
    _memory.clear()
    _announced.clear()
    _client.cache_clear()


class Clients(NamedTuple):
    """The boto3 clients that a tick asks."""

    sqs: Any
    batch: Any
    s3: Any
    events: Any


def tick(now: datetime, settings: DispatcherSettings, clients: Clients) -> dict[str, Any]:
    """Observe, reconcile, act, say so; returns what was seen and done, and what of the ledger ``failed``."""
    ledger = Ledger(clients.s3, settings.bucket, settings.name) if settings.bucket else None
    observed = observe(now, settings, clients.sqs, clients.batch)
    handled = _memory.get(settings.name) or _unless_away(ledger, Ledger.handled)
    decision = reconcile(now, settings, observed, handled)
    done = act(now, settings, decision, clients.batch, ledger)
    if decision.handled is not None and decision.handled != handled:
        remembered = decision.handled
        _unless_away(ledger, lambda there: there.remember(remembered))
    if decision.handled is not None:
        _memory[settings.name] = decision.handled
    report = _report(now, settings, observed, decision, done)
    if ledger is not None:
        report["finished"] = _announce(now, settings, observed, decision, ledger, clients.events)
    report["failed"] = list(ledger.failed) if ledger else []
    return report


def _unless_away(ledger: Ledger | None, call: Callable[[Ledger], T]) -> T | None:
    """What the ledger says; workers must leave even while S3 is away, at worst a few too many.

    The tick fails for it all the same, once its work is done.
    """
    if ledger is None:
        return None
    try:
        return call(ledger)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        print(json.dumps({"dispatcher": "ledger", "error": why}), flush=True)  # noqa: T201
        ledger.failed.append(why)
        return None


def _announce(
    now: datetime, settings: DispatcherSettings, observed: Observed, decision: Decision, ledger: Ledger, events: Any
) -> list[str]:
    """Tell which departures have finished; what cannot be told now is told by a later tick."""
    submitted = [action.departure for action in decision.actions if isinstance(action, Submit)]
    told: list[str] = []
    settled = now - timedelta(seconds=2 * settings.tick_s)
    for departure in finished(settled, observed.jobs, submitted):
        if (settings.name, departure) in _announced:
            continue
        own = partial(announce, now, settings.name, departure, observed.jobs, events=events)
        if (here := _unless_away(ledger, own)) is None:
            continue
        if here:
            told.append(departure)
        if here or _unless_away(ledger, partial(Ledger.is_announced, departure=departure)):
            _announced.add((settings.name, departure))
    return told


def observe(now: datetime, settings: DispatcherSettings, sqs: Any, batch: Any) -> Observed:
    """What waits in the queue, and this fleet's jobs of the last departures."""
    attributes = sqs.get_queue_attributes(QueueUrl=settings.queue_url, AttributeNames=["ApproximateNumberOfMessages"])[
        "Attributes"
    ]
    recent = recent_departures(now, settings)
    since = recent[-1].at if recent else now - timedelta(days=1)
    rows: dict[str, dict[str, Any]] = {}
    for pool in settings.pools.values():
        for queue in (pool.spot_queue, pool.on_demand_queue):
            for row in _listed(batch, queue, since):
                if belongs(settings, row["jobName"]):
                    rows[row["jobId"]] = row
    arrays = _children(batch, [identity for identity, row in rows.items() if "size" in row.get("arrayProperties", {})])
    jobs = []
    for identity, row in rows.items():
        workers = _told_apart(batch, row, arrays.get(identity, {}))
        jobs.append(Job(identity, row["jobName"], workers, _reasons(batch, row, workers)))
    return Observed(int(attributes["ApproximateNumberOfMessages"]), tuple(jobs))


def act(
    now: datetime, settings: DispatcherSettings, decision: Decision, batch: Any, ledger: Ledger | None = None
) -> list[Submit]:
    """Submit first, then cancel: a tick that dies in between leaves too many workers, never too few.

    Returns what it submitted: what another tick has claimed is that one's.
    """
    done = [one for one in decision.actions if isinstance(one, Submit) and _sent(now, settings, one, batch, ledger)]
    for action in decision.actions:
        if isinstance(action, Cancel):
            for identity in _unstarted(action.job, batch):
                batch.terminate_job(jobId=identity, reason=_last_word(action.job))
    return done


def _sent(now: datetime, settings: DispatcherSettings, submit: Submit, batch: Any, ledger: Ledger | None) -> bool:
    """Send for workers unless another tick does; whether this one did."""
    why = {name: getattr(submit, name) for name in WHY} if submit.reason else None
    if _unless_away(ledger, lambda there: there.claim(submit.departure, submit.name, now, why)) is False:
        return False
    try:
        _submit(settings, submit, batch)
    except Exception:
        _unless_away(ledger, lambda there: there.give_up(submit.departure, submit.name, now))
        raise
    return True


def _submit(settings: DispatcherSettings, action: Submit, batch: Any) -> None:
    pool = settings.pools[action.pool]
    queue = pool.on_demand_queue if action.purchase == ON_DEMAND else pool.spot_queue
    environment = [
        {"name": JOB_QUOTA, "value": str(action.quota)},
        {"name": JOB_DEPARTURE, "value": action.departure},
        {"name": JOB_PROMISE, "value": f"{action.promise_s:g}"},
        *([{"name": JOB_REASON, "value": action.reason}] if action.reason else []),
    ]
    if not action.probes:
        environment.append({"name": JOB_PROBES, "value": "no"})
    override = {"containers": [{"name": "worker", "environment": environment}]}
    left = action.workers
    while left > 0:
        size = min(left, ARRAY_MOST)
        batch.submit_job(
            jobName=action.name,
            jobQueue=queue,
            jobDefinition=pool.job_definition,
            ecsPropertiesOverride={"taskProperties": [override]},
            **({"arrayProperties": {"size": size}} if size > 1 else {}),
        )
        left -= size


def _children(batch: Any, arrays: Sequence[str]) -> dict[str, dict[str, int]]:
    """Workers of array jobs by status."""
    found: dict[str, dict[str, int]] = {}
    for first in range(0, len(arrays), DESCRIBED_AT_ONCE):
        answer = batch.describe_jobs(jobs=list(arrays[first : first + DESCRIBED_AT_ONCE]))
        for job in answer["jobs"]:
            found[job["jobId"]] = {
                status: number for status, number in job["arrayProperties"]["statusSummary"].items() if number
            }
    return found


def _told_apart(batch: Any, row: dict[str, Any], children: dict[str, int]) -> dict[str, int]:
    """Workers of a listed job by status, those that last call ended apart from those that died."""
    # A new array has no children yet.
    workers = children or {row["status"]: row.get("arrayProperties", {}).get("size", 1)}
    failed = workers.get("FAILED", 0)
    if not failed:
        return workers
    if _called_off(row):
        called_off = failed
    else:
        dead = _pages(batch, arrayJobId=row["jobId"], jobStatus="FAILED") if children else []
        called_off = sum(map(_called_off, dead))
    told = {**workers, "FAILED": failed - called_off, CALLED_OFF: called_off}
    return {status: number for status, number in told.items() if number}


def _last_word(job: Job) -> str:
    """What Batch keeps with a worker that last call ends: its own words on why it never started would be gone."""
    return f"{LAST_CALL}: {said([job])}" if job.reasons else LAST_CALL


def _reasons(batch: Any, row: dict[str, Any], workers: Mapping[str, int]) -> tuple[str, ...]:
    """Why workers of a listed job failed or do not start: the job's own words, of an array one child's of each kind."""
    rows = [row]
    if "size" in row.get("arrayProperties", {}):
        rows = [
            child
            for status in ("FAILED", "RUNNABLE")
            if workers.get(status)
            for child in batch.list_jobs(arrayJobId=row["jobId"], jobStatus=status, maxResults=REASONS_AT_MOST)[
                "jobSummaryList"
            ]
        ]
    elif not workers.keys() & {"FAILED", "RUNNABLE"}:
        return ()
    found = [(one.get("statusReason"), one.get("container", {}).get("reason")) for one in rows if not _called_off(one)]
    return tuple(dict.fromkeys(": ".join(dict.fromkeys(filter(None, pair))) for pair in found if any(pair)))


def _called_off(row: dict[str, Any]) -> bool:
    return str(row.get("statusReason", "")).startswith(LAST_CALL)


def _unstarted(job: Job, batch: Any) -> list[str]:
    """What to end of a job: all of it where nothing has started, else its children that have not."""
    if job.count(NOT_STARTED) == sum(job.workers.values()):
        return [job.id]
    return [
        row["jobId"]
        for status in sorted(NOT_STARTED & job.workers.keys())
        for row in _pages(batch, arrayJobId=job.id, jobStatus=status)
    ]


def _listed(batch: Any, queue: str, since: datetime) -> list[dict[str, Any]]:
    """Jobs of any status created after ``since``: with this filter Batch passes over the status."""
    created_after = str(int(since.timestamp() * 1000))
    return _pages(batch, jobQueue=queue, filters=[{"name": "AFTER_CREATED_AT", "values": [created_after]}])


def _pages(batch: Any, **what: Any) -> list[dict[str, Any]]:
    """Every page of a listing."""
    rows: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        page = batch.list_jobs(**what, **token)
        rows += page["jobSummaryList"]
        if not page.get("nextToken"):
            return rows
        token = {"nextToken": page["nextToken"]}


def _report(
    now: datetime, settings: DispatcherSettings, observed: Observed, decision: Decision, submitted: Sequence[Submit]
) -> dict[str, Any]:
    """The tick's log line: also its metrics, in CloudWatch's embedded format."""
    report: dict[str, Any] = {
        FLEET: settings.name,
        "Waiting": observed.waiting,
        "LivingWorkers": sum(job.count(LIVING) for job in observed.jobs),
        "SubmittedWorkers": sum(action.workers for action in submitted),
        "SecondsBehind": decision.seconds_behind,
        "Departures": decision.departures,
        "now": now.isoformat(),
        "handled": decision.handled.isoformat() if decision.handled else None,
        "submitted": [asdict(action) for action in submitted],
        "cancelled": [action.job.name for action in decision.actions if isinstance(action, Cancel)],
        "notes": list(decision.notes),
    }
    told = {name: value for name, value in report.items() if name not in (*METRICS, FLEET)}
    emit(FLEET, settings.name, {name: report[name] for name in METRICS}, **told)
    return report


@lru_cache(maxsize=4)
def _settings(text: str) -> DispatcherSettings:
    return DispatcherSettings.from_json(text)


@lru_cache(maxsize=4)
def _client(service: str) -> Any:
    import boto3
    from botocore.config import Config

    # Within the function's time: what AWS does not do by then, the next tick does.
    retries: Any = {"mode": "standard", "max_attempts": 4}
    return boto3.client(service, config=Config(connect_timeout=3, read_timeout=10, retries=retries))
