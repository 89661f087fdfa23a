"""Pulumi's values as botocore wants them: names matched, numbers and structures coerced by botocore's own models."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


class UnknownPropertyError(Exception):
    """A property that the resource table does not know: silence would hide something that was never configured."""


def parameters(
    client: Any,
    operation: str,
    inputs: Mapping[str, Any],
    *,
    rename: Mapping[str, str],
    handled: Collection[str],
    what: str,
) -> dict[str, Any]:
    """The parameters of an operation from a resource's inputs.

    Args:
        client: A boto3 client.
        operation: Its method's name, such as ``create_queue``.
        inputs: camelCase inputs as Pulumi hands them over.
        rename: Inputs whose parameter has another name.
        handled: Inputs that the caller sees to itself.
        what: The resource's type, for the error.

    Raises:
        UnknownPropertyError: An input that is neither a parameter nor handled.
    """
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
    wanted = {
        rename.get(name, name): value for name, value in inputs.items() if name not in handled and value is not None
    }
    return structure(model.input_shape, wanted, what)


def structure(shape: StructureShape, value: Mapping[str, Any], what: str) -> dict[str, Any]:
    """A mapping with the members' own names and types."""
    members = {_normal(name): name for name in shape.members}
    found: dict[str, Any] = {}
    for name, item in value.items():
        if item is None:
            continue
        member = (
            members.get(_normal(name))
            or members.get(_normal(name).removesuffix("s"))
            or members.get(f"{_normal(name)}s")
        )
        if member is None:
            raise UnknownPropertyError(f"{what}: property {name!r} is not in the resource table")
        found[member] = coerce(shape.members[member], item, f"{what}.{name}")
    return found


def coerce(shape: Shape, value: Any, what: str) -> Any:
    """A value in the shape's type: floats to integers, JSON text to structures, one structure from a list of one."""
    if isinstance(shape, StructureShape):
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        return structure(shape, json.loads(value) if isinstance(value, str) else value, what)
    if isinstance(shape, ListShape):
        items = json.loads(value) if isinstance(value, str) and value.startswith("[") else value
        return [coerce(shape.member, item, what) for item in (items if isinstance(items, list) else [items])]
    if isinstance(shape, MapShape):
        return {str(key): coerce(shape.value, item, what) for key, item in value.items()}
    return _scalar(shape.type_name, value)


def _scalar(kind: str, value: Any) -> Any:
    if kind in ("integer", "long"):
        return int(float(value))
    if kind in ("float", "double"):
        return float(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "timestamp":
        return datetime.fromisoformat(value).astimezone(UTC) if isinstance(value, str) else value
    if kind == "string":
        return text(value)
    return value


def text(value: Any) -> str:
    """A value as an attribute map holds it: integers without a point, booleans in lower case."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, dict | list) else str(value)


def _normal(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
