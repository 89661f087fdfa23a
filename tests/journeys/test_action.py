"""The GitHub Action's own scripts, run as a runner would: bash, inputs in the environment, outputs in a file."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.diff.projects import PROFILE, commit, new_project, write_profile

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
ACTION: dict[str, Any] = YAML(typ="safe").load(Path("action.yml"))
STEPS: dict[str, dict[str, Any]] = {step["name"]: step for step in ACTION["runs"]["steps"] if "name" in step}
WORKFLOW: dict[str, Any] = YAML(typ="safe").load(Path("examples/github/headway.yml"))


class Runner:
    """A job's machine: its folders, and what steps left for later ones."""

    def __init__(self, project: Path, scratch: Path) -> None:
        self.project, self.folder = project, scratch / "headway"
        self.summary, self.output = scratch / "summary.md", scratch / "output"
        programs = scratch / "bin"
        programs.mkdir()
        for name, module in (("headway", "-m headway.cli"), ("python", "")):
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
            (programs / name).chmod(0o755)
        self.environment = {
            **os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "RUNNER_TEMP": str(scratch),
            "GITHUB_STEP_SUMMARY": str(self.summary), "GITHUB_OUTPUT": str(self.output),
            "PYTHONPATH": str(Path.cwd()),
        }  # fmt: skip

    def run(self, step: str, **environment: str) -> subprocess.CompletedProcess[str]:
        inputs = dict.fromkeys(STEPS[step]["env"], "")
        return subprocess.run(
            ["bash", "-e", "-c", STEPS[step]["run"]], cwd=self.project, capture_output=True, text=True, check=False,
            env={**self.environment, **inputs, **environment}, timeout=60,
        )  # fmt: skip

    @property
    def outputs(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.output.read_text().splitlines())


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    project = new_project(tmp_path / "project")
    write_profile(project, PROFILE.replace("per_day: 50", "per_day: 5000000"))
    commit(project, "more")
    return Runner(project, tmp_path)


def test_a_change_becomes_outputs_a_summary_a_comment_and_pages(runner: Runner) -> None:
    ran = runner.run("Compare", BASE="HEAD^1", HEAD="HEAD", PAGE="true")
    assert (ran.returncode, ran.stderr) == (0, "")
    outputs = runner.outputs
    assert set(ACTION["outputs"]) == set(outputs)
    assert outputs["changed"] == "true"
    assert float(outputs["increase"]) > 100
    assert outputs["exit-code"] == "0"
    comment = Path(outputs["folder"], "comment.md").read_text()
    assert runner.summary.read_text() == comment
    assert json.loads(Path(outputs["folder"], "diff.json").read_text())["verdict"] == outputs["verdict"]
    pages = sorted(Path(outputs["folder"], "pages").iterdir())
    assert [page.name for page in pages] == ["dev.html", "prod.html"]
    assert "stack prod" in pages[1].read_text()


def test_a_threshold_that_is_broken_fails_the_job_only_where_it_should(runner: Runner) -> None:
    assert runner.run("Compare", BASE="HEAD^1", HEAD="HEAD", MAX_INCREASE="10%").returncode == 0
    assert runner.outputs["exit-code"] == "2"
    judged = runner.run("Judge", CODE="2", VERDICT=runner.outputs["verdict"], FAIL="true")
    assert judged.returncode == 2
    assert judged.stdout.startswith("::error title=Headway::")
    assert runner.run("Judge", CODE="2", FAIL="false").returncode == 0
    assert runner.run("Judge", CODE="1", FAIL="false").returncode == 1
    assert runner.run("Judge", CODE="0", FAIL="true").returncode == 0


def test_a_side_that_does_not_exist_ends_the_step_with_what_to_fetch(runner: Runner) -> None:
    ran = runner.run("Compare", BASE="origin/nothing", HEAD="HEAD")
    assert ran.returncode == 1
    assert "origin/nothing" in ran.stderr
    assert not runner.output.exists()


def test_a_branch_named_like_a_command_is_never_run(runner: Runner) -> None:
    ran = runner.run("Compare", BASE="$(touch pwned)", HEAD="; touch pwned", STACKS="`touch pwned`")
    assert ran.returncode == 1
    assert not list(runner.project.rglob("pwned"))


def test_no_script_holds_an_expression_and_every_input_is_used() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", ""), step
    text = Path("action.yml").read_text()
    for name in ACTION["inputs"]:
        assert f"inputs.{name}" in text, name


def test_the_example_asks_for_the_least_and_names_inputs_that_exist() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read", "pull-requests": "write"}
    steps = WORKFLOW["jobs"]["bill"]["steps"]
    used = next(step for step in steps if "headway" in step.get("uses", ""))
    assert set(used["with"]) <= set(ACTION["inputs"])
    assert all("${{" not in step.get("run", "") for step in steps)
    outputs = {word for step in steps for word in step.get("env", {}).values()}
    assert outputs == {f"${{{{ steps.bill.outputs.{name} }}}}" for name in ("verdict", "increase")}
    assert set(ACTION["outputs"]) >= {"verdict", "increase", "changed"}
