"""No spot capacity at all, in virtual time: the dispatcher's own ticks, and last call alone keeps every promise.

Each bundled profile that departs in batches, through an ordinary week and both changes of the clocks; departures that
were skipped for hours; nothing to do; a million at once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import inf
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from headway import load_profile, plan
from headway.architectures.design import BatchDesign
from headway.architectures.features import changed_share
from headway.architectures.hybrid_design import FeaturesDesign, PrecomputedDesign, TieredDesign
from headway.assumptions import assume
from headway.profile import Profile
from headway.simulation import generated
from headway.traffic import build_demand, on_schedule, refreshes
from headway.traffic.demand import Demand
from headway_runtime import dispatcher
from tests.runtime.virtual import ON_DEMAND, SPOT, Clock, Floats

BATCHES = (
    "discovery-archive",
    "embeddings-refresh",
    "lead-scoring",
    "loan-documents",
    "nightly-report",
    "video-analysis",
)
SATURDAYS = {"spring": ("2026-03-07", "2026-03-28"), "autumn": ("2026-10-31", "2026-10-24")}
"""Before the clocks change, in America and in Europe."""
HYBRIDS = ("moderation", "shop-recommendations", "transaction-risk")


@lru_cache(maxsize=16)
def planned(name: str, *, ready_by: str = "") -> tuple[Profile, BatchDesign, Demand]:
    """A bundled profile, its batch design (of a hybrid: the part that is one), and what that is sent."""
    profile = load_profile(f"stacks/profiles/{name}.yaml")
    if ready_by:
        ready = {"time": ready_by, "arrived_by": "06:00"}
        latency = {**profile.latency.model_dump(exclude_unset=True), "ready_by": ready}
        profile = Profile.model_validate({**profile.model_dump(exclude_unset=True), "latency": latency})
    design = plan(profile, only="batch" if name in BATCHES else None).design
    demand = build_demand(profile)
    if isinstance(design, TieredDesign):
        (part,) = [one for one in design.parts if isinstance(one.design, BatchDesign)]
        design = part.design
        demand = build_demand(profile, tiers=[part.name])
    elif isinstance(design, PrecomputedDesign | FeaturesDesign):
        items = float(design.candidates) if isinstance(design, PrecomputedDesign) else float(design.entities)
        if profile.features is not None:
            items *= changed_share(profile.features, design.refresh_s)
        within = max(rule.promise_s for rule in design.fill.departures)
        demand = on_schedule(demand, refreshes(design.refresh_s, items), within)
        design = design.fill
    assert isinstance(design, BatchDesign)
    return profile, design, demand


def arrivals(demand: Demand, begin: datetime, hours: int) -> Floats:
    """Requests by the local hour of the week through a change of the clocks: seconds since ``begin``."""
    week = list(generated(demand, weeks=1, seed=3).chunks())
    found = [np.empty(0)]
    for hour in range(hours):
        of_week = hour_of_week(begin + timedelta(hours=hour), demand)
        found.append(week[of_week] + (hour - of_week) * 3600.0)
    return np.concatenate(found)


def hour_of_week(at: datetime, demand: Demand) -> int:
    local = at.astimezone(ZoneInfo(demand.timezone))
    return local.weekday() * 24 + local.hour


def promised_until(profile: Profile, demand: Demand, at: datetime) -> datetime:
    """When a request must be answered: by the clock on the wall where the profile names a time to be ready by."""
    ready = profile.latency.ready_by
    if ready is None:
        return at + timedelta(seconds=demand.max_wait[hour_of_week(at, demand)])
    found = at + timedelta(seconds=profile.latency.max_wait)
    local = at.astimezone(ZoneInfo(demand.timezone))
    for day in range(8):
        midnight = (local + timedelta(days=day)).replace(hour=0, minute=0, second=0, microsecond=0)
        arrived_by = midnight.replace(hour=ready.arrived_by // 60, minute=ready.arrived_by % 60)
        if midnight.weekday() in ready.days and local <= arrived_by:
            return min(found, midnight.replace(hour=ready.time // 60, minute=ready.time % 60).astimezone(UTC))
    return found


def late(clock: Clock, profile: Profile, demand: Demand, since_s: float = 0.0) -> list[tuple[str, float]]:
    """Requests that were not answered in time: when they came, and by how many seconds they were late."""
    minutes, which = np.unique(clock.arrived // 60, return_inverse=True)
    starts = [clock.begin + timedelta(minutes=minute) for minute in minutes.tolist()]
    until = np.array([(promised_until(profile, demand, at) - clock.begin).total_seconds() for at in starts])[which]
    # A wait counts from the second, a time to be ready by is the same for all.
    until += 0 if profile.latency.ready_by else clock.arrived % 60
    missed = np.flatnonzero((clock.done > until) & (clock.arrived >= since_s))
    return [(f"{starts[which[at]]:%a %H:%M} UTC", float((clock.done - until)[at])) for at in missed.tolist()]


def local(text: str, demand: Demand) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(demand.timezone)).astimezone(UTC)


def followed(name: str, begin: str, days: int, *, ready_by: str = "") -> tuple[Clock, Profile, Demand]:
    """Days without any spot, and on until the last request is answered."""
    profile, design, demand = planned(name, ready_by=ready_by)
    start = local(begin, demand)
    clock = Clock(design, start, arrivals(demand, start, 24 * days))
    clock.run(1440 * days)
    while not np.isfinite(clock.done).all() and clock.now_s < (days + 4) * 86_400:
        clock.run(60)
    return clock, profile, demand


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "emit", lambda *_, **__: None)


@pytest.mark.slow
@pytest.mark.parametrize("change", ["spring", "autumn"])
@pytest.mark.parametrize("name", [*BATCHES, *HYBRIDS])
def test_without_any_spot_every_request_is_answered_in_time(name: str, change: str) -> None:
    # Saturday to Monday: the night in which the clocks change, and the morning on which waits become short again.
    _, design, _ = planned(name)
    clock, profile, demand = followed(name, SATURDAYS[change]["Europe" in design.timezone], 3)
    assert clock.arrived.size > 4
    assert late(clock, profile, demand) == []
    # No worker of spot ever ran: what was sent there was called off.
    assert {worker.status for job in clock.jobs if job.queue.endswith("spot") for worker in job.workers} <= {"FAILED"}


@pytest.mark.parametrize("change", ["spring", "autumn"])
def test_a_time_to_be_ready_by_holds_by_the_clock_on_the_wall_on_the_day_that_changes_it(change: str) -> None:
    clock, profile, demand = followed("lead-scoring", SATURDAYS[change][False], 2, ready_by="08:00")
    sunday = clock.begin.astimezone(ZoneInfo(demand.timezone)) + timedelta(days=1)
    due = (sunday.replace(hour=8).astimezone(UTC) - clock.begin).total_seconds()
    assert due == {"spring": 31, "autumn": 33}[change] * 3600
    assert late(clock, profile, demand) == []


def test_spot_that_comes_at_any_moment_before_last_call_makes_nobody_late() -> None:
    profile, design, demand = planned("loan-documents")
    start = local("2026-06-01", demand)
    draw = np.random.default_rng(11)
    clock = Clock(design, start, arrivals(demand, start, 24), spot=lambda: float(draw.exponential(1200)))
    clock.run(26 * 60)
    ran = {job.queue.rsplit("-", 1)[1] for job in clock.jobs for worker in job.workers if worker.status == "SUCCEEDED"}
    assert ran == {SPOT, ON_DEMAND}
    assert late(clock, profile, demand) == []


def test_a_dispatcher_that_was_dead_for_three_hours_takes_all_along_on_demand_and_is_in_time_from_then_on() -> None:
    profile, design, demand = planned("loan-documents")
    start = local("2026-06-02T08:00", demand)
    clock = Clock(design, start, arrivals(demand, start, 8))
    clock.run(120)
    clock.sleep(180)
    dispatcher.forget()
    clock.run(1)
    back, waited, before = clock.now_s, clock.waiting(), len(clock.jobs)
    assert waited > 450
    (sent,) = [job for job in clock.jobs[before - 1 :] if job.created_s == back]
    assert sent.queue.endswith(ON_DEMAND)
    assert sum(worker.quota for worker in sent.workers) >= waited
    clock.run(300)
    oldest = np.searchsorted(clock.arrived, back)
    pool = design.pools[0]
    batches = -(-waited // pool.batch_size) / len(sent.workers) + 1
    each = pool.seconds_per_item * pool.batch_size + pool.seconds_per_batch
    started = assume("batch.launch") + assume("batch.pull") + pool.load_time_s
    assert clock.done[:oldest].max() <= back + started + batches * each
    assert late(clock, profile, demand, since_s=back) == []


def test_an_empty_queue_never_starts_anybody() -> None:
    _, design, demand = planned("loan-documents")
    clock = Clock(design, local("2026-06-01", demand), np.empty(0))
    clock.idles = False
    clock.run(1440)
    assert clock.jobs == []


def test_a_million_at_once_are_sent_for_within_the_fleet_and_the_limits_of_batch() -> None:
    _, design, demand = planned("loan-documents")
    large = {"max_workers": 12_000, "quota": 80}
    rules = tuple(rule.model_copy(update=large) for rule in design.departures)
    design = design.model_copy(update={"departures": rules})
    clock = Clock(design, local("2026-06-01T09:00", demand), np.zeros(1_000_000), spot=lambda: inf)
    clock.run(1)
    sizes = [len(job.workers) for job in clock.jobs]
    assert sizes == [10_000, 2_000]
    assert sum(worker.quota for job in clock.jobs for worker in job.workers) >= 1_000_000
    # And never a second fleet for the same, however often it looks before last call.
    clock.run(4)
    assert [len(job.workers) for job in clock.jobs] == sizes


def test_ticks_that_are_left_out_where_nothing_waits_and_nobody_lives_would_have_done_nothing() -> None:
    sent = []
    for idles in (True, False):
        _, design, demand = planned("video-analysis")
        start = local("2026-06-01", demand)
        clock = Clock(design, start, arrivals(demand, start, 24))
        clock.idles = idles
        clock.run(1440)
        sent.append([(job.name, job.created_s, len(job.workers), job.reason) for job in clock.jobs])
    assert sent[0] == sent[1]
    assert sent[0]
