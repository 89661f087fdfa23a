"""What a component made, in an account of its own, under a judge: the scenarios in which every role is proven."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from unittest import mock

import boto3
import pulumi

from headway.architectures.design import BatchDesign, FeederDesign
from headway.architectures.hybrid_design import (
    FeaturesDesign,
    Part,
    PrecomputedDesign,
    Route,
    TieredDesign,
)
from headway.architectures.router_design import LadderDesign, RouterDesign, RouterQueue, TableDesign
from headway.architectures.table_watch import AgeWatch, MissWatch
from headway.architectures.value import BurnRate
from headway.profile import Container
from headway_components import (
    AsynchronousEndpoint,
    FeatureStore,
    MicroBatch,
    Precomputed,
    RealtimeEndpoint,
    ServerlessEndpoint,
    SpotBatch,
    Tiered,
)
from headway_rehearsal.account import account
from headway_rehearsal.mocks import MotoMocks
from headway_runtime import dispatcher, feeder, microbatch, router, watchdog
from tests.components import designs
from tests.components.provisioned import Provisioned, Registered, provision
from tests.permissions.evaluator import Judge, Need, arn

ROLE, POLICY = "-role", "-policy"
DATA = ("sqs", "s3", "batch", "logs", "cloudwatch", "dynamodb", "sagemaker", "sagemaker-runtime", "ec2", "sns")
"""Clients that are made before the judge comes: the tests' own."""

KEY = arn("kms", "key/11111111-2222-3333-4444-555555555555")
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
TEAMS_BOUNDARY = [
    {"Effect": "Allow", "Action": [f"{one}:*" for one in
     ("batch", "cloudwatch", "dynamodb", "ec2", "ecr", "ecs", "events", "kms", "lambda", "logs", "s3", "sagemaker",
      "sns", "sqs")], "Resource": "*"},
    {"Effect": "Deny", "Action": ["iam:*", "organizations:*", "ec2:RunInstances"], "Resource": "*"},
]  # fmt: skip
"""A boundary as a platform team sets one: the services of a workload, nothing of the account's own."""
FILES = designs.CONTAINER.model_copy(update={"artifact": "s3://models/classifier/"})
OWN_IMAGE = Container(
    image="public.ecr.aws/team/classifier:1", batch_image="123456789012.dkr.ecr.us-east-1.amazonaws.com/classifier:batch",
    artifact="s3://models/classifier.tar.gz",
)  # fmt: skip

