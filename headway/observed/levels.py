"""From calls at several batch sizes and concurrencies to ``model.measured``: seconds, variability, concurrency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import fmean, pstdev

from pydantic import Field

from headway.architectures.candidate import Result
from headway.errors import HeadwayError

STILL_AS_QUICK = 1.1
"""So much of a lone call's time may a call take among others, and the instance still serves them all at once."""
LEAST_CALLS = 20
"""Of a level: at the usual variability of 0.3 its mean is then known to 7 % (0.3 / sqrt(20))."""
MOST_ERRORS = 0.01
"""Share of calls that may fail; beyond it a level measures the failing, not the model."""


@dataclass(frozen=True, slots=True)
class Level:
    """Calls with ``batch`` items each, ``at_once`` of them under way all the time (a closed loop)."""

    batch: int
    at_once: int
    seconds: tuple[float, ...]
    """Of each call that was answered."""
    failed: int
    wall_s: float
    """From the first call's start to the last one's end."""

    @property
    def calls(self) -> int:
        """Answered or not."""
        return len(self.seconds) + self.failed

    @property
    def mean(self) -> float:
        """Mean seconds of a call."""
        return fmean(self.seconds)

    @property
    def variability(self) -> float:
        """Coefficient of variation."""
        return pstdev(self.seconds) / self.mean if self.mean else 0.0

    def quantile(self, share: float) -> float:
        """The time within which this share of the calls was answered."""
        return sorted(self.seconds)[max(0, ceil(share * len(self.seconds)) - 1)]

    @property
    def per_second(self) -> float:
        """Items answered a second."""
        return len(self.seconds) * self.batch / self.wall_s if self.wall_s else 0.0

    @property
    def error(self) -> float:
        """Standard error of the mean, in seconds."""
        return self.variability * self.mean / sqrt(len(self.seconds))


class Row(Result):
    """A row of ``model.measured``, and how many calls it rests on."""

    hardware: str
    batch: int
    seconds: float
    variability: float | None = None
    concurrency: int | None = None
    calls: int = Field(exclude=True)

    def fields(self) -> dict[str, object]:
        """As the profile writes it: three significant figures, unknown fields left out."""
        numbers = {"seconds": _rounded(self.seconds)}
        if self.variability is not None:
            numbers["variability"] = _rounded(self.variability, 2)
        most = {} if self.concurrency is None else {"concurrency": self.concurrency}
        return {"hardware": self.hardware, "batch": self.batch, **numbers, **most}


def enough(level: Level) -> str | None:
    """Why a level cannot be used; None where it can."""
    if level.calls and level.failed / level.calls > MOST_ERRORS:
        return f"{level.failed} of {level.calls} calls failed"
    if len(level.seconds) < LEAST_CALLS:
        return f"{len(level.seconds)} calls were answered, {LEAST_CALLS} are needed: give it more --time"
    return None


def measured_rows(hardware: str, levels: Sequence[Level], *, instances: int = 1) -> tuple[Row, ...]:
    """A row for each batch size, from the levels that can be used.

    Concurrency is the most calls at once of which none takes over a tenth longer than one alone, on one instance; the
    seconds are those among that many. A larger batch that came out quicker by noise or a hiccup takes the smaller one's
    seconds.

    Args:
        hardware: What it ran on.
        levels: Any order; the lone level (``at_once`` 1) of a batch size decides whether the batch has a row.
        instances: How many instances shared the calls.

    Raises:
        HeadwayError: No batch size has a lone level that can be used.
    """
    rows: list[Row] = []
    reasons: list[str] = []
    before: Level | None = None
    for batch in sorted({level.batch for level in levels}):
        mine = sorted((level for level in levels if level.batch == batch), key=lambda level: level.at_once)
        usable = [level for level in mine if enough(level) is None]
        if not usable or usable[0].at_once > instances:
            why = next((said for level in mine if (said := enough(level))), "no lone calls")
            reasons.append(f"batch {batch}: {why}")
            continue
        chosen = _knee(usable)
        seconds = chosen.mean
        if before is not None and rows and not _quicker(chosen, before):
            seconds = max(seconds, rows[-1].seconds)
        most = max(1, chosen.at_once // instances)
        rows.append(
            Row(hardware=hardware, batch=batch, seconds=seconds, variability=chosen.variability, concurrency=most,
                calls=len(chosen.seconds))
        )  # fmt: skip
        before = chosen
    if not rows:
        raise HeadwayError(f"nothing was measured: {'; '.join(reasons)}")
    return tuple(rows)


def _quicker(level: Level, than: Level) -> bool:
    """Whether calls are really quicker: beyond the noise of the means, and half of them too, as hiccups move means."""
    gained = than.mean - level.mean
    return gained > 3 * (than.error + level.error) and level.quantile(0.5) < than.quantile(0.5)


def still_as_quick(alone: Level, among: Level) -> bool:
    """Whether calls among others take hardly longer than one alone: half of them, so that a hiccup does not decide."""
    return among.quantile(0.5) <= STILL_AS_QUICK * alone.quantile(0.5)


def _knee(levels: Iterable[Level]) -> Level:
    """The last level before calls take longer."""
    alone, *more = levels
    chosen = alone
    for level in more:
        if not still_as_quick(alone, level):
            break
        chosen = level
    return chosen


def _rounded(value: float, figures: int = 3) -> float:
    return float(f"{value:.{figures}g}")
