"""What is wrong with an answer, and what became of a probe: whatever a model answers, the check ends and says so."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from headway_runtime import probes
from headway_runtime.contract import BadRequestError, parse_json
from headway_runtime.model import ModelError
from headway_runtime.probes import difference
from headway_runtime.validation import Checks, confidence_of, empty, marked, read_checks
from tests.runtime.payloads import BYTES, JSON, Bucket

SCHEMA = {
    "type": "object",
    "properties": {
        "label": {"enum": ["invoice", "payslip"]},
        "scores": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1}},
        "inside": {"$ref": "#"},
        "step": {"multipleOf": 0.1},
        "note": {"type": "string", "pattern": "^[a-z ]*$", "maxLength": 40, "default": "none"},
    },
    "required": ["label"],
}
CHECKS = Checks(SCHEMA, {"field": "scores", "least": 0.6})


def kinds(output: Any, checks: Checks = CHECKS) -> list[str]:
    return [doubt.kind for doubt in checks.doubts(output)]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ({"label": "invoice", "scores": {"invoice": 0.9, "payslip": 0.1}}, []),
        ({"label": "invoice", "scores": {"invoice": 0.5, "payslip": 0.5}}, ["unsure"]),
        ({"label": "invoice"}, ["unsure"]),
        ({"label": "invoice", "scores": {}}, ["unsure"]),
        ({"label": "invoice", "scores": {"invoice": 7}}, ["schema"]),
        ({"label": "lorem ipsum", "scores": {"invoice": 0.9}}, ["schema"]),
        (None, ["schema", "empty"]),
        ("", ["schema", "empty"]),
        ({"label": None, "scores": {}}, ["schema", "empty"]),
        ("lorem ipsum", ["schema", "unsure"]),
    ],
)
def test_an_answer_is_doubted_for_what_is_wrong_with_it(output: Any, expected: list[str]) -> None:
    assert kinds(output) == expected


def test_a_doubt_says_where_and_what() -> None:
    (broken,) = CHECKS.doubts({"label": "x", "scores": {"a": 0.9}})
    assert broken.why == "output.label must be one of ['invoice', 'payslip']"
    (unsure,) = CHECKS.doubts({"label": "invoice", "scores": {"a": 0.25}})
    assert unsure.why == "output.scores is 0.25, below 0.6"


def test_a_check_fills_in_nothing() -> None:
    output = {"label": "invoice", "scores": {"a": 1.0}}
    assert kinds(output) == []
    assert output == {"label": "invoice", "scores": {"a": 1.0}}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), True, "0.9", None, [], [0.9, float("nan")], {"a": "b"}])
def test_a_confidence_that_is_no_finite_number_is_none(number: Any) -> None:
    assert confidence_of({"score": number}, "score") is None


def test_an_integer_that_no_float_holds_is_a_confidence_and_breaks_no_check() -> None:
    assert confidence_of({"score": 10**400}, "score") == 10**400
    # What cannot be worked out is told as unchecked, not raised.
    assert kinds({"label": "invoice", "step": 10**400}) == ["unchecked"]


@settings(suppress_health_check=[HealthCheck.too_slow])  # Bodies of 100 KB are drawn as fast as the machine is free.
@given(BYTES)
def test_whatever_a_model_answers_is_doubted_or_not_and_can_be_told(answer: bytes) -> None:
    try:
        output = parse_json(answer)
    except BadRequestError:
        return  # No answer at all: the item's error.
    doubts = CHECKS.doubts(output)
    told = json.dumps(marked({"id": "a", "output": output}, doubts))
    assert parse_json(told.encode())["id"] == "a"
    assert all(len(doubt.why) <= 300 and doubt.why.encode() for doubt in doubts)


@given(JSON)
def test_what_is_not_even_json_ends_no_check(output: Any) -> None:
    CHECKS.doubts(output)
    empty(output)


@pytest.mark.parametrize("depth", [150, 100_000])
def test_an_answer_nested_without_end_ends_no_check(depth: int) -> None:
    output: Any = {"label": "invoice"}
    for _ in range(depth):
        output = {"label": "invoice", "inside": output}
    assert kinds(output) in (["unsure"], ["unchecked"])


def test_a_huge_answer_is_checked() -> None:
    assert kinds({"label": "invoice", "scores": {"a": 1}, "note": "x" * 10_000_000}) == ["schema"]
    wide = {"label": "invoice", "scores": {f"s{n}": 0.5 for n in range(200_000)}}
    assert kinds(wide) == ["unsure"]


@pytest.mark.parametrize(
    "schema",
    [
        {"pattern": "("}, {"type": "strng"}, {"properties": []}, {"$ref": "#/nowhere"}, {"$ref": "http://127.0.0.1:9/x"},
        {"items": {"$ref": "other.json"}}, {"allOf": [{"$ref": "file:///etc/hostname"}]}, {"not": 5},
    ],
    ids=str,
)  # fmt: skip
def test_a_schema_that_cannot_be_used_makes_every_answer_doubtful_and_ends_nothing(schema: dict[str, Any]) -> None:
    checks = Checks(schema)
    assert kinds([{"a": 1}], checks) == ["unchecked"]
    assert set(checks.metrics([["unchecked"]])["Doubtful"]) == {1}


def test_a_schema_that_ends_in_itself_is_told_at_each_answer() -> None:
    checks = Checks({"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/a"}}})
    assert kinds(1, checks) == ["unchecked"]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"confidence": {}}', b"\xff"])
def test_checks_that_cannot_be_read_doubt_every_answer(content: bytes) -> None:
    checks = read_checks(Bucket(content), "s3://b/runtime/validation.json")
    (doubt,) = checks.doubts({"label": "invoice"})
    assert doubt.kind == "unchecked"


PROBES = [
    {"body": {"n": 1}, "expect": {"twice": 2}},
    {"body": {"n": 2}, "expect": {"twice": 4}, "tolerance": 0.1},
    {"body": {"n": 3}, "expect": {"twice": 6}},
]


def asked(answer: Any, *, within_s: float = 5, batch: int = 2) -> tuple[list[str], list[int]]:
    calls: list[int] = []

    def invoke(payloads: Any, left_s: float) -> list[Any]:
        assert 0 < left_s <= within_s
        calls.append(len(payloads))
        return [answer(json.loads(payload)) for payload in payloads]

    found = probes.run(Checks({"required": ["twice"]}, probes=PROBES), invoke, batch=batch, within_s=within_s)
    assert [one.number for one in found] == list(range(len(found)))
    return [one.why for one in found], calls


def test_probes_go_in_batches_and_pass_within_their_tolerance() -> None:
    assert asked(lambda body: {"twice": 2 * body["n"] + (0.05 if body["n"] == 2 else 0)}) == (["", "", ""], [2, 1])


def test_a_probe_that_is_answered_otherwise_says_how() -> None:
    why, _ = asked(lambda body: {"twice": 2 * body["n"] + 0.2})
    assert why[0] == "output.twice is 2.2, expected 2 or within 0 of it"
    assert why[1] == "output.twice is 4.2, expected 4 or within 0.1 of it"


def test_a_probe_whose_answer_breaks_the_schema_has_failed() -> None:
    assert asked(lambda _: {"once": 1})[0] == ["output must contain ['twice'] properties"] * 3


def test_one_probe_that_is_refused_fails_alone() -> None:
    def answer(body: Any) -> Any:
        if body["n"] == 2:
            raise ModelError("the model answered 400")
        return {"twice": 2 * body["n"]}

    assert asked(answer) == (["", "the model answered 400", ""], [2, 1, 1, 1])


@pytest.mark.parametrize("error", [ModelError("the model died", fatal=True), RuntimeError("anything")])
def test_whatever_a_probe_does_to_the_model_is_only_told(error: Exception) -> None:
    def answer(_: Any) -> Any:
        raise error

    why, calls = asked(answer)
    assert all(str(error) in one for one in why)
    assert calls == [2, 1]


def test_probes_for_which_no_time_is_left_have_failed() -> None:
    checks = Checks(probes=PROBES)
    found = probes.run(checks, lambda *_: pytest.fail("asked"), batch=2, within_s=0)
    assert [one.why for one in found] == ["no time was left to ask it"] * 3


def test_on_notice_what_was_not_asked_neither_passed_nor_failed() -> None:
    assert (
        probes.run(Checks(probes=PROBES), lambda *_: pytest.fail("asked"), batch=2, within_s=5, give_up=lambda: True)
        == []
    )


@pytest.mark.parametrize(
    ("expected", "answer", "tolerance", "wrong"),
    [
        ({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "x", "c": 2}], "d": 3}, 0, ""),
        ({"a": 1}, {}, 0, "output.a is missing"),
        ([1, 2], [1], 0, "output has 1 items, expected 2"),
        (1, True, 0, "output is true, expected 1"),
        (None, 0, 0, "output is 0, expected null"),
        (1.0, 1, 0, ""),
        (10**400, 10**400, 0, ""),
        ({"a": 1}, [1], 0, 'output is [1], expected {"a": 1}'),
    ],
)
def test_an_answer_holds_at_least_what_is_expected(expected: Any, answer: Any, tolerance: float, wrong: str) -> None:
    assert difference(expected, answer, tolerance) == wrong


@given(JSON, JSON)
def test_comparing_ends_whatever_is_compared(expected: Any, answer: Any) -> None:
    probe = {"body": 1, "expect": expected, "tolerance": 0.5}
    (found,) = probes.run(Checks(probes=[probe]), lambda *_: [answer], batch=1, within_s=5)
    assert isinstance(found.why, str)