VALIDATION = designs.VALIDATION.model_copy(
    update={
        "document": {
            "schema": {"type": "object", "required": ["twice"]},
            "probes": [{"body": {"n": 1}, "expect": {"twice": 2}, "tolerance": 0}],
        }
    }
)
"""What the tests' model answers."""
BATCHES = designs.CHECKED_BATCHES.model_copy(update={"validation": VALIDATION})
FED: BatchDesign = designs.BATCH.model_copy(
    update={
        "feeder": FeederDesign(memory_mb=512),
        "validation": VALIDATION,
        # Spot first in both pools, and on-demand at last call.
        "departures": tuple(rule.model_copy(update={"last_call_s": 1100.0 * (1 + 3 * n)})
                            for n, rule in enumerate(designs.BATCH.departures)),
        "pools": (designs.GPU_POOL, designs.BATCH.pools[1]),
    }
)  # fmt: skip
PLAIN: BatchDesign = FED.model_copy(update={"feeder": None})
FILL: BatchDesign = FED.model_copy(update={"results_to": "table", "dashboard": False})
STORED = designs.AUTOSCALED.model_copy(update={"storage_gb": 30, "container": FILES})
ROUTER = RouterDesign(memory_mb=512, timeout_s=28)
TABLE = TableDesign(item_bytes=4_000, expires_s=90_000)
LADDER = LadderDesign(
    rungs=("cache", "queue"),
    reserve_share=0.1,
    reserve_s=0.5,
    watch=BurnRate(window_s=300, late_share=0.1),
    cache=TABLE,
    watchdog=designs.WATCHDOG,
    queue=RouterQueue(visibility_timeout_s=168, batch_size=5, max_concurrency=2, oldest_s=3600),
)
FALLING_BACK = designs.AUTOSCALED.model_copy(
    update={"router": ROUTER.model_copy(update={"ladder": LADDER, "validation": VALIDATION}), "results_kept_days": 45}
)
HYBRID = {**designs.BASE, "max_wait_s": 1.5, "router": ROUTER}
TIERED = TieredDesign(
    **HYBRID,
    routes=(
        Route(tier="now", share=0.4, part="fast", max_wait_s=1.5, field="tier", equals="now"),
        Route(tier="soon", share=0.2, part="some", max_wait_s=45, field="tier", equals="soon"),
        Route(tier="long", share=0.2, part="long", max_wait_s=4500, field="tier", equals="long"),
        Route(tier="later", share=0.2, part="slow", max_wait_s=5400),
    ),
    parts=(
        Part(name="fast", design=designs.FLAT),
        Part(name="some", design=BATCHES.model_copy(update={"dashboard": False})),
        Part(name="long", design=designs.ASYNCHRONOUS.model_copy(update={"dashboard": False})),
        Part(name="slow", design=PLAIN.model_copy(update={"dashboard": False})),
    ),
    results_kept_days=45,
)
AHEAD = {**HYBRID, "table": TABLE, "fill": FILL, "live": designs.FLAT, "refresh_s": 86_400.0,
         "miss_watch": MissWatch(window_s=3600, least=200, most=0.46)}  # fmt: skip
ANSWERS = {**AHEAD, "candidates": 50, "hit_rate": 0.7}
STORE = {**AHEAD, "entities": 50, "oldest_s": 90_000.0, "age_watch": AgeWatch(window_s=21_600, least=110)}


@dataclass(frozen=True)
class Scenario:
    """A component, its design, and whether everything that can be given is given."""

    component: Callable[..., Any]
    design: Any
    wired: bool = False
    takes: frozenset[str] = frozenset()
    """What of a queue, its dead letters and a bucket it can be given."""
    repeats: bool = False
    """Whether its roles' work fails without a statement as it does in another scenario."""


_QUEUE = frozenset({"queue_arn", "dead_letter_queue_arn", "results_bucket"})
_BUCKET = frozenset({"results_bucket"})
SCENARIOS: Mapping[str, Scenario] = {
    "batch": Scenario(SpotBatch, FED),
    "batch, wired": Scenario(SpotBatch, PLAIN.model_copy(update={"container": FILES}), True, _QUEUE),
    "batch, own image": Scenario(SpotBatch, PLAIN.model_copy(update={"container": OWN_IMAGE}), repeats=True),
    "scheduled batch, wired": Scenario(SpotBatch, FED, True, repeats=True),
    "microbatch": Scenario(MicroBatch, BATCHES),
    "microbatch, wired": Scenario(MicroBatch, BATCHES, True, _QUEUE),
    "realtime": Scenario(RealtimeEndpoint, designs.AUTOSCALED),
    "realtime, wired": Scenario(RealtimeEndpoint, STORED, True),
    "realtime, ladder": Scenario(RealtimeEndpoint, FALLING_BACK),
    "realtime, ladder, wired": Scenario(RealtimeEndpoint, FALLING_BACK, True, _BUCKET),
    "serverless": Scenario(ServerlessEndpoint, designs.SERVERLESS),
    "serverless, wired": Scenario(ServerlessEndpoint, designs.SERVERLESS, True),
    "asynchronous": Scenario(AsynchronousEndpoint, designs.ASYNCHRONOUS),
    "asynchronous, wired": Scenario(AsynchronousEndpoint, designs.ASYNCHRONOUS, True, _BUCKET),
    "tiered": Scenario(Tiered, TIERED),
    "tiered, wired": Scenario(Tiered, TIERED, True, _BUCKET),
    "precomputed": Scenario(Precomputed, PrecomputedDesign(**ANSWERS)),
    "precomputed, wired": Scenario(Precomputed, PrecomputedDesign(**ANSWERS), True, _BUCKET),
    "features": Scenario(FeatureStore, FeaturesDesign(**STORE)),
}
"""Together they hold every role that a component makes, with every statement that it may have (`test_roles`)."""

