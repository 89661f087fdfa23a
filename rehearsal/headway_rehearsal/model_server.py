"""The example container's own code as a process on localhost: the model that a rehearsal's requests reach."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

from headway.errors import HeadwayError

CONTAINER = Path("containers/document-classifier")
"""The example model, below the project's folder."""
START_WITHIN_S = 5.0


@contextmanager
def model_server(root: Path) -> Iterator[str]:
    """Start the example model and yield its address once it answers ``/ping``.

    Raises:
        HeadwayError: It is not there, or does not answer in time.
    """
    program = root / CONTAINER / "serve"
    if not program.is_file():
        raise HeadwayError(f"{program}: the example model is missing; rehearse in a clone of the project")
    port = _free_port()
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "HEADWAY_MODEL_DIR": str(program.parent)}
    with subprocess.Popen(  # noqa: S603 - the project's own file
        [sys.executable, str(program)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            _wait(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()


def sample_requests(root: Path, count: int) -> Iterator[dict[str, str]]:
    """``count`` documents of the example's corpus, over and over."""
    lines = (root / CONTAINER / "corpus.tsv").read_text(encoding="utf-8").splitlines()
    # The held-out texts, which the model has not seen in training.
    texts = [line.split("\t", 1)[1] for line in lines[::4] if line]
    for text in islice(cycle(texts), count):
        yield {"text": text}


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_WITHIN_S
    while time.monotonic() < end:
        if process.poll() is not None:
            said = process.stderr.read().decode(errors="replace") if process.stderr else ""
            raise HeadwayError(f"the example model did not start: {said.strip().splitlines()[-1:]}")
        try:
            with urllib.request.urlopen(f"{url}/ping", timeout=1):  # noqa: S310 - localhost
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise HeadwayError(f"the example model did not answer within {START_WITHIN_S:g} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
