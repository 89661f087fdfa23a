"""The watchdog: every request that was accepted is finished, waiting or dead; what is not is counted, and told.

Each call notes how many messages wait and are dead, and takes the account of the day that ended with an earlier note:
SQS's own counts of what was sent and deleted, which CloudWatch has by the minute, against the two notes at its ends.
Two sums must come out:

* the queue's: waiting and dead before, and sent = deleted (also from the dead letters), and waiting and dead after.
  What is missing expired, or was purged;
* the results': a message is deleted once its result stands, so as many were finished as were deleted. What is missing
  was deleted without an answer.

What is exact and what is not: SQS counts each message that was sent and deleted. Its depths are approximate for about a
minute, a note falls within a minute, and so does an event; so what happened in the minutes around both ends may stand
on either side, and is not called a difference. A worker that dies between deleting and saying so leaves a batch
uncounted, a message that SQS delivers again after its deletion is counted twice; both are rare, and the design's
``most_unaccounted`` leaves room for them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from headway_runtime import probes
from headway_runtime.invocation import invoke
from headway_runtime.jobs import time_of
from headway_runtime.ledger import RECALLED
from headway_runtime.metrics import FAILED_PROBES, FLEET, NAMESPACE, PROMISE_USED, emit
from headway_runtime.model import as_many
from headway_runtime.settings import VARIABLE, WatchdogSettings
from headway_runtime.validation import read_checks

UNACCOUNTED = "Unaccounted"
DAY = timedelta(days=1)
SETTLED = timedelta(minutes=30)
"""So long after an end its counts have arrived: SQS's come some minutes late."""
EDGE = timedelta(minutes=2)
"""Around each end of a day, in which an event may stand on either side."""
PROBES_AT_ONCE = 8
PROBES_WITHIN_S = 60.0
"""No further call after that: the function has a minute more for the one under way."""
KEPT = 60
"""Notes in the ledger: a day of hours, what has not settled, and some that were missed."""
DEPTHS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True)
class Note:
    """What was there at a moment."""

    at: str
    waiting: int
    dead: int

    @property
    def time(self) -> datetime:
        """The moment."""
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True)
class Account:
    """A day: what came, what went, and what of it is missing."""

    start: Note
    end: Note
    sent: int
    deleted: int
    dead_sent: int
    """Sent to the dead letters by a worker, which deletes the message then; what SQS moves itself counts on no side."""
    dead_deleted: int
    """Deleted from the dead letters: sent again, or given up by a person."""
    finished: int
    either_side: int
    """Events so near an end that they may belong to another day."""

    @property
    def lost(self) -> int:
        """Messages that nobody deleted and that are not there: below 0 where more is there than came."""
        before = self.start.waiting + self.start.dead + self.sent + self.dead_sent
        return before - self.deleted - self.dead_deleted - self.end.waiting - self.end.dead

    @property
    def unanswered(self) -> int:
        """Messages that were deleted and neither said to be finished nor sent to the dead letters."""
        return max(0, self.deleted - self.dead_sent - self.finished)

    @property
    def unaccounted(self) -> int:
        """Requests of which nobody can say what became, beyond what the ends of the day explain."""
        return max(0, abs(self.lost) - self.either_side) + max(0, self.unanswered - self.either_side)


def handler(event: Any, context: Any) -> dict[str, Any]:
    """One call. ``event`` may carry ``now`` (ISO 8601)."""
    del context
    settings = WatchdogSettings.from_json(os.environ[VARIABLE])
    given = event.get("now") if isinstance(event, dict) else None
    now = datetime.fromisoformat(given) if given else datetime.now(UTC)
    report = watch(now, settings, _client("sqs"), _client("s3"), _client("cloudwatch"))
    if settings.endpoint_name:
        report |= probe(settings, _client("s3"), _client("sagemaker-runtime"))
    return report


def probe(settings: WatchdogSettings, s3: Any, runtime: Any) -> dict[str, Any]:
    """Ask an endpoint what is known, where there are no departures to do so; never raises.

    By the clock rather than by its callers' cold starts: those come with load, and a model is replaced without one.
    """
    checks = read_checks(s3, settings.validation)

    def ask(payloads: Sequence[bytes], left_s: float) -> list[Any]:
        del left_s  # An endpoint answers within its own minute, or refuses.
        answer = invoke(runtime, settings.endpoint_name, b"[" + b",".join(payloads) + b"]")
        return as_many(answer, len(payloads), "the endpoint")

    found = probes.run(checks, ask, batch=PROBES_AT_ONCE, within_s=PROBES_WITHIN_S)
    # Nobody can say what the answers should be: that is no probe that passed.
    count = probes.failed(found) + bool(checks.unusable)
    told = [f"{one.number}: {one.why}" for one in found if one.why]
    told += [checks.unusable] if checks.unusable else []
    emit(FLEET, settings.name, {FAILED_PROBES: count}, probes=len(found), why=told)
    return {FAILED_PROBES: count, "why": told}


