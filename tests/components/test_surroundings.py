"""Where a component is made: tags, protection, provider, and what another stack puts out, for every architecture."""

import inspect
from collections.abc import Iterator
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi import _types
from pulumi.runtime import mocks

from headway import load_profile, plan
from headway.errors import HeadwayError
from headway.planning.plan import Plan
from headway_components import Inference
from headway_components.inference import TAKES
from tests.components.provisioned import Echo, Provisioned, Registered, provision
from tests.components.test_arguments import EVERY

DATA = ("aws:dynamodb/table:Table", "aws:s3/bucket:Bucket", "aws:sqs/queue:Queue")
TAGS = {"team": "lending", "cost-center": "4711"}


@pytest.fixture(scope="module", params=EVERY.items(), ids=lambda pair: pair[0])
def made(request: pytest.FixtureRequest) -> Plan:
    return plan(load_profile(f"stacks/profiles/{request.param[1]}.yaml"))


def of_aws(registered: Provisioned) -> list[Registered]:
    return [one for one in registered.resources if one.type.startswith("aws:")]


def test_everything_that_can_carry_tags_carries_them(made: Plan) -> None:
    registered = provision(lambda: Inference("work", {"plan": made, "tags": TAGS}) and None, name="staging")
    taggable = {type_: "tags" in _input_names(type_) for type_ in {one.type for one in of_aws(registered)}}
    assert sum(taggable.values()) >= 4
    for one in of_aws(registered):
        if taggable[one.type]:
            assert one.inputs.get("tags", {}).items() >= {**TAGS, "headway:stack": "staging"}.items(), one


def test_what_is_started_later_carries_them_too(made: Plan) -> None:
    """Instances, volumes and jobs: nobody registers them, and they cost the most."""
    registered = provision(lambda: Inference("work", {"plan": made, "tags": TAGS}) and None)
    for template in registered.all("ec2:LaunchTemplate"):
        kinds = {row["resourceType"]: row["tags"] for row in template.inputs["tagSpecifications"]}
        assert kinds["instance"].items() >= TAGS.items()
        assert kinds["volume"].items() >= TAGS.items()
    for environment in registered.all("batch:ComputeEnvironment"):
        assert environment.inputs["computeResources"]["tags"].items() >= TAGS.items()
    for definition in registered.all("batch:JobDefinition"):
        assert definition.inputs["propagateTags"] is True


def test_protected_data_cannot_be_lost_and_nothing_else_is_held(made: Plan) -> None:
    registered = provision(lambda: Inference("work", {"plan": made, "protect_data": True}) and None)
    assert {one.type for one in of_aws(registered) if one.protected} == {
        one.type for one in of_aws(registered) if one.type in DATA
    }
    assert all(one.protected for one in of_aws(registered) if one.type in DATA)
    assert all(one.inputs["deletionProtectionEnabled"] for one in registered.all("dynamodb:Table"))


def test_without_a_word_nothing_is_protected(made: Plan) -> None:
    registered = provision(lambda: Inference("work", {"plan": made}) and None)
    assert not [one for one in registered.resources if one.protected]


def test_a_given_provider_makes_everything_and_answers_every_question(made: Plan) -> None:
    asked: list[str] = []

    class Cloud(Echo):
        def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
            asked.append(args.provider or "")
            return super().call(args)

    def program() -> None:
        other = aws.Provider("other", region=plan_region(made))
        Inference("work", {"plan": made}, pulumi.ResourceOptions(provider=other))

    registered = provision(program, Cloud())
    used = {one.provider.split("::")[-2] for one in of_aws(registered)}
    assert used == {"other"}
    assert asked
    assert all("::other::" in one for one in asked)


def plan_region(made: Plan) -> str:
    assert made.design is not None
    return made.design.region


def test_a_provider_in_another_region_is_refused() -> None:
    made = plan(load_profile("stacks/profiles/contact-form.yaml"))

    def program() -> None:
        other = aws.Provider("other", region="eu-west-1")
        Inference("work", {"plan": made}, pulumi.ResourceOptions(provider=other))

    with pytest.raises(Exception, match="the provider's region is eu-west-1, the design is for us-east-1"):
        provision(program)


