"""Plans made from some weeks, replayed on others: what was promised and billed against what came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.accuracy.weeks import FIRST_HOUR, SPLITS, Ints, Split, hourly_rates, of_weeks, peak_factor
from headway.architectures import ARCHITECTURES, Workload
from headway.architectures.candidate import Candidate
from headway.architectures.hybrid_design import Design
from headway.assumptions import assume
from headway.bill import Pricing
from headway.planning.search import plan
from headway.prices import load_book
from headway.profile import Profile, read_profile
from headway.simulation import generated, replay
from headway.traffic import Demand, build_demand
from headway.units import HOURS_PER_WEEK

CASES = {0.5: ("1.5s", "30s", "15m", "2h"), 2.0: ("5s", "60s", "30m", "4h"), 8.0: ("20s", "2m", "1h", "8h")}
"""Seconds a request takes, and the waits that are promised."""
DEPARTURES_REPEATED = 24
"""Weeks are followed so often where spot decides: few departures a week miss it."""
TOLD_WEEKS, SINGLE_WEEKS = 24, 4
"""Weeks of a traffic as the model is told it: together, and each on its own."""
STANDING = ("realtime", "asynchronous", "microbatch")
"""Architectures whose instances were sized hour by hour."""


class Told(NamedTuple):
    """Replays of weeks whose hours have the mean and the busiest ten minutes of the one that came, and nothing else."""

    p99_s: float
    """Of several weeks together."""
    weeks_s: tuple[float, ...]
    """Of single ones."""


class Row(NamedTuple):
    """One plan on the weeks it has not seen."""

    split: Split
    week: int
    """Of the unseen ones."""
    seconds: float
    goal: str
    architecture: str
    hours: int
    hours_within: int
    within: float
    p99_planned_s: float
    p99_s: float
    """Simulated."""
    p99_at_traffic_s: float
    """What the model says for the planned design under the traffic that came."""
    hours_beyond: int
    """Busier than what stands there was sized for."""
    told: Told | None
    """With those hours, if there are any."""
    p99_sized_s: float
    """Simulated, without those hours."""
    p99_sized_at_traffic_s: float
    """What the model says without those hours."""
    bill_planned: float
    bill: float
    """Simulated."""
    bill_at_traffic: float

    @property
    def p99_error(self) -> float:
        """Of the model, not of the forecast: up to the rates that the plan was sized for."""
        return self.p99_sized_at_traffic_s / self.p99_sized_s - 1

    @property
    def p99_error_beyond(self) -> float:
        """The same with the hours that are busier."""
        return self.p99_at_traffic_s / self.p99_s - 1

    @property
    def p99_error_told(self) -> float:
        """The same where an hour holds no more than the model is told of it."""
        return self.p99_at_traffic_s / self.told.p99_s - 1 if self.told else self.p99_error

    @property
    def bill_error(self) -> float:
        """Of the model, not of the forecast."""
        return self.bill_at_traffic / self.bill - 1


def profile(seconds: float, goal: str, weeks: Sequence[Ints]) -> Profile:
    """A workload with the traffic of these weeks."""
    return read_profile(
        {
            "name": "unseen",
            "latency": {"max_wait": goal},
            "traffic": {"hourly": list(hourly_rates(weeks)), "peak_factor": peak_factor(weeks)},
            "model": {
                "request": "20KB",
                "load_time": "60s",
                "measured": [
                    {"hardware": "g5.xlarge", "batch": 1, "seconds": seconds},
                    {"hardware": "g5.xlarge", "batch": 8, "seconds": seconds * 3.2},
                    {"hardware": "serverless-4GB", "seconds": seconds * 3},
                ],
            },
            "team": {"complexity_tolerance": "high"},
        }
    )


def demand_of(week: Ints, like: Demand) -> Demand:
    """A week as it came: the mean of each hour, and its busiest ten minutes."""
    hours = week.reshape(HOURS_PER_WEEK, 60)
    lasts = round(assume("traffic.peak_lasts") / 60)
    stretches = hours.reshape(HOURS_PER_WEEK, -1, lasts).sum(axis=2) * (60 / lasts)
    mean, peak = (tuple(np.roll(rates, FIRST_HOUR).tolist()) for rates in (hours.sum(axis=1), stretches.max(axis=1)))
    return replace(like, mean=mean, peak=peak)


def within_plan(week: Ints, came: Demand, planned: Demand) -> tuple[Ints, Demand, int]:
    """The week without the hours that are busier than planned, what it demands, and how many those are."""
    beyond = np.array([now > then * (1 + 1e-9) for now, then in zip(came.peak, planned.peak, strict=True)])
    kept = np.roll(~beyond, -FIRST_HOUR)
    counts = (week.reshape(HOURS_PER_WEEK, 60) * kept[:, None]).ravel()
    return counts, demand_of(counts, came), int(beyond.sum())


def rows(weeks: Sequence[Ints], splits: Sequence[Split] = SPLITS) -> Iterator[Row]:
    """Every architecture that fits, for every split, service time, goal and unseen week."""
    for split in splits:
        for seconds, goals in CASES.items():
            for goal in goals:
                declared = profile(seconds, goal, [weeks[week] for week in split.seen])
                workload = Workload(declared, build_demand(declared), Pricing(load_book(), declared.region))
                for name in ARCHITECTURES:
                    chosen = plan(declared, only=name).chosen
                    for week in split.unseen if chosen is not None else ():
                        came = replace(workload, demand=demand_of(weeks[week], workload.demand))
                        yield _row(split, week, seconds, goal, chosen, workload.demand, came, weeks[week])


def _row(
    split: Split, week: int, seconds: float, goal: str, chosen: Candidate, planned: Demand, came: Workload, counts: Ints
) -> Row:  # fmt: skip
    if chosen.design is None or chosen.wait is None or chosen.bill is None:
        raise AssertionError("what was chosen has a design")
    times = DEPARTURES_REPEATED if chosen.architecture == "batch" else 1
    outcome = replay(chosen.design, of_weeks([counts] * times), came.profile)
    architecture = ARCHITECTURES[chosen.architecture]
    p99_s, p99_model_s = outcome.p99_s or 0.0, architecture.wait(chosen.design, came).p99_s
    sized, demand, beyond = within_plan(counts, came.demand, planned)
    sized_s, sized_model_s, told = p99_s, p99_model_s, None
    if beyond and chosen.architecture in STANDING:
        sized_s = replay(chosen.design, of_weeks([sized]), came.profile).p99_s or 0.0
        sized_model_s = architecture.wait(chosen.design, replace(came, demand=demand)).p99_s
        told = _told(chosen.design, came)
    return Row(
        split, week, seconds, goal, chosen.architecture, outcome.hours_judged, outcome.hours_within,
        outcome.within or 0.0, chosen.wait.p99_s, p99_s, p99_model_s,
        beyond if chosen.architecture in STANDING else 0, told, sized_s, sized_model_s, float(chosen.bill.total.expected),
        float(outcome.monthly.total.expected), float(architecture.bill(chosen.design, came).total.expected),
    )  # fmt: skip


def _told(design: Design, came: Workload) -> Told:
    weeks = [(TOLD_WEEKS, 0), *((1, seed) for seed in range(1, SINGLE_WEEKS + 1))]
    together, *single = (
        replay(design, generated(came.demand, weeks=count, seed=seed), came.profile).p99_s or 0.0
        for count, seed in weeks
    )
    return Told(together, tuple(single))


def summary(found: Sequence[Row]) -> list[str]:
    """The figures that are held against goals, by architecture, as a table."""
    lines = [
        "| architecture | plans | hours within the goal | requests within the wait, least | p99: model against replay, "
        "median, worst | bill: model against replay, median, worst | bill as forecast, median |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name in [*dict.fromkeys(row.architecture for row in found), "all"]:
        mine = [row for row in found if name in (row.architecture, "all")]
        hours = sum(row.hours_within for row in mine) / max(1, sum(row.hours for row in mine))
        waits, bills = ([abs(error) for error in errors] for errors in _errors(mine))
        forecast = median(abs(row.bill_planned / row.bill - 1) for row in mine)
        lines.append(
            f"| {name} | {len(mine)} | {hours:.2%} | {min(row.within for row in mine):.2%} | "
            f"{median(waits):.1%}, {max(waits):.1%} | {median(bills):.1%}, {max(bills):.1%} | {forecast:.1%} |"
        )
    return lines


def details(found: Sequence[Row]) -> list[str]:
    """Every plan."""
    lines = [
        "| planned from | judged on | service | goal | architecture | hours within | within | p99 planned | model at the traffic that came | "
        "replay | hours beyond the plan | replay as told | model without them | replay without them | bill planned | "
        "model at the traffic that came | replay |",
        "|---|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in found:
        lines.append(
            f"| {row.split.named(row.split.seen)} | {row.week + 1} | {row.seconds:g} s | {row.goal} | {row.architecture} | {row.hours_within}/{row.hours} | "
            f"{row.within:.2%} | {row.p99_planned_s:,.1f} s | {row.p99_at_traffic_s:,.1f} s | {row.p99_s:,.1f} s | "
            f"{row.hours_beyond} | {f'{row.told.p99_s:,.1f} s' if row.told else ''} | {row.p99_sized_at_traffic_s:,.1f} s | {row.p99_sized_s:,.1f} s | "
            f"{row.bill_planned:,.0f} | {row.bill_at_traffic:,.0f} | {row.bill:,.0f} |"
        )
    return lines


def _errors(found: Sequence[Row]) -> tuple[list[float], list[float]]:
    return [row.p99_error for row in found], [row.bill_error for row in found]
