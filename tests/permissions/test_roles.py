"""Every role that a component makes: what it is for is done with it, and no statement of it can be spared."""

from collections.abc import Iterator
from functools import cache

import pytest
from botocore.exceptions import ClientError

from headway import load_profile, plan
from headway_components import Inference, access
from tests.components.provisioned import Provisioned, provision
from tests.components.test_arguments import EVERY
from tests.components.test_surroundings import ONLY_SOME, WIRED, wiring_of
from tests.permissions.evaluator import ACCOUNT, KEY_USE, judged, listed
from tests.permissions.proof import prove
from tests.permissions.services import INSTANCE_DOCUMENTED, INSTANCE_NOT_GIVEN
from tests.permissions.stacks import BOUNDARY, POLICY, SCENARIOS, Stack, stack_of
from tests.permissions.works import WORKS, work_of


@pytest.fixture(params=SCENARIOS)
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    with stack_of(SCENARIOS[request.param]) as made:
        yield made


def test_each_role_does_its_work_fails_without_any_statement_and_can_spare_nothing_of_one(stack: Stack) -> None:
    assert stack.roles
    for role in stack.roles:
        kind, site = work_of(role)
        statements = stack.statements(role)
        with WORKS[kind](stack, site) as work:
            prove(stack.judge, statements, work, role, removing=site not in stack.repeated)


def test_every_role_has_the_boundary_that_was_given_and_one_without_a_works_service_stops_it() -> None:
    with stack_of(SCENARIOS["batch, wired"]) as stack:
        assert {one.inputs["permissionsBoundary"] for one in stack.made.all("iam:Role")} == {BOUNDARY}
        stack.judge.boundary = [{**one, "Action": [a for a in one["Action"] if a != "sqs:*"]}
                                for one in stack.judge.boundary or ()]  # fmt: skip
        statements = stack.statements("loans-watchdog")
        with (
            WORKS["watchdog"](stack, "loans") as work, judged(stack.judge, statements),
            pytest.raises(ClientError, match="sqs:GetQueueAttributes"),
        ):  # fmt: skip
            work()


Pairs = set[tuple[str, str]]


def pairs(made: Provisioned) -> Pairs:
    """Each kind of role with each of its actions."""
    return {
        (work_of(policy.removesuffix(POLICY))[0], action)
        for policy, statement in made.statements()
        for action in listed(statement["Action"])
    }


@cache
def registered(name: str) -> Provisioned:
    """What a scenario's component registers, on an AWS that says yes."""
    scenario = SCENARIOS[name]
    given = {key: value for key, value in WIRED.items() if key not in ONLY_SOME or key in scenario.takes}
    arguments = {"design": scenario.design, **(given if scenario.wired else {})}
    return provision(lambda: scenario.component("loans", arguments) and None)


@cache
def proven() -> Pairs:
    """What the scenarios hold, all of which is proven above."""
    return {pair for name in SCENARIOS for pair in pairs(registered(name))}


@pytest.mark.parametrize("architecture", EVERY)
def test_no_architecture_makes_a_role_or_allows_an_action_that_is_proven_by_nothing(architecture: str) -> None:
    made = plan(load_profile(f"stacks/profiles/{EVERY[architecture]}.yaml"))
    for given in ({}, wiring_of(architecture)):
        found = pairs(provision(lambda: Inference("work", {"plan": made, **given}) and None))  # noqa: B023 - runs at once
        assert found <= proven()


def test_a_role_that_nobody_knows_fails() -> None:
    with pytest.raises(LookupError, match="loans-archive: a role that nothing here proves"):
        work_of("loans-archive")


def test_the_instance_has_what_the_agent_is_documented_to_need_without_what_others_do_here() -> None:
    given = {action for kind, action in proven() if kind == "instance"}
    assert given == INSTANCE_DOCUMENTED - set(INSTANCE_NOT_GIVEN)


NO_RESOURCES = {
    "batch:DescribeJobs": "AWS Batch",
    "batch:ListJobs": "AWS Batch",
    "cloudwatch:GetMetricData": "Amazon CloudWatch",
    "cloudwatch:PutMetricData": "Amazon CloudWatch",
    "ec2:DeleteNetworkInterfacePermission": "Amazon EC2",
    "ec2:DescribeDhcpOptions": "Amazon EC2",
    "ec2:DescribeNetworkInterfaces": "Amazon EC2",
    "ec2:DescribeSecurityGroups": "Amazon EC2",
    "ec2:DescribeSubnets": "Amazon EC2",
    "ec2:DescribeVpcs": "Amazon EC2",
    "ecr:GetAuthorizationToken": "Amazon Elastic Container Registry",
    "ecs:DiscoverPollEndpoint": "Amazon Elastic Container Service",
}
"""Actions for which the Service Authorization Reference (2026-11) names no resource type, by its page."""


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_role_has_a_wildcard_where_aws_knows_a_resource(scenario: str) -> None:
    for policy, statement in registered(scenario).statements():
        assert statement["Effect"] == "Allow"
        for action in listed(statement["Action"]):
            assert "*" not in action, policy
            anywhere = "*" in listed(statement["Resource"])
            assert anywhere == (action in NO_RESOURCES), f"{policy}: {action}"
            if action == "cloudwatch:PutMetricData":
                assert statement["Condition"]["StringEquals"]["cloudwatch:namespace"], "the namespace bounds it instead"
        assert all(not one.startswith("*") or one == "*" for one in listed(statement["Resource"]))


def test_what_a_component_gives_of_a_key_is_what_the_services_are_documented_to_take() -> None:
    assert access.TAKES_KEY == KEY_USE


def test_a_service_takes_a_role_only_for_this_account() -> None:
    """Of those that a role is made for, Lambda, EC2 and SageMaker's, Scheduler's and ECS's own."""
    for name in SCENARIOS:
        made = registered(name)
        for role in made.all("iam:Role"):
            (statement,) = role.document("assumeRolePolicy")["Statement"]
            assert statement["Action"] == "sts:AssumeRole"
            service = statement["Principal"]["Service"].removesuffix(".amazonaws.com")
            condition = statement.get("Condition", {}).get("StringEquals", {})
            assert (condition == {"aws:SourceAccount": ACCOUNT}) == (service in access.CHECKS_SOURCE_ACCOUNT), role.name
            assert service in {*access.CHECKS_SOURCE_ACCOUNT, "lambda", "ec2"}, role.name
