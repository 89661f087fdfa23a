"""Live answers are held against what they shall be: given at once, marked, counted, and kept only where they are good."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from headway_runtime import ladder, live_answers, router
from headway_runtime.contract import Request
from headway_runtime.results import get_row
from headway_runtime.settings import RouterSettings
from tests.runtime.faulty import Faulty
from tests.runtime.stand import Stand
from tests.runtime.test_ladder import drain, endpoint, here, told
from tests.runtime.test_router import call, make_table

__all__ = ["endpoint", "here"]

DOCUMENT = {"schema": {"type": "object", "required": ["label"]}, "confidence": None, "probes": []}
ADDRESS = "s3://results/runtime/validation.json"


@pytest.fixture
def settings(here: Stand) -> Iterator[RouterSettings]:
    here.s3.put_object(Bucket="results", Key="runtime/validation.json", Body=json.dumps(DOCUMENT).encode())
    make_table()
    yield told(here, "cache", "queue", "default", validation=ADDRESS)
    router.forget()


def counted(out: str, name: str) -> list[Any]:
    lines = [json.loads(line) for line in out.splitlines()]
    return [line[name] for line in lines if name in line and line["Router"] == "r"]


def test_a_doubtful_answer_is_given_marked_and_counted_and_not_kept_as_a_good_one(
    settings: RouterSettings, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"id": "r1", "body": {"n": 1}}
    endpoint.answer = {"label": "invoice"}
    status, good = call(monkeypatch, settings, body=asked)
    assert (status, good["source"], "doubts" in good) == (200, "live", False)
    endpoint.answer = {"labels": []}
    status, bad = call(monkeypatch, settings, body=asked)
    assert (status, bad["output"], bad["source"]) == (200, {"labels": []}, "live")
    assert [one["kind"] for one in bad["doubts"]] == ["schema", "empty"]
    out = capsys.readouterr().out
    assert counted(out, "Doubtful") == [[0], [1]]
    assert counted(out, "SchemaBreaks") == [[0], [1]]
    kept = ladder.kept_as(settings, Request("r1", body={"n": 1}), {"n": 1})
    row = get_row(live_answers.clients.client("dynamodb"), "rows", kept)
    assert row is not None
    assert row.value == {"label": "invoice"}, "the last good answer"


def test_a_queued_requests_result_is_marked_too(
    settings: RouterSettings, here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.answer = {"label": " "}
    here.sqs.send_message(QueueUrl=here.queue_url, MessageBody=json.dumps({"id": "q1", "body": 1}))
    assert drain(settings, here, monkeypatch) == 1
    assert [one["kind"] for one in here.results()["q1"]["doubts"]] == ["empty"]


def test_what_to_check_for_holds_up_no_answer_and_is_read_again(
    settings: RouterSettings, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.answer = {"label": "invoice"}
    there, read = threading.Event(), live_answers.read_checks

    def slow(s3: Any, address: str) -> Any:
        there.wait(10)
        return read(s3, address)

    monkeypatch.setattr(live_answers, "read_checks", slow)
    monkeypatch.setattr(live_answers, "READ_WITHIN_S", 0.05)
    status, answer = call(monkeypatch, settings, body={"body": 1})
    assert (status, answer["output"]) == (200, {"label": "invoice"})
    assert [one["kind"] for one in answer["doubts"]] == ["unchecked"]
    there.set()
    monkeypatch.setattr(live_answers, "READ_WITHIN_S", 5.0)
    assert "doubts" not in call(monkeypatch, settings, body={"body": 1})[1]


def test_what_cannot_be_read_counts_as_doubtful_until_it_can(
    settings: RouterSettings, here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.answer = {"label": "invoice"}
    absent = replace(settings, validation="s3://results/runtime/other.json")
    assert call(monkeypatch, absent, body={"body": 1})[1]["doubts"][0]["kind"] == "unchecked"
    here.s3.put_object(Bucket="results", Key="runtime/other.json", Body=json.dumps(DOCUMENT).encode())
    assert "doubts" in call(monkeypatch, absent, body={"body": 1})[1], "not asked at every request"
    monkeypatch.setattr(live_answers, "AGAIN_S", 0.0)
    assert "doubts" not in call(monkeypatch, absent, body={"body": 1})[1]


def test_what_leaves_the_queue_is_counted_for_the_days_account_once_and_what_stays_or_is_dead_is_not(
    settings: RouterSettings,
    here: Stand,
    endpoint: Faulty,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for text in ('{"id": "a", "body": 1}', '{"id": "b", "body": 2}', "no request"):
        here.sqs.send_message(QueueUrl=here.queue_url, MessageBody=text)
    endpoint.answer, endpoint.next_modes = {"label": "invoice"}, ["up", "gone", "gone", "gone"]
    assert drain(settings, here, monkeypatch) == 2
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (told,) = [line for line in lines if "PromiseUsed" in line]
    assert (told["Fleet"], len(told["PromiseUsed"])) == ("r-queued", 1), "one is answered, one stays, one is dead"
    assert len(here.letters()) == 1
