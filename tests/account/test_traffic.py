"""A week out of CloudWatch, answered as AWS documents GetMetricData."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from headway.account import connect
from headway.account.traffic import function_requests, pattern_of_metrics, queue_requests, queue_sizes
from headway.cli import run
from headway.cli import traffic as command
from headway.errors import HeadwayError
from headway.profile import load_profile
from tests.account.stubs import FakeAws
from tests.traffic.logs import office

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


def answer(start: datetime, end: datetime, step: timedelta, *, name: str = "q0") -> dict[str, Any]:
    """Counts of an office's week; nothing is recorded where nothing happened, as CloudWatch does."""
    moments = []
    moment = start
    while moment < end:
        moments.append(moment)
        moment += step
    hours = step / timedelta(hours=1)
    rates = [office(moment.weekday() * 24 + moment.hour) * hours for moment in moments]
    kept = [(moment, rate) for moment, rate in zip(moments, rates, strict=True) if rate > 0]
    return {"Id": name, "Timestamps": [moment for moment, _ in kept], "Values": [rate for _, rate in kept],
            "StatusCode": "Complete"}  # fmt: skip


def test_minutes_and_five_minutes_make_one_week(aws: FakeAws) -> None:
    stub = aws.on("cloudwatch")
    minutes, fives = NOW - timedelta(days=15, hours=-1, minutes=30), NOW - timedelta(days=63, hours=-1, minutes=30)
    half = minutes + timedelta(days=7)
    first = answer(minutes, half, timedelta(minutes=1)) | {"StatusCode": "PartialData"}
    stub.add_response("get_metric_data", {"MetricDataResults": [first], "NextToken": "more"})
    stub.add_response("get_metric_data", {"MetricDataResults": [answer(half, NOW, timedelta(minutes=1))]})
    stub.add_response("get_metric_data", {"MetricDataResults": [answer(fives, minutes, timedelta(minutes=5))]})
    account = connect("traffic cloudwatch", region="us-east-1")

    trace = pattern_of_metrics(account, function_requests("classify"), ZoneInfo("UTC"),
                               source="function classify", now=NOW).trace  # fmt: skip

    assert trace.weeks == pytest.approx(9, abs=0.2)
    assert trace.hourly[34] == pytest.approx(200, rel=0.01)
    assert trace.peak_factor == pytest.approx(1, abs=0.02)
    assert trace.arrival_variability is None
    aws.all_asked()


def test_a_queue_tells_the_sizes_of_its_messages(aws: FakeAws) -> None:
    stub = aws.on("cloudwatch")
    begin = NOW - timedelta(days=3)
    stub.add_response("get_metric_data", {"MetricDataResults": [answer(begin, NOW, timedelta(minutes=1))]})
    sizes = [{"Id": "q0", "Timestamps": [NOW], "Values": [3000.0], "StatusCode": "Complete"},
             {"Id": "q1", "Timestamps": [NOW], "Values": [90_000.0], "StatusCode": "Complete"}]  # fmt: skip
    stub.add_response("get_metric_data", {"MetricDataResults": sizes})
    account = connect("traffic cloudwatch", region="us-east-1")

    trace = pattern_of_metrics(account, queue_requests("jobs"), UTC_ZONE, source="queue jobs", now=NOW, days=3,
                               sizes=queue_sizes("jobs")).trace  # fmt: skip

    assert trace.request is not None
    assert (trace.request.mean, trace.request.max) == (3000, 90_000)


def test_an_empty_answer_says_so(aws: FakeAws) -> None:
    empty = {"MetricDataResults": [{"Id": "q0", "Timestamps": [], "Values": [], "StatusCode": "Complete"}]}
    for _ in range(2):
        aws.on("cloudwatch").add_response("get_metric_data", empty)

    with pytest.raises(HeadwayError, match="CloudWatch has counted nothing for queue jobs in 63 days in us-east-1"):
        pattern_of_metrics(connect("traffic cloudwatch", region="us-east-1"), queue_requests("jobs"), UTC_ZONE,
                           source="queue jobs", now=NOW)  # fmt: skip


UTC_ZONE = ZoneInfo("UTC")


def test_the_command_names_the_permission_that_is_missing(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "_now", lambda: NOW)
    aws.on("cloudwatch").add_client_error("get_metric_data", "AccessDenied", "User: arn:aws:iam::1:user/a is not "
                                          "authorized to perform: cloudwatch:GetMetricData", 403)  # fmt: skip

    assert run(["traffic", "cloudwatch", "--queue", "jobs", "--region", "us-east-1"]) == 1
    assert "AWS denied cloudwatch:GetMetricData to arn:aws:iam::1:user/a" in capsys.readouterr().err


def test_the_command_asks_for_one_of_three(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["traffic", "cloudwatch"]) == 1
    assert "one of --endpoint, --queue and --function" in capsys.readouterr().err


def test_an_endpoints_variants_are_counted_together_into_a_profile(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command, "_now", lambda: NOW)
    profile = tmp_path / "p.yaml"
    profile.write_text((Path(__file__).parents[2] / "stacks/profiles/fraud-check.yaml").read_text())
    variants = [{"VariantName": name, "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
                for name in ("blue", "green")]  # fmt: skip
    made = {"CreationTime": NOW, "EndpointConfigName": "config"}
    aws.on("sagemaker").add_response("describe_endpoint", {
        "EndpointName": "fraud", "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/fraud",
        "EndpointStatus": "InService", "LastModifiedTime": NOW, **made})  # fmt: skip
    aws.on("sagemaker").add_response("describe_endpoint_config", {
        "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/config",
        "ProductionVariants": variants, **made})  # fmt: skip
    begin = NOW - timedelta(days=8)
    both = [answer(begin, NOW, timedelta(minutes=1), name=name) for name in ("q0", "q1")]
    aws.on("cloudwatch").add_response("get_metric_data", {"MetricDataResults": both})

    told = run(
        ["traffic", "cloudwatch", "--endpoint", "fraud", "--days", "8", "--region", "us-east-1", "--into", str(profile)]
    )

    assert told == 0
    traffic = load_profile(profile).traffic
    assert traffic.hourly is not None
    # Monday 10:00 in the profile's own time zone, two variants of 200 an hour in UTC's office hours.
    assert max(traffic.hourly) == pytest.approx(400, rel=0.01)
    aws.all_asked()
