"""README's `pulumi up`, typed as it stands there: the `pulumi` command, the project's own files, its own interpreter."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headway_rehearsal.account import account
from headway_rehearsal.engine_binary import Engine
from headway_rehearsal.inventory import inventory
from headway_rehearsal.language_host import beside
from headway_rehearsal.provider import Failures, attached
from headway_rehearsal.resources.base import Aws

pytestmark = pytest.mark.slow
COMMAND_LIMIT_S = 120

Typed = Callable[[str], str]


@pytest.fixture
def aws() -> Iterator[Aws]:
    with account("us-east-1") as one:
        yield one


@pytest.fixture
def typed(engine: Engine, aws: Aws, tmp_path: Path) -> Iterator[Typed]:
    """Types a command in a checkout of the project, and gives what it printed; it must end well."""
    checkout = tmp_path / "headway"
    checkout.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(name, checkout)
    shutil.copytree("stacks", checkout / "stacks")
    (checkout / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    host = beside(engine, tmp_path / "host")
    folders = [
        str(Path(sys.prefix) / "bin"),
        str(engine.path.parent),
        *([str(host)] if host else []),
        "/usr/bin",
        "/bin",
    ]
    with attached(aws, Failures()) as port:
        variables = {
            "PATH": os.pathsep.join(folders),
            "HOME": str(tmp_path),
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DEBUG_PROVIDERS": f"aws:{port}",
            "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "1",
        }

        def run(command: str) -> str:
            done = subprocess.run(
                command.split(), cwd=checkout, env=variables, capture_output=True, text=True, timeout=COMMAND_LIMIT_S,
                stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        yield run


def test_the_readme_s_commands_work_in_the_order_in_which_they_stand(aws: Aws, typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    before = inventory(aws)
    section = Path("README.md").read_text(encoding="utf-8").split("## On a real account", 1)[1]
    assert [section.index(one) for one in COMMANDS] == sorted(section.index(one) for one in COMMANDS)
    # "Or your backend": --local would write into this account's own home folder, whatever HOME says.
    typed(f"pulumi login {(tmp_path / 'state').as_uri()}")
    typed("pulumi stack init dev")
    preview = typed("pulumi preview")
    up = typed("pulumi up --yes")
    planned, made = re.search(r"\+ (\d+) to create", preview), re.search(r"\+ (\d+) created", up)
    assert planned is not None
    assert made is not None
    assert planned[1] == made[1]
    for output in ("architecture", "why", "monthly_bill", "queue_url", "results_bucket"):
        assert re.search(rf"^\s+{output}\s*:", up, re.MULTILINE), output
    assert "not locked" not in preview + up
    url = typed("pulumi stack output queue_url").strip()
    aws.client("sqs").send_message(QueueUrl=url, MessageBody='{"id": "one", "body": "hello"}')
    again = typed("pulumi up --yes --refresh --skip-preview")
    assert f"{made[1]} unchanged" in again
    typed("pulumi destroy --yes")
    assert inventory(aws) - before == set()


COMMANDS = ("pulumi login --local", "pulumi stack init dev", "pulumi preview", "pulumi up", "pulumi destroy")
