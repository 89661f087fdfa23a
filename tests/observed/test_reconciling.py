"""What was put into a bill is found again in it: traffic, spot price, start-up; and what nothing explains is the rest."""

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.architectures import Workload
from headway.bill.pricing import Pricing
from headway.errors import HeadwayError
from headway.observed.reconciling import Reconciliation, Usage, reconcile
from headway.observed.responses import Response, Unknowns
from headway.observed.usage_types import Meter, meter_of
from headway.planning import plan
from headway.prices import load_book
from headway.profile import Profile, load_profile
from headway.traffic import build_demand

SINCE, UNTIL = date(2026, 10, 1), date(2026, 10, 29)
SHARE = 28 * 24 / 730
TYPES = {
    ("EC2", "spot"): ("Amazon Elastic Compute Cloud - Compute", "USE1-SpotUsage:{}"),
    ("EC2", "on_demand"): ("Amazon Elastic Compute Cloud - Compute", "BoxUsage:{}"),
    ("EBS", "gp3_storage"): ("EC2 - Other", "EBS:VolumeUsage.gp3"),
    ("VPC", "public_ipv4_in_use"): ("Amazon Virtual Private Cloud", "USE1-PublicIPv4:InUseAddress"),
    ("SageMakerHosting", "hosting"): ("Amazon SageMaker", "USE1-Host:{}"),
    ("SageMakerHosting", "data_processed"): ("Amazon SageMaker", "USE1-Hst:Data-Bytes-In"),
    ("SQS", "standard_requests"): ("Amazon Simple Queue Service", "USE1-Requests-RBP"),
    ("S3", "put_copy_post_list"): ("Amazon Simple Storage Service", "Requests-Tier1"),
    ("S3", "get_and_other"): ("Amazon Simple Storage Service", "Requests-Tier2"),
    ("S3", "standard_storage"): ("Amazon Simple Storage Service", "TimedStorage-ByteHrs"),
    ("Lambda", "requests_arm"): ("AWS Lambda", "USE1-Request-ARM"),
    ("Lambda", "duration_arm"): ("AWS Lambda", "USE1-Lambda-GB-Second-ARM"),
    ("CloudWatch", "alarm_standard"): ("AmazonCloudWatch", "CW:AlarmMonitorUsage"),
    ("CloudWatch", "logs_ingest_standard"): ("AmazonCloudWatch", "USE1-DataProcessing-Bytes"),
    ("CloudWatch", "logs_storage"): ("AmazonCloudWatch", "USE1-TimedStorage-ByteHrs"),
    ("DynamoDB", "on_demand_rru"): ("Amazon DynamoDB", "USE1-ReadRequestUnits"),
    ("DynamoDB", "on_demand_wru"): ("Amazon DynamoDB", "USE1-WriteRequestUnits"),
    ("DynamoDB", "storage_standard"): ("Amazon DynamoDB", "USE1-TimedStorage-ByteHrs"),
    ("APIGateway", "http_api"): ("Amazon API Gateway", "USE1-ApiGatewayHttpRequest"),
}  # fmt: skip
"""How AWS writes each meter: the scheduler and custom metrics carry no tags and are left out."""


@cache
def stack(name: str) -> tuple[Profile, Response]:
    profile = load_profile(Path(f"stacks/profiles/{name}.yaml"))
    made = plan(profile)
    assert made.design is not None
    assert made.chosen is not None
    assert made.chosen.bill is not None
    workload = Workload(profile, build_demand(profile), Pricing(load_book(), profile.region))
    return profile, Response.of(made.design, made.chosen.bill, workload)


def billed(name: str, **other: float) -> list[Usage]:
    """What AWS would bill for four weeks if the assumptions were these."""
    rows = []
    for meter, one in stack(name)[1].billed(Unknowns.assumed()._replace(**other)).items():
        if meter[:2] in TYPES:
            service, kind = TYPES[meter[0], meter[1]]
            rows.append(
                Usage(service=service, usage_type=kind.format(meter.instance_type), quantity=one.quantity * SHARE,
                      cost=Decimal(f"{one.amount * SHARE:.10f}"))
            )  # fmt: skip
    return rows


def reconciled(name: str, usage: list[Usage]) -> Reconciliation:
    profile, response = stack(name)
    return reconcile("prod", response, usage, profile, since=SINCE, until=UNTIL)


def seen(found: Reconciliation) -> dict[str, float]:
    return {one.assumption: one.seen for one in found.fitted}


@pytest.mark.parametrize(
    "name", ["loan-documents", "moderation", "photo-tags", "shop-recommendations", "transaction-risk"]
)
def test_a_bill_that_came_as_estimated_has_no_differences_and_asks_for_no_corrections(name: str) -> None:
    found = reconciled(name, billed(name))

    assert all(line.difference is None or abs(line.difference) < Decimal("0.02") for line in found.lines)
    assert abs(found.difference) < Decimal("0.05")
    assert seen(found)["traffic"] == pytest.approx(1, abs=0.01)
    assert (found.corrections, found.advice) == ((), ())


def test_more_traffic_is_told_from_dearer_spot_and_both_explain_the_spot_line() -> None:
    found = reconciled("loan-documents", billed("loan-documents", traffic=1.4, spot_price=1.25))

    assert seen(found)["traffic"] == pytest.approx(1.4, rel=0.03)
    assert seen(found)["spot price"] == pytest.approx(1.25, rel=0.03)
    spot = next(line for line in found.lines if line.meter == "EC2 spot g5.xlarge")
    assert {one.assumption for one in spot.because[:2]} == {"traffic", "spot price"}
    assert spot.rest is not None
    assert spot.difference is not None
    assert abs(spot.rest) < abs(spot.difference) / 10
    assert [(one.field, one.before, one.after) for one in found.corrections] == [
        ("traffic.shape[0].per_hour", 200.0, pytest.approx(280, rel=0.03)),
        ("traffic.shape[1].per_hour", 4.0, pytest.approx(5.6, rel=0.03)),
    ]
    assert found.advice == ("not as assumed: spot price; `headway calibrate --stack prod`, then lock again",)


