"""A Python language host for an engine that was built without one: programs and plugins run as ``pulumi`` runs them.

Pulumi's own host comes with its installer and is in no module registry, so an engine built with Go (`engine_binary`)
lacks it. With `beside` on the path, ``pulumi`` itself runs ``__main__.py`` of a project, a policy pack or a component
package, each in the virtual environment that its file names. Where Pulumi's host is there, it is used and this is not.

What it leaves out: it names no plugins to download (the stand-in provider is attached) and generates no SDKs.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi._version import version
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from headway_rehearsal.engine_binary import Engine
from headway_rehearsal.language_analyzer import standing_before

EXECUTABLE = "pulumi-language-python"
PROGRAM = Path(__file__).with_name("language_program.py")
EXPLAINED = 32
"""The exit code of a program that has told its error to the engine itself."""
ANALYZER = "analyzer"
"""The kind of plugin that a policy pack is."""
PLUGIN_ENVIRONMENT = "venv"
"""Where a plugin's interpreter is when its file does not say (Pulumi's own default)."""


def beside(engine: Engine, folder: Path) -> Path | None:
    """A folder for the path that has a language host in it; None where the engine or the path has one already."""
    if shutil.which(EXECUTABLE) or (engine.root is not None and (engine.root / "bin" / EXECUTABLE).exists()):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / EXECUTABLE
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {__spec__.name} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return folder


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """What the engine asks of a language."""

    def __init__(self, engine_address: str, done: Event) -> None:
        self.engine_address, self.done = engine_address, done

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del context
        self.engine_address = request.engine_address or self.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return plugin_pb2.PluginInfo(version=str(version))

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return language_pb2.GetRequiredPluginsResponse()

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        return language_pb2.RuntimeOptionsResponse()

    def About(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del context
        return language_pb2.AboutResponse(
            executable=str(interpreter(request.info)), version=".".join(map(str, sys.version_info[:3]))
        )

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del context
        command = [str(interpreter(request.info)), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
        more = [] if request.transitiveDependencies else ["--not-required"]
        listed = subprocess.run([*command, *more], capture_output=True, text=True, check=False)  # noqa: S603
        rows = json.loads(listed.stdout) if listed.returncode == 0 else []
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=row["name"], version=row["version"]) for row in rows]
        )

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: D102, N802
        home = environment(request.info, plugin=request.is_plugin)
        if home is None:
            return
        if not python_in(home).exists():
            venv.create(home, with_pip=True)
        wanted = Path(request.info.root_directory) / "requirements.txt"
        if not wanted.is_file():
            return
        command = [str(python_in(home)), "-m", "pip", "install", "--quiet", "-r", str(wanted)]
        done = subprocess.run(command, cwd=wanted.parent, capture_output=True, check=False)  # noqa: S603
        yield language_pb2.InstallDependenciesResponse(stdout=done.stdout, stderr=done.stderr)
        if done.returncode:
            context.abort(grpc.StatusCode.UNKNOWN, f"pip could not install what {wanted} names")

    def Run(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        told = {
            "program": str(Path(request.info.program_directory) / request.info.entry_point),
            "arguments": list(request.args),
            "pwd": request.pwd,
            "settings": {
                "monitor": request.monitor_address,
                "engine": self.engine_address,
                "project": request.project,
                "stack": request.stack,
                "parallel": request.parallel,
                "dry_run": request.dryRun,
                "organization": request.organization,
                "root_directory": request.info.root_directory,
            },
        }
        variables = {
            **os.environ,
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        command = [str(interpreter(request.info)), "-u", str(PROGRAM), json.dumps(told)]
        running = subprocess.Popen(command, env=variables)  # noqa: S603
        # A stopped engine answers its program no more: it would wait for good, and this host for it.
        if not context.add_callback(running.kill):
            running.kill()
        ended = running.wait()
        return language_pb2.RunResponse(
            bail=ended == EXPLAINED,
            error="" if ended in (0, EXPLAINED) else f"the program exited with non-zero exit code: {ended}",
        )

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: D102, N802
        python = interpreter(request.info, plugin=True)
        if not python.exists():
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"no virtual environment at {python.parent.parent}")
        plugin = Plugin(python, request, context)
        if request.kind != ANALYZER:
            yield from plugin.run({})
            return
        with standing_before(plugin.start) as port:
            yield language_pb2.RunPluginResponse(stdout=f"{port}\n".encode())
            yield from plugin.said()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        del request, context
        self.done.set()
        return empty_pb2.Empty()


class Plugin:
    """A plugin's process, and what it says."""

    def __init__(self, python: Path, request: Any, context: Any) -> None:
        self.command = [str(python), "-u", request.info.program_directory, *request.args]
        self.folder, self.asked, self.context = request.pwd or None, request.env, context
        self.lines: Queue[Any] = Queue()
        context.add_callback(lambda: self.lines.put(None))

    def run(self, variables: Mapping[str, str]) -> Iterator[Any]:
        """Start it, and tell what it says until it ends."""
        self._begin(variables)
        yield from self.said()

    def start(self, variables: Mapping[str, str]) -> str:
        """Start it; the address at which it answers, from the first line that it says."""
        running = self._begin(variables, port=True)
        assert running.stdout is not None  # noqa: S101 - a pipe
        port = running.stdout.readline().decode().strip()
        Thread(target=self._told, args=(running,), daemon=True).start()
        return f"127.0.0.1:{port}"

    def said(self) -> Iterator[Any]:
        """What it says, and its exit code as it ends; nothing more once the engine has gone."""
        while (line := self.lines.get()) is not None:
            yield line
            if line.WhichOneof("output") == "exitcode":
                return

    def _begin(self, variables: Mapping[str, str], *, port: bool = False) -> subprocess.Popen[bytes]:
        running = subprocess.Popen(  # noqa: S603
            self.command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **variables, **dict(one.split("=", 1) for one in self.asked)},
        )  # fmt: skip
        if not self.context.add_callback(running.kill):
            running.kill()
        Thread(target=self._complained, args=(running,), daemon=True).start()
        if not port:
            Thread(target=self._told, args=(running,), daemon=True).start()
        return running

    def _complained(self, running: subprocess.Popen[bytes]) -> None:
        for line in running.stderr or ():
            self.lines.put(language_pb2.RunPluginResponse(stderr=line))

    def _told(self, running: subprocess.Popen[bytes]) -> None:
        for line in running.stdout or ():
            self.lines.put(language_pb2.RunPluginResponse(stdout=line))
        self.lines.put(language_pb2.RunPluginResponse(exitcode=running.wait()))


def environment(info: Any, *, plugin: bool = False) -> Path | None:
    """The folder of a project's virtual environment; None where it runs in the interpreter on the path."""
    options: Mapping[str, Any] = json_format.MessageToDict(info.options)
    named = options.get("virtualenv") or (PLUGIN_ENVIRONMENT if plugin else None)
    return Path(info.root_directory) / str(named) if named else None


def interpreter(info: Any, *, plugin: bool = False) -> Path:
    """The Python of a project."""
    home = environment(info, plugin=plugin)
    return python_in(home) if home is not None else Path(shutil.which("python3") or sys.executable)


def python_in(home: Path) -> Path:
    """The interpreter of a virtual environment."""
    return home / "Scripts" / "python.exe" if sys.platform == "win32" else home / "bin" / "python"


def main(arguments: list[str]) -> int:
    """Serve until the engine goes away; the port is the first line of the output, as the engine expects."""
    done = Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: done.set())
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    host = LanguageHost(next((one for one in arguments if not one.startswith("-")), ""), done)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)  # noqa: T201
    parent = os.getppid()
    while not done.wait(timeout=1):
        if os.getppid() != parent:
            break
    server.stop(grace=None)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
