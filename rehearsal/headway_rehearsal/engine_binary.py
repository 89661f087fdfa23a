"""The Pulumi engine: the one on the path, else the official one, else built with Go from its public source.

``make engine`` runs this module. What it installs or builds lies below ``.headway/engine``, ignored by git, in a folder
named by its version, and is found there the next time. The Python package ``pulumi`` is the SDK alone.

```
python -m headway_rehearsal.engine_binary          # find, install or build; prints where it is
python -m headway_rehearsal.engine_binary --find   # only look; exit 1 without one
```
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from headway.errors import HeadwayError

FOLDER = Path(".headway/engine")
SOURCE_VERSION = "3.259.0"
"""Built where the official one cannot be had; the SDK works with any 3.x engine since `OLDEST`."""
OLDEST = (3, 200)
"""As pyproject.toml asks of the SDK."""
INSTALL_LIMIT_S, BUILD_LIMIT_S = 180, 1800
GO_MOD = f"""module headway.example/engine

go 1.25.0

require (
	github.com/pulumi/pulumi/pkg/v3 v{SOURCE_VERSION}
	github.com/pulumi/pulumi/sdk/v3 v{SOURCE_VERSION}
)

// The engine's own replacement, which a build from outside its repository has to repeat.
replace github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e
"""
COMMAND = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
TOOLS_GO = f'//go:build tools\n\npackage engine\n\nimport _ "{COMMAND}"\n'
VERSION_FLAG = f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{SOURCE_VERSION}"

LARGEST_MESSAGE = 400 * 1024 * 1024
"""Bytes that the engine's own gRPC servers take, and so has whoever answers it."""
INSTRUCTIONS = "https://www.pulumi.com/docs/iac/download-install/"
NO_ENGINE = (
    "no Pulumi engine here. `make engine` finds, installs or builds one (minutes, once; without make: "
    f"python -m headway_rehearsal.engine_binary); or install Pulumi: {INSTRUCTIONS}"
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Engine:
    """A ``pulumi`` that runs. ``root`` is the folder whose ``bin`` holds it; None for the one on the path."""

    path: Path
    version: str
    root: Path | None = None

    def __str__(self) -> str:
        return f"pulumi {self.version} ({self.path})"


def find_engine(project: Path) -> Engine | None:
    """The engine on the path, or one installed or built before; None when there is none that is new enough."""
    on_path = shutil.which("pulumi")
    if on_path is not None and (found := _engine(Path(on_path), None)) is not None:
        return found
    for root in sorted((project / FOLDER).glob("*"), reverse=True):
        binary = root / "bin" / _binary()
        if binary.is_file() and (found := _engine(binary.absolute(), root.absolute())) is not None:
            return found
    return None


def needed_engine(project: Path) -> Engine:
    """The engine that is there.

    Raises:
        HeadwayError: There is none; with how to come by one.
    """
    found = find_engine(project)
    if found is None:
        raise HeadwayError(NO_ENGINE)
    return found


def make_engine(project: Path, say: Say) -> Engine:
    """Find the engine, else install the official one, else build it.

    Raises:
        HeadwayError: There is none, it cannot be downloaded, and Go is missing or could not build it.
    """
    found = find_engine(project)
    if found is not None:
        return found
    folder = project / FOLDER
    say("no pulumi on the path: installing the official one ...")
    if _install(folder):
        found = find_engine(project)
        if found is not None:
            return found
    if shutil.which("go") is None:
        raise HeadwayError(
            "no Pulumi engine: none is on the path, it cannot be downloaded, and there is no Go to build it with. "
            f"Install one: {INSTRUCTIONS}"
        )
    say(f"it cannot be downloaded: building {SOURCE_VERSION} with Go (about four minutes, once) ...")
    build(folder / SOURCE_VERSION, {"tools.go": TOOLS_GO}, COMMAND, _binary())
    found = find_engine(project)
    if found is None:
        raise HeadwayError(f"the engine built in {folder / SOURCE_VERSION} does not run")
    return found


def _binary() -> str:
    return "pulumi.exe" if sys.platform == "win32" else "pulumi"


def _engine(path: Path, root: Path | None) -> Engine | None:
    """The engine at a path, if it runs and is new enough."""
    try:
        answer = subprocess.run([path, "version"], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"v?((\d+)\.(\d+)\.\S+)", answer.stdout.strip())
    if found is None or (int(found[2]), int(found[3])) < OLDEST or int(found[2]) != OLDEST[0]:
        return None
    return Engine(path, found[1], root)


def _install(folder: Path) -> bool:
    """Try the official installer, in a process of its own that may not take long."""
    from pulumi._version import version

    root = folder / str(version)
    program = "import sys; from pulumi.automation import PulumiCommand; PulumiCommand.install(root=sys.argv[1])"
    try:
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", program, str(root.absolute())],
            capture_output=True, timeout=INSTALL_LIMIT_S, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        shutil.rmtree(root, ignore_errors=True)
        return False
    return True


def build(root: Path, sources: Mapping[str, str], package: str, name: str) -> None:
    """Build a Go program over the engine's modules into ``root/bin/name``; nothing is left half built.

    Args:
        root: Its folder, which is made anew.
        sources: Its files by name, beside go.mod.
        package: What to build: one of the engine's own, or ``.``.
        name: How the program is called.

    Raises:
        HeadwayError: The modules cannot be had, or do not build.
    """
    go = shutil.which("go") or "go"
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=root.parent) as folder:
        work = Path(folder)
        (work / "go.mod").write_text(GO_MOD, encoding="utf-8")
        for source, text in sources.items():
            (work / source).write_text(text, encoding="utf-8")
        target = work / "made" / "bin" / name
        for command in (
            [go, "mod", "tidy"],
            [go, "build", "-ldflags", f"-s -w {VERSION_FLAG}", "-o", str(target), package],
        ):
            try:
                subprocess.run(  # noqa: S603
                    command, cwd=work, capture_output=True, text=True, timeout=BUILD_LIMIT_S, check=True
                )
            except subprocess.CalledProcessError as error:
                last = (error.stderr or "").strip().splitlines()[-3:]
                raise HeadwayError("\n".join([f"`{' '.join(command[:3])}` failed:", *last])) from None
            except subprocess.TimeoutExpired:
                raise HeadwayError(f"`{' '.join(command[:3])}` took longer than {BUILD_LIMIT_S} s") from None
        shutil.rmtree(root, ignore_errors=True)
        (work / "made").replace(root)


def main(arguments: list[str]) -> int:
    """What ``make engine`` runs."""
    project = Path.cwd()
    try:
        engine = (
            find_engine(project)
            if "--find" in arguments
            else make_engine(project, lambda text: print(text, flush=True))  # noqa: T201
        )
    except HeadwayError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    if engine is None:
        return 1
    print(engine)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
