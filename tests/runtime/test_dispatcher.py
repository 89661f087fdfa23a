"""The dispatcher against queues and jobs as AWS keeps them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headway_rehearsal.account import account
from headway_runtime import dispatcher
from headway_runtime.jobs import Submit
from headway_runtime.ledger import Ledger
from headway_runtime.reconcile import Decision, reconcile
from headway_runtime.report import Report
from headway_runtime.settings import Departures, DispatcherSettings, Pool, WorkerSettings

NOON = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@dataclass
class Fleet:
    """A dispatcher's surroundings."""

    clients: dispatcher.Clients
    settings: DispatcherSettings

    @property
    def sqs(self) -> Any:
        return self.clients.sqs

    @property
    def batch(self) -> Any:
        return self.clients.batch

    def send(self, count: int) -> None:
        for n in range(count):
            self.sqs.send_message(QueueUrl=self.settings.queue_url, MessageBody=json.dumps({"id": f"r{n}", "body": n}))

    def tick(self, at: datetime = NOON) -> dict[str, Any]:
        return dispatcher.tick(at, self.settings, self.clients)

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
            last_call_s=4800, promise_s=7200,
        )  # fmt: skip
        settings = DispatcherSettings(
            name="fleet", timezone="UTC", queue_url=url, departures=(hourly,),
            pools={"g5": Pool(queues["spot"], queues["ondemand"], "worker")}, bucket="results",
        )  # fmt: skip
        aws.client("s3").create_bucket(Bucket="results")
        yield Fleet(dispatcher.Clients(aws.client("sqs"), batch, aws.client("s3"), aws.client("events")), settings)


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

    fleet.tick(NOON - timedelta(minutes=30))
    fleet.send(3)
    fleet.tick(NOON + timedelta(seconds=90))
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    (metrics,) = line["_aws"]["CloudWatchMetrics"]
    assert [metric["Name"] for metric in metrics["Metrics"]] == list(dispatcher.METRICS)
    assert set(dispatcher.METRICS) < set(BATCH.metrics)
    assert (metrics["Namespace"], metrics["Dimensions"]) == ("Headway", [["Fleet"]])
    assert (line["Fleet"], line["Waiting"], line["SecondsBehind"]) == ("fleet", 3, 90)
    assert (line["Departures"], line["SubmittedWorkers"], line["LivingWorkers"]) == (1, 1, 0)
    fleet.tick(NOON + timedelta(seconds=150))
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["Departures"], line["SubmittedWorkers"], line["LivingWorkers"]) == (0, 0, 1)


def test_settings_go_through_the_environment_unchanged(fleet: Fleet) -> None:
    assert DispatcherSettings.from_json(fleet.settings.to_json()) == fleet.settings
    worker = WorkerSettings("q", "b", 8, 120, 3, 90.0, 6.4, "fleet", serve=("serve",))
    assert WorkerSettings.from_json(worker.to_json()) == worker
    with pytest.raises(ValueError, match="HEADWAY_SETTINGS"):
        WorkerSettings.from_json("[]")


class Recorder:
    """A Batch that lists and describes what it is told to, and records what it is asked to do."""

    def __init__(self, *rows: dict[str, Any], children: dict[str, list[dict[str, Any]]] | None = None) -> None:
        self.rows, self.children, self.submitted, self.ended = list(rows), children or {}, [], []

    def list_jobs(self, **asked: Any) -> dict[str, Any]:
        if "arrayJobId" in asked:
            found = [row for row in self.children[asked["arrayJobId"]] if row["status"] == asked["jobStatus"]]
        else:
            found = [row for row in self.rows if row["queue"] == asked["jobQueue"]]
        start = int(asked.get("nextToken", 0))
        more = {"nextToken": str(start + 2)} if start + 2 < len(found) else {}
        return {"jobSummaryList": found[start : start + 2], **more}

    def describe_jobs(self, jobs: list[str]) -> dict[str, Any]:
        assert len(jobs) <= 100
        described = []
        for identity in jobs:
            summary: dict[str, int] = {"RUNNING": 0}
            for row in self.children.get(identity, []):
                summary[row["status"]] = summary.get(row["status"], 0) + 1
            described.append({"jobId": identity, "arrayProperties": {"statusSummary": summary}})
        return {"jobs": described}

    def submit_job(self, **asked: Any) -> None:
        self.submitted.append(asked)

    def terminate_job(self, **asked: Any) -> None:
        self.ended.append(asked["jobId"])


