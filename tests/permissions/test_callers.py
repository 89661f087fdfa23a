"""What people and programs of one's own do with a stack: `headway redrive`, and a router under ``router_policy``."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import boto3

from headway.account import connect
from headway.account.permissions import PERMISSIONS, policy
from headway.account.redrive import redrive
from headway_runtime.settings import RouterSettings
from tests.permissions.evaluator import KEY_USE, REGION, Statement, arn, judged, listed
from tests.permissions.proof import prove
from tests.permissions.services import Work
from tests.permissions.stacks import KEY, OWN_ROUTER, SCENARIOS, Stack, stack_of
from tests.permissions.works import asking


def test_a_router_of_ones_own_does_its_work_under_the_policy_that_it_is_given_and_can_spare_nothing() -> None:
    with stack_of(OWN_ROUTER) as stack:
        statements = json.loads(stack.made.outputs["router_policy"])["Statement"]
        told = RouterSettings.from_json(stack.made.outputs["routing"])
        with asking(stack, "loans", told) as work:
            prove(stack.judge, statements, work, "own router")


def queues(stack: Stack) -> tuple[str, str]:
    """Addresses of the queue and of its dead letters."""
    url = stack.ids["loans-requests"]
    policy = stack.registered("sqs:Queue", "loans-requests").document("redrivePolicy")
    return url, f"{url.rsplit('/', 1)[0]}/{policy['deadLetterTargetArn'].rsplit(':', 1)[-1]}"


def by_arn(stack: Stack) -> list[Statement]:
    """The README's row with the resources of one stack."""
    queue, dead = (arn("sqs", url.rsplit("/", 1)[-1]) for url in queues(stack))
    both = ("sqs:GetQueueUrl", "sqs:ListDeadLetterSourceQueues")
    looking = ("sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage")
    statements = [
        _allow(["tag:GetResources"], ["*"]),
        _allow(both, [queue, dead]),
        _allow(looking, [dead]),
        _allow(["sqs:SendMessage"], [queue]),
        _allow(["s3:GetObject"], [f"arn:aws:s3:::{stack.ids['loans-results']}/results/*"]),
    ]
    for use in ("kms:Decrypt", "kms:GenerateDataKey"):
        through = {action.split(":")[0] for one in statements for action in listed(one["Action"])
                   if use in KEY_USE.get(action, ())}  # fmt: skip
        via = {"StringEquals": {"kms:ViaService": sorted(f"{one}.{REGION}.amazonaws.com" for one in through)}}
        statements.append({**_allow([use], [KEY]), "Condition": via})
    return statements


def _allow(actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


@contextmanager
def redriving(stack: Stack) -> Iterator[Work]:
    """Two letters are looked at, their reasons with them; one of them goes back."""
    sqs, s3 = stack.aws.client("sqs"), stack.aws.client("s3")
    queue, dead = queues(stack)
    for name in ("r1", "r2"):
        error = json.dumps({"id": name, "error": f"poison {name}"}).encode()
        s3.put_object(Bucket=stack.ids["loans-results"], Key=f"results/{name}.json", Body=error)

    def work() -> None:
        stack.empty(queue, dead)
        for name in ("r1", "r2"):
            sqs.send_message(QueueUrl=dead, MessageBody=json.dumps({"id": name, "body": 1}))
        done = redrive(connect("redrive", region=REGION), "dev", ids={"r1"})
        assert {one.id: one.reason for one in done.found} == {"r1": "poison r1", "r2": "poison r2"}
        assert done.sent == ("r1",)

    # A command opens a session of its own; the judge sits on this one.
    with mock.patch("boto3.Session", return_value=boto3.DEFAULT_SESSION):
        yield work


def test_redrive_needs_the_actions_of_its_row_on_the_queues_and_results_of_its_stack() -> None:
    with stack_of(SCENARIOS["scheduled batch, wired"]) as stack, redriving(stack) as work:
        stack.judge.boundary = None  # That is the roles'.
        statements = by_arn(stack)
        prove(stack.judge, statements, work, "headway redrive")
        own, of_key = statements[:-2], statements[-2:]
        assert {action for one in own for action in listed(one["Action"])} == set(PERMISSIONS["redrive"])
        with judged(stack.judge, [*policy("redrive")["Statement"], *of_key]):
            work()
