"""Small servers with the SageMaker contract on localhost, whose service time a test knows."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from headway_rehearsal.localhost import Answering, local_server


@contextmanager
def server(seconds: float, *, at_once: int | None = None, status: int = 200, ping: int = 200) -> Iterator[str]:
    """A model that takes ``seconds`` a call, ``at_once`` of them (None: any number), and answers ``status``."""
    slots: Any = nullcontext() if at_once is None else threading.Semaphore(at_once)

    class Handler(Answering):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.reply(ping, b"{}")

        def do_POST(self) -> None:
            body = self.body()
            with slots:
                time.sleep(seconds * (len(json.loads(body)) if body.startswith(b"[") else 1))
            self.reply(status, b"[]")

    with local_server(Handler) as url:
        yield url
