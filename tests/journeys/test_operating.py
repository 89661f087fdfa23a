"""Locking, checking and rehearsing a project, as its operator types it."""

import json
from pathlib import Path

from tests.journeys.typed import HERE, headway, project


def test_lock_check_change_and_lock_again(tmp_path: Path) -> None:
    root = project(tmp_path)
    assert headway("lock", "--check", cwd=root).code == 0
    profile = root / "stacks/profiles/loan-documents.yaml"
    profile.write_text(profile.read_text().replace("per_hour: 200", "per_hour: 2000"))
    checked = headway("lock", "--check", cwd=root)
    assert checked.code == 2
    assert "traffic.shape" in checked.out
    refused = headway("rehearse", "--requests", "1", cwd=root)
    assert refused.code == 1
    assert "headway lock --stack dev" in refused.err
    locked = headway("lock", cwd=root)
    assert locked.code == 0, locked
    assert "before: batch" in locked.out
    assert headway("lock", "--check", cwd=root).code == 0


def test_a_limit_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    root = project(tmp_path)
    before = (root / "stacks/plans/prod.json").read_bytes()
    path = root / "stacks/Pulumi.prod.yaml"
    path.write_text(path.read_text().replace('"500"', '"5"'))
    said = headway("lock", "--stack", "prod", cwd=root)
    assert said.code == 2
    assert "above headway:max_monthly of USD 5" in said.out
    assert (root / "stacks/plans/prod.json").read_bytes() == before


def test_a_rehearsal_serves_requests_and_says_where_the_results_lie(tmp_path: Path) -> None:
    root = project(tmp_path)
    said = headway("rehearse", "--requests", "7", cwd=root)
    assert said.code == 0, said
    assert "7 of 7 requests have a result; dead-letter queue: 0" in said.out
    assert "Rehearsed dev: batch" in said.out
    folder = root / ".headway/rehearsal/dev/results"
    assert str(folder) in said.out
    assert len(list(folder.glob("*.json"))) == 7


def test_a_rehearsal_for_machines(tmp_path: Path) -> None:
    said = headway("rehearse", "--stack", "prod", "--requests", "3", "--format", "json", cwd=project(tmp_path))
    content = json.loads(said.out)
    assert content["complete"] is True
    assert content["architecture"] == "batch"
    assert len(content["resources"]) > 30
    assert content["outputs"]["queue_url"].startswith("https://sqs.us-east-1")


def test_outside_a_project_it_says_so(tmp_path: Path) -> None:
    said = headway("lock", cwd=tmp_path)
    assert said.code == 1
    assert "is in no project" in said.err


def test_the_bundled_stacks_name_what_the_readme_says() -> None:
    text = (HERE / "README.md").read_text()
    for stack in ("dev",):
        assert f"stacks/Pulumi.{stack}.yaml" in text
    for word in ("make demo", "make test", "pulumi up", "headway lock"):
        assert word in text
