"""An hour of real requests to a language model: is what its first half hour says of rate and service time enough?

Arrivals with token counts (Azure, 2023). Service times follow from the tokens, so they are not log-normal, as formulas
take them to be, but as they come. Instances are sized by the first half hour, judged in the second.
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headway.simulation.kernels import simple_queue
from headway.sizing.queueing import response_quantile, smallest_servers
from headway.sizing.service_time import ServiceTime

NAME = "azure-llm-2023-code.csv"
PROMPT_S, TOKEN_S, CALL_S = 0.0002, 0.02, 0.05
"""Seconds a token read, a token written, a call: of a small model on one GPU."""
HALF_S, BIN_S = 1800.0, 60.0
GOALS = (1.5, 3.0, 10.0)
"""In multiples of the service time's 99th percentile."""
SLOWER = (1.0, 4.0, 16.0)
Floats = NDArray[np.float64]


class Judged(NamedTuple):
    """One service time and goal."""

    mean_s: float
    variability: float
    goal_s: float
    servers: int
    predicted_s: float
    """p99 at the busiest minute's rate, as planned."""
    p99_s: float
    """Of the second half hour, replayed."""
    within: float


def read(folder: Path) -> tuple[Floats, Floats] | None:
    """Arrival times, and the seconds each takes; None where the trace is not there."""
    path = next((one for one in (folder / NAME, folder / f"{NAME}.gz") if one.is_file()), None)
    if path is None:
        return None
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
        rows = [
            (float(r["arrival_s"]), int(r["context_tokens"]), int(r["generated_tokens"])) for r in csv.DictReader(file)
        ]
    table = np.array(sorted(rows))
    return table[:, 0], CALL_S + PROMPT_S * table[:, 1] + TOKEN_S * table[:, 2]


def judge(arrived: Floats, takes: Floats) -> list[Judged]:
    """Every service time and goal."""
    first, second = arrived < HALF_S, arrived >= HALF_S
    per_bin = np.bincount((arrived[first] // BIN_S).astype(int), minlength=round(HALF_S / BIN_S))
    # Within a minute, as bursts between minutes are the peak's already.
    local = [np.diff(arrived[first][(arrived[first] // BIN_S).astype(int) == number]) for number in range(per_bin.size)]
    variability = float(np.median([each.var() / each.mean() ** 2 for each in local if each.size > 10]))
    rate = float(per_bin.max()) / BIN_S
    found = []
    for slower in SLOWER:
        seconds = takes * slower
        service = ServiceTime(float(seconds[first].mean()), float(seconds[first].std() / seconds[first].mean()))
        for factor in GOALS:
            goal = factor * service.quantile(0.99)
            servers = smallest_servers(rate, service, goal, 0.99, ca2=max(1.0, variability))
            if servers is None:
                continue
            begins = arrived[second] - HALF_S
            took = simple_queue(begins, seconds[second], servers) - begins
            found.append(
                Judged(
                    service.mean, service.cv, goal, servers,
                    response_quantile(rate, service, servers, 0.99, ca2=max(1.0, variability)),
                    float(np.quantile(took, 0.99)), float((took <= goal).mean()),
                )
            )  # fmt: skip
    return found


def table(found: list[Judged]) -> list[str]:
    """As the report has it."""
    lines = [
        "| service, mean | variability | goal (p99) | instances | p99 planned, busiest minute | p99 replayed | within the goal |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in found:
        lines.append(
            f"| {row.mean_s:.2f} s | {row.variability:.2f} | {row.goal_s:.1f} s | {row.servers} | {row.predicted_s:.1f} s | "
            f"{row.p99_s:.1f} s | {row.within:.2%} |"
        )
    return lines
