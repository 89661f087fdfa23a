"""What a call of the engine ought not to have done is told, and a name that the stack does not have is refused."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from headway.errors import HeadwayError
from headway_rehearsal.account import account
from headway_rehearsal.engine import Done, Step
from headway_rehearsal.lifecycle import Accidents, Life
from headway_rehearsal.waiting import stops_quietly

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
    with pytest.raises(HeadwayError) as told:
        Life(stack).begin(Accidents(remove=("x",)))
    assert str(told.value) == (
        "--remove x: the stack has no such resource; it has 2, the nearest first\n  alarms\n  requests"
    )


def test_of_many_resources_those_are_told_that_are_like_the_name_beyond_what_all_begin_with() -> None:
    names = {f"loan-documents-{one}" for one in ("alarms", "worker", "worker-logs", "requests", *"abcdefgh")}

    def told(name: str) -> str:
        with pytest.raises(HeadwayError) as refused:
            Accidents(fail=(name,)).check(names)
        return str(refused.value).partition("such resource; ")[2]

    assert told("worker") == "did you mean loan-documents-worker or loan-documents-worker-logs?"
    assert told("loan-documents-reqests") == "did you mean loan-documents-requests?"
    lines = told("alms").splitlines()
    assert lines == ["did you mean loan-documents-alarms?"]
    lines = told("queue").splitlines()
    assert lines[0] == "it has 12, the nearest first"
    assert len(lines) == 1 + 8 + 1
    assert lines[-1] == "  and 4 more: headway rehearse --format json | jq -r '.resources[].name'"


def test_the_preview_says_what_is_no_resource_and_a_refresh_what_went_along(stack: Any) -> None:
    component = Step("create", "urn:pulumi:dev::headway::headway:index:Batch::loans")
    stack.preview = lambda: Done((Step("create", QUEUE), Step("create", TOPIC), component))
    stack.up = lambda: Done((Step("create", QUEUE), Step("create", TOPIC), component))
    life = Life(stack)
    life.begin(Accidents())
    assert life.stages[0].did == "3 to create, 1 of them the stack and its components"
    stack.refresh = lambda: Done((Step("delete", QUEUE), Step("delete", TOPIC)))
    stack.resources = list
    life._goes(frozenset(["requests"]))
    assert life.stages[2].did == ("requests deleted behind Pulumi's back; noticed: 2 deleted; gone with it: alarms")


def test_ctrl_c_while_the_engine_works_leaves_no_traceback_of_the_threads_that_read_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    usual = threading.excepthook

    def ends(error: Exception) -> str:
        def reader() -> None:
            raise error

        thread = threading.Thread(target=reader)
        thread.start()
        thread.join()
        return capsys.readouterr().err

    try:
        with pytest.raises(KeyboardInterrupt), stops_quietly():
            raise KeyboardInterrupt
        assert ends(ValueError("I/O operation on closed file.")) == "", "after the interruption as well"
        threading.excepthook = threading.__excepthook__
        with stops_quietly():
            assert "ValueError: another" in ends(ValueError("another"))
        assert threading.excepthook is threading.__excepthook__
    finally:
        threading.excepthook = usual