def test_a_provider_knows_its_region_better_than_the_stacks_configuration() -> None:
    made = plan(load_profile("stacks/profiles/contact-form.yaml"))

    def program() -> None:
        pulumi.runtime.set_all_config({"aws:region": "eu-west-1"})
        Inference("work", {"plan": made}, pulumi.ResourceOptions(provider=aws.Provider("other", region="us-east-1")))

    assert provision(program).one("sagemaker:Endpoint")


WIRED = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-1", "subnet-2"],
    "security_group_ids": ["sg-1"],
    "alarm_topic_arn": "arn:aws:sns:us-east-1:123456789012:alarms",
    "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
    "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
    "queue_arn": "arn:aws:sqs:us-east-1:123456789012:requests",
    "dead_letter_queue_arn": "arn:aws:sqs:us-east-1:123456789012:dead",
    "results_bucket": "their-bucket",
}
ONLY_SOME = {"queue_arn", "dead_letter_queue_arn", "results_bucket"}


def wiring_of(architecture: str) -> dict[str, Any]:
    return {key: value for key, value in WIRED.items() if key not in ONLY_SOME or key in TAKES.get(architecture, ())}


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    else:
        yield value


def test_what_another_stack_puts_out_is_used_instead_of_made(made: Plan) -> None:
    """Everything as outputs that are known only later, as a StackReference gives them."""
    assert made.choice is not None
    wiring = wiring_of(made.choice.architecture)

    class Cloud(Echo):
        def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            if args.typ == "pulumi:pulumi:StackReference":
                return args.name, {"name": args.name, "outputs": wiring, "secretOutputNames": []}
            return super().new_resource(args)

    def program() -> None:
        platform = pulumi.StackReference("platform/network/prod")
        Inference("work", {"plan": made, **{key: platform.require_output(key) for key in wiring}})  # type: ignore[typeddict-item]

    registered = provision(program, Cloud())
    used = {str(leaf) for one in of_aws(registered) for leaf in leaves(one.inputs)}
    assert wiring["alarm_topic_arn"] in used
    assert wiring["kms_key_arn"] in used
    assert registered.all("sns:Topic") == [] or made.choice.architecture in ("asynchronous", "tiered")
    assert registered.all("ec2:SecurityGroup") == []
    assert (set(wiring["subnet_ids"]) <= used) == (made.choice.architecture != "serverless")
    assert ("sg-1" in used) == (made.choice.architecture != "serverless")
    for role in registered.all("iam:Role"):
        assert role.inputs["permissionsBoundary"] == wiring["permissions_boundary"]
    if "results_bucket" in wiring:
        # Manifests come into a bucket of the fill's own: its notifications would replace their owner's.
        own = [one.name for one in registered.all("s3:Bucket")]
        assert [name.startswith("work-fill") for name in own] == [True] * len(own)
        assert "their-bucket" in " ".join(used)
    if "queue_arn" in wiring:
        assert registered.all("sqs:Queue") == []


def _input_names(type_: str) -> set[str]:
    """What pulumi-aws itself says that a type takes."""
    package, _, name = type_.removeprefix("aws:").replace(":", "/").partition("/")
    module = getattr(aws, {"lambda": "lambda_"}.get(package, package))
    resource = getattr(module, name.rsplit("/", 1)[-1])
    arguments = getattr(inspect.getmodule(resource), f"{resource.__name__}Args")
    return set(_types.input_type_py_to_pulumi_names(arguments).values())


def test_a_region_in_another_than_the_designs_is_refused() -> None:
    made = plan(load_profile("stacks/profiles/contact-form.yaml"))

    def program() -> None:
        pulumi.runtime.set_all_config({"aws:region": "eu-west-1"})
        Inference("work", {"plan": made})

    with pytest.raises(HeadwayError, match="aws:region is eu-west-1, the design is for us-east-1"):
        provision(program)