def test_longer_starts_are_told_from_traffic_because_the_messages_did_not_change() -> None:
    found = reconciled("loan-documents", billed("loan-documents", start_up=1.6))

    assert seen(found)["traffic"] == pytest.approx(1, abs=0.02)
    assert seen(found)["start-up and linger"] == pytest.approx(1.6, rel=0.05)
    assert found.corrections == ()
    assert "start-up and linger" in found.advice[0]


def test_more_misses_move_hours_from_spot_to_on_demand() -> None:
    found = reconciled("loan-documents", billed("loan-documents", spot_miss=0.4))

    assert seen(found)["spot misses"] == pytest.approx(0.4, abs=0.04)
    line = next(line for line in found.lines if line.meter == "EC2 on demand g5.xlarge")
    assert line.because[0].assumption == "spot misses"


def test_a_line_with_a_cause_of_its_own_does_not_pull_the_others() -> None:
    usage = [row.model_copy(update={"quantity": row.quantity * 40, "cost": row.cost * 40})
             if row.usage_type.endswith("DataProcessing-Bytes") else row for row in billed("loan-documents")]  # fmt: skip

    found = reconciled("loan-documents", usage)

    assert seen(found)["traffic"] == pytest.approx(1, abs=0.05)
    logs = next(line for line in found.lines if line.meter == "CloudWatch logs ingest standard")
    assert logs.rest is not None
    assert logs.difference is not None
    assert logs.rest == pytest.approx(logs.difference, rel=Decimal("0.1"))


def test_what_the_bill_has_no_line_for_is_told_and_what_aws_does_not_tag_is_not_called_saved() -> None:
    extra = Usage(
        service="Amazon Virtual Private Cloud", usage_type="USE1-NatGateway-Hours", quantity=672, cost=Decimal("30.24")
    )
    found = reconciled("loan-documents", [*billed("loan-documents"), extra])

    lines = {line.meter: line for line in found.lines}
    assert found.not_estimated == Decimal("30.24")
    assert lines["Amazon Virtual Private Cloud USE1-NatGateway-Hours"].estimate is None
    assert lines["CloudWatch custom metric"].actual is None
    assert lines["CloudWatch custom metric"].difference is None


def test_larger_requests_show_in_the_bytes_that_endpoints_process() -> None:
    name = (
        "chat-assistant"
        if stack("chat-assistant")[0].model.request.mean > 10 * stack("chat-assistant")[0].model.response
        else "moderation"
    )
    usage = [row.model_copy(update={"quantity": row.quantity * 2, "cost": row.cost * 2})
             if "Data-Bytes" in row.usage_type else row for row in billed(name)]  # fmt: skip

    found = reconciled(name, usage)

    (change,) = [one for one in found.corrections if one.field == "model.request.mean"]
    assert change.after == pytest.approx(2 * stack(name)[0].model.request.mean, rel=0.15)


@settings(max_examples=15)
@given(traffic=st.floats(0.4, 3), start_up=st.floats(0.6, 2), price=st.floats(0.6, 2), miss=st.floats(0.02, 0.5))
def test_any_mix_is_found_again_within_its_error(traffic: float, start_up: float, price: float, miss: float) -> None:
    usage = billed("loan-documents", traffic=traffic, start_up=start_up, spot_price=price, spot_miss=miss)
    found = {one.assumption: one for one in reconciled("loan-documents", usage).fitted}

    for name, value in (("traffic", traffic), ("spot price", price), ("start-up and linger", start_up)):
        assert found[name].seen == pytest.approx(value, rel=0.12)
    assert found["spot misses"].seen == pytest.approx(miss, abs=0.08)


def test_a_period_without_days_and_a_bill_without_lines_are_refused() -> None:
    profile, response = stack("loan-documents")
    with pytest.raises(HeadwayError, match="the period has no days"):
        reconcile("prod", response, billed("loan-documents"), profile, since=SINCE, until=SINCE)
    with pytest.raises(HeadwayError, match="nothing was billed to stack prod from 2026-10-01 to 2026-10-29"):
        reconcile("prod", response, [], profile, since=SINCE, until=UNTIL)


@pytest.mark.parametrize(
    ("service", "usage_type", "meter"),
    [
        ("AmazonEC2", "APN1-SpotUsage:g5.xlarge", ("EC2", "spot", "g5.xlarge")),
        ("AmazonEC2", "UGW1-BoxUsage:m5.large", ("EC2", "on_demand", "m5.large")),
        ("AmazonS3", "EUC1-TimedStorage-ByteHrs", ("S3", "standard_storage", "")),
        ("AmazonCloudWatch", "EUC1-TimedStorage-ByteHrs", ("CloudWatch", "logs_storage", "")),
        ("AmazonSageMaker", "USE2-Host:ml.g5.12xlarge", ("SageMakerHosting", "hosting", "ml.g5.12xlarge")),
        ("AmazonSageMaker", "USE2-Notebk:ml.t3.medium", None),
        ("AWSQueueService", "USE1-Requests-FIFO-RBP", None),
        ("AmazonEC2", "DataTransfer-Out-Bytes", None),
    ],
)
def test_a_usage_type_is_the_meter_of_its_service_in_any_region(
    service: str, usage_type: str, meter: tuple[str, str, str] | None
) -> None:
    assert meter_of(service, usage_type) == (None if meter is None else Meter(*meter))
