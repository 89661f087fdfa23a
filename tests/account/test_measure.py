"""headway measure: a load test within its budget, or what AWS measured by itself, filled into a profile."""

import io
import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody

from headway.account import AccountError, connect
from headway.account.measuring import load, targets
from headway.account.measuring.budget import Rate, make_budget
from headway.account.measuring.latency import latency_rows
from headway.account.measuring.payloads import Payload, read_payloads
from headway.account.measuring.recommended import recommended_rows
from headway.cli import run
from headway.errors import HeadwayError
from headway.observed.levels import measured_rows
from headway.prices import load_book
from headway.profile import load_profile
from headway_rehearsal.model_server import model_server, sample_requests
from tests.account.model_servers import server
from tests.account.stubs import FakeAws

FREE = Rate(Decimal(0), "free")
BODIES = (Payload(b'{"text": "a"}', "application/json"), Payload(b'{"text": "b"}', "application/json"))
NAME = "classifier"


def described(status: str = "InService", **extra: Any) -> dict[str, Any]:
    return {
        "EndpointName": NAME, "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/classifier",
        "EndpointConfigName": "classifier-7", "EndpointStatus": status, "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        "LastModifiedTime": datetime(2026, 1, 1, tzinfo=UTC),
        "ProductionVariants": [{"VariantName": "main", "CurrentInstanceCount": 1, "DesiredInstanceCount": 1, **extra}],
    }  # fmt: skip


def configured(**variant: Any) -> dict[str, Any]:
    row = {"VariantName": "main", "ModelName": "classifier", **variant}
    return {
        "EndpointConfigName": "classifier-7", "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/classifier-7",
        "ProductionVariants": [row],
    }  # fmt: skip


def announce(aws: FakeAws, told: dict[str, Any], config: dict[str, Any]) -> None:
    aws.on("sagemaker").add_response("describe_endpoint", told, {"EndpointName": NAME})
    aws.on("sagemaker").add_response(
        "describe_endpoint_config", config, {"EndpointConfigName": told["EndpointConfigName"]}
    )


