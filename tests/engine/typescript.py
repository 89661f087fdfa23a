"""A TypeScript program on the real engine: Node's own Automation API, the components as a package, an AWS in memory."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from headway_components.package import Package
from headway_rehearsal.engine import variables
from headway_rehearsal.engine_binary import SOURCE_VERSION, Engine, build
from headway_rehearsal.provider import Failures, attached
from headway_rehearsal.resources.base import Aws

HERE = Path(__file__).parent / "node"
MODULES = Path(".headway/node").absolute()
"""Where Node's packages are kept between runs; ignored by git."""
GENERATOR = Path(".headway/generator").absolute() / SOURCE_VERSION
"""Pulumi's generator, built once where its Node language host is not there."""
INSTALL_LIMIT_S, RUN_LIMIT_S = 240, 180


def node_modules() -> Path:
    """Node's packages, installed once; without Node or its registry the test is skipped and says so."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no Node.js with npm on the path")
    wanted = (HERE / "package.json").read_text()
    installed = MODULES / "package.json"
    if not (installed.is_file() and installed.read_text() == wanted and (MODULES / ".complete").is_file()):
        MODULES.mkdir(parents=True, exist_ok=True)
        (MODULES / ".complete").unlink(missing_ok=True)
        installed.write_text(wanted)
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        try:
            subprocess.run(command, cwd=MODULES, capture_output=True, check=True, timeout=INSTALL_LIMIT_S)
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"npm could not install what package.json names: {error}")
        (MODULES / ".complete").touch()
    return MODULES / "node_modules"


def generated(schema: str, engine: Engine, folder: Path) -> None:
    """The package's SDK for Node, by Pulumi's own generator, as `pulumi package add` puts it into a project.

    The generator is part of Pulumi's Node language host, which no module registry has; the Go module that it calls is
    there, so that an engine built with Go has it too.
    """
    folder.mkdir(parents=True)
    source = folder.parent / "schema.json"
    source.write_text(schema)
    if shutil.which("pulumi-language-nodejs"):
        work = folder.parent / "generated"
        command = [
            str(engine.path),
            "package",
            "gen-sdk",
            str(source),
            "--language",
            "nodejs",
            "--local",
            "--out",
            str(work),
        ]
        subprocess.run(command, capture_output=True, check=True, timeout=RUN_LIMIT_S)
        shutil.copytree(work / "nodejs", folder, dirs_exist_ok=True)
        return
    program = GENERATOR / "bin" / "generator"
    if not program.is_file():
        if shutil.which("go") is None:
            pytest.skip("no generator of SDKs: neither Pulumi's Node language host nor Go is on the path")
        build(GENERATOR, {"main.go": (Path(__file__).parent / "generator/main.go").read_text()}, ".", "generator")
    subprocess.run([program, source, folder], capture_output=True, check=True, timeout=RUN_LIMIT_S)


@dataclass(frozen=True)
class Program:
    """An example's folder, checked against the package's types and compiled."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, operation: str) -> dict[str, Any]:
        """What an operation of the engine did: ``steps``, ``outputs``, ``said``, and ``failed`` where it did."""
        ran = subprocess.run(
            ["node", str(self.folder / "run.js"), str(self.folder / "index.js"), operation],
            cwd=self.folder, capture_output=True, text=True, timeout=RUN_LIMIT_S, check=False,
            env={**os.environ, **self.environment},
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        answer: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
        return answer


@contextmanager
def typescript_program(example: Path, work: Path, engine: Engine, aws: Aws) -> Iterator[Program]:
    """The example in a folder of its own, with everything that it needs beside it."""
    modules = node_modules()
    shutil.copytree(example, work, dirs_exist_ok=True)
    shutil.copy(HERE / "run.js", work)
    linked = work / "node_modules"
    linked.mkdir()
    for one in modules.iterdir():
        if not one.name.startswith((".", "@pulumi")):
            (linked / one.name).symlink_to(one)
    (linked / "@pulumi").mkdir()
    for one in (modules / "@pulumi").iterdir():
        (linked / "@pulumi" / one.name).symlink_to(one)
    package = linked / "@headway" / "headway"
    generated(Package().schema or "{}", engine, package)
    tsc = ["node", str(linked / "typescript" / "bin" / "tsc"), "--preserveSymlinks", "--noEmit", "false", "-p"]
    for compiled in (package, work):
        checked = subprocess.run(
            [*tsc, str(compiled)], cwd=work, capture_output=True, text=True, timeout=RUN_LIMIT_S, check=False
        )
        assert checked.returncode == 0, checked.stdout
    # As the SDK's own postinstall script does.
    shutil.copy(package / "package.json", package / "bin")
    for name in ("home", "state", "bin"):
        (work / name).mkdir()
    plugin = work / "bin" / "pulumi-resource-headway"
    plugin.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path("components/__main__.py").absolute()}" "$@"\n')
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    path = os.pathsep.join([str(work / "bin"), str(engine.path.parent), os.environ.get("PATH", "")])
    with attached(aws, Failures()) as port:
        yield Program(
            work,
            {
                "PATH": path,
                "HEADWAY_WORK": str(work),
                **variables(port),
                "NODE_PATH": str(linked),
                "NODE_PRESERVE_SYMLINKS": "1",
                "NODE_PRESERVE_SYMLINKS_MAIN": "1",
            },
        )
