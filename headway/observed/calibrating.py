"""From what happened on a stack to its calibration: a row for each assumption that enough was seen of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import exp, log, sqrt
from typing import NamedTuple

from headway.architectures.candidate import Result
from headway.assumptions import ASSUMPTIONS
from headway.errors import HeadwayError
from headway.observed.estimates import (
    Estimate,
    TooFewError,
    WorkerRun,
    idle_kept,
    lingers,
    mean_time,
    prices_against,
    retried,
    scale_outs,
    spot_misses,
    spot_survival,
    starts,
)
from headway.planning.calibration import Calibrated, Calibration

CASES, MESSAGES, CHANGES, OUTS = 30, 1000, 20, 10
"""Least numbers: of starts, departures, instances and cold starts (a mean to a fifth of its spread); of messages (a
hundredth to a third of itself); of a spot price's changes; of an endpoint's scalings out, which are alike."""
_Z99 = 2.3263478740408408


class ColdStarts(NamedTuple):
    """What a serverless endpoint or a function started anew."""

    number: float
    p50_s: float
    p99_s: float
    mean_s: float
    calls_by_hour: tuple[float, ...]


@dataclass(frozen=True)
class Happened:
    """What was read of a stack. Times in epoch seconds; what a stack has not is empty."""

    stack: str
    since: date
    until: date
    end: float
    runs: Sequence[WorkerRun] = ()
    ended: Mapping[str, Sequence[float]] = field(default_factory=dict)
    spot_prices: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    book_prices: Mapping[str, float] = field(default_factory=dict)
    spot_hours: Mapping[str, float] = field(default_factory=dict)
    messages: tuple[float, float] | None = None
    """Received and sent; None without a queue."""
    scalings: Sequence[Sequence[tuple[float, float, int]]] = ()
    """Of each endpoint's variant."""
    load_time_s: float = 0.0
    """From container start to first answer, in what an endpoint's start takes."""
    serverless: ColdStarts | None = None
    router: ColdStarts | None = None
    notes: tuple[str, ...] = ()


class Refused(Result):
    """An assumption of which too little was seen."""

    name: str
    of: str
    observations: int
    needed: int

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.name}: {self.observations} {self.of}, {self.needed} are needed"


class Change(Result):
    """An assumption before and after."""

    name: str
    unit: str
    before: float
    """What held: the last calibration, else the default."""
    now: Calibrated


class Calibrating(Result):
    """What a calibration comes to."""

    calibration: Calibration
    changes: tuple[Change, ...]
    refused: tuple[Refused, ...]
    kept: tuple[str, ...]
    """Assumptions that were observed before, and too little now: their old rows stand, with their old dates."""
    notes: tuple[str, ...]


def calibrate(happened: Happened, before: Calibration | None = None) -> Calibrating:
    """The calibration of a stack.

    Args:
        happened: What was read.
        before: The stack's last calibration.

    Raises:
        HeadwayError: Of no assumption was enough seen: names each with the count that is needed.
    """
    found: dict[str, Calibrated] = {}
    refused: list[Refused] = []
    for name, of, estimate in _estimates(happened):
        try:
            one = estimate()
        except TooFewError as error:
            refused.append(Refused(name=name, of=of, observations=error.observations, needed=error.needed))
            continue
        found[name] = Calibrated(
            name=name, value=_figures(one.value), low=_figures(one.low), high=_figures(one.high),
            observations=one.observations, of=of, since=happened.since, until=happened.until,
        )  # fmt: skip
    if not found:
        said = "; ".join(str(one) for one in refused) or "it has no queue of jobs, no messages and no endpoint"
        raise HeadwayError(f"stack {happened.stack} cannot be calibrated yet: {said}")
    old = {row.name: row for row in before.rows} if before else {}
    kept = tuple(name for name in old if name not in found)
    names = [name for name in ASSUMPTIONS if name in found or name in kept]
    rows = tuple(found.get(name) or old[name] for name in names)
    changes = tuple(
        Change(
            name=name, unit=ASSUMPTIONS[name].unit, now=row,
            before=old[name].value if name in old else ASSUMPTIONS[name].number,
        )
        for name, row in found.items()
    )  # fmt: skip
    return Calibrating(
        calibration=Calibration(stack=happened.stack, rows=rows), changes=changes, refused=tuple(refused), kept=kept,
        notes=happened.notes,
    )  # fmt: skip


_Row = tuple[str, str, Callable[[], Estimate]]


def _estimates(seen: Happened) -> Iterator[_Row]:
    """Name, what is counted, and the estimate, of what this stack has."""
    if seen.runs:
        yield from _of_batch(seen)
    if seen.messages is not None:
        received, sent = seen.messages
        yield "batch.retry_share", "messages", lambda: retried(received, sent, needed=MESSAGES)
    if seen.scalings:
        took = [seconds for one in seen.scalings for seconds in scale_outs(one)]
        less = [max(0.0, seconds - seen.load_time_s) for seconds in took]
        yield "endpoint.start", "scalings out of endpoints", lambda: mean_time(less, needed=OUTS)
    if seen.serverless is not None:
        cold = seen.serverless
        yield "serverless.cold_start_variability", "cold starts", lambda: _variability(cold)
        yield "serverless.idle_kept", "cold starts", lambda: idle_kept(cold.calls_by_hour, cold.number, needed=CASES)
    if seen.router is not None:
        router = seen.router
        yield "router.cold_start", "cold starts of the router", lambda: _cold_start(router)
        yield (
            "router.idle_kept", "cold starts of the router",
            lambda: idle_kept(router.calls_by_hour, router.number, needed=CASES),
        )  # fmt: skip


def _of_batch(seen: Happened) -> Iterator[_Row]:
    pull = ASSUMPTIONS["batch.pull"].number

    def launch() -> Estimate:
        # Batch tells one time for both: the pull stays as assumed, the launch is the rest.
        return mean_time([max(0.0, seconds - pull) for seconds in starts(seen.runs)], needed=CASES)

    yield "batch.launch", "starts of workers on fresh instances, less the image pull", launch
    yield "batch.linger", "instances", lambda: lingers(seen.runs, seen.ended, needed=CASES)
    yield "spot.miss", "departures on spot", lambda: spot_misses(seen.runs, needed=CASES)
    yield "spot.survival_15min", "quarters of an hour of spot workers", lambda: spot_survival(seen.runs, needed=CASES)
    yield (
        "spot.price", "changes of the spot price",
        lambda: prices_against(seen.spot_prices, seen.book_prices, seen.spot_hours, end=seen.end, needed=CHANGES),
    )  # fmt: skip


def _cold_start(cold: ColdStarts) -> Estimate:
    if cold.number < CASES:
        raise TooFewError(int(cold.number), CASES)
    return Estimate(cold.mean_s, cold.p50_s, cold.p99_s, int(cold.number))


def _variability(cold: ColdStarts) -> Estimate:
    """Coefficient of variation of the log-normal distribution with the cold starts' median and 99 %."""
    if cold.number < CASES:
        raise TooFewError(int(cold.number), CASES)
    sigma = log(cold.p99_s / cold.p50_s) / _Z99 if 0 < cold.p50_s < cold.p99_s else 0.0
    return Estimate(sqrt(exp(sigma * sigma) - 1), None, None, int(cold.number))


def _figures(value: float | None) -> float:
    """Three significant figures: more would be noise in a pull request."""
    return value if value is None else float(f"{value:.3g}")  # type: ignore[return-value]
