"""Poisson counts: probabilities, quantiles, expected batches. Means may be zero; above 10,000 the normal law serves."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, exp, floor, lgamma, log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

LARGE = 10_000.0
"""Means above this use the normal approximation: its error in a quantile is below 0.1 %."""


@lru_cache(maxsize=4096)
def pmf(mean: float) -> tuple[int, NDArray[np.float64]]:
    """``(first count, probabilities)`` that hold all but about 1e-12 of the mass.

    >>> first, p = pmf(2.0)
    >>> first, round(float(p.sum()), 9), round(float(p[0]), 6)
    (0, 1.0, 0.135335)
    """
    if mean <= 0:
        return 0, np.ones(1)
    reach = 8 * sqrt(mean) + 20
    first, last = max(0, floor(mean - reach)), ceil(mean + reach)
    counts = np.arange(first, last + 1, dtype=np.float64)
    start = -mean + first * log(mean) - lgamma(first + 1)
    logs = start + np.concatenate([[0.0], np.cumsum(np.log(mean / counts[1:]))])
    probabilities = np.exp(logs)
    probabilities.flags.writeable = False
    return first, probabilities


@lru_cache(maxsize=16_384)
def poisson_quantile(mean: float, p: float) -> int:
    """The smallest n with P(N <= n) >= p.

    >>> poisson_quantile(125.0, 0.99), poisson_quantile(0.0, 0.99)
    (152, 0)
    """
    if mean <= 0:
        return 0
    if mean > LARGE:
        return ceil(mean + NormalDist().inv_cdf(p) * sqrt(mean))
    first, probabilities = pmf(mean)
    return first + int(np.searchsorted(np.cumsum(probabilities), p - 1e-12))


def arrivals_quantile(mean: float, p: float, variability: float = 1.0) -> int:
    """The p-quantile of a window's arrivals; ``variability`` is the squared coefficient of variation of the gaps.

    A renewal stream's counts have about ``variability`` times the Poisson variance (Whitt 1982); at 1 it is Poisson.

    >>> arrivals_quantile(125.0, 0.99, 4.0) > arrivals_quantile(125.0, 0.99)
    True
    """
    if variability <= 1 or mean <= 0:
        return poisson_quantile(mean, p)
    return max(poisson_quantile(mean, p), ceil(mean + NormalDist().inv_cdf(p) * sqrt(variability * mean)))


@lru_cache(maxsize=65_536)
def expected_groups(mean: float, size: int) -> float:
    """E[ceil(N / size)] for a Poisson N: batches, or workers with a quota.

    >>> round(expected_groups(2.0, 1), 9), round(expected_groups(0.5, 100), 6)
    (2.0, 0.393469)
    """
    if mean <= 0:
        return 0.0
    if mean > LARGE:
        return mean / size + (size - 1) / (2 * size)
    first, probabilities = pmf(mean)
    counts = np.arange(first, first + probabilities.size)
    return float(np.dot(probabilities, -(-counts // size)))


def probability_of_any(mean: float) -> float:
    """P(N > 0)."""
    return 1 - exp(-mean)
