"""Every property that is registered, at any depth, is one that the provider has: a misspelt one is dropped in silence."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pulumi_aws
import pytest
from pulumi import _types

from headway import load_profile, plan
from headway_components import AsynchronousEndpoint, Inference, RealtimeEndpoint, ServerlessEndpoint, SpotBatch
from tests.components.designs import ASYNCHRONOUS, AUTOSCALED, BATCH, SERVERLESS
from tests.components.provisioned import Provisioned, provision

FOLDER = Path("stacks/profiles")


def arguments_of(token: str) -> type:
    """The provider's arguments class of a resource type (``aws:sqs/queue:Queue``)."""
    service, _, name = token.removeprefix("aws:").partition("/")
    module = getattr(pulumi_aws, {"lambda": "lambda_"}.get(service, service))
    resource = getattr(module, name.rsplit(":", 1)[1])
    # Where a nested type has taken the name, the resource's own arguments are called otherwise.
    home, name = inspect.getmodule(resource), resource.__name__
    found = getattr(home, f"{name}InitArgs", None) or getattr(home, f"{name}Args")
    assert isinstance(found, type)
    return found


def names_of(arguments: type) -> dict[str, Any]:
    """Pulumi's property names of an arguments class, with their types."""
    hints = _types.input_type_types(arguments)
    return {name: hints.get(name) for name in _types.input_type_py_to_pulumi_names(arguments).values()}


def nested(hint: Any) -> type | None:
    """The arguments class inside an Input, Optional or Sequence; None for plain values."""
    if isinstance(hint, type) and _types.is_input_type(hint):
        return hint
    for part in get_args(hint):
        found = nested(part)
        if found is not None:
            return found
    return None


def required_of(arguments: type) -> set[str]:
    """Pulumi's names of the properties that must be given."""
    renamed = _types.input_type_py_to_pulumi_names(arguments)
    parameters = inspect.signature(arguments.__init__).parameters.items()  # type: ignore[misc]
    return {renamed[name] for name, one in parameters if name in renamed and one.default is one.empty}


def unknown(arguments: type, inputs: dict[str, Any], where: str) -> Iterator[str]:
    """Properties that the provider does not have, and those that it must have and were not given."""
    known = names_of(arguments)
    yield from (f"{where}.{name} is missing" for name in sorted(required_of(arguments) - inputs.keys()))
    for name, value in inputs.items():
        if name not in known:
            yield f"{where}.{name}"
            continue
        inner = nested(known[name])
        if inner is None:
            continue
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield from unknown(inner, item, f"{where}.{name}")


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
