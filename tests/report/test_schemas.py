"""What --format json writes is what schemas/ says, and a change of either is deliberate."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from headway.cli import run
from headway.report.schemas import VERSIONS, schema, schema_text
from tests.diff.projects import PROFILE, new_project, write_profile

SCHEMAS = Path("schemas")


def validate(of: str, written: str) -> Any:
    content = json.loads(written)
    jsonschema.Draft202012Validator(json.loads((SCHEMAS / f"{of}.schema.json").read_text())).validate(content)
    return content


@pytest.mark.parametrize("of", ["profile", *VERSIONS])
def test_the_committed_schema_is_that_of_the_model(of: str) -> None:
    assert (SCHEMAS / f"{of}.schema.json").read_text(encoding="utf-8") == schema_text(of), "run `make schema`"


@pytest.mark.parametrize("of", ["plan", "diff"])
def test_the_version_that_is_written_is_the_schemas(of: str) -> None:
    made = schema(of)
    assert made["$id"] == f"urn:headway:{of}:{VERSIONS[of]}"
    assert made["properties"]["schema_version"]["const"] == VERSIONS[of]


def test_what_a_plan_must_hold_is_what_others_rely_on() -> None:
    """Going without one of these is another version."""
    required = set(schema("plan")["required"])
    assert {"profile", "prices", "choice", "candidates"} <= required
    choice = schema("plan")["$defs"]["Choice"]["properties"]
    assert {"architecture", "why", "monthly", "operations", "wait", "per_1000_requests", "utilization"} == set(choice)


def test_a_plan_validates_with_curve_and_without(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "stacks/profiles/contact-form.yaml", "--format", "json", "--curve"]) == 0
    content = validate("plan", capsys.readouterr().out)
    assert content["curve"][0]["max_wait_s"] == 0.1
    assert run(["plan", "stacks/profiles/moderation.yaml", "--format", "json"]) == 0
    assert "curve" not in validate("plan", capsys.readouterr().out)


def test_a_bill_validates(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["price", "lambda", "requests=3000000", "duration=1s", "memory=512MB", "--format", "json"]) == 0
    validate("bill", capsys.readouterr().out)


def test_a_diff_validates(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    schemas = SCHEMAS.resolve()
    project = new_project(tmp_path / "project")
    write_profile(project, PROFILE.replace("per_day: 50", "per_day: 5000000"))
    monkeypatch.chdir(project)
    assert run(["diff", "main", ".", "--format", "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(json.loads((schemas / "diff.schema.json").read_text())).validate(content)
    assert [row["state"] for row in content["stacks"]] == ["changed", "changed"]