def payload_folder(folder: Path, count: int = 4) -> Path:
    folder.mkdir()
    for place, request in enumerate(sample_requests(Path.cwd(), count)):
        (folder / f"{place}.json").write_text(json.dumps(request), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_a_server_with_two_places_never_seems_to_have_four_and_no_call_is_quicker_than_its_work() -> None:
    budget = make_budget([1, 2], [1, 2, 4], seconds=6, most_usd=Decimal(1), rate=FREE)
    with server(0.01, at_once=2) as url:
        levels = load.run(BODIES, targets.container(url, "m5.large").senders, budget)

    one, two = measured_rows("m5.large", levels)

    assert [one.batch, two.batch] == [1, 2]
    assert one.concurrency in (1, 2)
    assert two.concurrency in (1, 2)
    assert one.seconds >= 0.01
    assert two.seconds >= 0.02
    assert all(level.failed == 0 for level in levels)


@pytest.mark.slow
def test_a_load_test_ends_with_its_time_and_says_what_it_would_need() -> None:
    budget = make_budget([1], [1], seconds=1, most_usd=Decimal(1), rate=FREE)
    started = time.monotonic()
    with server(0.2) as url:
        levels = load.run(BODIES, targets.container(url, "m5.large").senders, budget)

    assert time.monotonic() - started < 10
    with pytest.raises(HeadwayError, match=r"\d calls were answered, 20 are needed"):
        measured_rows("m5.large", levels)


def test_a_model_that_only_fails_is_not_measured_and_its_answer_is_told() -> None:
    budget = make_budget([1], [1, 2], seconds=5, most_usd=Decimal(1), rate=FREE)
    with server(0, status=500) as url, pytest.raises(HeadwayError, match="every call failed: answered 500"):
        load.run(BODIES, targets.container(url, "m5.large").senders, budget)


def test_money_bounds_time_and_the_budget_says_both() -> None:
    rate = Rate(Decimal("1.2") / 3600, "1 x g5.xlarge at USD 1.20 an hour")
    budget = make_budget([8, 1], [2, 4], seconds=600, most_usd=Decimal("0.02"), rate=rate)

    assert budget.seconds == pytest.approx(60)
    assert budget.said == (
        "up to 1,200 calls within 60 s, batches of 1 and 8; 1, 2 and 4 at once; USD 0.02 at most "
        "(1 x g5.xlarge at USD 1.20 an hour)"
    )
    with pytest.raises(HeadwayError, match=r"--max-cost 0.0003 lasts 900 ms .*: 6 levels need 3 s at least"):
        make_budget([8, 1], [2, 4], seconds=600, most_usd=Decimal("0.0003"), rate=rate)


def test_an_endpoint_costs_its_instances_and_a_serverless_one_its_memory_for_every_caller(aws: FakeAws) -> None:
    announce(aws, described(), configured(InstanceType="ml.g5.xlarge", InitialInstanceCount=1))
    hosted = targets.endpoint(connect("measure", region="us-east-1"), NAME)
    rate = targets.rate(hosted, load_book(), "us-east-1", most_at_once=4)
    assert rate.usd_per_second is not None
    assert float(rate.usd_per_second) * 3600 == pytest.approx(1.408)

    serverless = targets.Target("endpoint x", "serverless-4GB", 1, hosted.senders)
    each = targets.rate(serverless, load_book(), "us-east-1", most_at_once=2).usd_per_second
    assert each == Decimal("0.00002") * 4 * 2


def test_what_is_sent_to_an_endpoint_is_counted_and_what_was_throttled_is_not(aws: FakeAws) -> None:
    announce(aws, described(), configured(InstanceType="ml.g5.xlarge", InitialInstanceCount=1))
    runtime = aws.on("sagemaker-runtime")
    asked = {"EndpointName": NAME, "Body": b'{"text": "a"}', "ContentType": "application/json"}
    for retries in (0, 0, 0, 3):
        body = StreamingBody(io.BytesIO(b"{}"), 2)
        answer = {"Body": body, "ResponseMetadata": {"RetryAttempts": retries}}
        runtime.add_response("invoke_endpoint", answer, asked)
    runtime.add_client_error("invoke_endpoint", "AccessDeniedException", "no")

    send = targets.endpoint(connect("measure", region="us-east-1"), NAME).senders()
    for _ in range(3):
        send(BODIES[0])
    with pytest.raises(load.CallError, match="throttled"):
        send(BODIES[0])
    with pytest.raises(AccountError, match="AWS denied sagemaker:InvokeEndpoint"):
        send(BODIES[0])
    aws.all_asked()


@pytest.mark.parametrize(
    ("told", "config", "said"),
    [
        (described("Updating"), configured(InstanceType="ml.g5.xlarge"), "is Updating, not InService"),
        (described(), configured(InstanceType="ml.g5.xlarge") | {"AsyncInferenceConfig": {"OutputConfig": {}}},
         "is asynchronous: it queues calls"),
    ],
)  # fmt: skip
def test_an_endpoint_that_cannot_be_measured_says_why(
    aws: FakeAws, told: dict[str, Any], config: dict[str, Any], said: str
) -> None:
    announce(aws, told, config)
    with pytest.raises(HeadwayError, match=said):
        targets.endpoint(connect("measure", region="us-east-1"), NAME)


def test_an_endpoint_that_is_not_there_is_named_with_its_region(aws: FakeAws) -> None:
    aws.on("sagemaker").add_client_error(
        "describe_endpoint", "ValidationException", 'Could not find endpoint "classifier".', 400
    )
    with pytest.raises(HeadwayError, match="no endpoint 'classifier' in us-east-1"):
        targets.endpoint(connect("measure", region="us-east-1"), NAME)


def test_inference_recommender_tells_seconds_and_by_littles_law_concurrency(aws: FakeAws) -> None:
    told = {
        "JobName": "job", "JobType": "Default", "JobArn": "arn:aws:sagemaker:us-east-1:123456789012:inference-recommendations-job/job",
        "RoleArn": "arn:aws:iam::123456789012:role/recommender", "Status": "COMPLETED",
        "CreationTime": datetime(2026, 1, 1, tzinfo=UTC), "LastModifiedTime": datetime(2026, 1, 1, tzinfo=UTC),
        "InputConfig": {"ModelName": "classifier"},
        "InferenceRecommendations": [
            {"Metrics": {"CostPerHour": 1.408, "CostPerInference": 0.00002, "MaxInvocations": 1200, "ModelLatency": 200},
             "EndpointConfiguration": {"EndpointName": "a", "VariantName": "a", "InstanceType": "ml.g5.xlarge",
                                       "InitialInstanceCount": 1},
             "ModelConfiguration": {}},
            {"Metrics": {"CostPerHour": 1.408, "CostPerInference": 0.00002, "MaxInvocations": 400, "ModelLatency": 350},
             "EndpointConfiguration": {"EndpointName": "b", "VariantName": "b", "InstanceType": "ml.g5.xlarge",
                                       "InitialInstanceCount": 1},
             "ModelConfiguration": {}},
            {"Metrics": {"CostPerHour": 0, "CostPerInference": 0.00003, "MaxInvocations": 60, "ModelLatency": 900,
                         "ModelSetupTime": 9000},
             "EndpointConfiguration": {"EndpointName": "c", "VariantName": "c",
                                       "ServerlessConfig": {"MemorySizeInMB": 4096, "MaxConcurrency": 10}},
             "ModelConfiguration": {}},
        ],
    }  # fmt: skip
    aws.on("sagemaker").add_response("describe_inference_recommendations_job", told, {"JobName": "job"})

    rows = [row.fields() for row in recommended_rows(connect("measure", region="us-east-1"), "job")]

    assert rows == [
        {"hardware": "g5.xlarge", "batch": 1, "seconds": 0.2, "concurrency": 4},
        {"hardware": "serverless-4GB", "batch": 1, "seconds": 0.9},
    ]


def test_a_recommender_job_that_failed_says_so(aws: FakeAws) -> None:
    told = {
        "JobName": "job", "JobType": "Default", "JobArn": "arn:aws:sagemaker:us-east-1:123456789012:inference-recommendations-job/job",
        "RoleArn": "arn:aws:iam::123456789012:role/recommender", "Status": "FAILED", "FailureReason": "no capacity",
        "CreationTime": datetime(2026, 1, 1, tzinfo=UTC), "LastModifiedTime": datetime(2026, 1, 1, tzinfo=UTC),
        "InputConfig": {"ModelName": "classifier"},
    }  # fmt: skip
    aws.on("sagemaker").add_response("describe_inference_recommendations_job", told)
    with pytest.raises(HeadwayError, match="job job is FAILED, not COMPLETED: no capacity"):
        recommended_rows(connect("measure", region="us-east-1"), "job")


def metric_answer(**series: list[float]) -> dict[str, Any]:
    keys = ("Sum", "SampleCount", "p50", "p99")
    times = [datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in range(24)]
    rows = [
        {"Id": f"q{place}", "Label": "ModelLatency", "StatusCode": "Complete", "Values": series[key],
         "Timestamps": times[: len(series[key])]}
        for place, key in enumerate(keys)
    ]  # fmt: skip
    return {"MetricDataResults": rows}


def test_cloudwatch_latencies_are_microseconds_weighed_by_the_calls_of_their_hours(aws: FakeAws) -> None:
    announce(aws, described(), configured(InstanceType="ml.g5.xlarge", InitialInstanceCount=1))
    aws.on("cloudwatch").add_response(
        "get_metric_data",
        metric_answer(
            Sum=[30 * 200_000.0, 10 * 400_000.0], SampleCount=[30.0, 10.0], p50=[190_000.0] * 2, p99=[380_000.0] * 2
        ),
    )

    (row,) = latency_rows(
        connect("measure", region="us-east-1"), NAME, days=14, until=datetime(2026, 11, 21, tzinfo=UTC)
    )

    assert row.fields() == {"hardware": "g5.xlarge", "batch": 1, "seconds": 0.25, "variability": 0.3}
    assert row.calls == 40


def test_an_endpoint_that_nobody_called_has_too_few_latencies(aws: FakeAws) -> None:
    announce(aws, described(), configured(InstanceType="ml.g5.xlarge", InitialInstanceCount=1))
    aws.on("cloudwatch").add_response("get_metric_data", metric_answer(Sum=[], SampleCount=[], p50=[], p99=[]))
    with pytest.raises(HeadwayError, match="answered 0 calls in 14 days, 20 are needed"):
        latency_rows(connect("measure", region="us-east-1"), NAME, days=14)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "holds no files"),
        ({"a.json": b""}, "a.json: is empty"),
        ({"a.bin": b"x" * 6_291_457}, "an endpoint takes 6.3 MB at most"),
    ],
)
def test_payloads_that_cannot_be_sent_are_refused_before_anything_is(
    tmp_path: Path, files: dict[str, bytes], said: str
) -> None:
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
    with pytest.raises(HeadwayError, match=said):
        read_payloads(tmp_path)


