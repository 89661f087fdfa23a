"""headway calibrate: a stack's past in AWS's documented answers, made into a file that its plan reads."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import ANY

from headway.account import batch_history, connect
from headway.account.calibrating import happened
from headway.account.resources import stack_resources
from headway.architectures.design import BatchDesign, ServerlessDesign
from headway.cli import run
from headway.errors import HeadwayError
from headway.observed.calibrating import calibrate
from headway.planning.calibration import read_calibration
from headway.planning.lock import Settings, plan_for, read_lock
from headway.prices import load_book
from headway.profile import load_profile
from tests.account.stubs import FakeAws

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
SPOT, ON_DEMAND = (
    f"arn:aws:batch:us-east-1:123456789012:job-queue/docs-g5-xlarge-b8-{market}-jobs-1a"
    for market in ("spot", "on-demand")
)
ENVIRONMENT = "docs-g5-xlarge-b8-spot-2b"


def tagged(aws: FakeAws, *arns: str) -> None:
    """Two pages, the second with the rest."""
    rows = [{"ResourceARN": arn, "Tags": [{"Key": "headway:stack", "Value": "prod"}]} for arn in arns]
    client = aws.on("resourcegroupstaggingapi")
    asked = {"TagFilters": [{"Key": "headway:stack", "Values": ["prod"]}], "ResourceTypeFilters": ANY}
    client.add_response("get_resources", {"PaginationToken": "p2", "ResourceTagMappingList": rows[:1]}, asked)
    client.add_response(
        "get_resources", {"PaginationToken": "", "ResourceTagMappingList": rows[1:]}, {**asked, "PaginationToken": "p2"}
    )


def jobs(count: int, *, missed: int = 0, lost: int = 0, purchase: str = "spot") -> list[dict[str, Any]]:
    """A departure an hour, one worker each: the first ``missed`` never started, the next ``lost`` lost their host."""
    found = []
    for place in range(count):
        at = END - timedelta(hours=count - place)
        created = int(at.timestamp() * 1000)
        job: dict[str, Any] = {
            "jobName": f"docs-g5-xlarge-b8-{at:%Y%m%dT%H%MZ}-{purchase}-0", "jobId": f"job-{place}", "jobQueue": SPOT,
            "jobDefinition": "d", "createdAt": created, "status": "SUCCEEDED", "startedAt": created + 250_000,
        }  # fmt: skip
        if place < missed:
            job |= {"status": "FAILED", "statusReason": "last call: its work went on-demand", "attempts": []}
            job["startedAt"] = 0
        else:
            gone = place < missed + lost
            job["attempts"] = [{
                "startedAt": created + 250_000, "stoppedAt": created + (550_000 if gone else 1_150_000),
                "statusReason": "Host EC2 (instance i-1) terminated." if gone else "Essential container in task exited",
                "taskProperties": [{"containerInstanceArn": f"arn:aws:ecs:us-east-1:1:container-instance/c/{place}",
                                    "containers": []}],
            }]  # fmt: skip
        found.append(job)
    return found


def listed(job: dict[str, Any]) -> dict[str, Any]:
    return {key: job[key] for key in ("jobName", "jobId", "createdAt", "status") if key in job}


def ending(
    place: int, at: datetime, cause: str = "instance was taken out of service in response to a user request"
) -> dict[str, Any]:
    return {
        "ActivityId": f"a{place}", "AutoScalingGroupName": f"{ENVIRONMENT}-asg-59cfd8b7", "Progress": 100, "Cause": cause,
        "Description": f"Terminating EC2 instance: i-{place}", "StartTime": at, "StatusCode": "Successful",
    }  # fmt: skip


def fleet(aws: FakeAws, rows: list[dict[str, Any]], *, linger: float = 90.0) -> None:
    """What Batch and Auto Scaling answer of one queue."""
    batch = aws.on("batch")
    asked = {"jobQueue": SPOT, "filters": [{"name": "AFTER_CREATED_AT", "values": [ANY]}]}
    asked["filters"] = ANY  # type: ignore[assignment]
    half = len(rows) // 2
    batch.add_response("list_jobs", {"jobSummaryList": [listed(job) for job in rows[:half]], "nextToken": "n"}, asked)
    batch.add_response(
        "list_jobs", {"jobSummaryList": [listed(job) for job in rows[half:]]}, {**asked, "nextToken": "n"}
    )
    latest = sorted(rows, key=lambda job: -job["createdAt"])
    for first in range(0, len(latest), 100):
        chunk = latest[first : first + 100]
        batch.add_response("describe_jobs", {"jobs": chunk}, {"jobs": [job["jobId"] for job in chunk]})
    batch.add_response(
        "describe_job_queues",
        {"jobQueues": [{"jobQueueName": "docs-g5-xlarge-b8-spot-jobs-1a", "jobQueueArn": SPOT, "state": "ENABLED", "priority": 1,
                        "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": f"arn:aws:batch:us-east-1:123456789012:compute-environment/{ENVIRONMENT}"}]}]},
        {"jobQueues": [SPOT]},
    )  # fmt: skip
    stops = [
        job["attempts"][-1]["stoppedAt"] / 1000
        for job in latest
        if job["attempts"] and "Host" not in job["attempts"][-1]["statusReason"]
    ]
    ends = [ending(place, datetime.fromtimestamp(stop + linger, UTC)) for place, stop in enumerate(stops)]
    taken = ending(999, END - timedelta(hours=1), "taken out of service in response to an EC2 health check")
    aws.on("autoscaling").add_response(
        "describe_scaling_activities", {"Activities": [taken, *ends]}, {"IncludeDeletedGroups": True}
    )


def spot_prices(aws: FakeAws, price: float) -> None:
    rows = [
        {"AvailabilityZone": f"us-east-1{'ab'[place % 2]}", "InstanceType": "g5.xlarge", "ProductDescription": "Linux/UNIX",
         "SpotPrice": f"{price:.4f}", "Timestamp": END - timedelta(hours=place)}
        for place in range(24)
    ]  # fmt: skip
    aws.on("ec2").add_response(
        "describe_spot_price_history", {"SpotPriceHistory": rows, "NextToken": ""},
        {"InstanceTypes": ["g5.xlarge"], "ProductDescriptions": ["Linux/UNIX"], "StartTime": ANY, "EndTime": ANY},
    )  # fmt: skip


def messages(aws: FakeAws, received: float, sent: float) -> None:
    rows = [{"Id": f"q{place}", "Label": "x", "StatusCode": "Complete", "Timestamps": [END - timedelta(hours=1)], "Values": [value]}
            for place, value in enumerate((received, sent))]  # fmt: skip
    aws.on("cloudwatch").add_response("get_metric_data", {"MetricDataResults": rows})


def batch_design() -> BatchDesign:
    design = read_lock(Path("stacks/plans/prod.json")).plan.design
    assert isinstance(design, BatchDesign)
    return design


QUEUE = "arn:aws:sqs:us-east-1:123456789012:docs-requests-3c"
DEAD = "arn:aws:sqs:us-east-1:123456789012:docs-dead-letters-4d"


def test_a_month_of_departures_becomes_launch_linger_misses_survival_price_and_retries(aws: FakeAws) -> None:
    tagged(aws, SPOT, QUEUE, DEAD)
    fleet(aws, jobs(150, missed=6, lost=3))
    price = float(load_book().instance("us-east-1", "g5.xlarge", "spot").usd)
    spot_prices(aws, price * 0.9)
    messages(aws, 20_400, 20_000)

    seen = happened(
        connect("calibrate", region="us-east-1"),
        "prod",
        batch_design(),
        load_book(),
        days=28,
        load_time_s=90,
        until=END,
    )
    found = calibrate(seen)

    rows = {row.name: row for row in found.calibration.rows}
    assert found.refused == ()
    assert rows["batch.launch"].value == 190  # 250 s to the start, of which 60 s pull the image.
    assert (rows["batch.linger"].value, rows["batch.linger"].observations) == (90, 141)
    assert (rows["spot.miss"].value, rows["spot.miss"].observations) == (0.04, 150)
    assert rows["spot.survival_15min"].value == pytest.approx(0.975, abs=0.002)
    assert rows["spot.price"].value == pytest.approx(0.9, abs=0.001)
    assert rows["batch.retry_share"].value == 0.02
    aws.all_asked()


def test_children_of_an_array_are_workers_and_one_that_was_retried_has_two_attempts(aws: FakeAws) -> None:
    (plain,) = jobs(1)
    second = {
        "startedAt": plain["createdAt"] + 700_000,
        "stoppedAt": plain["createdAt"] + 900_000,
        "container": {"containerInstanceArn": "other"},
    }
    child = {
        **plain,
        "jobId": "array:0",
        "attempts": [{**plain["attempts"][0], "statusReason": "Host EC2 (i-1) terminated."}, second],
    }
    batch = aws.on("batch")
    summary = {**listed(plain), "jobId": "array", "status": "PENDING", "arrayProperties": {"size": 2}}
    batch.add_response(
        "list_jobs", {"jobSummaryList": [summary, {**listed(plain), "jobId": "else", "jobName": "other-job"}]}
    )
    batch.add_response(
        "list_jobs", {"jobSummaryList": [{**listed(child)}]}, {"arrayJobId": "array", "jobStatus": "SUCCEEDED"}
    )
    batch.add_response("list_jobs", {"jobSummaryList": []}, {"arrayJobId": "array", "jobStatus": "FAILED"})
    batch.add_response("describe_jobs", {"jobs": [child]}, {"jobs": ["array:0"]})

    runs, cut = batch_history.worker_runs(connect("calibrate", region="us-east-1"), [SPOT], END)

    assert not cut
    assert [(run.first, run.interrupted, run.instance[-5:]) for run in runs] == [
        (True, True, "e/c/0"),
        (False, False, "other"),
    ]


def test_a_serverless_stack_tells_its_cold_starts(aws: FakeAws) -> None:
    profile = Path("stacks/profiles/contact-form.yaml")
    design = plan_for(load_profile(profile), Settings(profile=str(profile))).design
    assert isinstance(design, ServerlessDesign)
    tagged(
        aws,
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/form",
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/form2",
    )
    aws.on("application-autoscaling").add_response("describe_scaling_activities", {"ScalingActivities": []})
    for name in ("form", "form2"):
        aws.on("sagemaker").add_response("describe_endpoint", {
            "EndpointName": name, "EndpointArn": f"arn:aws:sagemaker:us-east-1:123456789012:endpoint/{name}", "EndpointConfigName": "c",
            "EndpointStatus": "InService", "CreationTime": END, "LastModifiedTime": END})  # fmt: skip
        serverless = {"MemorySizeInMB": 4096, "MaxConcurrency": 5} if name == "form" else None
        variant = {
            "VariantName": "AllTraffic",
            **({"ServerlessConfig": serverless} if serverless else {"InstanceType": "ml.m5.large"}),
        }
        aws.on("sagemaker").add_response("describe_endpoint_config", {
            "EndpointConfigName": "c", "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/c", "CreationTime": END,
            "ProductionVariants": [variant]})  # fmt: skip
    hours = [END - timedelta(hours=hour) for hour in range(1, 101)]
    series = {"q0": 1.0, "q1": 4e6, "q2": 4e6, "q3": 8e6, "q4": 4.0}
    aws.on("cloudwatch").add_response("get_metric_data", {"MetricDataResults": [
        {"Id": key, "Label": key, "StatusCode": "Complete", "Timestamps": hours, "Values": [value] * 100} for key, value in series.items()
    ]})  # fmt: skip

    seen = happened(
        connect("calibrate", region="us-east-1"), "prod", design, load_book(), days=7, load_time_s=0, until=END
    )
    rows = {row.name: row for row in calibrate(seen).calibration.rows}

    # 100 cold starts of 400 calls at four an hour: exp(-4 t / 3600) = 1/4.
    assert rows["serverless.idle_kept"].value == pytest.approx(1250, rel=0.01)
    assert rows["serverless.cold_start_variability"].value == pytest.approx(0.305, abs=0.01)


def test_the_router_tells_its_cold_starts_in_its_log_and_an_endpoint_its_scalings(aws: FakeAws) -> None:
    group = "arn:aws:logs:us-east-1:123456789012:log-group:moderation-router-logs-5e"
    function = "arn:aws:lambda:us-east-1:123456789012:function:moderation-router-6f"
    tagged(aws, group, function, "arn:aws:sagemaker:us-east-1:123456789012:endpoint/live")
    message = json.dumps({"type": "platform.report", "record": {"metrics": {"initDurationMs": 800.0, "durationMs": 5}}})
    aws.on("logs").add_response(
        "filter_log_events", {"events": [{"message": message}] * 40 + [{"message": "REPORT plain"}]},
        {"logGroupName": "moderation-router-logs-5e", "filterPattern": ANY, "startTime": ANY, "endTime": ANY},
    )  # fmt: skip
    hours = [END - timedelta(hours=hour) for hour in range(1, 101)]
    aws.on("cloudwatch").add_response("get_metric_data", {"MetricDataResults": [
        {"Id": "q0", "Label": "x", "StatusCode": "Complete", "Timestamps": hours, "Values": [6.0] * 100}]})  # fmt: skip
    rows = [
        {"ActivityId": str(place), "ServiceNamespace": "sagemaker", "ResourceId": f"endpoint/{'live' if place else 'other'}/variant/AllTraffic",
         "ScalableDimension": "sagemaker:variant:DesiredInstanceCount", "Cause": "monitor alarm", "StatusCode": "Successful",
         "Description": f"Setting desired instance count to {1 + place % 2}.", "StartTime": END - timedelta(hours=place),
         "EndTime": END - timedelta(hours=place) + timedelta(seconds=400 if place % 2 else 5)}
        for place in range(30)
    ]  # fmt: skip
    aws.on("application-autoscaling").add_response(
        "describe_scaling_activities", {"ScalingActivities": rows}, {"ServiceNamespace": "sagemaker"}
    )

    seen = happened(
        connect("calibrate", region="us-east-1"), "prod", batch_design(), load_book(), days=7, load_time_s=90, until=END
    )
    found = {row.name: row for row in calibrate(seen).calibration.rows}

    assert (found["router.cold_start"].value, found["router.cold_start"].observations) == (0.8, 40)
    assert found["endpoint.start"].value == 310  # 400 s, of which 90 s load the model.
    assert found["endpoint.start"].observations == 14


def test_nothing_with_the_tag_says_what_to_look_at(aws: FakeAws) -> None:
    aws.on("resourcegroupstaggingapi").add_response(
        "get_resources", {"PaginationToken": "", "ResourceTagMappingList": []}
    )
    with pytest.raises(HeadwayError, match="nothing in us-east-1 carries the tag headway:stack=prod"):
        stack_resources(connect("calibrate", region="us-east-1"), "prod")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree("stacks", tmp_path / "stacks")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_too_few_observations_write_nothing_and_name_the_count_needed(
    aws: FakeAws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tagged(aws, SPOT, QUEUE)
    fleet(aws, jobs(4))
    spot_prices(aws, 0.4)
    aws.stubbers.pop(("ec2", "us-east-1"))
    aws.on("ec2").add_response("describe_spot_price_history", {"SpotPriceHistory": []})
    messages(aws, 10, 10)

    assert run(["calibrate", "--stack", "prod", "--region", "us-east-1"]) == 1

    said = capsys.readouterr().err
    assert "stack prod cannot be calibrated yet: batch.launch: 4 starts of workers on fresh instances" in said
    assert "spot.miss: 4 departures on spot, 30 are needed" in said
    assert "batch.retry_share: 10 messages, 1000 are needed" in said
    assert not (project / "stacks/calibrations").exists()


def test_what_is_seen_too_rarely_now_keeps_its_old_row_with_its_old_dates(
    aws: FakeAws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for count, received in ((60, 20_400), (4, 3_000)):
        tagged(aws, SPOT, QUEUE)
        fleet(aws, jobs(count))
        aws.on("ec2").add_response("describe_spot_price_history", {"SpotPriceHistory": []})
        messages(aws, received, received)
        assert run(["calibrate", "--stack", "prod", "--region", "us-east-1", "--format", "json"]) == 2
        said = json.loads(capsys.readouterr().out)

    assert said["kept"] == ["batch.launch", "batch.linger", "spot.miss", "spot.survival_15min"]
    assert [change["name"] for change in said["changes"]] == ["batch.retry_share"]
    kept = read_calibration(project, "prod")
    assert kept is not None
    assert {row.name: row.observations for row in kept.rows}["batch.launch"] == 60
    assert {row.name: row.observations for row in kept.rows}["batch.retry_share"] == 3_000


def test_what_was_observed_reaches_the_lock_of_the_stack_once_somebody_locks_it(
    aws: FakeAws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (project / "stacks/plans/prod.json").read_bytes()
    tagged(aws, SPOT, QUEUE)
    fleet(aws, jobs(60), linger=400)
    aws.on("ec2").add_response("describe_spot_price_history", {"SpotPriceHistory": []})
    messages(aws, 20_400, 20_000)

    assert run(["calibrate", "--stack", "prod"]) == 2  # Too few changes of the spot price.
    assert "Seen too rarely" in capsys.readouterr().out
    assert (project / "stacks/plans/prod.json").read_bytes() == before
    assert run(["lock", "--stack", "prod", "--check"]) == 0
    assert run(["lock", "--stack", "prod"]) == 0

    used = {row.name: row for row in read_lock(project / "stacks/plans/prod.json").plan.assumptions}
    assert (used["batch.linger"].value, used["batch.linger"].observations) == ("400 (400 to 400)", 60)
    assert used["spot.price"].observations is None


def test_a_refusal_half_way_leaves_the_old_calibration(
    aws: FakeAws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project / "stacks/calibrations/prod.json"
    path.parent.mkdir()
    old = '{"stack": "prod", "rows": []}'
    path.write_text(old, encoding="utf-8")
    tagged(aws, SPOT)
    aws.on("batch").add_client_error("list_jobs", "ThrottlingException", "Rate exceeded")

    assert run(["calibrate", "--stack", "prod"]) == 1

    assert capsys.readouterr().err.startswith("error: AWS throttled batch:ListJobs and retries did not help")
    assert path.read_text(encoding="utf-8") == old


def test_a_stack_that_is_not_locked_has_nothing_to_calibrate(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "stacks/plans/prod.json").unlink()
    assert run(["calibrate", "--stack", "prod"]) == 1
    assert "stack prod is not locked" in capsys.readouterr().err
