"""A stand for the worker: an AWS that other processes reach, a queue with its dead letters, a bucket, a model."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from headway_rehearsal.account import account, served
from headway_rehearsal.localhost import Answering, local_server
from headway_runtime.contract import Request, submit
from headway_runtime.settings import JOB_DEPARTURE, JOB_PROMISE, JOB_QUOTA, VARIABLE, WorkerSettings

REGION = "us-east-1"
PATIENCE_S = 10.0


class Model:
    """A model by the SageMaker contract: doubles ``n``; refuses ``{"poison": true}``; can be slow, and can die.

    ``answer`` may take the place of its arithmetic: what it returns for a body is written as it is, or as JSON.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds, self.batches, self.dead = seconds, list[int](), False
        self.answer: Callable[[Any], Any] = lambda body: {"twice": 2 * body["n"]}
        model = self

        class Handler(Answering):
            def do_GET(self) -> None:
                self.reply(200, {})

            def do_POST(self) -> None:
                content = self.asked()
                bodies = content if isinstance(content, list) else [content]
                model.batches.append(len(bodies))
                time.sleep(model.seconds)
                if model.dead:
                    self.close_connection = True
                elif any("poison" in body for body in bodies):
                    self.reply(400, {"error": "poison"})
                else:
                    answers = [model.answer(body) for body in bodies]
                    self.reply(200, answers if isinstance(content, list) else answers[0])

        self._serving = ExitStack()
        self.url = self._serving.enter_context(local_server(Handler))

    def close(self) -> None:
        self._serving.close()


@dataclass
class Stand:
    """Queue, dead letters, bucket and model, and the address of the AWS that they live in."""

    sqs: Any
    s3: Any
    endpoint: str
    queue_url: str
    dead_url: str
    model: Model
    settings: WorkerSettings
    bucket: str = "results"
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def send(self, count: int, start: int = 1, **body: Any) -> None:
        """Submit requests ``r1 ..``, each with its number."""
        for n in range(start, start + count):
            request = Request(id=f"r{n}", body={"n": n, **body})
            submit(self.sqs, self.s3, queue_url=self.queue_url, bucket=self.bucket, request=request)

    def start(self, quota: int = 1000, code: str = "", **settings: Any) -> subprocess.Popen[str]:
        """A worker as a process of its own, with the environment that a job gets; ``code`` starts it otherwise."""
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.endpoint,
            VARIABLE: replace(self.settings, **settings).to_json(),
            JOB_QUOTA: str(quota),
            JOB_DEPARTURE: "20260603T1200Z",
            JOB_PROMISE: "60",
        }
        process = subprocess.Popen(
            [sys.executable, *(("-c", code) if code else ("-m", "headway_runtime.worker"))], env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def results(self) -> dict[str, dict[str, Any]]:
        """Result files by request id."""
        rows = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="results/").get("Contents", [])
        found = [json.loads(self.s3.get_object(Bucket=self.bucket, Key=row["Key"])["Body"].read()) for row in rows]
        return {one["id"]: one for one in found}

    def letters(self) -> list[dict[str, Any]]:
        """The dead letters, with what they tell."""
        found: list[dict[str, Any]] = []
        while some := self.sqs.receive_message(
            QueueUrl=self.dead_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            found += some
        return found

    def depth(self, url: str = "") -> tuple[int, int]:
        """Messages that wait, and messages in somebody's hands."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url or self.queue_url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.model.close()


@cache
def _address() -> str:
    """One server for all stands, until the process ends: it serves whatever account there is."""
    server = served()
    atexit.register(server.__exit__, None, None, None)
    return server.__enter__()


@contextmanager
def stand(
    *, seconds: float = 0.0, visibility_s: int = 30, attempts: int = 3, receives: int = 5, batch: int = 4
) -> Iterator[Stand]:
    """Everything that a worker needs, for as long as a test lasts."""
    with account(REGION) as aws:
        endpoint = _address()
        sqs, s3 = aws.client("sqs"), aws.client("s3")
        s3.create_bucket(Bucket="results")
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        redrive = {
            "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{aws.account}:dead",
            "maxReceiveCount": str(receives),
        }
        url = sqs.create_queue(
            QueueName="requests",
            Attributes={"VisibilityTimeout": str(visibility_s), "RedrivePolicy": json.dumps(redrive)},
        )["QueueUrl"]
        model = Model(seconds)
        settings = WorkerSettings(
            queue_url=f"{endpoint}/{aws.account}/requests", results_bucket="results", batch_size=batch,
            visibility_timeout_s=visibility_s, attempts=attempts, load_time_s=1, seconds_per_batch=1,
            dead_letter_url=f"{endpoint}/{aws.account}/dead", name="fleet", model="classifier:1", model_url=model.url,
            # Short polls: one host holds this queue.
            poll_s=0, retry_after_s=1,
        )  # fmt: skip
        made = Stand(sqs, s3, endpoint, url, dead, model, settings)
        try:
            yield made
        finally:
            made.close()


def eventually(true: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    """Wait until something holds.

    Raises:
        AssertionError: It did not in time.
    """
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, "did not come true in time"
        time.sleep(0.05)


def terminate(process: subprocess.Popen[str]) -> int:
    """What AWS does to a job that it stops; returns the exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=PATIENCE_S)
