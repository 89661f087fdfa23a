"""The same readers against an AWS that holds a state: the stack as its program makes it, metrics and a bill as put in."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from headway.account import connect
from headway.account.arrivals import arrivals
from headway.account.current import running
from headway.account.resources import stack_resources
from headway.bill.pricing import Pricing
from headway.cli import run
from headway.planning.lock import read_lock
from headway.planning.stacks import stack_config
from headway.prices import load_book
from headway_rehearsal.account import account
from headway_rehearsal.provision import provision
from headway_rehearsal.resources.base import Aws
from tests.observed.test_reconciling import SINCE, UNTIL, billed

ROOT = Path.cwd()
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def aws() -> Iterator[Aws]:
    with account("us-east-1") as made:
        yield made


def put(aws: Aws, namespace: str, name: str, dimensions: dict[str, str], values: dict[datetime, float]) -> None:
    """A value at each time, twenty at once."""
    rows = [
        {"MetricName": name, "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
         "Timestamp": at + timedelta(minutes=5), "Value": value}
        for at, value in values.items()
    ]  # fmt: skip
    for first in range(0, len(rows), 20):
        aws.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=rows[first : first + 20])


@pytest.mark.slow
def test_what_the_program_makes_is_found_by_its_tag_and_its_queue_counts_what_came(aws: Aws) -> None:
    provision(ROOT / "__main__.py", "dev", stack_config(ROOT, "dev"), aws)

    resources = stack_resources(connect("drift", region="us-east-1"), "dev")
    queues = resources.names("sqs")
    requests = next(name for name in queues if "requests" in name)
    dead = next(name for name in queues if "dead" in name)
    aws.client("sqs").get_queue_url(QueueName=requests)  # A name that SQS knows.
    put(
        aws,
        "AWS/SQS",
        "NumberOfMessagesSent",
        {"QueueName": requests},
        {NOW - timedelta(hours=2): 30.0, NOW - timedelta(hours=1): 12.0},
    )
    put(aws, "AWS/SQS", "NumberOfMessagesSent", {"QueueName": dead}, {NOW - timedelta(hours=1): 99.0})
    design = read_lock(ROOT / "stacks/plans/dev.json").plan.design
    assert design is not None

    came = arrivals(connect("drift", region="us-east-1"), "dev", design, since=NOW - timedelta(hours=3), until=NOW)

    assert came == {NOW - timedelta(hours=2): 30.0, NOW - timedelta(hours=1): 12.0}
    assert any("dispatcher" in name for name in resources.names("lambda:function"))


def test_an_endpoint_as_sagemaker_holds_it_with_cloudwatchs_own_sums(aws: Aws) -> None:
    maker = aws.client("sagemaker")
    role = aws.client("iam").create_role(RoleName="model", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    maker.create_model(
        ModelName="m",
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/m:1"},
    )
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "m",
        "InstanceType": "ml.g5.xlarge",
        "InitialInstanceCount": 2,
        "InitialVariantWeight": 1,
    }
    maker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    maker.create_endpoint(EndpointName="live", EndpointConfigName="c")
    aws.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker", ResourceId="endpoint/live/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount", MinCapacity=1, MaxCapacity=4,
    )  # fmt: skip
    dimensions = {"EndpointName": "live", "VariantName": "AllTraffic"}
    hours = [NOW - timedelta(hours=hour) for hour in range(1, 7)]
    put(aws, "AWS/SageMaker", "Invocations", dimensions, dict.fromkeys(hours, 90.0))
    put(aws, "AWS/SageMaker", "InvocationsPerInstance", dimensions, dict.fromkeys(hours, 30.0))
    put(aws, "/aws/sagemaker/Endpoints", "GPUUtilization", dimensions, dict.fromkeys(hours, 25.0))

    (one,) = running(connect("current", region="us-east-1"), ["live"], Pricing(load_book(), "us-east-1"), days=1)

    assert (one.instance_type, one.least, one.most) == ("ml.g5.xlarge", 1, 4)
    assert one.mean_instances == pytest.approx((6 * 3 + 18 * 1) / 24)
    assert (one.requests_per_day, one.utilization) == (540, 0.25)


def test_a_bill_in_cost_explorer_is_reconciled(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    from moto.ce.models import ce_backends

    groups: list[dict[str, Any]] = [
        {"Keys": [row.service, row.usage_type],
         "Metrics": {"UnblendedCost": {"Amount": str(row.cost), "Unit": "USD"}, "UsageQuantity": {"Amount": str(row.quantity), "Unit": "N/A"}}}
        for row in billed("loan-documents", traffic=1.3)
    ]  # fmt: skip
    answer = {
        "ResultsByTime": [
            {"TimePeriod": {"Start": str(SINCE), "End": str(UNTIL)}, "Total": {}, "Groups": groups, "Estimated": False}
        ]
    }
    ce_backends[aws.account]["aws"].cost_usage_results_queue.append(answer)

    run(
        [
            "reconcile",
            "stacks/profiles/loan-documents.yaml",
            "--stack",
            "prod",
            "--from",
            str(SINCE),
            "--to",
            str(UNTIL),
            "--format",
            "json",
        ]
    )

    said = json.loads(capsys.readouterr().out)
    assert Decimal(said["actual"]) == pytest.approx(
        sum(row.cost for row in billed("loan-documents", traffic=1.3)), abs=Decimal("0.02")
    )
    assert next(one["seen"] for one in said["fitted"] if one["assumption"] == "traffic") == pytest.approx(1.3, rel=0.03)


COMMANDS = {
    "measure": ["measure", "--endpoint", "live", "--cloudwatch"],
    "current": ["current", "--endpoint", "live"],
    "calibrate": ["calibrate", "--stack", "prod"],
    "reconcile": ["reconcile", "stacks/profiles/loan-documents.yaml", "--stack", "prod", "--from", str(SINCE), "--to", str(UNTIL)],
    "drift": ["drift", "--stack", "prod"],
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_without_credentials_every_command_says_so_in_one_line(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    assert run(COMMANDS[command]) == 1

    said = capsys.readouterr().err
    assert said.startswith("error: no AWS credentials were found")
    assert said.count("\n") == 1
