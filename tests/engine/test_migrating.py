"""MIGRATING.md, typed as it stands there: another architecture in production, with requests in the queue, and back."""

import json
import re
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from headway.architectures.hybrid_design import Design
from headway.planning.lock import read_lock
from headway_rehearsal.account import CREDENTIALS, account, served
from headway_rehearsal.batches import serve_batches
from headway_rehearsal.endpoint import answering
from headway_rehearsal.engine_binary import Engine
from headway_rehearsal.fleet import Fleet
from headway_rehearsal.inventory import inventory
from headway_rehearsal.model_server import model_server, sample_requests
from headway_rehearsal.observed import dead_letters, depth_of, result_ids
from headway_rehearsal.resources.base import Aws
from headway_runtime.contract import Request, submit
from tests.engine.checkout import Typed, checkout

pytestmark = pytest.mark.slow
SETTLED_S = 60
BETWEEN = timedelta(hours=2)
"""Longer than any departure is from the next."""
AWS_CLI = f"""\
#!{sys.executable}
import boto3, sys
service, operation, *given = sys.argv[1:]
if (service, operation) == ("s3", "rm"):
    boto3.resource("s3").Bucket(given[0].removeprefix("s3://")).objects.all().delete()
else:
    (_, url, _, *names) = given
    print(boto3.client(service).get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"])
"""
"""Of the AWS CLI, what is typed here."""


def commands() -> dict[str, list[str]]:
    """The blocks to type, by the heading that they stand under."""
    text = Path("MIGRATING.md").read_text(encoding="utf-8")
    return {
        section.partition("\n")[0]: [
            textwrap.dedent(block) for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
        ]
        for section in text.split("\n## ")[1:]
    }


def data(aws: Aws) -> set[str]:
    """Queues, buckets and tables of the account."""
    return {one for one in inventory(aws) if one.startswith(("sqs ", "s3 ", "dynamodb "))}


class Stack:
    """The stack as its users and its workers see it."""

    def __init__(self, aws: Aws, typed: Typed, root: Path, model_url: str) -> None:
        self.aws, self.typed, self.root, self.model_url = aws, typed, root, model_url
        self.now = datetime.now(UTC)

    @property
    def outputs(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.typed("pulumi stack output --json"))
        return found

    def send(self, outputs: dict[str, Any], *ids: str) -> None:
        """What clients do with the outputs that they know."""
        sqs, s3 = self.aws.client("sqs"), self.aws.client("s3")
        for identity, body in zip(ids, sample_requests(Path(), len(ids)), strict=True):
            submit(sqs, s3, queue_url=outputs["queue_url"], bucket=outputs["results_bucket"],
                   request=Request(id=identity, body=body), inline_bytes=48_000)  # fmt: skip

    def work(self, outputs: dict[str, Any]) -> None:
        """What dispatcher and workers, or the function, do with what waits."""
        (design,) = (one for one in self.designs if one.architecture == outputs["architecture"])
        if design.architecture == "batch":
            fleet = Fleet(self.aws, outputs, design, self.model_url)
            self.now += BETWEEN
            fleet.serve(fleet.window(self.now))
        else:
            waiting = [(str(one), 0.0) for one in range(depth_of(self.aws, outputs["queue_url"]))]
            with answering(self.model_url):
                serve_batches(self.aws, outputs, waiting)

    @property
    def designs(self) -> tuple[Design, ...]:
        return read_lock(self.root / "stacks/plans/prod.json").designs

    def finished(self, outputs: dict[str, Any]) -> set[str]:
        """Requests that have their result, where nothing waits, is in hand, or has died."""
        assert depth_of(self.aws, outputs["queue_url"]) == dead_letters(self.aws, outputs["dead_letter_queue"]) == 0
        return set(result_ids(self.aws, outputs["results_bucket"]))


