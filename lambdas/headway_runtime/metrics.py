"""Metrics in the log, in CloudWatch's embedded format: no call, no wait, and the log line says what they stand for.

CloudWatch takes them from any log group that the runtime writes to (Amazon CloudWatch User Guide, embedding metrics).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

NAMESPACE = "Headway"
PROMISE_USED, BUSY = "PromiseUsed", "Busy"
"""A request's wait over the wait that was promised it: 1 and below was in time. Percent of a worker's time in which
its model computed."""
DOUBTFUL, SCHEMA_BREAKS = "Doubtful", "SchemaBreaks"
"""Of every answer that is checked, 1 or 0: their average is the share, their count the answers."""
FAILED_PROBES = "FailedProbes"
"""Known-answer probes of one run that failed; 0 where all passed."""
FLEET, ROUTER = "Fleet", "Router"
"""Dimensions: whose metrics they are."""
MOST_VALUES = 100
"""Of one metric in one line (embedded metric format specification)."""


def emit(dimension: str, whose: str, values: Mapping[str, float | Sequence[float]], **said: Any) -> None:
    """Write metrics as log lines: one, or more where a metric has more values than one line holds.

    Args:
        dimension: ``Fleet`` or ``Router``.
        whose: The dimension's value.
        values: By metric, one value or several; percentiles and shares are CloudWatch's to work out.
        said: Fields beside them, which are no metrics.
    """
    for some in _lines(values):
        about = {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {"Namespace": NAMESPACE, "Dimensions": [[dimension]], "Metrics": [{"Name": name} for name in some]}
            ],
        }
        line = {"_aws": about, dimension: whose, **some, **said}
        print(json.dumps(line), flush=True)  # noqa: T201 - the log is the standard output


def promise_used(sent: float, finished: float, promise_s: float) -> float:
    """A wait over its promise; both times in seconds since the epoch.

    >>> promise_used(1000.0, 1900.0, 1800)
    0.5
    """
    return round(max(0.0, finished - sent) / promise_s, 4)


def _lines(values: Mapping[str, float | Sequence[float]]) -> Iterator[dict[str, float | list[float]]]:
    several = {name: list(value) for name, value in values.items() if isinstance(value, Sequence)}
    longest = max(map(len, several.values()), default=0)
    first: dict[str, float | list[float]] = {
        name: value for name, value in values.items() if not isinstance(value, Sequence)
    }
    for start in range(0, max(longest, 1), MOST_VALUES):
        some = first | {
            name: part for name, value in several.items() if (part := value[start : start + MOST_VALUES])
        }  # fmt: skip
        first = {}
        if some:
            yield some
