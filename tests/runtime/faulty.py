"""An endpoint over real HTTP that can be switched down and up: SageMaker's runtime as boto3 calls it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from headway_rehearsal.localhost import Answering, local_server


@dataclass
class Faulty:
    """``mode``: ``up``, or how it fails. Remembers each call's body."""

    mode: str = "up"
    seconds: float = 0.0
    url: str = ""
    calls: list[Any] = field(default_factory=list)
    next_modes: list[str] = field(default_factory=list)
    """What the next calls meet, before ``mode`` holds again."""
    answer: Any = None
    """What it answers when up; None: what it was asked."""


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

    class Handler(Answering):
        def do_POST(self) -> None:
            body = self.asked()
            made.calls.append(body)
            mode = made.next_modes.pop(0) if made.next_modes else made.mode
            if mode == "silent":
                time.sleep(made.seconds)
            if mode in ("silent", "dropped"):
                self.close_connection = True
                return
            if mode == "up":
                self.reply(200, made.answer or {"echo": body}, Content_Type="application/json")
                return
            if mode == "nonsense":
                self.reply(200, b"\xff not json", Content_Type="application/json")
                return
            status, code, original = ERRORS[mode]
            content: dict[str, Any] = {"message": f"{mode}: Endpoint tags not found" if mode == "gone" else mode}
            if original is not None:
                content |= {"OriginalStatusCode": original, "OriginalMessage": mode}
            self.reply(status, content, Content_Type="application/json", x_amzn_ErrorType=code)

    with local_server(Handler) as made.url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", made.url)
        yield made
