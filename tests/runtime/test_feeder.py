"""The feeder: every line of a manifest becomes one request, bad lines are told, what is not taken fails the call."""

import json
from typing import Any

import pytest

from headway_runtime import feeder
from headway_runtime.settings import VARIABLE, FeederSettings
from tests.runtime.stand import Stand, stand


def put(here: Stand, lines: list[str], key: str = "manifests/run-7.jsonl") -> None:
    here.s3.put_object(Bucket="results", Key=key, Body="\n".join(lines).encode())


def feed(here: Stand, key: str = "manifests/run-7.jsonl") -> tuple[int, int]:
    return feeder.feed(here.s3, here.sqs, FeederSettings(here.queue_url), "results", key)


def waiting(here: Stand) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while messages := here.sqs.receive_message(QueueUrl=here.queue_url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            content = json.loads(message["Body"])
            found[content["id"]] = content
    return found


def test_every_line_is_sent_once_and_one_without_an_id_gets_its_place() -> None:
    with stand() as here:
        put(here, [json.dumps({"id": f"e{n}", "body": {"n": n}}) for n in range(47)] + ["", '{"body": {"n": 99}}'])
        assert feed(here) == (48, 0)
        found = waiting(here)
        assert len(found) == 48
        assert found["e46"]["body"] == {"n": 46}
        assert found["run-7-49"]["body"] == {"n": 99}


def test_lines_that_are_no_request_are_told_and_harm_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    with stand() as here:
        put(here, ['{"id": "a", "body": 1}', "oops", '{"id": "../b", "body": 1}', '{"id": "c"}', "[1]"])
        assert feed(here) == (1, 4)
        assert list(waiting(here)) == ["a"]
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["bad"] == 4
    assert told["problems"][0].startswith("line 2:")


def test_a_large_body_goes_by_a_pointer() -> None:
    with stand() as here:
        put(here, [json.dumps({"id": "big", "body": {"n": 1, "padding": "x" * 60_000}})])
        assert feed(here) == (1, 0)
        assert waiting(here)["big"]["s3"] == "s3://results/requests/big.json"


def test_what_the_queue_does_not_take_fails_the_call() -> None:
    class Refusing:
        @staticmethod
        def send_message_batch(**call: Any) -> dict[str, Any]:
            return {"Failed": [{"Id": entry["Id"]} for entry in call["Entries"] if '"e1"' in entry["MessageBody"]]}

    with stand() as here:
        put(here, [json.dumps({"id": f"e{n}", "body": n}) for n in range(3)])
        with pytest.raises(feeder.FeedError, match="1 of 3"):
            feeder.feed(here.s3, Refusing(), FeederSettings("q"), "results", "manifests/run-7.jsonl")


def test_the_function_feeds_what_the_notification_names(monkeypatch: pytest.MonkeyPatch) -> None:
    with stand() as here:
        feeder.forget()
        monkeypatch.setenv(VARIABLE, FeederSettings(here.queue_url).to_json())
        put(here, ['{"id": "a", "body": 1}'], key="manifests/week 7.jsonl")
        record = {"s3": {"bucket": {"name": "results"}, "object": {"key": "manifests/week+7.jsonl"}}}
        assert feeder.handler({"Records": [record]}, None) == {"sent": 1, "bad": 0}


def test_a_filled_row_is_written_by_the_worker_and_an_error_is_no_row() -> None:
    import boto3

    from headway_runtime.results import get_row, key_of
    from tests.runtime.test_router import make_table

    with stand() as here:
        make_table()
        here.send(3)
        here.send(1, start=9, poison=True)
        worker = here.start(table="rows", expires_s=600.0, attempts=1)
        assert worker.wait(timeout=20) == 0
        rows = boto3.client("dynamodb")
        assert get_row(rows, "rows", key_of({}, {"n": 2})).value == {"twice": 4}  # type: ignore[union-attr]
        assert get_row(rows, "rows", key_of({}, {"n": 9, "poison": True})) is None
        assert list(here.results()) == ["r9"], "only what failed is told in the bucket"
        assert "poison" in here.results()["r9"]["error"]
