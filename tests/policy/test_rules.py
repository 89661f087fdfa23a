"""Each rule on what it is for: what it complains of, what it lets pass, what it says to do, what it can be told."""

import json
import shutil
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import EnforcementLevel

from headway import load_profile
from headway.planning.lock import Settings, make_lock, plan_for, write_lock
from headway.planning.plan import Plan
from headway_policy import POLICIES
from headway_policy.access import PUBLIC_ENTRY, WILDCARD_PERMISSION
from headway_policy.locks import LOCK_OUT_OF_DATE
from headway_policy.money import OVER_BUDGET, UNCOVERED
from headway_policy.safety import MISSING_ALARM_TOPIC, UNPROTECTED_DATA
from tests.policy.stacks import UNKNOWN, complaints, resource

QUEUE, BUCKET, TABLE = "aws:sqs/queue:Queue", "aws:s3/bucket:Bucket", "aws:dynamodb/table:Table"
ALARM, TOPIC = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:sns/topic:Topic"


def component(name: str = "documents", expected: str = "106.20", **more: Any) -> Any:
    bill = {"low": "60", "expected": expected, "high": "200"}
    return resource("headway:index:Inference", name, monthly_bill=bill, architecture="batch", **more)


# Over budget


def test_a_component_above_its_profiles_budget_is_stopped_and_told_what_to_do() -> None:
    (found,) = complaints(OVER_BUDGET, [component(budget="100")])
    assert "documents would cost USD 106.20 a month, above its budget of USD 100.00" in found.said
    assert "headway plan --curve" in found.said
    assert found.name == "documents"
    assert complaints(OVER_BUDGET, [component(budget="106.20")]) == []


def test_the_stack_is_the_sum_of_its_components_and_parts_count_once() -> None:
    whole = component(expected="60")
    part = resource("headway:index:SpotBatch", "documents", parent=whole, monthly_bill={"expected": "60"})
    stack = [whole, part, component("photos", "50")]
    (found,) = complaints(OVER_BUDGET, stack, monthly=100)
    assert "the stack would cost USD 110.00 a month, above the USD 100.00" in found.said
    assert found.urn is None
    assert complaints(OVER_BUDGET, stack, monthly=110) == []


def test_a_bill_that_is_not_known_yet_breaks_no_budget() -> None:
    unknown = resource("headway:index:SpotBatch", "x", monthlyBill=UNKNOWN)
    assert complaints(OVER_BUDGET, [unknown], monthly=1) == []


# Not on the bill


def test_what_stands_beside_the_components_is_on_no_bill_unless_it_is_free_or_accepted() -> None:
    database = resource("aws:rds/instance:Instance", "scores")
    stack = [component(), database, resource("aws:iam/role:Role", "reader"), resource("aws:ec2/vpc:Vpc", "net")]
    (found,) = complaints(UNCOVERED, stack)
    assert (found.name, "scores (aws:rds/instance:Instance) is on no bill" in found.said) == ("scores", True)
    assert complaints(UNCOVERED, stack, accepted=["aws:rds/instance:Instance"]) == []


@pytest.fixture
def locked(tmp_path: Path) -> tuple[Path, Plan]:
    """A project with one locked stack, dev."""
    for one in ("stacks/profiles/loan-documents.yaml", "stacks/Pulumi.dev.yaml", "Pulumi.yaml"):
        (tmp_path / one).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(one, tmp_path / one)
    profile = load_profile(tmp_path / "stacks/profiles/loan-documents.yaml")
    settings = Settings(
        profile="stacks/profiles/loan-documents.yaml", scale=0.02, max_monthly=Decimal(100), max_instances=2
    )
    made = plan_for(profile, settings)
    write_lock(tmp_path / "stacks/plans/dev.json", make_lock("dev", settings, profile, made))
    return tmp_path, made


def test_what_a_component_made_and_its_locked_bill_does_not_know_is_found(locked: tuple[Path, Plan]) -> None:
    root, _ = locked
    whole = component("loan-documents")
    known = resource(QUEUE, "loan-documents-requests", parent=whole)
    odd = resource("aws:kinesis/stream:Stream", "loan-documents-stream", parent=whole)
    (found,) = complaints(UNCOVERED, [whole, known, odd], project=str(root))
    assert "loan-documents-stream (aws:kinesis/stream:Stream) is not on the bill of loan-documents" in found.said
    assert complaints(UNCOVERED, [whole, known, odd], stack="nobody", project=str(root)) == []


