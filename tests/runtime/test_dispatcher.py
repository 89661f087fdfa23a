"""The dispatcher against queues and jobs as AWS keeps them, and the bundle that carries it."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from headway_rehearsal.account import account
from headway_runtime import dispatcher
from headway_runtime.bundle import build_bundle
from headway_runtime.contract import BadRequestError, Request, parse_request
from headway_runtime.settings import Departures, DispatcherSettings, Pool, WorkerSettings
from headway_runtime.unpack import bring_artifact, open_bundle

NOON = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@dataclass
class Fleet:
    """A dispatcher's surroundings."""

    sqs: Any
    batch: Any
    settings: DispatcherSettings

    def send(self, count: int) -> None:
        for n in range(count):
            self.sqs.send_message(QueueUrl=self.settings.queue_url, MessageBody=json.dumps({"id": f"r{n}", "body": n}))

    def tick(self, at: datetime = NOON) -> dict[str, Any]:
        return dispatcher.tick(at, self.settings, self.sqs, self.batch)

    def jobs(self) -> list[Any]:
        from moto.batch.models import batch_backends

        return [j for j in batch_backends["123456789012"]["us-east-1"]._jobs.values() if ":" not in j.job_id]


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with account("us-east-1") as aws:
        dispatcher.forget()
        batch, iam = aws.client("batch"), aws.client("iam")
        role = iam.get_role(RoleName="AWSServiceRoleForBatch")["Role"]["Arn"]
        queues = {}
        for market in ("spot", "ondemand"):
            environment = batch.create_compute_environment(
                computeEnvironmentName=market, type="UNMANAGED", state="ENABLED", serviceRole=role
            )["computeEnvironmentArn"]
            order = [{"order": 1, "computeEnvironment": environment}]
            queues[market] = batch.create_job_queue(
                jobQueueName=market, state="ENABLED", priority=1, computeEnvironmentOrder=order
            )["jobQueueArn"]
        worker = {"image": "python", "vcpus": 1, "memory": 100}
        batch.register_job_definition(jobDefinitionName="worker", type="container", containerProperties=worker)
        url = aws.client("sqs").create_queue(QueueName="requests")["QueueUrl"]
        hourly = Departures(
            days=tuple(range(7)), from_minute=0, to_minute=1440, every_minutes=60, pool="g5", quota=10, max_workers=5,
            last_call_s=4800,
        )  # fmt: skip
        settings = DispatcherSettings(
            name="fleet", timezone="UTC", queue_url=url, departures=(hourly,),
            pools={"g5": Pool(queues["spot"], queues["ondemand"], "worker")},
        )  # fmt: skip
        yield Fleet(aws.client("sqs"), batch, settings)


def test_a_tick_submits_an_array_job_of_the_workers_needed(fleet: Fleet) -> None:
    fleet.send(25)
    report = fleet.tick()
    assert (report["Waiting"], report["SubmittedWorkers"]) == (25, 3)
    (job,) = fleet.jobs()
    assert job.job_name == f"fleet-g5-{NOON:%Y%m%dT%H%MZ}-spot-0"
    assert len(job._child_jobs) == 3
    overrides = job.headway_overrides["taskProperties"][0]["containers"][0]
    assert overrides["name"] == "worker"
    assert {"name": "HEADWAY_QUOTA", "value": "10"} in overrides["environment"]


def test_a_single_worker_is_a_plain_job(fleet: Fleet) -> None:
    fleet.send(3)
    fleet.tick()
    (job,) = fleet.jobs()
    assert not job._child_jobs


def test_an_empty_queue_submits_nothing(fleet: Fleet) -> None:
    assert fleet.tick()["submitted"] == []
    assert fleet.jobs() == []


def test_a_second_tick_of_the_same_or_of_a_new_process_submits_nothing_more(fleet: Fleet) -> None:
    fleet.send(25)
    fleet.tick()
    assert fleet.tick(NOON + timedelta(minutes=1))["submitted"] == []
    dispatcher.forget()
    assert fleet.tick(NOON + timedelta(minutes=2))["submitted"] == []
    assert len(fleet.jobs()) == 1


def test_last_call_moves_unstarted_spot_to_on_demand(fleet: Fleet) -> None:
    fleet.send(12)
    fleet.tick()
    report = fleet.tick(NOON + timedelta(minutes=20))
    assert [one["purchase"] for one in report["submitted"]] == ["ondemand"]
    assert report["cancelled"] == [f"fleet-g5-{NOON:%Y%m%dT%H%MZ}-spot-0"]
    names = {job.job_name: job.job_queue.name for job in fleet.jobs()}
    assert names[f"fleet-g5-{NOON:%Y%m%dT%H%MZ}-ondemand-1"] == "ondemand"


def test_last_call_ends_only_the_workers_of_an_array_that_have_not_started(fleet: Fleet) -> None:
    fleet.send(25)
    fleet.tick()
    (array,) = fleet.jobs()
    assert array.status == "PENDING"
    array._child_jobs[0].status = "RUNNING"
    report = fleet.tick(NOON + timedelta(minutes=20))
    assert [(one["purchase"], one["workers"]) for one in report["submitted"]] == [("ondemand", 2)]
    assert array._child_jobs[0].status == "RUNNING"
    assert {child.job_stopped_reason for child in array._child_jobs[1:]} == {"last call: its work went on-demand"}
    assert array._child_jobs[0].job_stopped_reason is None


