"""headway current: what runs, from SageMaker's, Auto Scaling's and CloudWatch's documented answers."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import ANY

from headway.account import connect
from headway.account.current import running
from headway.bill.pricing import Pricing
from headway.cli import run
from headway.observed.running import today
from headway.prices import load_book
from headway.profile import load_profile
from tests.account.stubs import FakeAws
from tests.account.test_measure import NAME, announce, configured, described

UNTIL = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
FIRST = datetime(2026, 11, 19, 9, tzinfo=UTC)
KEYS = ("calls", "per_instance", "latency", "samples", "gpu", "cpu")


def scaled(aws: FakeAws, *limits: tuple[int, int]) -> None:
    rows = [
        {"ServiceNamespace": "sagemaker", "ResourceId": f"endpoint/{NAME}/variant/main", "MinCapacity": least,
         "ScalableDimension": "sagemaker:variant:DesiredInstanceCount", "MaxCapacity": most,
         "RoleARN": "arn:aws:iam::123456789012:role/x", "CreationTime": FIRST}
        for least, most in limits
    ]  # fmt: skip
    aws.on("application-autoscaling").add_response(
        "describe_scalable_targets", {"ScalableTargets": rows},
        {"ServiceNamespace": "sagemaker", "ResourceIds": [f"endpoint/{NAME}/variant/main"],
         "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"},
    )  # fmt: skip


def metrics(aws: FakeAws, **series: list[float]) -> None:
    """A day's answer, in two pages: every other result comes on the second."""
    rows: list[dict[str, Any]] = []
    for place, key in enumerate(KEYS):
        values = series.get(key, [])
        times = [FIRST + timedelta(hours=hour) for hour in range(len(values))]
        rows.append({"Id": f"q{place}", "Label": key, "StatusCode": "Complete", "Values": values, "Timestamps": times})
    asked = {
        "MetricDataQueries": ANY,
        "StartTime": FIRST,
        "EndTime": FIRST + timedelta(days=1),
        "ScanBy": "TimestampAscending",
    }
    aws.on("cloudwatch").add_response("get_metric_data", {"MetricDataResults": rows[::2], "NextToken": "more"}, asked)
    aws.on("cloudwatch").add_response(
        "get_metric_data", {"MetricDataResults": rows[1::2]}, {**asked, "NextToken": "more"}
    )


def pricing() -> Pricing:
    return Pricing(load_book(), "us-east-1")


def test_a_scaled_endpoint_is_billed_for_its_instances_by_the_hour_and_its_floor_where_nobody_calls(
    aws: FakeAws,
) -> None:
    announce(aws, described(), configured(InstanceType="ml.g5.12xlarge", InitialInstanceCount=2))
    scaled(aws, (1, 4))
    metrics(aws, calls=[400.0] * 8, per_instance=[100.0] * 8, gpu=[40.0] * 24, cpu=[480.0] * 24)

    (one,) = running(connect("current", region="us-east-1"), [NAME], pricing(), days=1, until=UNTIL)

    assert (one.least, one.most, one.instances) == (1, 4, 1)
    assert one.mean_instances == pytest.approx((8 * 4 + 16 * 1) / 24)
    assert one.utilization == pytest.approx(0.10)  # 40 % of 400 %: four GPUs.
    assert one.bill.total.expected == pytest.approx(Decimal(2 * 730) * Decimal("7.09"), rel=Decimal("0.001"))
    aws.all_asked()


def test_a_fixed_endpoint_has_its_count_and_a_cpu_its_vcpus(aws: FakeAws) -> None:
    announce(
        aws,
        described(CurrentInstanceCount=3),
        configured(InstanceType="ml.m5.large", InitialInstanceCount=3, VolumeSizeInGB=30),
    )
    scaled(aws)
    metrics(aws, calls=[10.0] * 24, per_instance=[3.3] * 24, cpu=[50.0] * 24)

    (one,) = running(connect("current", region="us-east-1"), [NAME], pricing(), days=1, until=UNTIL)

    assert (one.mean_instances, one.utilization, one.requests_per_day) == (3, 0.25, 240)
    assert {line.meter for line in one.bill.lines} == {"hosting", "ml_storage_gp2"}


