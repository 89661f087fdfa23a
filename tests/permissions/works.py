"""What each role is for, done: the functions and the worker run their own code; for AWS's services see `services`.

A work is prepared once and done many times. It raises where anything of it is missing, so a role that lacks a
permission is seen to fail: nothing passes over a refusal in silence.
"""

from __future__ import annotations

import io
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import boto3

from headway_rehearsal.endpoint import answering, answering_later
from headway_runtime import dispatcher, feeder, microbatch, router, unpack, watchdog, worker
from headway_runtime.jobs import ON_DEMAND, SPOT, stamp
from headway_runtime.ledger import RECALLED
from headway_runtime.results import Row, key_of, put_newer
from headway_runtime.settings import (
    JOB_DEPARTURE,
    JOB_QUOTA,
    VARIABLE,
    DispatcherSettings,
    FeederSettings,
    MicroBatchSettings,
    RouterSettings,
    WatchdogSettings,
    WorkerSettings,
)
from tests.permissions.evaluator import ACCOUNT, REGION, Need
from tests.permissions.services import (
    Prepared,
    Work,
    containers_of,
    hosting,
    joining_cluster,
    starting_containers,
    ticking,
)
from tests.permissions.stacks import Stack
from tests.runtime.stand import Model

ZONE = ZoneInfo("America/New_York")
WEDNESDAY_NINE = datetime(2026, 6, 3, 9, 0, 5, tzinfo=ZONE)
SATURDAY_NINE = datetime(2026, 6, 6, 9, 0, 5, tzinfo=ZONE)


def _told(settings: Any, stack: Stack, function: str) -> Any:
    variables = stack.registered("lambda:Function", function).inputs["environment"]["variables"]
    return settings.from_json(variables[VARIABLE])


@contextmanager
def dispatching(stack: Stack, site: str) -> Iterator[Work]:
    """Two departures leave, are called at last call, end and are told of."""
    from moto.batch.models import batch_backends

    told: DispatcherSettings = _told(DispatcherSettings, stack, f"{site}-dispatcher")
    stack.empty(told.queue_url)
    # More than one worker's quota in each pool: arrays, whose children have to be asked for.
    for n in range(100):
        body = json.dumps({"id": f"r{n}", "body": n})
        stack.aws.client("sqs").send_message(QueueUrl=told.queue_url, MessageBody=body)
    backend = batch_backends[ACCOUNT][REGION]

    def work() -> None:
        stack.log(f"{site}-dispatcher")
        bought, announced = set(), []
        for start in (WEDNESDAY_NINE, SATURDAY_NINE):
            backend._jobs.clear()
            for one in backend._job_queues.values():
                one.jobs.clear()
            stack.forget(told.bucket, "departures/")
            dispatcher.forget()
            # It leaves; at last call what has not started is ended, its work goes on-demand; what has ended is told.
            later = start + timedelta(seconds=5000)
            for at in (start, later, later + timedelta(minutes=1)):
                report = dispatcher.handler({"now": at.isoformat()}, None)
                bought |= {one["purchase"] for one in report["submitted"]}
                announced += report["finished"]
                if at == later:
                    for job in backend._jobs.values():
                        job.status = "SUCCEEDED"
        assert bought == {SPOT, ON_DEMAND}, bought
        assert len(announced) == 2

    with stack.environment(f"{site}-dispatcher"):
        yield work


@contextmanager
def watching(stack: Stack, site: str) -> Iterator[Work]:
    """Three hours are noted and accounted for."""
    told: WatchdogSettings = _told(WatchdogSettings, stack, f"{site}-watchdog")

    departed = [{"departure": stamp(WEDNESDAY_NINE + timedelta(minutes=15)), "on_demand": []}]
    if told.departures:
        recalled = {"Bucket": told.bucket, "Key": told.departures + RECALLED, "Body": json.dumps(departed).encode()}
        stack.aws.client("s3").put_object(**recalled)

    def work() -> None:
        stack.log(f"{site}-watchdog")
        stack.forget(told.bucket, told.ledger)
        for hour in range(3):
            answer = watchdog.handler({"now": (WEDNESDAY_NINE + timedelta(hours=hour)).isoformat()}, None)
        assert answer["account"] is not None
        assert answer["on_demand"] == (departed if told.departures else None)
        assert answer.get("FailedProbes", 0) == 0

    model = Model()
    with stack.environment(f"{site}-watchdog"), answering(model.url):
        yield work
    model.close()


