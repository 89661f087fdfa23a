"""What designs are made of: frozen values that survive JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BurnRate(Value):
    """Late requests in a window that spend the promise too fast: an alarm of its own."""

    window_s: int
    late_share: float
