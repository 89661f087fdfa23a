"""A trace: what was measured of a workload's traffic, hour by hour of the week, as `headway traffic` writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from headway.errors import HeadwayError, first_problem
from headway.profile.part import NotNegative, Part, Positive, Share
from headway.units import HOURS_PER_WEEK

Week = Annotated[tuple[NotNegative, ...], Field(min_length=HOURS_PER_WEEK, max_length=HOURS_PER_WEEK)]


class TraceError(HeadwayError):
    """No trace, or one that says what cannot be."""


class MeasuredSizes(Part):
    """Bytes of bodies as a log tells them."""

    mean: NotNegative
    p99: NotNegative
    max: NotNegative


class MeasuredCycles(Part):
    """Shares of the ups and downs that each cycle foretells; none where too little was seen to tell."""

    within_hour: Share | None = None
    """By the minute: callers on a schedule."""
    peak_minute: int | None = None
    """At which the hour's busiest five minutes begin."""
    peak_minutes_factor: NotNegative | None = None
    """Their rate over the hour's mean."""
    daily: Share | None = None
    """By the time of day."""
    weekly: Share | None = None
    """By day and time together."""
    monthly: Share | None = None
    """By days of the month, of what the week does not foretell."""
    yearly: Share | None = None
    """By the month of the year, of what the week does not foretell."""
    days_of_month: dict[int, Positive] = Field(default_factory=dict)
    """Factors of the days that stand out; -1 is the month's last."""
    months: dict[int, Positive] = Field(default_factory=dict)


class Trace(Part):
    """Measured traffic. Hours count from Monday 00:00 in ``timezone``; rates are requests an hour."""

    headway_trace: Literal[1] = 1
    source: str = ""
    """The log, or the metric, it was measured from."""
    timezone: str = "UTC"
    hourly: Week
    """Mean of each hour of the week."""
    busiest: Week
    """Busiest sustained rate of each, over every week that was seen."""
    peak_factor: float = Field(ge=1)
    """One factor for all hours: what covers nearly all of the busy ones."""
    arrival_variability: Positive | None = None
    """Squared coefficient of variation of gaps; None where the log's times are too coarse or too few."""
    request: MeasuredSizes | None = None
    response: MeasuredSizes | None = None
    requests: NotNegative = 0
    seen_from: str = ""
    seen_to: str = ""
    weeks: NotNegative = 0
    """Hours that were seen, in weeks."""
    resolution_s: Positive = 10
    unseen_hours: int = 0
    """Hours of the week that no day showed: taken from like days."""
    cycles: MeasuredCycles = MeasuredCycles()
    """Hours and busiest rates are those of a usual day: days and months that stand out come on top."""
    growth_per_month: float | None = None
    holes: tuple[str, ...] = ()
    """Stretches without a request where many were to be expected: left out."""


def load_trace(path: Path) -> Trace:
    """The trace in a file.

    Raises:
        TraceError: It is none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or "headway_trace" not in content:
            raise ValueError
        return Trace.model_validate(content)
    except OSError as error:
        raise TraceError(f"{path}: cannot be read ({error.strerror})") from None
    except ValidationError as error:
        raise TraceError(f"{path}: {first_problem(error.errors())}; import the log again") from None
    except ValueError:
        raise TraceError(
            f"{path}: no trace of Headway's; write one with: headway traffic import LOG --out {path.name}"
        ) from None
