"""The router on an AWS in process: rules, live answers, tickets and their results, rows of a table, uploads."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway_rehearsal.endpoint import answering
from headway_runtime import live, router
from headway_runtime.contract import Request
from headway_runtime.results import Row, get_row, key_of, put_newer
from headway_runtime.routes import holds, route_of
from headway_runtime.routing import Answered
from headway_runtime.settings import VARIABLE, PartSettings, RouterSettings, RouteSettings
from tests.runtime.stand import Stand, stand
from tests.runtime.test_microbatch import make_endpoint

ROUTES = (
    RouteSettings("verified", "fast", field="creator", equals="verified"),
    RouteSettings("large", "slow", field="pages", above=20),
    RouteSettings("partner", "fast", field="account", any_of=("acme", 7)),
    RouteSettings("rest", "slow"),
)


@pytest.fixture
def here() -> Iterator[Stand]:
    with stand() as made:
        router.forget()
        make_endpoint()
        with answering(made.model.url):
            yield made


def settings(here: Stand, **changes: Any) -> RouterSettings:
    parts = {
        "fast": PartSettings("live", 2, endpoint_name="tags", model="tags:2"),
        "slow": PartSettings("queue", 3600, queue_url=here.queue_url),
    }
    return RouterSettings(**{"name": "r", "routes": ROUTES, "parts": parts, "results_bucket": "results", **changes})


def call(
    monkeypatch: pytest.MonkeyPatch, told: RouterSettings, route: str = "POST /requests", body: Any = None, **path: str
) -> tuple[int, dict[str, Any]]:
    monkeypatch.setenv(VARIABLE, told.to_json())
    text = body if isinstance(body, str) else json.dumps(body)
    answer = router.handler({"routeKey": route, "body": text, "pathParameters": path}, None)
    return answer["statusCode"], json.loads(answer["body"])


def test_a_live_tier_is_answered_at_once(here: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    request = {"id": "a", "body": {"n": 4}, "attributes": {"creator": "verified"}}
    status, answer = call(monkeypatch, settings(here), body=request)
    assert status == 200
    assert (answer["id"], answer["model"], answer["source"]) == ("a", "tags:2", "live")
    assert here.depth() == (0, 0)


def test_a_patient_tier_gets_a_ticket_and_its_result_by_it(here: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    told = settings(here)
    status, ticket = call(monkeypatch, told, body={"id": "b", "body": {"n": 5}})
    assert (status, ticket["status"], ticket["result"]) == (202, "queued", "/results/b")
    jsonschema.validate(ticket, json.loads(Path("schemas/ticket.schema.json").read_text()))
    assert here.depth() == (1, 0)
    assert call(monkeypatch, told, "GET /results/{id}", id="b") == (404, {"id": "b", "status": "not there yet"})
    assert here.start().wait(timeout=10) == 0
    status, result = call(monkeypatch, told, "GET /results/{id}", id="b")
    assert (status, result["output"]) == (200, {"twice": 10})


def test_a_ticket_says_by_when(here: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime

    _, ticket = call(monkeypatch, settings(here), body={"body": {"n": 5}})
    left = datetime.fromisoformat(ticket["ready_by"]) - datetime.now(UTC)
    assert 3590 < left.total_seconds() <= 3600
    assert len(ticket["id"]) == 32, "a request without an id gets one"


def test_what_the_model_refuses_and_an_endpoint_that_is_gone_are_told_apart(
    here: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = {"id": "c", "body": {"n": 1, "poison": True}, "tier": "verified"}
    status, answer = call(monkeypatch, settings(here), body=poison)
    assert (status, "poison" in answer["error"]) == (422, True)
    gone = {"fast": PartSettings("live", 2, endpoint_name="elsewhere")}
    status, _ = call(monkeypatch, settings(here, parts=gone), body={"id": "c", "body": {}, "tier": "verified"})
    assert status == 503


def test_an_endpoint_is_left_before_the_function_ends(here: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = []
    monkeypatch.setattr(router, "live_answer", lambda *asked: allowed.append(asked[-1]) or Answered(1, "m", {}))
    monkeypatch.setenv(VARIABLE, settings(here).to_json())
    event = {"routeKey": "POST /requests", "body": json.dumps({"body": 1, "tier": "verified"})}
    for left_ms in (60_000, 6_000):
        context = mock.Mock(get_remaining_time_in_millis=lambda left_ms=left_ms: left_ms)
        assert router.handler(event, context)["statusCode"] == 200
    assert [one.first_s for one in allowed] == [27.0, 5.0], "a second is kept to answer"


def test_what_does_not_answer_is_told_with_when_to_come_again(here: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, settings(here).to_json())
    here.s3.delete_bucket(Bucket="results")
    answer = router.handler({"routeKey": "GET /results/{id}", "pathParameters": {"id": "a"}}, None)
    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "1")
    assert "NoSuchBucket" in answer["body"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("nonsense", "not JSON"),
        ([1], "not a request"),
        ({"id": "../x", "body": 1}, "id must be"),
        ({"id": "x"}, "neither"),
    ],
)
def test_what_is_no_request_is_told_so(here: Stand, monkeypatch: pytest.MonkeyPatch, body: Any, said: str) -> None:
    status, answer = call(monkeypatch, settings(here), body=body)
    assert status == 400
    assert said in answer["error"]


def test_an_id_that_could_leave_its_prefix_finds_nothing(here: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, settings(here), "GET /results/{id}", id="../runtime/x")[0] == 400


def test_a_large_body_is_uploaded_beside_its_request(here: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    status, place = call(monkeypatch, settings(here), "POST /uploads")
    assert status == 201
    assert place["s3"].startswith("s3://results/requests/")
    asked = parse_qs(urlsplit(place["put"]).query)
    # S3 takes no older signature where a customer's key encrypts, nor in the newer regions.
    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert asked["X-Amz-SignedHeaders"] == ["content-type;host"], "nothing but what it is said to be can be put"
    assert asked["X-Amz-Expires"] == ["900"]


def test_an_upload_goes_to_its_own_region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-south-2")
    router.forget()
    told = RouterSettings("r", ROUTES, {}, "team-results")
    _, place = call(monkeypatch, told, "POST /uploads")
    assert place["put"].startswith("https://team-results.s3.eu-south-2.amazonaws.com/requests/")
    router.forget()


def test_what_an_asynchronous_endpoint_answers_or_why_it_failed_is_found_whatever_it_is_called(
    here: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def invoke(**given: Any) -> dict[str, str]:
        asked.append(given)
        at = f"s3://results/{{}}/{len(asked)}"
        return {
            "OutputLocation": f"{at.format('results')}.out",
            "FailureLocation": f"{at.format('failures')}-error.out",
        }

    runtime, real = mock.Mock(invoke_endpoint_async=invoke), router.clients.client
    monkeypatch.setattr(
        router.clients, "client", lambda service: runtime if service == "sagemaker-runtime" else real(service)
    )
    parts = {name: PartSettings("asynchronous", 60, endpoint_name="later") for name in ("fast", "slow")}
    told = settings(here, parts=parts)
    for number, identity in enumerate(("short", "x" * 65, "x" * 200), 1):
        assert call(monkeypatch, told, body={"id": identity, "body": 1})[0] == 202
        assert len(asked[-1]["InferenceId"]) <= 64, "the longest that SageMaker takes"
        assert call(monkeypatch, told, "GET /results/{id}", id=identity)[0] == 404
        here.s3.put_object(Bucket="results", Key=f"results/{number}.out", Body=b'{"twice": 2}')
        status, found = call(monkeypatch, told, "GET /results/{id}", id=identity)
        assert (status, found) == (200, {"id": identity, "output": {"twice": 2}})
    assert len({one["InferenceId"] for one in asked}) == 3
    call(monkeypatch, told, body={"id": "bad", "body": 1})
    here.s3.put_object(Bucket="results", Key="failures/4-error.out", Body=b"out of memory \xff")
    status, found = call(monkeypatch, told, "GET /results/{id}", id="bad")
    assert (status, found["error"]) == (200, "the model failed: out of memory \ufffd"), "nobody waits for ever"


def make_table(name: str = "rows") -> Any:
    import boto3

    client = boto3.client("dynamodb")
    client.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
    )  # fmt: skip
    return client


def test_what_was_computed_ahead_is_answered_from_the_table_with_its_age(
    here: Stand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table, now = make_table(), time.time()
    put_newer(table, "rows", Row(key_of({}, {"n": 1}), {"twice": 2}, now - 60, now + 60, "tags:1"))
    told = settings(here, table="rows", table_holds="answers")
    status, hit = call(monkeypatch, told, body={"id": "h", "body": {"n": 1}, "tier": "verified"})
    assert (status, hit["output"], hit["source"], hit["model"]) == (200, {"twice": 2}, "precomputed", "tags:1")
    assert 60 <= hit["age_s"] < 65
    _, miss = call(monkeypatch, told, body={"id": "m", "body": {"n": 2}, "tier": "verified"})
    assert miss["source"] == "live"
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert [(one["Hits"], one["Misses"]) for one in metrics] == [(1, 0), (0, 1)]
    assert 60 <= metrics[0]["RowAge"] < 65
    assert here.model.batches == [1], "only the miss reached the model"


def test_a_row_that_has_expired_is_no_answer_even_before_it_is_deleted(here: Stand) -> None:
    del here
    table, now = make_table(), time.time()
    put_newer(table, "rows", Row("k", 1, now - 100, now - 1))
    assert get_row(table, "rows", "k") is None
    assert get_row(table, "rows", "k", now - 50) is not None


def test_an_older_fill_never_overwrites_a_newer_row(here: Stand) -> None:
    del here
    table, now = make_table(), time.time()
    assert put_newer(table, "rows", Row("k", "new", now, now + 60))
    assert not put_newer(table, "rows", Row("k", "old", now - 10, now + 50))
    assert get_row(table, "rows", "k").value == "new"  # type: ignore[union-attr]


def test_features_are_joined_with_the_live_part(here: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    table, now = make_table(), time.time()
    put_newer(table, "rows", Row("customer-7", {"history": [1, 2]}, now, now + 60))
    sent: list[Any] = []
    monkeypatch.setattr(live, "ask", lambda part, body, allowed: sent.append(body) or ({"score": 1}, 1))
    told = settings(here, table="rows", table_holds="features")
    request = {"id": "f", "body": {"amount": 3}, "tier": "verified", "attributes": {"key": "customer-7"}}
    assert call(monkeypatch, told, body=request)[0] == 200
    call(monkeypatch, told, body={**request, "attributes": {"key": "stranger"}})
    assert sent == [
        {"request": {"amount": 3}, "features": {"history": [1, 2]}}, {"request": {"amount": 3}, "features": None},
    ]  # fmt: skip
    status, answer = call(monkeypatch, told, body={**request, "attributes": {}})
    assert (status, "attributes.key" in answer["error"]) == (400, True)


@pytest.mark.parametrize(
    ("attributes", "tier"),
    [
        ({"creator": "verified"}, "verified"), ({"creator": "guest"}, "rest"), ({"pages": 21}, "large"),
        ({"pages": 20}, "rest"), ({"pages": "99"}, "rest"), ({"pages": True}, "rest"), ({"account": "acme"}, "partner"),
        ({"account": 7}, "partner"), ({"account": "7"}, "rest"), ({}, "rest"),
        ({"creator": "verified", "pages": 99}, "verified"),
    ],
)  # fmt: skip
def test_rules_are_tried_in_order_and_the_last_takes_the_rest(attributes: dict[str, Any], tier: str) -> None:
    assert route_of(Request("x", attributes=attributes), ROUTES).tier == tier


def test_a_request_that_names_its_tier_goes_there() -> None:
    assert route_of(Request("x", tier="large", attributes={"creator": "verified"}), ROUTES).tier == "large"


def test_true_is_not_one() -> None:
    assert not holds(RouteSettings("t", "p", field="x", equals=1), True)
    assert holds(RouteSettings("t", "p", field="x", equals=True), True)


@given(
    st.dictionaries(
        st.sampled_from(["creator", "pages", "account", "x"]),
        st.one_of(
            st.none(),
            st.integers(),
            st.text(max_size=5),
            st.booleans(),
            st.floats(),
            st.lists(st.integers(), max_size=2),
        ),
    )
)
def test_every_request_finds_a_route(attributes: dict[str, Any]) -> None:
    assert route_of(Request("x", attributes=attributes), ROUTES) in ROUTES
