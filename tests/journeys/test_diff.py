"""What a change does to the bill, as a user types it: every way it can end, in words and in exit codes."""

import json
from pathlib import Path

import pytest

from tests.diff.projects import PROFILE, commit, git, new_project, write_profile, write_stack
from tests.journeys.typed import Said, headway

MORE = PROFILE.replace("per_day: 50", "per_day: 5000000")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return new_project(tmp_path / "project")


def diff(project: Path, *arguments: str) -> Said:
    return headway("diff", *arguments, cwd=project)


def test_a_change_is_told_environment_by_environment_and_ends_well(project: Path) -> None:
    write_profile(project, MORE)
    commit(project, "more")
    said = diff(project, "HEAD^1", "HEAD")
    assert (said.code, said.err) == (0, "")
    rows = [line.split() for line in said.out.splitlines()]
    assert [row[0] for row in rows if row[:1] in (["dev"], ["prod"], ["together"])][:3] == ["dev", "prod", "together"]
    assert "traffic.per_day: 50 -> 5000000" in said.out


def test_a_dirty_tree_is_compared_as_it_lies_and_left_as_it_was(project: Path) -> None:
    write_profile(project, MORE)
    before = git(project, "status", "--porcelain")
    said = diff(project, "main")
    assert said.code == 0
    assert "traffic.per_day" in said.out
    assert "not committed" not in said.out
    assert git(project, "status", "--porcelain") == before
    committed = diff(project, "main", "HEAD", "--format", "json")
    assert json.loads(committed.out)["changed"] is False
    assert "changes that are not committed" in committed.out


def test_nothing_is_written_where_nothing_changes_and_only_changes_are_wanted(project: Path) -> None:
    said = diff(project, "main", "--on", "change", "--format", "comment")
    assert (said.code, said.out, said.err) == (0, "", "")
    always = diff(project, "main", "--format", "comment")
    assert always.out.startswith("<!-- headway:diff -->\n")


def test_a_threshold_ends_with_2_and_says_which(project: Path) -> None:
    write_profile(project, MORE)
    said = diff(project, "main", "--max-increase", "10%")
    assert said.code == 2
    assert "10%" in said.out
    assert diff(project, "main", "--max-increase", "100000").code == 0
    wrong = diff(project, "main", "--max-increase", "much")
    assert wrong.code == 1
    assert "much" in wrong.err


def test_a_new_and_a_removed_stack_are_no_errors(project: Path) -> None:
    write_stack(project, "staging")
    (project / "stacks/Pulumi.dev.yaml").unlink()
    commit(project, "other stacks")
    said = diff(project, "HEAD^1", "HEAD", "--format", "json")
    assert said.code == 0
    states = {row["stack"]: row["state"] for row in json.loads(said.out)["stacks"]}
    assert states == {"dev": "removed", "prod": "unchanged", "staging": "new"}


def test_an_invalid_side_is_told_beside_the_others_and_ends_with_1(project: Path) -> None:
    write_profile(project, PROFILE.replace("max_wait", "max_weight"))
    said = diff(project, "main", "--format", "comment")
    assert said.code == 1
    assert r"stacks/profiles/form.yaml:2: latency.max\_weight: no such field; did you mean max\_wait?" in said.out
    assert said.out.startswith("<!-- headway:diff -->\n")
    assert "Traceback" not in said.err


def test_a_revision_that_is_not_there_says_what_there_is(project: Path) -> None:
    said = diff(project, "mian")
    assert (said.code, said.out) == (1, "")
    assert "mian" in said.err
    assert "main" in said.err


def test_a_shallow_clone_says_what_to_fetch(project: Path, tmp_path: Path) -> None:
    write_profile(project, MORE)
    commit(project, "more")
    git(tmp_path, "clone", "-q", "--depth", "1", project.as_uri(), "shallow")
    said = diff(tmp_path / "shallow", "HEAD^1", "HEAD")
    assert said.code == 1
    assert "fetch" in said.err


def test_two_plans_are_compared_without_a_repository(tmp_path: Path) -> None:
    for name, text in (("before", PROFILE), ("after", MORE)):
        (tmp_path / f"{name}.yaml").write_text(text)
        made = headway("plan", f"{name}.yaml", "--format", "json", cwd=tmp_path)
        (tmp_path / f"{name}.json").write_text(made.out)
    said = headway("diff", "before.json", "after.json", cwd=tmp_path)
    assert said.code == 0
    assert "USD" in said.out
