"""Every property that is registered, at any depth, is one that the provider has: a misspelt one is dropped in silence."""

from pathlib import Path
from typing import Any

import pytest

from headway import load_profile, plan
from headway_components import AsynchronousEndpoint, Inference, RealtimeEndpoint, ServerlessEndpoint, SpotBatch
from headway_rehearsal.provider.types import arguments_of, unknown
from tests.components.designs import ASYNCHRONOUS, AUTOSCALED, BATCH, SERVERLESS
from tests.components.provisioned import Provisioned, provision

FOLDER = Path("stacks/profiles")


@pytest.fixture(scope="module", params=sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def made(request: pytest.FixtureRequest) -> Provisioned:
    chosen = plan(load_profile(request.param))
    return provision(lambda: Inference("work", {"plan": chosen}) and None)


def test_every_property_is_the_providers(made: Provisioned) -> None:
    resources = [one for one in made.resources if one.type.startswith("aws:")]
    assert resources
    assert [name for one in resources for name in unknown(arguments_of(one.type), one.inputs, one.type)] == []


def test_a_misspelt_property_is_found() -> None:
    arguments = arguments_of("aws:batch/jobQueue:JobQueue")
    inputs = {"priority": 1, "computeEnvironmentOrders": [{"order": 1, "computeEnvironmnt": "x"}], "stat": "ENABLED"}
    assert list(unknown(arguments, inputs, "queue")) == [
        "queue.state is missing",
        "queue.computeEnvironmentOrders.computeEnvironment is missing",
        "queue.computeEnvironmentOrders.computeEnvironmnt",
        "queue.stat",
    ]


WIRED = {
    "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/k",
    "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-1"],
}


@pytest.mark.parametrize(
    ("component", "design"),
    [
        (RealtimeEndpoint, AUTOSCALED),
        (ServerlessEndpoint, SERVERLESS),
        (AsynchronousEndpoint, ASYNCHRONOUS),
        (SpotBatch, BATCH),
    ],
)
def test_every_property_of_a_wired_component_is_the_providers(component: Any, design: Any) -> None:
    made = provision(lambda: component("work", {"design": design, **WIRED}) and None)
    resources = [one for one in made.resources if one.type.startswith("aws:")]
    assert [name for one in resources for name in unknown(arguments_of(one.type), one.inputs, one.type)] == []
