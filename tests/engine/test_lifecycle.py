"""A stack's life, for every bundled profile: preview, up, refresh, up again, destroy, with nothing left in AWS.

Every profile in dev, some in staging and prod; HEADWAY_LIFECYCLE=all takes every profile through every environment.
"""

import pytest

from headway_rehearsal.engine import EngineError, EngineStack
from headway_rehearsal.inventory import inventory
from headway_rehearsal.lifecycle import Accidents, Life
from tests.engine.conftest import MakeStack
from tests.engine.environments import CASES, plan_of, program_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("profile", "environment"), CASES)
def test_a_stack_lives_and_leaves_nothing_behind(make_stack: MakeStack, profile: str, environment: str) -> None:
    plan = plan_of(profile, environment)
    assert plan.design is not None
    stack = make_stack(program_of(profile, environment), stack=environment, region=plan.design.region)
    before = inventory(stack.aws)

    life = Life(stack)
    life.begin(Accidents())
    _is_in_aws(stack, before)
    life.go_on(Accidents())
    # What is protected goes only once an update without it has run.
    life.end(program_of(profile, environment, protect_data=False) if environment == "prod" else None)
    assert [(one.name, one.wrong) for one in life.stages if one.wrong] == []
    assert len(life.stages) == (6 if environment == "prod" else 5)
    assert inventory(stack.aws) - before == set()


def _is_in_aws(stack: EngineStack, before: set[str]) -> None:
    """What the engine believes, AWS's own lists say too: by name, and by number."""
    there = inventory(stack.aws) - before
    held = [row for row in stack.resources() if row["type"] in NAMED]
    assert held
    for row in held:
        assert any(
            line.endswith(str(row["outputs"]["name" if "name" in row["outputs"] else "bucket"])) for line in there
        )


NAMED = (
    "aws:sqs/queue:Queue",
    "aws:s3/bucket:Bucket",
    "aws:lambda/function:Function",
    "aws:sagemaker/endpoint:Endpoint",
)


def test_data_in_prod_outlives_a_destroy_until_an_update_without_its_protection(make_stack: MakeStack) -> None:
    stack = make_stack(program_of("loan-documents", "prod"), stack="prod")
    stack.up()
    data = {row["id"] for row in stack.resources() if row["type"] in DATA}
    assert len(data) == 3
    with pytest.raises(EngineError, match="protect"):
        stack.destroy()
    assert data <= {row.get("id") for row in stack.resources()}
    there = inventory(stack.aws)
    assert all(any(line.endswith(str(one).rsplit("/", 1)[-1]) for line in there) for one in data)


DATA = ("aws:sqs/queue:Queue", "aws:s3/bucket:Bucket", "aws:dynamodb/table:Table")
