"""What a call of the engine ought not to have done is told, and a name that the stack does not have is refused."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from headway.errors import HeadwayError
from headway_rehearsal.account import account
from headway_rehearsal.engine import Done, Step
from headway_rehearsal.lifecycle import Accidents, Life

QUEUE, TOPIC = (
    f"urn:pulumi:dev::headway::headway:index:Inference$aws:{kind}::{name}"
    for kind, name in (("sqs/queue:Queue", "requests"), ("sns/topic:Topic", "alarms"))
)
MADE = Done((Step("create", QUEUE), Step("create", TOPIC)))
NOTHING = Done((Step("same", QUEUE), Step("same", TOPIC)))


@pytest.fixture
def stack() -> Iterator[Any]:
    """A stack whose calls do as they are told, in an account of its own."""
    with account("us-east-1") as aws:
        yield SimpleNamespace(
            aws=aws, program=None, failures=SimpleNamespace(left={}), resources=list,
            preview=lambda: MADE, up=lambda: MADE, refresh=lambda: NOTHING, destroy=lambda: NOTHING,
        )  # fmt: skip


def wrong(life: Life) -> dict[str, str]:
    return {one.name: one.wrong for one in life.stages if one.wrong}


def test_a_life_as_it_should_be_has_nothing_to_tell(stack: Any) -> None:
    life = Life(stack)
    life.begin(Accidents())
    stack.up = lambda: NOTHING
    life.go_on(Accidents())
    life.end()
    assert wrong(life) == {}
    assert [(one.name, one.did) for one in life.stages] == [
        ("preview", "2 to create"), ("up", "2 created"), ("up again", "nothing changed"), ("refresh", "no drift"),
        ("destroy", "nothing changed"),
    ]  # fmt: skip


def test_what_was_not_previewed_not_made_changed_again_drifted_or_left_behind_is_named(stack: Any) -> None:
    other = QUEUE.replace("::requests", "::other")
    stack.up = lambda: Done((Step("create", QUEUE), Step("create", other), Step("replace", TOPIC)))
    life = Life(stack)
    life.begin(Accidents())
    stack.up = lambda: Done((Step("update", QUEUE, ("policy",)),))
    stack.refresh = lambda: Done((Step("delete", TOPIC),))
    life.go_on(Accidents())
    stack.aws.client("sqs").create_queue(QueueName="forgotten")
    life.end()
    found = wrong(life)
    assert found.pop("destroy").endswith("/forgotten")
    assert found == {
        "up": "not made: alarms; not in the preview: other; gone: alarms",
        "up again": "changed: requests (policy)",
        "refresh": "changed: alarms (delete)",
    }


def test_an_accident_to_what_is_not_there_is_refused_with_the_nearest(stack: Any) -> None:
    with pytest.raises(HeadwayError, match=r"--fail request: the stack has no such resource; did you mean requests\?"):
        Life(stack).begin(Accidents(fail=("request",)))
    with pytest.raises(HeadwayError, match="--remove x: the stack has no such resource; there are alarms, requests"):
        Life(stack).begin(Accidents(remove=("x",)))
