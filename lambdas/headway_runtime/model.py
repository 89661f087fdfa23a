"""The model beside the worker: the SageMaker contract over localhost.

A batch is a JSON list of bodies, answered by a JSON list of as many outputs. A batch of one is sent as a list too.
"""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from headway_runtime.contract import BadRequestError, parse_json

KEPT_S = 1.0
"""So long after an answer its connection is used again: servers close idle ones, gunicorn first, after 2 s, and a call
that meets the closing looks like a model that died (https://docs.gunicorn.org/en/stable/settings.html#keepalive)."""
HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


class ModelError(Exception):
    """The model refused or failed; ``fatal`` when it no longer answers at all.

    ``reached`` says whether what it was sent can have been the cause: not where nobody took the connection. ``status``
    is what it answered with; 0 where nobody says.
    """

    def __init__(self, message: str, *, fatal: bool = False, reached: bool = True, status: int = 0) -> None:
        super().__init__(message)
        self.fatal, self.reached, self.status = fatal, reached, status


def wait_until_ready(url: str, deadline_s: float, give_up: Callable[[], bool] = lambda: False) -> None:
    """Poll ``/ping`` until the model answers.

    Raises:
        ModelError: It did not within ``deadline_s``, or ``give_up`` said so.
    """
    end = time.monotonic() + deadline_s
    while True:
        try:
            with urllib.request.urlopen(f"{url}/ping", timeout=5) as response:  # noqa: S310 - localhost
                if response.status == 200:
                    return
        except (urllib.error.URLError, OSError, TimeoutError, http.client.HTTPException):
            pass
        if time.monotonic() >= end or give_up():
            raise ModelError(
                f"the model did not answer {url}/ping within {deadline_s:.0f} s", fatal=True, reached=False
            )
        time.sleep(min(1.0, max(0.05, deadline_s / 100)))


class Model:
    """The model at an address. One call at a time; another thread may end it."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._where, self._timeout = urlsplit(url), timeout_s
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._aborted = False
        self._kept: http.client.HTTPConnection | None = None
        self._kept_at = 0.0

    def invoke(self, payloads: Sequence[bytes], meanwhile: Callable[[], None] = lambda: None) -> list[Any]:
        """The outputs for a batch of bodies, each encoded as JSON, in order.

        Args:
            payloads: The bodies.
            meanwhile: What the caller does while the model works: it is called once the model has the batch.

        Raises:
            ModelError: An error status, an answer of another length, or none in time: it died, hangs or was aborted.
        """
        status, answer = self._post(b"[" + b",".join(payloads) + b"]", meanwhile)
        if status != 200:
            raise ModelError(f"the model answered {status}: {answer[:300].decode(errors='replace')}")
        try:
            outputs = parse_json(answer)
        except BadRequestError as error:
            raise ModelError(f"the model's answer is not JSON: {error}") from None
        return as_many(outputs, len(payloads), "the model")

    def abort(self) -> None:
        """End the call under way, and refuse further ones: its caller finds that the model does not answer."""
        with self._lock:
            self._aborted = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the connection that is kept for the next call."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _post(self, body: bytes, meanwhile: Callable[[], None]) -> tuple[int, bytes]:
        connection = self._connected()
        try:
            self._use(connection.sock)
            try:
                connection.request("POST", "/invocations", body, HEADERS)
                meanwhile()
                response = connection.getresponse()
                status, answer = response.status, response.read()
            except TimeoutError:
                raise ModelError(f"the model hangs: no answer within {self._timeout:g} s", fatal=True) from None
            except (OSError, http.client.HTTPException) as error:
                told = str(error) or type(error).__name__
                raise ModelError(f"the model died: {told}", fatal=True) from None
        except ModelError:
            connection.close()
            raise
        finally:
            self._use(None)
        if connection.sock is not None:  # Else the server wants a connection each.
            self._kept, self._kept_at = connection, time.monotonic()
        return status, answer

    def _connected(self) -> http.client.HTTPConnection:
        """The connection of the call before, while no server would have closed it; else a new one.

        A call is never sent twice: what ends a connection in the middle may be the batch itself.
        """
        kept, self._kept = self._kept, None
        if kept is not None:
            if time.monotonic() - self._kept_at < KEPT_S and not _has_said(kept.sock):
                return kept
            kept.close()
        connection = http.client.HTTPConnection(self._where.hostname or "", self._where.port, timeout=self._timeout)
        try:
            connection.connect()
        except OSError as error:
            raise ModelError(f"the model is not there: {error}", fatal=True, reached=False) from None
        return connection

    def _use(self, used: socket.socket | None) -> None:
        with self._lock:
            self._socket = used
            if used is not None and self._aborted:
                raise ModelError("told to leave", fatal=True, reached=False)


def as_many(outputs: Any, count: int, who: str) -> list[Any]:
    """The outputs of a batch, checked to be as many as were sent.

    Raises:
        ModelError: They are not.
    """
    if not isinstance(outputs, list) or len(outputs) != count:
        raise ModelError(f"{who} answered {type(outputs).__name__}, not a list of {count} outputs")
    return outputs


def _has_said(sock: socket.socket) -> bool:
    """Whether a server has closed its end, or sent what nobody asked for."""
    # Not select(): it refuses file descriptors beyond 1,023.
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    return bool(waiting.poll(0))
