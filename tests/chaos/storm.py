"""A storm: requests, workers and their models as processes, kills at random, an AWS that fails. Nothing may be lost.

Run with ``make chaos``; ``python tests/chaos/storm.py --requests 300 --kills 6`` for a small one. Exits 1 on any loss.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from headway.architectures.design import BatchDesign
from headway_components.batch import TRIES
from headway_rehearsal.account import account, served
from headway_rehearsal.model_server import _free_port
from headway_runtime.contract import Request
from headway_runtime.dead_letters import reason_of
from headway_runtime.settings import JOB_DEPARTURE, JOB_PROMISE, JOB_QUOTA, VARIABLE, WorkerSettings

REGION, BUCKET = "us-east-1", "results"
BACKLOG = 150
"""Messages in the queue at the most: moto's cost grows with them."""
ODD = ("poison", "kills", "hangs")
RECEIVES, ATTEMPTS = BatchDesign.model_fields["max_receives"].default, TRIES
"""As a fleet's component makes them."""
MODEL = str(Path(__file__).with_name("model.py"))


@dataclass
class Storm:
    """What it is made of."""

    requests: int
    kills: int
    workers: int = 4
    odd: dict[str, int] = field(default_factory=lambda: {"poison": 20, "kills": 2, "hangs": 2})
    malformed: int = 5
    duplicates: float = 0.03
    faults: float = 0.02
    within_s: float = 600.0
    seed: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of the requests."""

    delivered: int
    redelivered: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    unexplained: tuple[str, ...]
    """Dead letters without a reason, odd requests that are none, and good ones that are."""
    longest_wait_s: float
    kills: int
    restarts: int
    faults: int
    took_s: float

    @property
    def whole(self) -> bool:
        """Whether nothing was lost, doubled or left without a reason."""
        return not (self.lost or self.doubled or self.unexplained)


@contextmanager
def failing(share: float, draw: random.Random) -> Iterator[list[int]]:
    """An AWS whose answers fail: throttled before the call, or broken after it was done, which the caller cannot know."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication

    original, count = DomainDispatcherApplication.__call__, [0]

    def call(self: Any, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        luck = draw.random()
        if luck >= share:
            return original(self, environ, start_response)  # type: ignore[no-any-return]
        count[0] += 1
        if luck < share / 3:
            b"".join(original(self, environ, lambda *_: None))
        start_response("503 Slow Down", [("Content-Type", "text/plain")])
        return [b""]

    with mock.patch.object(DomainDispatcherApplication, "__call__", call):
        yield count


@contextmanager
def quick_clock() -> Iterator[None]:
    """Moto asks its clock for every message at every call, by way of dates: half of what its queue costs."""
    from moto.sqs import models

    seconds, millis = models.unix_time, models.unix_time_millis
    with (
        mock.patch.object(models, "unix_time", lambda at=None: time.time() if at is None else seconds(at)),
        mock.patch.object(models, "unix_time_millis", lambda at=None: time.time() * 1000 if at is None else millis(at)),
    ):
        yield


class Crew:
    """Workers as Batch would run them: each with its model, started again when it ends."""

    def __init__(self, settings: WorkerSettings, endpoint: str, count: int) -> None:
        self._settings, self._endpoint, self.restarts = settings, endpoint, 0
        self._running: list[list[subprocess.Popen[bytes]]] = [self._start(place) for place in range(count)]

    def _start(self, place: int) -> list[subprocess.Popen[bytes]]:
        """The worker, and its model beside it; every other worker has the model in its own image."""
        port = str(_free_port())
        serve = (sys.executable, MODEL, port)
        beside = place % 2 == 0
        settings = {
            **self._settings.__dict__,
            "model_url": f"http://127.0.0.1:{port}",
            "serve": () if beside else serve,
        }
        environment = {
            **os.environ, "AWS_ENDPOINT_URL": self._endpoint, VARIABLE: WorkerSettings(**settings).to_json(),
            JOB_QUOTA: "2000", JOB_DEPARTURE: "20260603T1200Z", JOB_PROMISE: "600",
        }  # fmt: skip
        quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        model = [subprocess.Popen(serve, **quiet)] if beside else []
        worker = [sys.executable, "-m", "headway_runtime.worker"]
        # A group of its own: what a killed container leaves behind ends with it.
        return [subprocess.Popen(worker, env=environment, start_new_session=True, **quiet), *model]

    def tend(self) -> None:
        """Start again whoever has ended."""
        for place, processes in enumerate(self._running):
            if processes[0].poll() is not None:
                self._end(processes)
                self._running[place] = self._start(place)
                self.restarts += 1

    def strike(self, draw: random.Random) -> None:
        """Kill one, or tell it to leave."""
        self._running[draw.randrange(len(self._running))][0].send_signal(draw.choice((signal.SIGKILL, signal.SIGTERM)))

    def close(self) -> None:
        """End all."""
        for processes in self._running:
            processes[0].terminate()
        for processes in self._running:
            try:
                processes[0].wait(15)
            except subprocess.TimeoutExpired:
                processes[0].kill()
            self._end(processes)

    def _end(self, processes: list[subprocess.Popen[bytes]]) -> None:
        for process in processes:
            if process.poll() is None:
                process.kill()
            process.wait()


def rage(storm: Storm) -> Outcome:
    """Run a storm until every request is accounted for, or its time is over."""
    draw, started = random.Random(storm.seed), time.monotonic()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    luck = random.Random(storm.seed + 1)
    with account(REGION) as aws, quick_clock(), failing(storm.faults, luck) as faults, served() as endpoint:
        sqs, s3 = aws.client("sqs"), aws.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        redrive = {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{aws.account}:dead", "maxReceiveCount": str(RECEIVES)}
        attributes = {"VisibilityTimeout": "6", "RedrivePolicy": json.dumps(redrive)}
        queue = sqs.create_queue(QueueName="requests", Attributes=attributes)["QueueUrl"]
        settings = WorkerSettings(
            f"{endpoint}/{aws.account}/requests", BUCKET, 8, 6, ATTEMPTS, 1, 0.25, "fleet", poll_s=1, retry_after_s=1,
            dead_letter_url=f"{endpoint}/{aws.account}/dead", report_every_s=2, model_timeout_s=2, notice_s=20,
        )  # fmt: skip
        bodies, odd = _bodies(storm, draw)
        letters: dict[str, str | None] = {}
        crew, kills, sent = Crew(settings, endpoint, storm.workers), 0, 0
        try:
            while time.monotonic() - started < storm.within_s:
                crew.tend()
                waiting, held = _depth(sqs, queue)
                while sent < len(bodies) and waiting < BACKLOG:
                    sqs.send_message(QueueUrl=queue, MessageBody=bodies[sent])
                    sent, waiting = sent + 1, waiting + 1
                if kills < storm.kills and sent / len(bodies) > (kills + draw.random()) / (storm.kills + 1):
                    crew.strike(draw)
                    kills += 1
                letters |= _letters(sqs, dead)
                if sent == len(bodies) and kills >= storm.kills and waiting + held == 0:
                    break
                time.sleep(0.1)
        finally:
            crew.close()
        for _ in range(20):  # A receive whose answer was lost holds its letters for a moment.
            letters |= _letters(sqs, dead)
            if not any(_depth(sqs, dead)):
                break
            time.sleep(0.2)
        return _outcome(storm, s3, odd, letters, (kills, crew.restarts, faults[0], time.monotonic() - started))


def _bodies(storm: Storm, draw: random.Random) -> tuple[list[str], set[str]]:
    """Messages in random order, some twice, and the ids of those that can never succeed."""
    kinds = [kind for kind, count in storm.odd.items() for _ in range(count)]
    good = [Request(f"r{n}", body={"n": n}).to_json() for n in range(storm.requests - len(kinds) - storm.malformed)]
    odd = [Request(f"odd{n}", body={"n": n, "kind": kind}).to_json() for n, kind in enumerate(kinds)]
    bad = [json.dumps({"id": f"../escape{n}", "body": n}) for n in range(storm.malformed)]
    twice = draw.sample(good, int(storm.duplicates * len(good)))
    messages = [*good, *odd, *bad, *twice]
    draw.shuffle(messages)
    return messages, {f"odd{n}" for n in range(len(kinds))}


def _depth(sqs: Any, url: str) -> tuple[int, int]:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(found[names[0]]), int(found[names[1]])


def _letters(sqs: Any, url: str) -> dict[str, str | None]:
    """Dead letters by id, with their reason; taken out, so that the queue stays short."""
    found: dict[str, str | None] = {}
    while some := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=1
    ).get("Messages"):
        for message in some:
            identity = json.loads(message["Body"])["id"]
            found[identity] = reason_of(message) or found.get(identity)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def _outcome(
    storm: Storm, s3: Any, odd: set[str], letters: dict[str, str | None], told: tuple[int, int, int, float]
) -> Outcome:
    results: dict[str, dict[str, Any]] = {}
    written: dict[str, int] = {}
    outside: list[str] = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
        for row in page.get("Versions", []):
            key = row["Key"]
            if key.startswith("results/"):
                written[key] = written.get(key, 0) + 1
                results[key] = json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
            elif not key.startswith("departures/fleet/"):
                outside.append(key)
    by_id = {result["id"]: result for result in results.values()}
    good = {f"r{n}" for n in range(storm.requests - len(odd) - storm.malformed)}
    wrong = {f"r{n}" for n in range(len(good)) if by_id.get(f"r{n}", {}).get("output") not in (None, {"twice": 2 * n})}
    answered = {identity for identity, result in by_id.items() if "output" in result}
    bad = {f"../escape{n}" for n in range(storm.malformed)}
    reasons = {one: letters.get(one) or by_id.get(one, {}).get("error") for one in odd | bad}
    silent = {one for one in odd | bad if one not in letters or not reasons[one]}
    timings = [result["timings"] for result in by_id.values()]
    return Outcome(
        delivered=len(answered & good),
        redelivered=sum(result["attempt"] > 1 for result in by_id.values()),
        lost=tuple(sorted(good - answered)),
        doubled=tuple(sorted(key for key, times in written.items() if times > 1)),
        unexplained=tuple(sorted(silent | wrong | (set(letters) & good - answered) | set(outside))),
        longest_wait_s=max((one["queued_s"] + one["model_s"] for one in timings), default=0.0),
        kills=told[0], restarts=told[1], faults=told[2], took_s=told[3],
    )  # fmt: skip


def main() -> int:
    """Rage, tell, and say by the exit code whether anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--within", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    found = rage(Storm(asked.requests, asked.kills, within_s=asked.within, seed=asked.seed))
    print(
        f"delivered {found.delivered}, redelivered {found.redelivered}, lost {len(found.lost)}, "
        f"doubled {len(found.doubled)}, without a reason {len(found.unexplained)}, "
        f"longest wait {found.longest_wait_s:.1f} s; {found.kills} kills, {found.restarts} workers started again, "
        f"{found.faults} answers of AWS failed, {found.took_s:.0f} s"
    )
    for what, ids in (("lost", found.lost), ("doubled", found.doubled), ("without a reason", found.unexplained)):
        if ids:
            print(f"{what}: {', '.join(ids[:20])}")
    return 0 if found.whole else 1


if __name__ == "__main__":
    sys.exit(main())