def listed(status: str, *, size: int = 0, reason: str = "", at: datetime = NOON, queue: str = "s") -> dict[str, Any]:
    array = {"arrayProperties": {"size": size}} if size else {}
    name = f"fleet-g5-{at:%Y%m%dT%H%MZ}-spot-0"
    return {
        "jobId": f"{status}{size}{at:%H%M}", "jobName": name, "status": status, "statusReason": reason, "queue": queue,
        **array,
    }  # fmt: skip


def seen(fleet: Fleet, batch: Recorder, at: datetime = NOON) -> list[dict[str, int]]:
    settings = replace(fleet.settings, pools={"g5": Pool("s", "o", "worker")})
    return [dict(job.workers) for job in dispatcher.observe(at, settings, fleet.sqs, batch).jobs]


def test_a_new_array_counts_as_its_size_before_its_children_are_there(fleet: Fleet) -> None:
    assert seen(fleet, Recorder(listed("SUBMITTED", size=50))) == [{"SUBMITTED": 50}]


def test_workers_that_last_call_ended_are_told_from_those_that_died(fleet: Fleet) -> None:
    array = listed("FAILED", size=4)
    children = [
        {"jobId": "0", "status": "FAILED", "statusReason": dispatcher.LAST_CALL},
        {"jobId": "1", "status": "FAILED", "statusReason": "Host EC2 (instance i-1) terminated."},
        {"jobId": "2", "status": "FAILED", "statusReason": dispatcher.LAST_CALL},
        {"jobId": "3", "status": "SUCCEEDED"},
    ]
    assert seen(fleet, Recorder(array, children={array["jobId"]: children})) == [
        {"FAILED": 1, "SUCCEEDED": 1, "CALLED_OFF": 2}
    ]
    whole = listed("FAILED", size=4, reason=dispatcher.LAST_CALL)
    ended = [{"jobId": str(index), "status": "FAILED"} for index in range(4)]
    assert seen(fleet, Recorder(whole, children={whole["jobId"]: ended})) == [{"CALLED_OFF": 4}]
    assert seen(fleet, Recorder(listed("FAILED", reason=dispatcher.LAST_CALL))) == [{"CALLED_OFF": 1}]
    assert seen(fleet, Recorder(listed("FAILED", reason="Essential container in task exited"))) == [{"FAILED": 1}]


def test_every_page_of_every_queue_is_read_and_each_job_counts_once(fleet: Fleet) -> None:
    rows = [listed("RUNNING", at=NOON - timedelta(hours=hours), queue="so"[hours % 2]) for hours in range(7)]
    assert len(seen(fleet, Recorder(*rows))) == 7


def test_more_than_a_hundred_arrays_are_described_in_parts(fleet: Fleet) -> None:
    rows = [listed("PENDING", size=2, at=NOON - timedelta(minutes=minutes)) for minutes in range(150)]
    children = {
        row["jobId"]: [{"jobId": "0", "status": "RUNNING"}, {"jobId": "1", "status": "RUNNABLE"}] for row in rows
    }
    assert seen(fleet, Recorder(*rows, children=children)) == [{"RUNNING": 1, "RUNNABLE": 1}] * 150


@pytest.mark.parametrize(
    ("workers", "sizes"),
    [(1, [0]), (2, [2]), (10_000, [10_000]), (10_001, [10_000, 0]), (25_000, [10_000, 10_000, 5000])],
)
def test_a_fleet_is_as_few_arrays_of_2_to_10000_as_hold_it_and_one_worker_a_plain_job(
    fleet: Fleet, workers: int, sizes: list[int]
) -> None:
    batch = Recorder()
    submit = Submit("fleet-g5-20260603T1200Z-spot-0", "g5", "spot", workers, 7, "20260603T1200Z", 7200)
    dispatcher.act(NOON, fleet.settings, Decision((submit,)), batch)
    assert [one.get("arrayProperties", {}).get("size", 0) for one in batch.submitted] == sizes


