"""The dispatcher's decision: from the calendar, what waits and the jobs that live, to the jobs that are missing.

Pure: no clock, no AWS. Every tick sees the whole state and asks for the difference, so missed ticks, stuck jobs and
dead workers are no special cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from math import ceil
from typing import NamedTuple
from zoneinfo import ZoneInfo

from headway_runtime.departures import Departure, before, next_after
from headway_runtime.jobs import (
    CALLED_OFF,
    EARLY,
    FAILED,
    LIVING,
    NOT_STARTED,
    ON_DEMAND,
    SPOT,
    Cancel,
    Job,
    Observed,
    Submit,
    belongs,
    job_name,
    said,
    stamp,
)
from headway_runtime.settings import Departures, DispatcherSettings

TOO_SHORT = "its wait leaves spot no time"
"""Why a departure is always on-demand."""

LOOK_BACK = 3
"""At least so many departures before the due one matter to a tick."""
LOOK_BACK_S = 3600.0
"""And all those whose last call was less than this ago: ticks may be missed."""
REPLACED_AT_MOST = 2
"""How often a departure's workers are replaced: a model that never starts must not buy instances without end."""


@dataclass(frozen=True)
class Decision:
    """What a tick does, and what it remembers for the next one of the same process."""

    actions: tuple[Submit | Cancel, ...] = ()
    handled: datetime | None = None
    """The last departure that was looked at; whoever does not know it looks again, which is never late."""
    seconds_behind: float = 0.0
    """How long after its time the due departure left; 0 where nobody remembers whether it left with nothing waiting."""
    departures: int = 0
    """Departures that left, those with nothing to take included."""
    notes: tuple[str, ...] = field(default=())


def reconcile(
    now: datetime, settings: DispatcherSettings, observed: Observed, handled: datetime | None = None
) -> Decision:
    """The jobs to submit and to cancel now.

    Args:
        now: The tick's time, aware.
        settings: Calendar and pools.
        observed: Messages that wait and this fleet's jobs of the last departures, ended ones too.
        handled: The departure that this process handled last, if it knows.
    """
    recent = recent_departures(now, settings)
    if not recent:
        return Decision(handled=handled, notes=("the calendar has no departure yet",))
    due = recent[0]
    upcoming = next_after(now, settings.departures, ZoneInfo(settings.timezone))
    line = recent if upcoming is None else [upcoming, *recent]
    quotas = Quotas({stamp(departure.at): departure.rule.quota for departure in line}, due.rule.quota)
    known = {job.departure for job in observed.jobs if not job.early}
    actions: list[Submit | Cancel] = []
    behind = 0.0
    # Looked at twice, a tick apart: SQS may count what came in the last moments a little later.
    fresh = handled is None or handled < due.at or (now - due.at).total_seconds() < 2 * settings.tick_s
    if stamp(due.at) not in known and fresh:
        fleet = _fleet(settings, due, observed, _oldest_s(now, recent, handled), quotas)
        if fleet:
            actions.append(fleet)
            behind = (now - due.at).total_seconds() if handled is not None else 0.0
    else:
        actions += _replacements(settings, due, observed, quotas)
    stuck = [job for job in observed.jobs if job.purchase == SPOT and job.count(NOT_STARTED)]
    # The oldest first: what one departure ends is no longer there for the next.
    for departure, prior in reversed(list(pairwise(line))) if stuck else ():
        called = _last_call(now, settings, departure, prior, observed, stuck, quotas)
        actions += called
        stuck = [job for job in stuck if Cancel(job) not in called]
    early = None if upcoming is None else _early(now, settings, upcoming, due, observed, actions, quotas)
    left = int(handled is None or handled < due.at) + int(early is not None)
    skipped = sum(handled is not None and departure.at > handled for departure in recent[1:])
    notes = (f"{skipped} departures were missed: this one takes their requests along",) if skipped else ()
    return Decision((*actions, *([early] if early else [])), due.at, behind, left, notes)


