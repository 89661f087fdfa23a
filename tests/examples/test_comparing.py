"""Old and new side by side: the same requests to both, whose answers differ, and who is late."""

import importlib.util
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from headway_rehearsal.account import account
from headway_rehearsal.localhost import Answering, local_server
from headway_rehearsal.resources.base import Aws

SCRIPT = Path("examples/comparing/compare.py")
WITHIN_S = "30"


@pytest.fixture
def aws() -> Iterator[Aws]:
    with account("us-east-1") as one:
        yield one


@pytest.fixture
def compare(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("compare", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "compare", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "POLL_S", 0.01)
    return module


def two_queues(aws: Aws, tmp_path: Path) -> tuple[list[str], dict[str, Any]]:
    sides: list[dict[str, Any]] = []
    for name in ("batch", "microbatch"):
        aws.client("s3").create_bucket(Bucket=f"{name}-results")
        url = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
        sides.append({"architecture": name, "queue_url": url, "results_bucket": f"{name}-results"})
    outputs = {**sides[0], "alongside": sides[1]}
    (tmp_path / "outputs.json").write_text(json.dumps(outputs))
    (tmp_path / "requests.jsonl").write_text('{"body": "one"}\n{"body": "two"}\n')
    return [str(tmp_path / "outputs.json"), str(tmp_path / "requests.jsonl"), "--max-wait", WITHIN_S], outputs


def served(aws: Aws, outputs: dict[str, Any], scores: dict[str, float]) -> None:
    """Take what waits in a queue and write its results, as a fleet does."""
    sqs, s3 = aws.client("sqs"), aws.client("s3")
    for message in sqs.receive_message(QueueUrl=outputs["queue_url"], MaxNumberOfMessages=10).get("Messages", []):
        request = json.loads(message["Body"])
        result = {"id": request["id"], "output": {"label": request["body"], "score": scores[request["body"]]}}
        s3.put_object(Bucket=outputs["results_bucket"], Key=f"results/{request['id']}.json", Body=json.dumps(result))


@pytest.mark.parametrize(
    ("second", "tolerance", "code", "line"),
    [
        ({"one": 0.9, "two": 0.1}, "0", 0, "2 of 2 answered alike"),
        ({"one": 0.9001, "two": 0.1}, "0.001", 0, "2 of 2 answered alike"),
        ({"one": 0.9, "two": 0.4}, "0.001", 2, "1 of 2 answered alike"),
    ],
)
def test_the_same_requests_to_both_say_whose_answers_differ(
    aws: Aws, compare: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    second: dict[str, float], tolerance: str, code: int, line: str,
) -> None:  # fmt: skip
    arguments, outputs = two_queues(aws, tmp_path)
    collect = compare.collect

    def after_a_while(client: Any, asked: Any) -> None:
        served(aws, outputs, {"one": 0.9, "two": 0.1})
        served(aws, outputs["alongside"], second)
        collect(client, asked)

    monkeypatch.setattr(compare, "collect", after_a_while)
    assert compare.main([*arguments, "--tolerance", tolerance], aws.client) == code
    printed = capsys.readouterr().out
    assert line in printed
    assert "batch: 2 answered, 0 not" in printed
    assert ("says {'label': 'two', 'score': 0.4}" in printed) == (code == 2)


def test_a_side_that_does_not_answer_in_time_is_told(
    aws: Aws, compare: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, _ = two_queues(aws, tmp_path)
    assert compare.main([*arguments[:-1], "0.05"], aws.client) == 2
    assert "microbatch: no answer to 2 requests" in capsys.readouterr().out


ANSWERS = {"one": {"label": "one", "score": 0.9}, "two": {"label": "two", "score": 0.1}}


@contextmanager
def router() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An API as a stack's router answers: what is "two" is queued, and its result there the second time it is asked for."""
    seen: list[dict[str, Any]] = []
    waiting: dict[str, Any] = {}

    class Router(Answering):
        def do_POST(self) -> None:
            request = self.asked()
            seen.append({**request, "signed": self.headers["authorization"]})
            result = {"id": request["id"], "output": ANSWERS[request["body"]]}
            if request["body"] == "two":
                waiting[request["id"]] = result
                self.reply(202, {"id": request["id"], "ready_by": "2026-06-03T12:00:00+00:00"})
            else:
                self.reply(200, {**result, "source": "cache", "stale": True})

        def do_GET(self) -> None:
            identity = self.path.rsplit("/", 1)[1]
            seen.append({"id": identity, "signed": self.headers["authorization"]})
            ready = sum(one["id"] == identity for one in seen) > 2
            self.reply(*((200, waiting[identity]) if ready else (404, {"error": "not there yet"})))

    with local_server(Router) as url:
        yield url, seen


def test_a_side_with_a_router_is_asked_through_it_signed_and_what_it_queues_is_fetched(
    aws: Aws, compare: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, outputs = two_queues(aws, tmp_path)
    (tmp_path / "requests.jsonl").write_text(
        '{"body": "one", "attributes": {"creator": "verified"}}\n{"body": "two"}\n'
    )
    collect = compare.collect

    def after_a_while(client: Any, asked: Any) -> None:
        served(aws, outputs, {"one": 0.9, "two": 0.1})
        collect(client, asked)

    monkeypatch.setattr(compare, "collect", after_a_while)
    with router() as (url, seen):
        # A router's own queue is there, too: its clients come by the API.
        tiered = {"architecture": "tiered", "api_url": url, "queue_url": "unused", "results_bucket": "unused"}
        (tmp_path / "outputs.json").write_text(json.dumps({**outputs, "alongside": tiered}))
        assert compare.main(arguments, aws.client) == 0
    printed = capsys.readouterr().out
    assert "2 of 2 answered alike" in printed
    assert "tiered: 2 answered, 0 not, 1 by the ladder instead of the model" in printed
    assert seen[0]["attributes"] == {"creator": "verified"}
    assert len(seen) == 4, "two requests, and one result asked for twice"
    assert all(
        re.match(r"AWS4-HMAC-SHA256 Credential=\w+/\d{8}/us-east-1/execute-api/aws4_request", one["signed"])
        for one in seen
    )


GOOD = '{"architecture": "batch", "alongside": {"architecture": "realtime", "endpoint_name": "e"}}'


@pytest.mark.parametrize(
    ("outputs", "requests", "said"),
    [
        (None, "", "outputs.json: No such file or directory; `pulumi stack output --json > "),
        ("{", "", "outputs.json: not JSON ("),
        ("[]", "", "outputs.json: these are no outputs of a Headway stack, they name no architecture; "),
        ('{"architecture": "batch"}', "", "outputs.json: nothing runs alongside: set headway:alongside, lock, and "),
        (GOOD, None, "requests.jsonl: No such file or directory; write {"),
        (GOOD, "\n", "requests.jsonl: there is no request in it; write {"),
        (GOOD, '{"body": 1}\n{"body": 2', "requests.jsonl:2: not JSON ("),
        (GOOD, '\n{"text": "a"}', "requests.jsonl:2: a request is a JSON object with a body; write {"),
    ],
)
def test_what_cannot_be_asked_is_one_error_that_says_what_to_do(
    compare: ModuleType, tmp_path: Path, outputs: str | None, requests: str | None, said: str
) -> None:
    for name, content in (("outputs.json", outputs), ("requests.jsonl", requests)):
        if content is not None:
            (tmp_path / name).write_text(content)
    with pytest.raises(SystemExit) as ended:
        compare.main([str(tmp_path / "outputs.json"), str(tmp_path / "requests.jsonl"), "--max-wait", "1"])
    assert str(ended.value.code).startswith(f"error: {tmp_path}/{said}")


def test_a_wrong_word_ends_with_1_for_2_says_that_answers_differ(compare: ModuleType) -> None:
    for words, code in ((["outputs.json", "requests.jsonl", "--max-wait", "10s"], 1), (["--help"], 0)):
        with pytest.raises(SystemExit) as ended:
            compare.main(words)
        assert ended.value.code == code


def test_without_credentials_it_is_one_error_too(
    compare: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outputs.json").write_text(json.dumps({**json.loads(GOOD), "queue_url": "https://sqs/q"}))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with pytest.raises(SystemExit) as ended:
        compare.main([str(tmp_path / "outputs.json"), str(SCRIPT.parent / "requests.jsonl"), "--max-wait", "1"])
    assert ended.value.code == "error: AWS could not be asked, or said no: Unable to locate credentials"


def test_the_sample_is_of_requests_that_the_bundled_model_answers(compare: ModuleType) -> None:
    bodies = [one["body"] for one in compare.requests_of(SCRIPT.parent / "requests.jsonl").values()]
    assert len(bodies) == 6
    assert all(list(body) == ["text"] and body["text"] for body in bodies)
