"""The same queue and the same requests in three simulators, Headway, SimPy and Ciw: requests a second, and the p99.

Each gets the arrivals and service times of an eight-server queue at 80 % load as lists; who follows them differs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

SERVERS, LOAD = 8, 0.8
OURS, SIMPYS, CIWS = 5_000_000, 40_000, 20_000
"""Requests that each follows: as many as take about a second."""


class Measured(NamedTuple):
    """One simulator's run."""

    name: str
    requests: int
    per_second: float
    p99_s: float
    same: float
    """The 99th percentile of ours on just these requests."""


def requests(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Poisson arrivals, log-normal service times of mean 1."""
    draw = np.random.default_rng(7)
    return np.cumsum(draw.exponential(1 / (SERVERS * LOAD), count)), draw.lognormal(-0.125, 0.5, count)


def ours(arrived: np.ndarray, service: np.ndarray) -> np.ndarray:
    """Headway's kernel."""
    from headway.simulation.kernels import simple_queue

    done: np.ndarray = simple_queue(arrived, service, SERVERS)
    return done - arrived


def simpy_waits(arrived: np.ndarray, service: np.ndarray) -> np.ndarray:
    """SimPy: a process a request, a resource for the servers."""
    import simpy

    environment = simpy.Environment()
    servers = simpy.Resource(environment, SERVERS)
    took = np.empty(arrived.size)

    def request(index: int, takes: float) -> Iterator[Any]:
        came = environment.now
        with servers.request() as turn:
            yield turn
            yield environment.timeout(takes)
        took[index] = environment.now - came

    def source() -> Iterator[Any]:
        for index, (at, takes) in enumerate(zip(arrived.tolist(), service.tolist(), strict=True)):
            yield environment.timeout(at - environment.now)
            environment.process(request(index, takes))

    environment.process(source())
    environment.run()
    return took


def ciw_waits(arrived: np.ndarray, service: np.ndarray) -> np.ndarray:
    """Ciw: a node with so many servers, arrivals and services in sequence."""
    import ciw

    gaps = np.diff(arrived, prepend=0.0)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([*gaps.tolist(), float("inf")])],
        service_distributions=[ciw.dists.Sequential(service.tolist())],
        number_of_servers=[SERVERS],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(arrived.size, method="Finish")
    records = sorted(simulation.get_all_records(), key=lambda row: row.arrival_date)
    return np.array([row.exit_date - row.arrival_date for row in records])


def measure() -> list[Measured]:
    """All three; ours compiled before the clock starts."""
    ours(*requests(1000))
    found = []
    runs: list[tuple[str, Callable[[np.ndarray, np.ndarray], np.ndarray], int]] = [
        ("headway", ours, OURS), ("SimPy", simpy_waits, SIMPYS), ("Ciw", ciw_waits, CIWS),
    ]  # fmt: skip
    for name, follow, count in runs:
        arrived, service = requests(count)
        started = time.perf_counter()
        took = follow(arrived, service)
        seconds = time.perf_counter() - started
        same = ours(arrived[: took.size], service[: took.size])
        found.append(
            Measured(
                name, took.size, took.size / seconds, float(np.quantile(took, 0.99)), float(np.quantile(same, 0.99))
            )
        )
    return found