@contextmanager
def feeding(stack: Stack, site: str) -> Iterator[Work]:
    """Two manifests become requests, some too large to travel."""
    told: FeederSettings = _told(FeederSettings, stack, f"{site}-feeder")
    bucket = stack.ids[f"{site}-results"]
    for name in ("one", "two"):
        lines = [{"id": f"small-{name}", "body": 1}, {"id": f"large-{name}", "body": "x" * 60_000}]
        text = "\n".join(map(json.dumps, lines))
        stack.aws.client("s3").put_object(Bucket=bucket, Key=f"manifests/{name}.jsonl", Body=text.encode())
    records = [{"s3": {"bucket": {"name": bucket}, "object": {"key": f"manifests/{name}.jsonl"}}}
               for name in ("one", "two")]  # fmt: skip

    def work() -> None:
        stack.log(f"{site}-feeder")
        stack.empty(told.queue_url)
        assert feeder.handler({"Records": records}, None)["sent"] == 4

    with stack.environment(f"{site}-feeder"):
        yield work


@contextmanager
def batching(stack: Stack, site: str) -> Iterator[Work]:
    """A batch with bodies in the bucket, and results that replace the errors of an earlier try."""
    told: MicroBatchSettings = _told(MicroBatchSettings, stack, f"{site}-batcher")
    s3, bucket, model = stack.aws.client("s3"), told.results_bucket, Model()
    bodies = [{"id": "r1", "body": {"n": 1}}]
    for name in ("r2", "r3"):
        s3.put_object(Bucket=bucket, Key=f"requests/{name}.json", Body=b'{"n": 2}')
        bodies.append({"id": name, "s3": f"s3://{bucket}/requests/{name}.json"})
    records = [{"messageId": one["id"], "body": json.dumps(one), "attributes": {"ApproximateReceiveCount": "1"}}
               for one in bodies]  # fmt: skip
    queue = stack.registered("lambda:EventSourceMapping", f"{site}-batches").inputs["eventSourceArn"]

    def work() -> None:
        stack.log(f"{site}-batcher")
        _poll(stack, queue)
        for name in ("r1", "r2"):
            s3.put_object(Bucket=bucket, Key=f"results/{name}.json", Body=b'{"id": "r1", "error": "poison"}')
        microbatch.forget()
        assert microbatch.handler({"Records": records}, None) == {"batchItemFailures": []}
        for name in ("r1", "r2", "r3"):
            assert _answered(_read(stack, bucket, f"results/{name}.json"))

    with stack.environment(f"{site}-batcher"), answering(model.url):
        yield work
    model.close()


def _answered(result: Mapping[str, Any]) -> bool:
    """With an output, held against what it shall be."""
    return "output" in result and "doubts" not in result


def _poll(stack: Stack, queue: str) -> None:
    """Lambda's pollers take the function's role (AWS Lambda Developer Guide, using Lambda with Amazon SQS)."""
    for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        stack.judge.demand(Need(f"sqs:{action}", queue))


@contextmanager
def routing(stack: Stack, site: str) -> Iterator[Work]:
    """Headway's own router, under its function's role."""
    told: RouterSettings = _told(RouterSettings, stack, f"{site}-router")
    with asking(stack, site, told) as ask:

        def work() -> None:
            stack.log(f"{site}-router")
            ask()

        yield work


@contextmanager
def asking(stack: Stack, site: str, told: RouterSettings) -> Iterator[Work]:
    """Every way through a router: live, queued, handed to an asynchronous endpoint, from a table; results, uploads."""
    s3, bucket, model = stack.aws.client("s3"), told.results_bucket, Model()
    model.answer = lambda body: {"twice": 2 * body.get("request", body)["n"]}  # with features joined, a level down
    for name in ("a", "b"):
        s3.put_object(Bucket=bucket, Key=f"requests/{name}.json", Body=b'{"n": 2}')
        s3.put_object(Bucket=bucket, Key=f"results/{name}.json", Body=json.dumps({"id": name, "output": 1}).encode())
    if told.table:
        row = Row("known", {"twice": 2}, WEDNESDAY_NINE.timestamp(), 4e9, "classifier:1")
        put_newer(stack.aws.client("dynamodb"), told.table, row)

    def call(route: str, body: Any = None, **path: str) -> tuple[int, dict[str, Any]]:
        answer = router.handler({"routeKey": route, "body": json.dumps(body), "pathParameters": path}, None)
        return answer["statusCode"], json.loads(answer["body"])

    def work() -> None:
        router.forget()
        for route in told.routes:
            part = told.parts[route.part]
            asked = {"tier": route.tier, "attributes": {"key": "known"}}
            pointers = [{"id": n, "s3": f"s3://{bucket}/requests/{n}.json"} for n in ("a", "b")]
            for request in (
                {"id": "c", "body": {"n": 1}},
                {"id": "d", "body": {"n": 1, "long": "x" * 60_000}},
                *pointers,
            ):
                status, answer = call("POST /requests", {**asked, **request})
                assert status == (200 if part.kind == "live" else 202), answer
                assert not told.ladder or answer["source"] == "live"
                assert "doubts" not in answer
                if told.table_holds == "answers" and "body" in request:
                    assert answer["source"] == "precomputed"
            if part.kind == "asynchronous":
                for name in ("c", "d"):
                    assert call("GET /results/{id}", id=name)[1].get("output") == {"twice": 2}
                    _fails(s3, bucket, name)
                    assert "out of memory" in call("GET /results/{id}", id=name)[1].get("error", "")
        assert [call("POST /uploads")[0] for _ in range(2)] == [201, 201]
        assert [call("GET /results/{id}", id=n)[0] for n in ("a", "b", "nobody")] == [200, 200, 404]
        if told.ladder:
            _fallen(stack, site, told, model, call)

    environment = mock.patch.dict(os.environ, {VARIABLE: told.to_json()})
    with environment, answering(model.url), answering_later(stack.aws, model.url):
        yield work
    model.close()


