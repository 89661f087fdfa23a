"""Queues followed request by request: arrays in, arrays out, times in seconds. First come, first served.

Each keeps its state in arrays that the caller owns, so that a month is followed hour by hour in the same memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.simulation.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@compiled
def sift_down(heap: Floats, size: int) -> None:
    """Put the first of a heap into its place."""
    value = heap[0]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = value


@compiled
def sift_up(heap: Floats, place: int) -> None:
    """Put the last of a heap into its place."""
    value = heap[place]
    while place > 0:
        parent = (place - 1) // 2
        if heap[parent] <= value:
            break
        heap[place] = heap[parent]
        place = parent
    heap[place] = value


@compiled
def push_event(times: Floats, who: Ints, size: int, time: float, whose: int) -> None:
    """Add to a heap of ``size`` events: when, and whose."""
    place = size
    while place > 0:
        parent = (place - 1) // 2
        if times[parent] <= time:
            break
        times[place], who[place] = times[parent], who[parent]
        place = parent
    times[place], who[place] = time, whose


@compiled
def pop_event(times: Floats, who: Ints, size: int) -> None:
    """Take the first of a heap of ``size``; it is one shorter then."""
    time, whose = times[size - 1], who[size - 1]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size - 1:
            break
        if child + 1 < size - 1 and times[child + 1] < times[child]:
            child += 1
        if times[child] >= time:
            break
        times[place], who[place] = times[child], who[child]
        place = child
    times[place], who[place] = time, whose


@compiled
def serve(
    arrived: Floats, service: Floats, free: Floats, state: Ints, change_at: Floats, change_by: Ints, done: Floats
) -> None:
    """A queue whose servers come and go: when each request is done.

    Args:
        arrived: Ascending.
        service: Of each request.
        free: Heap of the times at which servers are free; as long as there can ever be servers.
        state: Servers now, and the changes already made.
        change_at: Ascending times at which servers come or go.
        change_by: How many; those that go finish what they do.
        done: Filled.
    """
    size, change = state[0], state[1]
    for index in range(arrived.size):
        start = arrived[index]
        while True:
            begins = max(start, free[0]) if size > 0 else np.inf
            if change >= change_at.size or change_at[change] > begins:
                break
            for _ in range(change_by[change]):
                if size < free.size:
                    free[size] = change_at[change]
                    size += 1
                    sift_up(free, size - 1)
            for _ in range(-change_by[change]):
                if size > 1:
                    size -= 1
                    free[0] = free[size]
                    sift_down(free, size)
            change += 1
        done[index] = begins + service[index]
        free[0] = done[index]
        sift_down(free, size)
    state[0], state[1] = size, change


@compiled
def serve_sleeping(
    arrived: Floats,
    service: Floats,
    free: Floats,
    state: Floats,
    asleep_s: float,
    start_s: float,
    idle_s: float,
    done: Floats,
) -> None:
    """A queue whose servers sleep ``idle_s`` after their last work, and are all up ``asleep_s`` after a request.

    ``state``: when the last work ends (-inf at first), since when they are up, seconds they were up before that.
    """  # fmt: skip
    for index in range(arrived.size):
        at = arrived[index]
        if at > state[0] + idle_s:
            if state[0] > -np.inf:
                state[2] += state[0] + idle_s - state[1]
            # Paid from the launch, not from the alarm that asked for it.
            state[1] = at + asleep_s - start_s
            for server in range(free.size):
                free[server] = at + asleep_s
        done[index] = max(at, free[0]) + service[index]
        free[0] = done[index]
        sift_down(free, free.size)
        state[0] = max(state[0], done[index])


@compiled
def serve_warm(
    arrived: Floats, service: Floats, load: Floats, free: Floats, state: Ints, kept_s: float, done: Floats
) -> None:
    """Containers that are kept warm for a while: a request takes the one used last, else starts one, else waits.

    ``free``: when each container is free, -inf where there is none. ``state``: cold starts, refusals (429: the client
    tries again until one is free).
    """
    for index in range(arrived.size):
        at = arrived[index]
        best, empty, soonest = -1, -1, 0
        for place in range(free.size):
            if free[place] < at - kept_s:
                empty = place
            elif free[place] <= at and (best < 0 or free[place] > free[best]):
                best = place
            if free[place] < free[soonest]:
                soonest = place
        begins = at
        if best < 0 and empty >= 0:
            best = empty
            begins = at + load[index]
            state[0] += 1
        elif best < 0:
            best = soonest
            begins = free[best]
            state[1] += 1
        done[index] = begins + service[index]
        free[best] = done[index]


@compiled
def collect_batches(
    arrived: Floats, poller: Ints, pollers: int, most: int, window_s: float, until: float, batch: Ints, closed: Floats
) -> int:
    """Batches that several pollers close at ``most`` items or ``window_s`` after their first, up to a time.

    Fills each item's ``batch`` (-1: still open at ``until``) and each batch's closing time; returns how many.
    """
    count = 0
    opened = np.full(pollers, -1, np.int64)
    first, held = np.zeros(pollers), np.zeros(pollers, np.int64)
    for index in range(arrived.size):
        mine = poller[index]
        if opened[mine] >= 0 and arrived[index] > first[mine] + window_s:
            closed[opened[mine]] = first[mine] + window_s
            opened[mine] = -1
        if opened[mine] < 0:
            opened[mine] = count
            count += 1
            first[mine], held[mine] = arrived[index], 0
        batch[index] = opened[mine]
        held[mine] += 1
        if held[mine] >= most:
            closed[opened[mine]] = arrived[index]
            opened[mine] = -1
    for mine in range(pollers):
        if opened[mine] < 0:
            continue
        if first[mine] + window_s <= until:
            closed[opened[mine]] = first[mine] + window_s
        else:
            closed[opened[mine]] = np.inf
    for index in range(arrived.size):
        if closed[batch[index]] == np.inf:
            batch[index] = -1
    return count


def simple_queue(arrived: Floats, service: Floats, servers: int) -> Any:
    """When each request of a queue of so many servers is done.

    >>> simple_queue(np.array([0.0, 1.0, 2.0]), np.array([5.0, 5.0, 5.0]), 2).tolist()
    [5.0, 6.0, 10.0]
    """
    done = np.empty_like(arrived)
    free = np.zeros(servers)
    serve(arrived, service, free, np.array([servers, 0]), np.empty(0), np.empty(0, np.int64), done)
    return done
