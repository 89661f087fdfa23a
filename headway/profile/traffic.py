"""How many requests come, and when: evenly, by a shape of the week, hour by hour, or all at once on a schedule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field, WithJsonSchema, model_validator

from headway.assumptions import assume
from headway.profile.calendar import DAY_NAMES, Clock, Days, Hours
from headway.profile.part import Count, NotNegative, Part, Positive, PositiveDuration, refuse_overlap
from headway.profile.trace import Trace
from headway.units import HOURS_PER_WEEK


class ShapeRule(Part):
    """Requests an hour at some hours of the week; without days and hours: all other hours."""

    days: Days | None = None
    hours: Hours | None = None
    per_hour: NotNegative

    @property
    def rest(self) -> bool:
        """Whether this rule is for all hours that no other names."""
        return self.days is None and self.hours is None

    def covers(self) -> Iterable[tuple[int, int]]:
        """``(day, hour)`` pairs this rule names."""
        return ((day, hour) for day in self.days or range(7) for hour in self.hours or range(24))


class ScheduledRule(Part):
    """Work that nobody requests: so many items at once, at a time of the week."""

    items: Count
    at: Clock
    days: Days = (0, 1, 2, 3, 4, 5, 6)
    every_weeks: int = Field(default=1, ge=1, le=52, description="1: every week; 4: about monthly.")


class Cycles(Part):
    """Cycles beyond the week, as factors on the traffic: sized for the largest, billed by the mean.

    Days of the month count from its start, or with a minus from its end: -1 is the last.
    """

    days_of_month: dict[int, Positive] = Field(default_factory=dict)
    months: dict[int, Positive] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _exist(self) -> Self:
        for name, keys, last in (("days_of_month", self.days_of_month, 31), ("months", self.months, 12)):
            for key in keys:
                if not 1 <= (abs(key) if name == "days_of_month" else key) <= last:
                    from_end = ", nor between -31 and -1" if name == "days_of_month" else ""
                    raise ValueError(f"{name}: {key} is not between 1 and {last}{from_end}")
        return self


class BacklogSpec(Part):
    """A one-off pile of work."""

    items: Count
    within: PositiveDuration


class Traffic(Part):
    """How many requests, and when.

    Exactly one of per_hour, per_day, per_month, shape, hourly, trace, scheduled.
    """

    per_hour: NotNegative | None = None
    per_day: NotNegative | None = None
    per_month: NotNegative | None = None
    shape: tuple[ShapeRule, ...] | None = Field(default=None, min_length=1)
    hourly: tuple[NotNegative, ...] | None = Field(
        default=None, min_length=HOURS_PER_WEEK, max_length=HOURS_PER_WEEK, description="168 numbers from Monday 00:00."
    )
    trace: Annotated[Trace | str | None, WithJsonSchema({"type": "string"})] = Field(
        default=None, description="A file that `headway traffic import --out` wrote, beside the profile."
    )
    scheduled: tuple[ScheduledRule, ...] | None = Field(
        default=None, min_length=1, description="Piles of work at fixed times: retraining, refreshes, exports."
    )
    peak_factor: float = Field(default=assume("profile.peak_factor"), ge=1, le=1000)
    arrival_variability: Annotated[Positive, Field(le=1000)] = assume("profile.arrival_variability")
    predictable: bool = True
    cycles: Cycles = Cycles()
    growth_per_month: float = Field(default=0.0, gt=-1, lt=10)
    backlog: BacklogSpec | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = ("per_hour", "per_day", "per_month", "shape", "hourly", "trace", "scheduled")
        given = [form for form in forms if getattr(self, form) is not None]
        if len(given) != 1:
            said = "none is given" if not given else f"{' and '.join(given)} are given"
            raise ValueError(f"exactly one of {', '.join(forms)} says how many requests come; {said}")
        if self.shape is not None:
            self._check_shape(self.shape)
        for name, value in self.measured.items():
            object.__setattr__(self, name, value)  # Stays undeclared.
        return self

    @property
    def measured(self) -> dict[str, float]:
        """What the trace measured and the profile does not declare, by field."""
        if not isinstance(self.trace, Trace):
            return {}
        found = {"peak_factor": self.trace.peak_factor, "arrival_variability": self.trace.arrival_variability}
        return {name: value for name, value in found.items() if value is not None and name not in self.model_fields_set}

    @staticmethod
    def _check_shape(shape: tuple[ShapeRule, ...]) -> None:
        rest = [rule for rule in shape if rule.rest]
        if len(rest) > 1:
            raise ValueError("shape: only one rule can be for all other hours")
        refuse_overlap("shape", [(r.days or range(7), r.hours or range(24)) for r in shape if not r.rest])
        covered = {pair for rule in shape if not rule.rest for pair in rule.covers()}
        missing = sorted({(day, hour) for day in range(7) for hour in range(24)} - covered)
        if missing and not rest:
            day, hour = missing[0]
            raise ValueError(
                f"shape: {len(missing)} hours of the week have no rate, first {DAY_NAMES[day]} {hour:02d}:00; "
                "add a rule without days and hours for all others, such as {per_hour: 0}"
            )
