"""AWS in virtual time, as far as a dispatcher asks it: a queue, Batch's jobs, a bucket; and workers that empty the queue.

The dispatcher's own ``tick`` runs against it, a tick a minute; on-demand workers start when the plan says that they do,
spot ones when ``spot`` says so. Workers take batches from one queue, oldest first, until their quota or the queue ends.
Hours pass in milliseconds, so weeks can be tested.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from botocore.exceptions import ClientError
from numpy.typing import NDArray

from headway.architectures.design import BatchDesign, WorkerPool
from headway.assumptions import assume
from headway_components.batch import dispatcher_settings
from headway_runtime import dispatcher
from headway_runtime.departures import next_after
from headway_runtime.jobs import LIVING
from headway_runtime.settings import Pool

Floats = NDArray[np.float64]
SPOT, ON_DEMAND = "spot", "ondemand"


@dataclass
class Worker:
    """A child of an array job, or a plain job: its status, and what it may still take."""

    status: str
    quota: int


@dataclass
class BatchJob:
    """A job as Batch keeps it."""

    id: str
    name: str
    queue: str
    created_s: float
    workers: list[Worker]
    reason: str = ""

    def row(self) -> dict[str, Any]:
        """As ListJobs shows it."""
        array = {"arrayProperties": {"size": len(self.workers)}} if len(self.workers) > 1 else {}
        status = self.workers[0].status if not array else "PENDING"
        reason = {"statusReason": self.reason} if self.reason else {}
        return {"jobId": self.id, "jobName": self.name, "status": status, **reason, **array}


@dataclass
class Clock:
    """A fleet over some days of virtual time."""

    design: BatchDesign
    begin: datetime
    arrived: Floats
    """Seconds since ``begin``, ascending."""
    spot: Callable[[], float] = lambda: inf
    """Seconds after which spot has a worker that was asked for."""
    now_s: float = 0.0
    ended_s: float = 0.0
    idles: bool = True
    taken: int = 0
    done: Floats = field(init=False)
    """When each request was answered; infinite: not yet."""
    jobs: list[BatchJob] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    _agenda: list[tuple[float, int, BatchJob, Worker]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.done = np.full(self.arrived.size, inf)
        self.pools: dict[str, WorkerPool] = {pool.name: pool for pool in self.design.pools}
        known = {name: Pool(f"{name}-{SPOT}", f"{name}-{ON_DEMAND}", name) for name in self.pools}
        self.settings = dispatcher_settings(self.design, "fleet", "q", known, "bucket")
        self.upcoming = self.begin
        dispatcher.forget()

    def run(self, minutes: int) -> None:
        """So many minutes with a tick in each; but none where nothing waits, nobody lives and no departure is due."""
        clients: Any = dispatcher.Clients(self, self, self, self)
        zone = ZoneInfo(self.settings.timezone)
        for _ in range(minutes):
            self.sleep(1)
            now = self.begin + timedelta(seconds=self.now_s)
            if self.idles and self.idle and not self.waiting() and self.upcoming > now:
                continue
            dispatcher.tick(now, self.settings, clients)
            following = next_after(now, self.settings.departures, zone)
            assert following is not None
            self.upcoming = following.at

    @property
    def idle(self) -> bool:
        """Whether every job ended longer ago than a departure takes to be announced."""
        if any(worker.status in LIVING for job in self.jobs[-40:] for worker in job.workers):
            self.ended_s = self.now_s
        return self.now_s - self.ended_s > 300

    def sleep(self, minutes: int) -> None:
        """So many minutes without a tick: workers go on, the dispatcher is dead."""
        until = self.now_s + 60.0 * minutes
        while self._agenda and self._agenda[0][0] <= until:
            self.now_s, _, job, worker = heappop(self._agenda)
            self._pull(job, worker)
        self.now_s = until

    def waiting(self) -> int:
        """Messages that nobody holds."""
        return int(np.searchsorted(self.arrived, self.now_s, side="right")) - self.taken

    def _pull(self, job: BatchJob, worker: Worker) -> None:
        if worker.status == "FAILED":
            return
        worker.status = "RUNNING"
        pool = self.pools[job.queue.rsplit("-", 1)[0]]
        count = min(pool.batch_size, worker.quota, self.waiting())
        if count == 0:
            worker.status = "SUCCEEDED"
            self._admit(job.queue)
            return
        finish = self.now_s + pool.seconds_per_item * count + pool.seconds_per_batch
        self.done[self.taken : self.taken + count] = finish
        self.taken += count
        worker.quota -= count
        self._at(finish, job, worker)

    def _at(self, time_s: float, job: BatchJob, worker: Worker) -> None:
        heappush(self._agenda, (time_s, id(worker), job, worker))

    def _admit(self, queue: str) -> None:
        """Start what the compute environment has room for: as many workers at once as the pool may have."""
        pool = self.pools[queue.rsplit("-", 1)[0]]
        there = [(job, worker) for job in self.jobs if job.queue == queue for worker in job.workers]
        room = pool.max_workers - sum(worker.status in ("STARTING", "RUNNING") for _, worker in there)
        for job, worker in [one for one in there if one[1].status == "RUNNABLE"][: max(0, room)]:
            delay = self.spot() if queue.endswith(SPOT) else 0.0
            if delay < inf:
                worker.status = "STARTING"
                start = assume("batch.launch") + assume("batch.pull") + pool.load_time_s
                self._at(self.now_s + delay + start, job, worker)

    # What the dispatcher asks of SQS, Batch, S3 and EventBridge.

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"ApproximateNumberOfMessages": str(self.waiting())}}

    def submit_job(self, *, jobName: str, jobQueue: str, ecsPropertiesOverride: Any, **more: Any) -> None:  # noqa: N803
        (container,) = ecsPropertiesOverride["taskProperties"][0]["containers"]
        told = {one["name"]: one["value"] for one in container["environment"]}
        size = more.get("arrayProperties", {"size": 1})["size"]
        workers = [Worker("RUNNABLE", int(told["HEADWAY_QUOTA"])) for _ in range(size)]
        self.jobs.append(BatchJob(f"j{len(self.jobs)}", jobName, jobQueue, self.now_s, workers))
        self._admit(jobQueue)

    def terminate_job(self, *, jobId: str, reason: str) -> None:  # noqa: N803
        identity, _, index = jobId.partition(":")
        job = self.jobs[int(identity[1:])]
        job.reason = reason
        for worker in [job.workers[int(index)]] if index else job.workers:
            if worker.status != "SUCCEEDED":
                worker.status = "FAILED"

    def list_jobs(self, *, jobQueue: str = "", filters: Sequence[Any] = (), arrayJobId: str = "", jobStatus: str = "", **_: Any) -> Any:  # noqa: N803 # fmt: skip
        if arrayJobId:
            job = self.jobs[int(arrayJobId[1:])]
            children = [
                {"jobId": f"{job.id}:{index}", "statusReason": job.reason}
                for index, worker in enumerate(job.workers)
                if worker.status == jobStatus
            ]
            return {"jobSummaryList": children}
        since = float(filters[0]["values"][0]) / 1000 - self.begin.timestamp()
        rows: list[dict[str, Any]] = []
        for job in reversed(self.jobs):
            if job.created_s <= since:
                break
            if job.queue == jobQueue:
                rows.append(job.row())
        return {"jobSummaryList": rows}

    def describe_jobs(self, *, jobs: Sequence[str]) -> dict[str, Any]:
        found = []
        for identity in jobs:
            statuses = [worker.status for worker in self.jobs[int(identity[1:])].workers]
            summary = {status: statuses.count(status) for status in set(statuses)}
            found.append({"jobId": identity, "arrayProperties": {"statusSummary": summary}})
        return {"jobs": found}

    def put_object(self, *, Key: str, Body: bytes, IfNoneMatch: str = "", **_: Any) -> None:  # noqa: N803
        if IfNoneMatch and Key in self.objects:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")
        self.objects[Key] = Body

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key]), "ETag": "e"}

    def get_paginator(self, _: str) -> Clock:
        return self

    def paginate(self, *, Prefix: str, **_: Any) -> list[dict[str, Any]]:  # noqa: N803
        return [{"Contents": [{"Key": key} for key in self.objects if key.startswith(Prefix)]}]

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.events += Entries
        return {}
