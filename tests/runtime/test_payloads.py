"""Whatever comes as a request harms nobody: no entry of the runtime breaks, no batch stops, no key leaves its prefix."""

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from headway_runtime import clients, feeder, microbatch, router
from headway_runtime.contract import (
    DEEPEST,
    ENVELOPE_BYTES,
    ID_PATTERN,
    BadRequestError,
    Request,
    parse_json,
    parse_request,
)
from headway_runtime.dead_letters import REASON, sendable
from headway_runtime.items import open_item
from headway_runtime.results import ROW_BYTES, BucketSink, TableSink, key_of
from headway_runtime.settings import (
    VARIABLE,
    FeederSettings,
    MicroBatchSettings,
    PartSettings,
    RouterSettings,
    RouteSettings,
)
from tests.runtime.payloads import BYTES, TEXTS, Bucket, Endpoint, below

GOOD = json.dumps({"id": "good", "body": {"n": 1}})


@given(st.one_of(TEXTS, BYTES))
def test_what_comes_is_a_request_that_can_travel_or_is_refused(content: str | bytes) -> None:
    try:
        request = parse_request(content)
    except BadRequestError:
        return
    assert ID_PATTERN.fullmatch(request.id)
    assert below("results/", f"results/{request.id}.json")
    assert parse_request(request.to_json()) == request
    assert len(Request(**{**request.__dict__, "body": None}).to_json()) <= ENVELOPE_BYTES
    key = key_of(request.attributes, request.body)
    assert 1 <= len(key.encode()) <= 2048, "DynamoDB takes it as a key"


@given(TEXTS, BYTES)
def test_an_item_opens_or_says_why(text: str, lying_there: bytes) -> None:
    item = open_item({"Body": text}, Bucket(lying_there))
    assert item.error or item.request is not None
    if not item.error:
        json.dumps(item.body, allow_nan=False)


@settings(max_examples=60)
@given(st.lists(TEXTS, max_size=5), st.integers(0, 5))
def test_no_message_stops_its_batch_or_writes_outside_the_results(texts: list[str], place: int) -> None:
    bucket, endpoint = Bucket(), Endpoint()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, MicroBatchSettings("tags", "b", 3, "tags", 45).to_json())
        patch.setattr(microbatch, "_client", lambda service: bucket if service == "s3" else endpoint)
        bodies = [*texts[:place], GOOD, *texts[place:]]
        records = [
            {"messageId": f"m{index}", "body": body, "attributes": {"ApproximateReceiveCount": "3"}}
            for index, body in enumerate(bodies)
        ]
        failed = {one["itemIdentifier"] for one in microbatch.handler({"Records": records}, None)["batchItemFailures"]}
    assert f"m{min(place, len(texts))}" not in failed
    assert all(below("results/", key) for key in bucket.put)
    assert "output" in json.loads(bucket.put["results/good.json"])
    for content in bucket.put.values():
        assert parse_json(content), "a result that any reader reads"


@settings(max_examples=60)
@given(st.lists(BYTES, max_size=5), st.integers(0, 5))
def test_no_line_stops_its_manifest_or_writes_outside_the_requests(lines: list[bytes], place: int) -> None:
    sent: list[str] = []

    class Queue:
        @staticmethod
        def send_message_batch(**call: Any) -> dict[str, Any]:
            sent.extend(entry["MessageBody"] for entry in call["Entries"])
            assert sum(len(entry["MessageBody"].encode()) for entry in call["Entries"]) <= 1_048_576
            return {}

    class Manifest(Bucket):
        def get_object(self, **asked: Any) -> dict[str, Any]:
            del asked
            chunks = io.BytesIO(b"\n".join([*lines[:place], GOOD.encode(), *lines[place:]]))
            return {"Body": _Chunks(chunks)}

    bucket = Manifest()
    feeder.feed(bucket, Queue(), FeederSettings("q"), "b", "manifests/../week 7.jsonl")
    assert GOOD.replace(" ", "") in [text.replace(", ", ",").replace(": ", ":") for text in map(_ordered, sent)]
    assert all(below("requests/", key) for key in bucket.put)
    for text in sent:
        parse_request(text)


