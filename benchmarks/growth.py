"""From 50 requests a day to 100 million: what it costs, which limit of AWS comes first, what the design does there.

``make growth`` writes benchmarks/GROWTH.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import NamedTuple

from benchmarks.machine import machine
from headway.architectures.asynchronous import MOST_CONCURRENT
from headway.architectures.asynchronous import MOST_INSTANCES as MOST_ASYNCHRONOUS
from headway.architectures.batch.search import BATCHES_HELD, IN_FLIGHT_MOST
from headway.architectures.design import (
    AsynchronousDesign,
    BatchDesign,
    MicroBatchDesign,
    RealtimeDesign,
    ServerlessDesign,
    SimpleDesign,
)
from headway.architectures.hybrid_design import simple_designs
from headway.architectures.microbatch.planning import MOST_CONCURRENCY
from headway.architectures.realtime import MOST_INSTANCES
from headway.architectures.serverless import MAX_CONCURRENCY
from headway.assumptions import assume
from headway.planning.plan import Plan
from headway.planning.search import plan
from headway.profile import read_profile
from headway.units import format_duration, format_usd

REPORT = Path("benchmarks/GROWTH.md")
DECADES = (50, 500, 5_000, 50_000, 500_000, 5_000_000, 50_000_000, 100_000_000)
SMALL = {"g5.xlarge": (0.2, 32, 1.6), "serverless-4GB": (0.6, 1, 0.6)}
LARGE = {"g5.xlarge": (5.0, 8, 12.0)}
LONG = {"g5.xlarge": (90.0, 4, 300.0)}
"""Seconds of one request, and of a batch of so many."""
TABLES = (("0.2 s on a g5.xlarge (32 together in 1.6 s), 0.6 s on a serverless endpoint", SMALL, ("2s", "1m", "1h", "12h")),
          ("5 s on a g5.xlarge (8 together in 12 s)", LARGE, ("30s", "1h")),
          ("90 s on a g5.xlarge (4 together in 300 s): longer than a call may last", LONG, ("10m", "1h")))  # fmt: skip
ARRAY_MOST = 10_000
"""Children of one array job (AWS Batch User Guide, quotas)."""
SUBMITS_PER_S = 50
"""SubmitJob calls a second (AWS Batch User Guide, quotas)."""
S3_PUTS_PER_S = 3_500
"""Writes a second to one prefix, before S3 has split it (Amazon S3 User Guide, optimizing performance)."""


class Limit(NamedTuple):
    """How near a design comes to something that AWS allows no more of."""

    what: str
    needed: float
    allowed: float
    then: str
    """What the design does where it is reached."""

    @property
    def used(self) -> float:
        """The share of it."""
        return self.needed / self.allowed


def limits_of(design: SimpleDesign, busiest_per_s: float) -> list[Limit]:
    """What bounds a design, the nearest first."""
    found: list[Limit] = []
    if isinstance(design, RealtimeDesign):
        found.append(Limit("endpoint instances", max(design.floors), MOST_INSTANCES, "refused with this reason"))
    elif isinstance(design, AsynchronousDesign):
        found += [
            Limit("endpoint instances", design.max_instances, MOST_ASYNCHRONOUS, "refused with this reason"),
            Limit("requests at once of an instance", design.concurrency, MOST_CONCURRENT, "the others queue"),
        ]
    elif isinstance(design, ServerlessDesign):
        found.append(Limit("serverless concurrency", design.max_concurrency, MAX_CONCURRENCY, "another architecture"))
    elif isinstance(design, MicroBatchDesign):
        functions = design.max_concurrency
        found += [
            Limit("functions of an event source", functions, MOST_CONCURRENCY, "larger batches, then refused"),
            Limit("messages in flight", functions * design.batch_size, IN_FLIGHT_MOST, "refused with this reason"),
            Limit("endpoint instances", max(design.endpoint.floors), MOST_INSTANCES, "larger batches, then refused"),
        ]
    elif isinstance(design, BatchDesign):
        pools = {pool.name: pool for pool in design.pools}
        headroom = assume("batch.fleet_headroom")
        workers = max(rule.max_workers for rule in design.departures) / headroom
        held = max(rule.max_workers / headroom * pools[rule.pool].batch_size for rule in design.departures)
        found += [
            Limit(
                "children of an array job", workers, ARRAY_MOST, f"{ceil(workers / ARRAY_MOST)} array jobs a departure"
            ),
            Limit("messages in flight", held * BATCHES_HELD, IN_FLIGHT_MOST, "smaller batches, then refused"),
            Limit("submissions in a second", ceil(workers / ARRAY_MOST), SUBMITS_PER_S, "a call an array"),
        ]
    if isinstance(design, BatchDesign | MicroBatchDesign | AsynchronousDesign):
        found.append(
            Limit("results written a second", busiest_per_s, S3_PUTS_PER_S, "S3 splits the prefix as it grows")
        )
    return sorted(found, key=lambda limit: -limit.used)


def planned(per_day: float, wait: str, model: Mapping[str, tuple[float, int, float]]) -> Plan:
    """So many requests of a model."""
    measured = [
        {"hardware": hardware, "batch": size, "seconds": seconds}
        for hardware, (alone, largest, together) in model.items()
        for size, seconds in {1: alone, largest: together}.items()
    ]
    return plan(
        read_profile(
            {
                "name": "growth", "latency": {"max_wait": wait}, "traffic": {"per_day": per_day},
                "model": {
                    "request": "20KB",
                    "measured": measured,
                },
                "team": {"complexity_tolerance": "high"},
            }
        )
    )  # fmt: skip


def row(per_day: float, wait: str, model: Mapping[str, tuple[float, int, float]]) -> str:
    """One line of the table."""
    made = planned(per_day, wait, model)
    start = f"| {per_day:,.0f} | {wait} | "
    bound = [
        f"{one.architecture}: {one.reason}"
        for one in made.candidates
        if not one.feasible and re.search(r"\bneeds (more|a concurrency|[\d,]+)", one.reason)
    ]
    if made.choice is None or made.design is None:
        return start + f"nothing | | | | {made.closest.relax if made.closest else ''} | {'; '.join(bound)} |"
    busiest = per_day / 86_400 * assume("profile.peak_factor")
    nearest = [limit for one in simple_designs(made.design).values() for limit in limits_of(one, busiest)][:1]
    choice, per_1000 = made.choice, made.choice.per_1000_requests
    said = f"{nearest[0].what} {nearest[0].needed:,.0f} of {nearest[0].allowed:,.0f}" if nearest else ""
    then = nearest[0].then if nearest else ""
    return (
        f"{start}{choice.architecture} | {format_usd(choice.monthly.expected)} | {per_1000:.3f} | "
        f"{format_duration(choice.wait.at_percentile_s)} | {said}: {then} | {'; '.join(bound)} |"
    )


def main() -> None:
    """The table."""
    lines = [
        "# Growth, on paper",
        f"Written by `make growth`: {machine()}. `headway plan` for three models, from 50 requests a day to 100 million.",
        "",
        "Which limit comes first, and what happens there: the workers of a departure are submitted as array jobs of at most "
        "10,000, so neither array size nor SubmitJob's rate ever binds; AWS Batch is the distributed engine. What binds a "
        "queue are the 120,000 messages that may be in flight, so large fleets take smaller batches; what binds micro-batches "
        "are the 1,000 functions of an event source, so they take larger ones. Beyond that a candidate is refused, and its "
        "reason names the limit: the requests then go over several stacks (each a queue, a fleet, an endpoint of its own). "
        "What binds an asynchronous endpoint are its instances: its queue is SageMaker's own, for which AWS publishes no "
        "size, only that a request leaves it after six hours at the latest, which bounds the wait that is planned, not the "
        "volume. "
        "Quotas that AWS raises on request (instances of a type, vCPUs on spot) are not limits of a design: ask for them.",
        "",
    ]
    for what, model, waits in TABLES:
        lines += [
            f"## {what}",
            "| requests a day | wait | choice | USD a month | per 1,000 requests | p99 | nearest limit: what the design does there | refused by a limit |",
            "|---:|---:|---|---:|---:|---:|---|---|",
            *(row(per_day, wait, model) for wait in waits for per_day in DECADES),
            "",
        ]
    REPORT.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
