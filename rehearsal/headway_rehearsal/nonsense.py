"""A model that answers nonsense: to rehearse what a stack does, and which alarms say so, when a model goes wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER = {"label": "lorem ipsum", "scores": {}}
"""To whatever it is asked: in no class that anybody knows, and sure of nothing."""


class _Handler(BaseHTTPRequestHandler):
    """The two routes of the contract."""

    def do_GET(self) -> None:
        """Healthy, as such models are."""
        self._reply({})

    def do_POST(self) -> None:
        """As many answers as were asked for."""
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self._reply([ANSWER] * len(asked) if isinstance(asked, list) else ANSWER)

    def _reply(self, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing that a rehearsal has to tell."""


@contextmanager
def nonsense_server() -> Iterator[str]:
    """Its address on localhost, as long as the context lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
