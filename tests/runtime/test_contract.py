"""The contract's two schemas, and that the runtime keeps them."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from headway_runtime.contract import Request
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
    with stand(max_receives=1) as here:
        here.send(1)
        here.send(1, start=2, poison=True)
        assert here.start().wait(timeout=20) == 0
        results = here.results()
        assert set(results) == {"r1", "r2"}
        for result in results.values():
            validator("result").validate(result)
        assert "error" in results["r2"]
