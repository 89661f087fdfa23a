"""A worker's log: JSON lines on its standard output, where AWS Batch collects them."""

from __future__ import annotations

import json
from typing import Any


def log(what: str, **fields: Any) -> None:
    """Say what happened."""
    print(json.dumps({"worker": what, **fields}, default=str), flush=True)  # noqa: T201 - a job's log
