"""Independent oracles in SimPy: a fleet of departures as processes, sharing nothing with what is under test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import ceil
from typing import Any, NamedTuple

import simpy


class Fleet(NamedTuple):
    """One rule and its workers."""

    quota: int
    most: int
    last_call_s: float
    batch: int
    per_item_s: float
    per_batch_s: float
    start_s: float
    linger_s: float = 120.0
    early: bool = False
    tick_s: float = 60.0


def departures(
    arrived: Sequence[float], leaves: Sequence[float], missed: Sequence[bool], fleet: Fleet, first_prior: float
) -> tuple[list[float], float, float, int]:
    """When each item is done, spot and on-demand seconds paid, workers; without delays of ticks, losses and retries.

    Between departures the dispatcher looks every ``tick_s``: once more where a departure sent for nobody, and for full
    quotas that may leave early.
    """
    environment = simpy.Environment()
    waiting: list[int] = []
    done = [float("inf")] * len(arrived)
    paid = {"spot": 0.0, "on_demand": 0.0}
    count = {"coming": 0, "workers": 0, "living": 0}
    stuck: dict[int, int] = {}

    def source() -> Iterator[Any]:
        for index, at in enumerate(arrived):
            yield environment.timeout(at - environment.now)
            waiting.append(index)

    def worker(how: str, quota: int) -> Iterator[Any]:
        launched = environment.now
        count["coming"] += fleet.quota
        count["living"] += 1
        count["workers"] += 1
        yield environment.timeout(fleet.start_s)
        count["coming"] -= fleet.quota
        while quota and waiting:
            mine = [waiting.pop(0) for _ in range(min(fleet.batch, quota, len(waiting)))]
            quota -= len(mine)
            yield environment.timeout(fleet.per_batch_s + fleet.per_item_s * len(mine))
            for index in mine:
                done[index] = environment.now
        count["living"] -= 1
        paid[how] += environment.now - launched + fleet.linger_s

    def last_call(number: int, prior: float) -> Iterator[Any]:
        yield environment.timeout(prior + fleet.last_call_s - environment.now)
        workers = stuck.pop(number)
        count["coming"] -= workers * fleet.quota
        count["living"] -= workers
        missing = min(workers, ceil(len(waiting) / fleet.quota))
        each = max(fleet.quota, ceil(len(waiting) / missing)) if missing >= fleet.most else fleet.quota
        for _ in range(missing):
            environment.process(worker("on_demand", each))

    def send(number: int, prior: float, workers: int, quota: int) -> None:
        if not missed[number]:
            for _ in range(workers):
                environment.process(worker("spot", quota))
        elif workers > 0:
            if number not in stuck:
                environment.process(last_call(number, prior))
            stuck[number] = stuck.get(number, 0) + workers
            count["coming"] += workers * fleet.quota
            count["living"] += workers

    def depart(number: int, prior: float) -> bool:
        items = len(waiting) - count["coming"]
        needed = ceil(items / fleet.quota)
        workers = min(needed, fleet.most)
        send(number, prior, workers, fleet.quota if workers == needed else ceil(items / max(workers, 1)))
        return workers > 0

    def leave_early(number: int, prior: float) -> None:
        if fleet.early and number < len(leaves) and leaves[number] - environment.now > fleet.tick_s:
            full = (len(waiting) - count["living"] * fleet.quota) // fleet.quota
            send(number, prior, min(full, fleet.most - count["living"]), fleet.quota)

    def calendar() -> Iterator[Any]:
        prior = before = first_prior
        sent = True
        for number, at in enumerate([*leaves, float("inf")]):
            look = prior if number else prior + fleet.tick_s
            while look < at:
                if number == 0 or look > prior:
                    yield environment.timeout(look - environment.now)
                    if number and look == prior + fleet.tick_s and not sent:
                        depart(number - 1, before)
                yield environment.timeout(0)  # Who was sent for has his job by now.
                leave_early(number, prior)
                look += fleet.tick_s
                if number == len(leaves) and look > prior + fleet.tick_s:
                    return
            yield environment.timeout(at - environment.now)
            sent = depart(number, prior)
            before, prior = prior, at

    environment.process(source())
    environment.process(calendar())
    environment.run()
    return done, paid["spot"], paid["on_demand"], count["workers"]


def endpoint(
    arrived: Sequence[float], takes: Callable[[], float], floors: Sequence[tuple[float, int]], overhead_s: float
) -> list[float]:
    """Waits of requests to servers whose number is what ``floors`` says from each time on."""
    environment = simpy.Environment()
    free = simpy.Store(environment)
    waits = [0.0] * len(arrived)
    count = {"now": 0, "surplus": 0}

    def fleet() -> Iterator[Any]:
        for at, wanted in floors:
            yield environment.timeout(at - environment.now)
            more = wanted - count["now"]
            count["now"] = wanted
            for _ in range(max(0, more)):
                yield free.put(object())
            count["surplus"] += max(0, -more)

    def request(index: int) -> Iterator[Any]:
        server = yield free.get()
        yield environment.timeout(takes())
        waits[index] = environment.now - arrived[index] + overhead_s
        if count["surplus"]:
            count["surplus"] -= 1
        else:
            yield free.put(server)

    def source() -> Iterator[Any]:
        for index, at in enumerate(arrived):
            yield environment.timeout(at - environment.now)
            environment.process(request(index))

    environment.process(fleet())
    environment.process(source())
    environment.run()
    return waits


def microbatches(
    arrived: Sequence[float], poller_of: Sequence[int], most: int, window_s: float, takes: Callable[[int], float],
    servers: int, before_s: float, after_s: float,
) -> tuple[list[float], int]:  # fmt: skip
    """Waits of items that pollers collect, each in batches of its own, for a few servers; and how many batches."""
    environment = simpy.Environment()
    endpoint = simpy.Resource(environment, servers)
    waits = [0.0] * len(arrived)
    opened: dict[int, list[int]] = {}
    closed = {"batches": 0}

    def answer(items: list[int]) -> Iterator[Any]:
        closed["batches"] += 1
        yield environment.timeout(before_s)
        with endpoint.request() as turn:
            yield turn
            yield environment.timeout(takes(len(items)))
        for index in items:
            waits[index] = environment.now + after_s - arrived[index]

    def window(poller: int, items: list[int]) -> Iterator[Any]:
        yield environment.timeout(window_s)
        if opened.get(poller) is items:
            del opened[poller]
            environment.process(answer(items))

    def source() -> Iterator[Any]:
        for index, at in enumerate(arrived):
            yield environment.timeout(at - environment.now)
            poller = poller_of[index]
            items = opened.get(poller)
            if items is None:
                items = opened[poller] = []
                environment.process(window(poller, items))
            items.append(index)
            if len(items) == most:
                del opened[poller]
                environment.process(answer(items))

    environment.process(source())
    environment.run()
    return waits, closed["batches"]


def batching_endpoint(
    arrived: Sequence[float], most: int, delay_s: float, takes: Callable[[int], float], instances: int, places: int
) -> list[float]:
    """When each request is done by instances that gather batches; each to the one with the fewest, by turns."""
    environment = simpy.Environment()
    done = [0.0] * len(arrived)
    waiting: list[list[int]] = [[] for _ in range(instances)]
    outstanding = [0] * instances
    news = [environment.event() for _ in range(instances)]

    def place(mine: int) -> Iterator[Any]:
        """One of an instance's places for a batch."""
        while True:
            queue = waiting[mine]
            while not queue or (len(queue) < most and environment.now < arrived[queue[0]] + delay_s):
                left = [environment.timeout(arrived[queue[0]] + delay_s - environment.now)] if queue else []
                yield environment.any_of([news[mine], *left])
            batch = [queue.pop(0) for _ in range(min(most, len(queue)))]
            yield environment.timeout(takes(len(batch)))
            outstanding[mine] -= len(batch)
            for index in batch:
                done[index] = environment.now

    def source() -> Iterator[Any]:
        last = -1
        for index, at in enumerate(arrived):
            yield environment.timeout(at - environment.now)
            turns = [(last + turn) % instances for turn in range(1, instances + 1)]
            last = min(turns, key=lambda one: outstanding[one])
            outstanding[last] += 1
            waiting[last].append(index)
            told, news[last] = news[last], environment.event()
            told.succeed()

    for instance in range(instances):
        for _ in range(places):
            environment.process(place(instance))
    environment.process(source())
    environment.run(until=arrived[-1] + 1000)
    return done
