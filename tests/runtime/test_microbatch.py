"""The micro-batch function on an AWS in process: partial failures, results once, an endpoint that is gone."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from headway_rehearsal.endpoint import answering
from headway_runtime import microbatch, watchdog
from headway_runtime.settings import VARIABLE, MicroBatchSettings, WatchdogSettings
from tests.runtime.stand import Stand, stand
from tests.runtime.test_contract import validator

SETTINGS = MicroBatchSettings(
    endpoint_name="tags", results_bucket="results", max_receives=3, name="tags", promise_s=45, model="tags:2"
)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    monkeypatch.setenv(VARIABLE, SETTINGS.to_json())
    with stand() as made:
        microbatch.forget()
        make_endpoint()
        with answering(made.model.url):
            yield made


def make_endpoint() -> None:
    import boto3

    sagemaker = boto3.client("sagemaker")
    sagemaker.create_model(
        ModelName="m", ExecutionRoleArn="arn:aws:iam::123456789012:role/r", PrimaryContainer={"Image": "i"}
    )
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="tags", EndpointConfigName="c")


def record(number: int, attempt: int = 1, **body: Any) -> dict[str, Any]:
    request = {"id": f"r{number}", "body": {"n": number, **body}}
    attributes = {"ApproximateReceiveCount": str(attempt), "SentTimestamp": "1780000000000"}
    return {"messageId": f"m{number}", "body": json.dumps(request), "attributes": attributes}


def failures(answer: dict[str, Any]) -> list[str]:
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def test_a_batch_goes_to_the_endpoint_as_one_and_each_result_is_written(here: Stand) -> None:
    answer = microbatch.handler({"Records": [record(n) for n in range(1, 6)]}, None)
    assert failures(answer) == []
    assert here.model.batches == [5]
    results = here.results()
    assert {name: one["output"] for name, one in results.items()} == {f"r{n}": {"twice": 2 * n} for n in range(1, 6)}
    assert results["r1"]["model"] == "tags:2"
    assert results["r1"]["timings"]["queued_s"] > 0


def test_a_poison_item_goes_back_alone(here: Stand) -> None:
    answer = microbatch.handler({"Records": [record(1), record(2, poison=True), record(3)]}, None)
    assert failures(answer) == ["m2"]
    assert sorted(here.results()) == ["r1", "r3"]
    assert here.model.batches == [3, 1, 1, 1]


def test_after_its_last_receive_its_result_says_why(here: Stand) -> None:
    answer = microbatch.handler({"Records": [record(2, attempt=3, poison=True)]}, None)
    assert failures(answer) == ["m2"], "SQS moves it to the dead letters"
    result = here.results()["r2"]
    assert "poison" in result["error"]
    assert "output" not in result


def test_a_message_that_is_no_request_harms_nobody(here: Stand) -> None:
    bad = {"messageId": "m9", "body": "not json", "attributes": {"ApproximateReceiveCount": "1"}}
    assert failures(microbatch.handler({"Records": [record(1), bad]}, None)) == ["m9"]
    assert sorted(here.results()) == ["r1"]


def test_an_endpoint_that_is_gone_gives_the_whole_batch_back_without_trying_each(
    here: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, replace(SETTINGS, endpoint_name="elsewhere").to_json())
    answer = microbatch.handler({"Records": [record(1), record(2)]}, None)
    assert failures(answer) == ["m1", "m2"]
    assert here.model.batches == []
    assert here.results() == {}


def test_a_delivery_that_comes_twice_leaves_the_first_result(here: Stand) -> None:
    microbatch.handler({"Records": [record(1)]}, None)
    first = here.results()["r1"]
    assert failures(microbatch.handler({"Records": [record(1, attempt=2)]}, None)) == []
    assert here.results()["r1"] == first


def test_out_of_time_it_leaves_the_rest_for_the_next_delivery(here: Stand) -> None:
    class Context:
        @staticmethod
        def get_remaining_time_in_millis() -> int:
            return 1000

    answer = microbatch.handler({"Records": [record(1), record(2, poison=True)]}, Context())
    assert failures(answer) == ["m1", "m2"]
    assert here.model.batches == [2], "nothing was tried one by one"


def checking(here: Stand, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    here.s3.put_object(Bucket="results", Key="runtime/validation.json", Body=content)
    told = replace(SETTINGS, validation="s3://results/runtime/validation.json")
    monkeypatch.setenv(VARIABLE, told.to_json())


def metrics(captured: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = [found for line in captured.readouterr().out.splitlines() if "_aws" in (found := json.loads(line))]
    return line


def test_doubtful_answers_are_written_marked_and_counted(
    here: Stand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = {"schema": {"properties": {"twice": {"type": "integer"}}, "required": ["twice"]}}
    checking(here, monkeypatch, json.dumps(schema).encode())
    here.model.answer = lambda body: None if body["n"] == 2 else {"twice": "x" if body["n"] == 3 else 2}
    assert failures(microbatch.handler({"Records": [record(n) for n in range(1, 5)]}, None)) == []
    results = here.results()
    found = {one: [doubt["kind"] for doubt in results[one].get("doubts", [])] for one in sorted(results)}
    assert found == {"r1": [], "r2": ["empty"], "r3": ["schema"], "r4": []}
    told = metrics(capsys)
    assert (sorted(told["Doubtful"]), sorted(told["SchemaBreaks"])) == ([0, 0, 1, 1], [0, 0, 0, 1])
    assert len(told["PromiseUsed"]) == 4
    validator("result").validate(results["r3"])


def test_what_to_check_for_is_looked_for_again_once_it_could_not_be_read(
    here: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    checking(here, monkeypatch, b"{")
    microbatch.handler({"Records": [record(1)]}, None)
    assert here.results()["r1"]["doubts"][0]["kind"] == "unchecked"
    checking(here, monkeypatch, b"{}")
    microbatch.handler({"Records": [record(2)]}, None)
    checking(here, monkeypatch, b"{")  # Read once a process.
    microbatch.handler({"Records": [record(3)]}, None)
    assert all("doubts" not in here.results()[one] for one in ("r2", "r3"))


def test_the_watchdog_asks_an_endpoint_what_is_known(here: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    document = {"probes": [{"body": {"n": n}, "expect": {"twice": 2 * n}} for n in range(10)]}
    here.s3.put_object(Bucket="results", Key="runtime/v.json", Body=json.dumps(document).encode())
    told = WatchdogSettings(
        "tags", "q", "d", "results", "l", endpoint_name="tags", validation="s3://results/runtime/v.json"
    )
    runtime = watchdog._client("sagemaker-runtime")
    assert watchdog.probe(told, here.s3, runtime) == {"FailedProbes": 0, "why": []}
    assert here.model.batches == [8, 2]
    here.model.answer = lambda body: {"twice": 7} if body["n"] == 4 else {"twice": 2 * body["n"]}
    assert watchdog.probe(told, here.s3, runtime)["why"] == ["4: output.twice is 7, expected 8 or within 0 of it"]
    (passed, failed) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["Fleet"], one["FailedProbes"], one["probes"]) for one in (passed, failed)] == [
        ("tags", 0, 10),
        ("tags", 1, 10),
    ]


@pytest.mark.parametrize(("endpoint", "document", "failed"), [("gone", "v", 1), ("tags", "absent", 1)])
def test_probes_that_cannot_be_asked_have_failed_and_break_no_account(
    here: Stand, endpoint: str, document: str, failed: int
) -> None:
    here.s3.put_object(Bucket="results", Key="runtime/v.json", Body=b'{"probes": [{"body": {"n": 1}, "expect": 2}]}')
    told = WatchdogSettings("tags", "q", "d", "results", "l", endpoint, f"s3://results/runtime/{document}.json")
    found = watchdog.probe(told, here.s3, watchdog._client("sagemaker-runtime"))
    assert (found["FailedProbes"], len(found["why"])) == (failed, 1)
