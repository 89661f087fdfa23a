"""What AWS says of a resource, in the shape in which the program declared it: as declared, or what it drifted to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from headway_rehearsal.provider.differences import alike
from headway_rehearsal.resources.base import TAGS, ResourceType


def declared_as(row: ResourceType, inputs: Mapping[str, Any], description: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as AWS has them now.

    A property that AWS no longer tells of is gone; those of ``row.unseen`` it never tells, and they stay as declared.
    """
    return {
        name: value if name in TAGS or name in row.unseen else _value(row, name, value, description)
        for name, value in inputs.items()
    }


def _value(row: ResourceType, path: str, given: Any, description: Mapping[str, Any]) -> Any:
    found = _member(row.shown_as.get(path, path.rsplit(".", 1)[-1]), description)
    return _observed(row, path, given, found)


def _observed(row: ResourceType, path: str, given: Any, seen: Any) -> Any:
    if path in row.unseen or alike(given, seen) or (seen is None and given in (False, 0)):
        return given
    if isinstance(given, Mapping):
        seen = _map_of(seen) if _listed(seen) and _pairs(seen) else _one(seen)
        if not isinstance(seen, Mapping):
            return None
        return {name: _value(row, f"{path}.{name}", value, seen) for name, value in given.items() if value is not None}
    if _listed(given):
        rows = seen if _listed(seen) else [] if seen is None else [seen]
        if len(rows) != len(given):
            return [_camel(one) for one in rows]
        return [_observed(row, path, item, other) for item, other in zip(given, rows, strict=True)]
    return seen


def _member(name: str, description: Mapping[str, Any]) -> Any:
    """A member by its name as the resource table matches them: without case, one or many."""
    plain = {_plain(key): value for key, value in description.items()}
    for candidate in (_plain(name), _plain(name).removesuffix("s"), f"{_plain(name)}s"):
        if candidate in plain:
            return plain[candidate]
    return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _listed(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _one(value: Any) -> Any:
    return value[0] if _listed(value) and len(value) == 1 and isinstance(value[0], Mapping) else value


def _pairs(rows: Sequence[Any]) -> bool:
    """Whether they are a map in the form of a list: ``[{Name: a, Value: b}]``."""
    return all(isinstance(row, Mapping) and {_plain(key) for key in row} == {"name", "value"} for row in rows)


def _map_of(rows: Sequence[Any]) -> dict[str, Any]:
    return {str(_member("name", row)): _member("value", row) for row in rows}


def _camel(value: Any) -> Any:
    """AWS's names in Pulumi's spelling, for what nobody declared."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: _camel(item) for key, item in value.items()}
    return [_camel(item) for item in value] if _listed(value) else value
