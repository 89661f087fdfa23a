"""Departures closer together than their workers take to start and work: several fleets at once share one queue.

What one takes along is then not what the next one finds: launches follow from how many departures pass while a worker
starts, and waits from following some weeks worker by worker. Times in seconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from math import ceil, exp, inf, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headway.architectures.batch.calendar import Kind
from headway.architectures.batch.worker import Worker
from headway.assumptions import assume
from headway.traffic.demand import Demand

Floats = NDArray[np.float64]
SEED, WEEK_S = 1909, 604_800.0
MOST_BATCHES, MOST_WEEKS = 100_000, 24
"""What is followed at most."""
LEAST_DEPARTURES, MOST_DEPARTURES = 4_000, 8_000
"""Of the weeks together: with fewer, what misses spot is left to chance."""
FLEET, UNITS = 20, 12
SOMETIMES = 5.0
"""How sharply launches by the calendar pass into launches by the quota where the tick decides which comes first."""


def overlaps(worker: Worker, kind: Kind, mean: float) -> bool:
    """Whether a departure's worker still starts or works when the next one leaves."""
    work = mean * (worker.per_item_s + worker.per_batch_s / worker.batch)
    return (
        not kind.exact and mean > 0 and worker.start_s + assume("batch.tick") / 2 + min(work, kind.gap_s) > kind.gap_s
    )


def workers_launched(worker: Worker, kind: Kind, mean: float, miss: float) -> float:
    """Workers a departure launches on average.

    A departure launches nobody while the worker of one before starts: one worker in so many departures, unless what
    comes fills more quotas. After a launch the first departure may find nothing and the next one tries again.
    """
    rate = mean / kind.gap_s
    late = max(0.0, worker.last_call_s - kind.gap_s) + worker.start_s
    passed = (1 - miss) * _passed(worker.start_s, kind.gap_s) + miss * _passed(late, kind.gap_s)
    each = worker.per_item_s + worker.per_batch_s / worker.batch
    free_s = passed * kind.gap_s - worker.start_s - mean * passed * each
    # A worker that still runs leaves a few behind at any moment, or ends by its quota: then there is something to take.
    nothing = exp(-rate * free_s) if free_s > 0 else 0.0
    by_calendar = 1 / (passed + nothing / -np.expm1(-mean))
    by_quota = mean / worker.quota
    if passed < 1 + 1e-9:
        return float(max(by_calendar, by_quota))
    return float((by_calendar**SOMETIMES + by_quota**SOMETIMES) ** (1 / SOMETIMES))


def _passed(start_s: float, gap_s: float) -> float:
    """Departures from one launch to the next that sees no worker starting: each leaves up to a tick late."""
    tick, total, times = assume("batch.tick"), 1.0, 1
    while start_s - times * gap_s > -tick:
        # The difference of two ticks is triangular.
        place = min(1.0, (start_s - times * gap_s) / tick)
        total += 1 - (1 - place) ** 2 / 2 if place >= 0 else (1 + place) ** 2 / 2
        times += 1
    return total


class Line(NamedTuple):
    """The departures of one rule."""

    worker: Worker
    most: int
    minutes: tuple[int, ...]
    """Of the week."""
    early: bool = True
    """Whether full quotas leave before their departure."""


