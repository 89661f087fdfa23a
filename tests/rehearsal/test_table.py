"""The resource table: every type that a program registers is made, read back and deleted, and nothing passes unseen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headway import load_profile, plan
from headway_components import Inference
from headway_rehearsal.account import account
from headway_rehearsal.mocks import MotoMocks
from headway_rehearsal.resources import TABLE
from headway_rehearsal.resources.base import Aws
from headway_rehearsal.values import UnknownPropertyError
from tests.components.provisioned import provision

FOLDER = Path("stacks/profiles")


@pytest.fixture(
    scope="module",
    params=[
        "loan-documents",
        "fraud-check",
        "contact-form",
        "video-analysis",
        "photo-tags",
        "moderation",
        "shop-recommendations",
    ],
)
def made(request: pytest.FixtureRequest) -> Iterator[tuple[Aws, MotoMocks]]:
    chosen = plan(load_profile(FOLDER / f"{request.param}.yaml"))
    with account(chosen.prices.region) as aws:
        mocks = MotoMocks(aws)
        provision(lambda: Inference("work", {"plan": chosen}) and None, mocks)
        yield aws, mocks


def test_everything_that_was_registered_can_be_read_back(made: tuple[Aws, MotoMocks]) -> None:
    aws, mocks = made
    resources = [one for one in mocks.registered if one.type.startswith("aws:")]
    assert len(resources) >= 10
    for one in resources:
        assert TABLE[one.type].read(aws, one.id), one.type


def test_numbers_arrive_in_aws_as_the_program_gave_them(made: tuple[Aws, MotoMocks]) -> None:
    aws, mocks = made
    for function in mocks.of_type("aws:lambda/function:Function"):
        found = aws.client("lambda").get_function_configuration(FunctionName=function.id)
        assert found["MemorySize"] == function.inputs["memorySize"]
        assert found["Timeout"] == function.inputs["timeout"]
    for alarm in mocks.of_type("aws:cloudwatch/metricAlarm:MetricAlarm"):
        (found,) = aws.client("cloudwatch").describe_alarms(AlarmNames=[alarm.id])["MetricAlarms"]
        assert found["Threshold"] == alarm.inputs["threshold"]
        assert found["EvaluationPeriods"] == alarm.inputs["evaluationPeriods"]
    for queue in mocks.of_type("aws:sqs/queue:Queue"):
        found = aws.client("sqs").get_queue_attributes(QueueUrl=queue.id, AttributeNames=["All"])["Attributes"]
        assert int(found["MessageRetentionPeriod"]) == queue.inputs["messageRetentionSeconds"]
        assert "Policy" in found
    for environment in mocks.of_type("aws:batch/computeEnvironment:ComputeEnvironment"):
        rows = aws.client("batch").describe_compute_environments(computeEnvironments=[environment.id])
        (row,) = rows["computeEnvironments"]
        assert row["computeResources"]["maxvCpus"] == environment.inputs["computeResources"]["maxVcpus"]


def test_a_type_that_the_table_does_not_know_fails_loudly() -> None:
    import pulumi_aws as aws_

    with account("us-east-1") as aws, pytest.raises(Exception, match="is not in the resource table"):
        provision(lambda: aws_.kinesis.Stream("t", shard_count=1) and None, MotoMocks(aws))


@pytest.mark.parametrize("token", sorted(TABLE))
def test_a_property_that_the_table_does_not_know_fails_loudly(token: str) -> None:
    with account("us-east-1") as aws, pytest.raises((UnknownPropertyError, KeyError)) as caught:
        TABLE[token].create(aws, "x", {"surelyNoSuchProperty": 1})
    if caught.type is UnknownPropertyError:
        assert "surelyNoSuchProperty" in str(caught.value)


def test_a_data_source_that_the_table_does_not_know_fails_loudly() -> None:
    import pulumi_aws as aws_

    def program() -> None:
        aws_.get_availability_zones()

    with account("us-east-1") as aws, pytest.raises(Exception, match="not in the resource table"):
        provision(program, MotoMocks(aws))