def watch(now: datetime, settings: WatchdogSettings, sqs: Any, s3: Any, cloudwatch: Any) -> dict[str, Any]:
    """Note what is there, take the account of the last day that has settled, say so."""
    here = Note(now.isoformat(), _depth(sqs, settings.queue_url), _depth(sqs, settings.dead_letter_url))
    known = _read(s3, settings)
    notes = [*(known or ()), here][-KEPT:]
    day = _day(notes, now)
    account = None if day is None else _account(*day, settings, cloudwatch)
    why = None if day is None or not settings.departures else _on_demand(s3, settings, *day)
    report: dict[str, Any] = {"notes": [asdict(note) for note in notes], "account": _told(account), "on_demand": why}
    # A first ledger is written only where none is: one that may not be read is not taken for none.
    once = {"IfNoneMatch": "*"} if known is None else {}
    s3.put_object(Bucket=settings.bucket, Key=settings.ledger, Body=json.dumps(report).encode(),
                  ContentType="application/json", **once)  # fmt: skip
    found = 0 if account is None else account.unaccounted
    emit(FLEET, settings.name, {UNACCOUNTED: found}, account=report["account"], on_demand=why)
    return {UNACCOUNTED: found, "account": report["account"], "on_demand": why}


def forget() -> None:
    """Be as a process that has just started."""
    _client.cache_clear()


def _day(notes: Sequence[Note], now: datetime) -> tuple[Note, Note] | None:
    """The last settled note and the one about a day before it; the oldest one in a stack's first day."""
    settled = [note for note in notes if now - note.time >= SETTLED]
    if len(settled) < 2:
        return None
    end = settled[-1]
    return min(settled[:-1], key=lambda note: abs(end.time - note.time - DAY)), end


def _account(start: Note, end: Note, settings: WatchdogSettings, cloudwatch: Any) -> Account:
    dimensions = {"QueueName": settings.queue_url.rsplit("/", 1)[-1]}
    dead = {"QueueName": settings.dead_letter_url.rsplit("/", 1)[-1]}
    asked = {
        "sent": _query("AWS/SQS", "NumberOfMessagesSent", dimensions, "Sum"),
        "deleted": _query("AWS/SQS", "NumberOfMessagesDeleted", dimensions, "Sum"),
        "dead_sent": _query("AWS/SQS", "NumberOfMessagesSent", dead, "Sum"),
        "dead_deleted": _query("AWS/SQS", "NumberOfMessagesDeleted", dead, "Sum"),
        "finished": _query(NAMESPACE, PROMISE_USED, {FLEET: settings.name}, "SampleCount"),
    }
    first, last = start.time, end.time
    counts = dict.fromkeys(asked, 0.0)
    near = 0.0
    for name, at, value in _points(cloudwatch, asked, first - EDGE, last + EDGE):
        if first <= at < last:
            counts[name] += value
        if name != "finished" and min(abs(at - first), abs(at - last)) <= EDGE:
            near += value
    return Account(start, end, **{name: round(value) for name, value in counts.items()}, either_side=round(near))


def _points(cloudwatch: Any, asked: Mapping[str, Any], start: datetime, end: datetime) -> list[tuple[str, Any, float]]:
    """Every minute of every metric, all pages."""
    points: list[tuple[str, Any, float]] = []
    token: dict[str, str] = {}
    while True:
        page = cloudwatch.get_metric_data(
            MetricDataQueries=[{"Id": name, **query} for name, query in asked.items()],
            StartTime=start.replace(second=0, microsecond=0), EndTime=end, **token,
        )  # fmt: skip
        for row in page["MetricDataResults"]:
            points += [(row["Id"], at, value) for at, value in zip(row["Timestamps"], row["Values"], strict=True)]
        if not page.get("NextToken"):
            return points
        token = {"NextToken": page["NextToken"]}


def _query(namespace: str, name: str, dimensions: Mapping[str, str], statistic: str) -> dict[str, Any]:
    told = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": told}
    return {"MetricStat": {"Metric": metric, "Period": 60, "Stat": statistic}}


def _told(account: Account | None) -> dict[str, Any] | None:
    if account is None:
        return None
    sums = {name: getattr(account, name) for name in ("lost", "unanswered", "unaccounted")}
    return {**asdict(account), **sums}


def _depth(sqs: Any, url: str) -> int:
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(DEPTHS))["Attributes"]
    return sum(int(attributes.get(name, 0)) for name in DEPTHS)


def _on_demand(s3: Any, settings: WatchdogSettings, start: Note, end: Note) -> list[dict[str, Any]] | None:
    """The day's departures that had workers on-demand where spot was meant, and why; None where nobody has said."""
    from botocore.exceptions import ClientError

    try:
        told = json.loads(s3.get_object(Bucket=settings.bucket, Key=settings.departures + RECALLED)["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404", "AccessDenied"):
            return None
        raise
    return [one for one in told if start.time <= time_of(one["departure"]) < end.time]


def _read(s3: Any, settings: WatchdogSettings) -> list[Note] | None:
    """The ledger's notes; None where there seems to be no ledger yet."""
    from botocore.exceptions import ClientError

    try:
        content = json.loads(s3.get_object(Bucket=settings.bucket, Key=settings.ledger)["Body"].read())
    except ClientError as error:
        # Without leave to list the bucket, S3 says of what is absent that it is forbidden.
        if error.response["Error"]["Code"] in ("NoSuchKey", "404", "AccessDenied"):
            return None
        raise
    return [Note(**note) for note in content["notes"]]


@lru_cache(maxsize=4)
def _client(service: str) -> Any:
    import boto3
    from botocore.config import Config

    # An endpoint answers within a minute, and is not asked twice for one probe.
    own: Any = {"sagemaker-runtime": {"read_timeout": 65, "retries": {"max_attempts": 0}}}
    return boto3.client(service, config=Config(**own.get(service, {})))
