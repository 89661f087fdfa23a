"""Policies of queues, buckets, topics, keys and functions: whom they let in, whom they keep out, and that each part of
them decides something."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from tests.components.provisioned import Registered
from tests.permissions.evaluator import ACCOUNT, Need, applies, arn, listed
from tests.permissions.stacks import SCENARIOS
from tests.permissions.test_roles import registered

ROLE = f"arn:aws:iam::{ACCOUNT}:role/loans"
TLS, PLAIN = {"aws:SecureTransport": "true"}, {"aws:SecureTransport": "false"}
STRANGER = "999999999999"


class Case(NamedTuple):
    """A call, and whether the policy allows it, denies it, or leaves it to the caller's own role."""

    principal: str
    need: Need
    effect: str


def effect(statements: Sequence[Mapping[str, Any]], principal: str, need: Need) -> str:
    """What a resource's policy says."""
    found = {one["Effect"] for one in statements if _is(one["Principal"], principal) and applies(one, need)}
    return "Deny" if "Deny" in found else "Allow" if found else "left"


def _is(named: Any, principal: str) -> bool:
    if named == "*":
        return True
    names = [name for some in named.values() for name in listed(some)]
    return principal in names or (
        f"arn:aws:iam::{ACCOUNT}:root" in names and principal.startswith(f"arn:aws:iam::{ACCOUNT}:")
    )


def less(statements: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Without a statement, without one of its actions or resources, and (which lets more in) without a condition."""
    for index, one in enumerate(statements):
        others = [*statements[:index], *statements[index + 1 :]]
        yield f"without {one.get('Sid', index)}", others
        for part in ("Action", "Resource"):
            for value in listed(one[part]) if len(listed(one[part])) > 1 else ():
                yield f"without {value}", [*others, {**one, part: [v for v in listed(one[part]) if v != value]}]
        for kind in one.get("Condition", {}):
            yield (
                f"without {kind}",
                [*others, {**one, "Condition": {k: v for k, v in one["Condition"].items() if k != kind}}],
            )


def only_over_tls(actions: Sequence[str], *resources: str) -> Iterator[Case]:
    for resource in resources:
        for action in actions:
            yield Case(ROLE, Need(action, resource, PLAIN), "Deny")
            yield Case(ROLE, Need(action, resource, TLS), "left")


def of_alarms(action: str, resource: str, **more: str) -> Iterator[Case]:
    """CloudWatch for an alarm of this account; for a stranger's, for something else, and other services are left out."""
    ours = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": arn("cloudwatch", "alarm:loans"), **TLS, **more}
    theirs = ours["aws:SourceArn"].replace(ACCOUNT, STRANGER)
    yield Case("cloudwatch.amazonaws.com", Need(action, resource, ours), "Allow")
    yield Case("cloudwatch.amazonaws.com", Need(action, resource, {**ours, "aws:SourceAccount": STRANGER}), "left")
    yield Case("cloudwatch.amazonaws.com", Need(action, resource, {**ours, "aws:SourceArn": theirs}), "left")
    yield Case("events.amazonaws.com", Need(action, resource, ours), "left")


def cases(policy: Registered) -> list[Case]:
    """What is asked of a policy, by its type."""
    kind = policy.type.rsplit(":", 1)[-1]
    if kind == "QueuePolicy":
        (statement,) = policy.document("policy")["Statement"]
        return list(only_over_tls(("sqs:SendMessage", "sqs:ReceiveMessage"), statement["Resource"]))
    if kind == "BucketPolicy":
        (statement,) = policy.document("policy")["Statement"]
        bucket = min(statement["Resource"], key=len)
        return [
            *only_over_tls(("s3:ListBucket",), bucket),
            *only_over_tls(("s3:GetObject", "s3:PutObject"), f"{bucket}/x"),
        ]
    if kind == "TopicPolicy":
        found = list(only_over_tls(("sns:Publish",), policy.inputs["arn"]))
        return [*found, *of_alarms("sns:Publish", policy.inputs["arn"])] if "alarms" in policy.name else found
    used = [case for action in ("kms:Decrypt", "kms:GenerateDataKey") for case in of_alarms(action, "*")]
    return [*used, Case(ROLE, Need("kms:PutKeyPolicy", "*", TLS), "Allow")]


KINDS = ("sqs:QueuePolicy", "s3:BucketPolicy", "sns:TopicPolicy", "kms:Key")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_each_policy_lets_in_and_keeps_out_as_it_should_and_each_part_of_it_decides_something(scenario: str) -> None:
    made = registered(scenario)
    for policy in (one for kind in KINDS for one in made.all(kind)):
        statements, asked = policy.document("policy")["Statement"], cases(policy)
        for case in asked:
            assert effect(statements, case.principal, case.need) == case.effect, (policy.name, case)
        for how, weaker in less(statements):
            assert any(effect(weaker, case.principal, case.need) != case.effect for case in asked), (policy.name, how)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_whatever_holds_data_or_tells_has_a_policy(scenario: str) -> None:
    made = registered(scenario)
    for kind, by in (
        ("sqs:Queue", "sqs:QueuePolicy"),
        ("s3:Bucket", "s3:BucketPolicy"),
        ("sns:Topic", "sns:TopicPolicy"),
    ):
        assert {one.name for one in made.all(by)} == {f"{one.name}-policy" for one in made.all(kind)}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_function_is_called_only_by_its_own_bucket_or_api(scenario: str) -> None:
    """The source's ARN bounds who may call: an API's holds its account, a bucket's does not, so that is said beside it."""
    made = registered(scenario)
    for one in made.all("lambda:Permission"):
        assert one.inputs["action"] == "lambda:InvokeFunction"
        principal, source = one.inputs["principal"], one.inputs["sourceArn"]
        assert principal in ("s3.amazonaws.com", "apigateway.amazonaws.com")
        if principal == "s3.amazonaws.com":
            assert (source.rsplit(":", 1)[-1].endswith("results"), one.inputs["sourceAccount"]) == (True, ACCOUNT)
        else:
            assert source not in ("", "*")
