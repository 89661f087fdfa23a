"""Queues beyond their capacity against SimPy, which knows nothing of backlogs: arrivals of minutes, servers, a clock."""

import random
from itertools import pairwise

import numpy as np
import pytest

from headway.sizing.overload import Hour, Load, Overloaded, Tracking
from headway.sizing.service_time import ServiceTime
from tests.simulation.oracle import endpoint

SERVICE = ServiceTime(12.0, 0.3)
SLOTS = 4
FULL = SLOTS / SERVICE.mean
PEAK_S = 600


def simulated(hours: list[tuple[float, float]], runs: int) -> list[tuple[list[float], list[float]]]:
    """Waits in the quiet and the busy part of each hour: loads of both, the busy one in each place of it as often."""
    draw = random.Random(4)
    found: list[tuple[list[float], list[float]]] = [([], []) for _ in hours]
    for run in range(runs):
        arrived: list[float] = []
        places: list[tuple[int, int]] = []
        for hour, (quiet, busy) in enumerate(hours):
            begins = run // 6**hour % 6 * PEAK_S
            edges = [0, begins, begins + PEAK_S, 3600]
            for (start, end), load in zip(pairwise(edges), (quiet, busy, quiet), strict=True):
                now = start + draw.expovariate(load * FULL)
                while now < end:
                    arrived.append(hour * 3600 + now)
                    places.append((hour, int(load is busy)))
                    now += draw.expovariate(load * FULL)
        waits = endpoint(arrived, lambda: draw.lognormvariate(SERVICE.mu, SERVICE.sigma), [(0, SLOTS)], 0.0)
        for (hour, part), wait in zip(places, waits, strict=True):
            found[hour][part].append(wait)
    return found


def hour_of(quiet: float, busy: float, floor: int = SLOTS) -> Hour:
    return Hour(Load(quiet * FULL, SERVICE), Load(busy * FULL, SERVICE), PEAK_S, floor)


@pytest.mark.slow
def test_a_peak_above_capacity_is_worked_off_by_those_who_come_after_it_as_in_simpy():
    loads = [(0.8, 1.3), (0.7, 1.1)]
    theirs = simulated(loads, runs=72)
    endpoint = Overloaded(SLOTS, 1, 1.0)
    mine = [endpoint.hour(hour_of(*each)) for each in loads]
    for hour, parts in enumerate(theirs):
        for name, waits, part in zip(("quiet", "busy"), mine[hour], parts, strict=True):
            assert np.mean(waits) == pytest.approx(np.mean(part), rel=0.12), (hour, name)
            assert np.quantile(waits, 0.95) == pytest.approx(np.quantile(part, 0.95), rel=0.15), (hour, name)


def test_the_wait_of_a_stretch_above_capacity_grows_by_the_excess():
    waits = Overloaded(40, 1, 1.0).hour(hour_of(0.3, 13.0, 40))
    # A load of 1.3 for ten minutes: three minutes at its end, half of that in its middle, and the service.
    assert np.median(waits.busy) == pytest.approx(90 + 12, rel=0.06)
    assert np.quantile(waits.busy, 0.99) == pytest.approx(180 + 20, rel=0.05)


def test_an_hour_above_capacity_is_waited_for_in_the_next_ones():
    endpoint = Overloaded(SLOTS, 1, 1.0)
    endpoint.hour(hour_of(1.2, 1.3))
    assert not endpoint.settled
    calm = endpoint.hour(hour_of(0.6, 0.6))
    # The hour leaves 0.2 x 3600 + 0.1 x 600 seconds, which 0.4 a second take half an hour to work off.
    assert (calm.quiet > 60).mean() == pytest.approx(720 / 3600 / 0.4, rel=0.15)
    endpoint.hour(hour_of(0.6, 0.6))
    assert endpoint.settled


def test_target_tracking_ends_what_a_fixed_count_does_not():
    hour = hour_of(1.1, 1.2)
    tracking = Tracking(60 * FULL / SLOTS * 0.9, 10, 360, 60, 300)
    fixed, tracked = Overloaded(SLOTS, 1, 1.0), Overloaded(SLOTS, 1, 1.0, tracking)
    standing, added = fixed.hour(hour), tracked.hour(hour)
    assert np.median(standing.quiet) == pytest.approx(12 + 0.1 * 1800 + 30, rel=0.15)
    # Three minutes until it is seen, six until the added ones serve; then the backlog is worked off.
    assert np.quantile(added.quiet, 0.99) < 150
    assert np.median(added.quiet) < 25
    assert not fixed.settled
    assert tracked.settled


def test_the_same_hours_wait_the_same():
    first, second = (Overloaded(SLOTS, 1, 2.0).hour(hour_of(0.9, 1.1)) for _ in range(2))
    assert (first.quiet == second.quiet).all()
    assert (first.busy == second.busy).all()
