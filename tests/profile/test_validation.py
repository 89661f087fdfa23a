"""What a profile may declare of answers, and what is refused because nothing in AWS could check it."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.architectures.design import BatchDesign, MicroBatchDesign
from headway.planning.lock import Lock, Settings, make_lock
from headway.planning.search import plan
from headway.profile import Profile, ProfileError, load_profile, read_profile
from headway.profile.answer_schema import check_schema, relaxed

SCHEMA = {"type": "object", "required": ["label", "scores"], "properties": {"label": {"enum": ["a", "b"]}}}
TEXT = """\
name: x
latency: {max_wait: 30m}
traffic: {per_hour: 200}
model:
  measured: [{hardware: g5.xlarge, seconds: 2.0}]
  validation: VALIDATION
"""


def profile(**validation: Any) -> Profile:
    return read_profile(
        {
            "name": "x", "latency": {"max_wait": "30m"}, "traffic": {"per_hour": 200},
            "model": {"measured": [{"hardware": "g5.xlarge", "seconds": 2.0}], "validation": validation},
        }
    )  # fmt: skip


def test_schema_confidence_and_probes_are_read_and_their_defaults_are_listed() -> None:
    read = profile(schema=SCHEMA, confidence={"field": "scores", "least": 0.5}, probes=[{"body": 1, "expect": {}}])
    found = read.model.validation
    assert found is not None
    assert found.document() == {
        "schema": SCHEMA, "confidence": {"field": "scores", "least": 0.5},
        "probes": [{"body": 1, "expect": {}, "tolerance": 0.01}],
    }  # fmt: skip
    listed = {default.name.removeprefix("model.validation."): default.value for default in read.defaults}
    assert {name: listed[name] for name in ("probes[0].tolerance", "most_doubtful", "most_breaking")} == {
        "probes[0].tolerance": "0.01", "most_doubtful": "0.05", "most_breaking": "0.01"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"), [("answer.json", '{"required": ["label"]}'), ("answer.yaml", "required: [label]")]
)
def test_schema_and_probes_may_be_files_beside_the_profile(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "probes.yaml").write_text("- {body: true, expect: {label: a}}\n")
    (tmp_path / "x.yaml").write_text(TEXT.replace("VALIDATION", f"{{schema: {name}, probes: probes.yaml}}"))
    found = load_profile(tmp_path / "x.yaml").model.validation
    assert found is not None
    assert found.schema_ == {"required": ["label"]}
    assert [(probe.body, probe.expect) for probe in found.probes] == [(True, {"label": "a"})]


@pytest.mark.parametrize(
    ("validation", "expected"),
    [
        ("{}", "x.yaml:6: model.validation: nothing to check for: give schema, confidence or probes"),
        ("{schema: gone.json}", "model.validation.schema: "),
        ("{schema: [1]}", "a JSON Schema is a mapping"),
        ("{schema: {type: strng}}", "model.validation.schema: it cannot be compiled: Unknown type"),
        ("{schema: {requried: [label]}}", "requried: no keyword, so nothing would check it; did you mean required?"),
        ("{schema: {prefixItems: [{type: string}]}}", "prefixItems: of a draft later than 7"),
        ("{schema: {properties: {a: {pattern: '('}}}}", 'properties.a.pattern: "(" is no regular expression'),
        ("{schema: {patternProperties: {'[': {}}}}", 'patternProperties.[: "[" is no regular expression'),
        ("{schema: {properties: {a: {$ref: 'http://127.0.0.1:9/x'}}}}", "properties.a.$ref: 'http://127.0.0.1:9/x' would be opened"),
        ("{schema: {items: {$ref: other.json}}}", "items.$ref: 'other.json' would be opened by a worker"),
        ("{schema: {enum: [{$ref: 'file:///etc/passwd'}]}}", "would be opened by a worker"),
        ("{schema: {$ref: '#/definitions/x'}}", "it cannot be compiled: Unresolvable ref"),
        ("{schema: {$ref: '#'}}", "it refers to itself without end"),
        ("{schema: {additionalProperties: 'no'}}", 'additionalProperties: got "no"; a schema is a mapping of keywords'),
        ("{schema: {properties: []}}", "properties: got []; a mapping of schemas is needed"),
        ("{schema: {maximum: .inf}}", "no number in JSON is infinite or NaN"),
        ("{confidence: {field: score}}", "model.validation.confidence.least is missing"),
        ("{confidence: {field: 'a..b', least: 0}}", "model.validation.confidence.field: got 'a..b'; use names with single dots between them"),
        ("{confidence: {field: score, least: .nan}}", "model.validation.confidence.least: got nan"),
        ("{confidence: {field: score, least: 0.5}, most_doubtful: 1.5}", "model.validation.most_doubtful: got 1.5"),
        ("{probes: [{body: 1}]}", "model.validation.probes[0].expect is missing"),
        ("{probes: [{body: .nan, expect: 1}]}", "no number in JSON is infinite or NaN"),
        ("{probes: [{body: 1, expect: 1, tolerance: -1}]}", "model.validation.probes[0].tolerance"),
        ("{probes: [{body: 2026-01-01, expect: 1}]}", "model.validation.probes[0].body"),
        ("{schema: {properties: {label: {enum: [a]}}}, probes: [{body: 1, expect: {label: b}}]}",
         "probes.0.expect breaks the schema: expect.label must be one of ['a']; no answer could pass"),
        ("{schema: {type: object}, probes: [{body: 1, expect: [1]}]}", "expect must be object"),
    ],
)  # fmt: skip
def test_what_nothing_could_check_is_refused_with_its_place(tmp_path: Path, validation: str, expected: str) -> None:
    (tmp_path / "x.yaml").write_text(TEXT.replace("VALIDATION", validation))
    with pytest.raises(ProfileError) as caught:
        load_profile(tmp_path / "x.yaml")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_inputs_that_would_swell_the_lock_are_refused() -> None:
    with pytest.raises(ProfileError, match=r"256,000 are taken: choose smaller inputs"):
        profile(probes=[{"body": "x" * 300_000, "expect": 1}])


def test_a_property_that_is_called_like_a_keyword_is_a_property() -> None:
    check_schema(
        {"properties": {"prefixItems": {"type": "string"}, "$ref": {"type": "string"}, "id": {"type": "string"}}}
    )
    check_schema(
        {"definitions": {"label": {"enum": ["a"]}}, "properties": {"l": {"$ref": "#/definitions/label"}}, "x-by": "us"}
    )
    check_schema({"$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}}}}, "$ref": "#/$defs/node"})


@given(st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=4), st.sampled_from(["#", "#/x", "string", "("])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(
        st.sampled_from(["type", "properties", "items", "$ref", "pattern", "enum", "not", "allOf", "required", "if", "$id",
                         "const", "dependencies", "patternProperties", "minimum", "format", "definitions", "default"]),
        inner, max_size=4)), max_leaves=10,
))  # fmt: skip
def test_any_schema_is_taken_or_refused_with_a_sentence(schema: Any) -> None:
    if isinstance(schema, dict):
        with suppress(ValueError):
            check_schema(schema)
            relaxed(schema)


def test_a_part_of_an_answer_need_not_hold_all_and_must_fit_where_it_does() -> None:
    assert relaxed({"required": ["a"], "properties": {"a": {"required": ["b"], "type": "object"}}, "if": {}}) == {
        "properties": {"a": {"type": "object"}}
    }


def test_the_design_watches_each_share_in_the_shortest_window_that_holds_enough_answers() -> None:
    made = plan(
        profile(schema=SCHEMA, probes=[{"body": 1, "expect": {}}] * 3, most_breaking=0.001), only="batch"
    ).design
    assert isinstance(made, BatchDesign)
    assert made.validation is not None
    assert (made.validation.doubtful.window_s, made.validation.doubtful.most) == (3600, 0.05)
    # One of a thousand answers: 200 an hour are too few to say so within six hours.
    assert made.validation.breaking is not None
    assert made.validation.breaking.window_s == 86_400
    assert made.pools[0].probe_s == pytest.approx(6.0)
    assert made.pools[0].ready_s == made.pools[0].load_time_s + made.pools[0].probe_s


def test_validation_costs_its_metrics_and_alarms_and_the_time_of_its_probes() -> None:
    declared = {"schema": SCHEMA, "probes": [{"body": 1, "expect": {}}]}
    bills = [
        plan(profile(**some), only="batch").chosen for some in (declared, {"confidence": {"field": "a", "least": 0}})
    ]
    found = [{line.meter: line.quantity.expected for line in one.bill.lines} for one in bills if one and one.bill]
    more = {meter: found[0][meter] - found[1][meter] for meter in ("custom_metric", "alarm_standard")}
    assert more == {"custom_metric": 2, "alarm_standard": 3}
    spot = [
        next(line for line in one.bill.lines if line.meter == "spot").quantity.expected
        for one in bills
        if one and one.bill
    ]
    assert spot[0] > spot[1]


def test_micro_batches_are_probed_by_a_watchdog_that_has_the_time() -> None:
    declared = profile(probes=[{"body": 1, "expect": {}}])
    fast = declared.model_copy(update={"latency": declared.latency.model_copy(update={"max_wait": 30.0})})
    made = plan(fast, only="microbatch").design
    assert isinstance(made, MicroBatchDesign)
    assert made.watchdog is not None
    assert (made.watchdog.probe_s, made.watchdog.timeout_s) == (2.0, 180)


def test_an_architecture_that_sees_no_answer_says_so() -> None:
    declared = profile(confidence={"field": "a", "least": 0})
    said = [one for one in plan(declared, only="realtime").warnings if "model.validation" in one]
    assert said == [
        "model.validation has no effect with realtime: its answers go from the model to whoever asked; workers and "
        "micro-batches check theirs, and so does the router of a fallback"
    ]
    assert not [one for one in plan(declared, only="batch").warnings if "model.validation" in one]


def test_a_locked_plan_survives_its_file() -> None:
    declared = profile(schema=SCHEMA, probes=[{"body": True, "expect": {"label": "a"}}])
    lock = make_lock("dev", Settings(profile="x.yaml"), declared, plan(declared, only="batch"))
    assert Lock.model_validate_json(lock.model_dump_json()) == lock
    assert lock.declared["model"]["validation"]["schema"] == SCHEMA
