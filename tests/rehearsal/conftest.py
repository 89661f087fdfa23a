"""A project of its own for each rehearsal: the program and the example model of this one, other stacks."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from headway import load_profile

HERE = Path.cwd()


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Make a project with one stack ``dev`` that runs a bundled profile."""

    def make(profile: str, **settings: str) -> Path:
        (tmp_path / "stacks").mkdir()
        for shared in ("Pulumi.yaml", "__main__.py", "containers"):
            (tmp_path / shared).symlink_to(HERE / shared)
        shutil.copytree(HERE / "stacks/profiles", tmp_path / "stacks/profiles")
        region = load_profile(tmp_path / f"stacks/profiles/{profile}.yaml").region
        lines = ["config:", f"  aws:region: {region}", f"  headway:profile: stacks/profiles/{profile}.yaml"]
        lines += [f'  headway:{name}: "{value}"' for name, value in settings.items()]
        (tmp_path / "stacks/Pulumi.dev.yaml").write_text("\n".join(lines) + "\n")
        return tmp_path

    return make
