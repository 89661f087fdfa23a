"""Gaps between requests, as variable as the profile says: gamma, as the simulator draws them; exponential at 1.

Times are in mean gaps, so a time is also how many requests are expected in it. Much sleeps in the long gaps between
clumps, and a request that ends one brings the others of its clump: a mean and an exponential law say neither.

The incomplete gamma function is written out here (Numerical Recipes, 6.2: a series below, a continued fraction above),
because SciPy would be the largest dependency by far for this one function; the tests hold it against integration.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import exp, lgamma, log, sqrt
from typing import NamedTuple

import numpy as np

from headway.sizing.poisson import arrivals_quantile, poisson_quantile

EXACT = 1e-12
LEAST = 1e-6
POINTS, MOST_CROWDED = 8, 4.0
"""Times of those that follow a request, the closer together towards it the more clumped: by up to this power."""
RANKS = (0.5, 0.3, 0.15, 0.05)
"""Groups of those that come at a time, by how many came before."""
NORMAL = (-0.798, 0.397, 1.179, 2.063)
"""Means of the standard normal law in groups of these shares."""
SETTLED = 5.0
"""Mean gaps, times the variability and one, after which the renewal function is its asymptote to 1e-4."""


class Comers(NamedTuple):
    """Some of the requests that follow one."""

    time: float
    """When they come, in mean gaps."""
    nth: float
    """Which of the followers they are, from 1."""
    many: float
    """How many are expected."""


class Gaps(NamedTuple):
    """Of a renewal stream."""

    variability: float
    """Squared coefficient of variation."""

    def longer(self, time: float) -> float:
        """Chance that a gap is longer.

        >>> round(Gaps(1.0).longer(2.0), 4), round(Gaps(4.0).longer(2.0), 4)
        (0.1353, 0.1535)
        """
        return _upper(1 / self.variability, time / self.variability)

    def silent(self, time: float) -> float:
        """Chance that at some moment nothing has come for so long: the time's share, where ``longer`` is the gaps'.

        >>> round(Gaps(1.0).silent(2.0), 4), round(Gaps(4.0).silent(2.0), 4)
        (0.1353, 0.4092)
        """
        shape, scaled = 1 / self.variability, time / self.variability
        return max(0.0, _upper(shape + 1, scaled) - time * _upper(shape, scaled))

    def first(self, silent: float, within: float) -> tuple[float, float]:
        """Of a moment when nothing has come for so long: chance that something comes in time, and when it does.

        >>> [round(number, 4) for number in Gaps(1.0).first(5.0, 2.0)]
        [0.8647, 0.687]
        """
        before, after = self.silent(silent), self.silent(silent + within)
        comes = 1 - after / before if before > EXACT else 1.0
        if comes < EXACT:
            return 0.0, within
        mean = (self._later(silent) - self._later(silent + within) - within * after) / before if before > EXACT else 0.0
        return comes, min(within, max(0.0, mean / comes))

    def following(self, time: float) -> float:
        """Requests expected after one (the renewal function).

        >>> Gaps(1.0).following(3.0), round(Gaps(4.0).following(3.0), 2)
        (3.0, 4.39)
        """
        if self.variability == 1 or time <= 0:
            return max(0.0, time)
        if self.settled(time):
            return time + (self.variability - 1) / 2
        return sum(_come(self.variability, time))

    def settled(self, time: float) -> bool:
        """Whether so long after one it no longer matters that it came."""
        return time > SETTLED * (1 + self.variability)

    def comers(self, within: float) -> tuple[Comers, ...]:
        """Those that follow one, soon after it where they come in clumps: in all as many as ``following`` says.

        >>> for some in Gaps(4.0).comers(1.0)[:3]:
        ...     print(" ".join(f"{number:.3f}" for number in some))
        0.000 1.000 0.098
        0.000 2.092 0.010
        0.002 1.000 0.097
        """
        return _comers(self, within)

    def at_once(self, time: float, chance: float) -> int:
        """Requests under way at once with this chance, each for so long: as one finds them, and itself among clumps.

        >>> Gaps(1.0).at_once(2.0, 0.99), Gaps(8.0).at_once(0.01, 0.99)
        (6, 6)
        """
        poisson = max(1, poisson_quantile(time, chance))
        if self.variability <= 1:
            return poisson
        if self.settled(time):
            return max(poisson, 1 + arrivals_quantile(self.following(time), chance, self.variability))
        return max(poisson, 1 + sum(come > 1 - chance for come in _come(self.variability, time)))

    def peakedness(self, time: float) -> float:
        """Variance against mean of how many are under way, each for an exponential time: about a clump's size.

        At least 1. (Eckberg 1983: a renewal stream offered to servers without end.)

        >>> Gaps(1.0).peakedness(3.0), round(Gaps(8.0).peakedness(100.0), 1)
        (1.0, 4.4)
        """
        if self.variability <= 1 or time <= 0:
            return 1.0
        transform = exp(-log(1 + self.variability / time) / self.variability)
        return max(1.0, 1 / (1 - transform) - time)

    def _later(self, time: float) -> float:
        """The integral of ``silent`` beyond a time: half of E[(gap - time)+^2]."""
        shape, scaled = 1 / self.variability, time / self.variability
        squares = (1 + self.variability) * _upper(shape + 2, scaled)
        return (squares - 2 * time * _upper(shape + 1, scaled) + time**2 * _upper(shape, scaled)) / 2


@lru_cache(maxsize=65_536)
def _upper(shape: float, value: float) -> float:
    """Regularised upper incomplete gamma function."""
    if value <= 0:
        return 1.0
    scale = exp(max(-745.0, shape * log(value) - value - lgamma(shape)))
    if value < shape + 1:
        term = total = 1 / shape
        step = shape
        while term > total * EXACT:
            step += 1
            term *= value / step
            total += term
        return max(0.0, 1 - total * scale)
    # Lentz's continued fraction.
    even = value + 1 - shape
    above, below = 1e300, 1 / even
    fraction = below
    for number in range(1, 1000):
        factor = -number * (number - shape)
        even += 2
        below = 1 / (factor * below + even)
        above = even + factor / above
        fraction *= above * below
        if abs(above * below - 1) < EXACT:
            break
    return scale * fraction


@lru_cache(maxsize=16_384)
def _comers(gaps: Gaps, within: float) -> tuple[Comers, ...]:
    power = min(MOST_CROWDED, max(1.0, gaps.variability))
    edges = [within * (number / POINTS) ** power for number in range(POINTS + 1)]
    ranked = _by_normal if gaps.settled(within) else _by_number
    return tuple(
        Comers((early + late) / 2, nth, many)
        for early, late in pairwise(edges)
        for nth, many in ranked(gaps, early, late)
        if many > 0
    )


def _by_number(gaps: Gaps, early: float, late: float) -> list[tuple[float, float]]:
    """Which of the followers come between two times: the nth has come with the gamma law of n gaps."""
    before, after = _come(gaps.variability, early), _come(gaps.variability, late)
    come = np.array(after)
    come[: len(before)] -= before
    total = float(come.sum())
    if total <= 0:
        return []
    group = np.minimum(np.searchsorted(np.cumsum(RANKS), (np.cumsum(come) - come / 2) / total), len(RANKS) - 1)
    many = np.bincount(group, weights=come, minlength=len(RANKS))
    sums = np.bincount(group, weights=come * np.arange(1, come.size + 1), minlength=len(RANKS))
    return [(float(each / number), float(number)) for each, number in zip(sums, many, strict=True) if number > 0]


def _by_normal(gaps: Gaps, early: float, late: float) -> list[tuple[float, float]]:
    """The same of many: a renewal stream's counts are nearly normal, their variance ``variability`` times the mean."""
    before, after = gaps.following(early), gaps.following(late)
    # Itself, and as many more as come about any request.
    mean, spread = (before + after + gaps.variability + 1) / 2, sqrt(gaps.variability * (early + late) / 2)
    return [(max(1.0, mean + z * spread), (after - before) * rank) for z, rank in zip(NORMAL, RANKS, strict=True)]


@lru_cache(maxsize=16_384)
def _come(variability: float, time: float) -> tuple[float, ...]:
    """Chance that the first, the second ... follower has come, up to those that hardly can have."""
    found: list[float] = []
    if time <= 0:
        return ()
    while True:
        shape = (len(found) + 1) / variability
        found.append(1 - _upper(shape, time / variability))
        if found[-1] < LEAST and shape > time / variability:
            return tuple(found)