class Quotas(NamedTuple):
    """Items that a worker takes, by the departure that it serves: a job's name tells no quota, the calendar does."""

    known: Mapping[str, int]
    other: int
    """Of a departure that the calendar no longer has."""

    def items(self, jobs: Iterable[Job], statuses: frozenset[str]) -> int:
        """What these jobs' workers in any of these statuses take."""
        return sum(job.count(statuses) * self.known.get(job.departure, self.other) for job in jobs)


def _oldest_s(now: datetime, recent: Sequence[Departure], handled: datetime | None) -> float:
    """The most that anything may have waited: it came after the departure before, or the last that really left."""
    if len(recent) < 2:
        return 0.0
    since = recent[1].at if handled is None else min(recent[1].at, handled)
    return (now - since).total_seconds()


def recent_departures(now: datetime, settings: DispatcherSettings) -> list[Departure]:
    """The departures whose jobs can matter to a tick, the due one first."""
    longest = max((rule.last_call_s for rule in settings.departures), default=0.0)
    found: list[Departure] = []
    for departure in before(now, settings.departures, ZoneInfo(settings.timezone)):
        if len(found) > LOOK_BACK and (now - found[-1].at).total_seconds() > longest + LOOK_BACK_S:
            break
        found.append(departure)
    return found


def _fleet(
    settings: DispatcherSettings, due: Departure, observed: Observed, oldest_s: float, quotas: Quotas
) -> Submit | None:
    """The due departure's workers: what its quota needs for all that waits, less what those about to start take."""
    rule = due.rule
    own_pool = (job for job in observed.jobs if belongs(settings, job.name, rule.pool))
    waiting = observed.waiting - quotas.items(own_pool, NOT_STARTED)
    needed = ceil(waiting / rule.quota)
    if needed <= 0:
        return None
    workers = min(needed, rule.max_workers)
    # Beyond the most workers each takes more than its quota: nothing is left behind.
    quota = rule.quota if workers == needed else ceil(waiting / workers)
    # So late that its last call has come: spot has no time left.
    purchase = ON_DEMAND if oldest_s >= rule.last_call_s else SPOT
    reason = ""
    if purchase == ON_DEMAND:
        late = f"last call had come before it left: the oldest may have waited {oldest_s / 60:.0f} min"
        reason = late if rule.last_call_s else TOO_SHORT
    return Submit(
        job_name(settings, due.at, purchase, 0, rule.pool), rule.pool, purchase, workers, quota, stamp(due.at),
        rule.promise_s, reason,
    )  # fmt: skip


