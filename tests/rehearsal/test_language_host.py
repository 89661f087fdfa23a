"""The Python language host for an engine without one: what plugins are told, what a stopped program leaves on the screen."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, language_pb2

from headway_rehearsal.language_host import PROGRAM, LanguageHost

PACK = """
import os, sys, time
from concurrent.futures import ThreadPoolExecutor
import grpc
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

class Pack(analyzer_pb2_grpc.AnalyzerServicer):
    def GetAnalyzerInfo(self, request, context):
        names = ("PULUMI_STACK", "PULUMI_PROJECT", "PULUMI_ORGANIZATION", "PULUMI_DRY_RUN", "PULUMI_CONFIG")
        return analyzer_pb2.AnalyzerInfo(name=" ".join(os.environ.get(name, "-") for name in names), displayName=sys.argv[1])
    def ConfigureStack(self, request, context):
        return analyzer_pb2.AnalyzerStackConfigureResponse()
    def Analyze(self, request, context):
        context.abort(grpc.StatusCode.INTERNAL, "the pack's own error")

server = grpc.server(ThreadPoolExecutor())
analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Pack(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
print("ready", flush=True)
time.sleep(60)
"""


class Call:
    """The engine's side of a call: what to do as it ends."""

    def __init__(self) -> None:
        self.then: list[Any] = []

    def add_callback(self, what: Any) -> bool:
        self.then.append(what)
        return True

    def end(self) -> None:
        for one in self.then:
            one()


@pytest.fixture
def pack(tmp_path: Path) -> Iterator[tuple[analyzer_pb2_grpc.AnalyzerStub, Iterator[Any]]]:
    """A policy pack as the engine reaches it, and what its process says."""
    (tmp_path / "__main__.py").write_text(PACK)
    (tmp_path / "venv").symlink_to(sys.prefix, target_is_directory=True)
    request = language_pb2.RunPluginRequest(
        pwd=str(tmp_path), args=["127.0.0.1:1"], kind="analyzer",
        info=language_pb2.ProgramInfo(root_directory=str(tmp_path), program_directory=str(tmp_path)),
    )  # fmt: skip
    call = Call()
    said = LanguageHost("", Event()).RunPlugin(request, call)
    with grpc.insecure_channel(f"127.0.0.1:{next(said).stdout.decode().strip()}") as channel:
        yield analyzer_pb2_grpc.AnalyzerStub(channel), said
    call.end()
    list(said)


def test_a_policy_pack_is_told_its_stack_before_it_starts(pack: Any) -> None:
    stub, said = pack
    with pytest.raises(grpc.RpcError) as older:
        stub.Handshake(analyzer_pb2.AnalyzerHandshakeRequest())
    assert older.value.code() == grpc.StatusCode.UNIMPLEMENTED, "the engine then configures the stack"
    told = analyzer_pb2.AnalyzerStackConfigureRequest(
        stack="prod", project="headway", organization="lender", dry_run=True, config={"headway:scale": "0.1"}
    )
    stub.ConfigureStack(told)
    info = stub.GetAnalyzerInfo(analyzer_pb2.AnalyzeRequest())
    assert info.name == f"prod headway lender true {json.dumps({'headway:scale': '0.1'})}"
    assert info.displayName == "127.0.0.1:1"
    with pytest.raises(grpc.RpcError, match="the pack's own error"):
        stub.Analyze(analyzer_pb2.AnalyzeRequest())
    assert next(said).stdout == b"ready\n"


def test_a_pack_that_is_looked_at_without_a_stack_starts_too(pack: Any) -> None:
    stub, _ = pack
    assert stub.GetAnalyzerInfo(analyzer_pb2.AnalyzeRequest()).name.startswith("- - - - ")


def test_a_program_that_is_stopped_leaves_no_traceback(tmp_path: Path) -> None:
    """As a person does with Ctrl-C, and the engine where a mandatory policy is broken."""
    folder = tmp_path / "pulumi"
    folder.mkdir()
    (folder / "__init__.py").write_text("import time\nprint('imported', flush=True)\ntime.sleep(60)\n")
    told = json.dumps({"program": "", "arguments": [], "pwd": str(tmp_path), "settings": {}})
    running = subprocess.Popen(
        [sys.executable, "-u", str(PROGRAM), told], env={"PYTHONPATH": str(tmp_path)}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert running.stdout is not None
    assert running.stdout.readline() == "imported\n"
    running.send_signal(signal.SIGINT)
    said, complained = running.communicate(timeout=30)
    assert (running.returncode, said + complained) == (130, "")


def test_a_program_ends_with_the_engine_that_asked_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each update that was stopped left two processes for good."""
    told = tmp_path / "pid"
    (tmp_path / "pulumi").mkdir()
    (tmp_path / "pulumi/__init__.py").write_text(
        f"import os, signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"open({str(told)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    )
    (tmp_path / "venv").symlink_to(sys.prefix, target_is_directory=True)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    info = language_pb2.ProgramInfo(root_directory=str(tmp_path), program_directory=str(tmp_path), entry_point=".")
    info.options.update({"virtualenv": "venv"})
    call, ended = Call(), []
    request = language_pb2.RunRequest(pwd=str(tmp_path), info=info)
    running = Thread(target=lambda: ended.append(LanguageHost("", Event()).Run(request, call)), daemon=True)
    running.start()
    for _ in range(400):
        if told.is_file() and told.read_text():
            break
        time.sleep(0.05)
    call.end()
    running.join(timeout=10)
    assert len(ended) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)
