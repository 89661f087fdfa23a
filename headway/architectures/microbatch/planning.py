"""The cheapest pair of N and T, with the endpoint for its batches: design, bill, waits.

A collector before a real-time endpoint: the endpoint is planned, sized and billed by ``realtime`` for the batches that
the collectors make (``headway.sizing.collecting``), and the queue keeps what comes above its flow.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf
from typing import NamedTuple

import numpy as np

from headway.architectures import realtime
from headway.architectures.candidate import BacklogRun, Candidate
from headway.architectures.design import MicroBatchDesign, RealtimeDesign, Wait
from headway.architectures.endpoint_path import SYNC_MAX_BYTES, SYNC_TIMEOUT_S
from headway.architectures.microbatch.pairs import (
    LONGEST_WINDOW_S,
    Pair,
    batches_of,
    collected,
    hosting_usd,
    pair_of,
    pairs_of,
    per_hour,
    service_of,
    slowest_rate,
)
from headway.architectures.queue_path import queue_lines, result_lines, watchdog_design, watchdog_lines, watching_lines
from headway.architectures.rates import waits_of
from headway.architectures.router_design import LONGEST_RETENTION_S
from headway.architectures.validating import probes_time, validation_design
from headway.architectures.workload import Workload
from headway.assumptions import assume
from headway.bill import services
from headway.bill.lines import Bill
from headway.sizing.collecting import Collected
from headway.sizing.mixture import SHARES, SLICES, Array, Mixture
from headway.sizing.overload import Load
from headway.sizing.queueing import response_points, smallest_servers
from headway.units import HOURS_PER_MONTH, format_duration, format_size

MOST_SIZED = 2
"""Pairs that are sized hour by hour, the most promising first: for a fixed endpoint, and for one by the hour."""
AS_GOOD = 1.005
"""A pair so little dearer than the cheapest is taken for it: nobody waits half a minute longer for that."""
IN_FLIGHT_MOST = 120_000
"""Messages of a standard queue in flight at once (Amazon SQS Developer Guide, message quotas)."""
PROBES_AT_ONCE = 8
"""Of one call of the watchdog's."""
LEAST_CONCURRENCY, MOST_CONCURRENCY = 2, 1000
"""MaximumConcurrency of an event source mapping (AWS Lambda Developer Guide, using Lambda with Amazon SQS)."""


class Row(NamedTuple):
    """A pair with an endpoint that it fits."""

    usd: float
    """A month of the endpoint and the function's calls."""
    pair: Pair
    inner: Candidate
    endpoint: RealtimeDesign


def plan(workload: Workload) -> list[Candidate]:
    """The cheapest N and T before a fixed and before an autoscaled endpoint, or the reason there is none."""
    shape = workload.profile.model.request
    if not workload.measured_on(serverless=False):
        return [workload.infeasible("microbatch", "no instance type was measured")]
    if shape.max > SYNC_MAX_BYTES:
        return [
            workload.infeasible(
                "microbatch",
                f"a request of {format_size(shape.max)} exceeds what a function may send an endpoint "
                f"({format_size(SYNC_MAX_BYTES)})",
            )
        ]
    if not workload.demand.per_week:
        return [workload.infeasible("microbatch", "no requests")]
    pairs = sorted(pairs_of(workload), key=lambda pair: pair.least_usd)
    if not pairs:
        return [workload.infeasible("microbatch", _no_pair(workload))]
    promising = _promising(workload, pairs)
    rows: list[Row] = []
    reasons: list[str] = []
    tried: set[Pair] = set()
    # Long windows earn their keep in quiet hours, which only an endpoint by the hour pays less for.
    for order in (promising, sorted(promising, key=lambda pair: pair.least_usd)):
        fitting = 0
        for pair in order:
            if fitting == MOST_SIZED:
                break
            # No pair costs less than its least: such a one cannot win.
            if pair.least_usd > AS_GOOD * min((row.usd for row in rows), default=inf):
                continue
            if pair not in tried:
                tried.add(pair)
                found, why = _sized(workload, pair)
                rows += found
                reasons += why
            fitting += any(row.pair is pair for row in rows)
    kinds = [[row for row in rows if row.endpoint.autoscaled is autoscaled] for autoscaled in (False, True)]
    chosen = [_candidate(workload, _quickest(kind)) for kind in kinds if kind]
    return chosen or [workload.infeasible("microbatch", reasons[0] if reasons else _no_pair(workload))]


