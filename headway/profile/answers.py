"""Output validation as a profile declares it: what answers must look like, how sure they must be, what is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, model_validator

from headway.assumptions import assume
from headway.profile.answer_schema import check_schema, compiled, relaxed
from headway.profile.part import NotNegative, Part, Share

MOST_BYTES = 256_000
"""Of schema and probes together: they stand in the locked plan, which people read."""
DOTTED = r"^[^.]+(\.[^.]+)*$"
DEEPEST = 100
"""Levels of nesting: half of what a request may have (the runtime's contract)."""


def _finite(value: JsonValue) -> JsonValue:
    try:
        json.dumps(value, allow_nan=False)
        deep = _deeper_than(value, DEEPEST)
    except ValueError:
        raise ValueError("no number in JSON is infinite or NaN") from None
    if deep:
        raise ValueError(f"nested deeper than {DEEPEST}")
    return value


def _deeper_than(value: JsonValue, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_deeper_than(one, levels - 1) for one in inner)


def _mapping(value: Any) -> Any:
    if isinstance(value, str):
        raise ValueError("a file of this name is read beside a profile's file; here the schema itself is needed")
    if not isinstance(value, Mapping):
        raise ValueError("a JSON Schema is a mapping, such as {type: object, required: [label]}, or the name of a file")
    return value


def _usable(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    check_schema(value)
    return value


Json = Annotated[JsonValue, AfterValidator(_finite)]
Schema = Annotated[dict[str, Json], BeforeValidator(_mapping), AfterValidator(_usable)]


def _or_a_file(schema: dict[str, Any]) -> None:
    """What is read from a file beside the profile may be its name."""
    inline = {name: schema.pop(name) for name in ("type", "items", "maxItems")}
    schema["anyOf"] = [inline, {"type": "string"}]


class Confidence(Part):
    """How sure an answer must be of itself."""

    field: str = Field(
        min_length=1, max_length=200, pattern=DOTTED,
        description="Dotted path of a number in the answer; of several numbers there the largest counts.",
    )  # fmt: skip
    least: float = Field(allow_inf_nan=False)


class Probe(Part):
    """A known input with its answer."""

    body: Json = Field(description="What the model is sent.")
    expect: Json = Field(description="What must be in its answer; an object may hold more.")
    tolerance: NotNegative = Field(default=assume("validation.tolerance"), description="By which numbers may differ.")


class Validation(Part):
    """What answers are checked for; those that are doubtful are written, marked and counted."""

    schema_: Schema | None = Field(
        default=None, alias="schema", json_schema_extra={"anyOf": [{"type": "object"}, {"type": "string"}]},
        description="A JSON Schema (draft 7), or a file with one beside the profile.",
    )  # fmt: skip
    confidence: Confidence | None = None
    probes: tuple[Probe, ...] = Field(
        default=(),
        max_length=100,
        json_schema_extra=_or_a_file,
        description="Asked by each worker of a departure before it takes requests.",
    )
    most_doubtful: Share = Field(
        default=assume("validation.most_doubtful"), gt=0, lt=1, description="Share of answers; an alarm above it."
    )
    most_breaking: Share = Field(
        default=assume("validation.most_breaking"), gt=0, lt=1,
        description="Share of answers that may break the schema; an alarm above it.",
    )  # fmt: skip

    @model_validator(mode="after")
    def _worth_it(self) -> Self:
        if self.schema_ is None and self.confidence is None and not self.probes:
            raise ValueError("nothing to check for: give schema, confidence or probes")
        size = len(json.dumps(self.document()).encode())
        if size > MOST_BYTES:
            raise ValueError(f"schema and probes are {size:,} bytes, {MOST_BYTES:,} are taken: choose smaller inputs")
        if self.schema_ is not None:
            part = compiled(relaxed(self.schema_))
            for index, probe in enumerate(self.probes):
                try:
                    part(probe.expect)
                except ValueError as error:
                    said = str(error).removeprefix("data")
                    raise ValueError(
                        f"probes.{index}.expect breaks the schema: expect{said}; no answer could pass"
                    ) from None
        return self

    def document(self) -> dict[str, Any]:
        """What the runtime reads: ``{schema, confidence, probes}``."""
        return {
            "schema": self.schema_,
            "confidence": None if self.confidence is None else self.confidence.model_dump(),
            "probes": [probe.model_dump() for probe in self.probes],
        }
