"""The JSON Schema that editors complete and check with."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from headway.report.schemas import schema_text

PROFILES = sorted(Path("stacks/profiles").glob("*.yaml"))
SCHEMA = Path("schemas/profile.schema.json")


def content(path: Path) -> Any:
    # JSON's keys are text: months and days of the month as well.
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(path.read_text())))


def test_the_committed_schema_is_current() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_text("profile"), "run `make schema`"


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_bundled_profiles_fit_the_schema(path: Path) -> None:
    jsonschema.Draft202012Validator(json.loads(schema_text("profile"))).validate(content(path))


@pytest.mark.parametrize(("field", "value"), [("latncy", 1), ("availability", "sometimes"), ("name", "Not A Name")])
def test_the_schema_refuses_what_the_profile_refuses(field: str, value: object) -> None:
    profile = content(PROFILES[0]) | {field: value}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json.loads(schema_text("profile"))).validate(profile)