@pytest.fixture
def stack(engine: Engine, tmp_path: Path) -> Iterator[Stack]:
    with account("us-east-1") as aws, served() as address, model_server(Path()) as model_url:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin/aws").write_text(AWS_CLI)
        (tmp_path / "bin/aws").chmod(0o755)
        more = {**CREDENTIALS, "AWS_ENDPOINT_URL": address, "AWS_DEFAULT_REGION": "us-east-1",
                "PULUMI_SKIP_CONFIRMATIONS": "true", "PULUMI_OPTION_SKIP_PREVIEW": "true"}  # fmt: skip
        with checkout(engine, aws, tmp_path, more) as typed:
            (tmp_path / "state").mkdir()
            typed(f"pulumi login {(tmp_path / 'state').as_uri()}\npulumi stack init prod\npulumi up")
            yield Stack(aws, typed, tmp_path / "headway", model_url)


def test_a_stack_is_switched_drained_taken_back_and_relieved_of_its_past_as_written(stack: Stack) -> None:
    aws = stack.aws
    typed = commands()
    select, side_by_side, compare, switch, let_go = typed["Changing the architecture"]
    (go_back,), (forget,) = typed["Going back"], typed["Letting old data go"]
    batch = stack.outputs
    held = data(aws)

    # Both stand beside each other, and are asked the same.
    said = stack.typed(select + side_by_side)
    assert "microbatch is made beside batch, which serves on" in said
    assert not re.search(r"\d+ (deleted|replaced)", said)
    microbatch = stack.outputs["alongside"]
    assert json.loads(said.splitlines()[-1]) == microbatch
    assert stack.outputs["queue_url"] == batch["queue_url"] != microbatch["queue_url"]
    bodies = sample_requests(Path(), 3)
    (stack.root / "requests.jsonl").write_text("".join(json.dumps({"body": body}) + "\n" for body in bodies))
    with ThreadPoolExecutor() as beside:
        asked = beside.submit(stack.typed, compare)
        until = time.monotonic() + SETTLED_S
        while any(depth_of(aws, one["queue_url"]) < 3 for one in (batch, microbatch)):
            assert time.monotonic() < until
            assert not asked.done(), asked.result()
            time.sleep(0.1)
        stack.work(batch)
        stack.work(microbatch)
        answered = asked.result()
    assert "batch: 3 answered, 0 not" in answered
    assert "3 of 3 answered alike" in answered
    compared = stack.finished(batch)

    # Requests wait in the old queue as the clients move; the old workers finish them, the new ones what comes since.
    waiting = {f"early-{number}" for number in range(12)}
    stack.send(batch, *sorted(waiting))
    said = stack.typed(switch)
    assert "point its clients at them" in said
    assert not re.search(r"\d+ (created|deleted|replaced)", said)
    now = stack.outputs
    assert now["queue_url"] == microbatch["queue_url"]
    assert now["alongside"] == {key: batch[key] for key in now["alongside"]}
    stack.send(now, "late-1", "late-2")
    stack.work(now["alongside"])
    stack.work(now)
    assert stack.finished(batch) == compared | waiting
    assert stack.finished(now) >= {"late-1", "late-2"}
    assert not stack.finished(now) & waiting

    # The old workers go. Who missed it sends to the old queue still: that waits, and the results stay.
    said = stack.typed(let_go.replace("OLD_QUEUE_URL", batch["queue_url"]))
    assert "'ApproximateNumberOfMessages': '0'" in said
    assert "kept: queue and bucket of batch, until `headway lock --forget batch`" in said
    kept = stack.outputs["kept"]["batch"]
    assert kept == {key: batch[key] for key in ("queue_url", "dead_letter_queue", "results_bucket")}
    assert not [one for one in inventory(aws) if one.startswith("batch ")]
    stack.send(kept, "astray")
    assert compared | waiting == set(result_ids(aws, kept["results_bucket"]))

    # And back: the same queue is served again, with what lay in it.
    stack.typed(go_back)
    back = stack.outputs
    assert {key: back[key] for key in kept} == kept
    stack.work(back)
    assert stack.finished(back) == compared | waiting | {"astray"}

    # What was tried goes, once nothing protects it and its bucket is empty; nothing else does.
    bucket = back["kept"]["microbatch"]["results_bucket"]
    said = stack.typed(forget.replace("OLD_BUCKET", bucket))
    assert "forgotten: queue and bucket of microbatch" in said
    assert "kept" not in stack.outputs
    assert data(aws) == held
    assert aws.client("sagemaker").list_endpoints()["Endpoints"] == []
    assert stack.finished(stack.outputs) == compared | waiting | {"astray"}