def test_the_handler_takes_its_settings_from_the_environment_and_its_time_from_the_event(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_SETTINGS", fleet.settings.to_json())
    fleet.send(11)
    late = (NOON + timedelta(minutes=1)).isoformat()
    assert dispatcher.handler({"now": late}, None)["SubmittedWorkers"] == 2
    told = datetime.fromisoformat(dispatcher.handler({}, None)["now"])
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=10)
    (job, *_) = fleet.jobs()
    assert job.job_name == f"fleet-g5-{NOON:%Y%m%dT%H%MZ}-spot-0"


def test_nobody_is_replaced_for_what_arrives_after_last_call_has_ended_an_empty_departure(fleet: Fleet) -> None:
    fleet.send(1)
    fleet.tick()
    fleet.sqs.purge_queue(QueueUrl=fleet.settings.queue_url)
    assert fleet.tick(NOON + timedelta(minutes=20))["cancelled"] == [f"fleet-g5-{NOON:%Y%m%dT%H%MZ}-spot-0"]
    (job,) = fleet.jobs()
    assert job.job_stopped_reason == dispatcher.LAST_CALL
    job.status = "FAILED"
    fleet.send(1)
    assert fleet.tick(NOON + timedelta(minutes=30))["submitted"] == []


def test_two_ticks_at_once_send_one_fleet(fleet: Fleet) -> None:
    fleet.send(25)
    settings, ledger = fleet.settings, Ledger(fleet.clients.s3, "results", "fleet")
    seen = dispatcher.observe(NOON, settings, fleet.sqs, fleet.batch)
    decision = reconcile(NOON, settings, seen)
    done = [dispatcher.act(NOON, settings, decision, fleet.batch, ledger) for _ in range(2)]
    assert [len(one) for one in done] == [1, 0]
    assert len(fleet.jobs()) == 1
    # Whoever claimed and died is followed by a later tick.
    assert len(dispatcher.act(NOON + timedelta(minutes=2), settings, decision, fleet.batch, ledger)) == 1


def test_a_submission_that_fails_is_tried_by_the_next_tick(fleet: Fleet) -> None:
    fleet.send(3)
    broken = dispatcher.Clients(fleet.sqs, Refusing(fleet.batch), fleet.clients.s3, fleet.clients.events)
    with pytest.raises(ConnectionError):
        dispatcher.tick(NOON, fleet.settings, broken)
    assert fleet.tick(NOON + timedelta(minutes=1))["SubmittedWorkers"] == 1


