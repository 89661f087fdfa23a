"""README's `pulumi up`, typed as it stands there: the `pulumi` command, the project's own files, its own interpreter."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from headway_rehearsal.account import account
from headway_rehearsal.engine_binary import Engine
from headway_rehearsal.inventory import inventory
from headway_rehearsal.resources.base import Aws
from tests.engine.checkout import Typed, checkout

pytestmark = pytest.mark.slow


@pytest.fixture
def aws() -> Iterator[Aws]:
    with account("us-east-1") as one:
        yield one


@pytest.fixture
def typed(engine: Engine, aws: Aws, tmp_path: Path) -> Iterator[Typed]:
    with checkout(engine, aws, tmp_path) as one:
        yield one


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


def test_a_wrong_word_is_one_error_and_an_up_that_was_stopped_or_killed_is_gone_on_with(
    engine: Engine, aws: Aws, tmp_path: Path
) -> None:
    before, iam = inventory(aws), aws.client("iam")
    with checkout(engine, aws, tmp_path, {"PULUMI_SKIP_CHECKPOINTS": "false"}) as typed:
        settings = tmp_path / "headway/stacks/Pulumi.dev.yaml"
        settings.write_text("config: {'headway:profile': stacks/profiles/contact-form.yaml, 'headway:max_monthyl': 3}")
        (tmp_path / "headway/stacks/plans/dev.json").unlink()
        (tmp_path / "state").mkdir()
        said = typed(f"pulumi login {(tmp_path / 'state').as_uri()}; pulumi stack init dev; ! pulumi preview")
        assert "error: stack config: headway:max_monthyl is no setting; did you mean max_monthly?" in said
        assert "Traceback" not in said
        typed("pulumi config rm headway:max_monthyl")

        said = _stopped(typed, tmp_path, lambda: len(iam.list_roles()["Roles"]) > 1, signal.SIGINT)
        # "update canceled" as a rule; where the program was the first to stop, its exit code.
        assert "error: " in said, said
        assert "Traceback" not in said
        _stopped(typed, tmp_path, lambda: any((tmp_path / "state/.pulumi/locks").rglob("*.json")), signal.SIGKILL)
        assert "locked by 1 lock" in typed("! pulumi up --yes --skip-preview 2>&1")
        typed("pulumi cancel --yes; pulumi refresh --yes --skip-preview --clear-pending-creates")
        there = inventory(aws) - before
        again = typed("pulumi up --yes --skip-preview")
        assert "pending operations" not in again
        assert there <= inventory(aws), "what was made stays"
        typed("pulumi destroy --yes --skip-preview")
    assert len(inventory(aws) - before) <= 4, "no more than one for each of the engine's hands"


def _stopped(typed: Typed, folder: Path, far_enough: Callable[[], bool], how: signal.Signals) -> str:
    """What an update says that gets a signal, it and its children, once it is far enough."""
    pid = folder / "pid"
    pid.unlink(missing_ok=True)

    def stop() -> None:
        while not (pid.is_file() and pid.read_text().strip() and far_enough()):
            time.sleep(0.01)
        os.killpg(int(pid.read_text()), how)

    stopping = Thread(target=stop, daemon=True)
    stopping.start()
    said = typed(
        f"set -m; pulumi up --yes --skip-preview >{folder}/log 2>&1 & echo $! >{pid}; wait || true; cat {folder}/log"
    )
    stopping.join(timeout=10)
    assert not stopping.is_alive(), f"it came to its end: {said}"
    return said


COMMANDS = ("pulumi login --local", "pulumi stack init dev", "pulumi preview", "pulumi up", "pulumi destroy")
