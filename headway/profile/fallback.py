"""What a failing live path answers: rungs that are tried in the order declared, and what they need."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, JsonValue

from headway.units import format_duration

Rung = Literal["cache", "queue", "default"]
"""The last good answer to the same question; a ticket for later; an answer that is always the same."""
MOST_ANSWER_BYTES: Final = 1_000
"""Of the default answer as JSON: a function's whole environment holds 4 KB (AWS Lambda quotas)."""
ROW_BYTES: Final = 400_000
"""Of an answer that is kept (Amazon DynamoDB Developer Guide, quotas: 400 KB a row)."""
LONGEST_KEPT_S: Final = 30 * 86_400.0
"""An answer from before that is no answer to today's question."""


def _as_json(answer: JsonValue) -> JsonValue:
    try:
        text = json.dumps(answer, allow_nan=False, separators=(",", ":"))
    except ValueError:
        raise ValueError("infinite numbers and NaN are no JSON") from None
    if len(text.encode()) > MOST_ANSWER_BYTES:
        raise ValueError(f"{len(text.encode()):,} bytes as JSON; a default answer has at most {MOST_ANSWER_BYTES:,}")
    return answer


Answer = Annotated[JsonValue, AfterValidator(_as_json), Field(examples=[{"label": "unknown"}])]


def contradiction(rungs: Sequence[str], said: Collection[str], *, max_age: float, response: int) -> str | None:
    """What a ladder and the fields beside it say against each other; None where they fit.

    Args:
        rungs: In the order declared.
        said: The profile's fields that were given.
        max_age: Seconds that an answer is kept.
        response: Bytes of an answer.

    >>> contradiction(["default"], [], max_age=60, response=100)
    'fallback_answer is missing: fallback ends in default, and nobody but you knows what to answer then'
    """
    if len(set(rungs)) < len(rungs):
        return f"fallback: {next(one for one in rungs if list(rungs).count(one) > 1)} is named twice"
    if "default" in rungs[:-1]:
        return f"fallback: default always answers, so {rungs[-1]} after it is never reached; put default last"
    if "default" in rungs and "fallback_answer" not in said:
        return "fallback_answer is missing: fallback ends in default, and nobody but you knows what to answer then"
    for field, rung in (("fallback_answer", "default"), ("fallback_max_age", "cache")):
        if field in said and rung not in rungs:
            return f"{field} has no use: fallback does not name {rung}"
    if "cache" not in rungs:
        return None
    if max_age > LONGEST_KEPT_S:
        return f"fallback_max_age: an answer is kept for {format_duration(LONGEST_KEPT_S)} at the most"
    if response > ROW_BYTES:
        return (
            f"fallback: cache keeps each answer as a row of a table, which holds {ROW_BYTES // 1000} KB; "
            f"model.response is {response:,} bytes"
        )
    return None
