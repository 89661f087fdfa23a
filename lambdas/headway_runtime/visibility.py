"""Messages in hand: kept invisible while they are worked on, given back when they cannot be.

Several threads hold, delete and release; the calls of one message never overtake each other.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

from headway_runtime.logs import log
from headway_runtime.patience import patiently

AT_ONCE = 10
"""Entries of one SQS batch call (Amazon SQS API Reference)."""
DELETED_WITHIN_S = 60.0
"""For how long a failing delete is tried again: the result stands, the message would only be served once more."""
RELEASED_WITHIN_S = 15.0
"""The same of giving back: visibility ends by itself."""
GONE = frozenset({"ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight"})
"""What SQS says of a message that is no longer ours."""


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

    def __len__(self) -> int:
        return len(self._handles)

    def take(self, messages: Iterable[dict[str, Any]]) -> None:
        """Hold messages just received."""
        with self._lock:
            self._handles.update({message["MessageId"]: message["ReceiptHandle"] for message in messages})

    def delete(self, messages: Sequence[dict[str, Any]]) -> None:
        """Delete messages whose results are written. One that cannot be deleted is served again: its result stands."""
        for some in _chunks(messages):
            self._settle("delete_message_batch", some, None, DELETED_WITHIN_S)

    def release(self, messages: Sequence[dict[str, Any]], after_s: int = 0) -> None:
        """Give messages back; another worker sees them after ``after_s``."""
        for some in _chunks(messages):
            self._settle("change_message_visibility_batch", some, after_s, RELEASED_WITHIN_S)

    def close(self) -> None:
        """Stop extending, and give back whatever is still held."""
        self._ended.set()
        self._thread.join(timeout=5)
        with self._lock:
            left = [{"MessageId": key, "ReceiptHandle": handle} for key, handle in self._handles.items()]
        self.release(left)

    def _settle(self, call: str, messages: Sequence[dict[str, Any]], after_s: int | None, within_s: float) -> None:
        """Forget messages and tell SQS, with what it failed to do tried again; in the end it finds out by itself."""
        with self._lock:
            for message in messages:
                self._handles.pop(message["MessageId"], None)
        left = list(messages)

        def ask() -> None:
            with self._lock:
                answer = getattr(self._sqs, call)(QueueUrl=self._url, Entries=_entries(left, after_s))
            failed = [row for row in answer.get("Failed", []) if row.get("Code") not in GONE]
            left[:] = [left[int(row["Id"])] for row in failed]
            if left:
                raise ConnectionError(f"{call}: {failed[0].get('Code')}")

        try:
            patiently(ask, patience_s=within_s)
        except Exception as error:
            log(f"{call} failed: messages come back by themselves", messages=len(left), error=error)

    def _beat(self) -> None:
        while not self._ended.wait(self._timeout / 3):
            self._extend()

    def _extend(self) -> None:
        with self._lock:
            held = list(self._handles)
        for some in _chunks(held):
            with self._lock:
                # What was settled since the beat began is not ours to hide.
                still = [
                    {"MessageId": one, "ReceiptHandle": self._handles[one]} for one in some if one in self._handles
                ]
                if not still or self._ended.is_set():
                    continue
                try:
                    self._sqs.change_message_visibility_batch(
                        QueueUrl=self._url, Entries=_entries(still, self._timeout)
                    )
                except Exception as error:  # a beat that fails is tried again at the next
                    log("extending visibility failed", error=error)


def _chunks(messages: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (messages[start : start + AT_ONCE] for start in range(0, len(messages), AT_ONCE))


def _entries(messages: Sequence[dict[str, Any]], timeout_s: int | None = None) -> list[dict[str, Any]]:
    extra = {} if timeout_s is None else {"VisibilityTimeout": timeout_s}
    return [
        {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"], **extra} for index, message in enumerate(messages)
    ]
