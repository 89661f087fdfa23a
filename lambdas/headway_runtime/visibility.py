"""Messages in hand: kept invisible while they are worked on, given back when they cannot be."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

AT_ONCE = 10
"""Entries of one SQS batch call (Amazon SQS API Reference)."""


class Held:
    """The messages this worker holds. A thread extends their visibility until they are released or deleted."""

    def __init__(self, sqs: Any, queue_url: str, timeout_s: int) -> None:
        self._sqs, self._url, self._timeout = sqs, queue_url, timeout_s
        self._handles: dict[str, str] = {}
        # Held during the calls too: an extension that overtook a release would hide what was given back.
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="visibility", daemon=True)
        self._thread.start()

    def take(self, messages: Iterable[dict[str, Any]]) -> None:
        """Hold messages just received."""
        with self._lock:
            self._handles.update({message["MessageId"]: message["ReceiptHandle"] for message in messages})

    def delete(self, messages: Sequence[dict[str, Any]]) -> None:
        """Delete messages whose results are written."""
        for some in _chunks(messages):
            with self._lock:
                self._forget(some)
                self._sqs.delete_message_batch(QueueUrl=self._url, Entries=_entries(some))

    def release(self, messages: Sequence[dict[str, Any]], after_s: int = 0) -> None:
        """Give messages back; another worker sees them after ``after_s``."""
        for some in _chunks(messages):
            with self._lock:
                self._forget(some)
                self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=_entries(some, after_s))

    def close(self) -> None:
        """Stop extending, and give back whatever is still held."""
        self._ended.set()
        self._thread.join(timeout=5)
        with self._lock:
            left = [{"MessageId": key, "ReceiptHandle": handle} for key, handle in self._handles.items()]
        self.release(left)

    def _forget(self, messages: Sequence[dict[str, Any]]) -> None:
        for message in messages:
            self._handles.pop(message["MessageId"], None)

    def _beat(self) -> None:
        while not self._ended.wait(self._timeout / 3):
            with self._lock:
                self._extend()

    def _extend(self) -> None:
        held = [{"MessageId": key, "ReceiptHandle": handle} for key, handle in self._handles.items()]
        for some in _chunks(held):
            try:
                self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=_entries(some, self._timeout))
            except Exception as error:  # a beat that fails is tried again at the next
                print(f'{{"visibility": "{type(error).__name__}"}}', flush=True)  # noqa: T201


def _chunks(messages: Sequence[dict[str, Any]]) -> Iterable[Sequence[dict[str, Any]]]:
    return (messages[start : start + AT_ONCE] for start in range(0, len(messages), AT_ONCE))


def _entries(messages: Sequence[dict[str, Any]], timeout_s: int | None = None) -> list[dict[str, Any]]:
    extra = {} if timeout_s is None else {"VisibilityTimeout": timeout_s}
    return [
        {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"], **extra} for index, message in enumerate(messages)
    ]
