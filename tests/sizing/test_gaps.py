"""Gaps of a renewal stream against drawn ones: how long nothing comes, when something does, and who follows."""

import numpy as np
import pytest

from headway.sizing.gaps import Gaps

VARIABILITIES = (0.2, 1.0, 2.7, 20.0)


@pytest.fixture(scope="module", params=VARIABILITIES)
def drawn(request: pytest.FixtureRequest) -> tuple[Gaps, np.ndarray]:
    variability = request.param
    return Gaps(variability), np.random.default_rng(1).gamma(1 / variability, variability, 400_000)


@pytest.mark.parametrize("time", [0.1, 1.0, 3.0])
def test_silence_by_requests_and_by_time(drawn: tuple[Gaps, np.ndarray], time: float) -> None:
    gaps, lengths = drawn
    assert gaps.longer(time) == pytest.approx((lengths > time).mean(), abs=0.004)
    assert gaps.silent(time) == pytest.approx(np.maximum(0, lengths - time).sum() / lengths.sum(), abs=0.01)


@pytest.mark.parametrize(("silent", "within"), [(0.0, 1.0), (1.5, 2.0)])
def test_what_comes_first_after_a_silence(drawn: tuple[Gaps, np.ndarray], silent: float, within: float) -> None:
    gaps, lengths = drawn
    moments = np.cumsum(lengths)
    at = np.random.default_rng(2).random(200_000) * moments[-1]
    following = np.searchsorted(moments, at)
    since = at - np.where(following > 0, moments[following - 1], 0.0)
    until = (moments[following] - at)[since > silent]
    comes, when = gaps.first(silent, within)
    assert comes == pytest.approx((until < within).mean(), abs=0.025)
    assert when == pytest.approx(until[until < within].mean(), rel=0.06)


@pytest.mark.parametrize("within", [0.5, 4.0, 150.0])
def test_who_follows_and_when(drawn: tuple[Gaps, np.ndarray], within: float) -> None:
    gaps, lengths = drawn
    moments = np.cumsum(lengths)
    last = np.searchsorted(moments, moments[-1] - within)
    count = np.searchsorted(moments, moments[:last] + within) - np.arange(last) - 1
    assert gaps.following(within) == pytest.approx(count.mean(), rel=0.02)
    comers = gaps.comers(within)
    assert sum(some.many for some in comers) == pytest.approx(count.mean(), rel=0.02)
    # The follower's number, over all who follow: with n of them it is (n + 1) / 2 on the mean.
    numbers = sum(some.many * some.nth for some in comers) / count.mean()
    assert numbers == pytest.approx((count * (count + 1) / 2).mean() / count.mean(), rel=0.08)
    most = int(count.max())
    starts = moments[: min(last, moments.size - most, 20_000)]
    since = np.concatenate([moments[number : starts.size + number] - starts for number in range(1, most + 1)])
    when = sum(some.many * some.time for some in comers) / count.mean()
    assert when == pytest.approx(since[since <= within].mean(), rel=0.06, abs=0.02)


def test_exponential_gaps_remember_nothing() -> None:
    gaps = Gaps(1.0)
    assert gaps.longer(2.0) == pytest.approx(gaps.silent(2.0)) == pytest.approx(np.exp(-2.0))
    assert gaps.first(0.0, 2.0) == pytest.approx(gaps.first(7.0, 2.0))
    assert gaps.longer(800.0) == gaps.silent(800.0) == 0.0


@pytest.mark.parametrize("variability", [2.7, 20.0])
def test_how_many_are_under_way_at_once_and_in_what_clumps(variability: float) -> None:
    draw, gaps = np.random.default_rng(3), Gaps(variability)
    moments = np.cumsum(draw.gamma(1 / variability, variability, 400_000))
    for time in (0.05, 3.0):
        found = np.arange(moments.size) - np.searchsorted(moments, moments - time) + 1
        assert gaps.at_once(time, 0.99) == pytest.approx(np.quantile(found, 0.99), abs=1)
        done = np.sort(moments + draw.exponential(time, moments.size))
        at = draw.random(200_000) * moments[-1]
        busy = np.searchsorted(moments, at) - np.searchsorted(done, at)
        assert gaps.peakedness(time) == pytest.approx(busy.var() / busy.mean(), rel=0.08)
