"""What a load test will do at most, and cost at most, said before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from headway.architectures.candidate import Result
from headway.errors import HeadwayError
from headway.units import Money, format_duration, format_usd, to_decimal

MOST_CALLS = 200
"""Of a level: the mean is then known to a fourteenth of the variability."""
LEAST_SECONDS = 0.5
"""That a level is given."""


class Rate(NamedTuple):
    """What a second of testing costs at most; None where no price is known."""

    usd_per_second: Decimal | None
    why: str


class Budget(Result):
    """Levels to try, the time and the money that all of them together may take."""

    batches: tuple[int, ...]
    at_once: tuple[int, ...]
    seconds: float
    calls: int
    """Of all levels together, at most."""
    usd: Money | None
    """At most; None where no price is known."""
    why: str
    """How the money comes about."""

    @property
    def said(self) -> str:
        """The budget in a sentence."""
        cent = Decimal("0.01")
        money = "an unknown amount"
        if self.usd is not None:
            money = f"{format_usd(self.usd, cents=True)} at most" if self.usd >= cent else "less than USD 0.01"
        return (
            f"up to {self.calls:,} calls within {format_duration(self.seconds)}, batches of "
            f"{_listed(self.batches)}; {_listed(self.at_once)} at once; {money} ({self.why})"
        )


def make_budget(
    batches: Sequence[int], at_once: Sequence[int], *, seconds: float, most_usd: Decimal, rate: Rate
) -> Budget:
    """The budget of a load test: its time, cut where the money would not last. One call at a time is always tried.

    Raises:
        HeadwayError: Too little time or money for the levels, or a batch size or concurrency that cannot be.

    >>> rate = Rate(Decimal("0.01"), "1 x g5.xlarge")
    >>> make_budget([8, 1], [1], seconds=120, most_usd=Decimal("0.50"), rate=rate).seconds
    50.0
    """
    for name, values in (("--batches", batches), ("--at-once", at_once)):
        if not values or min(values) < 1 or max(values) > 1024:
            raise HeadwayError(f"{name}: whole numbers from 1 to 1024 are needed, such as 1,2,4")
    sizes, callers = tuple(sorted(set(batches))), tuple(sorted({1, *at_once}))
    levels = len(sizes) * len(callers)
    within = seconds
    if rate.usd_per_second:
        within = min(seconds, float(most_usd / rate.usd_per_second))
    if within < levels * LEAST_SECONDS:
        short = (
            f"--max-cost {most_usd} lasts {format_duration(within)} ({rate.why})"
            if within < seconds
            else f"--time {format_duration(seconds)}"
        )
        raise HeadwayError(f"{short}: {levels} levels need {format_duration(levels * LEAST_SECONDS)} at least")
    usd = None if rate.usd_per_second is None else rate.usd_per_second * to_decimal(within)
    return Budget(batches=sizes, at_once=callers, seconds=within, calls=MOST_CALLS * levels, usd=usd, why=rate.why)


def _listed(numbers: Sequence[int]) -> str:
    *first, last = (str(number) for number in numbers)
    return f"{', '.join(first)} and {last}" if first else last
