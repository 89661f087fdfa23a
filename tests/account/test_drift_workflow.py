"""The example workflow that looks for drift on a schedule: its steps, run as the runner runs them."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

WORKFLOW: dict[str, Any] = YAML(typ="safe").load(Path("examples/github/headway-drift.yml"))
STEPS: list[dict[str, Any]] = WORKFLOW["jobs"]["drift"]["steps"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
@pytest.mark.parametrize(("code", "ends"), [(0, 0), (2, 0), (1, 1)])
def test_the_workflow_goes_on_after_0_and_2_and_fails_after_1(tmp_path: Path, code: int, ends: int) -> None:
    step = next(step for step in STEPS if step.get("id") == "drift")
    program = tmp_path / "bin/headway"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nexit {code}\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "STACK": "prod",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
    }

    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", step["run"]], cwd=tmp_path, env=environment, check=False
    )

    assert done.returncode == ends
    assert (tmp_path / "output").read_text(encoding="utf-8") == f"code={code}\n"
    assert (tmp_path / "asked").read_text(encoding="utf-8") == "drift --stack prod --out stacks/proposals/prod.md\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
@pytest.mark.parametrize(("code", "ends"), [(0, 0), (2, 0), (1, 1)])
def test_prices_that_are_partly_old_do_not_keep_the_workflow_from_looking(tmp_path: Path, code: int, ends: int) -> None:
    (step,) = [str(step["run"]) for step in STEPS if "prices refresh" in str(step.get("run", ""))]
    program = tmp_path / "headway"
    program.write_text(f"#!/bin/sh\nexit {code}\n", encoding="utf-8")
    program.chmod(0o755)

    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert subprocess.run(["bash", "-e", "-c", step], env=environment, check=False).returncode == ends


def test_the_workflow_is_scheduled_and_opens_a_proposal_and_runs_no_pulumi() -> None:
    assert "schedule" in WORKFLOW["on"]
    text = " ".join(str(step.get("run", "")) for step in STEPS)
    assert "gh pr create" in text
    assert "pulumi" not in text
    assert "headway lock" not in text
