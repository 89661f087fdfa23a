"""Dead letters on an AWS that holds a state: seen with their reasons, sent back, never lost."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from headway.account import Account, connect
from headway.account import redrive as redriving
from headway.account.redrive import UNKNOWN, redrive
from headway.cli import run
from headway.errors import HeadwayError
from headway_rehearsal.account import account

TAGS = {"headway:stack": "prod"}


@dataclass
class Stack:
    """A queue with its dead letters and a bucket, tagged as the components tag them."""

    sqs: Any
    s3: Any
    queue: str
    dead: str

    def die(self, identity: str, reason: str = "", **attributes: str) -> None:
        told = {**({"HeadwayReason": reason} if reason else {}), **attributes}
        self.sqs.send_message(
            QueueUrl=self.dead,
            MessageBody=json.dumps({"id": identity, "body": 1}),
            MessageAttributes={key: {"DataType": "String", "StringValue": value} for key, value in told.items()},
        )

    def fails(self, identity: str, error: str) -> None:
        body = json.dumps({"id": identity, "error": error}).encode()
        self.s3.put_object(Bucket="results", Key=f"results/{identity}.json", Body=body)

    def depth(self, url: str) -> tuple[int, int]:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def waiting(self) -> list[dict[str, Any]]:
        return list(self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", []))  # fmt: skip


@pytest.fixture
def stack() -> Iterator[Stack]:
    with account("us-east-1") as aws:
        sqs, s3 = aws.client("sqs"), aws.client("s3")
        dead = sqs.create_queue(QueueName="loans-dead", tags=TAGS)["QueueUrl"]
        policy = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{aws.account}:loans-dead", "maxReceiveCount": "3"}
        queue = sqs.create_queue(
            QueueName="loans", tags=TAGS, Attributes={"RedrivePolicy": json.dumps(policy)}
        )["QueueUrl"]  # fmt: skip
        s3.create_bucket(Bucket="results")
        s3.put_bucket_tagging(Bucket="results", Tagging={"TagSet": [{"Key": "headway:stack", "Value": "prod"}]})
        yield Stack(sqs, s3, queue, dead)


def ask(**chosen: Any) -> redriving.Redriven:
    return redrive(connect("redrive", region="us-east-1"), "prod", **chosen)


def test_letters_are_listed_with_their_reasons_and_stay(stack: Stack) -> None:
    stack.die("r1", "its body cannot be read")
    stack.fails("r2", "the model answered 400")
    stack.die("r2")
    stack.die("r3")
    stack.sqs.send_message(QueueUrl=stack.dead, MessageBody="no json")
    reasons = {one.id: one.reason for one in ask().found}
    assert reasons["r1"] == "its body cannot be read"
    assert reasons["r2"] == "the model answered 400"
    assert reasons["r3"] == UNKNOWN
    (nameless,) = reasons.keys() - {"r1", "r2", "r3"}
    assert reasons[nameless] == "no request by the contract: it has no id"
    assert stack.depth(stack.dead) == (4, 0)
    assert stack.depth(stack.queue) == (0, 0)


def test_chosen_ones_go_back_as_they_came_and_the_others_stay(stack: Stack) -> None:
    stack.die("r1", "poison", trace="abc")
    stack.die("r2", "poison")
    assert ask(ids={"r1"}).sent == ("r1",)
    (message,) = stack.waiting()
    assert json.loads(message["Body"]) == {"id": "r1", "body": 1}
    assert message["MessageAttributes"].keys() == {"trace"}
    assert stack.depth(stack.dead) == (1, 0)


def test_all_go_back_over_many_pages(stack: Stack) -> None:
    for n in range(37):
        stack.die(f"r{n}")
    assert len(ask(ids=None).sent) == 37
    assert (stack.depth(stack.queue), stack.depth(stack.dead)) == ((37, 0), (0, 0))


def test_a_dry_run_and_an_unknown_id_send_nothing(stack: Stack) -> None:
    stack.die("r1")
    assert ask(ids=None, dry_run=True).sent == ()
    with pytest.raises(HeadwayError, match="no dead letter of prod has the id r9: nothing was sent"):
        ask(ids={"r1", "r9"})
    assert (stack.depth(stack.queue), stack.depth(stack.dead)) == ((0, 0), (1, 0))


def test_what_the_queue_does_not_take_stays_dead(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.die("r1")
    real = connect("redrive", region="us-east-1")
    asked = type(real).ask

    def refusing(self: Any, service: str, operation: str, **parameters: Any) -> Any:
        if operation == "send_message_batch":
            return {"Successful": [], "Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}
        return asked(self, service, operation, **parameters)

    monkeypatch.setattr(type(real), "ask", refusing)
    with pytest.raises(HeadwayError, match="did not take 1 letters"):
        redrive(real, "prod", ids=None)
    assert (stack.depth(stack.queue), stack.depth(stack.dead)) == ((0, 0), (1, 0))


def test_a_stack_that_is_not_there_is_one_clear_message(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["redrive", "--stack", "elsewhere", "--region", "us-east-1"]) == 1
    assert "headway:stack=elsewhere" in capsys.readouterr().err


def test_the_command_lists_and_sends(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.die("r1", "poison")
    stack.die("r2", "poison")
    assert run(["redrive", "--stack", "prod", "--region", "us-east-1"]) == 2
    assert "r1  poison  (received 1 times, loans-dead)" in capsys.readouterr().out
    assert run(["redrive", "--stack", "prod", "--region", "us-east-1", "--all", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["sent_back"], told["left"]) == (2, 0)
    assert run(["redrive", "--stack", "prod", "--region", "us-east-1", "--all", "--ids", "r1"]) == 1


def test_the_region_is_the_stacks_own_in_its_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str | None] = []

    def seen(account: Account, *_: object, **__: object) -> redriving.Redriven:
        asked.append(account.region)
        return redriving.Redriven((), ())

    monkeypatch.setattr(redriving, "redrive", seen)
    monkeypatch.setenv("AWS_REGION", "us-east-2")
    profile = Path("stacks/profiles/contact-form.yaml").read_text()
    monkeypatch.chdir(tmp_path)
    assert run(["redrive", "--stack", "prod"]) == 0, "no project here"
    Path("stacks").mkdir()
    Path("stacks/mine.yaml").write_text(profile.replace("us-east-1", "eu-west-1"))
    Path("stacks/Pulumi.staging.yaml").write_text("config: {headway:profile: stacks/mine.yaml}\n")
    Path("stacks/Pulumi.prod.yaml").write_text("config: {aws:region: ap-south-1, headway:profile: stacks/mine.yaml}\n")
    assert run(["redrive", "--stack", "prod"]) == 0
    assert run(["redrive", "--stack", "staging"]) == 0, "its profile's"
    assert run(["redrive", "--stack", "prod", "--region", "eu-north-1"]) == 0
    assert run(["redrive", "--stack", "prd"]) == 1
    assert "no stack 'prd'; did you mean prod?" in capsys.readouterr().err
    assert run(["redrive", "--stack", "prd", "--region", "eu-north-1"]) == 0, "another project's"
    assert asked == ["us-east-2", "ap-south-1", "eu-west-1", "eu-north-1", "eu-north-1"]
