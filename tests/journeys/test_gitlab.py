"""The GitLab example's own script, against a server that acts as GitLab: one note, written once and then updated."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from headway_rehearsal.localhost import Answering, local_server
from tests.diff.projects import PROFILE, commit, new_project, write_profile
from tests.journeys.test_action import Runner

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "jq", "curl"))), reason="needs bash, jq and curl on this machine"
)
EXAMPLE: dict[str, Any] = YAML(typ="safe").load(Path("examples/gitlab/headway.gitlab-ci.yml"))["headway"]


class GitLab(Answering):
    """Notes of merge request 7 of project 3; refuses whoever has no token."""

    notes: dict[int, str]
    calls: list[str]

    def do_GET(self) -> None:
        self.answer([{"id": number, "body": body} for number, body in self.notes.items()])

    def do_POST(self) -> None:
        self.notes[len(self.notes) + 1] = self.asked()["body"]
        self.answer({})

    def do_PUT(self) -> None:
        self.notes[int(self.path.rsplit("/", 1)[1])] = self.asked()["body"]
        self.answer({})

    def answer(self, content: object) -> None:
        self.calls.append(self.command)
        self.reply(200 if self.headers["PRIVATE-TOKEN"] == "secret" else 401, content)


@pytest.fixture
def server() -> Iterator[str]:
    GitLab.notes, GitLab.calls = {1: "a colleague's remark"}, []
    with local_server(GitLab) as url:
        yield url


def run(runner: Runner, server: str) -> subprocess.CompletedProcess[str]:
    own = [line for line in EXAMPLE["script"] if not line.startswith(("apt-get", "pip "))]
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", "\n".join(own)], cwd=runner.project, capture_output=True, text=True,
        env={
            **os.environ, **runner.environment, "CI_API_V4_URL": server,
            "CI_PROJECT_ID": "3", "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_DIFF_BASE_SHA": "HEAD^1",
            "HEADWAY_TOKEN": "secret", "NO_PROXY": "127.0.0.1",
        }, check=False, timeout=60,
    )  # fmt: skip


def test_a_merge_request_gets_one_note_that_is_updated(tmp_path: Path, server: str) -> None:
    project = new_project(tmp_path / "project")
    write_profile(project, PROFILE.replace("per_day: 50", "per_day: 5000000"))
    commit(project, "more")
    runner = Runner(project, tmp_path)
    ran = run(runner, server)
    assert (ran.returncode, ran.stderr) == (2, "")
    assert GitLab.calls == ["GET", "POST"]
    assert GitLab.notes[2].startswith("<!-- headway:diff -->\n")
    assert "10%" in GitLab.notes[2]
    assert (project / "headway.html").exists()

    write_profile(project, PROFILE.replace("per_day: 50", "per_day: 51"))
    commit(project, "little")
    assert run(runner, server).returncode == 0
    assert GitLab.calls[2:] == ["GET", "PUT"]
    assert len(GitLab.notes) == 2
    assert GitLab.notes[1] == "a colleague's remark"
