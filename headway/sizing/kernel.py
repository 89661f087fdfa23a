"""The queue-simulation kernel: G/G/c, first come first served, where formulas do not hold.

A plan asks for hundreds of queues, and is made without a compiler at hand: so numpy follows many short queues at once,
a whole range of loads for one number of servers, and what is asked is read off between them. (The one long queue of a
replay is another matter: ``headway.simulation.kernels``.)
"""

from __future__ import annotations

from functools import cache, lru_cache
from math import exp, inf, log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SEED = 1909
"""Erlang's year: the same plan always sees the same draw."""
QUEUES, STEPS, WARM_UP = 12, 12_000, 2_000
"""Queues followed at each load, and requests of each; those of the warm-up are left out."""
FREE = np.array([0.0003, 0.003, 0.02, 0.1, 0.3, 0.5, 0.65, 0.78, 0.87, 0.93])
"""Shares of the servers that are busy."""
LEAST, STEEPER = 1e-5, 6.0
"""Load that waits for nobody, and how much more the scale of loads stretches near all of them busy."""
SHARES = np.concatenate([np.linspace(0, 0.9, 46)[:-1], np.linspace(0.9, 0.99, 46)[:-1], np.linspace(0.99, 1, 21)])
MANY = 40
"""Servers, above which one more makes no difference at the same share of them busy."""
MOST_CELLS = 40_000
"""Servers x queues in memory at once: with many servers fewer queues tell as much."""


def simulate_quantile(rate: float, mean: float, cv: float, servers: int, p: float, ca2: float = 1.0) -> float:
    """Quantile ``p`` of wait + service, in seconds; infinite where the queue grows forever.

    Gaps are gamma (exponential at ca2 = 1), service log-normal. Read off between simulated loads; beyond the largest of
    them (93 % busy) by the law of heavy traffic, a wait that grows as 1 / (1 - load).

    >>> round(simulate_quantile(0.5, 1.0, 2.0, 1, 0.99) / simulate_quantile(5.0, 0.1, 2.0, 1, 0.99), 6)
    10.0
    """
    busy = rate * mean / servers
    if busy >= 1:
        return inf
    table = _responses(
        _coarse(cv, 0.05), round(_coarse(servers, 0.03)) if servers > MANY else servers, _coarse(ca2, 0.1)
    )
    at = np.array([np.interp(p, SHARES, row) for row in table])
    if busy > FREE[-1]:
        return float(mean * (at[0] + (at[-1] - at[0]) * (1 - FREE[-1]) / (1 - busy)))
    # A wait grows as 1 / (1 - load) with much load, and with clumps of requests as a power of it with little: between
    # two loads it is read off on the scale of both, from service alone on.
    scale = _places(np.concatenate([[0.0], FREE]))
    return float(mean * np.interp(_places(np.array([busy]))[0], scale, at))


def _places(busy: Floats) -> Floats:
    found: Floats = np.log(np.maximum(busy, LEAST)) - np.log1p(-busy) * STEEPER
    return found


def _coarse(value: float, step: float) -> float:
    """The value of its kind: queues as like as that wait alike, and one simulation serves them all."""
    return exp(round(log(value) / step) * step) if value > 0 else 0.0


@lru_cache(maxsize=512)
def _responses(cv: float, servers: int, ca2: float) -> Floats:
    """Wait + service in mean service times: a row a load, service alone first, a column a share.

    The recursion of Kiefer and Wolfowitz for all queues at once: each request takes the server that is free first.
    """
    queues = max(4, min(QUEUES, MOST_CELLS // (servers * FREE.size)))
    alone, apart = _drawn(cv, ca2, queues)
    service = alone.repeat(FREE.size, axis=1)
    gaps = apart.repeat(FREE.size, axis=1) / (servers * np.tile(FREE, queues))
    came = np.zeros_like(gaps)
    np.cumsum(gaps[:-1], axis=0, out=came[1:])
    took = np.empty_like(service)
    # A row a queue: its servers lie side by side, and each queue's soonest is found by its place among all of them.
    free = np.zeros((service.shape[1], servers))
    flat, rows = free.ravel(), np.arange(service.shape[1]) * servers
    for now, takes, done in zip(came, service, took, strict=True):
        soonest = free.argmin(axis=1)
        soonest += rows
        np.maximum(flat[soonest], now, out=done)
        np.add(done, takes, out=done)
        flat[soonest] = done
    took -= came
    by_load = took[WARM_UP:].reshape(-1, queues, FREE.size)
    found = np.array([_quantiles(alone[WARM_UP:]), *(_quantiles(by_load[:, :, at]) for at in range(FREE.size))])
    # More load never waits less: what noise says otherwise is not believed.
    return np.maximum.accumulate(found, axis=0)


@lru_cache(maxsize=8)
def _drawn(cv: float, ca2: float, queues: int) -> tuple[Floats, Floats]:
    """Service times and gaps with a mean of one: a row a request, a column a queue."""
    draw = np.random.default_rng(SEED)
    sigma = sqrt(log(1 + cv * cv))
    # Each service time of the distribution once, in an order left to chance: a rare long one is neither missing nor
    # there twice, which at this variability would decide the tail.
    shares = (np.arange(STEPS * queues) + 0.5) / (STEPS * queues)
    normal = np.interp(draw.permutation(shares), *_normal_quantiles())
    service = np.exp(sigma * normal - sigma * sigma / 2).reshape(STEPS, queues)
    return service, draw.gamma(1 / ca2, ca2, (STEPS, queues))


def _quantiles(values: Floats) -> Floats:
    """At SHARES. Sorted once: numpy's own takes three times as long for so many."""
    ordered = np.sort(values, axis=None)
    places = SHARES * (ordered.size - 1)
    below = places.astype(np.int64)
    low, high = ordered[below], ordered[np.minimum(below + 1, ordered.size - 1)]
    return np.asarray(low + (high - low) * (places - below))


@cache
def _normal_quantiles() -> tuple[Floats, Floats]:
    """Shares, and the normal distribution's quantiles at them: numpy has none."""
    places = np.linspace(-6.0, 6.0, 2401)
    return np.array([NormalDist().cdf(float(place)) for place in places]), places