def test_the_lines_that_break_a_budget_are_those_of_the_lock(locked: tuple[Path, Plan]) -> None:
    root, _ = locked
    (found,) = complaints(OVER_BUDGET, [component("loan-documents", budget="1")], project=str(root))
    assert "; largest line" in found.said


# Data without protection


@pytest.mark.parametrize("kind", [QUEUE, BUCKET, TABLE])
def test_data_of_production_is_protected(kind: str) -> None:
    bare, safe = resource(kind, "theirs"), resource(kind, "safe", protect=True)
    (found,) = complaints(UNPROTECTED_DATA, [bare, safe], stack="prod")
    assert found.name == "theirs"
    assert "headway:protect_data: true" in found.said
    assert complaints(UNPROTECTED_DATA, [bare], stack="dev") == []
    assert len(complaints(UNPROTECTED_DATA, [bare], stack="live", stacks=["live"])) == 1
    assert complaints(UNPROTECTED_DATA, [resource(TOPIC, "alarms")], stack="prod") == []


# Public entry

DOORS: tuple[tuple[str, Mapping[str, Any], Mapping[str, Any]], ...] = (
    ("aws:ec2/securityGroup:SecurityGroup", {"ingress": [{"cidrBlocks": ["0.0.0.0/0"], "fromPort": 22}]},
     {"ingress": [{"cidrBlocks": ["10.0.0.0/8"]}], "egress": [{"cidrBlocks": ["0.0.0.0/0"]}]}),
    ("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "ingress", "ipv6CidrBlocks": ["::/0"]},
     {"type": "egress", "cidrBlocks": ["0.0.0.0/0"]}),
    ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {"cidrIpv4": "0.0.0.0/0"}, {"cidrIpv4": "10.0.0.0/8"}),
    ("aws:apigatewayv2/route:Route", {"routeKey": "POST /requests"}, {"authorizationType": "AWS_IAM"}),
    ("aws:apigatewayv2/route:Route", {"authorizationType": "NONE"}, {"authorizationType": "JWT"}),
    ("aws:apigateway/method:Method", {"authorization": "NONE"}, {"authorization": "AWS_IAM"}),
    ("aws:lambda/functionUrl:FunctionUrl", {"authorizationType": "NONE"}, {"authorizationType": "AWS_IAM"}),
    ("aws:lambda/permission:Permission", {"principal": "*"}, {"principal": "*", "sourceArn": UNKNOWN}),
    ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {"blockPublicAcls": True, "blockPublicPolicy": False},
     {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True}),
    ("aws:s3/bucketAcl:BucketAcl", {"acl": "public-read"}, {"acl": "private"}),
    ("aws:sqs/queuePolicy:QueuePolicy",
     {"policy": json.dumps({"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sqs:SendMessage"}})},
     {"policy": json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sqs:*"}]})}),
    ("aws:sns/topicPolicy:TopicPolicy",
     {"policy": json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:Publish"}]})},
     {"policy": json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:Publish",
                                           "Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}]})}),
    ("aws:lb/loadBalancer:LoadBalancer", {"internal": False}, {"internal": True}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "open_", "closed"), DOORS, ids=[f"{row[0].split(':')[-1]}-{n}" for n, row in enumerate(DOORS)]
)
def test_a_door_that_stands_open_is_found_and_one_that_is_closed_is_not(
    kind: str, open_: Mapping[str, Any], closed: Mapping[str, Any]
) -> None:
    (found,) = complaints(PUBLIC_ENTRY, [resource(kind, "door", **open_)])
    assert found.said.startswith("door: ")
    assert complaints(PUBLIC_ENTRY, [resource(kind, "door", **closed)]) == []
    assert complaints(PUBLIC_ENTRY, [resource(kind, "door", **open_)], accepted=["door"]) == []


def test_a_source_that_is_not_known_yet_is_not_taken_for_anybody() -> None:
    rules = [{"cidrBlocks": [UNKNOWN]}, {"cidrBlocks": ["10.0.0.0/8"]}]
    assert complaints(PUBLIC_ENTRY, [resource("aws:ec2/securityGroup:SecurityGroup", "x", ingress=rules)]) == []


# Wildcard permissions


def role(statement: Mapping[str, Any]) -> Any:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return resource("aws:iam/rolePolicy:RolePolicy", "reader", policy=policy)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"Action": "*", "Resource": "arn:aws:s3:::x"}, "* is every action"),
        ({"Action": ["s3:*", "sqs:SendMessage"], "Resource": "arn:aws:s3:::x/*"}, "s3:* is every action"),
        ({"Action": ["s3:GetObject"], "Resource": "*"}, "s3:GetObject on every resource"),
        ({"NotAction": "iam:*", "Resource": "arn:aws:s3:::x"}, "NotAction allows whatever it does not name"),
    ],
)
def test_a_permission_wider_than_any_need_is_found(statement: dict[str, Any], expected: str) -> None:
    (found,) = complaints(WILDCARD_PERMISSION, [role({"Effect": "Allow", **statement})])
    assert expected in found.said
    assert "by resource ARN" in found.said


