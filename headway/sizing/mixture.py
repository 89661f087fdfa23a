"""Weighted points of a time: the quantiles of a mixture of several ways to wait."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
EDGES = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0])
"""Slices of a distribution, finer where percentiles look."""
SHARES, SLICES = (EDGES[1:] + EDGES[:-1]) / 2, np.diff(EDGES)
"""The middle of each slice, and what it weighs."""


class Mixture:
    """Points and their weights, collected branch by branch.

    >>> mixture = Mixture()
    >>> mixture.add(np.array([1.0, 2.0]), 3.0)
    >>> mixture.add(np.array([10.0]), 1.0)
    >>> mixture.quantile(0.5), mixture.quantile(0.9)
    (2.0, 10.0)
    """

    def __init__(self) -> None:
        self._points: list[Array] = []
        self._weights: list[Array] = []

    def add(self, points: Array, weight: float, shares: Array | None = None) -> None:
        """A branch of points that together weigh ``weight``: equally likely, or with their shares of it."""
        if weight > 0 and points.size:
            self._points.append(points)
            each = np.full(points.size, 1 / points.size) if shares is None else shares
            self._weights.append(weight * each)

    def quantile(self, p: float) -> float:
        """The point that a share ``p`` of the weight stays within; 0 where nothing was added."""
        return self.quantiles(p)[0]

    def quantiles(self, *shares: float) -> tuple[float, ...]:
        """Several quantiles at once."""
        if not self._points:
            return (0.0,) * len(shares)
        points, weights = np.concatenate(self._points), np.concatenate(self._weights)
        order = np.argsort(points)
        cumulated = np.cumsum(weights[order])
        places = np.searchsorted(cumulated, np.array(shares) * cumulated[-1] * (1 - 1e-12))
        return tuple(float(points[order][min(place, points.size - 1)]) for place in places)
