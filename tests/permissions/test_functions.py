"""Each function with the role that its component registered: it does its work, and no statement can be spared."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import boto3
import pytest
from botocore.exceptions import ClientError

from headway.architectures.design import BatchDesign, FeederDesign
from headway_components.batch import SpotBatch
from headway_components.microbatch import MicroBatch
from headway_rehearsal.account import account
from headway_rehearsal.endpoint import answering
from headway_rehearsal.mocks import MotoMocks
from headway_runtime import dispatcher, feeder, microbatch, watchdog
from headway_runtime.settings import VARIABLE, DispatcherSettings
from tests.components.designs import BATCH, CHECKED_BATCHES, GPU_POOL
from tests.components.provisioned import Provisioned, provision
from tests.permissions.evaluator import Judge, Need, judged, weakened
from tests.runtime.stand import Model

ZONE = ZoneInfo(BATCH.timezone)
WEDNESDAY_NINE = datetime(2026, 6, 3, 9, 0, 5, tzinfo=ZONE)
SATURDAY_NINE = datetime(2026, 6, 6, 9, 0, 5, tzinfo=ZONE)
FED: BatchDesign = BATCH.model_copy(update={"feeder": FeederDesign(memory_mb=512)})
SPOT_TOO: BatchDesign = FED.model_copy(
    update={
        "departures": tuple(rule.model_copy(update={"last_call_s": 1100.0 * (1 + 3 * n)})
                            for n, rule in enumerate(BATCH.departures)),
        "pools": (GPU_POOL, BATCH.pools[1]),
    }
)  # fmt: skip


class Stack:
    """What a component made, in an account of its own, under a judge."""

    def __init__(self, aws: Any, judge: Judge, made: Provisioned) -> None:
        self.aws, self.judge, self.made = aws, judge, made

    def statements(self, what: str) -> list[dict[str, Any]]:
        policy = self.made.one("iam:RolePolicy", f"{what}-policy")
        found: list[dict[str, Any]] = policy.document("policy")["Statement"]
        return found

    @contextmanager
    def environment(self, what: str) -> Iterator[None]:
        variables = self.made.one("lambda:Function", what).inputs["environment"]["variables"]
        with mock.patch.dict(os.environ, variables):
            yield

    def log(self, what: str) -> None:
        """What Lambda itself does with the function's role."""
        names = [name for name in self.group_names() if f"{what}-logs" in name]
        assert names, what
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            group = f"arn:aws:logs:us-east-1:123456789012:log-group:{names[0]}"
            self.judge.demand(Need(action, f"{group}:log-stream:2026/06/03"))

    def group_names(self) -> list[str]:
        groups = self.aws.client("logs").describe_log_groups()["logGroups"]
        return [str(group["logGroupName"]) for group in groups]

    def queue(self, part: str) -> str:
        urls = self.aws.client("sqs").list_queues()["QueueUrls"]
        return str(next(url for url in urls if part in url))

    def forget(self, prefix: str) -> None:
        """Be as a stack that has not run yet."""
        s3 = self.aws.client("s3")
        for row in s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", []):
            s3.delete_object(Bucket=self.bucket, Key=row["Key"])

    @property
    def bucket(self) -> str:
        buckets = self.aws.client("s3").list_buckets()["Buckets"]
        return str(next(one["Name"] for one in buckets if "results" in one["Name"]))


@contextmanager
def stack_of(component: Callable[..., Any], design: Any) -> Iterator[Stack]:
    with account("us-east-1") as aws:
        for service in ("sqs", "s3", "batch", "logs", "cloudwatch"):
            aws.client(service)
        made = provision(lambda: component("loans", {"design": design}) and None, MotoMocks(aws))
        judge = Judge()
        # Clients made from now on, the runtime's, come before the judge.
        boto3.DEFAULT_SESSION.events.register("provide-client-params.*.*", judge.on_call)  # type: ignore[union-attr]
        for module in (dispatcher, feeder, microbatch, watchdog):
            module.forget()
        try:
            yield Stack(aws, judge, made)
        finally:
            boto3.DEFAULT_SESSION.events.unregister("provide-client-params.*.*", judge.on_call)  # type: ignore[union-attr]
            for module in (dispatcher, feeder, microbatch, watchdog):
                module.forget()


def needs_each_statement(stack: Stack, what: str, work: Callable[[], None]) -> None:
    """It works with its role; and with any action less or any resource narrowed it is refused something."""
    statements = stack.statements(what)
    with judged(stack.judge, statements):
        work()
    assert (stack.judge.refused, stack.judge.unknown) == ([], set())
    spared = []
    for how, less in weakened(statements):
        with judged(stack.judge, less), suppress(ClientError, AssertionError):
            work()
        if not stack.judge.refused:
            spared.append(how)
    assert spared == [], spared