class _Chunks:
    def __init__(self, source: io.BytesIO) -> None:
        self.source = source

    def iter_chunks(self) -> Any:
        return iter(lambda: self.source.read(17), b"")


def _ordered(text: str) -> str:
    content = json.loads(text)
    return json.dumps({"id": content["id"], **({"body": content["body"]} if "body" in content else {})})


class Services:
    """What the router calls: a bucket, a queue, an endpoint; the table holds nothing."""

    def __init__(self, lying_there: bytes) -> None:
        self.bucket, self.endpoint, self.sent = Bucket(lying_there), Endpoint(), list[dict[str, Any]]()

    def client(self, service: str) -> Any:
        return {"s3": self.bucket}.get(service, self)

    def send_message(self, **asked: Any) -> None:
        assert len(asked["MessageBody"].encode()) <= 1_048_576
        self.sent.append(asked)

    def get_item(self, **asked: Any) -> dict[str, Any]:
        assert 1 <= len(asked["Key"]["key"]["S"].encode()) <= 2048
        return {}

    def change_message_visibility(self, **asked: Any) -> None:
        pass


ROUTER = RouterSettings(
    name="r", routes=(RouteSettings("v", "slow", field="creator", equals="verified"), RouteSettings("rest", "fast")),
    parts={"fast": PartSettings("live", 2, endpoint_name="tags"), "slow": PartSettings("queue", 60, queue_url="slow")},
    results_bucket="b", table="rows", table_holds="answers", queue_url="own", dead_letters_url="dead",
    ladder=("cache", "queue", "default"), cache_table="", default="none",
)  # fmt: skip


@settings(max_examples=100)
@given(TEXTS, BYTES, st.sampled_from(["POST /requests", "GET /results/{id}", "POST /uploads", "DELETE /x", None]))
def test_whatever_is_posted_gets_an_answer(text: str, lying_there: bytes, route: str | None) -> None:
    services = Services(lying_there)
    router.forget()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, ROUTER.to_json())
        patch.setattr(clients, "client", services.client)
        patch.setattr(clients, "endpoints", lambda timeout_s: services.endpoint)
        patch.setattr(services.bucket, "generate_presigned_url", lambda *_, **__: "https://put", raising=False)
        for event in (
            {"routeKey": route, "body": text},
            {"routeKey": route, "body": lying_there.hex(), "isBase64Encoded": True},
            {"routeKey": route, "body": text, "pathParameters": {"id": text}},
        ):
            if "pathParameters" in event or route != "GET /results/{id}":
                answer = router.handler(event, None)
                assert answer["statusCode"] in (200, 201, 202, 400, 404, 422)
                json.loads(answer["body"])
    assert all(below("requests/", key) for key in services.bucket.put)


@settings(max_examples=60)
@given(st.lists(TEXTS, max_size=4), st.integers(0, 4), BYTES)
def test_no_message_of_the_routers_queue_stops_the_others(texts: list[str], place: int, lying_there: bytes) -> None:
    services = Services(lying_there)
    router.forget()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, ROUTER.to_json())
        patch.setattr(clients, "client", services.client)
        patch.setattr(clients, "endpoints", lambda timeout_s: services.endpoint)
        records = [
            {"messageId": f"m{n}", "body": body, "attributes": {}}
            for n, body in enumerate([*texts[:place], GOOD, *texts[place:]])
        ]
        answer = router.handler({"Records": records}, None)
    assert answer == {"batchItemFailures": []}, "done, handed over, or with the dead letters"
    assert "output" in json.loads(services.bucket.put["results/good.json"])
    assert all(below("results/", key) for key in services.bucket.put)
    for dead in [one for one in services.sent if one["QueueUrl"] == "dead"]:
        reason = dead["MessageAttributes"][REASON]["StringValue"]
        assert reason == sendable(reason)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id": "a", "body": NaN}', "NaN is no number"),
        ('{"id": "a", "body": [1e999]}', "larger than a number"),
        (b'{"id": "a", "body": "\xff"}', "not JSON"),
        ('{"id": "a", "body": ' + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1) + "}", "nested deeper"),
        ('{"id": "a", "body": 1, "submitted_at": "yesterday"}', "submitted_at must be a time"),
        ('{"id": "a", "body": 1, "attributes": {"key": ["x"]}}', "attributes.key must be"),
        ('{"id": "a", "body": 1, "attributes": {"key": "\\ud800"}}', "attributes.key must be"),
        ('{"id": "a", "body": 1, "attributes": {"note": "' + "x" * ENVELOPE_BYTES + '"}}', "attributes are for rules"),
    ],
)
def test_what_cannot_travel_says_why(text: str | bytes, said: str) -> None:
    with pytest.raises(BadRequestError, match=said):
        parse_request(text)


