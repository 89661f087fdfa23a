"""JSON Schemas of what is read and written: made from the models, committed in schemas/, so that a change is seen.

Each carries the version of its shape. A field more is the same version; one that goes or means another thing is the
next.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, create_model

from headway.advice import Joined
from headway.bill.lines import Bill
from headway.diff import Diff
from headway.diff.environments import Environments
from headway.planning.plan import Plan
from headway.profile.schema import profile_schema, without_examples

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VERSIONS = {"plan": 1, "bill": 1, "diff": 1, "env": 1}
"""Of each shape; plan, diff and env carry it as ``schema_version``."""


def schema(of: str) -> dict[str, Any]:
    """The schema of ``profile``, or of what ``plan``, ``price`` (``bill``), ``diff`` and ``env`` write as JSON.

    >>> schema("diff")["properties"]["schema_version"]["const"]
    1
    """
    if of == "profile":
        return profile_schema()
    models: dict[str, type[BaseModel]] = {"plan": _joined_plan(), "bill": Bill, "diff": Diff, "env": Environments}
    made = models[of].model_json_schema(mode="serialization", by_alias=True)
    return {
        "$schema": DIALECT,
        "$id": f"urn:headway:{of}:{VERSIONS[of]}",
        **without_examples(made),
        "title": f"Headway {of}",
    }


def schema_text(of: str) -> str:
    """The schema as it is committed."""
    return json.dumps(schema(of), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _joined_plan() -> type[BaseModel]:
    """A plan as the command writes it, with what it joins."""
    rows: Any = {name: (field.annotation, None) for name, field in Joined.model_fields.items()}
    return create_model("JoinedPlan", __base__=Plan, **rows)