def _fails(s3: Any, bucket: str, name: str) -> None:
    """SageMaker writes why a request failed where it said, and no output."""
    handed = s3.get_object(Bucket=bucket, Key=f"requests/handed/{name}.json")
    places = {place: uri.removeprefix(f"s3://{bucket}/") for place, uri in json.loads(handed["Body"].read()).items()}
    s3.delete_object(Bucket=bucket, Key=places["output"])
    s3.put_object(Bucket=bucket, Key=places["failure"], Body=b"out of memory")


def _fallen(stack: Stack, site: str, told: RouterSettings, model: Model, call: Callable[..., Any]) -> None:
    """The endpoint down: an answer from before, a ticket; what is queued is asked again, answered, or given up."""
    from moto.sqs.models import sqs_backends

    sqs, tables = stack.aws.client("sqs"), stack.aws.client("dynamodb")
    stack.empty(told.queue_url, told.dead_letters_url)
    for row in tables.scan(TableName=told.cache_table)["Items"]:
        tables.delete_item(TableName=told.cache_table, Key={"key": row["key"]})
    stack.forget(told.results_bucket, "results/")
    _poll(stack, stack.registered("lambda:EventSourceMapping", f"{site}-queued").inputs["eventSourceArn"])

    def deliver() -> list[Any]:
        found = sqs.receive_message(QueueUrl=told.queue_url, MaxNumberOfMessages=10, AttributeNames=["All"])
        records = [
            {"messageId": one["MessageId"], "body": one["Body"], "attributes": one["Attributes"],
             "receiptHandle": one["ReceiptHandle"]} for one in found.get("Messages", [])
        ]  # fmt: skip
        assert records
        back: list[Any] = router.handler({"Records": records}, None)["batchItemFailures"]
        if not back:
            stack.empty(told.queue_url)
        return back

    def hidden_s() -> float:
        queue = sqs_backends[ACCOUNT][REGION].queues[told.queue_url.rsplit("/", 1)[-1]]
        return float(max(one.visible_at for one in queue._messages)) / 1000 - time.time()

    known = {"id": "e", "body": {"n": 1}}
    assert call("POST /requests", known)[1]["source"] == "live"
    model.dead = True
    try:
        assert call("POST /requests", known)[1]["source"] == "cache"
        assert call("POST /requests", {"id": "f", "body": {"n": 2}})[0] == 202
        assert len(deliver()) == 1
        assert hidden_s() < 20, "it is asked again soon, and not when its queue lets it go"
    finally:
        model.dead = False
        router.forget()
    queued = [json.dumps({"id": name, "body": {"n": 2}}) for name in ("f", "g")]
    for text in (*queued, "no request"):
        sqs.send_message(QueueUrl=told.queue_url, MessageBody=text)
        assert deliver() == []
    assert [call("GET /results/{id}", id=name)[0] for name in ("f", "g")] == [200, 200]
    assert _depth(sqs, told.dead_letters_url) == 1