def test_what_knows_no_resources_may_be_allowed_on_all_and_a_denial_on_anything() -> None:
    listing = {"Effect": "Allow", "Action": ["batch:DescribeJobs", "ecr:GetAuthorizationToken"], "Resource": "*"}
    denial = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    assert complaints(WILDCARD_PERMISSION, [role(listing), role(denial)]) == []
    assert complaints(WILDCARD_PERMISSION, [resource("aws:iam/rolePolicy:RolePolicy", "x", policy=UNKNOWN)]) == []


def test_a_managed_policy_that_allows_nearly_everything_is_found() -> None:
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    attached = resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "admin", policyArn=arn)
    managed = resource("aws:iam/role:Role", "boss", managedPolicyArns=[arn])
    assert [one.name for one in complaints(WILDCARD_PERMISSION, [attached, managed])] == ["admin", "boss"]


# Alarms that nobody hears


def test_an_alarm_that_tells_nobody_is_found() -> None:
    (found,) = complaints(MISSING_ALARM_TOPIC, [resource(ALARM, "late", alarmActions=[])])
    assert "late tells nobody" in found.said
    theirs = resource(ALARM, "late", alarmActions=["arn:aws:sns:us-east-1:1:on-call"])
    assert complaints(MISSING_ALARM_TOPIC, [theirs]) == []


def test_a_topic_of_the_stacks_own_needs_somebody_who_listens() -> None:
    topic = resource(TOPIC, "alarms")
    alarms = [resource(ALARM, f"a{n}", alarmActions=UNKNOWN, comes_from={"alarmActions": [topic]}) for n in range(3)]
    (found,) = complaints(MISSING_ALARM_TOPIC, [topic, *alarms])
    assert found.name == "alarms", "once, however many alarms tell it"
    assert "headway:alarm_topic_arn" in found.said
    heard = resource("aws:sns/topicSubscription:TopicSubscription", "on-call", comes_from={"topic": [topic]})
    assert complaints(MISSING_ALARM_TOPIC, [topic, *alarms, heard]) == []


# Locks


def test_a_lock_out_of_date_is_told_as_the_command_tells_it(locked: tuple[Path, Plan]) -> None:
    root, _ = locked
    assert complaints(LOCK_OUT_OF_DATE, [], project=str(root)) == []
    profile = root / "stacks/profiles/loan-documents.yaml"
    profile.write_text(profile.read_text().replace("max_wait: 30m", "max_wait: 20m", 1))
    (found,) = complaints(LOCK_OUT_OF_DATE, [], project=str(root))
    assert "run `headway lock --stack dev`" in found.said
    assert "latency.max_wait" in found.said


def test_a_stack_that_was_never_locked_is_told_and_one_without_settings_is_not(locked: tuple[Path, Plan]) -> None:
    root, _ = locked
    (root / "stacks/plans/dev.json").unlink()
    (found,) = complaints(LOCK_OUT_OF_DATE, [], project=str(root))
    assert "not locked" in found.said
    assert complaints(LOCK_OUT_OF_DATE, [], stack="theirs", project=str(root)) == []
    assert complaints(LOCK_OUT_OF_DATE, [], project=str(root / "stacks/plans")) == []


def test_settings_that_cannot_be_read_are_told_rather_than_passed_over(locked: tuple[Path, Plan]) -> None:
    root, _ = locked
    (root / "stacks/Pulumi.dev.yaml").write_text("config: {headway:scael: 1}\n")
    (found,) = complaints(LOCK_OUT_OF_DATE, [], project=str(root))
    assert "headway:scael is no setting" in found.said


# All of them


def test_every_rule_has_a_name_a_level_and_a_place_in_the_readme() -> None:
    readme = Path("policy/README.md").read_text(encoding="utf-8")
    names = [one.name for one in POLICIES]
    assert len(set(names)) == len(names) == 7
    for one in POLICIES:
        assert one.enforcement_level in (EnforcementLevel.ADVISORY, EnforcementLevel.MANDATORY)
        assert f"| `{one.name}` | {one.enforcement_level.value} |" in readme
        for setting in one.config_schema.properties if one.config_schema else ():
            assert f"`{setting}`" in readme
