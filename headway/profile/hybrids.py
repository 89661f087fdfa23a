"""What makes a workload more than one: tiers of requests, features and answers that can be computed ahead."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from headway.profile.part import Count, Part, Positive, PositiveDuration, Share, Waiting
from headway.units import Size


class When(Part):
    """A tier's rule: one of equals, in, above."""

    field: str = Field(min_length=1)
    equals: str | int | float | bool | None = None
    in_: tuple[str | int | float, ...] | None = Field(default=None, alias="in", min_length=1)
    above: float | None = None

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        given = sum(value is not None for value in (self.equals, self.in_, self.above))
        if given != 1:
            raise ValueError("a rule says exactly one of equals, in, above")
        return self


class Tier(Part):
    """A share of the traffic with its own wait."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=30)
    share: Share
    when: When | None = None
    max_wait: PositiveDuration | None = None
    percentile: float | None = Field(default=None, ge=50, lt=100)
    waiting: Waiting | None = None


class Features(Part):
    """Heavy work that can be computed ahead for each entity."""

    stable_share: Share
    entities: Count
    bytes: Size
    freshness: PositiveDuration
    changed_share: Share = 1.0


class Popularity(Part):
    """Zipf popularity over a catalogue."""

    zipf: Positive
    catalogue: Count


class Precompute(Part):
    """Predicted requests whose answers are stored."""

    candidates: Count
    hit_rate: Share | None = None
    popularity: Popularity | None = None
    refresh: PositiveDuration
    bytes: Size

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if (self.hit_rate is None) == (self.popularity is None):
            raise ValueError("give either hit_rate or popularity")
        return self
