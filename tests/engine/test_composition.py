"""Components inside what a team has, on the real engine: the examples, and stacks that hand each other what they made."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws_
import pytest

from headway import load_profile, plan
from headway_components import SpotBatch
from tests.engine.conftest import MakeStack
from tests.examples.programs import PROGRAMS, program_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("example", PROGRAMS)
def test_each_example_is_made(make_stack: MakeStack, example: str) -> None:
    stack = make_stack(program_of(example))
    made = stack.up()
    assert made.changes == {"create": len(stack.resources())}
    assert float(made.outputs["monthly_bill"]["expected"]) > 0


BOUNDS = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def platform() -> None:
    """What a platform team has and gives away: network, queue, bucket, topic, key, boundary."""
    vpc = aws_.ec2.Vpc("platform", cidr_block="10.50.0.0/16")
    subnets = [
        aws_.ec2.Subnet(f"platform-{zone}", vpc_id=vpc.id, cidr_block=f"10.50.{index}.0/24",
                        availability_zone=f"us-east-1{zone}")
        for index, zone in enumerate("ab")
    ]  # fmt: skip
    group = aws_.ec2.SecurityGroup("workers", vpc_id=vpc.id, ingress=[], egress=[], description="Workers")
    dead = aws_.sqs.Queue("dead", name="shared-dead")
    queue = aws_.sqs.Queue(
        "shared", name="shared",
        redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3}),
    )  # fmt: skip
    given = {
        "vpc_id": vpc.id,
        "subnet_ids": [one.id for one in subnets],
        "security_group_ids": [group.id],
        "queue_arn": queue.arn,
        "dead_letter_queue_arn": dead.arn,
        "results_bucket": aws_.s3.Bucket("results").bucket,
        "alarm_topic_arn": aws_.sns.Topic("alarms").arn,
        "kms_key_arn": aws_.kms.Key("key").arn,
        "permissions_boundary": aws_.iam.Policy("boundary", policy=BOUNDS).arn,
    }
    for name, value in given.items():
        pulumi.export(name, value)


GIVEN = (
    "vpc_id", "subnet_ids", "security_group_ids", "queue_arn", "dead_letter_queue_arn", "results_bucket",
    "alarm_topic_arn", "kms_key_arn", "permissions_boundary",
)  # fmt: skip


def workload(made: Any) -> Callable[[], None]:
    """A team's stack, which refers to the platform's."""

    def program() -> None:
        theirs = pulumi.StackReference("organization/headway/platform")
        documents = SpotBatch(
            "documents",
            {"design": made.design, **{name: theirs.require_output(name) for name in GIVEN}},  # type: ignore[typeddict-item]
        )
        pulumi.export("queue_url", documents.queue_url)
        pulumi.export("results_bucket", documents.results_bucket)

    return program


def test_what_one_stack_puts_out_another_runs_on(make_stack: MakeStack) -> None:
    made = plan(load_profile("stacks/profiles/loan-documents.yaml"))
    base = make_stack(platform, stack="platform")
    given = base.up().outputs
    stack = make_stack(workload(made), stack="documents", aws=base.aws, state=base.state)
    assert stack.preview().names("create")
    put_out = stack.up().outputs
    client = base.aws.client

    assert put_out["queue_url"] == client("sqs").get_queue_url(QueueName="shared")["QueueUrl"]
    assert put_out["results_bucket"] == given["results_bucket"]
    types = {row["type"] for row in stack.resources()}
    assert types.isdisjoint(
        {"aws:sqs/queue:Queue", "aws:s3/bucket:Bucket", "aws:sns/topic:Topic", "aws:kms/key:Key",
         "aws:ec2/securityGroup:SecurityGroup"}
    )  # fmt: skip
    for environment in client("batch").describe_compute_environments()["computeEnvironments"]:
        assert sorted(environment["computeResources"]["subnets"]) == sorted(given["subnet_ids"])
        assert environment["computeResources"]["securityGroupIds"] == given["security_group_ids"]
    roles = [row["id"] for row in stack.resources() if row["type"] == "aws:iam/role:Role"]
    assert len(roles) >= 4
    for role in roles:
        bound = client("iam").get_role(RoleName=role)["Role"]["PermissionsBoundary"]
        assert bound["PermissionsBoundaryArn"] == given["permissions_boundary"]
    for alarm in client("cloudwatch").describe_alarms()["MetricAlarms"]:
        assert alarm["AlarmActions"] == [given["alarm_topic_arn"]]
    for group in client("logs").describe_log_groups()["logGroups"]:
        assert group["kmsKeyId"] == given["kms_key_arn"]
    stack.destroy()
    assert "shared" in client("sqs").list_queues()["QueueUrls"][0], "the platform's own stays"
