"""How busy the worker keeps a 20 ms model with a full queue, beside a loop that fetches, calls and writes in turn.

Two measures. The model is a process and measures itself: its time in calls over the time from its first call to its
last; what its own HTTP server takes to accept a call counts against it. The worker measures the share of its run in
which a call was at the model, which is its metric ``Busy``. SQS and S3 are stand-ins that take as long as a call within
a region does, so both shares are the worker's own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from contextlib import redirect_stdout
from io import StringIO
from typing import Any, NamedTuple

from headway_runtime.contract import Request
from headway_runtime.items import open_item
from headway_runtime.model import Model, wait_until_ready
from headway_runtime.results import write_once
from headway_runtime.settings import WorkerSettings
from headway_runtime.worker import SWITCH_S, Worker

MODEL_S, RECEIVE_S, DELETE_S, PUT_S = 0.020, 0.015, 0.010, 0.030
"""Seconds of a batch at the model, and of AWS's calls."""
BATCHES = 300
MODEL = f"""
import json, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
calls = []
class Handler(BaseHTTPRequestHandler):
    protocol_version, wbufsize, disable_nagle_algorithm = "HTTP/1.1", -1, True
    def do_GET(self): self.reply({{}} if self.path == "/ping" else calls)
    def do_POST(self):
        began = time.monotonic()
        count = len(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        time.sleep({MODEL_S})
        calls.append((began, time.monotonic()))
        self.reply([1] * count)
    def reply(self, content):
        body = json.dumps(content).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever(0.05)
"""


class Queue:
    """A queue that holds so many requests."""

    def __init__(self, count: int) -> None:
        self._left = count

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        """Messages, after as long as SQS takes."""
        time.sleep(RECEIVE_S)
        some = range(min(self._left, asked["MaxNumberOfMessages"]))
        self._left -= len(some)
        ids = [str(self._left + n) for n in some]
        return {
            "Messages": [
                {"MessageId": one, "ReceiptHandle": one, "Body": Request(one, body={"n": 1}).to_json()} for one in ids
            ]
        }

    def delete_message_batch(self, **_: Any) -> dict[str, Any]:
        """Deleted."""
        time.sleep(DELETE_S)
        return {}

    change_message_visibility_batch = delete_message_batch


class Bucket:
    """A bucket that takes everything."""

    def put_object(self, **_: Any) -> None:
        """Taken, after as long as S3 takes."""
        time.sleep(PUT_S)


class Busy(NamedTuple):
    """Share of its time in which the model worked."""

    batch: int
    worker: float
    """As the model sees it."""
    calling: float
    """As the worker sees it: a call was under way."""
    in_turn: float
    """The loop, as the model sees it."""


def measure(batch: int, batches: int = BATCHES) -> Busy:
    """Both ways, with batches of one size."""
    settings = WorkerSettings("q", "b", batch, 30, 3, 1, MODEL_S, "bench", poll_s=0)
    switch = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        with redirect_stdout(StringIO()):
            model, calling = _share(settings, _pipelined, batches)
            return Busy(batch, model, calling, _share(settings, _in_turn, batches // 3)[0])
    finally:
        sys.setswitchinterval(switch)


def _share(settings: WorkerSettings, work: Any, batches: int) -> tuple[float, float]:
    with subprocess.Popen([sys.executable, "-c", MODEL], stdout=subprocess.PIPE, text=True) as process:
        try:
            url = f"http://127.0.0.1:{process.stdout.readline().strip() if process.stdout else ''}"
            wait_until_ready(url, 10)
            calling = work(WorkerSettings(**{**settings.__dict__, "model_url": url}), batches * settings.batch_size)
            with urllib.request.urlopen(f"{url}/calls") as response:
                calls = json.loads(response.read())
        finally:
            process.kill()
    return sum(ended - began for began, ended in calls) / (calls[-1][1] - calls[0][0]), calling


def _pipelined(settings: WorkerSettings, count: int) -> float:
    return float(Worker(settings, Queue(count), Bucket(), quota=count).run()["busy"])


def _in_turn(settings: WorkerSettings, count: int) -> float:
    queue, bucket, model = Queue(count), Bucket(), Model(settings.model_url, 10)
    while messages := queue.receive_message(MaxNumberOfMessages=min(10, settings.batch_size))["Messages"]:
        items = [open_item(message, None) for message in messages]
        for item, output in zip(items, model.invoke([json.dumps(item.body).encode() for item in items]), strict=True):
            write_once(bucket, "b", f"results/{item.message['MessageId']}.json", {"output": output})
        queue.delete_message_batch()
    return 0.0


if __name__ == "__main__":
    for one in (measure(1), measure(8)):
        print(f"batches of {one.batch}: busy {one.worker:.1%}, calling {one.calling:.1%}, in turn {one.in_turn:.1%}")
