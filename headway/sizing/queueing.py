"""Queueing for live paths: how many servers keep wait + service within a goal.

Erlang B and C; waiting times of M/M/c and, by Allen-Cunneen, G/G/c; near-constant service by Cosmetatos. What users
feel is wait + service, and service varies: the wait (an atom at zero and an exponential tail) is convolved with a
log-normal service. Holds for a coefficient of variation of service up to 1.5
and gaps of a squared one up to 2; above, the simulation kernel answers.
Rates per second, times in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import ceil, inf, log, sqrt

import numpy as np
from numpy.typing import NDArray

from headway.sizing.kernel import simulate_quantile
from headway.sizing.service_time import ServiceTime

FORMULAS_UP_TO_CV, FORMULAS_UP_TO_CA2 = 1.5, 2.0
"""Beyond, the kernel answers. Gaps more variable than that come in clumps: Erlang C knows nothing of how often a
request finds the one just before it."""
GRID = 64
"""Times at which a whole distribution is worked out."""
_EDGES = np.concatenate([np.linspace(0, 0.9, 61), np.linspace(0.9, 0.99, 25)[1:], np.linspace(0.99, 1, 21)[1:]])
"""Slices of the service time's distribution, finer where a percentile looks."""
_WEIGHTS, _MIDDLES = np.diff(_EDGES), ((_EDGES[1:] + _EDGES[:-1]) / 2).tolist()


def erlang_b(load: float, servers: int) -> float:
    """Probability that all of ``servers`` are busy and a request is lost, at ``load`` erlangs.

    >>> round(erlang_b(2.0, 3), 4)
    0.2105
    """
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    return blocked


def erlang_c(load: float, servers: int) -> float:
    """Probability that a request waits in M/M/c; 1 where the queue has no steady state.

    >>> round(erlang_c(2.0, 3), 4)
    0.4444
    """
    if load >= servers:
        return 1.0
    blocked = erlang_b(load, servers)
    return blocked / (1 - load / servers * (1 - blocked))


def mean_wait(rate: float, service: ServiceTime, servers: int, ca2: float = 1.0) -> float:
    """Mean wait of G/G/c: Allen-Cunneen, with Cosmetatos' correction as service gets constant.

    Cosmetatos (1976) for M/D/c weighs in by how far service is from exponential, so cv = 1 is M/M/c exactly.
    """
    load = rate * service.mean
    if load >= servers:
        return inf
    if load == 0:
        return 0.0
    busy = load / servers
    mmc = erlang_c(load, servers) * service.mean / (servers * (1 - busy))
    cs2 = service.cv**2
    plain = (ca2 + cs2) / 2 * mmc
    if cs2 >= 1:
        return plain
    correction = 1 + (1 - busy) * (servers - 1) * (sqrt(4 + 5 * servers) - 2) / (16 * busy * servers)
    # The correction belongs to the deterministic part of service only.
    return ((ca2 - 1) / 2 + cs2 + (1 - cs2) / 2 * correction) * mmc if ca2 >= 1 else plain * correction


def response_exceeds(rate: float, service: ServiceTime, servers: int, seconds: float, *, ca2: float = 1.0) -> float:
    """Probability that wait + service is longer than ``seconds``."""
    if rate * service.mean >= servers:
        return 1.0
    wait, chance = _tail(rate, service, servers, ca2)
    return _exceeds(service, wait, chance, seconds)


@lru_cache(maxsize=8192)
def response_quantile(rate: float, service: ServiceTime, servers: int, p: float, *, ca2: float = 1.0) -> float:
    """Seconds of wait + service that a share ``p`` of requests stays within; infinite where the queue grows forever.

    Args:
        rate: Arrivals a second.
        service: Time of one request on one server.
        servers: Requests served at once.
        p: Share of requests, 0..1.
        ca2: Squared coefficient of variation of the gaps between arrivals.
    """
    if rate * service.mean >= servers:
        return inf
    if rate == 0:
        return service.quantile(p)
    if not _formulas_hold(service, ca2):
        return simulate_quantile(rate, service.mean, service.cv, servers, p, ca2)
    wait, chance = _tail(rate, service, servers, ca2)
    if chance < 1e-9:
        return service.quantile(p)
    tail = max(0.0, log(chance / (1 - p)))
    low, high = 0.0, service.quantile(p) + wait * (1 + tail) + service.mean
    while _exceeds(service, wait, chance, high) > 1 - p:
        low, high = high, high * 2
    for _ in range(40):
        middle = (low + high) / 2
        if _exceeds(service, wait, chance, middle) > 1 - p:
            low = middle
        else:
            high = middle
        if high - low < 1e-4 * high:
            break
    return high


