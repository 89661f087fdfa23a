"""Drive a batch stack: put requests in, move time to the next departure, tick the dispatcher, run the workers.

Dispatcher and worker are the code that runs in AWS, with the environment that was provisioned. Time is virtual: the
departure is the latest of the calendar, requests are spread over the window before it. What AWS would take to start an
instance is assumed, and so is the model's time on the profile's hardware; both come from the design.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from headway.architectures.design import BatchDesign, WorkerPool
from headway.assumptions import assume
from headway.units import format_duration
from headway_rehearsal.manifests import feed
from headway_rehearsal.observed import (
    Run,
    as_in_aws,
    dead_letters,
    depth_of,
    function_environment,
    result_ids,
    results_of,
    served,
)
from headway_rehearsal.resources.base import Aws
from headway_runtime import dispatcher, worker
from headway_runtime.contract import Request, submit
from headway_runtime.departures import before
from headway_runtime.settings import VARIABLE, DispatcherSettings, WorkerSettings

TICKS = 12
"""Ticks after a departure in which everything must have been served."""


@dataclass(frozen=True)
class Window:
    """The departure that is rehearsed, and the one before it: what arrives in between takes it."""

    opens: datetime
    leaves: datetime
    zone: ZoneInfo
    promise_s: float

    def spread(self, ids: Sequence[str]) -> dict[str, datetime]:
        """Arrivals at random (seeded) over the window, in order."""
        draw = random.Random(0)  # noqa: S311 - arrivals, not secrets
        times = sorted(self.opens + (self.leaves - self.opens) * draw.random() for _ in ids)
        return dict(zip(ids, times, strict=True))

    def waited(self, arrived: datetime, ready_s: float | None) -> float | None:
        """Seconds from arrival to result, where it is known how long after leaving it was ready."""
        return None if ready_s is None else (self.leaves - arrived).total_seconds() + ready_s

    def __str__(self) -> str:
        opens, leaves = self.opens.astimezone(self.zone), self.leaves.astimezone(self.zone)
        return f"{opens:%a %H:%M} and {leaves:%H:%M}"


@dataclass
class Fleet:
    """One stack's dispatcher, jobs and queue in the in-memory account."""

    aws: Aws
    outputs: Mapping[str, Any]
    design: BatchDesign
    model_url: str
    done: Callable[[], list[str]] | None = None
    """Ids that are finished; the bucket's results unless given."""

    def rehearse(self, bodies: Sequence[Any], now: datetime) -> Run:
        """Serve ``bodies`` as if they had arrived before the latest departure up to ``now``."""
        window = self.window(now)
        arrivals = window.spread([f"request-{index:04d}" for index in range(1, len(bodies) + 1)])
        sent = {identity: at.isoformat(timespec="seconds") for identity, at in arrivals.items()}
        requests = [Request(id=one, body=body, submitted_at=sent[one]) for one, body in zip(sent, bodies, strict=True)]
        if self.design.feeder is not None:
            events = [feed(self.aws, self.outputs["manifests"], requests)]
            arrivals = dict.fromkeys(arrivals, window.opens)
        else:
            events = [f"{len(bodies)} requests between {window}"]
            self._submit(requests)
        said, finished = self.serve(window)
        results = results_of(self.aws, self.outputs["results_bucket"])
        rows = tuple(
            served(one, results.get(one), window.waited(arrived, finished.get(one)))
            for one, arrived in arrivals.items()
        )
        dead = dead_letters(self.aws, self.outputs["dead_letter_queue"])
        return Run(rows, (*events, *said), dead, window.promise_s, results)

    def window(self, now: datetime) -> Window:
        """The latest departure up to ``now``."""
        settings = DispatcherSettings.from_json(function_environment(self.aws, self.outputs["dispatcher"])[VARIABLE])
        zone = ZoneInfo(settings.timezone)
        due, prior = islice(before(now, settings.departures, zone), 2)
        promise_s = min(
            rule.promise_s
            for rule in self.design.departures
            if (rule.days, rule.from_minute, rule.pool) == (due.rule.days, due.rule.from_minute, due.rule.pool)
        )
        return Window(prior.at, due.at, zone, promise_s)

    def serve(self, window: Window) -> tuple[list[str], dict[str, float]]:
        """Tick and work until the queue is empty: what happened, and when (after leaving) each request was ready."""
        dispatcher.forget()
        events: list[str] = []
        finished: dict[str, float] = {}
        for tick in range(TICKS):
            at = window.leaves + timedelta(seconds=tick * self.design.tick_s)
            report = self._tick(at)
            most = {pool.name: pool.max_workers for pool in self.design.pools}
            events += [_describe(one, at.astimezone(window.zone), most) for one in report["submitted"]]
            ran = list(self._run_jobs((at - window.leaves).total_seconds(), finished))
            events += ran
            if not ran and not report["submitted"] and depth_of(self.aws, self.outputs["queue_url"]) == 0:
                break
        return events, finished

    def _submit(self, requests: Iterable[Request]) -> None:
        sqs, s3 = self.aws.client("sqs"), self.aws.client("s3")
        for request in requests:
            submit(
                sqs, s3, queue_url=self.outputs["queue_url"], bucket=self.outputs["results_bucket"], request=request,
                inline_bytes=self.design.requests.inline_bytes,
            )  # fmt: skip

    def _tick(self, at: datetime) -> dict[str, Any]:
        with as_in_aws(function_environment(self.aws, self.outputs["dispatcher"]), self.aws.said):
            return dispatcher.handler({"now": at.isoformat()}, None)

    def _run_jobs(self, age_s: float, finished: dict[str, float]) -> Iterator[str]:
        """Run every job that waits, one worker after the other, and note when each request would be ready."""
        for job in list(self._jobs()):
            if not job._child_jobs:
                job.status = "RUNNING"
            codes = []
            for _ in range(max(1, len(job._child_jobs or ()))):
                known = set(self._finished())
                codes.append(self._work(job))
                new = [identity for identity in self._finished() if identity not in known]
                finished |= self._ready(new, job, age_s)
            job.status = "SUCCEEDED" if not any(codes) else "FAILED"
            for child in job._child_jobs or ():
                child.status = job.status
            yield f"{job.job_name}: {job.status.lower()}"

    def _finished(self) -> list[str]:
        return self.done() if self.done else result_ids(self.aws, self.outputs["results_bucket"])

    def _jobs(self) -> Iterator[Any]:
        from moto.batch.models import batch_backends

        for job in batch_backends[self.aws.account][self.aws.region]._jobs.values():
            if ":" not in job.job_id and job.status == ("PENDING" if job._child_jobs else "RUNNABLE"):
                yield job

    def _work(self, job: Any) -> int:
        """One worker, as its job definition and its submission say, beside the rehearsal's model."""
        environment = self._job_environment(job)
        settings = WorkerSettings.from_json(environment[VARIABLE])
        # One host holds this queue: nothing can be missed by a short poll. No instance will be taken back.
        here = replace(settings, model_url=self.model_url, poll_s=0, retry_after_s=1, serve=(), metadata_url="")
        environment[VARIABLE] = here.to_json()
        with as_in_aws(environment, self.aws.said):
            return worker.main()

    def _job_environment(self, job: Any) -> dict[str, str]:
        batch = self.aws.client("batch")
        (definition,) = batch.describe_job_definitions(jobDefinitionName=job.job_definition.name, status="ACTIVE")[
            "jobDefinitions"
        ]
        containers = definition["ecsProperties"]["taskProperties"][0]["containers"]
        told = next(one["environment"] for one in containers if one["name"] == "worker")
        overridden = job.headway_overrides["taskProperties"][0]["containers"][0]["environment"]
        return {one["name"]: one["value"] for one in [*told, *overridden]}

    def _pool(self, job: Any) -> WorkerPool:
        return next(pool for pool in self.design.pools if f"-{pool.name}-" in job.job_name)

    def _ready(self, ids: Sequence[str], job: Any, age_s: float) -> dict[str, float]:
        """Seconds after the departure at which each result would be there on the design's hardware."""
        pool = self._pool(job)
        start = age_s + assume("batch.launch") + assume("batch.pull") + pool.ready_s
        times: dict[str, float] = {}
        for first in range(0, len(ids), pool.batch_size):
            some = ids[first : first + pool.batch_size]
            start += pool.seconds_per_item * len(some) + pool.seconds_per_batch
            times |= dict.fromkeys(some, start)
        return times


def _describe(submitted: Mapping[str, Any], at: datetime, most: Mapping[str, int]) -> str:
    pool, quota = submitted["pool"], submitted["quota"]
    return (
        f"{at:%H:%M} departure: {submitted['workers']} of at most {most[pool]} workers of {pool} on "
        f"{submitted['purchase']}, up to {quota} {'request' if quota == 1 else 'requests'} each"
    )


def describe_wait(design: BatchDesign) -> str:
    """What a rehearsed wait is made of."""
    start = assume("batch.launch") + assume("batch.pull")
    return (
        f"virtual window, {format_duration(start)} assumed for a new instance, load and service times as measured in "
        "the profile"
    )
