"""Simple designs whose requests are followed hour by hour: endpoints, and micro-batches before one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headway.architectures.design import AsynchronousDesign, MicroBatchDesign, RealtimeDesign, ServerlessDesign
from headway.architectures.workload import Used, Workload
from headway.assumptions import assume
from headway.simulation.arrivals import Arrivals, Floats
from headway.simulation.batching import Batching, BatchingEndpoint
from headway.simulation.kernels import collect_batches
from headway.simulation.servers import Asynchronous, Realtime, Serverless, drawn_service
from headway.sizing.service_time import ServiceTime

Say = Callable[[str], None]
Record = Callable[[Floats, Floats], None]


class Ran(NamedTuple):
    """What a simple design did."""

    requests: int
    unfinished: int
    instance_hours: float | None
    busy_hours: float | None
    used: Used
    """Of the whole replay, not of a month."""
    cold_starts: int | None = None
    refused: int | None = None
    batches: int | None = None


def run_realtime(design: RealtimeDesign, workload: Workload, arrivals: Arrivals, seed: int, record: Record) -> Ran:
    """Requests to an endpoint that stands by."""
    service, concurrency = workload.single_service(design.instance_type.removeprefix("ml."))
    endpoint = Realtime(design, concurrency, arrivals.first_hour)
    requests = 0
    for hour, times in enumerate(arrivals.chunks()):
        draw = np.random.default_rng((seed, 1, hour))
        done = endpoint.hour(hour, times, drawn_service(draw, service, times.size))
        record(times, done - times + assume("endpoint.overhead"))
        requests += times.size
    hours = endpoint.instance_hours
    return Ran(requests, 0, hours, endpoint.busy_s / 3600, Used(instance_h=hours))


def run_batching(
    design: RealtimeDesign, workload: Workload, arrivals: Arrivals, seed: int, record: Record, batching: Batching
) -> Ran:
    """The same to one whose containers gather them into batches.

    Raises:
        HeadwayError: Nobody measured what a batch of so many takes.
    """
    hardware = design.instance_type.removeprefix("ml.")
    points = workload.profile.model.service(hardware)
    time, places = workload.batch_service(hardware), min(one.concurrency for one in points)
    noise = ServiceTime(1.0, max(one.variability for one in points))
    endpoint = BatchingEndpoint(design, batching.checked(time, hardware), time, places, arrivals.first_hour)
    requests = 0

    def tell(came: Floats, done: Floats) -> None:
        record(came, done - came + assume("endpoint.overhead"))

    for hour, times in enumerate(arrivals.chunks()):
        draw = np.random.default_rng((seed, 1, hour))
        tell(*endpoint.hour(hour, times, drawn_service(draw, noise, times.size)))
        requests += times.size
    hours = endpoint.instance_hours
    tell(*endpoint.rest())
    return Ran(requests, 0, hours, endpoint.busy_s / 3600, Used(instance_h=hours), batches=endpoint.batches)


def run_asynchronous(
    design: AsynchronousDesign, workload: Workload, arrivals: Arrivals, seed: int, record: Record
) -> Ran:
    """Requests to an endpoint with a queue of its own."""
    service, _ = workload.single_service(design.instance_type.removeprefix("ml."))
    endpoint = Asynchronous(design)
    requests = 0
    for hour, times in enumerate(arrivals.chunks()):
        draw = np.random.default_rng((seed, 1, hour))
        done = endpoint.hour(times, drawn_service(draw, service, times.size))
        record(times, done - times)
        requests += times.size
    hours = endpoint.instance_hours(arrivals.hours)
    return Ran(requests, 0, hours, endpoint.busy_s / 3600, Used(instance_h=hours))


def run_serverless(design: ServerlessDesign, workload: Workload, arrivals: Arrivals, seed: int, record: Record) -> Ran:
    """Requests to an endpoint paid by the millisecond."""
    hardware = f"serverless-{design.memory_mb // 1024}GB"
    service, _ = workload.single_service(hardware)
    load = ServiceTime(workload.profile.model.load_time_on(hardware), assume("serverless.cold_start_variability"))
    endpoint = Serverless(design, load)
    requests = 0
    for hour, times in enumerate(arrivals.chunks()):
        draw = np.random.default_rng((seed, 1, hour))
        services = drawn_service(draw, service, times.size)
        done = endpoint.hour(draw, times, services)
        record(times, done - times + assume("endpoint.overhead"))
        requests += times.size
    return Ran(
        requests, 0, None, None, Used(), cold_starts=int(endpoint.state[0]), refused=int(endpoint.state[1])
    )  # fmt: skip


def run_microbatch(design: MicroBatchDesign, workload: Workload, arrivals: Arrivals, seed: int, record: Record) -> Ran:
    """Requests collected into batches by several pollers, and the batches' way through their endpoint."""
    hardware = design.endpoint.instance_type.removeprefix("ml.")
    points = workload.profile.model.service(hardware)
    time, concurrency = workload.batch_service(hardware), min(one.concurrency for one in points)
    noise = ServiceTime(1.0, max(one.variability for one in points))
    pollers = int(assume("microbatch.pollers"))
    endpoint = Realtime(design.endpoint, concurrency, arrivals.first_hour)
    before, after = assume("microbatch.overhead"), assume("endpoint.overhead")
    open_items, open_pollers = np.empty(0), np.empty(0, np.int64)
    requests = batches = 0

    def close(hour: int, items: Floats, whose: NDArray[np.int64], until: float) -> NDArray[np.bool_]:
        nonlocal batches
        batch, closed = np.empty(items.size, np.int64), np.empty(items.size)
        count = collect_batches(items, whose, pollers, design.batch_size, float(design.window_s), until, batch, closed)
        shut = batch >= 0
        order = np.argsort(closed[:count], kind="stable")
        order = order[np.isfinite(closed[order])]
        sizes = np.bincount(batch[shut], minlength=count)[order]
        draw = np.random.default_rng((seed, 1, hour))
        service = (time.alpha * sizes + time.beta) * drawn_service(draw, noise, order.size)
        leaves = closed[order] + before
        done = np.full(count, np.inf)
        done[order] = endpoint.hour(hour, leaves, service) + after
        batches += order.size
        record(items[shut], done[batch[shut]] - items[shut])
        return shut

    for hour, times in enumerate(arrivals.chunks()):
        draw = np.random.default_rng((seed, 2, hour))
        items = np.concatenate([open_items, times])
        whose = np.concatenate([open_pollers, draw.integers(pollers, size=times.size)])
        shut = close(hour, items, whose, (hour + 1) * 3600.0)
        open_items, open_pollers = items[~shut], whose[~shut]
        requests += times.size
    hours = endpoint.instance_hours
    if open_items.size:
        close(arrivals.hours, open_items, open_pollers, np.inf)
    return Ran(
        requests, 0, hours, endpoint.busy_s / 3600, Used(instance_h=hours, calls=float(batches)), batches=batches
    )  # fmt: skip
