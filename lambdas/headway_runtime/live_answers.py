"""A live part's answer: asked for, held against what it shall be, kept for when there is none.

A doubtful answer is given all the same, at once and marked: whoever waits knows best what to do with it, and a share
that grows raises an alarm. It is not kept: the answer before it was a better one. Checking takes microseconds; what to
check for is read once a process, while its first answer is on its way.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from headway_runtime import clients, ladder, live
from headway_runtime.contract import Request
from headway_runtime.metrics import ROUTER, emit
from headway_runtime.routing import Answered, joined
from headway_runtime.settings import PartSettings, RouterSettings
from headway_runtime.told import log
from headway_runtime.validation import UNCHECKED, Checks, Doubt, read_checks

READ_WITHIN_S = 0.5
"""An answer waits no longer for what to check for, and goes unchecked, which counts as doubtful."""
AGAIN_S = 30.0
"""What could not be read is read again after this long, by one request."""

_reading: dict[str, tuple[float, Future[Checks]]] = {}


def live_answer(
    settings: RouterSettings, part: PartSettings, request: Request, body: Any, allowed: live.Budget
) -> Answered:
    """What a live part answers, with its doubts.

    Raises:
        ModelError: It refused the request; fatal where it is busy, gone, late or left alone.
    """
    reading = _begun(settings.validation)
    output, attempt = live.ask(part, joined(settings, request, body), allowed)
    doubts = _doubts(settings, reading, output)
    if all(one.kind == UNCHECKED for one in doubts):
        ladder.keep(settings, request, body, output, part.model)
    marks = {"source": "live", **({"doubts": [one._asdict() for one in doubts]} if doubts else {})}
    return Answered(output, part.model, marks, attempt)


def forget() -> None:
    """Be as a process that has just started."""
    _reading.clear()


def _begun(address: str) -> Future[Checks] | None:
    """What to check for, as it is being read or was; None where nothing is checked."""
    if not address:
        return None
    began, reading = _reading.get(address, (0.0, None))
    unusable = reading is not None and reading.done() and reading.result().unusable
    if reading is None or (unusable and time.monotonic() - began > AGAIN_S):
        pool = ThreadPoolExecutor(1)
        reading = pool.submit(read_checks, clients.client("s3"), address)
        pool.shutdown(wait=False)
        _reading[address] = time.monotonic(), reading
    return reading


def _doubts(settings: RouterSettings, reading: Future[Checks] | None, output: Any) -> Sequence[Doubt]:
    """What is wrong with an answer; told and counted."""
    if reading is None:
        return ()
    try:
        checks = reading.result(READ_WITHIN_S)
    except TimeoutError:
        checks = Checks(unusable=f"what to check for was not read within {READ_WITHIN_S:g} s: {settings.validation}")
    doubts = checks.doubts(output)
    if doubts:
        log("doubtful", doubts=[one._asdict() for one in doubts])
    emit(ROUTER, settings.name, checks.metrics([[one.kind for one in doubts]]))
    return doubts
