"""The example of a scheduled refresh, as its workflow runs it."""

import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from headway_rehearsal.account import account

ROOT = Path(__file__).parents[2]
PROFILE = "stacks/profiles/loan-documents.yaml"


def example() -> Any:
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "examples/refresh/refresh.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    with account("us-east-1") as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="models")
        for name in (
            "classifier/2026-06-01/model.tar.gz",
            "classifier/2026-06-08/model.tar.gz",
            "classifier/notes.txt",
        ):
            s3.put_object(Bucket="models", Key=name, Body=b"x")
        yield tmp_path


def test_the_newest_artifact_goes_into_the_profile_and_every_plan_is_locked_again(project: Path) -> None:
    before = (project / PROFILE).read_text().splitlines()
    assert example().main([PROFILE, "s3://models/classifier/"]) == 0
    after = (project / PROFILE).read_text().splitlines()
    changed = [line.strip() for line in after if line not in before]
    assert changed == ['artifact: "s3://models/classifier/2026-06-08/model.tar.gz"']
    lock = json.loads((project / "stacks/plans/prod.json").read_text())
    assert "s3://models/classifier/2026-06-08/model.tar.gz" in json.dumps(lock)


def test_nothing_newer_changes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = example()
    module.refresh(project / PROFILE, "s3://models/classifier/2026-06-08/model.tar.gz")
    before = (project / PROFILE).read_text()
    assert module.main([PROFILE, "s3://models/classifier/"]) == 0
    assert "has the newest already" in capsys.readouterr().out
    assert (project / PROFILE).read_text() == before


def test_no_artifact_is_one_clear_message(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert example().main([PROFILE, "s3://models/elsewhere/"]) == 1
    assert capsys.readouterr().err == "error: s3://models/elsewhere/: no archive (.tar.gz) lies there\n"


@pytest.mark.parametrize(
    ("profile", "prefix", "said"),
    [
        # Told before AWS is asked, which would say that there is no such bucket.
        ("stacks/profiles/none.yaml", "s3://nobodys/classifier/", "stacks/profiles/none.yaml: no such file"),
        (PROFILE, "models/classifier/", "models/classifier/: an address such as s3://models/classifier/ is needed"),
        (PROFILE, "s3://nobodys/classifier/", "AWS does not know what was asked for (s3:ListBucket): "),
        ("bare.yaml", "s3://models/classifier/", "bare.yaml: model.container is missing: its image is needed beside"),
    ],
)
def test_what_cannot_be_refreshed_is_one_error(
    project: Path, capsys: pytest.CaptureFixture[str], profile: str, prefix: str, said: str
) -> None:
    (project / "bare.yaml").write_text(
        "name: a\nlatency: {max_wait: 5s}\ntraffic: {per_day: 50}\n"
        "model: {measured: [{hardware: m5.large, seconds: 0.4}]}\n"
    )
    assert example().main([profile, prefix]) == 1
    assert capsys.readouterr().err.startswith(f"error: {said}")


def test_the_workflow_runs_the_example_with_the_profile_and_opens_a_pull_request() -> None:
    workflow: dict[str, Any] = YAML(typ="safe").load(ROOT / "examples/github/headway-refresh.yml")
    job = workflow["jobs"]["refresh"]
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert 'python examples/refresh/refresh.py "$PROFILE" "$ARTIFACTS"' in runs
    assert (ROOT / job["env"]["PROFILE"]).is_file()
    assert "gh pr create" in runs[-1]
