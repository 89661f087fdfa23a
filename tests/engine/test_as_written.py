"""README's `pulumi up`, typed as it stands there: the `pulumi` command, the project's own files, its own interpreter."""

import re
from collections.abc import Iterator
from pathlib import Path

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


COMMANDS = ("pulumi login --local", "pulumi stack init dev", "pulumi preview", "pulumi up", "pulumi destroy")
