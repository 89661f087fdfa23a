"""Messages in hand: kept invisible while they are worked on, and never hidden again once given back."""

import threading
import time
from typing import Any

from headway_runtime.visibility import Held
from tests.runtime.stand import eventually


class Queue:
    """Remembers, for each message, the visibility that was asked for last; a call can be held up in the middle."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        self.sizes: list[int] = []
        self.deleted: list[str] = []
        self.fails = 0
        self.slow = 0.0

    @property
    def last(self) -> dict[str, int]:
        return dict(self.calls)

    def change_message_visibility_batch(self, **asked: Any) -> dict[str, Any]:
        if self.fails:
            self.fails -= 1
            raise ConnectionError("no route")
        entries = asked["Entries"]
        self.sizes.append(len(entries))
        if any(entry["VisibilityTimeout"] for entry in entries):
            time.sleep(self.slow)
        self.calls += [(entry["ReceiptHandle"], entry["VisibilityTimeout"]) for entry in entries]
        return {}

    def delete_message_batch(self, **asked: Any) -> dict[str, Any]:
        self.deleted += [entry["ReceiptHandle"] for entry in asked["Entries"]]
        return {}


def messages(count: int) -> list[dict[str, Any]]:
    return [{"MessageId": str(n), "ReceiptHandle": f"h{n}"} for n in range(count)]


def test_what_is_held_is_extended_again_and_again_in_tens() -> None:
    queue = Queue()
    held = Held(queue, "q", timeout_s=0.15)  # type: ignore[arg-type]
    held.take(messages(23))
    eventually(lambda: len(queue.sizes) >= 6, within_s=3)
    held.close()
    assert queue.sizes[:6] == [10, 10, 3, 10, 10, 3]


def test_closing_gives_back_at_once_what_is_still_held() -> None:
    queue = Queue()
    held = Held(queue, "q", timeout_s=60)
    held.take(messages(3))
    held.delete(messages(1))
    held.close()
    assert queue.deleted == ["h0"]
    assert queue.last == {"h1": 0, "h2": 0}


def test_a_failed_item_comes_back_after_the_time_it_is_given() -> None:
    queue = Queue()
    held = Held(queue, "q", timeout_s=60)
    held.take(messages(2))
    held.release(messages(1), after_s=5)
    held.close()
    assert queue.calls == [("h0", 5), ("h1", 0)]


def test_an_extension_under_way_does_not_hide_what_is_given_back_meanwhile() -> None:
    queue = Queue()
    queue.slow = 0.3
    held = Held(queue, "q", timeout_s=0.3)  # type: ignore[arg-type]
    held.take(messages(1))
    time.sleep(0.2)  # The extension began after 0.1 s and is still under way.
    held.release(messages(1))
    held.close()
    assert queue.last == {"h0": 0}


def test_an_extension_that_fails_is_tried_again() -> None:
    queue = Queue()
    queue.fails = 1
    held = Held(queue, "q", timeout_s=0.15)  # type: ignore[arg-type]
    held.take(messages(1))
    eventually(lambda: bool(queue.calls), within_s=3)
    held.close()
    assert queue.fails == 0


def test_its_thread_ends_with_it() -> None:
    held = Held(Queue(), "q", timeout_s=60)
    assert "visibility" in {thread.name for thread in threading.enumerate()}
    held.close()
    assert held._thread.is_alive() is False
