"""Departures followed event by event: workers pull batches from one queue, as the runtime's do. Times in seconds.

A departure looks at what waits and starts workers for it, less what those about to start will take; spot that does not
come is replaced on-demand at the last call, its own or that of a later departure that counted on it; a worker that is
lost hands its batch to one started on-demand; a worker ends at its quota or at an empty queue (``headway_runtime``:
reconcile, worker). Between departures the dispatcher looks once a tick: a departure that sent for nobody is looked at
twice, and what fills a worker's quota before its time leaves early. Not followed: that a compute environment holds no
more workers than one departure may have, which several at once meet where far more comes than was planned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headway.simulation.compiled import compiled
from headway.simulation.kernels import pop_event, push_event

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SPOT, ON_DEMAND = 0, 1
BATCH, PER_ITEM_S, PER_BATCH_S, SIGMA, START_S = range(5)
"""Columns of a pool."""
QUOTA, MOST, LAST_CALL_S, POOL, EARLY = range(5)
"""Columns of a rule."""
LINGER_S, LEAST_S, LOST_PER_S, RETRIED = range(4)
"""Columns of what is unknown."""


@compiled
def depart(
    arrived: Floats,
    leaves: Floats,
    prior: Floats,
    rule_of: Ints,
    missed: Ints,
    ticks: Floats,
    looks: Floats,
    rules: Floats,
    pools: Floats,
    unknown: Floats,
    normals: Floats,
    uniforms: Floats,
    room: int,
    done: Floats,
    used: Floats,
) -> int:
    """Follow a stretch of departures until everything that they took is done; returns how many items they took.

    Args:
        arrived: Ascending.
        leaves: Departures, ascending. Those from the last look on are only looked ahead to: what fills their quotas.
        prior: The departure before each, which bounds its oldest item's age.
        rule_of: The rule of each departure.
        missed: 1 where spot has no capacity for it, nor for what leaves before its time.
        ticks: The dispatcher's delay at each departure, after which it looks once a tick; and at its last call.
        looks: When the dispatcher looks first and last, and its tick.
        rules: A row a rule, see the columns.
        pools: A row a pool.
        unknown: What is assumed of spot and retries.
        normals: Draws, used around.
        uniforms: The same.
        room: Workers at once at most.
        done: Filled for the items taken.
        used: A row a pool, added to: spot seconds, on-demand seconds, busy seconds, workers, departures with any.
    """  # fmt: skip
    heap_at, heap_who = np.empty(room), np.empty(room, np.int64)
    size = 0
    spare = np.arange(room - 1, -1, -1)
    left = room
    pool_of, kind = np.zeros(room, np.int64), np.zeros(room, np.int64)
    quota, first, held = np.zeros(room, np.int64), np.zeros(room, np.int64), np.zeros(room, np.int64)
    launched, lost, fresh = np.zeros(room), np.zeros(room), np.zeros(room, np.int64)
    working, counts, serves = np.zeros(room, np.int64), np.zeros(room, np.int64), np.zeros(room, np.int64)
    stuck_at, stuck_of, stuck_by, stuck_per = (
        np.full(2 * leaves.size + 1, np.inf),
        np.zeros(2 * leaves.size + 1, np.int64),
        np.zeros(2 * leaves.size + 1, np.int64),
        np.zeros(2 * leaves.size + 1, np.int64),
    )
    calls, call = 0, 0
    next_departure, taken, seen, drawn = 0, 0, 0, 0
    look_at, last_look, tick_s = looks[0], looks[1], looks[2]
    again_at, now = np.inf, looks[0]
    # Items that workers about to start count for, by pool: their rule's quota each, whatever they were told to take.
    coming = np.zeros(pools.shape[0], np.int64)
    # The same of all that live, and how many live; departures with workers, and those of which any died.
    spoken_for, living = 0, np.zeros(pools.shape[0], np.int64)
    sent, died = np.zeros(leaves.size, np.int64), np.zeros(leaves.size, np.int64)
    while True:
        leave = look = np.inf
        if next_departure < leaves.size:
            leave = leaves[next_departure] + ticks[next_departure, 0]
            if leaves[next_departure] >= last_look:
                leave = np.inf
            if again_at < leaves[next_departure]:
                look = again_at
            rule = rules[rule_of[next_departure]]
            full = taken + spoken_for + int(rule[QUOTA])
            if (
                rule[EARLY] > 0
                and full <= arrived.size
                and living[int(rule[POOL])] < rule[MOST]
                and died[next_departure] == 0
                and (next_departure == 0 or died[next_departure - 1] == 0)
            ):
                # The first tick at which what waits fills a quota.
                early = look_at + tick_s * max(0.0, np.ceil((max(arrived[full - 1], now) - look_at) / tick_s))
                if early <= last_look and leaves[next_departure] - early > tick_s:
                    look = min(look, early)
        pull = heap_at[0] if size > 0 else np.inf
        # Last calls come in the order of their departures but for their rules: the soonest of the few pending.
        soonest = -1
        for place in range(call, calls):
            if stuck_by[place] > 0 and (soonest < 0 or stuck_at[place] < stuck_at[soonest]):
                soonest = place
        due = stuck_at[soonest] if soonest >= 0 else np.inf
        now = min(leave, pull, due, look)
        if now == np.inf:
            break
        while seen < arrived.size and arrived[seen] <= now:
            seen += 1
        if now == pull:
            worker = heap_who[0]
            pop_event(heap_at, heap_who, size)
            size -= 1
            pool = pools[pool_of[worker]]
            if fresh[worker]:
                fresh[worker] = 0
                coming[pool_of[worker]] -= counts[worker]
            if working[worker]:
                done[first[worker] : first[worker] + held[worker]] = now
                working[worker], held[worker] = 0, 0
            if held[worker] == 0:
                count = min(int(pool[BATCH]), quota[worker], seen - taken)
                first[worker], held[worker] = taken, count
                taken += count
                quota[worker] -= count
            if held[worker] > 0:
                count = held[worker]
                retried = count * unknown[RETRIED]
                extra = int(retried)
                if uniforms[drawn % uniforms.size] < retried - extra:
                    extra += 1
                takes = pool[PER_BATCH_S] + pool[PER_ITEM_S] * (count + extra)
                sigma = pool[SIGMA]
                takes *= np.exp(sigma * normals[drawn % normals.size] - sigma * sigma / 2)
                drawn += 1
                if now + takes <= lost[worker]:
                    used[pool_of[worker], 2] += takes
                    working[worker] = 1
                    push_event(heap_at, heap_who, size, now + takes, worker)
                    size += 1
                    continue
                # Spot takes it back: what it held goes on-demand, with the next tick.
                end = max(now, lost[worker])
                paid = max(end - launched[worker] + unknown[LINGER_S], unknown[LEAST_S])
                used[pool_of[worker], kind[worker]] += paid
                kind[worker], launched[worker], lost[worker] = ON_DEMAND, end, np.inf
                used[pool_of[worker], 3] += 1
                fresh[worker] = 1
                coming[pool_of[worker]] += counts[worker]
                died[serves[worker]] = 1
                push_event(heap_at, heap_who, size, end + pool[START_S], worker)
                size += 1
                continue
            paid = max(now - launched[worker] + unknown[LINGER_S], unknown[LEAST_S])
            used[pool_of[worker], kind[worker]] += paid
            living[pool_of[worker]] -= 1
            spoken_for -= counts[worker]
            spare[left] = worker
            left += 1
            continue
        waiting = seen - taken
        on_last_call = now == due and due <= min(leave, look)
        again = now == again_at and now != leave
        departs = not on_last_call and (again or now == leave)
        if on_last_call:
            which = stuck_of[soonest]
        elif again:
            which = next_departure - 1
        else:
            which = next_departure
        rule = rules[rule_of[which]]
        per = int(rule[QUOTA])
        most = int(rule[MOST])
        fleet = int(rule[POOL])
        called = max(now, prior[which] + rule[LAST_CALL_S] + ticks[which, 1])
        each = per
        how = ON_DEMAND if rule[LAST_CALL_S] == 0 else SPOT
        if on_last_call:
            items = 0
            for place in range(call, calls):
                if stuck_by[place] > 0 and stuck_of[place] == which and stuck_at[place] <= now:
                    items += stuck_by[place] * stuck_per[place]
                    living[fleet] -= stuck_by[place]
                    stuck_by[place] = 0
            coming[fleet] -= items
            spoken_for -= items
            workers = min(-(-items // per), -(-waiting // per))
            while call < calls and stuck_by[call] == 0:
                call += 1
            if call == calls:
                calls = call = 0
            if workers >= most:
                each = max(per, -(-waiting // workers))
            how = ON_DEMAND
        elif departs:
            if rule[LAST_CALL_S] > 0 and waiting > 0:
                # It counts on those of earlier departures that are stuck: they go with its last call if that is sooner.
                for place in range(call, calls):
                    theirs = int(rules[rule_of[stuck_of[place]], POOL])
                    if stuck_by[place] > 0 and theirs == fleet and called < stuck_at[place]:
                        stuck_at[place], stuck_of[place] = called, which
            items = waiting - coming[fleet]
            needed = -(-items // per)
            workers = min(needed, most)
            if workers != needed:
                each = -(-items // max(workers, 1))
            if now - prior[which] >= rule[LAST_CALL_S]:
                how = ON_DEMAND
            # In the same tick it looks for what may leave early; and a tick later once more where it sent for nobody.
            look_at = now
            again_at = now + tick_s if which == next_departure and workers <= 0 else np.inf
            next_departure = which + 1
        else:
            workers = min((waiting - spoken_for) // per, most - living[fleet])
            look_at = now + tick_s
        if workers <= 0:
            continue
        used[fleet, 4] += 1 - sent[which]
        sent[which] = 1
        if how == SPOT and missed[which]:
            stuck_at[calls], stuck_of[calls], stuck_by[calls], stuck_per[calls] = called, which, workers, per
            for place in range(call, calls):
                # Last call takes together what is stuck of one departure.
                if stuck_by[place] > 0 and stuck_of[place] == which and stuck_per[place] == per:
                    stuck_by[place] += workers
                    stuck_by[calls] = 0
                    break
            if stuck_by[calls] > 0:
                calls += 1
            living[fleet] += workers
            coming[fleet] += workers * per
            spoken_for += workers * per
            continue
        for _ in range(min(workers, left)):
            left -= 1
            worker = spare[left]
            pool_of[worker], kind[worker], serves[worker] = fleet, how, which
            quota[worker], held[worker], working[worker], launched[worker], fresh[worker] = each, 0, 0, now, 1
            living[fleet] += 1
            coming[fleet] += per
            spoken_for += per
            counts[worker] = per
            ready = now + pools[pool_of[worker], START_S]
            lost[worker] = np.inf
            if how == SPOT and unknown[LOST_PER_S] > 0:
                lost[worker] = ready - np.log(1 - uniforms[drawn % uniforms.size]) / unknown[LOST_PER_S]
                drawn += 1
            used[pool_of[worker], 3] += 1
            push_event(heap_at, heap_who, size, ready, worker)
            size += 1
    return taken