OWN_ROUTER = Scenario(Tiered, TIERED.model_copy(update={"router": None}), True, _BUCKET)
"""Tiers behind a router of the team's own, which has no role here (`test_callers`)."""


@dataclass
class Stack:
    """What a component made."""

    aws: Any
    judge: Judge
    made: Provisioned
    ids: Mapping[str, str] = field(default_factory=dict)
    """Physical name or id of each resource by its logical name."""
    wired: Mapping[str, Any] = field(default_factory=dict)
    repeated: frozenset[str] = frozenset()
    """Components whose roles' work fails without a statement as it does in another scenario."""

    @cached_property
    def roles(self) -> list[str]:
        """Each role's name without its end: ``loans-fill-worker``."""
        return [one.name.removesuffix(ROLE) for one in self.made.all("iam:Role")]

    def statements(self, role: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.registered("iam:RolePolicy", role + POLICY).document("policy")["Statement"]
        return found

    def registered(self, type_: str, name: str) -> Registered:
        """The resource of exactly this name."""
        (found,) = [one for one in self.made.all(type_) if one.name == name]
        return found

    @contextmanager
    def environment(self, function: str) -> Iterator[None]:
        variables = self.registered("lambda:Function", function).inputs["environment"]["variables"]
        with mock.patch.dict(os.environ, variables):
            yield

    def log(self, function: str) -> None:
        """What Lambda itself does with the function's role (AWS Lambda Developer Guide, execution role)."""
        self.write_logs(self.registered("lambda:Function", function).inputs["loggingConfig"]["logGroup"])

    def write_logs(self, group: str) -> None:
        """Two streams of a log group."""
        for day in ("03", "04"):
            for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
                self.judge.demand(Need(action, arn("logs", f"log-group:{group}:log-stream:2026/06/{day}")))

    def empty(self, *urls: str) -> None:
        """A queue as it was made; AWS and moto purge one once a minute."""
        from moto.sqs.models import sqs_backends

        backend = sqs_backends[self.aws.account][self.aws.region]
        for url in urls:
            queue = backend.queues[url.rsplit("/", 1)[-1]]
            queue._messages, queue._pending_messages = [], set()

    def forget(self, bucket: str, prefix: str) -> None:
        """Be as a stack that has not run yet."""
        s3 = self.aws.client("s3")
        for row in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=row["Key"])


@contextmanager
def stack_of(scenario: Scenario) -> Iterator[Stack]:
    """A scenario's component in an account of its own; whatever client is made from now on is judged."""
    with account("us-east-1") as aws:
        for service in DATA:
            aws.client(service)
        _artifacts(aws.client("s3"))
        wired = _wiring(aws, scenario.takes) if scenario.wired else {}
        cloud = MotoMocks(aws)
        arguments = {"design": scenario.design, **wired}

        def program() -> None:
            component = scenario.component("loans", arguments)
            for name in ("routing", "router_policy"):
                if hasattr(component, name):
                    pulumi.export(name, getattr(component, name))

        made = provision(program, cloud)
        # A part of a hybrid is the same component as alone.
        components = frozenset(one.name for one in cloud.registered if one.type.startswith("headway:"))
        parts = components if scenario.repeats else components - {"loans"}
        judge = Judge(keys=_keys(cloud, wired), boundary=TEAMS_BOUNDARY if wired else None)
        boto3.DEFAULT_SESSION.events.register("provide-client-params.*.*", judge.on_call)  # type: ignore[union-attr]
        forget()
        try:
            yield Stack(aws, judge, made, {one.name: one.id for one in cloud.registered if one.id}, wired, parts)
        finally:
            boto3.DEFAULT_SESSION.events.unregister("provide-client-params.*.*", judge.on_call)  # type: ignore[union-attr]
            forget()


