"""How Pulumi's SDK waits: for a program's outputs, with work that grows with their number; for the engine, quietly."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest import mock

from pulumi.runtime import settings, stack


@contextmanager
def waits_for_all_at_once() -> Iterator[None]:
    """A context in which the SDK waits until all outputs are there or one of them fails.

    By itself it wakes for each that is there and then waits for all the others anew, which was a third of the time that
    a program of a hundred resources takes. What a program that failed left is forgotten, or the next one waits for it,
    in a loop that is closed.
    """
    waiting = SimpleNamespace(**vars(asyncio))
    waiting.FIRST_COMPLETED = asyncio.FIRST_EXCEPTION
    with mock.patch.object(stack, "asyncio", waiting):
        try:
            yield
        except BaseException:
            settings.SETTINGS.outputs.clear()
            raise


@contextmanager
def stops_quietly() -> Iterator[None]:
    """A context in which Ctrl-C ends the engine without a traceback of the SDK's own.

    Its threads read what the engine's process says, and find their streams closed. They may find it only later, so what
    was interrupted stays quiet.
    """
    usual = threading.excepthook

    def told(seen: threading.ExceptHookArgs) -> None:
        if not (seen.exc_type is ValueError and "closed file" in str(seen.exc_value)):
            usual(seen)

    threading.excepthook = told
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException:
        threading.excepthook = usual
        raise
    threading.excepthook = usual
