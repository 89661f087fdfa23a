"""Cold starts: how often a request finds nothing warm, and the quantiles of a mixture of warm and cold."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from headway.sizing.service_time import ServiceTime

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
NODES = 14
"""Of the numerical inversion: more gain nothing in double precision (Abate and Valko 2004)."""
MOST_BUSY = 400.0
"""Requests in service, above which a container more or less is no event: as many cold starts as there."""


def cold_probabilities(rates: Sequence[float] | Floats, kept_s: float, busy_s: float = 0.0) -> Floats:
    """Chance that a request finds no warm container, at each rate of Poisson arrivals (a second).

    The container used last is taken first, so number k + 1 is wanted when k are busy, and cold when so many were not
    busy for ``kept_s``: the time in which M/M/infinity climbs from k to k + 1 is longer. That time's transform follows
    from the one below, f(k) = rate / (rate + s + k (1 - f(k - 1)) / busy_s); fixed Talbot inverts it numerically.
    Where requests take no time, it is the chance that nobody came within ``kept_s``.

    Args:
        rates: Requests a second.
        kept_s: How long an idle container stays warm.
        busy_s: Mean seconds that a request keeps its container busy.

    >>> cold_probabilities([50 / 86400], 900).round(2).tolist()
    [0.59]
    >>> cold_probabilities([0.5, 0.05], 900, 24.0).round(4).tolist()
    [0.0039, 0.0168]
    """
    flow = np.maximum(np.asarray(rates, dtype=np.float64), 1e-12)
    if busy_s > 0:
        flow = np.minimum(flow, MOST_BUSY / busy_s)
    load = flow * busy_s
    nodes, weights = _talbot(kept_s)
    most = float(load.max())
    climb = np.zeros((flow.size, NODES), dtype=np.complex128)
    # The chance of k busy, as a logarithm: exp(-load) alone vanishes.
    found, chance = np.zeros(flow.size), -load
    for busy in range(int(most + 8 * sqrt(most)) + 12 if busy_s > 0 else 1):
        leave = busy / busy_s if busy else 0.0
        climb = flow[:, None] / (flow[:, None] + nodes + leave * (1 - climb))
        longer = np.clip(((1 - climb) / nodes * weights).real.sum(axis=1), 0.0, 1.0)
        found += np.exp(chance) * longer
        chance = chance + np.log(np.maximum(load, 1e-300)) - log(busy + 1)
    return found


@lru_cache(maxsize=8)
def _talbot(time: float) -> tuple[Complexes, Complexes]:
    """Where a Laplace transform is looked at, and what each value weighs in its original at ``time``."""
    angle = np.arange(1, NODES) * pi / NODES
    scale = 2 * NODES / (5 * time)
    cotangent = 1 / np.tan(angle)
    nodes = np.asarray(scale * np.concatenate([[1 + 0j], angle * (cotangent + 1j)]), dtype=np.complex128)
    bend = 1 + 1j * (angle + (angle * cotangent - 1) * cotangent)
    weights: Complexes = scale / NODES * np.exp(nodes * time) * np.concatenate([[0.5 + 0j], bend])
    return nodes, weights


def mixed_quantile(warm: ServiceTime, load: ServiceTime, cold: float, p: float) -> float:
    """Quantile of a time that is ``warm``, and with probability ``cold`` waits for a ``load`` before.

    The cold branch is a log-normal with the sum's mean and variance (Fenton-Wilkinson).
    """
    if cold <= 0:
        return warm.quantile(p)
    mean = warm.mean + load.mean
    deviation = ((warm.mean * warm.cv) ** 2 + (load.mean * load.cv) ** 2) ** 0.5
    both = ServiceTime(mean, deviation / mean)
    if cold >= 1:
        return both.quantile(p)
    low, high = 0.0, max(warm.quantile(p), both.quantile(p))
    for _ in range(60):
        middle = (low + high) / 2
        if (1 - cold) * warm.cdf(middle) + cold * both.cdf(middle) < p:
            low = middle
        else:
            high = middle
    return high
