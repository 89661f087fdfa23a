"""Batching on the server: containers of a real-time endpoint that gather what comes at once into batches.

Triton's and TorchServe's dynamic batching do so. No design sets it: it lies in the container or its artifact, and a
replay tells what it would bring (``headway simulate --batching``). Each instance gathers for itself: a batch starts
when a place for it is free and ``most`` requests wait, or the oldest has waited ``delay_s``. Requests go to the
instance with the fewest outstanding ones, by turns where several have as few (the component sets
LEAST_OUTSTANDING_REQUESTS). An instance that goes finishes what it has.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headway.architectures.design import RealtimeDesign
from headway.errors import HeadwayError
from headway.simulation.compiled import compiled
from headway.simulation.kernels import pop_event, push_event
from headway.simulation.servers import Scaler
from headway.sizing.service_time import BatchTime
from headway.units import HOURS_PER_WEEK

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PENDING, CHANGED, LAST, BATCHES = range(4)
"""Places of the state: events to come, changes made, the instance that got the last request, batches started."""


class Batching(NamedTuple):
    """What the container is told.

    ``max_batch_size`` and ``max_queue_delay`` of Triton, ``batch_size`` and ``max_batch_delay`` of TorchServe.

    >>> Batching(8, 0.05).checked(BatchTime.fit([(1, 0.2), (32, 1.6)]), "g5.xlarge")
    Batching(most=8, delay_s=0.05, instances=None)
    """

    most: int
    """Requests of a batch."""
    delay_s: float
    """So long the oldest waits for others while the model is free."""
    instances: int | None = None
    """So many all week instead of the design's floors and tracking: how many of them would do?"""

    def on(self, design: RealtimeDesign) -> RealtimeDesign:
        """The design with these instances."""
        count = self.instances
        if count is None:
            return design
        standing = {"floors": (count,) * HOURS_PER_WEEK, "max_instances": count}
        return design.model_copy(update={**standing, "autoscaled": False, "invocations_per_instance": None})

    def checked(self, time: BatchTime, hardware: str) -> Batching:
        """Itself.

        Raises:
            HeadwayError: Nobody measured what a batch of so many takes.
        """
        if self.most < 1 or self.delay_s < 0 or (self.instances is not None and self.instances < 1):
            raise HeadwayError(
                f"batches of {self.most} after {self.delay_s:g} s: at least 1, after 0 s or more, on 1 instance or more"
            )
        if self.most > time.largest:
            raise HeadwayError(
                f"a batch of {self.most} was not measured on {hardware} (largest: {time.largest}): add it to "
                "model.measured"
            )
        if time.points < 2 and self.most > 1:
            raise HeadwayError(
                f"one batch size alone was measured on {hardware}, which does not tell what another takes: add a "
                "second one to model.measured"
            )
        return self


