"""Headway's own stacks against its own rules: as production should run them they break none."""

import pytest

from headway import load_profile, plan
from headway.planning.plan import Plan
from headway_components import Inference
from headway_policy import POLICIES
from tests.components.provisioned import provision
from tests.components.test_arguments import EVERY
from tests.policy.stacks import complaints, of_program


@pytest.fixture(scope="module", params=EVERY.items(), ids=lambda pair: pair[0])
def made(request: pytest.FixtureRequest) -> Plan:
    return plan(load_profile(f"stacks/profiles/{request.param[1]}.yaml"))


def test_a_stack_as_production_should_run_it_breaks_no_rule(made: Plan) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:on-call"
    program = provision(
        lambda: Inference("work", {"plan": made, "protect_data": True, "alarm_topic_arn": topic}) and None, name="prod"
    )
    resources = of_program(program)
    assert len(resources) > 10
    assert [one for policy in POLICIES for one in complaints(policy, resources, stack="prod")] == []


def test_without_a_word_production_loses_data_and_nobody_hears_alarms(made: Plan) -> None:
    resources = of_program(provision(lambda: Inference("work", {"plan": made}) and None, name="prod"))
    broken = {one.policy for policy in POLICIES for one in complaints(policy, resources, stack="prod")}
    data = {one.resource_type for one in resources} & {"aws:sqs/queue:Queue", "aws:s3/bucket:Bucket"}
    assert broken == {"missing-alarm-topic", *(["unprotected-data"] if data else [])}