def _sized(workload: Workload, pair: Pair) -> tuple[list[Row], list[str]]:
    """A pair's endpoints that fit, and why others do not."""
    rows: list[Row] = []
    reasons: list[str] = []
    for inner in realtime.sized(batches_of(workload, pair)):
        design = inner.design
        limit = _beyond_limits(design, pair) if isinstance(design, RealtimeDesign) else None
        if limit:
            reasons.append(limit)
        elif inner.feasible and isinstance(design, RealtimeDesign):
            # The promise is watched where it is made: per request, not per batch.
            design = design.model_copy(update={"burn_rates": ()})
            rows.append(Row(_cost(inner) + pair.calls_usd, pair, inner, design))
        else:
            reasons.append(f"batches of {pair.most} in {pair.window_s} s: {inner.reason}")
    return rows, reasons


def _beyond_limits(endpoint: RealtimeDesign, pair: Pair) -> str | None:
    """The AWS limit that the busiest hour would break: as many functions run as the endpoint serves batches."""
    functions = max(endpoint.floors) * pair.concurrency
    if functions > MOST_CONCURRENCY:
        return (
            f"needs {functions:,} functions at once, an event source allows {MOST_CONCURRENCY:,}: split the requests "
            "over several stacks"
        )
    held = functions * pair.most
    if held > IN_FLIGHT_MOST:
        return (
            f"needs {held:,} messages in flight, a queue allows {IN_FLIGHT_MOST:,}: split the requests over several "
            "stacks"
        )
    return None


