"""An endpoint over real HTTP that can be switched down and up: SageMaker's runtime as boto3 calls it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Faulty:
    """``mode``: ``up``, or how it fails. Remembers each call's body."""

    mode: str = "up"
    seconds: float = 0.0
    url: str = ""
    calls: list[Any] = field(default_factory=list)
    next_modes: list[str] = field(default_factory=list)
    """What the next calls meet, before ``mode`` holds again."""


ERRORS = {
    "busy": (503, "ServiceUnavailable", None),
    "throttled": (429, "ThrottlingException", None),
    "model-500": (424, "ModelError", 500),
    "model-400": (424, "ModelError", 400),
    "gone": (400, "ValidationError", None),
}


@contextmanager
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    """The endpoint, and boto3 that calls it in place of AWS's."""
    made = Faulty()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.calls.append(body)
            mode = made.next_modes.pop(0) if made.next_modes else made.mode
            if mode == "silent":
                time.sleep(made.seconds)
            if mode in ("silent", "dropped"):
                self.close_connection = True
                return
            if mode == "up":
                self._reply(200, json.dumps({"echo": body}).encode())
                return
            if mode == "nonsense":
                self._reply(200, b"\xff not json")
                return
            status, code, original = ERRORS[mode]
            content: dict[str, Any] = {"message": f"{mode}: Endpoint tags not found" if mode == "gone" else mode}
            if original is not None:
                content |= {"OriginalStatusCode": original, "OriginalMessage": mode}
            self._reply(status, json.dumps(content).encode(), code)

        def _reply(self, status: int, body: bytes, error: str = "") -> None:
            self.send_response(status)
            if error:
                self.send_header("x-amzn-ErrorType", error)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", made.url)
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
