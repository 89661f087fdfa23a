"""What a store of answers is asked for: Zipf popularity, hit rates, and answers that nobody asks for."""

from __future__ import annotations

from math import log

import numpy as np

EXACT = 100_000
"""Terms of a harmonic number that are summed; the rest is Euler and Maclaurin's integral."""


def harmonic(count: int, alpha: float) -> float:
    """The generalised harmonic number: the sum of k^-alpha for k up to ``count``.

    >>> round(harmonic(3, 1.0), 4), round(harmonic(1_000_000, 1.0), 4)
    (1.8333, 14.3927)
    """
    head = min(count, EXACT)
    total = float(np.sum(np.arange(1, head + 1, dtype=np.float64) ** -alpha))
    if count > head:
        first, last = float(head), float(count)
        area = log(last / first) if alpha == 1 else (last ** (1 - alpha) - first ** (1 - alpha)) / (1 - alpha)
        total += area + (last**-alpha - first**-alpha) / 2
    return total


def zipf_hit_rate(stored: int, catalogue: int, alpha: float) -> float:
    """The share of requests for the ``stored`` most popular of ``catalogue`` items: H_K(alpha) / H_N(alpha).

    >>> round(zipf_hit_rate(50_000, 1_000_000, 0.9), 3)
    0.661
    """
    return harmonic(min(stored, catalogue), alpha) / harmonic(catalogue, alpha)


def distinct_asked(stored: int, hits: float, alpha: float = 0.0) -> float:
    """How many of the stored items are asked for at least once in ``hits`` requests, popular by Zipf (0: all alike).

    >>> round(distinct_asked(1000, 1000.0)), round(distinct_asked(1000, 1000.0, 1.0))
    (632, 334)
    """
    if stored <= 0 or hits <= 0:
        return 0.0
    if alpha == 0:
        return float(stored * -np.expm1(-hits / stored))
    # Beyond the exact terms popularity changes little from one rank to the next: ranks in geometric groups.
    head = np.arange(1, min(stored, EXACT) + 1, dtype=np.float64)
    share = hits / harmonic(stored, alpha)
    total = float(np.sum(-np.expm1(-share * head**-alpha)))
    if stored > EXACT:
        edges = np.geomspace(EXACT, stored, 200)
        middles, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
        total += float(np.sum(widths * -np.expm1(-share * middles**-alpha)))
    return total
