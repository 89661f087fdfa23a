"""Service times: one request (log-normal), and a batch of b (linear in b, fitted to what was measured)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, log, sqrt
from statistics import NormalDist
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from headway.errors import HeadwayError

_NORMAL = NormalDist()


class Measured(Protocol):
    """What a measurement of the profile offers."""

    @property
    def seconds(self) -> float:
        """Mean seconds."""

    @property
    def variability(self) -> float:
        """Coefficient of variation."""

    @property
    def p50(self) -> float | None:
        """Median seconds, where measured."""

    @property
    def p99(self) -> float | None:
        """99th percentile, where measured."""


@dataclass(frozen=True, slots=True)
class ServiceTime:
    """A log-normal time of ``mean`` seconds and coefficient of variation ``cv``.

    >>> round(ServiceTime(2.0, 0.3).quantile(0.99), 2)
    3.79
    """

    mean: float
    cv: float

    @classmethod
    def from_measurement(cls, measured: Measured) -> ServiceTime:
        """From mean and variability, or from p50 and p99 where both were measured."""
        if measured.p50 and measured.p99 and measured.p99 >= measured.p50:
            sigma = log(measured.p99 / measured.p50) / _NORMAL.inv_cdf(0.99)
            return cls(measured.p50 * exp(sigma * sigma / 2), sqrt(exp(sigma * sigma) - 1))
        return cls(measured.seconds, measured.variability)

    @property
    def sigma(self) -> float:
        """Standard deviation of the logarithm."""
        return sqrt(log(1 + self.cv * self.cv))

    @property
    def mu(self) -> float:
        """Mean of the logarithm."""
        return log(self.mean) - self.sigma**2 / 2

    def quantile(self, p: float) -> float:
        """Seconds that a share ``p`` of requests stays within."""
        if self.sigma == 0:
            return self.mean
        return exp(self.mu + self.sigma * _NORMAL.inv_cdf(p))

    def cdf(self, seconds: float) -> float:
        """Share of requests that take no longer than ``seconds``."""
        if self.sigma == 0:
            return 1.0 if seconds >= self.mean else 0.0
        return _NORMAL.cdf((log(seconds) - self.mu) / self.sigma) if seconds > 0 else 0.0

    def exceeds(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of requests that take longer than each of ``seconds``, all above 0; to one in a million."""
        if self.sigma == 0:
            return np.where(seconds >= self.mean, 0.0, 1.0)
        found: NDArray[np.float64] = 1 - np.interp((np.log(seconds) - self.mu) / self.sigma, *_normal_table())
        return found


@cache
def _normal_table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The normal distribution function at many places, to be read off between them: numpy has none."""
    places = np.linspace(-8.0, 8.0, 8001)
    return places, np.array([_NORMAL.cdf(float(place)) for place in places])


@dataclass(frozen=True, slots=True)
class BatchTime:
    """Seconds of a batch of b items: ``alpha b + beta``, for b up to the ``largest`` measured.

    ``residual`` is the largest relative error of the fit; ``points`` how many were measured.
    """

    alpha: float
    beta: float
    largest: int
    residual: float
    points: int

    def seconds(self, batch: int) -> float:
        """l(b).

        Raises:
            HeadwayError: A batch larger than any measured one.
        """
        if batch > self.largest:
            raise HeadwayError(f"a batch of {batch} was not measured (largest: {self.largest})")
        return self.alpha * batch + self.beta

    @classmethod
    def fit(cls, measured: Sequence[tuple[int, float]]) -> BatchTime:
        """Exact through one or two points, least squares with alpha, beta >= 0 through more.

        One point gives no intercept: alpha = seconds / b, beta = 0, and ``points`` says so.

        >>> time = BatchTime.fit([(1, 2.0), (8, 6.4)])
        >>> round(time.alpha, 4), round(time.beta, 4), round(time.seconds(8), 3)
        (0.6286, 1.3714, 6.4)
        """
        points = sorted(measured)
        largest = points[-1][0]
        if len(points) == 1:
            batch, seconds = points[0]
            return cls(seconds / batch, 0.0, largest, 0.0, 1)
        count = len(points)
        mean_b = sum(b for b, _ in points) / count
        mean_s = sum(s for _, s in points) / count
        spread = sum((b - mean_b) ** 2 for b, _ in points)
        alpha = sum((b - mean_b) * (s - mean_s) for b, s in points) / spread
        beta = mean_s - alpha * mean_b
        if alpha < 0:
            alpha, beta = 0.0, mean_s
        elif beta < 0:
            alpha, beta = sum(b * s for b, s in points) / sum(b * b for b, _ in points), 0.0
        residual = max(abs(alpha * b + beta - s) / s for b, s in points)
        return cls(alpha, beta, largest, residual, count)