class Refusing:
    """A Batch that lists, and takes no job."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def submit_job(self, **_: Any) -> None:
        raise ConnectionError("no route")


def test_a_new_process_remembers_a_departure_with_nothing_to_take(fleet: Fleet) -> None:
    fleet.tick()
    dispatcher.forget()
    fleet.send(3)
    assert fleet.tick(NOON + timedelta(minutes=30))["submitted"] == []


def test_the_end_of_a_departure_is_announced_once_with_counts_and_manifest(fleet: Fleet) -> None:
    told: list[dict[str, Any]] = []

    class Events:
        def put_events(self, **asked: Any) -> dict[str, Any]:
            told.extend(asked["Entries"])
            return {"FailedEntryCount": 0}

    fleet.clients = fleet.clients._replace(events=Events())
    fleet.send(25)
    fleet.tick()
    report = Report(fleet.clients.s3, "results", "fleet", f"{NOON:%Y%m%dT%H%MZ}")
    report.write_probes([{"probe": 0, "status": "done"}, {"probe": 1, "status": "failed", "error": "otherwise"}])
    report.write(
        [{"id": "a", "status": "done", "doubts": ["empty"]}, {"id": "b", "status": "failed", "error": "poison"}]
    )
    fleet.sqs.purge_queue(QueueUrl=fleet.settings.queue_url)
    assert fleet.tick(NOON + timedelta(minutes=3))["finished"] == []
    (array,) = fleet.jobs()
    array.status = "SUCCEEDED"
    for child in array._child_jobs:
        child.status = "SUCCEEDED"
    ended = [fleet.tick(NOON + timedelta(minutes=minutes))["finished"] for minutes in (4, 5)]
    dispatcher.forget()
    ended.append(fleet.tick(NOON + timedelta(minutes=9))["finished"])
    assert ended == [[f"{NOON:%Y%m%dT%H%MZ}"], [], []]
    (event,) = told
    detail = json.loads(event["Detail"])
    assert (event["Source"], event["DetailType"]) == ("headway", "Departure Finished")
    assert (detail["done"], detail["failed"], detail["workers"]) == (1, 1, 3)
    assert (detail["doubtful"], detail["failed_probes"]) == (1, 1)
    key = detail["manifest"].removeprefix("s3://results/")
    manifest = json.loads(fleet.clients.s3.get_object(Bucket="results", Key=key)["Body"].read())
    assert [(one["done"], one["failed"], one["doubtful"]) for one in manifest["files"]] == [(1, 1, 1)]


def test_nobody_is_told_of_an_end_before_two_more_ticks_have_seen_it(fleet: Fleet) -> None:
    fleet.send(3)
    fleet.tick()
    fleet.sqs.purge_queue(QueueUrl=fleet.settings.queue_url)
    fleet.jobs()[0].status = "SUCCEEDED"
    ended = [fleet.tick(NOON + timedelta(minutes=minutes))["finished"] for minutes in (1, 2)]
    assert ended == [[], [f"{NOON:%Y%m%dT%H%MZ}"]]


def test_whoever_is_sent_in_the_place_of_the_dead_asks_no_probes(fleet: Fleet) -> None:
    fleet.send(3)
    fleet.tick()
    (died,) = fleet.jobs()
    died.status = "FAILED"
    fleet.tick(NOON + timedelta(minutes=5))
    told = [
        {
            one["name"]: one["value"]
            for one in job.headway_overrides["taskProperties"][0]["containers"][0]["environment"]
        }
        for job in fleet.jobs()
    ]
    assert sorted(one.get("HEADWAY_PROBES", "yes") for one in told) == ["no", "yes"]


def test_the_reason_for_on_demand_stays_with_the_job_the_log_the_event_and_the_manifest(fleet: Fleet) -> None:
    fleet.send(12)
    fleet.tick()
    (spot,) = fleet.jobs()
    for child in spot._child_jobs:
        child.status, child.job_stopped_reason = "RUNNABLE", "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
    why = "2 spot workers had not started at last call: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
    report = fleet.tick(NOON + timedelta(minutes=20))
    assert [(one["reason"], one["replaces"]) for one in report["submitted"]] == [(why, (spot.job_id,))]
    (taken_over,) = [job for job in fleet.jobs() if job is not spot]
    told = taken_over.headway_overrides["taskProperties"][0]["containers"][0]["environment"]
    assert {"name": "HEADWAY_REASON", "value": why} in told
    # Batch keeps its own words with what was ended, behind those by which it is told from what died.
    ended = {child.job_stopped_reason for child in spot._child_jobs} | {spot.job_stopped_reason}
    assert "last call: its work went on-demand: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY" in ended
    # To a process that knows nothing, when all have ended.
    dispatcher.forget()
    for job in (spot, taken_over):
        for one in (job, *job._child_jobs):
            one.status = "SUCCEEDED"
    assert fleet.tick(NOON + timedelta(minutes=50))["finished"] == [f"{NOON:%Y%m%dT%H%MZ}"]
    ledger = Ledger(fleet.clients.s3, "results", "fleet")
    found = fleet.clients.s3.get_object(Bucket="results", Key=ledger.manifest_key(f"{NOON:%Y%m%dT%H%MZ}"))
    kept = [{"workers": 2, "reason": why, "replaces": [spot.job_id]}]
    assert json.loads(found["Body"].read())["on_demand"] == kept
    recalled = fleet.clients.s3.get_object(Bucket="results", Key="departures/fleet/on-demand.json")
    assert json.loads(recalled["Body"].read()) == [{"departure": f"{NOON:%Y%m%dT%H%MZ}", "on_demand": kept}]


def test_why_a_plain_job_failed_is_what_batch_and_its_container_say(fleet: Fleet) -> None:
    row = listed("FAILED", reason="Essential container in task exited")
    row |= {"container": {"reason": "OutOfMemoryError: Container killed due to memory usage"}}
    settings = replace(fleet.settings, pools={"g5": Pool("s", "o", "worker")})
    (job,) = dispatcher.observe(NOON, settings, fleet.sqs, Recorder(row)).jobs
    assert job.reasons == (
        "Essential container in task exited: OutOfMemoryError: Container killed due to memory usage",
    )
