"""A model as a process: doubles ``n``; refuses poison, dies of what kills it, hangs; now and then without a reason."""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORKS_S, CRASHES, HANGS = 0.01, 0.0015, 0.001


class Handler(BaseHTTPRequestHandler):
    """The SageMaker contract, on connections that stay open, as most model servers keep them."""

    protocol_version = "HTTP/1.1"
    wbufsize, disable_nagle_algorithm = -1, True

    def do_GET(self) -> None:
        self._reply(200, {})

    def do_POST(self) -> None:
        bodies = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kinds = {body.get("kind") for body in bodies}
        if "kills" in kinds or random.random() < CRASHES:
            os._exit(1)
        if "hangs" in kinds or random.random() < HANGS:
            time.sleep(3600)
        time.sleep(WORKS_S)
        if "poison" in kinds:
            self._reply(400, {"error": "poison"})
        else:
            self._reply(200, [{"twice": 2 * body["n"]} for body in bodies])

    def _reply(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def end_with(parent: int) -> None:
    """A killed container takes all its processes along; here nobody else would end the model."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever(0.05)
