"""Servers on localhost that stand in for somebody else's: they answer as they are told, and log nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Answering(BaseHTTPRequestHandler):
    """A handler that knows how to answer; ``do_GET`` and the like are its heirs'."""

    def reply(self, status: int, content: Any = b"", **headers: str) -> None:
        """Bytes as they are, anything else as JSON; ``x_amzn_ErrorType`` is the header ``x-amzn-ErrorType``."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self) -> bytes:
        """The request's body."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def asked(self) -> Any:
        """The request's body, read from JSON; None where it has none."""
        body = self.body()
        return json.loads(body) if body else None

    def log_message(self, *_: Any) -> None:
        """Nothing that anybody has to be told."""


class Server(ThreadingHTTPServer):
    """Takes many callers at once, and waits for none of them when it ends."""

    daemon_threads = True
    request_queue_size = 64


@contextmanager
def local_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server that runs as long as the context lasts."""
    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
