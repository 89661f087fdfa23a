"""What a change of inputs does to a resource: which properties update, which replace it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headway_rehearsal.resources.base import ResourceType
from headway_rehearsal.values import text

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine writes a value that is not known yet (Pulumi's property-value protocol)."""


@dataclass(frozen=True)
class Change:
    """One property that differs. ``path``: ``computeResources.instanceTypes[0]``."""

    path: str
    replaces: bool


def differences(row: ResourceType, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """The properties in which inputs differ, in the order of their paths."""
    return [Change(path, replaced_by(row, path)) for path in sorted(_changed(old, new, ""))]


def replaced_by(row: ResourceType, path: str) -> bool:
    """Whether AWS, or the provider, makes the resource anew when this property changes.

    A type that has no update is made anew by any change, save of its tags.
    """
    top = path.split(".", 1)[0].split("[", 1)[0]
    if top in ("tags", "tagsAll"):
        return False
    if row.update is None:
        return True
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in row.replaces)


def alike(one: Any, other: Any) -> bool:
    """Whether two values are the same to AWS: absent and empty, 1 and 1.0, JSON in another order of keys."""
    return not any(True for _ in _changed(one, other, ""))


def _changed(old: Any, new: Any, path: str) -> Iterator[str]:
    if _empty(old) and _empty(new):
        return
    old, new = _structured(old), _structured(new)
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in {*old, *new}:
            yield from _changed(old.get(name), new.get(name), f"{path}.{name}" if path else name)
    elif _is_list(old) and _is_list(new) and len(old) == len(new):
        if _as_set(old) != _as_set(new):
            for index, (before, after) in enumerate(zip(old, new, strict=True)):
                yield from _changed(before, after, f"{path}[{index}]")
    elif not _same(old, new):
        yield path


def _empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _as_set(values: Sequence[Any]) -> list[str]:
    """Most of AWS's lists are sets: the order of plain values says nothing."""
    return sorted(
        json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else text(value) for value in values
    )


def _structured(value: Any) -> Any:
    """JSON text as what it says."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, Mapping) or isinstance(new, Mapping) or _is_list(old) or _is_list(new):
        return bool(old == new)
    return UNKNOWN not in (old, new) and text(old) == text(new)
