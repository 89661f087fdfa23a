"""Known-answer probes: inputs whose answers are known, asked of the model before it is trusted with anybody's request.

They see what no schema sees: a model that answers in the right shape and wrongly. A probe ends no job and delays it by
a bounded time; what fails is counted in a metric, whose alarm says so.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from headway_runtime.model import ModelError
from headway_runtime.report import DONE, FAILED
from headway_runtime.validation import SCHEMA, Checks

WHY_MOST = 300

Invoke = Callable[[Sequence[bytes], float], list[Any]]
"""The model's outputs for bodies as JSON, within so many seconds."""


class Probed(NamedTuple):
    """What became of a probe: why it failed, or nothing."""

    number: int
    why: str = ""

    @property
    def line(self) -> dict[str, Any]:
        """Its line of a departure's report."""
        line: dict[str, Any] = {"probe": self.number, "status": FAILED if self.why else DONE}
        return {**line, "error": self.why} if self.why else line


def run(
    checks: Checks, invoke: Invoke, *, batch: int, within_s: float, give_up: Callable[[], bool] = lambda: False
) -> list[Probed]:
    """Ask every probe, in batches, and say what became of each; never raises.

    Args:
        checks: Holds the probes; an answer that breaks their schema fails its probe.
        invoke: Asks the model; raises ModelError.
        batch: Probes of one call.
        within_s: Of all of them together: what has not answered then has failed.
        give_up: Asked between calls; what is left has neither passed nor failed.
    """
    ends = time.monotonic() + within_s
    found: list[Probed] = []
    numbered = list(enumerate(checks.probes))
    for first in range(0, len(numbered), batch):
        if give_up():
            break
        found += _asked(numbered[first : first + batch], checks, invoke, ends)
    return found


def failed(found: Sequence[Probed]) -> int:
    """How many did not pass."""
    return sum(bool(one.why) for one in found)


def _asked(
    some: Sequence[tuple[int, Mapping[str, Any]]], checks: Checks, invoke: Invoke, ends: float
) -> Iterator[Probed]:
    """One call; where it is refused, each probe alone, so that one bad input does not fail the others."""
    left = ends - time.monotonic()
    if left <= 0:
        yield from (Probed(index, "no time was left to ask it") for index, _ in some)
        return
    try:
        outputs = invoke([json.dumps(probe["body"], separators=(",", ":")).encode() for _, probe in some], left)
    except ModelError as error:
        if error.fatal or len(some) == 1:
            yield from (Probed(index, str(error)[:WHY_MOST]) for index, _ in some)
            return
        for one in some:
            yield from _asked([one], checks, invoke, ends)
        return
    except Exception as error:  # Whatever it is: a probe ends no job.
        yield from (Probed(index, f"{type(error).__name__}: {error}"[:WHY_MOST]) for index, _ in some)
        return
    for (index, probe), output in zip(some, outputs, strict=True):
        yield Probed(index, _wrong(probe, output, checks)[:WHY_MOST])


def _wrong(probe: Mapping[str, Any], output: Any, checks: Checks) -> str:
    broken = [doubt.why for doubt in checks.doubts(output) if doubt.kind == SCHEMA]
    try:
        return broken[0] if broken else difference(probe["expect"], output, float(probe.get("tolerance", 0.0)))
    except Exception as error:  # A number that no float holds, a nesting without end.
        return f"it cannot be compared: {type(error).__name__}: {error}"


def difference(expected: Any, answer: Any, tolerance: float, where: str = "output") -> str:
    """Where an answer is not as expected; nothing where it is.

    Objects may hold more than is expected of them; numbers may differ by ``tolerance``; all else is alike or is not.

    >>> difference({"label": "a"}, {"label": "a", "scores": [0.9, 0.1]}, 0.0)
    ''
    >>> difference([{"score": 0.9}], [{"score": 0.7}], 0.05)
    'output.0.score is 0.7, expected 0.9 or within 0.05 of it'
    """
    if isinstance(expected, dict) and isinstance(answer, dict):
        for name, value in expected.items():
            if name not in answer:
                return f"{where}.{name} is missing"
            if found := difference(value, answer[name], tolerance, f"{where}.{name}"):
                return found
        return ""
    if isinstance(expected, list) and isinstance(answer, list):
        if len(expected) != len(answer):
            return f"{where} has {len(answer)} items, expected {len(expected)}"
        pairs = enumerate(zip(expected, answer, strict=True))
        return next(
            (found for at, (one, other) in pairs if (found := difference(one, other, tolerance, f"{where}.{at}"))), ""
        )
    if _number(expected) and _number(answer):
        # Compared, not subtracted: an integer may be too large for a float.
        alike = expected - tolerance <= answer <= expected + tolerance
        return (
            "" if alike else f"{where} is {_short(answer)}, expected {_short(expected)} or within {tolerance:g} of it"
        )
    alike = type(expected) is type(answer) and expected == answer
    return "" if alike else f"{where} is {_short(answer)}, expected {_short(expected)}"


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