def _early(
    now: datetime,
    settings: DispatcherSettings,
    upcoming: Departure,
    due: Departure,
    observed: Observed,
    actions: Sequence[Submit | Cancel],
    quotas: Quotas,
) -> Submit | None:
    """Workers that need not wait for their departure: what waits fills their quotas already.

    Only ever earlier, and never dearer: each has a full quota of work, as the plan's workers have at best, and what is
    left over waits for its time. Whoever lives, or was sent for just now, counts with a whole quota of what waits,
    workers of other pools too: there is one queue.
    """
    rule = upcoming.rule
    if not rule.leaves_early or (upcoming.at - now).total_seconds() <= settings.tick_s:
        return None
    about = {stamp(upcoming.at), stamp(due.at)}
    if any(job.count(FAILED) for job in observed.jobs if job.departure in about):
        return None  # Workers die: sending more of them early would only hide it.
    own_pool = [job for job in observed.jobs if belongs(settings, job.name, rule.pool)]
    sent = [action for action in actions if isinstance(action, Submit)]
    living = sum(job.count(LIVING) for job in own_pool)
    living += sum(action.workers for action in sent if action.pool == rule.pool)
    taken = quotas.items(observed.jobs, LIVING) + sum(action.workers * action.quota for action in sent)
    workers = min((observed.waiting - taken) // rule.quota, rule.max_workers - living)
    if workers <= 0:
        return None
    purchase = ON_DEMAND if rule.last_call_s == 0 else SPOT
    own = [job for job in observed.jobs if job.early and job.departure == stamp(upcoming.at)]
    attempt = 1 + max((job.attempt for job in own), default=0)
    name = job_name(settings, upcoming.at, purchase + EARLY, attempt, rule.pool)
    reason = TOO_SHORT if purchase == ON_DEMAND else ""
    return Submit(name, rule.pool, purchase, workers, rule.quota, stamp(upcoming.at), rule.promise_s, reason)


def _replacements(settings: DispatcherSettings, due: Departure, observed: Observed, quotas: Quotas) -> list[Submit]:
    """Workers for those of the due departure that died, while messages wait that nobody living would take."""
    own = [job for job in observed.jobs if job.departure == stamp(due.at)]
    failed = sum(job.count(FAILED) for job in own)
    first = sum(sum(job.workers.values()) for job in own if job.early or job.attempt == 0)
    called_off = sum(job.count(frozenset({CALLED_OFF})) for job in own)
    # Later attempts took over what last call ended, or replaced what died.
    replaced = max(0, sum(sum(job.workers.values()) for job in own) - first - called_off)
    left = observed.waiting - quotas.items(observed.jobs, LIVING)
    wanted = min(failed - replaced, ceil(left / due.rule.quota), REPLACED_AT_MOST * first - replaced)
    if wanted <= 0:
        return []
    # What spot dropped once goes on-demand: its slack is spent.
    attempt = 1 + max((job.attempt for job in own), default=0)
    name = job_name(settings, due.at, ON_DEMAND, attempt, due.rule.pool)
    workers = min(wanted, due.rule.max_workers)
    dead = [job for job in own if job.count(FAILED)]
    return [
        Submit(
            name, due.rule.pool, ON_DEMAND, workers, due.rule.quota, stamp(due.at), due.rule.promise_s,
            f"{failed} workers failed: {said(dead)}", tuple(job.id for job in dead), probes=False,
        )
    ]  # fmt: skip


def _last_call(
    now: datetime, settings: DispatcherSettings, departure: Departure, prior: Departure, observed: Observed,
    unstarted: Sequence[Job], quotas: Quotas,
) -> list[Submit | Cancel]:  # fmt: skip
    """Spot workers that have not started when their departure's oldest message reaches the last call.

    A departure takes everything, so what it took arrived after the one before: that bounds the age. It counted on
    workers of earlier ones that were about to start. Where those were promised more time, their own last call would
    come too late for it: so they go with it.
    """
    rule: Departures = departure.rule
    age = (now - prior.at).total_seconds()
    if rule.last_call_s == 0 or age < rule.last_call_s:
        return []
    at = stamp(departure.at)
    stuck = [
        job for job in unstarted
        if job.departure == at or (job.departure < at and belongs(settings, job.name, rule.pool))
    ]  # fmt: skip
    if not stuck:
        return []
    own = [job for job in observed.jobs if job.departure == at]
    # Those that replace the dead do not stand in for the stuck.
    covered = sum(job.count(LIVING) for job in own if job.purchase == ON_DEMAND)
    covered = max(0, covered - sum(job.count(FAILED) for job in own))
    workers = ceil(quotas.items(stuck, NOT_STARTED) / rule.quota) - covered
    actions: list[Submit | Cancel] = []
    if workers > 0 and observed.waiting > 0:
        missing = min(workers, ceil(observed.waiting / rule.quota))
        quota = max(rule.quota, ceil(observed.waiting / missing)) if missing >= rule.max_workers else rule.quota
        attempt = 1 + max((job.attempt for job in own), default=0)
        name = job_name(settings, departure.at, ON_DEMAND, attempt, rule.pool)
        count = sum(job.count(NOT_STARTED) for job in stuck)
        reason = f"{count} spot workers had not started at last call: {said(stuck)}"
        replaced = tuple(job.id for job in stuck)
        actions.append(Submit(name, rule.pool, ON_DEMAND, missing, quota, at, rule.promise_s, reason, replaced))
    return actions + [Cancel(job) for job in stuck]