def follow(lines: Sequence[Line], demand: Demand) -> tuple[Floats, Floats]:  # noqa: C901, PLR0915 - one loop of events
    """Moments of the week (seconds from Monday) at which requests come, and how long each waits.

    Some weeks are followed worker by worker, with requests at their busiest rate for ``traffic.peak_lasts`` of each
    hour; by one seed, so that the same plan always waits alike.
    """
    times = sorted((minute * 60.0, at) for at, line in enumerate(lines) for minute in line.minutes)
    batches = demand.per_week / min(line.worker.batch for line in lines)
    enough = max(LEAST_DEPARTURES // len(times), int(MOST_BATCHES / max(batches, 1.0)))
    weeks = max(1, min(MOST_WEEKS, MOST_DEPARTURES // len(times), enough))
    thin, size = _scale(lines, demand.per_week / len(times), batches * weeks / MOST_BATCHES)
    workers = [_in_units(line.worker, size) for line in lines]
    fleets = [max(1, round(line.most / thin)) for line in lines]
    draw, tick = np.random.default_rng(SEED), assume("batch.tick")
    came = _arrivals(draw, demand, weeks, size * thin)
    planned = [(week * WEEK_S + at, which) for week in range(weeks) for at, which in times]
    number = np.arange(len(planned))
    leaves = (np.array([at for at, _ in planned]) + tick * draw.random(number.size)).tolist()
    missed = departures_missed(draw, number.size, len(times)).tolist()
    prior = [planned[0][0] - WEEK_S + (times[-1][0] - times[0][0]), *(at for at, _ in planned)]
    arrived = [*came.tolist(), inf]
    worked: list[tuple[int, int, float, float]] = []
    # What happens next: departures before last calls before pulls.
    agenda = [(at, 0, index) for index, at in enumerate(leaves)]
    fleet: list[Worker] = []
    quotas: list[int] = []
    lost: list[float] = []
    # Each of the distribution once, in an order left to chance.
    hazards = (np.log1p(-(draw.permutation(4096) + 0.5) / 4096) * 900 / log(assume("spot.survival_15min"))).tolist()
    held: dict[int, tuple[int, int]] = {}
    stuck: dict[int, tuple[int, int]] = {}
    called: dict[int, float] = {}
    fresh = set[int]()
    coming = taken = seen = living = spoken_for = upcoming = 0
    died = set[int]()
    serves: list[int] = []
    look, now, least = leaves[0], 0.0, min(worker.quota for worker in workers)

    def launch(now: float, index: int, count: int, items: int, *, on_spot: bool) -> None:
        nonlocal coming, living, spoken_for
        which = planned[index][1]
        each = _each(workers[which], fleets[which], count, items)
        for _ in range(count):
            heappush(agenda, (now + workers[which].start_s, 2, len(quotas)))
            gone = hazards[len(quotas) % len(hazards)] if on_spot else inf
            fresh.add(len(quotas))
            fleet.append(workers[which])
            serves.append(index)
            quotas.append(each)
            lost.append(now + workers[which].start_s + gone)
        # A worker about to start counts for its rule's quota, whatever it was told to take.
        coming += count * workers[which].quota
        living, spoken_for = living + count, spoken_for + count * workers[which].quota

    def send(now: float, index: int, count: int, items: int) -> None:
        """On spot, on-demand where there is no time for it, or to last call where spot is missed."""
        nonlocal coming, living, spoken_for
        worker = workers[planned[index][1]]
        if not missed[index] or worker.last_call_s == 0:
            launch(now, index, count, items, on_spot=worker.last_call_s > 0)
            return
        many, _ = stuck.get(index, (0, 0))
        stuck[index] = many + count, worker.quota
        coming, spoken_for = coming + count * worker.quota, spoken_for + count * worker.quota
        living += count
        if not many:
            called[index] = max(now, prior[index] + worker.last_call_s + tick / 2)
            heappush(agenda, (called[index], 1, index))

    def full_at() -> float:
        """The first tick at which what waits fills a quota of the departure to come: that worker leaves early."""
        if upcoming == len(planned) or not lines[planned[upcoming][1]].early or {upcoming, upcoming - 1} & died:
            return inf
        which = planned[upcoming][1]
        full = taken + spoken_for + workers[which].quota
        if full >= len(arrived) or living >= fleets[which]:
            return inf
        at = look + tick * max(0, ceil((max(arrived[full - 1], now) - look) / tick))
        return at if planned[upcoming][0] - at > tick else inf

    while agenda:
        # Mostly no quota is full before something else happens.
        filled = taken + spoken_for + least - 1
        early = full_at() if filled < came.size and arrived[filled] <= agenda[0][0] else inf
        if early <= agenda[0][0]:
            now, which = early, planned[upcoming][1]
            look = now + tick
            waiting = bisect_right(arrived, now, seen) - taken
            count = min((waiting - spoken_for) // workers[which].quota, fleets[which] - living)
            send(now, upcoming, count, 0)
            continue
        now, what, which = heappop(agenda)
        while arrived[seen] <= now:
            seen += 1
        waiting = seen - taken
        if what == 2:
            worker = fleet[which]
            if which in fresh:
                fresh.remove(which)
                coming -= worker.quota
            if which in held:
                first, take = held.pop(which)
            else:
                first, take = taken, min(worker.batch, quotas[which], waiting)
                taken += take
                quotas[which] -= take
            finish = now + worker.per_item_s * take + worker.per_batch_s
            if take > 0 and finish <= lost[which]:
                worked.append((first, take, finish, finish - now))
                heappush(agenda, (finish, 2, which))
            elif take > 0:
                # Spot takes it back: what it held waits for a worker on-demand.
                died.add(serves[which])
                held[which] = (first, take)
                heappush(agenda, (max(now, lost[which]) + worker.start_s, 2, which))
                lost[which] = inf
                fresh.add(which)
                coming += worker.quota
            else:
                living, spoken_for = living - 1, spoken_for - worker.quota
            continue
        worker, most = workers[planned[which][1]], fleets[planned[which][1]]
        if what == 1:
            # What an earlier departure's last call took along is gone.
            many, each = stuck.pop(which, (0, 0))
            coming, living, spoken_for = coming - many * each, living - many, spoken_for - many * each
            launch(
                now, which, min(-(-many * each // worker.quota), -(-waiting // worker.quota)), waiting, on_spot=False
            )
            continue
        needed = min(most, -(-(waiting - coming) // worker.quota))
        late = max(now, prior[which] + worker.last_call_s + tick / 2)
        _take_along(agenda, late if waiting > 0 and worker.last_call_s > 0 else inf, stuck, called)
        if needed > 0:
            send(now, which, needed, waiting - coming)
        elif which == upcoming and now + tick < (planned[which + 1][0] if which + 1 < len(planned) else inf):
            # Looked at twice.
            heappush(agenda, (now + tick, 0, which))
        look, upcoming = now, which + 1
    worked.sort()
    takes, done, spent = (np.array([one[column] for one in worked]) for column in (1, 2, 3))
    waits: Floats = np.repeat(done, takes) - came[:taken]
    # A unit's requests are done batch by batch.
    rounds = max(1.0, size / min(line.worker.batch for line in lines))
    waits -= np.repeat(spent, takes) * (1 - np.ceil(draw.random(taken) * rounds) / np.ceil(rounds))
    return came[:taken] % WEEK_S, waits


def departures_missed(draw: np.random.Generator, count: int, a_week: int) -> NDArray[np.bool_]:
    """Which departures miss spot: as many as expected, and as many at each time of the week.

    Left to chance alone a busy hour's departures miss it never or often, and a p99 hangs on that.
    """
    number = np.arange(count)
    in_turn = np.lexsort((draw.random(count), number % a_week))
    share = np.floor((number + draw.random()) * assume("spot.miss"))
    found = np.zeros(count, np.bool_)
    found[in_turn[1:]] = np.diff(share) > 0
    return found


def _each(worker: Worker, most: int, count: int, items: int) -> int:
    """What each of a departure's workers takes: its quota, or its part of the items where there can be no more."""
    return worker.quota if count < most else max(worker.quota, -(-items // count))


def _take_along(
    agenda: list[tuple[float, int, int]], late: float, stuck: Iterable[int], called: Mapping[int, float]
) -> None:
    """A departure counts on those that are stuck: they go with its last call where that is sooner than their own."""
    for other in stuck:
        if late < called[other]:
            heappush(agenda, (late, 1, other))


def _scale(lines: Sequence[Line], a_departure: float, too_many: float) -> tuple[float, int]:
    """How to follow fewer requests: a part of a large fleet with its part of them, else units of several of them.

    A part of at least FLEET workers sees the same queue; a unit is some batches, a small part of what a worker takes.
    """
    quota, batch = min(line.worker.quota for line in lines), min(line.worker.batch for line in lines)
    thin = max(1.0, min(too_many, a_departure / quota / FLEET))
    return thin, 1 if too_many <= thin else max(1, min(ceil(batch * too_many / thin), quota // UNITS))


def _in_units(worker: Worker, size: int) -> Worker:
    """Very many requests as fewer units of several, which take as long together: nothing else tells them apart."""
    if size == 1:
        return worker
    each = worker.per_item_s + worker.per_batch_s / worker.batch
    batch, quota = max(1, round(worker.batch / size)), max(1, round(worker.quota / size))
    return worker._replace(batch=batch, per_item_s=each * size, per_batch_s=0.0, quota=quota)


def _arrivals(draw: np.random.Generator, demand: Demand, weeks: int, size: float) -> Floats:
    """When requests, or units of so many, come."""
    share = assume("traffic.peak_lasts") / 3600
    mean = np.array(demand.mean)
    busiest = np.minimum(np.array(demand.peak) * share, mean)
    expected = np.tile(np.stack([busiest, mean - busiest], axis=1).ravel(), weeks) / size
    edges = np.arange(mean.size * weeks)[:, None] * 3600.0 + np.array([0.0, share * 3600.0])
    places = np.append(edges.ravel(), mean.size * weeks * 3600.0)
    until = np.concatenate([[0.0], np.cumsum(expected)])
    drawn = np.sort(draw.random(draw.poisson(until[-1]))) * until[-1]
    moments: Floats = np.interp(drawn, until, places)
    return moments