def test_jobs_of_another_fleet_in_the_same_queue_do_not_count(fleet: Fleet) -> None:
    other = f"other-g5-{NOON:%Y%m%dT%H%MZ}-spot-0"
    fleet.batch.submit_job(jobName=other, jobQueue="spot", jobDefinition="worker")
    fleet.send(3)
    assert fleet.tick()["SubmittedWorkers"] == 1


def test_its_log_line_carries_the_metrics_that_the_bill_and_the_alarms_know(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.components.designs import BATCH

    fleet.send(3)
    fleet.tick(NOON + timedelta(seconds=90))
    line = json.loads(capsys.readouterr().out)
    (metrics,) = line["_aws"]["CloudWatchMetrics"]
    assert [metric["Name"] for metric in metrics["Metrics"]] == list(BATCH.metrics)
    assert (metrics["Namespace"], metrics["Dimensions"]) == ("Headway", [["Fleet"]])
    assert (line["Fleet"], line["Waiting"], line["SecondsBehind"]) == ("fleet", 3, 90)


def test_settings_go_through_the_environment_unchanged(fleet: Fleet) -> None:
    assert DispatcherSettings.from_json(fleet.settings.to_json()) == fleet.settings
    worker = WorkerSettings("q", "b", 8, 120, 5, 90.0, 6.4)
    assert WorkerSettings.from_json(worker.to_json()) == worker
    with pytest.raises(ValueError, match="HEADWAY_SETTINGS"):
        WorkerSettings.from_json("[]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nonsense", "not JSON"),
        ("[1]", "not an object"),
        ('{"body": 1}', "id must be"),
        ('{"id": "../x", "body": 1}', "id must be"),
        ('{"id": "a"}', "neither body nor s3"),
        ('{"id": "a", "s3": "http://x"}', "s3://bucket/key"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_message_that_is_no_request_says_why(text: str, expected: str) -> None:
    with pytest.raises(BadRequestError, match=expected):
        parse_request(text)


def test_a_request_goes_through_a_message_unchanged() -> None:
    request = Request("a-1", body={"n": 1}, tier="gold", attributes={"x": 1}, submitted_at="2026-06-03T12:00:00Z")
    assert parse_request(request.to_json()) == request
    assert parse_request('{"id": "a", "body": null}').body is None


def test_the_bundle_is_the_same_bytes_for_the_same_code_and_runs_alone(tmp_path: Path) -> None:
    digests = [build_bundle(tmp_path / name) for name in ("a.zip", "b.zip")]
    assert digests[0] == digests[1]
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    # `unpack` runs from the zip itself; what it has opened serves the worker. -S: no site packages.
    opened = tmp_path / "runtime"
    first = (
        "import sys, pathlib, headway_runtime.unpack as u;"
        "u.open_bundle(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))"
    )
    second = (
        "import boto3, headway_runtime.worker, headway_runtime.dispatcher as d;"
        "boto3.client('sqs', region_name='us-east-1'); boto3.client('batch', region_name='us-east-1');"
        "assert boto3.__file__.startswith(d.__file__.split('headway_runtime')[0])"
    )
    for path, code in ((tmp_path / "a.zip", first), (opened, second)):
        ran = subprocess.run(
            [sys.executable, "-S", "-c", code, str(tmp_path / "a.zip"), str(opened)],
            env={"PYTHONPATH": str(path)}, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "a.zip").stat().st_size < 4_000_000


def test_an_unchanged_bundle_is_not_written_again(tmp_path: Path) -> None:
    target = tmp_path / "runtime.zip"
    digest = build_bundle(target)
    written = target.stat().st_mtime_ns
    assert build_bundle(target) == digest
    assert target.stat().st_mtime_ns == written


def test_unpacking_opens_the_bundle_and_brings_an_archive_or_a_prefix(tmp_path: Path) -> None:
    import io
    import tarfile

    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("headway_runtime/x.py", "1")
    open_bundle(tmp_path / "b.zip", tmp_path / "runtime")
    assert (tmp_path / "runtime/headway_runtime/x.py").read_text() == "1"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        info = tarfile.TarInfo("model.json")
        info.size = 2
        tar.addfile(info, io.BytesIO(b"{}"))
    with account("us-east-1") as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="models")
        s3.put_object(Bucket="models", Key="a/model.tar.gz", Body=packed.getvalue())
        s3.put_object(Bucket="models", Key="b/weights/one.bin", Body=b"1")
        bring_artifact(s3, "s3://models/a/model.tar.gz", tmp_path / "one")
        bring_artifact(s3, "s3://models/b", tmp_path / "two")
    assert (tmp_path / "one/model.json").read_bytes() == b"{}"
    assert (tmp_path / "two/weights/one.bin").read_bytes() == b"1"
