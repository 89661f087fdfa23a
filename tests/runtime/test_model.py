"""The model beside the worker, by the SageMaker contract over localhost."""

import fcntl
import resource
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from headway_rehearsal.localhost import Answering, local_server
from headway_runtime.model import Model, ModelError, wait_until_ready


@dataclass
class Door:
    """A server that answers as it is told."""

    url: str = ""
    status: int = 200
    answer: bytes = b"[]"
    seconds: float = 0.0
    pings_refused: int = 0
    asked: list[tuple[str, str, Any]] = field(default_factory=list)


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()

    class Handler(Answering):
        def do_GET(self) -> None:
            made.asked.append((self.path, "", None))
            made.pings_refused -= 1
            self.reply(503 if made.pings_refused >= 0 else 200, b"")

        def do_POST(self) -> None:
            body = self.asked()
            made.asked.append((self.path, self.headers["Content-Type"], body))
            time.sleep(made.seconds)
            self.reply(made.status, made.answer)

    with local_server(Handler) as made.url:
        yield made


def test_a_batch_of_one_is_sent_as_a_list_too(door: Door) -> None:
    door.answer = b'[{"label": "loan"}]'
    assert Model(door.url, 5).invoke([b'{"text": "x"}']) == [{"label": "loan"}]
    assert door.asked == [("/invocations", "application/json", [{"text": "x"}])]


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (500, b"out of memory", "answered 500: out of memory"),
        (200, b"not json", "not JSON"),
        (200, b"[1, 2]", "not a list of 1 outputs"),
        (200, b'{"label": 1}', "answered dict"),
    ],
)
def test_a_model_that_answers_wrongly_is_still_there(door: Door, status: int, answer: bytes, said: str) -> None:
    door.status, door.answer = status, answer
    with pytest.raises(ModelError, match=said) as error:
        Model(door.url, 5).invoke([b"1"])
    assert error.value.fatal is False


def test_a_model_that_takes_too_long_counts_as_gone(door: Door) -> None:
    door.seconds = 0.5
    with pytest.raises(ModelError, match="hangs") as error:
        Model(door.url, 0.1).invoke([b"1"])
    assert (error.value.fatal, error.value.reached) == (True, True)


def test_a_model_that_nobody_reaches_is_not_what_the_batch_did(door: Door) -> None:
    with pytest.raises(ModelError, match="not there") as error:
        Model("http://127.0.0.1:1", 5).invoke([b"1"])
    assert (error.value.fatal, error.value.reached) == (True, False)


def test_another_thread_ends_a_call_at_once(door: Door) -> None:
    door.seconds = 3
    model, started = Model(door.url, 30), time.monotonic()
    threading.Timer(0.2, model.abort).start()
    with pytest.raises(ModelError, match="died"):
        model.invoke([b"1"])
    assert time.monotonic() - started < 2
    with pytest.raises(ModelError, match="told to leave"):
        model.invoke([b"1"])


def test_it_waits_while_the_model_loads(door: Door) -> None:
    door.pings_refused = 2
    wait_until_ready(door.url, deadline_s=5)
    assert [path for path, *_ in door.asked] == ["/ping"] * 3


def test_a_model_that_never_comes_up_is_given_up_in_time(door: Door) -> None:
    door.pings_refused = 1000
    started = time.monotonic()
    with pytest.raises(ModelError, match="within 0 s") as error:
        wait_until_ready(door.url, deadline_s=0.3)
    assert error.value.fatal is True
    assert 0.3 <= time.monotonic() - started < 2


@dataclass
class Keeping:
    """A server that keeps connections open; it hangs up as it is told."""

    url: str = ""
    hangs_up: str = ""
    callers: list[int] = field(default_factory=list)


@pytest.fixture
def keeping() -> Iterator[Keeping]:
    made = Keeping()

    class Handler(Answering):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.body()
            hangs_up = made.hangs_up  # Of this call: once it is answered, the test may say what the next one does.
            made.callers.append(self.client_address[1])
            if hangs_up != "instead of an answer":
                self.reply(200, b"[1]")
            self.close_connection = bool(hangs_up)

    with local_server(Handler) as made.url:
        yield made


@pytest.fixture
def model(keeping: Keeping) -> Iterator[Model]:
    made = Model(keeping.url, 5)
    yield made
    made.close()


def test_a_server_that_keeps_its_connection_gets_the_next_call_over_it(keeping: Keeping, model: Model) -> None:
    assert [model.invoke([b"1"]) for _ in range(3)] == [[1]] * 3
    assert len(keeping.callers) == 3
    assert len(set(keeping.callers)) == 1


def test_a_connection_beyond_what_select_can_watch_is_kept_too(keeping: Keeping, model: Model) -> None:
    """With a thousand files open the second call ended in a ValueError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1200:
        pytest.skip("this system lets a process have no more than a thousand files open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200) if soft != resource.RLIM_INFINITY else soft, hard))
    try:
        model.invoke([b"1"])
        connection = model._kept
        assert connection is not None
        high = fcntl.fcntl(connection.sock.fileno(), fcntl.F_DUPFD, 1100)
        connection.sock.close()
        connection.sock = socket.socket(fileno=high)
        connection.sock.settimeout(5)
        assert model.invoke([b"1"]) == [1]
        assert len(set(keeping.callers)) == 1
    finally:
        model.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_connection_the_server_has_closed_meanwhile_is_no_dead_model(keeping: Keeping, model: Model) -> None:
    keeping.hangs_up = "after an answer, without saying so"
    model.invoke([b"1"])
    time.sleep(0.2)
    assert model.invoke([b"1"]) == [1]
    assert len(set(keeping.callers)) == 2


def test_a_connection_long_idle_is_not_trusted(keeping: Keeping, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    model.invoke([b"1"])
    monkeypatch.setattr("headway_runtime.model.KEPT_S", 0.0)
    model.invoke([b"1"])
    assert len(set(keeping.callers)) == 2


def test_a_model_that_dies_in_a_later_call_is_found_dead_and_not_asked_again(keeping: Keeping, model: Model) -> None:
    model.invoke([b"1"])
    keeping.hangs_up = "instead of an answer"
    with pytest.raises(ModelError, match="died") as error:
        model.invoke([b"1"])
    assert (error.value.fatal, error.value.reached, len(keeping.callers)) == (True, True, 2)
    keeping.hangs_up = ""
    assert model.invoke([b"1"]) == [1]
