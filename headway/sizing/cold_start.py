"""Cold starts: how often a request finds nothing warm, and the quantiles of a mixture of warm and cold."""

from __future__ import annotations

from math import exp

from headway.sizing.service_time import ServiceTime


def cold_probability(rate: float, kept_s: float) -> float:
    """Chance that no request came within the time that idle capacity is kept (Poisson arrivals, ``rate`` a second).

    >>> round(cold_probability(50 / 86400, 900), 2)
    0.59
    """
    return exp(-rate * kept_s)


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
