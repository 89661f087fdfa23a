"""A side's files: a revision without touching the working tree, a folder, a plan's file; and what cannot be one."""

import subprocess
from pathlib import Path

import pytest

from headway import load_profile, plan
from headway.diff import between, open_source
from headway.diff.sides import read_side
from headway.errors import HeadwayError
from headway.planning.locking import lock_stacks
from headway.planning.stacks import stack_names
from tests.diff.projects import PROFILE, commit, git, new_project, write_profile, write_stack


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return new_project(tmp_path / "project")


def test_a_revision_is_read_as_it_was_and_the_working_tree_stays_as_it_is(project: Path) -> None:
    write_profile(project, PROFILE.replace("per_day: 50", "per_day: 90"))
    before = git(project, "status", "--porcelain")
    with open_source("main", project) as source:
        assert source.folder is not None
        assert "per_day: 50" in (source.folder / "stacks/profiles/form.yaml").read_text()
        assert source.label.startswith("main (")
    assert git(project, "status", "--porcelain") == before
    assert "per_day: 90" in (project / "stacks/profiles/form.yaml").read_text()


def test_work_that_is_not_committed_is_said_to_be_no_part_of_the_revision(project: Path) -> None:
    write_profile(project, PROFILE.replace("per_day: 50", "per_day: 90"))
    made, _ = between("HEAD", "HEAD", start=project)
    assert any("not committed: no part of HEAD; compare with ." in note for note in made.notes)


def test_a_profile_outside_of_stacks_comes_with_its_revision(project: Path) -> None:
    (project / "models").mkdir()
    (project / "models/form.yaml").write_text(PROFILE)
    write_stack(project, "prod", profile="models/form.yaml")
    commit(project, "move")
    (project / "models/form.yaml").unlink()
    made, _ = between("HEAD", "HEAD", start=project)
    assert {row.stack: row.state for row in made.stacks} == {"dev": "unchanged", "prod": "unchanged"}


def test_a_project_in_a_folder_of_a_repository_is_read_from_there(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    inner = tmp_path / "services/inference"
    (inner / "stacks").mkdir(parents=True)
    (inner / "Pulumi.yaml").write_text("name: x\n")
    write_profile(inner)
    write_stack(inner, "prod")
    commit(tmp_path, "first")
    made, _ = between("main", str(inner), start=inner)
    assert [row.stack for row in made.stacks] == ["prod"]
    assert not made.changed


def test_a_link_in_a_branch_leads_nowhere(project: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text(PROFILE)
    profile = project / "stacks/profiles/form.yaml"
    profile.unlink()
    profile.symlink_to(secret)
    commit(project, "link")
    made, _ = between("HEAD", "HEAD", stacks=["prod"], start=project)
    assert made.invalid
    assert "a profile is a mapping" in made.stacks[0].problems[0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("mian", "neither a revision of this repository nor a folder or plan file; did you mean main?"),
        ("--output=/tmp/x", "neither a revision"),
        ("nowhere.json", "neither a revision"),
    ],
)
def test_a_side_that_does_not_exist_is_named_with_what_is_near(project: Path, given: str, said: str) -> None:
    with pytest.raises(HeadwayError, match="neither") as error, open_source(given, project):
        pass
    assert said in str(error.value)


def test_outside_of_a_repository_a_revision_is_no_side(tmp_path: Path) -> None:
    with pytest.raises(HeadwayError, match="in no git repository"), open_source("main", tmp_path):
        pass


def test_a_shallow_clone_says_what_to_fetch(project: Path, tmp_path: Path) -> None:
    first = git(project, "rev-parse", "HEAD")
    write_profile(project, PROFILE.replace("50", "60"))
    commit(project, "second")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth=1", project.as_uri(), str(clone)], check=True)
    with pytest.raises(HeadwayError, match="git fetch --unshallow"), open_source(first, clone):
        pass


def test_a_lock_and_a_plan_are_sides_too(project: Path) -> None:
    list(lock_stacks(project, stack_names(project)))
    lock = project / "stacks/plans/prod.json"
    profile = write_profile(project, PROFILE.replace("per_day: 50", "per_day: 5000000"))
    busier = project / "busier.json"
    busier.write_text(plan(load_profile(profile)).model_dump_json())
    made, _ = between(str(lock), str(busier), start=project)
    assert [(row.stack, row.state) for row in made.stacks] == [("form", "changed")]
    assert made.stacks[0].change is not None
    assert made.stacks[0].change.expected > 0


def test_a_locks_own_profile_is_read_back_its_times_in_seconds(project: Path) -> None:
    list(lock_stacks(project, stack_names(project)))
    with open_source(str(project / "stacks/plans/prod.json")) as source:
        (side,) = read_side(source).values()
    assert side.profile is not None
    assert side.profile == load_profile(project / "stacks/profiles/form.yaml")


def test_a_plan_is_compared_with_the_stack_of_its_name(project: Path) -> None:
    list(lock_stacks(project, stack_names(project)))
    made, _ = between(str(project / "stacks/plans/prod.json"), str(project), start=project)
    assert [(row.stack, row.state) for row in made.stacks] == [("prod", "unchanged")]


def test_a_plan_that_fits_several_stacks_asks_which(project: Path) -> None:
    path = project / "plan.json"
    path.write_text(plan(load_profile(project / "stacks/profiles/form.yaml")).model_dump_json())
    with pytest.raises(HeadwayError, match="say with --stacks which one"):
        between(str(path), str(project), start=project)


@pytest.mark.parametrize(
    ("content", "said"), [("[]", "not list"), ("{", "not JSON"), ('{"a": 1}', "no plan (profile"), ("\x00", "not JSON")]
)
def test_a_file_that_is_no_plan_says_what_would_be(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(HeadwayError) as error:
        between(str(path), str(path), start=tmp_path)
    assert said in str(error.value)
