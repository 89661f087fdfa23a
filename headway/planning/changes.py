"""What differs between two declarations (profiles, settings), leaf by leaf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import JsonValue

from headway.architectures.candidate import Result
from headway.profile.shown import shown

_LONGEST = 60
"""Characters of a value that are shown."""


class FieldChange(Result):
    """One field and its two values, as JSON has them; None where it is not set."""

    field: str
    before: JsonValue
    after: JsonValue

    @property
    def said(self) -> tuple[str, str]:
        """Both values as a person would write them."""
        return (_said(self.field, self.before), _said(self.field, self.after))

    def __str__(self) -> str:
        """One line for a person.

        >>> str(FieldChange(field="latency.max_wait", before=1800.0, after=None))
        'latency.max_wait: 30 min -> not set'
        """
        before, after = (text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..." for text in self.said)
        return f"{self.field}: {before} -> {after}"


def field_changes(before: Any, after: Any, prefix: str = "", joint: str = ".") -> Iterator[FieldChange]:
    """The leaves in which two plain values differ, by their path.

    Rows of a list that hold fields are told apart one by one where there are as many on both sides.

    >>> [str(change) for change in field_changes({"a": {"b": 1}, "c": 2}, {"a": {"b": 3}, "c": 2})]
    ['a.b: 1 -> 3']
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            path = f"{prefix}{joint if prefix else ''}{key}"
            yield from field_changes(before.get(key), after.get(key), path)
    elif _rows(before) and _rows(after) and len(before) == len(after):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from field_changes(old, new, f"{prefix}[{place}]")
    elif before != after:
        yield FieldChange(field=prefix, before=before, after=after)


def _rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _said(field: str, value: JsonValue) -> str:
    return "not set" if value is None else shown(field, value)
