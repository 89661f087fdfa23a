"""pulumi-aws's own types: which properties a resource has, at any depth, and which it must be given."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args

import pulumi_aws
from pulumi import _types


@cache
def arguments_of(token: str) -> type:
    """The provider's arguments class of a resource type (``aws:sqs/queue:Queue``)."""
    service, _, name = token.removeprefix("aws:").partition("/")
    module = getattr(pulumi_aws, {"lambda": "lambda_"}.get(service, service))
    resource = getattr(module, name.rsplit(":", 1)[1])
    # Where a nested type has taken the name, the resource's own arguments are called otherwise.
    home, name = inspect.getmodule(resource), resource.__name__
    found = getattr(home, f"{name}InitArgs", None) or getattr(home, f"{name}Args")
    if not isinstance(found, type):
        raise TypeError(f"{token}: {found!r} is no class of arguments")
    return found


@cache
def names_of(arguments: type) -> dict[str, Any]:
    """Pulumi's property names of an arguments class, with their types."""
    hints = _types.input_type_types(arguments)
    return {name: hints.get(name) for name in _types.input_type_py_to_pulumi_names(arguments).values()}


@cache
def required_of(arguments: type) -> frozenset[str]:
    """Pulumi's names of the properties that must be given."""
    renamed = _types.input_type_py_to_pulumi_names(arguments)
    parameters = inspect.signature(arguments.__init__).parameters.items()  # type: ignore[misc]
    return frozenset(renamed[name] for name, one in parameters if name in renamed and one.default is one.empty)


def unknown(arguments: type, inputs: Mapping[str, Any], where: str) -> Iterator[str]:
    """Properties that the provider does not have, and those that it must have and were not given."""
    known = names_of(arguments)
    yield from (f"{where}.{name} is missing" for name in sorted(required_of(arguments) - inputs.keys()))
    for name, value in inputs.items():
        if name not in known:
            yield f"{where}.{name}"
            continue
        inner = nested(known[name])
        if inner is None:
            continue
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield from unknown(inner, item, f"{where}.{name}")


def nested(hint: Any) -> type | None:
    """The arguments class inside an Input, Optional or Sequence; None for plain values."""
    if isinstance(hint, type) and _types.is_input_type(hint):
        return hint
    for part in get_args(hint):
        found = nested(part)
        if found is not None:
            return found
    return None
