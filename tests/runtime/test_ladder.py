"""The endpoint down: the ladder answers as declared. Up again: the breaker closes and what was queued drains."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from headway_runtime import breaker, ladder, live, router, router_queue
from headway_runtime.breaker import FAILURES
from headway_runtime.contract import Request
from headway_runtime.dead_letters import reason_of
from headway_runtime.results import Row, get_row, key_of, put_newer
from headway_runtime.settings import PartSettings, RouterSettings, RouteSettings
from tests.runtime.faulty import Faulty, faulty
from tests.runtime.stand import Stand, stand
from tests.runtime.test_contract import validator
from tests.runtime.test_router import call, make_table

PART = PartSettings("live", 2.0, endpoint_name="tags", model="tags:2")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    with stand(visibility_s=0, receives=1000) as made:
        router.forget()
        monkeypatch.setattr(live.time, "sleep", lambda _: None)
        yield made


@pytest.fixture
def endpoint(here: Stand, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    del here
    with faulty(monkeypatch) as made:
        yield made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds = [0.0]
    monkeypatch.setattr(breaker, "now", lambda: seconds[0])
    return seconds


def told(here: Stand, *rungs: str, **changes: Any) -> RouterSettings:
    made = RouterSettings(
        name="r", routes=(RouteSettings("all", "live"),), parts={"live": PART}, results_bucket="results",
        queue_url=here.queue_url, dead_letters_url=here.dead_url, ladder=rungs,
        cache_table="rows" if "cache" in rungs else "", cache_kept_s=3600.0, default={"label": "unknown"},
    )  # fmt: skip
    return replace(made, **changes)


def drain(settings: RouterSettings, here: Stand, monkeypatch: pytest.MonkeyPatch, context: Any = None) -> int:
    """What the event source does: batches of what is visible, and deletes what was not given back."""
    monkeypatch.setenv("HEADWAY_SETTINGS", settings.to_json())
    got = here.sqs.receive_message(QueueUrl=here.queue_url, MaxNumberOfMessages=10, AttributeNames=["All"])
    records = [
        {"messageId": one["MessageId"], "receiptHandle": one["ReceiptHandle"], "body": one["Body"],
         "attributes": one["Attributes"]}
        for one in got.get("Messages", [])
    ]  # fmt: skip
    answer = router.handler({"Records": records}, context)
    back = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
    for one in records:
        if one["messageId"] not in back:
            here.sqs.delete_message(QueueUrl=here.queue_url, ReceiptHandle=one["receiptHandle"])
    return len(records) - len(back)


def test_the_last_good_answer_is_given_marked_stale_with_its_age(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make_table()
    settings = told(here, "cache", "default")
    status, good = call(monkeypatch, settings, body={"id": "a", "body": {"n": 1}})
    assert (status, good["source"]) == (200, "live")
    row = get_row(table, "rows", key_of({}, {"n": 1}))
    assert row is not None
    put_newer(table, "rows", row._replace(computed_at=row.computed_at))
    endpoint.mode = "busy"
    status, stale = call(monkeypatch, settings, body={"id": "b", "body": {"n": 1}})
    assert (status, stale["output"], stale["source"], stale["stale"], stale["model"]) == (
        200, {"echo": {"n": 1}}, "cache", True, "tags:2",
    )  # fmt: skip
    assert 0 <= stale["age_s"] < 10
    validator("result").validate(stale)
    _, other = call(monkeypatch, settings, body={"id": "c", "body": {"n": 2}})
    assert (other["output"], other["source"]) == ({"label": "unknown"}, "default"), "nobody asked that before"
    validator("result").validate(other)


def test_an_answer_that_is_too_old_is_not_given_out(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    put_newer(make_table(), "rows", Row(key_of({}, {"n": 1}), {"old": 1}, now - 7200, now - 3600))
    endpoint.mode = "busy"
    assert call(monkeypatch, told(here, "cache"), body={"id": "a", "body": {"n": 1}})[0] == 503


@pytest.mark.parametrize(
    ("rungs", "status", "source"),
    [
        (("queue", "default"), 202, None), (("default", "queue"), 200, "default"), (("cache", "queue"), 202, None),
        (("cache", "default"), 200, "default"), (("cache",), 503, None), ((), 503, None),
    ],
)  # fmt: skip
def test_the_rungs_are_tried_in_the_order_declared(
    here: Stand,
    endpoint: Faulty,
    monkeypatch: pytest.MonkeyPatch,
    rungs: tuple[str, ...],
    status: int,
    source: str | None,
) -> None:
    make_table()
    endpoint.mode = "busy"
    answered, content = call(monkeypatch, told(here, *rungs), body={"id": "a", "body": {"n": 1}})
    assert (answered, content.get("source")) == (status, source)
    assert here.depth()[0] == (1 if status == 202 else 0)


def test_a_ticket_of_the_ladder_says_why_and_keeps_the_schema(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.mode = "busy"
    _, ticket = call(monkeypatch, told(here, "queue"), body={"id": "a", "body": {"n": 1}})
    assert "busy" in ticket["because"]
    assert "ready_by" not in ticket, "nobody knows when"
    validator("ticket").validate(ticket)


def test_without_a_rung_it_says_when_to_come_again(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.mode = "busy"
    monkeypatch.setenv("HEADWAY_SETTINGS", told(here).to_json())
    event = {"routeKey": "POST /requests", "body": '{"id": "a", "body": 1}'}
    answers = [router.handler(event, None) for _ in range(FAILURES + 1)]
    assert [one["statusCode"] for one in answers] == [503] * (FAILURES + 1)
    assert 1 <= int(answers[-1]["headers"]["retry-after"]) <= 6


def test_a_refusal_of_the_model_is_no_case_for_the_ladder(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.mode = "model-400"
    assert call(monkeypatch, told(here, "queue", "default"), body={"id": "a", "body": 1})[0] == 422
    assert here.depth() == (0, 0)


def test_every_answer_of_the_ladder_is_counted_for_its_alarm(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.mode = "busy"
    call(monkeypatch, told(here, "queue"), body={"id": "a", "body": 1})
    call(monkeypatch, told(here, "default"), body={"id": "b", "body": 1})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [one["Degraded"] for one in lines if "_aws" in one] == [1, 1]
    assert [one["rung"] for one in lines if one.get("router") == "fallback"] == ["queue", "default"]


def test_a_table_and_a_queue_that_fail_too_leave_it_to_the_next_rung(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.mode = "busy"
    settings = told(here, "cache", "queue", "default", queue_url=f"{here.queue_url}-gone")
    status, answer = call(monkeypatch, settings, body={"id": "a", "body": 1})
    assert (status, answer["source"]) == (200, "default"), "there is no table, and no such queue"


def test_a_promise_is_kept_by_the_ladder_when_the_endpoint_is_silent(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.mode, endpoint.seconds = "silent", 6.0
    part = PartSettings("live", 0.5, endpoint_name="tags")
    settings = told(here, "default", parts={"live": part})
    started = time.monotonic()
    assert call(monkeypatch, settings, body={"id": "a", "body": 1})[1]["source"] == "default"
    assert time.monotonic() - started < 4.0


def test_a_deadline_that_is_past_is_answered_by_the_ladder_and_blames_nobody(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=5)).isoformat()
    for n in range(2 * FAILURES):
        _, answer = call(monkeypatch, told(here, "default"), body={"id": f"a{n}", "body": 1, "deadline": past})
        assert answer["source"] == "default"
    assert endpoint.calls == []
    assert live.breaker(PART).state == "closed"


def test_down_and_up_again_nothing_is_lost(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    settings = told(here, "cache", "queue")
    make_table()
    endpoint.mode = "busy"
    asked = {f"r{n}": call(monkeypatch, settings, body={"id": f"r{n}", "body": {"n": n}})[0] for n in range(12)}
    assert set(asked.values()) == {202}
    assert live.breaker(PART).state == "open"
    calls = len(endpoint.calls)
    assert calls == FAILURES * live.TRIES, "once open, nobody is asked"
    monkeypatch.setattr(router_queue, "SOONEST_S", 0.0)
    monkeypatch.setattr(router_queue, "AGAIN_SHARE", 0.0)
    assert drain(settings, here, monkeypatch) == 0
    assert len(endpoint.calls) == calls, "the queue asks nobody either"
    clock[0] += 7
    assert drain(settings, here, monkeypatch) == 0
    assert len(endpoint.calls) == calls + 1, "half-open: one probe for the whole batch"
    assert here.depth(here.dead_url) == (0, 0)
    endpoint.mode = "up"
    clock[0] += 13
    assert live.breaker(PART).state == "half-open"
    while sum(here.depth()):
        drain(settings, here, monkeypatch)
    assert live.breaker(PART).state == "closed"
    results = here.results()
    assert set(results) == set(asked), "nothing is lost"
    for name, result in results.items():
        validator("result").validate(result)
        assert result["output"] == {"echo": {"n": int(name[1:])}}
        assert result["source"] == "live"
    status, result = call(monkeypatch, settings, "GET /results/{id}", id="r3")
    assert (status, result["output"]) == (200, {"echo": {"n": 3}})
    assert call(monkeypatch, settings, body={"id": "s", "body": {"n": 3}})[1]["source"] == "live"


def test_a_message_takes_the_same_route_and_its_result_is_written_by_the_contract(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.send(2)
    assert drain(told(here), here, monkeypatch) == 2
    results = here.results()
    assert {name: one["output"] for name, one in results.items()} == {f"r{n}": {"echo": {"n": n}} for n in (1, 2)}
    validator("result").validate(results["r1"])
    assert len(endpoint.calls) == 2


def test_a_message_for_a_queued_part_is_handed_over(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = here.sqs.create_queue(QueueName="slow")["QueueUrl"]
    settings = told(here, parts={"live": PartSettings("queue", 3600, queue_url=other)})
    here.send(1)
    assert drain(settings, here, monkeypatch) == 1
    [message] = here.sqs.receive_message(QueueUrl=other)["Messages"]
    assert json.loads(message["Body"])["id"] == "r1"
    assert endpoint.calls == []


def test_a_message_that_is_no_request_goes_to_the_dead_letters_with_its_reason_at_once(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.sqs.send_message(QueueUrl=here.queue_url, MessageBody="nonsense")
    here.send(1)
    assert drain(told(here), here, monkeypatch) == 2
    [dead] = here.sqs.receive_message(QueueUrl=here.dead_url, MessageAttributeNames=["All"])["Messages"]
    assert "not JSON" in str(reason_of(dead))
    assert list(here.results()) == ["r1"]
    assert len(endpoint.calls) == 1


def test_what_the_model_refuses_three_times_is_dead_with_its_reason_as_its_result(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router_queue, "SOONEST_S", 0.0)
    endpoint.mode = "model-400"
    here.send(1)
    assert [drain(told(here), here, monkeypatch) for _ in range(3)] == [0, 0, 1]
    assert "model-400" in here.results()["r1"]["error"]
    assert here.depth(here.dead_url)[0] == 1


def test_a_message_that_waits_longer_is_asked_for_more_seldom(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.mode = "busy"
    pauses: list[int] = []
    monkeypatch.setattr(router_queue, "_again_after", lambda settings, record, seconds: pauses.append(seconds))
    monkeypatch.setenv("HEADWAY_SETTINGS", told(here, "queue").to_json())
    for age in (0, 60, 600, 3600, 86_400):
        sent = str(int((time.time() - age) * 1000))
        record = {"messageId": "m", "body": '{"id": "a", "body": 1}', "attributes": {"SentTimestamp": sent}}
        router.handler({"Records": [record]}, None)
    for pause, expected in zip(pauses, (15, 15, 60, 360, 900), strict=True):
        assert 0.79 * expected <= pause <= expected + 1
    told_of = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    waited = [line["QueuedFor"] for line in told_of if "QueuedFor" in line]
    assert waited == pytest.approx([0, 60, 600, 3600, 86_400], abs=5)


def test_out_of_time_the_rest_of_a_batch_goes_back_at_once(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Context:
        left: Callable[[], int] = staticmethod(iter([9000, 9000, 1000, 1000]).__next__)

        def get_remaining_time_in_millis(self) -> int:
            return type(self).left()

    here.send(3)
    assert drain(told(here), here, monkeypatch, Context()) == 1
    assert here.depth() == (2, 0)
    assert len(endpoint.calls) == 1


def test_features_and_their_questions_are_kept_apart(here: Stand) -> None:
    settings = told(here, "cache", table="features", table_holds="features")
    asked = [
        Request("a", body={"amount": 1}, attributes={"key": "customer-7"}),
        Request("b", body={"amount": 2}, attributes={"key": "customer-7"}),
        Request("c", body={"amount": 1}, attributes={"key": "customer-8"}),
    ]
    assert len({ladder.kept_as(settings, one, one.body) for one in asked}) == 3


def test_what_api_and_queue_give_is_one_contract(
    here: Stand, endpoint: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, answer = call(monkeypatch, told(here), body={"id": "a", "body": {"n": 1}})
    validator("result").validate(answer)
    schema = json.loads(Path("schemas/result.schema.json").read_text())
    jsonschema.validate(answer, {**schema, "additionalProperties": False})
