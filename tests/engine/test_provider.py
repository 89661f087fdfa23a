"""The stand-in provider decides as AWS's own does: what updates, what replaces, what is refused, what has drifted."""

from typing import Any

import pulumi
import pulumi_aws as aws_
import pytest

from headway import load_profile, plan
from headway_components import Inference
from headway_rehearsal.engine import EngineError
from headway_rehearsal.provider import removed
from tests.engine.conftest import MakeStack

pytestmark = pytest.mark.slow


def queues(seconds: int = 60, *, more: bool = False) -> Any:
    def program() -> None:
        dead = aws_.sqs.Queue("dead")
        queue = aws_.sqs.Queue("requests", visibility_timeout_seconds=seconds, tags={"team": "lending"})
        if more:
            redrive = pulumi.Output.json_dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3})
            aws_.sqs.Queue("more", redrive_policy=redrive)
        pulumi.export("url", queue.url)

    return program


def test_drift_and_what_was_deleted_behind_its_back_are_noticed_and_mended(make_stack: MakeStack) -> None:
    stack = make_stack(queues())
    assert stack.preview().names("create") == stack.up().names("create") == {"dead", "requests"}
    assert stack.refresh().changes == {}
    sqs = stack.aws.client("sqs")
    (url,) = [one for one in sqs.list_queues()["QueueUrls"] if "/requests-" in one]
    (dead,) = [one for one in sqs.list_queues()["QueueUrls"] if "/dead-" in one]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    sqs.tag_queue(QueueUrl=url, Tags={"team": "somebody"})
    sqs.delete_queue(QueueUrl=dead)
    found = stack.refresh()
    (drifted,) = found.of("update")
    assert (drifted.name, set(drifted.diffs)) == ("requests", {"visibilityTimeoutSeconds", "tags"})
    assert found.names("delete") == {"dead"}
    mended = stack.up()
    assert mended.changes == {"create": 1, "update": 1}
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "60"
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "lending"}


def test_whatever_is_deleted_behind_its_back_is_noticed_and_made_again(make_stack: MakeStack) -> None:
    made = plan(load_profile("stacks/profiles/transaction-risk.yaml"))
    stack = make_stack(lambda: Inference("risk", {"plan": made}) and None)
    stack.up()
    there = [row for row in stack.resources() if row["type"].startswith("aws:")]
    assert len({row["type"] for row in there}) >= 35, "queue, bucket, table, endpoint, API, fleet: nearly every type"
    for row in reversed(there):
        removed(stack.aws, row)
    assert {step.urn for step in stack.refresh().of("delete")} == {row["urn"] for row in there}
    assert stack.up().changes == {"create": len(there)}


def test_a_failure_on_demand_stops_half_way_and_the_next_up_goes_on_from_there(make_stack: MakeStack) -> None:
    stack = make_stack(queues(more=True))
    stack.failures.next("more")
    with pytest.raises(EngineError, match="more fails, as was asked for"):
        stack.up()
    assert len(stack.aws.client("sqs").list_queues()["QueueUrls"]) == 2
    assert stack.up().names("create") == {"more"}
    assert stack.up().changes == {}


def test_a_misspelt_or_missing_property_is_refused_before_anything_is_made(make_stack: MakeStack) -> None:
    def program() -> None:
        queue = aws_.batch.JobQueue("jobs", priority=1, state="ENABLED", compute_environment_orders=[])
        pulumi.CustomResource("aws:sqs/queue:Queue", "misspelt", {"visibilityTimeout": 1})
        pulumi.export("arn", queue.arn)

    with pytest.raises(EngineError, match="visibilityTimeout: pulumi-aws knows no such property"):
        make_stack(program).preview()


def test_a_type_that_the_table_does_not_know_is_refused(make_stack: MakeStack) -> None:
    def program() -> None:
        aws_.kinesis.Stream("stream", shard_count=1)

    with pytest.raises(EngineError, match=r"kinesis/stream:Stream is not in the resource table"):
        make_stack(program).preview()