def response_points(
    rate: float, service: ServiceTime, servers: int, shares: Sequence[float], *, ca2: float = 1.0
) -> NDArray[np.float64]:
    """Wait + service at each of the ascending shares; infinite where the queue grows forever.

    Worked out on a grid of times and read off between them, within one percent of ``response_quantile``.
    """
    if rate * service.mean >= servers or rate == 0 or service.sigma == 0 or not _formulas_hold(service, ca2):
        return np.array([response_quantile(rate, service, servers, float(share), ca2=ca2) for share in shares])
    wait, chance = _tail(rate, service, servers, ca2)
    if chance < 1e-9:
        return np.array([service.quantile(float(share)) for share in shares])
    longest = response_quantile(rate, service, servers, float(shares[-1]), ca2=ca2)
    times = np.geomspace(service.quantile(float(shares[0])) * 0.999, longest * 1.001, GRID)
    left = times[:, None] - _nodes(service)[None, :]
    late = np.where(left < 0, 0.0, _WEIGHTS * np.exp(-np.maximum(left, 0.0) / wait)).sum(axis=1)
    beyond = np.maximum(service.exceeds(times) + chance * late, 1e-12)
    found: NDArray[np.float64] = np.interp(-np.log1p(-np.asarray(shares)), -np.log(beyond), times)
    return found


def smallest_servers(
    rate: float,
    service: ServiceTime,
    goal_s: float,
    p: float,
    *,
    concurrency: int = 1,
    ca2: float = 1.0,
    most: int = 1000,
) -> int | None:
    """The fewest instances, each serving ``concurrency`` requests at once, that keep the quantile within the goal.

    None where even ``most`` do not, or where the service alone is too slow.

    >>> smallest_servers(0.14, ServiceTime(2.0, 0.3), 1800, 0.99)
    1
    """
    if service.quantile(p) > goal_s:
        return None

    def meets(count: int) -> bool:
        return response_exceeds(rate, service, count * concurrency, goal_s, ca2=ca2) <= 1 - p

    low = max(1, ceil(rate * service.mean / concurrency + 1e-12))
    if low > most:
        return None
    guess = _fewest(meets, low, most)
    if _formulas_hold(service, ca2):
        return guess

    def simulated(count: int) -> bool:
        return simulate_quantile(rate, service.mean, service.cv, count * concurrency, p, ca2) <= goal_s

    # Each number of servers is a simulation of its own: from the formula's guess on, in steps that double.
    count = most if guess is None else guess
    if not simulated(count):
        return _fewest(simulated, count + 1, most)
    step, fewer = 1, count - 1
    while fewer >= low and simulated(fewer):
        step *= 2
        count, fewer = fewer, max(low, fewer - step) if fewer > low else low - 1
    while count - fewer > 1:
        middle = (fewer + count) // 2
        count, fewer = (middle, fewer) if simulated(middle) else (count, middle)
    return count


def _fewest(meets: Callable[[int], bool], low: int, most: int) -> int | None:
    """The smallest count from ``low`` to ``most`` that meets, where more always do too."""
    if low > most:
        return None
    if meets(low):
        return low
    high = low + 1
    while not meets(high):
        low, high = high, high + max(1, high - low) * 2
        if high > most:
            return most if low < most and meets(most) else None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if meets(middle) else (middle, high)
    return high


def _formulas_hold(service: ServiceTime, ca2: float) -> bool:
    return service.cv <= FORMULAS_UP_TO_CV and ca2 <= FORMULAS_UP_TO_CA2


def _tail(rate: float, service: ServiceTime, servers: int, ca2: float) -> tuple[float, float]:
    """Mean of the exponential tail of the wait, and the chance of waiting at all."""
    chance = erlang_c(rate * service.mean, servers)
    if chance <= 0:
        return 0.0, 0.0
    return mean_wait(rate, service, servers, ca2) / chance, chance


@lru_cache(maxsize=1024)
def _nodes(service: ServiceTime) -> NDArray[np.float64]:
    """Points of the service time at the middle of each of its slices."""
    return np.array([service.quantile(share) for share in _MIDDLES])


def _exceeds(service: ServiceTime, wait: float, chance: float, seconds: float) -> float:
    """P(W + S > t): S alone exceeds t, exactly; or it does not and the exponential tail of W does, over S's nodes."""
    alone = 1 - service.cdf(seconds)
    if wait <= 0:
        return alone
    left = seconds - _nodes(service)
    return alone + chance * float(np.sum(np.where(left < 0, 0.0, _WEIGHTS * np.exp(-np.maximum(left, 0.0) / wait))))
