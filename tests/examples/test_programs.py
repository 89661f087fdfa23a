"""The examples in Python, on an in-process AWS: what each makes, and that it works."""

import importlib.util
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from headway_rehearsal.account import account
from headway_rehearsal.endpoint import answering
from headway_rehearsal.model_server import model_server
from headway_rehearsal.observed import as_in_aws, depth_of, function_environment
from headway_rehearsal.provision import Provisioned, provision
from headway_rehearsal.resources.base import Aws
from tests.examples.programs import EXAMPLES, PROGRAMS
from tests.permissions.evaluator import Judge, judged

ROOT = EXAMPLES.parent


@contextmanager
def made(example: str) -> Iterator[tuple[Aws, Provisioned]]:
    with account("us-east-1") as aws:
        yield aws, provision(EXAMPLES / example / "__main__.py", "dev", {"aws:region": "us-east-1"}, aws)


@pytest.mark.parametrize("example", PROGRAMS)
def test_each_has_a_project_what_it_needs_and_a_word_on_it(example: str) -> None:
    folder = EXAMPLES / example
    assert (folder / "Pulumi.yaml").read_text().count("runtime:") == 1
    assert (folder / "requirements.txt").read_text().splitlines()[-1] == "../..[pulumi]"
    assert (folder / "README.md").read_text().startswith("# ")


@pytest.fixture(scope="module")
def in_vpc() -> Iterator[tuple[Aws, Provisioned]]:
    with made("spot_batch_in_vpc") as found:
        yield found


def test_the_fleet_starts_in_the_teams_subnets_behind_a_group_that_lets_nothing_in(
    in_vpc: tuple[Aws, Provisioned],
) -> None:
    aws, stack = in_vpc
    ids = {kind: [row.id for row in stack.resources if row.type.endswith(f":{kind}")] for kind in ("Vpc", "Subnet")}
    environments = aws.client("batch").describe_compute_environments()["computeEnvironments"]
    assert len(environments) == 2
    for one in environments:
        assert sorted(one["computeResources"]["subnets"]) == sorted(ids["Subnet"])
        (group,) = aws.client("ec2").describe_security_groups(GroupIds=one["computeResources"]["securityGroupIds"])[
            "SecurityGroups"
        ]
        assert group["VpcId"] == ids["Vpc"][0]
        assert group["IpPermissions"] == []


def test_the_teams_subnets_have_a_way_out_and_s3_beside_it(in_vpc: tuple[Aws, Provisioned]) -> None:
    aws, stack = in_vpc
    ec2 = aws.client("ec2")
    (endpoint,) = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    assert endpoint["ServiceName"] == "com.amazonaws.us-east-1.s3"
    for subnet in [row.id for row in stack.resources if row.type.endswith(":Subnet")]:
        (table,) = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])[
            "RouteTables"
        ]
        out = [row for row in table["Routes"] if row.get("DestinationCidrBlock") == "0.0.0.0/0"]
        assert out[0]["GatewayId"].startswith("igw-")
        assert table["RouteTableId"] in endpoint["RouteTableIds"]


def test_requests_for_the_fleet_wait_in_the_queue_that_it_puts_out(in_vpc: tuple[Aws, Provisioned]) -> None:
    aws, stack = in_vpc
    url = stack.outputs["queue_url"]
    aws.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"id": "loan-1", "body": {"text": "x"}}))
    assert depth_of(aws, url) == 1


def own_router() -> Any:
    spec = importlib.util.spec_from_file_location("router", EXAMPLES / "tiered_own_router/router/router.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def judging(statements: Sequence[Mapping[str, Any]]) -> Iterator[None]:
    """Every call of boto3 is held against the statements."""
    judge, events = Judge(), boto3.DEFAULT_SESSION.events  # type: ignore[union-attr]
    events.register("provide-client-params.*.*", judge.on_call)
    try:
        with judged(judge, statements):
            yield
    finally:
        events.unregister("provide-client-params.*.*", judge.on_call)


def test_the_teams_router_answers_who_pays_and_queues_the_rest_with_the_role_it_was_given() -> None:
    router = own_router()
    with made("tiered_own_router") as (aws, stack):
        assert not [row for row in stack.resources if row.type.startswith("aws:apigatewayv2")]
        environment = {**function_environment(aws, stack.outputs["router"]), "AWS_DEFAULT_REGION": "us-east-1"}
        (policy,) = [
            row for row in stack.resources if row.type == "aws:iam/rolePolicy:RolePolicy" and row.name == "router"
        ]
        queue = stack.outputs["addresses"]["free"]["queue_url"]
        statements = json.loads(policy.inputs["policy"])["Statement"]
        with as_in_aws(environment), model_server(ROOT) as url, answering(url), judging(statements):
            paid = router.handler({"plan": "paid", "body": {"text": "a letter"}}, None)
            assert paid["output"]
            free = router.handler({"plan": "free", "body": {"text": "a letter"}}, None)
            assert free["result"] == f"s3://{stack.outputs['results_bucket']}/results/{free['id']}.json"
            # The rule that no profile can say.
            assert "output" in router.handler({"first_hour": True, "body": {"text": "a letter"}}, None)
            large = router.handler({"plan": "free", "body": {"text": "x" * 60_000}}, None)
        assert depth_of(aws, queue) == 2
        stored = (
            aws.client("s3")
            .get_object(Bucket=stack.outputs["results_bucket"], Key=f"requests/{large['id']}.json")["Body"]
            .read()
        )
        assert len(json.loads(stored)["text"]) == 60_000


def test_the_inline_profile_is_planned_and_made_as_it_says() -> None:
    with made("inline_inference") as (aws, stack):
        assert stack.outputs["architecture"] == "serverless"
        described = aws.client("sagemaker").describe_endpoint(EndpointName=stack.outputs["endpoint_name"])
        assert described["EndpointStatus"] == "InService"