def test_pictures_are_not_sent_as_batches(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8")
    (picture,) = read_payloads(tmp_path)
    budget = make_budget([1, 8], [1], seconds=4, most_usd=Decimal(1), rate=FREE)

    assert picture.content_type == "image/jpeg"
    with pytest.raises(HeadwayError, match="these payloads are not JSON: measure --batches 1 alone"):
        load.run((picture,), lambda: lambda _: None, budget)


def test_pictures_go_one_by_one_unless_batches_are_asked_for_and_that_is_refused_before_the_budget(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8")
    with server(0.01) as url:
        command = ["measure", "--url", url, "--hardware", "g5.xlarge", "--payloads", str(tmp_path), "--time", "2s",
                   "--at-once", "1"]  # fmt: skip
        assert run([*command, "--yes", "--format", "json"]) == 0
        told = capsys.readouterr()
        assert run([*command, "--batches", "8"]) == 1
        refused = capsys.readouterr().err

    said = json.loads(told.out)
    assert {level["batch"] for level in said["levels"]} == {1}
    assert "batches were not tried: they are JSON lists, and these payloads are not JSON" in said["warnings"]
    assert refused == "error: batches are JSON lists and these payloads are not JSON: measure --batches 1 alone\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--payloads", "nowhere"], "--payloads nowhere: no such folder; a folder of request bodies"),
        (["--payloads", "a.json"], "--payloads a.json: is a file; a folder of request bodies"),
        (["--time", "2x"], "--time 2x: '2x': 'x' is no unit of time; use ms, s, m, h or d"),
        (["--max-cost", "-1"], "--max-cost -1: an amount in US dollars above 0 is needed, such as 0.50"),
        (["--max-cost", "nan"], "--max-cost nan: an amount in US dollars above 0 is needed, such as 0.50"),
        (["--max-cost", "lots"], "--max-cost lots: an amount in US dollars above 0 is needed, such as 0.50"),
        (["--batches", "1,a"], "--batches 1,a: whole numbers with commas between are needed, such as 1,2,4"),
        (["--at-once", ""], "--at-once : whole numbers with commas between are needed, such as 1,2,4"),
    ],
)
def test_a_wrong_word_is_told_before_anything_has_to_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("samples").mkdir()
    for path in ("a.json", "samples/a.json"):
        Path(path).write_text("{}")
    # Nothing listens at port 9.
    command = ["measure", "--url", "http://127.0.0.1:9", "--hardware", "g5.xlarge", "--payloads", "samples"]
    assert run([*command, *words, "--yes"]) == 1
    assert capsys.readouterr().err.startswith(f"error: {said}")


