"""What AWS would refuse is refused, and what pulumi-aws does not know or must be given, by its own types."""

from collections.abc import Iterator
from typing import Any

import pytest

from headway_rehearsal.account import account
from headway_rehearsal.provider.differences import replaced_by
from headway_rehearsal.provider.types import arguments_of, unknown
from headway_rehearsal.resources import TABLE
from headway_rehearsal.resources.base import Aws

ENDPOINT = TABLE["aws:sagemaker/endpoint:Endpoint"]


@pytest.fixture
def aws() -> Iterator[Aws]:
    with account("us-east-1") as one:
        yield one


def configured(aws: Aws, name: str, instance_type: str) -> dict[str, Any]:
    """A configuration, and the inputs of an endpoint that uses it."""
    sagemaker = aws.client("sagemaker")
    variant = {"VariantName": "all", "ModelName": "m", "InstanceType": instance_type, "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    return {"name": "live", "endpointConfigName": name}


def test_another_instance_type_of_an_autoscaled_variant_is_refused_and_of_a_fixed_one_is_not(aws: Aws) -> None:
    aws.client("sagemaker").create_model(
        ModelName="m", ExecutionRoleArn="arn:aws:iam::123456789012:role/r", PrimaryContainer={"Image": "i"}
    )
    small, same, large = (
        configured(aws, name, kind)
        for name, kind in (("a", "ml.g5.xlarge"), ("b", "ml.g5.xlarge"), ("c", "ml.g5.2xlarge"))
    )
    ENDPOINT.create(aws, "live", small)
    assert ENDPOINT.refuses is not None
    assert ENDPOINT.refuses(aws, "live", small, large) is None
    aws.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker", ResourceId="endpoint/live/variant/all", MinCapacity=1, MaxCapacity=4,
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
    )  # fmt: skip
    said = ENDPOINT.refuses(aws, "live", small, large)
    assert said is not None
    assert "its instance type may not change (ml.g5.xlarge to ml.g5.2xlarge)" in said
    assert ENDPOINT.refuses(aws, "live", small, same) is None, "a new model on the same instances"
    assert ENDPOINT.refuses(aws, "live", small, {}) is None, "its end"


@pytest.mark.parametrize(
    ("token", "inputs", "wrong"),
    [
        ("aws:batch/jobQueue:JobQueue", {"priority": 1}, ["aws:batch/jobQueue:JobQueue.state is missing"]),
        ("aws:sqs/queue:Queue", {"visibilityTimeout": 1}, ["aws:sqs/queue:Queue.visibilityTimeout"]),
        (
            "aws:batch/computeEnvironment:ComputeEnvironment",
            {"type": "MANAGED", "computeResources": {"type": "SPOT", "maxVcpus": 4, "subnets": [], "instanceTyps": []}},
            ["aws:batch/computeEnvironment:ComputeEnvironment.computeResources.instanceTyps"],
        ),
        (
            "aws:sns/topicSubscription:TopicSubscription",
            {"topic": "t", "protocol": "sqs"},
            ["aws:sns/topicSubscription:TopicSubscription.endpoint is missing"],
        ),
    ],
)
def test_a_property_that_is_misspelt_or_missing_at_any_depth_is_found(
    token: str, inputs: dict[str, Any], wrong: list[str]
) -> None:
    assert list(unknown(arguments_of(token), inputs, token)) == wrong


@pytest.mark.parametrize(
    ("token", "path", "anew"),
    [
        ("aws:sqs/queue:Queue", "visibilityTimeoutSeconds", False),
        ("aws:sqs/queue:Queue", "fifoQueue", True),
        ("aws:lambda/function:Function", "memorySize", False),
        ("aws:sagemaker/endpointConfiguration:EndpointConfiguration", "productionVariants[0].instanceType", True),
        ("aws:sagemaker/endpointConfiguration:EndpointConfiguration", "tags.team", False),
        ("aws:sagemaker/endpoint:Endpoint", "endpointConfigName", False),
        ("aws:sagemaker/endpoint:Endpoint", "name", True),
        ("aws:batch/computeEnvironment:ComputeEnvironment", "computeResources.instanceTypes[0]", False),
        ("aws:batch/computeEnvironment:ComputeEnvironment", "computeResources.maxVcpus", False),
        ("aws:batch/computeEnvironment:ComputeEnvironment", "type", True),
        ("aws:dynamodb/table:Table", "hashKey", True),
    ],
)
def test_each_property_says_whether_its_change_makes_the_resource_anew(token: str, path: str, *, anew: bool) -> None:
    assert replaced_by(TABLE[token], path) is anew