@contextmanager
def working(stack: Stack, site: str) -> Iterator[Work]:
    """A job from its first container to its last: it fetches, unpacks, drains a queue with poison in it, reports."""
    containers = containers_of(stack, site)
    environment = {one["name"]: one["value"] for one in containers["worker"]["environment"]}
    given, model, tables = WorkerSettings.from_json(environment[VARIABLE]), Model(), stack.aws.client("dynamodb")
    told = replace(given, model_url=model.url, poll_s=0, retry_after_s=0, serve=(), metadata_url="")
    sqs, s3, bucket = stack.aws.client("sqs"), stack.aws.client("s3"), told.results_bucket
    fetches = shlex.split(" ".join(containers["fetch"]["command"])) if "fetch" in containers else None
    for name in ("r2", "r3"):
        s3.put_object(Bucket=bucket, Key=f"requests/{name}.json", Body=b'{"n": 2}')

    def work() -> None:
        stack.empty(told.queue_url, told.dead_letter_url)
        for prefix in ("results/", "departures/"):
            stack.forget(bucket, prefix)
        with TemporaryDirectory() as folder:
            if fetches:
                _fetch(fetches, Path(folder) / "runtime.zip")
                # One that was sent for before an update fetches what its definition says.
                stack.judge.demand(Need("s3:GetObject", f"arn:aws:s3:::{bucket}/runtime/{site}-former.zip"))
                _unpack(told, Path(folder))
            elif told.artifact:
                unpack.bring_artifact(boto3.client("s3"), told.artifact, Path(folder))
        if not told.table:
            for name in ("r1", "r2"):
                s3.put_object(Bucket=bucket, Key=f"results/{name}.json", Body=b'{"id": "r1", "error": "poison"}')
        bodies = [{"id": "r1", "body": {"n": 1}}, {"id": "poison", "body": {"poison": True}},
                  *({"id": n, "s3": f"s3://{bucket}/requests/{n}.json"} for n in ("r2", "r3"))]  # fmt: skip
        for text in ("no request", *map(json.dumps, bodies)):
            sqs.send_message(QueueUrl=told.queue_url, MessageBody=text)
        assert _run(told, "20260603T1300Z") == 0
        for one in ({"id": "r4", "body": {"n": 4}}, {"id": "poison-2", "body": {"poison": True}}):
            sqs.send_message(QueueUrl=told.queue_url, MessageBody=json.dumps(one))
        assert _run(told, "20260603T1315Z") == 0
        assert _depth(sqs, told.queue_url) == 0
        letters = sqs.receive_message(
            QueueUrl=told.dead_letter_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        assert len(letters) == 3
        assert all("HeadwayReason" in one.get("MessageAttributes", {}) for one in letters), "SQS moved it itself"
        if told.table:
            rows = {one["key"]["S"] for one in tables.scan(TableName=told.table)["Items"]}
            assert {key_of({}, {"n": n}) for n in (1, 2, 4)} <= rows
        else:
            for name in ("r1", "r2", "r3", "r4"):
                assert _answered(_read(stack, bucket, f"results/{name}.json"))
        assert "error" in _read(stack, bucket, "results/poison.json")
        parts = s3.list_objects_v2(Bucket=bucket, Prefix=f"departures/{told.name}/")["Contents"]
        assert len({one["Key"].split("/")[2] for one in parts}) == 2

    with redirect_stdout(io.StringIO()):
        yield work
    model.close()


def _run(told: WorkerSettings, departure: str) -> int:
    environment = {VARIABLE: told.to_json(), JOB_QUOTA: "12", JOB_DEPARTURE: departure}
    with mock.patch.dict(os.environ, environment):
        return worker.main()


def _fetch(command: list[str], target: Path) -> None:
    """What ``aws s3 cp`` does with one object: boto3's own transfer."""
    assert command[:2] == ["s3", "cp"]
    bucket, key = command[-2].removeprefix("s3://").split("/", 1)
    boto3.client("s3").download_file(bucket, key, str(target))


def _unpack(told: WorkerSettings, folder: Path) -> None:
    found = list(sys.path)
    with mock.patch.multiple(unpack, BUNDLE=folder / "runtime.zip", MODEL=folder / "model"), \
         mock.patch.dict(os.environ, {VARIABLE: told.to_json()}), mock.patch.object(sys, "path", found):  # fmt: skip
        assert unpack.main() == 0
    assert any(path.is_file() for path in (folder / "model").rglob("*"))


WORKS: Mapping[str, Prepared] = {
    "dispatcher": dispatching,
    "watchdog": watching,
    "feeder": feeding,
    "batcher": batching,
    "router": routing,
    "worker": working,
    "worker-start": starting_containers,
    "instance": joining_cluster,
    "model": hosting,
    "dispatcher-tick": ticking("dispatcher"),
    "watchdog-tick": ticking("watchdog"),
}
"""Every role that a component may make, by the end of its name."""


def work_of(role: str) -> tuple[str, str]:
    """The kind of a role, and the component that it belongs to.

    Raises:
        LookupError: Nobody knows what it is for.
    """
    kinds = [kind for kind in WORKS if role.endswith(f"-{kind}")]
    if not kinds:
        raise LookupError(f"{role}: a role that nothing here proves; say in WORKS what it is for")
    kind = max(kinds, key=len)
    return kind, role.removesuffix(f"-{kind}")


def _depth(sqs: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def _read(stack: Stack, bucket: str, key: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stack.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return found