def test_a_body_nested_as_deep_as_is_taken_goes_through() -> None:
    text = '{"id": "a", "body": ' + "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1) + "}"
    assert parse_request(parse_request(text).to_json()) == parse_request(text)


def test_a_body_in_s3_that_is_nested_without_end_is_told_and_stops_nobody() -> None:
    pointer = '{"id": "a", "s3": "s3://b/requests/a.json"}'
    assert "nested deeper" in open_item({"Body": pointer}, Bucket(b"[" * 100_000)).error
    assert "not JSON" in open_item({"Body": pointer}, Bucket(b"\xff\xfe\x00")).error


def run_batch(bodies: list[Any], bucket: Bucket, endpoint: Endpoint) -> list[str]:
    records = [
        {"messageId": f"m{index}", "body": json.dumps({"id": f"r{index}", "body": body}),
         "attributes": {"ApproximateReceiveCount": "3"}}
        for index, body in enumerate(bodies)
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, MicroBatchSettings("tags", "b", 3, "tags", 45).to_json())
        patch.setattr(microbatch, "_client", lambda service: bucket if service == "s3" else endpoint)
        answer = microbatch.handler({"Records": records}, None)
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def test_a_batch_above_an_endpoints_limit_goes_as_several_calls() -> None:
    bucket, endpoint = Bucket(), Endpoint()
    assert run_batch(["x" * 2_500_000] * 5, bucket, endpoint) == []
    assert endpoint.calls == [2, 2, 1]
    assert len(bucket.put) == 5


def test_an_item_that_no_endpoint_takes_gets_its_error_and_the_others_their_answers() -> None:
    bucket, endpoint = Bucket(), Endpoint()
    assert run_batch(["a", "x" * 6_291_453, "b"], bucket, endpoint) == ["m1"]
    assert endpoint.calls == [2]
    assert "more than an endpoint takes" in json.loads(bucket.put["results/r1.json"])["error"]
    assert "output" in json.loads(bucket.put["results/r2.json"])


def test_the_largest_item_that_an_endpoint_takes_goes_alone() -> None:
    endpoint = Endpoint()
    assert run_batch(["x" * 6_291_452, "b"], Bucket(), endpoint) == []
    assert endpoint.calls == [1, 1]


def test_a_result_that_cannot_be_written_goes_back_alone() -> None:
    class Refusing(Bucket):
        def put_object(self, **asked: Any) -> None:
            if asked["Key"] == "results/r1.json":
                raise ClientError({"Error": {"Code": "SlowDown", "Message": "slow down"}}, "PutObject")
            super().put_object(**asked)

    bucket = Refusing()
    assert run_batch(["a", "b", "c"], bucket, Endpoint()) == ["m1"]
    assert sorted(bucket.put) == ["results/r0.json", "results/r2.json"]


def test_an_answer_that_no_row_holds_is_told_in_the_bucket_and_breaks_no_worker() -> None:
    bucket = Bucket()
    sink = TableSink(None, "rows", 60, BucketSink(bucket, "b"))
    assert sink.write({"id": "big", "output": "x" * ROW_BYTES, "attempt": 1}, "k")
    told = json.loads(bucket.put["results/big.json"])
    assert "more than a row holds" in told["error"]
    assert "output" not in told


def test_a_manifest_line_without_end_is_told_and_the_others_are_sent() -> None:
    lines = list(feeder._lines(iter([b'{"id": "a"', b"}\n", *[b"x" * 5_000_000] * 5, b"\n{}\n", b"{"])))
    assert lines == [b'{"id": "a"}', None, b"{}", b"{"]
