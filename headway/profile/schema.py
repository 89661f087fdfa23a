"""The profile's JSON Schema, for editors that complete and check."""

from __future__ import annotations

from typing import Any

from headway.profile.model import Profile


def profile_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a profile file."""
    schema = Profile.model_json_schema(mode="validation", by_alias=True)
    payload = schema["$defs"]["Payload"]
    schema["$defs"]["Payload"] = {"anyOf": [payload, payload["properties"]["mean"]], "title": "Payload"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **without_examples(schema),
        "title": "Headway workload profile",
    }


def without_examples(schema: dict[str, Any]) -> dict[str, Any]:
    r"""A schema whose descriptions leave out the Python of the docstrings they are made from: an editor shows them.

    >>> without_examples({"description": "A thing.\n\n>>> thing()\n1", "$defs": {"a": {"description": "Another."}}})
    {'description': 'A thing.', '$defs': {'a': {'description': 'Another.'}}}
    """
    found = {key: without_examples(value) if isinstance(value, dict) else value for key, value in schema.items()}
    said = schema.get("description")
    if isinstance(said, str):
        found["description"] = said.split("\n\n>>>")[0]
    return found