def forget() -> None:
    """Every function as a process that has just started."""
    for module in (dispatcher, feeder, microbatch, router, watchdog):
        module.forget()


def _artifacts(s3: Any) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        info = tarfile.TarInfo("weights.bin")
        info.size = 1
        tar.addfile(info, io.BytesIO(b"w"))
    s3.create_bucket(Bucket="models")
    s3.put_object(Bucket="models", Key="classifier.tar.gz", Body=packed.getvalue())
    for name in ("weights.bin", "labels/en.txt"):
        s3.put_object(Bucket="models", Key=f"classifier/{name}", Body=b"w")


def _wiring(aws: Any, takes: frozenset[str]) -> dict[str, Any]:
    """Another team's network, topic, key, boundary, and as much of queue and bucket as the component takes."""
    ec2, sqs = aws.client("ec2"), aws.client("sqs")
    subnets = ec2.describe_subnets()["Subnets"][:2]
    group = ec2.create_security_group(GroupName="workers", Description="workers", VpcId=subnets[0]["VpcId"])["GroupId"]
    sqs.create_queue(QueueName="their-dead-letters")
    redrive = {"deadLetterTargetArn": arn("sqs", "their-dead-letters"), "maxReceiveCount": "4"}
    sqs.create_queue(QueueName="their-requests", Attributes={"RedrivePolicy": json.dumps(redrive)})
    aws.client("s3").create_bucket(Bucket="their-bucket")
    given = {
        "queue_arn": arn("sqs", "their-requests"),
        "dead_letter_queue_arn": arn("sqs", "their-dead-letters"),
        "results_bucket": "their-bucket",
    }
    return {
        "vpc_id": subnets[0]["VpcId"],
        "subnet_ids": [one["SubnetId"] for one in subnets],
        "security_group_ids": [group],
        "alarm_topic_arn": aws.client("sns").create_topic(Name="their-alarms")["TopicArn"],
        "kms_key_arn": KEY,
        "permissions_boundary": BOUNDARY,
        **{name: value for name, value in given.items() if name in takes},
    }


def _keys(cloud: MotoMocks, wired: Mapping[str, Any]) -> dict[str, str]:
    """The customer's key of what is encrypted with one: as registered, or as the owner of what was given did it."""
    found: dict[str, str | None] = {}
    for queue in cloud.of_type("aws:sqs/queue:Queue"):
        found[arn("sqs", queue.id.rsplit("/", 1)[-1])] = queue.inputs.get("kmsMasterKeyId")
    for topic in cloud.of_type("aws:sns/topic:Topic"):
        found[topic.id] = topic.inputs.get("kmsMasterKeyId")
    for table in cloud.of_type("aws:dynamodb/table:Table"):
        found[arn("dynamodb", f"table/{table.id}")] = table.inputs.get("serverSideEncryption", {}).get("kmsKeyArn")
    for one in cloud.of_type("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"):
        (rule,) = one.inputs["rules"]
        used = rule["applyServerSideEncryptionByDefault"].get("kmsMasterKeyId")
        found[f"arn:aws:s3:::{one.inputs['bucket']}"] = used
    if wired:
        theirs = [arn("sqs", "their-requests"), arn("sqs", "their-dead-letters")]
        found |= dict.fromkeys([*theirs, "arn:aws:s3:::their-bucket", "arn:aws:s3:::models"], KEY)
    return {name: key for name, key in found.items() if key == KEY}