@compiled
def serve_batches(
    arrived: Floats,
    noise: Floats,
    home: Ints,
    carried: int,
    most: int,
    delay_s: float,
    per_item_s: float,
    per_batch_s: float,
    places: int,
    until: float,
    event_at: Floats,
    event_of: Ints,
    state: Ints,
    instances: Ints,
    change_at: Floats,
    change_by: Ints,
    done: Floats,
) -> float:
    """Instances that each gather batches, followed up to a time; returns the seconds that the batches take.

    Args:
        arrived: Ascending but for the first ``carried`` that still wait from before, the oldest first on each instance.
        noise: Factor on the time of a batch, by its first request.
        home: The instance of each; given for those carried, filled for the others.
        carried: How many.
        most: Requests of a batch.
        delay_s: So long the oldest waits for others.
        per_item_s: Of a batch.
        per_batch_s: The same.
        places: Batches that an instance works on at once.
        until: Arrivals and events up to here.
        event_at: Heap of times: batches that end, and oldest ones that have waited long enough.
        event_of: What each is: instance and requests that are done.
        state: See the places.
        instances: A row each for outstanding requests, batches in work, being there, being timed.
        change_at: Ascending times at which instances come or go.
        change_by: How many.
        done: Filled; infinite where a request still waits.
    """  # fmt: skip
    outstanding, busy, there, timed = instances[0], instances[1], instances[2], instances[3]
    count = outstanding.size
    head, tail, waiting = np.full(count, -1), np.full(count, -1), np.zeros(count, np.int64)
    following = np.full(arrived.size, -1)
    spent, index, now = 0.0, 0, -np.inf
    while True:
        arrives = index < carried
        which = home[index] if arrives else -1
        if not arrives:
            comes = arrived[index] if index < arrived.size else np.inf
            ends = event_at[0] if state[PENDING] > 0 else np.inf
            changes = change_at[state[CHANGED]] if state[CHANGED] < change_at.size else np.inf
            now = min(comes, ends, changes)
            if now > until or now == np.inf:
                return spent
            if now == changes:
                more = change_by[state[CHANGED]]
                for _ in range(abs(more)):
                    # Who comes and who goes has the least to do.
                    least = -1
                    for one in range(count):
                        if there[one] == (more < 0) and (least < 0 or outstanding[one] < outstanding[least]):
                            least = one
                    if least >= 0 and (more > 0 or there.sum() > 1):
                        there[least] = 1 if more > 0 else 0
                state[CHANGED] += 1
                continue
            arrives = now < ends
            if arrives:
                for turn in range(1, count + 1):
                    one = (state[LAST] + turn) % count
                    if there[one] and (which < 0 or outstanding[one] < outstanding[which]):
                        which = one
                state[LAST] = home[index] = which
                outstanding[which] += 1
            else:
                which, finished = event_of[0] // (most + 1), event_of[0] % (most + 1)
                pop_event(event_at, event_of, state[PENDING])
                state[PENDING] -= 1
                outstanding[which] -= finished
                if finished:
                    busy[which] -= 1
                else:
                    timed[which] = 0
        if arrives:
            if waiting[which]:
                following[tail[which]] = index
            else:
                head[which] = index
            tail[which] = index
            waiting[which] += 1
            index += 1
            if index <= carried:
                continue
        while waiting[which] > 0 and busy[which] < places:
            oldest = head[which]
            if waiting[which] < most and now < arrived[oldest] + delay_s:
                if not timed[which]:
                    timed[which] = 1
                    push_event(event_at, event_of, state[PENDING], arrived[oldest] + delay_s, which * (most + 1))
                    state[PENDING] += 1
                break
            size = min(most, waiting[which])
            takes = (per_item_s * size + per_batch_s) * noise[oldest]
            for _ in range(size):
                done[head[which]] = now + takes
                head[which] = following[head[which]]
            waiting[which] -= size
            busy[which] += 1
            spent += takes
            state[BATCHES] += 1
            push_event(event_at, event_of, state[PENDING], now + takes, which * (most + 1) + size)
            state[PENDING] += 1


class BatchingEndpoint:
    """A real-time endpoint that batches on the server, given requests and a factor on the time of each batch."""

    def __init__(
        self, design: RealtimeDesign, batching: Batching, time: BatchTime, places: int, first_hour: int
    ) -> None:
        self.scaler, self.batching, self.time, self.places = Scaler(design, first_hour), batching, time, places
        most = max(design.max_instances, *design.floors)
        self.events = np.zeros(most * (places + 1)), np.zeros(most * (places + 1), np.int64)
        self.state = np.array([0, 0, -1, 0])
        self.instances = np.zeros((4, most), np.int64)
        self.instances[2, : self.scaler.instances] = 1
        self.pending: list[tuple[float, int]] = []
        self.waiting, self.noise, self.home = np.empty(0), np.empty(0), np.empty(0, np.int64)
        self.busy_s = 0.0

    def hour(self, hour: int, arrived: Floats, noise: Floats) -> tuple[Floats, Floats]:
        """The requests that an hour's end leaves in a batch, done or in work: when they came and when they are done."""
        self.pending = self.pending[self.state[CHANGED] :] + self.scaler.hour(hour, arrived)
        self.pending.sort()
        self.state[CHANGED] = 0
        return self._follow(arrived, noise, (hour + 1) * 3600.0)

    def rest(self) -> tuple[Floats, Floats]:
        """The requests that still waited at the end."""
        return self._follow(np.empty(0), np.empty(0), np.inf)

    def _follow(self, arrived: Floats, noise: Floats, until: float) -> tuple[Floats, Floats]:
        carried = self.waiting.size
        items, factors = np.concatenate([self.waiting, arrived]), np.concatenate([self.noise, noise])
        home = np.concatenate([self.home, np.zeros(arrived.size, np.int64)])
        at = np.array([time for time, _ in self.pending])
        by = np.array([count for _, count in self.pending], dtype=np.int64)
        done = np.full(items.size, np.inf)
        self.busy_s += serve_batches(
            items, factors, home, carried, self.batching.most, self.batching.delay_s, self.time.alpha, self.time.beta,
            self.places, until, *self.events, self.state, self.instances, at, by, done,
        ) / self.places  # fmt: skip
        left = np.isinf(done)
        self.waiting, self.noise, self.home = items[left], factors[left], home[left]
        return items[~left], done[~left]

    @property
    def batches(self) -> int:
        """Started so far."""
        return int(self.state[BATCHES])

    @property
    def instance_hours(self) -> float:
        """Paid so far."""
        return self.scaler.paid_minutes / 60
