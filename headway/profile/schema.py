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
        **schema,
        "title": "Headway workload profile",
    }
