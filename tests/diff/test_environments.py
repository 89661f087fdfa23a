"""The environments of a project side by side: what each runs, how large, within which caps, and its lock."""

import json
from pathlib import Path

import jsonschema
import pytest

from headway.cli import run
from headway.diff.environments import environments
from headway.diff.sources import open_source
from headway.errors import HeadwayError
from headway.planning.locking import lock_stacks
from tests.journeys.typed import project


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = project(tmp_path)
    monkeypatch.chdir(folder)
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_dev_staging_and_prod_stand_in_the_order_of_their_traffic(root: Path) -> None:
    with open_source(".") as source:
        found = {one.stack: one for one in environments(source).environments}
    assert list(found) == ["dev", "staging", "prod"]
    assert [one.runs.scale for one in found.values() if one.runs] == [0.02, 0.1, 1.0]
    assert {one.runs.architecture for one in found.values() if one.runs} == {"batch"}
    bills = [one.runs.monthly.expected for one in found.values() if one.runs and one.runs.monthly]
    assert bills == sorted(bills)
    assert found["prod"].protect_data
    assert not found["dev"].protect_data
    assert found["dev"].caps.max_instances == 2
    assert all(one.ready for one in found.values())


def test_what_is_not_locked_as_declared_is_told_by_its_field(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["env"]) == 0
    capsys.readouterr()
    edit(root / "stacks/Pulumi.staging.yaml", '"0.1"', '"0.2"')
    (root / "stacks/plans/dev.json").unlink()
    assert run(["env"]) == 2
    said = capsys.readouterr().out
    assert "headway:scale: 0.1 -> 0.2" in said
    assert "not locked: run `headway lock --stack dev`" in said


def test_what_is_above_its_cap_is_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(root / "stacks/Pulumi.prod.yaml", '"500"', '"50"')
    assert run(["env", "--stacks", "prod"]) == 2
    assert "above headway:max_monthly of USD 50.00" in " ".join(capsys.readouterr().out.split())


def test_one_that_cannot_be_read_does_not_hide_the_others(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(root / "stacks/Pulumi.dev.yaml", "headway:scale", "headway:scal")
    assert run(["env"]) == 1
    said = capsys.readouterr().out
    assert "headway:scal is no setting; did you mean scale?" in " ".join(said.split())
    assert "USD 500" in said
    # What is broken stands last.
    assert said.splitlines()[0].split() == ["staging", "prod", "dev"]


def test_what_runs_alongside_and_what_is_kept_of_the_past_have_rows(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prod = root / "stacks/Pulumi.prod.yaml"
    edit(prod, '"500"', '"2000"\n  headway:architecture: batch\n  headway:alongside: microbatch')
    list(lock_stacks(root, ["prod"]))
    edit(prod, "architecture: batch", "architecture: asynchronous")
    list(lock_stacks(root, ["prod"]))
    assert run(["env", "--stacks", "prod"]) == 0
    rows = {row[0]: row[1:] for line in capsys.readouterr().out.splitlines() if (row := line.split())}
    assert rows["architecture"] == ["asynchronous"]
    assert rows["alongside"] == ["microbatch"]
    assert rows["kept"] == ["queue", "and", "bucket", "of", "batch"]
    assert run(["env", "--stacks", "prod", "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["environments"]
    assert found["runs"]["alongside"] == "microbatch"
    assert found["runs"]["kept"] == [{"architecture": "batch", "holds": ["queue", "bucket"]}]


def test_sizes_are_the_designs_own(root: Path) -> None:
    edit(root / "stacks/Pulumi.dev.yaml", "loan-documents", "moderation")
    edit(root / "stacks/Pulumi.dev.yaml", '  headway:max_instances: "2"\n', "")
    with open_source(".") as source:
        (dev,) = environments(source, ("dev",)).environments
    assert dev.sizes["verified: ml.g5.xlarge"]
    assert dev.sizes["anonymous: departures"].endswith("a week")


def test_what_machines_read_follows_the_schema(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    list(lock_stacks(root, ["dev"]))
    assert run(["env", "--format", "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    schema = json.loads((Path(__file__).parents[2] / "schemas/env.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(content)
    assert [one["lock"] for one in content["environments"]] == ["current"] * 3


def test_a_stack_that_is_not_there_names_the_nearest(root: Path) -> None:
    with open_source(".") as source, pytest.raises(HeadwayError, match="no stack 'prd'; did you mean prod"):
        environments(source, ("prd",))
