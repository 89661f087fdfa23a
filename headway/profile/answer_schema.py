"""The JSON Schema of answers: whether it can be used, and what would be right where it cannot.

The runtime compiles the same schema with the same library, in AWS, where nobody reads an error. So all that would fail,
open an address or check nothing there is refused here.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from headway.errors import nearest

Validator = Callable[[Any], Any]

_ONE = ("not", "if", "then", "else", "contains", "propertyNames", "additionalProperties", "additionalItems")
_LISTS = ("allOf", "anyOf", "oneOf")
_NAMED = ("properties", "patternProperties", "definitions", "$defs", "dependencies")
_VALUES = (
    "$schema", "$id", "id", "$ref", "$comment", "title", "description", "default", "examples", "type", "enum", "const",
    "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern",
    "format", "items", "maxItems", "minItems", "uniqueItems", "maxProperties", "minProperties", "required", "readOnly",
    "writeOnly", "deprecated",
)  # fmt: skip
KEYWORDS: Final = frozenset((*_ONE, *_LISTS, *_NAMED, *_VALUES))
"""Of drafts 4 to 7."""
LATER: Final = {
    "prefixItems": "items: [...]", "dependentRequired": "dependencies", "dependentSchemas": "dependencies",
    "unevaluatedProperties": "additionalProperties", "unevaluatedItems": "additionalItems", "$anchor": "definitions",
    "$recursiveRef": "$ref: '#'", "$dynamicRef": "$ref", "minContains": "contains", "maxContains": "contains",
}  # fmt: skip
"""Keywords of later drafts, which nothing here would check, and what says the same or nearly so in draft 7."""
LOOSENED: Final = frozenset({"required", "minProperties", "dependencies", "not", "if", "then", "else"})
"""What a part of an answer cannot be asked for."""
TRIED: Final[tuple[Any, ...]] = (None, True, 0, 0.5, "", "x", [], [0], {}, {"x": 0})
"""Values that a usable schema takes or refuses: one that refers to itself without end does neither."""


def check_schema(schema: Mapping[str, Any]) -> None:
    """Refuse a schema that the runtime could not use as it is meant.

    Raises:
        ValueError: With the place in the schema, what is wrong there and what would be right.

    >>> check_schema({"type": "object", "requried": ["label"]})
    Traceback (most recent call last):
    ValueError: requried: no keyword, so nothing would check it; did you mean required?
    """
    for reference, where in _references(schema, ()):
        if not reference.startswith("#"):
            raise ValueError(
                f"{'.'.join(where)}: {reference!r} would be opened by a worker; only parts of this schema can be "
                "referred to, such as '#/definitions/label'"
            )
    for problem in _problems(schema, ()):
        raise ValueError(problem)
    validate = compiled(schema)
    for value in TRIED:
        try:
            validate(value)
        except RecursionError:
            raise ValueError("it refers to itself without end, so no answer could ever be checked") from None
        except ValueError:
            continue  # Refused, as most will be.


def compiled(schema: Mapping[str, Any]) -> Validator:
    """The schema as a function that raises ValueError for what breaks it.

    Raises:
        ValueError: It cannot be compiled.
    """
    import fastjsonschema

    try:
        validate: Validator = fastjsonschema.compile(copy.deepcopy(dict(schema)), use_default=False)
    except Exception as error:  # The library raises what its generator met: KeyError, TypeError, AttributeError ...
        raise ValueError(f"it cannot be compiled: {error}") from None
    return validate


def relaxed(schema: Any) -> Any:
    """The schema for a part of an answer: every value that is there must fit, none need be.

    >>> relaxed({"required": ["a"], "properties": {"a": {"oneOf": [{"required": ["b"]}]}, "required": {}}})
    {'properties': {'a': {'anyOf': [{}]}, 'required': {}}}
    """
    if not isinstance(schema, Mapping):
        return schema
    found: dict[str, Any] = {}
    for name, value in schema.items():
        if name in LOOSENED:
            continue
        if name in _NAMED:
            found[name] = {key: relaxed(one) for key, one in value.items()}
        elif isinstance(value, list) and name in (*_LISTS, "items"):
            found["anyOf" if name == "oneOf" and "anyOf" not in schema else name] = [relaxed(one) for one in value]
        else:
            found[name] = relaxed(value) if name in (*_ONE, "items") else value
    return found


def _problems(schema: Any, where: tuple[str, ...]) -> Iterator[str]:
    """What is wrong in a schema and the schemas in it, each with its place."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        yield f"{_place(where)}got {_short(schema)}; a schema is a mapping of keywords, or true or false"
        return
    for name, value in schema.items():
        here = (*where, str(name))
        if name not in KEYWORDS:
            yield from _unknown(name, here)
        elif name in _NAMED:
            yield from _named(name, value, here)
        elif name in _LISTS or (name == "items" and isinstance(value, list)):
            if not isinstance(value, list) or not value:
                yield f"{_place(here)}got {_short(value)}; a list of schemas is needed"
                continue
            for index, one in enumerate(value):
                yield from _problems(one, (*here, str(index)))
        elif name in (*_ONE, "items"):
            yield from _problems(value, here)
        elif name == "pattern":
            yield from _pattern(value, here)


def _unknown(name: str, where: tuple[str, ...]) -> Iterator[str]:
    """A keyword of another draft, or mistyped; others are somebody's annotations."""
    if name in LATER:
        yield f"{_place(where)}of a draft later than 7, so nothing would check it; write {LATER[name]}"
    elif hint := nearest(name, KEYWORDS):
        yield f"{_place(where)}no keyword, so nothing would check it{hint}"


def _named(name: str, value: Any, where: tuple[str, ...]) -> Iterator[str]:
    """Schemas by name: of properties, of parts; dependencies may also be lists of names."""
    if not isinstance(value, Mapping):
        yield f"{_place(where)}got {_short(value)}; a mapping of schemas is needed"
        return
    for key, one in value.items():
        if name == "patternProperties":
            yield from _pattern(key, (*where, str(key)))
        if not (name == "dependencies" and isinstance(one, list)):
            yield from _problems(one, (*where, str(key)))


def _pattern(value: Any, where: tuple[str, ...]) -> Iterator[str]:
    try:
        re.compile(value)
    except (re.error, TypeError, RecursionError, OverflowError) as error:
        yield f"{_place(where)}{_short(value)} is no regular expression of Python's: {error}"


def _references(value: Any, where: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every ``$ref``, also where it is data: the library resolves those, too."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            here = (*where, str(name))
            if name == "$ref" and isinstance(one, str):
                yield one, here
            yield from _references(one, here)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _references(one, (*where, str(index)))


def _place(where: tuple[str, ...]) -> str:
    return f"{'.'.join(where)}: " if where else ""


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
