"""The policy pack on the real engine: what it complains of, what ends a preview, what a file of settings changes."""

import json
import os
import shutil
import stat
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pulumi_aws as aws_
import pytest

from headway import load_profile, plan
from headway.profile.model import Budget
from headway_components import Inference
from headway_policy import POLICIES
from headway_rehearsal.engine import EngineError
from tests.engine.conftest import MakeStack

pytestmark = pytest.mark.slow
ANALYZER = "pulumi-analyzer-policy-python"
"""What an engine without a language host starts a pack with: it comes with Pulumi's installer, in no registry."""
PHOTOS = plan(load_profile("stacks/profiles/photo-tags.yaml").model_copy(update={"budget": Budget(monthly=Decimal(1))}))


def program() -> None:
    """A component, and beside it one thing for each rule to find."""
    Inference("photo-tags", {"plan": PHOTOS})
    aws_.ec2.SecurityGroup(
        "open", ingress=[{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}]
    )
    aws_.iam.Policy("wide", policy=json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))
    aws_.dynamodb.Table(
        "theirs", attributes=[{"name": "key", "type": "S"}], hash_key="key", billing_mode="PAY_PER_REQUEST"
    )


@pytest.fixture
def pack(tmp_path: Path) -> tuple[Path, Mapping[str, str]]:
    """The pack as a checkout holds it, in this environment instead of one of its own; and the engine's variables."""
    folder = tmp_path / "policy"
    folder.mkdir()
    for name in ("PulumiPolicy.yaml", "__main__.py"):
        shutil.copy(Path("policy") / name, folder)
    (folder / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    path = os.environ.get("PATH", "")
    if shutil.which("pulumi-language-python") is None and shutil.which(ANALYZER) is None:
        analyzer = tmp_path / "bin" / ANALYZER
        analyzer.parent.mkdir()
        analyzer.write_text(f'#!/bin/sh\nexec "{sys.executable}" -u __main__.py "$@"\n')
        analyzer.chmod(analyzer.stat().st_mode | stat.S_IXUSR)
        path = os.pathsep.join([str(analyzer.parent), path])
    return folder, {"PATH": path}


def settings_file(tmp_path: Path, **settings: Any) -> Path:
    made = tmp_path / "settings.json"
    made.write_text(json.dumps(settings))
    return made


def test_every_rule_is_asked_and_says_what_it_found(
    make_stack: MakeStack, pack: tuple[Path, Mapping[str, str]], tmp_path: Path
) -> None:
    folder, variables = pack
    # Settings of prod as they are here, and no lock of them.
    shutil.copytree("stacks", tmp_path / "project/stacks")
    (tmp_path / "project/stacks/plans/prod.json").unlink()
    told = settings_file(
        tmp_path,
        **{"all": "advisory",
           "lock-out-of-date": {"enforcementLevel": "advisory", "project": str(tmp_path / "project")}},
    )  # fmt: skip
    stack = make_stack(program, stack="prod", policy_packs={str(folder): told}, environment=variables)
    done = stack.preview()
    found = {one.policy: one for one in done.violations}
    assert found.keys() == {one.name for one in POLICIES}
    assert {one.level for one in done.violations} == {"advisory"}
    assert "photo-tags would cost USD" in found["over-budget"].message
    assert "above its budget of USD 1.00" in found["over-budget"].message
    assert "on no bill" in found["not-on-the-bill"].message
    assert "not locked" in found["lock-out-of-date"].message
    assert "photo-tags" in " ".join(one.urn for one in done.violations if one.policy == "unprotected-data")
    assert done.names("create")


def test_a_mandatory_rule_ends_the_preview_before_anything_is_made(
    make_stack: MakeStack, pack: tuple[Path, Mapping[str, str]]
) -> None:
    folder, variables = pack
    stack = make_stack(program, policy_packs={str(folder): None}, environment=variables)
    with pytest.raises(EngineError) as stopped:
        stack.preview()
    said = str(stopped.value)
    assert "public-entry: " in said
    assert "open: lets in whoever comes" in said
    assert "wide: s3:* is every action" in said
    assert "unprotected-data" not in said, "dev is not production"