@pytest.mark.slow
def test_the_example_container_is_measured_into_a_profile_only_after_yes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = tmp_path / "profile.yaml"
    text = Path("stacks/profiles/loan-documents.yaml").read_text(encoding="utf-8")
    profile.write_text(text, encoding="utf-8")
    folder = payload_folder(tmp_path / "samples")
    with model_server(Path.cwd()) as url:
        command = ["measure", "--url", url, "--hardware", "g5.xlarge", "--payloads", str(folder), "--into", str(profile),
                   "--time", "4s", "--batches", "1,8", "--at-once", "1", "--format", "json"]  # fmt: skip
        assert run(command) == 1
        refused = capsys.readouterr()
        assert profile.read_text(encoding="utf-8") == text
        assert run([*command, "--yes"]) == 0

    said = json.loads(capsys.readouterr().out)
    rows = load_profile(profile).model.measured
    assert "up to 400 calls within 4 s, batches of 1 and 8; 1 at once; less than USD 0.01" in refused.err
    assert "nothing was sent: add --yes" in refused.err
    assert [(level["batch"], level["failed"]) for level in said["levels"]] == [(1, 0), (8, 0)]
    assert [(row.batch, row.seconds < 1) for row in rows] == [(1, True), (8, True)]


@pytest.mark.slow
def test_a_measurement_that_contradicts_the_profile_is_told_and_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = tmp_path / "profile.yaml"
    text = Path("stacks/profiles/loan-documents.yaml").read_text(encoding="utf-8")
    profile.write_text(text, encoding="utf-8")
    folder = payload_folder(tmp_path / "samples")
    with model_server(Path.cwd()) as url:
        code = run(["measure", "--url", url, "--hardware", "g5.xlarge", "--payloads", str(folder), "--time", "2s",
                    "--into", str(profile), "--batches", "16", "--at-once", "1", "--yes"])  # fmt: skip

    told = capsys.readouterr()
    assert code == 1
    assert "hardware: g5.xlarge, batch: 16" in told.out
    assert "is quicker than one of 8 (6.4 s)" in told.err
    assert profile.read_text(encoding="utf-8") == text
