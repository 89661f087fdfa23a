"""What a change replaces is listed and expected; what holds data is never replaced or deleted by a change of plan."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws_
import pytest

from headway import load_profile
from headway.planning.lock import Lock, Settings, make_lock
from headway.planning.plan import Plan
from headway.planning.search import plan as make_plan
from headway.profile import Profile
from headway_components import Inference
from headway_rehearsal.engine import Done, EngineError, EngineStack
from tests.engine.conftest import MakeStack

pytestmark = pytest.mark.slow

DATA = ("aws:sqs/queue:Queue", "aws:s3/bucket:Bucket", "aws:dynamodb/table:Table")
Program = Callable[[], None]


@cache
def profile(name: str) -> Profile:
    return load_profile(Path(f"stacks/profiles/{name}.yaml"))


def changed(before: Profile, **fields: Any) -> Profile:
    """The profile with other values; a double underscore goes one level down."""
    content = json.loads(before.model_dump_json(exclude_unset=True))
    for path, value in fields.items():
        *outer, last = path.split("__")
        inner = content
        for name in outer:
            inner = inner[name]
        inner[last] = value
    return Profile.model_validate(content)


def planned(architecture: str, of: Profile) -> Plan:
    made = make_plan(of, only=architecture)
    assert made.design is not None
    return made


def with_instances(plan: Plan, instance_type: str) -> Plan:
    """The plan with other instances, and all else, names too, as it was."""
    text = plan.model_dump_json()
    assert plan.chosen is not None
    design = json.loads(text)["candidates"][
        [one.architecture for one in plan.candidates].index(plan.chosen.architecture)
    ]
    before = design["design"].get("instance_type") or design["design"]["pools"][0]["instance_type"]
    return Plan.model_validate_json(text.replace(f'"instance_type":"{before}"', f'"instance_type":"{instance_type}"'))


def runs(plan: Plan | Lock, **wiring: Any) -> Program:
    def program() -> None:
        made = Inference("work", {"plan": plan, **wiring})
        for name, value in made.outputs.items():
            pulumi.export(name, value)

    return program


def lock(
    plan: Plan, *, alongside: Plan | None = None, before: Lock | None = None, forget: tuple[str, ...] = ()
) -> Lock:
    """What `headway lock` would write after the lock before."""
    of = Profile.model_validate({"name": "work", "latency": {"max_wait": "1h"}, "traffic": {"per_day": 1},
                                 "model": {"measured": [{"hardware": "m5.large", "seconds": 1}]}})  # fmt: skip
    return make_lock("dev", Settings(profile="x"), of, plan, alongside=alongside, before=before, forget=forget)


def data_of(stack: EngineStack) -> set[str]:
    return {str(row["id"]) for row in stack.resources() if row["type"] in DATA}


def lost(done: Done) -> set[str]:
    """What holds data and is replaced or deleted."""
    return {step.name for step in done.of("replace", "delete", "delete-replaced") if step.type in DATA}


def gone(done: Done) -> tuple[set[str], set[str]]:
    """What is made anew, and what goes."""
    return done.replaced(), done.deleted()


def test_what_a_change_of_a_batch_stack_replaces_is_listed(make_stack: MakeStack) -> None:
    before = profile("loan-documents")
    plan = planned("batch", before)
    stack = make_stack(runs(plan))
    stack.up()
    container = before.model.container
    assert container is not None
    image = {"image": container.image.replace(":1", ":2"), "artifact": container.artifact}

    def preview(program: Program) -> tuple[set[str], set[str]]:
        stack.program = program
        return gone(stack.preview())

    busier = [{"days": "weekdays", "hours": "08-18", "per_hour": 260}, {"per_hour": 6}]
    # How fast late requests spend the promise is watched over windows that suit the traffic and the wait.
    hourly = {"work-burn-rate-1h"}
    assert preview(runs(planned("batch", changed(before, traffic__shape=busier)))) == (set(), hourly)
    assert preview(runs(planned("batch", changed(before, latency__max_wait="45m")))) == (set(), hourly)
    assert preview(runs(planned("batch", changed(before, model__container=image)))) == (set(), set())
    own_topic = {"work-alarms", "work-alarms-policy", "work-alarms-key"}
    yours = "arn:aws:sns:us-east-1:123456789012:pager"
    assert preview(runs(plan, alarm_topic_arn=yours)) == (set(), own_topic)

    # Environments of the same name change in place; a plan names them after hardware and batch, so that others are made
    # and the former go with their queues, which hold jobs and no requests.
    assert preview(runs(with_instances(plan, "g5.2xlarge"))) == (set(), set())
    kept = data_of(stack)
    measured = [{"hardware": "g6.xlarge", "seconds": 2.0}, {"hardware": "g6.xlarge", "batch": 4, "seconds": 4.4}]
    stack.program = runs(planned("batch", changed(before, model__measured=measured)), alarm_topic_arn=yours)
    former = {f"work-g5-xlarge-b8-{one}" for one in ("job", "spot", "spot-jobs", "on-demand", "on-d-5dc62ec9")}
    assert gone(stack.up()) == (set(), own_topic | former)
    rows = stack.aws.client("batch").describe_compute_environments()["computeEnvironments"]
    assert [row["computeResources"]["instanceTypes"] for row in rows] == [["g6.xlarge"]] * 2
    assert data_of(stack) == kept


def test_an_environment_that_must_be_replaced_stands_beside_the_old_one_until_its_queue_has_moved(
    make_stack: MakeStack,
) -> None:
    """A custom role makes AWS Batch replace: auto-named and created first, so no "existing JobQueue relationship"."""

    def program(role: str | None, name: str | None = None) -> Program:
        def run() -> None:
            instances = aws_.iam.Role("instance", assume_role_policy="{}")
            network = aws_.ec2.SecurityGroup("workers", description="nothing in")
            environment = aws_.batch.ComputeEnvironment("spot", name=name, type="MANAGED", state="ENABLED",
                service_role=role, compute_resources={
                    "type": "SPOT", "min_vcpus": 0, "max_vcpus": 4, "instance_types": ["m5.large"],
                    "instance_role": aws_.iam.InstanceProfile("instance", role=instances.name).arn,
                    "subnets": [stack.aws.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]],
                    "security_group_ids": [network.id]})  # fmt: skip
            aws_.batch.JobQueue("jobs", priority=1, state="ENABLED", compute_environment_orders=[
                {"order": 1, "compute_environment": environment.arn}])  # fmt: skip

        return run

    stack = make_stack(program(None))
    stack.up()
    iam = stack.aws.client("iam")
    one, other = (
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"] for name in ("one", "other")
    )
    stack.program = program(one)
    done = stack.up()
    assert done.replaced() == {"spot"}
    assert done.names("update") == {"jobs"}
    # With a name of its own the old one would have to go first, and AWS refuses: the trap.
    stack.program = program(one, "fixed")
    stack.up()
    stack.program = program(other, "fixed")
    with pytest.raises(EngineError, match="existing JobQueue relationship"):
        stack.up()


def test_a_real_time_endpoint_of_another_instance_type_is_made_before_the_old_one_goes(make_stack: MakeStack) -> None:
    plan = planned("realtime", profile("chat-assistant"))
    stack = make_stack(runs(plan))
    stack.up()
    stack.program = runs(with_instances(plan, "ml.g6.4xlarge"))
    done = stack.up()
    assert {"work-endpoint", "work-config"} <= done.replaced()
    order = [step.op for step in done.steps if step.name == "work-endpoint"]
    assert order.index("create-replacement") < order.index("delete-replaced")
    (endpoint,) = stack.aws.client("sagemaker").list_endpoints()["Endpoints"]
    assert endpoint["EndpointName"].endswith("g6-4xlarge")


def test_a_hybrid_changes_its_shares_in_place_and_leaves_its_data_when_it_goes(make_stack: MakeStack) -> None:
    moderation = profile("moderation")
    tiered = planned("tiered", moderation)
    stack = make_stack(runs(tiered), region=moderation.region)
    stack.up()
    tiers = json.loads(moderation.model_dump_json(exclude_unset=True))["tiers"]
    tiers[0]["share"], tiers[1]["share"] = tiers[0]["share"] + 0.3, tiers[1]["share"] - 0.3
    stack.program = runs(planned("tiered", changed(moderation, tiers=tiers)))
    replaced, deleted = gone(stack.preview())
    # AWS changes no configuration of an endpoint: here of one that has more instances now.
    assert (replaced, deleted) == ({"work-verified-config"}, set())

    simple, kept = planned("realtime", moderation), data_of(stack)
    left = lock(simple, before=lock(tiered))
    stack.program = runs(left)
    done = stack.up()
    assert lost(done) == set()
    assert "work-router" in done.deleted()
    assert data_of(stack) == kept
    # And back. A program that knows nothing of the past would take them; protected, it can not.
    stack.program = runs(lock(tiered, before=left), protect_data=True)
    assert lost(stack.up()) == set()
    assert data_of(stack) == kept
    stack.program = runs(simple, protect_data=True)
    with pytest.raises(EngineError, match="protect"):
        stack.up()
    assert data_of(stack) == kept


def test_answers_computed_ahead_are_there_again_after_a_time_without_them(make_stack: MakeStack) -> None:
    shop = profile("shop-recommendations")
    ahead, live = planned("precomputed", shop), planned("realtime", shop)
    locked = lock(ahead)
    stack = make_stack(runs(locked), region=shop.region)
    before = stack.up().outputs
    row = {"key": {"S": "customer-1"}, "output": {"S": "[1, 2]"}}
    stack.aws.client("dynamodb").put_item(TableName=before["table"], Item=row)
    kept = data_of(stack)

    locked = lock(live, before=locked)
    stack.program = runs(locked)
    alone = stack.up()
    assert lost(alone) == set()
    assert data_of(stack) == kept
    assert alone.outputs["kept"]["precomputed"]["table"] == before["table"]
    assert stack.refresh().of("update", "delete") == ()

    stack.program = runs(lock(ahead, before=locked))
    back = stack.preview()
    assert lost(back) == set()
    assert not {step.name for step in back.of("create") if step.type in DATA}
    assert stack.aws.client("dynamodb").scan(TableName=before["table"])["Items"] == [row]
