"""What the profile's parts have alike: frozen, strict, plain values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from headway.profile.calendar import DAY_NAMES
from headway.units import Duration

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
MOST = 10**15
"""Of requests, items and dollars: beyond a quadrillion a number is a slip of the hand, and no sum holds it exactly."""
Positive = Annotated[float, Field(gt=0, le=MOST, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, le=MOST, allow_inf_nan=False)]
Count = Annotated[int, Field(gt=0, le=MOST)]
PositiveDuration = Annotated[Duration, Field(gt=0)]
Waiting = Literal["user", "workflow", "review", "nobody"]


MAY_BE_TRUE = ("predictable", "equals", "body", "expect", "fallback_answer")
"""Fields that true and false are values of."""


class Part(BaseModel):
    """A part of the profile: frozen, and unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and (info.field_name or "") not in MAY_BE_TRUE:
            raise ValueError("true and false are no values here")
        return value


def refuse_overlap(name: str, rules: list[tuple[Iterable[int], Iterable[int]]]) -> None:
    """Two rules that name the same hour contradict each other."""
    taken: dict[tuple[int, int], int] = {}
    for index, (days, hours) in enumerate(rules):
        for day in days:
            for hour in hours:
                other = taken.setdefault((day, hour), index)
                if other != index:
                    raise ValueError(
                        f"{name}: rules {other + 1} and {index + 1} both name "
                        f"{DAY_NAMES[day]} {hour:02d}:00-{hour + 1:02d}:00"
                    )
