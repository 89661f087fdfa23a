"""``headway init`` as it is typed: in this process with piped answers, or in a terminal of its own."""

import io
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headway.cli import run
from tests.journeys.typed import HERE, Said

CTRL_C, WITHIN_S, AGAIN_S = "^C", 60, 5
LEAST = ("--name", "contact-form", "--max-wait", "5s", "--traffic", "50/day", "--measured", "m5.large 0.4s")
LOANS = (
    "--name", "loan-documents", "--waiting", "review", "--max-wait", "30m", "--quiet-wait", "90m",
    "--traffic", "200/hour", "--busy-hours", "weekdays 08-18", "--quiet", "4", "--timezone", "America/New_York",
    "--measured", "g5.xlarge 2s", "--measured", "g5.xlarge 6.4s x8", "--load-time", "90s",
    "--request", "200KB up to 5MB", "--today", "9 x ml.g5.12xlarge", "--today-bill", "47,000",
)  # fmt: skip
# What runs the tests in the background has its children ignore Ctrl-C, or hold it back.
_INTERRUPTIBLE = (
    "import signal; from headway.cli import main; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT]); main()"
)


class Typed:
    """Commands in a folder of their own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._monkeypatch, self._capsys = folder, monkeypatch, capsys

    def init(self, *arguments: str, answers: str = "") -> Said:
        """Run ``headway init`` with these answers in its standard input."""
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
        code = run(["init", *arguments])
        said = self._capsys.readouterr()
        return Said(code, said.out, said.err)

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


def in_terminal(folder: Path, *arguments: str, answers: list[str]) -> Said:
    """Run ``headway init`` in a terminal, answering each prompt as it comes."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTIBLE, "init", *arguments], cwd=folder, stdin=theirs, stdout=theirs,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "TERM": "dumb", "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])},
    )  # fmt: skip
    os.close(theirs)
    # Not select(): it refuses file descriptors beyond 1,023, and other tests leave some open.
    there_is_more = select.poll()
    there_is_more.register(ours, select.POLLIN)
    said, waiting, ends, again = b"", list(answers), time.monotonic() + WITHIN_S, 0.0
    while process.poll() is None or there_is_more.poll(0):
        if time.monotonic() > ends:
            process.kill()
            raise AssertionError(f"not done within {WITHIN_S} s: {said.decode()}")
        if not there_is_more.poll(200):
            # Only when its prompt stands and all is quiet: nobody's fingers are quicker. Again if nothing came of it.
            if waiting == [CTRL_C] and said.endswith(b"> ") and time.monotonic() > again:
                again = time.monotonic() + AGAIN_S
                process.send_signal(signal.SIGINT)
            continue
        try:
            read = os.read(ours, 65536)
        except OSError:  # Linux says so when the other side is closed
            break
        if not read:
            break
        said += read
        if said.endswith(b"> ") and waiting and waiting[0] != CTRL_C:
            os.write(ours, f"{waiting.pop(0)}\n".encode())
    os.close(ours)
    _, err = process.communicate(timeout=30)
    return Said(process.returncode, said.decode().replace("\r\n", "\n"), err)
