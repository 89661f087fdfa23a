"""The key policy that the components' README asks of a key's owner: whoever opens what is encrypted is let in by it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from headway_components import AsynchronousEndpoint, FeatureStore, MicroBatch, RealtimeEndpoint, SpotBatch
from tests.components import designs
from tests.components.provisioned import Provisioned, Registered, provision
from tests.permissions.evaluator import ACCOUNT, KEY_USE, REGION, Need, applies, arn, listed
from tests.permissions.stacks import FED, KEY, SCENARIOS, STORED
from tests.permissions.test_resource_policies import STRANGER, Case, less, of_alarms

README = Path(__file__).parents[2] / "components" / "README.md"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
LINKED = [f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{name}" for name in
          ("autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", "spot.amazonaws.com/AWSServiceRoleForEC2Spot")]  # fmt: skip
OPENED_BY: Mapping[str, tuple[str, ...]] = {
    "aws:sqs/queue:Queue": ("RolesByTheirOwnPolicies",),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "RolesByTheirOwnPolicies",
    ),
    "aws:dynamodb/table:Table": ("RolesByTheirOwnPolicies",),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": ("RolesByTheirOwnPolicies",),
    "aws:lambda/function:Function": ("RolesByTheirOwnPolicies",),
    "aws:scheduler/schedule:Schedule": ("RolesByTheirOwnPolicies",),
    "aws:iam/rolePolicy:RolePolicy": ("RolesByTheirOwnPolicies",),
    "aws:cloudwatch/logGroup:LogGroup": ("LogGroups",),
    "aws:sns/topic:Topic": ("RolesByTheirOwnPolicies", "AlarmsToTheTopic"),
    "aws:ec2/launchTemplate:LaunchTemplate": ("VolumesOfWorkers", "VolumesAttached"),
}
"""Who opens what carries the key, by the statement that lets them in: a type that is not here is seen to be missing."""
OF_VOLUMES = ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo")
"""What launching from and attaching an encrypted volume takes (Amazon EC2 Auto Scaling User Guide, key policy)."""
OF_LOGS = ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo")
"""What CloudWatch Logs asks of a log group's key (Amazon CloudWatch Logs User Guide, encrypt log data)."""


@cache
def policy() -> tuple[dict[str, Any], ...]:
    """The statements in the README."""
    section = README.read_text().split("## The policy of your key", 1)[1]
    found = re.search(r"```json\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return tuple(json.loads(found[1])["Statement"])


@cache
def encrypted() -> tuple[Provisioned, ...]:
    """Components with a key of their owner's and all else their own."""
    made = ((SpotBatch, FED), (MicroBatch, designs.CHECKED_BATCHES), (RealtimeEndpoint, STORED),
            (AsynchronousEndpoint, designs.ASYNCHRONOUS), (FeatureStore, SCENARIOS["features"].design))  # fmt: skip
    return tuple(
        provision(lambda one=one, design=design: one("loans", {"design": design, "kms_key_arn": KEY}) and None)
        for one, design in made
    )


def carrying() -> Iterator[Registered]:
    for made in encrypted():
        yield from (
            one for one in made.resources if one.type.startswith("aws:") and KEY in json.dumps(one.inputs, default=str)
        )


def test_whatever_carries_the_key_is_opened_by_somebody_who_is_let_in_and_no_statement_is_for_nothing() -> None:
    types = {one.type for one in carrying()}
    assert types == set(OPENED_BY)
    assert {sid for one in types for sid in OPENED_BY[one]} == {one["Sid"] for one in policy()}


def lets_in(statements: Sequence[Mapping[str, Any]], case: Case) -> bool:
    """A principal must be named; the account as a whole gives its roles what their own policies say, and linked ones none."""
    return any(
        applies(one, case.need) and case.principal in [name for some in one["Principal"].values() for name in listed(some)]
        for one in statements
    )  # fmt: skip


def cases() -> Iterator[Case]:
    """Everything that is asked of the key, and the like of it that nobody should get."""
    for made in encrypted():
        for _, statement in made.statements():
            for action in listed(statement["Action"]):
                if action.startswith("kms:"):
                    assert action in {"kms:CreateGrant", *(use for uses in KEY_USE.values() for use in uses)}
                    yield Case(ROOT, Need(action, KEY), "Allow")
    logs = f"logs.{REGION}.amazonaws.com"
    group = {"kms:EncryptionContext:aws:logs:arn": arn("logs", "log-group:loans")}
    theirs = {name: value.replace(ACCOUNT, STRANGER) for name, value in group.items()}
    for action in OF_LOGS:
        yield Case(logs, Need(f"kms:{action}", KEY, group), "Allow")
        yield Case(logs, Need(f"kms:{action}", KEY, theirs), "left")
    yield from (case for action in ("kms:Decrypt", "kms:GenerateDataKey") for case in of_alarms(action, KEY))
    for role in LINKED:
        for action in OF_VOLUMES:
            yield Case(role, Need(f"kms:{action}", KEY), "Allow")
        yield Case(role, Need("kms:CreateGrant", KEY, {"kms:GrantIsForAWSResource": "true"}), "Allow")
        yield Case(role, Need("kms:CreateGrant", KEY, {"kms:GrantIsForAWSResource": "false"}), "left")
    yield Case(f"arn:aws:iam::{STRANGER}:root", Need("kms:Decrypt", KEY), "left")


def test_it_lets_in_whom_it_should_and_nobody_else() -> None:
    for case in cases():
        assert lets_in(policy(), case) == (case.effect == "Allow"), case


def without_principals() -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    for index, one in enumerate(policy()):
        for kind, names in one["Principal"].items():
            for name in listed(names) if len(listed(names)) > 1 else ():
                fewer = {kind: [other for other in listed(names) if other != name]}
                yield f"without {name}", [*policy()[:index], {**one, "Principal": fewer}, *policy()[index + 1 :]]


@pytest.mark.parametrize("changes", [lambda: less(policy()), without_principals], ids=["parts", "principals"])
def test_each_part_of_it_decides_something(changes: Any) -> None:
    asked = list(cases())
    for how, weaker in changes():
        assert any(lets_in(weaker, case) != (case.effect == "Allow") for case in asked), how
