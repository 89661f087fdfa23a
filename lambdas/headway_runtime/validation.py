"""Output validation: every answer is held against its JSON Schema and its own confidence; what is doubtful is marked.

Nothing is thrown away: a doubtful answer is written as it came, and its result says what is wrong with it (``doubts``).
Nothing stops a job either: what cannot be checked, because a check itself fails or nobody can read what to check for,
is doubtful, too. So a check that is out of order shows in the same share, and in the same alarm, as a model that is.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from headway_runtime.metrics import DOUBTFUL, SCHEMA_BREAKS

SCHEMA, EMPTY, UNSURE, UNCHECKED = "schema", "empty", "unsure", "unchecked"
"""What may be wrong with an answer: it breaks the schema, it holds nothing, its confidence is too low or not there, or
nobody could check it."""
WHY_MOST = 300
"""Characters of a reason."""
REFUSED_SCHEMES = ("", "http", "https", "ftp", "file", "data")

Validator = Callable[[Any], Any]


class Doubt(NamedTuple):
    """One thing that is wrong with an answer, as its result tells it."""

    kind: str
    why: str


class Checks:
    """What every answer is held against: compiled once, asked for each answer, by any thread."""

    def __init__(
        self, schema: Mapping[str, Any] | None = None, confidence: Mapping[str, Any] | None = None,
        probes: Sequence[Mapping[str, Any]] = (), *, unusable: str = "",
    ) -> None:  # fmt: skip
        self.probes = tuple(probes)
        self.unusable = unusable
        self._validate: Validator | None = None
        self._field, self._least = "", 0.0
        try:
            if schema is not None:
                self._validate = compiled(schema)
            if confidence is not None:
                self._field, self._least = str(confidence["field"]), float(confidence["least"])
        except Exception as error:  # re.error, whatever a generator of code raises: no reason to end a job
            self.unusable = unusable or f"the schema cannot be used: {type(error).__name__}: {error}"

    def doubts(self, output: Any) -> tuple[Doubt, ...]:
        """What is wrong with an answer; never raises.

        >>> checks = Checks({"required": ["label"]}, {"field": "score", "least": 0.5})
        >>> checks.doubts({"label": "invoice", "score": 0.9})
        ()
        >>> [doubt.kind for doubt in checks.doubts({"score": 0.2})]
        ['schema', 'unsure']
        """
        if self.unusable:
            return (_doubt(UNCHECKED, self.unusable),)
        try:
            return tuple(self._found(output))
        except Exception as error:
            return (_doubt(UNCHECKED, f"{type(error).__name__}: {error}"),)

    def metrics(self, kinds: Sequence[Sequence[str]]) -> dict[str, list[float]]:
        """The metrics of answers, each given by the kinds of its doubts.

        >>> Checks({}).metrics([(), ("schema", "unsure"), ("empty",)])
        {'Doubtful': [0, 1, 1], 'SchemaBreaks': [0, 1, 0]}
        """
        doubtful: dict[str, list[float]] = {DOUBTFUL: [int(bool(one)) for one in kinds]}
        if self._validate is None:
            return doubtful
        return {**doubtful, SCHEMA_BREAKS: [int(SCHEMA in one) for one in kinds]}

    def _found(self, output: Any) -> Iterable[Doubt]:
        from fastjsonschema import JsonSchemaValueException

        if self._validate is not None:
            try:
                self._validate(output)
            except JsonSchemaValueException as error:
                yield _doubt(SCHEMA, f"output{error.message.removeprefix('data')}")
        if empty(output):
            yield _doubt(EMPTY, "it holds nothing")
        elif self._field:
            sure = confidence_of(output, self._field)
            if sure is None:
                yield _doubt(UNSURE, f"output.{self._field} is no finite number")
            elif sure < self._least:
                yield _doubt(UNSURE, f"output.{self._field} is {sure:.6g}, below {self._least:g}")


def compiled(schema: Mapping[str, Any]) -> Validator:
    """The schema as a function that raises for what breaks it.

    An answer is checked, never changed (no defaults are filled in), and no address is ever opened for a reference.

    Raises:
        Exception: Of many kinds: the schema says what cannot be.
    """
    import fastjsonschema

    validate: Validator = fastjsonschema.compile(
        copy.deepcopy(dict(schema)),  # It rewrites references in place.
        handlers=dict.fromkeys(REFUSED_SCHEMES, _no_address), use_default=False,
    )  # fmt: skip
    return validate


def read_checks(s3: Any, address: str) -> Checks:
    """The checks in a document at ``s3://bucket/key``: ``{schema, confidence, probes}``; never raises.

    Where it cannot be read, every answer is doubtful.
    """
    try:
        bucket, key = address.removeprefix("s3://").split("/", 1)
        content = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return Checks(content.get("schema"), content.get("confidence"), content.get("probes", ()))
    except Exception as error:
        return Checks(unusable=f"what to check for cannot be read: {address}: {error}")


def marked(result: Mapping[str, Any], doubts: Sequence[Doubt]) -> dict[str, Any]:
    """A result with its doubts, where it has any."""
    return {**result, "doubts": [doubt._asdict() for doubt in doubts]} if doubts else dict(result)


def empty(output: Any) -> bool:
    """Whether an answer holds nothing: no value, or only such values.

    >>> empty({"text": " ", "entities": []}), empty({"text": "", "pages": 0}), empty(False)
    (True, False, False)
    """
    if isinstance(output, dict):
        return all(empty(value) for value in output.values())
    if isinstance(output, list):
        return all(empty(value) for value in output)
    return output is None or (isinstance(output, str) and not output.strip())


def confidence_of(output: Any, field: str) -> float | None:
    """The number at a dotted path of an answer, or the largest of the numbers there; None where there is none.

    >>> confidence_of({"label": "b", "scores": {"a": 0.2, "b": 0.7}}, "scores")
    0.7
    >>> confidence_of([{"score": 0.4}], "0.score"), confidence_of({"score": "high"}, "score")
    (0.4, None)
    """
    found = output
    for name in field.split("."):
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    several = found.values() if isinstance(found, dict) else found if isinstance(found, list) else (found,)
    numbers = [one for one in several if _finite(one)]
    return max(numbers) if numbers and len(numbers) == len(several) else None


def _finite(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or math.isfinite(value)  # An integer too large for a float is finite.


def _doubt(kind: str, why: str) -> Doubt:
    # Whatever a model wrote into a name: what is told travels as UTF-8.
    told = why.encode("utf-8", "replace").decode()
    return Doubt(kind, told if len(told) <= WHY_MOST else f"{told[: WHY_MOST - 3]}...")


def _no_address(address: str) -> Any:
    raise ValueError(f"a reference to {address!r} is not opened")