def _promising(workload: Workload, pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs by what a fixed endpoint for their busiest hour costs, without those that cannot come near the cheapest."""
    found: list[tuple[float, int, int, Pair]] = []
    cheapest = inf
    for pair in pairs:
        if pair.least_usd > cheapest * AS_GOOD:
            break
        count = _instances(workload, pair)
        if count is not None:
            usd = count * HOURS_PER_MONTH * hosting_usd(workload, pair.hardware) + pair.calls_usd
            cheapest = min(cheapest, usd)
            found.append((usd, pair.window_s, pair.most, pair))
    # Of those as good as the cheapest the quickest first: they are the ones that can be taken.
    near = sorted((row for row in found if row[0] <= cheapest * AS_GOOD), key=lambda row: row[1:3])
    rest = sorted((row for row in found if row[0] > cheapest * AS_GOOD), key=lambda row: row[:3])
    return [row[3] for row in (*near, *rest)] or list(pairs[:1])


def _instances(workload: Workload, pair: Pair) -> int | None:
    """Instances that the busiest hour's batches need within the tightest wait."""
    rates = max(pair.hours, key=lambda rates: rates[1])
    _, busy = pair.hours[rates]
    spent = (
        pair.quietest[rates].wait_quantile(workload.percentile)
        + assume("microbatch.overhead")
        + assume("endpoint.overhead")
    )
    goal = min(min(workload.demand.max_wait) - spent, SYNC_TIMEOUT_S)
    if goal <= 0:
        return None
    return smallest_servers(
        per_hour(rates[1], busy) / 3600, pair.service, goal, workload.percentile, concurrency=pair.concurrency,
        ca2=pair.variability, most=realtime.MOST_INSTANCES,
    )  # fmt: skip


def _quickest(rows: list[Row]) -> Row:
    """Of those as good as the cheapest, the one that keeps requests waiting least."""
    cheapest = min(row.usd for row in rows)
    good = [row for row in rows if row.usd <= cheapest * AS_GOOD]
    return min(good, key=lambda row: (row.pair.window_s, row.pair.most, row.usd))


def bill(design: MicroBatchDesign, workload: Workload) -> Bill:
    """The month's bill: the endpoint's for the batches, the function's calls, the queue, the results."""
    pair = pair_of(design, workload)
    batches = batches_of(workload, pair)
    per_month = batches.demand.per_month
    if workload.used is not None and workload.used.calls is not None:
        per_month = workload.used.calls
    calls = workload.ranged(lambda s: per_month * s.traffic * (1 + s.retried))
    polls = assume("microbatch.pollers") * HOURS_PER_MONTH * 180  # Each poll of an empty queue lasts 20 s.
    held = pair.service.mean + assume("microbatch.overhead")
    log_gb = workload.ranged(lambda s: workload.demand.per_month * s.traffic * assume("logs.bytes_per_request") / 1e9)
    own = Bill(
        lines=(
            *services.lambda_(
                workload.pricing, requests=calls, seconds=held, memory_mb=design.function_memory_mb, arch="arm64",
                description="batches to the endpoint", assumptions=("microbatch.pollers", "microbatch.overhead"),
                resource_types=("aws:lambda/function:Function",),
            ),
            *queue_lines(design, workload, max_receives=design.max_receives),
            *services.sqs(
                workload.pricing, requests=polls, description="polls of the event source",
                assumptions=("microbatch.pollers",),
                resource_types=("aws:lambda/eventSourceMapping:EventSourceMapping",),
            ),
            *result_lines(design, workload, kept_days=design.results_kept_days),
            *services.s3(workload.pricing, puts=1, description="runtime",
                         resource_types=("aws:s3/bucketObjectv2:BucketObjectv2",)),
            *services.cloudwatch(
                workload.pricing, log_gb=log_gb, log_stored_gb_months=log_gb * assume("logs.kept_months"),
                metrics=len(design.metrics), description="the function's logs and metrics",
                assumptions=("logs.bytes_per_request", "logs.kept_months"),
                resource_types=("aws:cloudwatch/logGroup:LogGroup",),
            ),
            *watchdog_lines(design.watchdog, workload),
            *watching_lines(design, design.alarms, workload),
        )
    )  # fmt: skip
    return Bill.of_parts({"": own, "endpoint": realtime.bill(design.endpoint, batches)})


def _candidate(workload: Workload, row: Row) -> Candidate:
    pair, inner, endpoint = row.pair, row.inner, row.endpoint
    demand, variant = workload.demand, "realtime_autoscaled" if endpoint.autoscaled else "realtime_fixed"
    service = workload.batch_service(pair.hardware)
    full = service.seconds(pair.most)
    timeout = min(900, ceil(SYNC_TIMEOUT_S + 30))
    design = MicroBatchDesign(
        **workload.base_design(), burn_rates=workload.burn_rates(), batch_size=pair.most, window_s=pair.window_s,
        max_concurrency=min(MOST_CONCURRENCY, max(LEAST_CONCURRENCY, endpoint.max_instances * pair.concurrency)),
        endpoint=endpoint, seconds_per_batch=full, function_memory_mb=int(assume("microbatch.memory_mb")),
        function_timeout_s=timeout,
        # Six times the function's, and its window (AWS Lambda Developer Guide, using Lambda with Amazon SQS).
        visibility_timeout_s=6 * timeout + pair.window_s,
        queue_retention_s=LONGEST_RETENTION_S,
        results_kept_days=int(assume("results.kept_days")),
        watchdog=watchdog_design(workload, probe_s=probes_time(workload, service, PROBES_AT_ONCE)),
        validation=validation_design(workload),
    )  # fmt: skip
    hours = assume("operations.microbatch") + assume(f"operations.{variant}") - assume("operations.realtime_fixed")
    wait = _wait(workload, pair, endpoint)
    late = wait.at_percentile_s > max(demand.max_wait)
    return Candidate(
        architecture="microbatch",
        feasible=not late,
        reason=f"too slow: p{demand.percentile:g} {format_duration(wait.at_percentile_s)}" if late else "",
        design=design,
        bill=bill(design, workload),
        wait=wait,
        operations=workload.people(hours),
        utilization=inner.utilization,
        monthly_requests=demand.per_month,
        backlog=inner.backlog and _items(inner.backlog, pair, workload),
        facts=(_fact(pair), *inner.facts),
        assumptions=("microbatch.overhead", "microbatch.pollers", "operations.microbatch",
                     *inner.assumptions),
    )  # fmt: skip


def wait(design: MicroBatchDesign, workload: Workload) -> Wait:
    """Collecting and the endpoint's answer together, in the regime that comes closest to its limit.

    At the promised percentile: in the hour that comes closest, in its busiest stretch or out of it. Half and 99 %: of
    all the regime's requests.
    """
    return _wait(workload, pair_of(design, workload), design.endpoint)


def _wait(workload: Workload, pair: Pair, endpoint: RealtimeDesign) -> Wait:
    demand = workload.demand
    closest, limit_s = -1.0, demand.max_wait[0]
    # Hours alike in rate and instances wait alike: the tightest limit among them is the one to look at.
    limits: dict[tuple[float, float, int], float] = {}
    for mean, peak, limit, count in zip(demand.mean, demand.peak, demand.max_wait, endpoint.floors, strict=True):
        limits[mean, peak, count] = min(limit, limits.get((mean, peak, count), limit))
    at_closest = 0.0
    for (mean, peak, count), limit in limits.items():
        # Collecting takes longest when few come, the endpoint's queue when many do: the worse of the two counts.
        quiet = (slowest_rate(mean, peak), pair.quietest[mean, peak])
        for rate, made in (quiet, (peak, pair.hours[mean, peak][1])):
            mixture = Mixture()
            answers = response_points(
                per_hour(rate, made) / 3600, pair.service, count * pair.concurrency, SHARES, ca2=pair.variability
            )
            points, shares = _both(made, answers, SLICES)
            mixture.add(points, 1.0, shares)
            at = mixture.quantile(workload.percentile)
            if at / limit > closest:
                closest, limit_s, at_closest = at / limit, limit, at

    def offered(rate: float) -> Load:
        made = collected(rate, pair.most, pair.window_s)
        return Load(per_hour(rate, made) / 3600, service_of(workload, pair.hardware, made))

    standing = realtime.standing(endpoint, batches_of(workload, pair).demand, pair.concurrency, pair.variability)
    mixture = Mixture()
    for part in waits_of(demand, limit_s, standing, offered):
        points, shares = _both(collected(part.rate, pair.most, pair.window_s), part.points, part.shares)
        mixture.add(points, part.requests, shares)
    p50, p99 = mixture.quantiles(0.5, 0.99)
    return Wait(p50_s=p50, p99_s=p99, at_percentile_s=at_closest, in_worst_hour=True)


def _both(made: Collected, answers: Array, weights: Array) -> tuple[Array, Array]:
    """Points of collecting and answer together, and the share of each."""
    collecting = np.array([made.wait_quantile(float(share)) for share in SHARES])
    overhead = assume("microbatch.overhead") + assume("endpoint.overhead")
    return (collecting[:, None] + answers[None, :] + overhead).ravel(), (SLICES[:, None] * weights[None, :]).ravel()


def _items(run: BacklogRun, pair: Pair, workload: Workload) -> BacklogRun:
    """The endpoint's backlog run in items, with their way through the queue."""
    backlog = workload.demand.backlog
    items = backlog.items if backlog else run.items * pair.most
    through = services.sqs(workload.pricing, requests=items * 3, description="backlog through the queue")
    return run.model_copy(update={"items": items, "bill": run.bill + Bill(lines=through)})


def _cost(candidate: Candidate) -> float:
    return float(candidate.bill.total.expected) if candidate.bill else 0.0


def _fact(pair: Pair) -> str:
    busiest = max(pair.hours, key=lambda rates: rates[1])
    mean, peak = (made.mean_size for made in pair.hours[busiest])
    if pair.most == 1:
        return "one request a call, from the queue"
    longest = ", the longest that Lambda waits" if pair.window_s == LONGEST_WINDOW_S else ""
    return (
        f"a batch closes at {pair.most} requests or {pair.window_s} s{longest}, whichever first; in the busiest hour "
        f"it holds {mean:.1f} on average, {peak:.1f} at its peak"
    )


def _no_pair(workload: Workload) -> str:
    tightest, model = min(workload.demand.max_wait), workload.profile.model
    slow = min(
        (workload.single_service(name)[0].quantile(workload.percentile), name)
        for name in workload.measured_on(serverless=False)
    )
    if slow[0] > SYNC_TIMEOUT_S:
        return (
            f"{slow[1]} takes {format_duration(slow[0])}, an endpoint answers within {format_duration(SYNC_TIMEOUT_S)}"
        )
    if tightest <= 1 + assume("microbatch.overhead"):
        return (
            f"too slow: collecting takes a second and {format_duration(assume('microbatch.overhead'))} of hand-over, "
            f"against {format_duration(tightest)}"
        )
    return f"no batch of requests up to {format_size(model.request.max)} fits {format_size(SYNC_MAX_BYTES)}"
