"""The command as a user types it: a process of its own, its words and its exit code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path.cwd()


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str


def headway(*arguments: str, cwd: Path = HERE, within_s: float = 60, **environment: str) -> Said:
    """Run ``headway`` in a folder."""
    ran = subprocess.run(
        [sys.executable, "-m", "headway.cli", *arguments], cwd=cwd, capture_output=True, text=True, timeout=within_s,
        env={**os.environ, **environment}, check=False,
    )  # fmt: skip
    return Said(ran.returncode, ran.stdout, ran.stderr)


def project(folder: Path) -> Path:
    """A copy of this project that a journey may change."""
    for name in ("stacks", "containers"):
        shutil.copytree(HERE / name, folder / name)
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(HERE / name, folder / name)
    return folder
