"""Small workloads, changed a field at a time."""

from __future__ import annotations

from typing import Any

from headway.architectures import Workload
from headway.bill import Pricing
from headway.prices import PriceBook, load_book
from headway.profile import Profile
from headway.traffic import build_demand

BASE: dict[str, Any] = {
    "name": "work",
    "latency": {"max_wait": "30m"},
    "traffic": {"per_hour": 200, "peak_factor": 2.5},
    "model": {
        "request": "200KB",
        "load_time": "90s",
        "measured": [
            {"hardware": "g5.xlarge", "batch": 1, "seconds": 2.0},
            {"hardware": "g5.xlarge", "batch": 8, "seconds": 6.4},
            {"hardware": "serverless-4GB", "seconds": 9.0},
        ],
    },
}


def profile(**changes: Any) -> Profile:
    """The base profile with fields replaced; ``latency__max_wait="5s"`` reaches inside."""
    content: dict[str, Any] = {key: dict(value) if isinstance(value, dict) else value for key, value in BASE.items()}
    for name, value in changes.items():
        part, _, field = name.partition("__")
        if field:
            content[part][field] = value
        else:
            content[part] = value
    return Profile.model_validate(content)


def workload(book: PriceBook | None = None, *, most: int | None = None, **changes: Any) -> Workload:
    """The workload of a changed profile."""
    declared = profile(**changes)
    return Workload(declared, build_demand(declared), Pricing(book or load_book(), declared.region), most)