def test_the_dispatcher() -> None:
    with stack_of(SpotBatch, SPOT_TOO) as stack, stack.environment("dispatcher"):
        from moto.batch.models import batch_backends

        queue = stack.queue("requests")
        told = DispatcherSettings.from_json(os.environ[VARIABLE])

        # More than one worker's quota in each pool: arrays, whose children have to be asked for.
        for n in range(100):
            stack.aws.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps({"id": f"r{n}", "body": n}))

        def work() -> None:
            backend = batch_backends["123456789012"]["us-east-1"]
            stack.log("dispatcher")
            for start in (WEDNESDAY_NINE, SATURDAY_NINE):
                backend._jobs.clear()
                for one in backend._job_queues.values():
                    one.jobs.clear()
                stack.forget("departures/")
                dispatcher.forget()
                dispatcher.handler({"now": start.isoformat()}, None)
                # At last call what has not started is ended, its work goes on-demand.
                later = start + timedelta(seconds=5000)
                dispatcher.handler({"now": later.isoformat()}, None)
                for job in backend._jobs.values():
                    job.status = "SUCCEEDED"
                # What has ended is announced.
                dispatcher.handler({"now": (later + timedelta(minutes=1)).isoformat()}, None)

        assert len(told.pools) == 2
        needs_each_statement(stack, "dispatcher", work)


def test_the_watchdog() -> None:
    with stack_of(SpotBatch, FED) as stack, stack.environment("watchdog"):

        def work() -> None:
            stack.log("watchdog")
            for hour in range(3):
                watchdog.handler({"now": (WEDNESDAY_NINE + timedelta(hours=hour)).isoformat()}, None)

        needs_each_statement(stack, "watchdog", work)


def test_the_watchdog_that_probes_an_endpoint() -> None:
    model = Model()
    model.answer = lambda _: {"label": "invoice"}
    with stack_of(MicroBatch, CHECKED_BATCHES) as stack, stack.environment("watchdog"), answering(model.url):

        def work() -> None:
            stack.log("watchdog")
            for hour in range(3):
                now = WEDNESDAY_NINE + timedelta(hours=hour)
                assert watchdog.handler({"now": now.isoformat()}, None)["FailedProbes"] == 0

        needs_each_statement(stack, "watchdog", work)


def test_the_feeder() -> None:
    with stack_of(SpotBatch, FED) as stack, stack.environment("feeder"):
        lines = [{"id": "small", "body": 1}, {"id": "large", "body": "x" * 60_000}]
        text = "\n".join(map(json.dumps, lines))
        stack.aws.client("s3").put_object(Bucket=stack.bucket, Key="manifests/m.jsonl", Body=text.encode())
        event = {"Records": [{"s3": {"bucket": {"name": stack.bucket}, "object": {"key": "manifests/m.jsonl"}}}]}

        def work() -> None:
            stack.log("feeder")
            feeder.handler(event, None)

        needs_each_statement(stack, "feeder", work)


def test_the_micro_batch_function() -> None:
    model = Model()
    with stack_of(MicroBatch, CHECKED_BATCHES) as stack, stack.environment("batcher"), answering(model.url):
        place = f"s3://{stack.bucket}/requests/r2.json"
        stack.aws.client("s3").put_object(Bucket=stack.bucket, Key="requests/r2.json", Body=b'{"n": 2}')
        bodies = [{"id": "r1", "body": {"n": 1}}, {"id": "r2", "s3": place}]
        records = [
            {"messageId": one["id"], "body": json.dumps(one), "attributes": {"ApproximateReceiveCount": "1"}}
            for one in bodies
        ]
        queue = "arn:aws:sqs:us-east-1:123456789012:" + stack.queue("requests").rsplit("/", 1)[-1]

        def work() -> None:
            stack.log("batcher")
            microbatch._known.clear()  # What to check for is read once a process.
            for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
                # Lambda's own pollers take the function's role.
                stack.judge.demand(Need(f"sqs:{action}", queue))
            stack.aws.client("s3").put_object(
                Bucket=stack.bucket, Key="results/r1.json", Body=b'{"id": "r1", "error": "poison"}'
            )
            assert microbatch.handler({"Records": records}, None) == {"batchItemFailures": []}

        needs_each_statement(stack, "batcher", work)


def test_an_operation_that_nobody_judged_fails() -> None:
    with account("us-east-1"):
        judge = Judge()
        session = boto3.Session(region_name="us-east-1")
        session.events.register("provide-client-params.*.*", judge.on_call)
        client = session.client("sqs")
        with judged(judge, []), pytest.raises(KeyError, match="ListQueues"):
            client.list_queues()


def test_a_condition_is_held_against_its_context() -> None:
    from tests.permissions.evaluator import allowed

    condition = {"StringEquals": {"cloudwatch:namespace": ["Headway"]}}
    statement = {"Effect": "Allow", "Action": "cloudwatch:Put*", "Resource": "*", "Condition": condition}
    assert allowed([statement], Need("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "Headway"}))
    assert not allowed([statement], Need("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "Other"}))
    assert not allowed([statement], Need("cloudwatch:PutMetricData", "*"))
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    assert not allowed([{**statement, "Condition": {}}, deny], Need("cloudwatch:PutMetricData", "*"))
