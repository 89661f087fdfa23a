"""What the router tells: lines of its log, and metrics in them (CloudWatch's embedded format): no call, no wait."""

from __future__ import annotations

import json
from typing import Any

from headway_runtime.metrics import ROUTER, emit
from headway_runtime.settings import RouterSettings

METRICS = ("Hits", "Misses", "RowAge")
"""Of a table: requests that found their row, that did not, and the seconds since a row was computed."""
DEGRADED = "Degraded"
"""Requests that the ladder answered: nobody else would see that a live part fails."""

QUEUED_FOR = "QueuedFor"
"""Seconds that a message of the router's queue has waited when it is asked again in vain. SQS's own age passes over
messages that were received three times (Amazon SQS Developer Guide, CloudWatch metrics)."""


def queued_as(router: str) -> str:
    """The fleet that a router's own queue is in the metrics: what it was given is counted as a fleet's is."""
    return f"{router}-queued"


def log(what: str, **fields: Any) -> None:
    """A line of the function's log."""
    print(json.dumps({"router": what, **fields}), flush=True)  # noqa: T201 - a function's log is its standard output


def count(settings: RouterSettings, **values: float) -> None:
    """Metrics of one request, by the router's name."""
    emit(ROUTER, settings.name, values)


def looked_up(settings: RouterSettings, age_s: float | None) -> None:
    """A look into the table: the age of the row that was there, or None."""
    if age_s is None:
        count(settings, Hits=0, Misses=1)
    else:
        count(settings, Hits=1, Misses=0, RowAge=round(age_s, 1))