def test_a_serverless_endpoint_is_billed_by_its_calls_and_their_latency(aws: FakeAws) -> None:
    serverless = {"MemorySizeInMB": 4096, "MaxConcurrency": 5}
    told = described()
    told["ProductionVariants"] = [{"VariantName": "main", "CurrentServerlessConfig": serverless}]
    announce(aws, told, configured(ServerlessConfig=serverless))
    scaled(aws)
    metrics(aws, calls=[100.0] * 24, latency=[100 * 500_000.0] * 24, samples=[100.0] * 24)

    (one,) = running(connect("current", region="us-east-1"), [NAME], pricing(), days=1, until=UNTIL)

    assert (one.architecture, one.instance_type, one.mean_instances) == ("serverless", None, None)
    assert one.bill.total.expected == pytest.approx(Decimal("73000") * 2 * Decimal("0.00002"), rel=Decimal("0.001"))


def test_current_fills_the_profile_and_the_plan_tells_it(
    aws: FakeAws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text(Path("stacks/profiles/loan-documents.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    announce(aws, described(CurrentInstanceCount=9), configured(InstanceType="ml.g5.12xlarge", InitialInstanceCount=9))
    scaled(aws)
    cloudwatch = aws.on("cloudwatch")
    rows = [{"Id": f"q{place}", "Label": key, "StatusCode": "Complete", "Timestamps": [FIRST], "Values": [28.0]}
            for place, key in enumerate(KEYS)]  # fmt: skip
    cloudwatch.add_response("get_metric_data", {"MetricDataResults": rows})

    code = run(["current", "--endpoint", NAME, "--into", str(profile), "--format", "json"])

    said = json.loads(capsys.readouterr().out)
    assert code == 0
    assert said["written"]["changed"] == [
        "-current: {architecture: realtime, instance_type: ml.g5.12xlarge, count: 9, monthly_bill: 47000}",
        "+current: {architecture: realtime, instance_type: ml.g5.12xlarge, count: 9, monthly_bill: 46581, utilization: 0.07}",
    ]
    loaded = load_profile(profile).current
    assert loaded is not None
    assert (loaded.monthly_bill, loaded.utilization) == (46581, 0.07)


def test_endpoints_of_several_types_have_one_bill_and_no_type(aws: FakeAws) -> None:
    for kind in ("ml.g5.xlarge", "ml.m5.large"):
        announce(aws, described(), configured(InstanceType=kind, InitialInstanceCount=1))
        scaled(aws)
        metrics(aws)
    first = running(connect("current", region="us-east-1"), [NAME], pricing(), days=1, until=UNTIL)
    second = running(connect("current", region="us-east-1"), [NAME], pricing(), days=1, until=UNTIL)

    found = today([*first, *second], days=1)

    assert set(found.current) == {"architecture", "monthly_bill"}
    assert found.monthly_bill == first[0].bill.total.expected + second[0].bill.total.expected


def test_a_refusal_names_the_permission_and_leaves_the_profile(
    aws: FakeAws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = tmp_path / "profile.yaml"
    text = Path("stacks/profiles/loan-documents.yaml").read_text(encoding="utf-8")
    profile.write_text(text, encoding="utf-8")
    announce(aws, described(), configured(InstanceType="ml.g5.xlarge", InitialInstanceCount=1))
    aws.on("application-autoscaling").add_client_error("describe_scalable_targets", "AccessDeniedException", "no")

    assert run(["current", "--endpoint", NAME, "--into", str(profile)]) == 1

    assert capsys.readouterr().err == (
        "error: AWS denied application-autoscaling:DescribeScalableTargets: allow it; `headway current` needs it\n"
    )
    assert profile.read_text(encoding="utf-8") == text
