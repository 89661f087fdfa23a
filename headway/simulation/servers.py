"""Endpoints, hour by hour: real time with its floors and tracking, asynchronous asleep and awake, serverless."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from headway.architectures.design import AsynchronousDesign, RealtimeDesign, ServerlessDesign
from headway.assumptions import assume
from headway.simulation.kernels import serve, serve_sleeping, serve_warm
from headway.sizing.scaling import DETECTED_AFTER, LOW, LOW_FOR
from headway.sizing.service_time import ServiceTime
from headway.units import HOURS_PER_WEEK

Floats = NDArray[np.float64]


def drawn_service(draw: np.random.Generator, service: ServiceTime, count: int) -> Floats:
    """Log-normal service times."""
    if service.sigma == 0:
        return np.full(count, service.mean)
    return draw.lognormal(service.mu, service.sigma, count)


@dataclass
class Scaler:
    """Instances of a real-time endpoint, minute by minute: scheduled floors, and target tracking above them."""

    design: RealtimeDesign
    first_hour: int
    instances: int = field(init=False)
    """Launched, ready or not: what is paid."""
    ready: deque[tuple[float, int]] = field(init=False, default_factory=deque)
    recent: deque[float] = field(init=False)
    paid_minutes: float = 0.0
    out_at: float = -inf
    in_at: float = -inf

    def __post_init__(self) -> None:
        self.instances = self.design.floors[self.first_hour % HOURS_PER_WEEK]
        self.recent = deque(maxlen=LOW_FOR)

    @property
    def start_s(self) -> float:
        """From launch to the first answer."""
        return assume("endpoint.start") + self.design.load_time_s

    def hour(self, hour: int, arrived: Floats) -> list[tuple[float, int]]:
        """Instances that come (when they are ready) and go in an hour, in the order of time."""
        design, target = self.design, self.design.invocations_per_instance
        floor = design.floors[(self.first_hour + hour) % HOURS_PER_WEEK]
        if not design.autoscaled or target is None:
            self.paid_minutes += 60 * self.instances
            return []
        begin = hour * 3600.0
        counts = (
            np.bincount(((arrived - begin) // 60).astype(np.int64), minlength=60)[:60] if arrived.size else [0] * 60
        )
        changes: list[tuple[float, int]] = []
        if floor > self.instances:
            self._launch(begin, floor - self.instances)
        for minute, requests in enumerate(counts):
            now = begin + 60.0 * (minute + 1)
            while self.ready and self.ready[0][0] <= now:
                changes.append(self.ready.popleft())
            serving = max(1, self.instances - sum(count for _, count in self.ready))
            self.recent.append(float(requests))
            self.paid_minutes += self.instances
            self._track(now, serving, floor, target, changes)
        return changes

    def _track(self, now: float, serving: int, floor: int, target: float, changes: list[tuple[float, int]]) -> None:
        last = list(self.recent)
        if len(last) >= DETECTED_AFTER and min(last[-DETECTED_AFTER:]) > target * serving:
            wanted = min(self.design.max_instances, ceil(last[-1] / target))
            if wanted > self.instances and now - self.out_at >= self.design.scale_out_cooldown_s:
                self.out_at = now
                self._launch(now, wanted - self.instances)
        elif len(last) == LOW_FOR and max(last) < LOW * target * serving:
            wanted = max(floor, ceil(max(last) / target), 1)
            if wanted < serving and now - self.in_at >= self.design.scale_in_cooldown_s and not self.ready:
                self.in_at = now
                changes.append((now, wanted - self.instances))
                self.instances = wanted

    def _launch(self, now: float, count: int) -> None:
        self.instances += count
        self.ready.append((now + self.start_s, count))


class Realtime:
    """A real-time endpoint, given requests and their service times."""

    def __init__(self, design: RealtimeDesign, concurrency: int, first_hour: int) -> None:
        self.scaler, self.concurrency = Scaler(design, first_hour), concurrency
        slots = concurrency * max(design.max_instances, *design.floors)
        self.free = np.zeros(slots)
        self.state = np.array([self.scaler.instances * concurrency, 0])
        self.pending: list[tuple[float, int]] = []
        self.busy_s = 0.0

    def hour(self, hour: int, arrived: Floats, service: Floats) -> Floats:
        """When the requests of an hour are done."""
        self.pending = self.pending[self.state[1] :] + self.scaler.hour(hour, arrived)
        self.pending.sort()
        self.state[1] = 0
        at = np.array([time for time, _ in self.pending])
        by = np.array([count * self.concurrency for _, count in self.pending], dtype=np.int64)
        done = np.empty_like(arrived)
        serve(arrived, service, self.free, self.state, at, by, done)
        self.busy_s += float(service.sum()) / self.concurrency
        return done

    @property
    def instance_hours(self) -> float:
        """Paid so far."""
        return self.scaler.paid_minutes / 60


class Asynchronous:
    """An asynchronous endpoint, asleep between requests where its design lets it."""

    def __init__(self, design: AsynchronousDesign) -> None:
        self.design = design
        self.start_s = assume("endpoint.start") + design.load_time_s
        self.free = np.zeros(design.max_instances * design.concurrency)
        self.state = np.array([-inf, 0.0, 0.0])
        self.serving = np.array([self.free.size, 0])
        self.busy_s = 0.0

    def hour(self, arrived: Floats, service: Floats) -> Floats:
        """When the requests of an hour are done."""
        done = np.empty_like(arrived)
        if self.design.sleeps:
            asleep = assume("endpoint.detection") + self.start_s
            idle = assume("endpoint.scale_in_idle")
            serve_sleeping(arrived, service, self.free, self.state, asleep, self.start_s, idle, done)
        else:
            serve(arrived, service, self.free, self.serving, np.empty(0), np.empty(0, np.int64), done)
        self.busy_s += float(service.sum()) / self.design.concurrency
        return done + assume("asynchronous.overhead")

    def instance_hours(self, hours: int) -> float:
        """Paid in so many hours."""
        if not self.design.sleeps:
            return float(hours * self.design.max_instances)
        up = self.state[2]
        if self.state[0] > -inf:
            up += min(self.state[0] + assume("endpoint.scale_in_idle"), hours * 3600.0) - self.state[1]
        return float(up) / 3600 * self.design.max_instances


class Serverless:
    """A serverless endpoint: containers that are kept warm for a while."""

    def __init__(self, design: ServerlessDesign, load: ServiceTime) -> None:
        self.design, self.load = design, load
        self.free = np.full(design.max_concurrency, 0.0 if design.provisioned_concurrency else -inf)
        self.state = np.zeros(2, np.int64)

    def hour(self, draw: np.random.Generator, arrived: Floats, service: Floats) -> Floats:
        """When the requests of an hour are done."""
        done = np.empty_like(arrived)
        load = drawn_service(draw, self.load, arrived.size)
        kept = inf if self.design.provisioned_concurrency else assume("serverless.idle_kept")
        serve_warm(arrived, service, load, self.free, self.state, kept, done)
        return done
