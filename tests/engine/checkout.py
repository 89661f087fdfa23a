"""Commands typed at a shell in a checkout of the project: on the path are Pulumi, Python's and the system's own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from headway_rehearsal.engine import variables
from headway_rehearsal.engine_binary import Engine
from headway_rehearsal.language_host import beside
from headway_rehearsal.provider import Failures, attached
from headway_rehearsal.resources.base import Aws

COMMAND_LIMIT_S = 120

Typed = Callable[[str], str]
"""Types lines, each of which must end well, and gives what they printed."""


@contextmanager
def checkout(engine: Engine, aws: Aws, folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Typed]:
    """A copy of the project in ``folder / "headway"``, and a shell in it whose `pulumi` makes things in ``aws``."""
    root = folder / "headway"
    root.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(name, root)
    shutil.copytree("stacks", root / "stacks")
    (root / "examples").symlink_to(Path("examples").resolve(), target_is_directory=True)
    (root / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    host = beside(engine, folder / "host")
    folders = [
        str(folder / "bin"),
        str(Path(sys.prefix) / "bin"),
        str(engine.path.parent),
        *([str(host)] if host else []),
        "/usr/bin",
        "/bin",
    ]
    with attached(aws, Failures()) as port:
        told = {
            **variables(port),
            "PATH": os.pathsep.join(folders),
            "HOME": str(folder),
            "PULUMI_HOME": str(folder / "home"),
            **(environment or {}),
        }

        def typed(lines: str) -> str:
            done = subprocess.run(
                ["bash", "-e", "-c", lines], cwd=root, env=told, capture_output=True, text=True,
                timeout=COMMAND_LIMIT_S * (1 + lines.count("\n")), stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{lines}\n{done.stdout}{done.stderr}"
            return done.stdout

        yield typed
