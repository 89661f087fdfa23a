"""The contract's two schemas, and that the runtime keeps them."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from headway_runtime.contract import BadRequestError, Request, parse_request, submit
from tests.runtime.stand import stand

SCHEMAS = Path("schemas")


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((SCHEMAS / f"{name}.schema.json").read_text()))


@pytest.mark.parametrize(
    "request_",
    [
        Request("a", body={"n": 1}),
        Request("a-1", s3="s3://b/k.json"),
        Request("x", body=[1], tier="t", attributes={"a": 1}),
    ],
)
def test_what_is_sent_keeps_the_schema(request_: Request) -> None:
    validator("request").validate(json.loads(request_.to_json()))


@pytest.mark.parametrize(
    "content", [{"body": 1}, {"id": "../x", "body": 1}, {"id": "a"}, {"id": "a", "s3": "http://x"}]
)
def test_what_the_runtime_refuses_the_schema_refuses(content: dict[str, Any]) -> None:
    assert list(validator("request").iter_errors(content))


def test_results_and_errors_keep_the_schema() -> None:
    with stand(attempts=1) as here:
        here.send(1)
        here.send(1, start=2, poison=True)
        assert here.start().wait(timeout=10) == 0
        results = here.results()
        assert set(results) == {"r1", "r2"}
        for result in results.values():
            validator("result").validate(result)
        assert "error" in results["r2"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nonsense", "not JSON"),
        ("[1]", "not an object"),
        ('{"body": 1}', "id must be"),
        ('{"id": "../x", "body": 1}', "id must be"),
        ('{"id": "a"}', "neither body nor s3"),
        ('{"id": "a", "s3": "http://x"}', "s3://bucket/key"),
        ("[" * 100_000, "nested deeper"),
    ],
)
def test_a_message_that_is_no_request_says_why(text: str, expected: str) -> None:
    with pytest.raises(BadRequestError, match=expected):
        parse_request(text)


def test_a_request_goes_through_a_message_unchanged() -> None:
    request = Request("a-1", body={"n": 1}, tier="gold", attributes={"x": 1}, submitted_at="2026-06-03T12:00:00Z")
    assert parse_request(request.to_json()) == request
    assert parse_request('{"id": "a", "body": null}').body is None


@pytest.mark.parametrize("body", [{}, None, [], 0, False, "", {"n": None}])
def test_an_empty_body_travels_as_it_is(body: Any) -> None:
    sent = parse_request(Request("a", body=body).to_json())
    assert sent.body == body
    assert type(sent.body) is type(body)


@pytest.mark.parametrize(
    "content",
    [{"tier": 1}, {"attributes": [1]}, {"submitted_at": 1700000000}, {"deadline": {"at": 1}},
     {"attributes": {"key": []}}, {"attributes": {"key": ""}}, {"attributes": {"key": True}}],
)  # fmt: skip
def test_a_field_of_another_type_is_refused_by_both(content: dict[str, Any]) -> None:
    content = {"id": "a", "body": 1, **content}
    assert list(validator("request").iter_errors(content))
    with pytest.raises(BadRequestError, match="must be"):
        parse_request(json.dumps(content))


def test_a_field_that_is_null_is_a_field_that_is_not_there() -> None:
    assert parse_request('{"id": "a", "body": 1, "tier": null, "attributes": null}') == Request("a", body=1)


class Sent:
    """A queue and a bucket that remember what they were given."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.objects: dict[str, bytes] = {}

    def send_message(self, **asked: Any) -> None:
        self.messages.append(json.loads(asked["MessageBody"]))

    def put_object(self, **asked: Any) -> None:
        self.objects[f"s3://{asked['Bucket']}/{asked['Key']}"] = asked["Body"]


def sent(request: Request, **options: Any) -> Sent:
    to = Sent()
    submit(to, to, queue_url="q", bucket="b", request=request, **options)
    return to


def test_a_body_goes_to_s3_when_the_message_would_be_over_the_threshold() -> None:
    just = len(Request("a", body="x" * 100).to_json())
    assert sent(Request("a", body="x" * 100), inline_bytes=just).objects == {}
    over = sent(Request("a", body="x" * 101), inline_bytes=just)
    assert over.messages == [{"id": "a", "s3": "s3://b/requests/a.json"}]
    assert over.objects == {"s3://b/requests/a.json": json.dumps("x" * 101).encode()}


def test_the_threshold_is_48_kb() -> None:
    assert sent(Request("a", body="x" * 47_900)).objects == {}
    assert list(sent(Request("a", body="x" * 48_000)).objects) == ["s3://b/requests/a.json"]


def test_bytes_travel_as_base64() -> None:
    assert sent(Request("a", body=b"\x00\xff")).messages == [{"id": "a", "body": {"base64": "AP8="}}]


def test_an_id_that_no_worker_would_take_is_refused_before_it_is_sent() -> None:
    for name in ("../x", "", "a/b", ".hidden", "x" * 201):
        with pytest.raises(BadRequestError, match="cannot be an id"):
            sent(Request(name, body=1))
