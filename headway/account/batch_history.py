"""What AWS Batch remembers of a stack's workers (jobs for at least seven days), and when their instances ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from headway.account.connection import Account
from headway.observed.estimates import WorkerRun

DESCRIBED_AT_ONCE = 100
"""Jobs of one DescribeJobs (AWS Batch API Reference)."""
MOST_WORKERS = 5_000
"""That are looked at, the latest first: ten times what the estimates need."""
LAST_CALL = "last call"
"""How the dispatcher's reason begins for a spot worker that it ended before it started."""
LOST_HOST = "Host EC2"
"""How Batch's reason begins for an attempt whose instance went away."""
_NAME = re.compile(r".*-(?P<departure>\d{8}T\d{4}Z)-(?P<purchase>spot|ondemand)-\d+")
"""The dispatcher's names of jobs: ``<fleet>-<pool>-<departure>-<purchase>-<attempt>``."""
_ENDED = ("SUCCEEDED", "FAILED")


def worker_runs(
    account: Account, queues: Sequence[str], since: datetime, *, say: Callable[[str], None] = lambda _: None
) -> tuple[tuple[WorkerRun, ...], bool]:
    """Every attempt of the workers that were submitted since then and have ended; and whether there were more.

    Args:
        account: Whose command may list and describe jobs.
        queues: ARNs or names of job queues.
        since: The first submission that counts.
        say: Called with what is being read.

    Raises:
        AccountError: AWS could not be asked, or said no.
    """
    runs: list[WorkerRun] = []
    cut = False
    for queue in queues:
        say(f"jobs of {queue.rsplit('/', 1)[-1]}")
        ids = sorted(_workers(account, queue, since), reverse=True)
        cut = cut or len(ids) > MOST_WORKERS
        ids = ids[:MOST_WORKERS]
        for first in range(0, len(ids), DESCRIBED_AT_ONCE):
            chunk = [identity for _, identity in ids[first : first + DESCRIBED_AT_ONCE]]
            for job in account.ask("batch", "describe_jobs", jobs=chunk)["jobs"]:
                runs += _attempts(job, queue)
            say(f"jobs of {queue.rsplit('/', 1)[-1]}: {min(len(ids), first + DESCRIBED_AT_ONCE)} of {len(ids)}")
    return tuple(runs), cut


def ended_instances(account: Account, queues: Sequence[str], since: datetime) -> dict[str, tuple[float, ...]]:
    """By queue, when Batch ended instances of its compute environments; those that spot took back are left out.

    Batch keeps a compute environment's instances in an Auto Scaling group named after it, whose activities are kept
    for six weeks.

    Raises:
        AccountError: AWS could not be asked, or said no.
    """
    environments: dict[str, str] = {}
    for page in account.pages("batch", "describe_job_queues", jobQueues=list(queues)):
        for row in page["jobQueues"]:
            for order in row["computeEnvironmentOrder"]:
                name = order["computeEnvironment"].rsplit("/", 1)[-1]
                environments[name] = next(one for one in queues if one in (row["jobQueueArn"], row["jobQueueName"]))
    found: dict[str, list[float]] = {queue: [] for queue in queues}
    for page in account.pages("autoscaling", "describe_scaling_activities", IncludeDeletedGroups=True):
        for activity in page["Activities"]:
            group, _, told = activity["AutoScalingGroupName"].partition("-asg-")
            if told and group in environments and _ended(activity) and activity["StartTime"] >= since:
                found[environments[group]].append(activity["StartTime"].timestamp())
        oldest = page["Activities"][-1]["StartTime"] if page["Activities"] else None
        if oldest is not None and oldest < since:  # The latest come first.
            break
    return {queue: tuple(times) for queue, times in found.items()}


def _ended(activity: dict[str, Any]) -> bool:
    taken = ("health check", "interruption", "rebalance")
    return (
        activity.get("Description", "").startswith("Terminating EC2 instance")
        and activity["StatusCode"] == "Successful"
        and not any(word in activity.get("Cause", "").lower() for word in taken)
    )


def _workers(account: Account, queue: str, since: datetime) -> Iterator[tuple[float, str]]:
    """Creation and id of the workers of a queue that have ended: plain jobs, and the children of arrays."""
    created = str(int(since.timestamp() * 1000))
    filters = [{"name": "AFTER_CREATED_AT", "values": [created]}]
    for page in account.pages("batch", "list_jobs", jobQueue=queue, filters=filters):
        for row in page["jobSummaryList"]:
            if not _NAME.fullmatch(row["jobName"]):
                continue
            if "size" not in row.get("arrayProperties", {}):
                if row["status"] in _ENDED:
                    yield row["createdAt"], row["jobId"]
                continue
            for status in _ENDED:
                for children in account.pages("batch", "list_jobs", arrayJobId=row["jobId"], jobStatus=status):
                    yield from ((child["createdAt"], child["jobId"]) for child in children["jobSummaryList"])


def _attempts(job: dict[str, Any], queue: str) -> Iterator[WorkerRun]:
    named = _NAME.fullmatch(job["jobName"])
    if named is None:
        return
    what: dict[str, Any] = {"departure": named["departure"], "purchase": named["purchase"], "queue": queue}
    created = job["createdAt"] / 1000
    attempts = [attempt for attempt in job.get("attempts", ()) if attempt.get("startedAt")]
    if not attempts and not job.get("startedAt"):  # Absent or 0 where it never ran.
        off = str(job.get("statusReason", "")).startswith(LAST_CALL)
        yield WorkerRun(**what, created=created, started=None, stopped=None, instance="", first=True, called_off=off)
        return
    for place, attempt in enumerate(attempts or [job]):
        stopped = attempt.get("stoppedAt")
        yield WorkerRun(
            **what, created=created, started=attempt["startedAt"] / 1000,
            stopped=None if stopped is None else stopped / 1000, instance=_instance(attempt), first=place == 0,
            interrupted=str(attempt.get("statusReason", "")).startswith(LOST_HOST),
        )  # fmt: skip


def _instance(attempt: dict[str, Any]) -> str:
    """The container instance of an attempt, with one container or with several."""
    tasks = attempt.get("taskProperties") or attempt.get("ecsProperties", {}).get("taskProperties") or [{}]
    alone = attempt.get("container", {}).get("containerInstanceArn")
    return str(alone or tasks[0].get("containerInstanceArn", ""))
