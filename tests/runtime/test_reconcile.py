"""The dispatcher's decision as a table of situations: what waits and what lives, in; the missing jobs, out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as settled_by
from hypothesis import strategies as st

from headway_runtime.jobs import (
    LIVING,
    NOT_STARTED,
    Cancel,
    Job,
    Observed,
    Submit,
    belongs,
    job_name,
    stamp,
)
from headway_runtime.reconcile import reconcile
from headway_runtime.settings import Departures, DispatcherSettings, Pool

EVERY_DAY = tuple(range(7))
POOL = Pool("spot", "ondemand", "job")
settled = settled_by(max_examples=50, deadline=None)


def rule(**changes: object) -> Departures:
    base = {
        "days": EVERY_DAY, "from_minute": 0, "to_minute": 1440, "every_minutes": 60, "pool": "g5", "quota": 10,
        "max_workers": 5, "last_call_s": 3600 + 1200, "promise_s": 7200,
    }  # fmt: skip
    return Departures(**{**base, **changes})  # type: ignore[arg-type]


def settings(*rules: Departures, timezone: str = "UTC") -> DispatcherSettings:
    return DispatcherSettings(
        name="fleet", timezone=timezone, queue_url="q", departures=rules or (rule(),),
        pools={"g5": POOL},
    )  # fmt: skip


NOON = datetime(2026, 6, 3, 12, 0, tzinfo=UTC)


def job(at: datetime, status: str, *, purchase: str = "spot", attempt: int = 0, workers: int = 1) -> Job:
    name = job_name(settings(), at, purchase, attempt, "g5")
    return Job(f"{purchase}-{attempt}-{stamp(at)}", name, {status: workers})


def decide(waiting: int, *jobs: Job, now: datetime = NOON, handled: datetime | None = None, **changes: object):  # type: ignore[no-untyped-def]
    found = reconcile(now, settings(rule(**changes)), Observed(waiting, jobs), handled)
    return [
        ("submit", action.purchase, action.workers, action.quota) if isinstance(action, Submit) else ("cancel", action.job.id)
        for action in found.actions
    ]  # fmt: skip


def test_nothing_waiting_starts_nothing() -> None:
    assert decide(0) == []


@pytest.mark.parametrize(
    ("waiting", "workers", "quota"), [(1, 1, 10), (10, 1, 10), (11, 2, 10), (50, 5, 10), (120, 5, 24)]
)
def test_a_departure_takes_all_that_waits_with_the_workers_it_needs(waiting: int, workers: int, quota: int) -> None:
    assert decide(waiting) == [("submit", "spot", workers, quota)]
    assert workers * quota >= waiting


def test_between_departures_what_arrives_waits_for_the_next() -> None:
    assert decide(7, job(NOON, "RUNNING"), now=NOON + timedelta(minutes=20)) == []


def test_a_missed_tick_is_made_good_by_the_next_and_says_how_late() -> None:
    late = reconcile(NOON + timedelta(minutes=4), settings(), Observed(3, ()), NOON - timedelta(hours=1))
    assert [action.departure for action in late.actions if isinstance(action, Submit)] == [stamp(NOON)]
    assert late.seconds_behind == 240


def test_a_process_that_forgot_does_not_start_workers_twice() -> None:
    assert decide(8, job(NOON, "RUNNABLE")) == []
    assert decide(8, job(NOON, "SUCCEEDED")) == []


def test_a_process_that_remembers_does_not_send_for_what_came_after_the_departure() -> None:
    assert decide(3, now=NOON + timedelta(minutes=5), handled=NOON) == []


def test_what_sqs_counted_late_is_seen_by_the_second_look() -> None:
    assert decide(3, now=NOON + timedelta(seconds=90), handled=NOON) == [("submit", "spot", 1, 10)]
    assert decide(3, job(NOON, "RUNNABLE"), now=NOON + timedelta(seconds=90), handled=NOON) == []


def test_of_an_array_only_what_never_started_goes_on_demand() -> None:
    array = Job("array", job_name(settings(), NOON, "spot", 0, "g5"), {"RUNNING": 2, "RUNNABLE": 1, "SUCCEEDED": 1})
    late = NOON + timedelta(minutes=25)
    assert decide(25, array, now=late) == [("submit", "ondemand", 1, 10), ("cancel", "array")]
    running = Job("array", array.name, {"RUNNING": 3, "SUCCEEDED": 1})
    assert decide(25, running, now=late) == []


def test_of_an_array_only_what_died_is_replaced() -> None:
    array = Job("array", job_name(settings(), NOON, "spot", 0, "g5"), {"RUNNING": 1, "FAILED": 2})
    assert decide(30, array, now=NOON + timedelta(minutes=5)) == [("submit", "ondemand", 2, 10)]


def test_workers_of_the_last_departure_that_have_not_started_count() -> None:
    earlier = job(NOON - timedelta(hours=1), "RUNNABLE", workers=1)
    assert decide(20, earlier, last_call_s=9999) == [("submit", "spot", 1, 10)]


def test_a_worker_that_died_is_replaced_on_demand_while_its_items_wait() -> None:
    died = job(NOON, "FAILED", workers=2)
    assert decide(15, died, now=NOON + timedelta(minutes=10)) == [("submit", "ondemand", 2, 10)]
    assert decide(0, died, now=NOON + timedelta(minutes=10)) == []


def test_a_replacement_is_started_once() -> None:
    died, again = job(NOON, "FAILED"), job(NOON, "RUNNING", purchase="ondemand", attempt=1)
    assert decide(5, died, again, now=NOON + timedelta(minutes=11)) == []


def test_at_last_call_what_never_started_goes_on_demand_and_is_cancelled() -> None:
    stuck = job(NOON, "RUNNABLE", workers=3)
    just_before = NOON + timedelta(seconds=1199)
    assert decide(25, stuck, now=just_before) == []
    assert decide(25, stuck, now=just_before + timedelta(seconds=1)) == [
        ("submit", "ondemand", 3, 10),
        ("cancel", stuck.id),
    ]


def test_what_runs_at_last_call_is_left_alone() -> None:
    assert decide(25, job(NOON, "RUNNING", workers=3), now=NOON + timedelta(minutes=30)) == []


def test_with_nothing_left_waiting_last_call_only_cancels() -> None:
    stuck = job(NOON, "RUNNABLE")
    assert decide(0, stuck, now=NOON + timedelta(minutes=30)) == [("cancel", stuck.id)]


def test_last_call_of_a_departure_still_comes_after_the_next_has_left() -> None:
    stuck, fresh = job(NOON - timedelta(hours=1), "RUNNABLE"), job(NOON, "RUNNING")
    found = decide(5, stuck, fresh, now=NOON + timedelta(minutes=1), last_call_s=3600 + 3600)
    assert ("cancel", stuck.id) in found


def test_a_wait_too_short_for_spot_goes_on_demand_at_once() -> None:
    assert decide(5, last_call_s=0) == [("submit", "ondemand", 1, 10)]


def test_job_names_carry_the_departure_and_how_it_was_bought() -> None:
    one = job(NOON, "RUNNING", purchase="ondemand", attempt=2)
    assert one.name == "fleet-g5-20260603T1200Z-ondemand-2"
    assert (one.departure, one.purchase) == ("20260603T1200Z", "ondemand")


def test_an_empty_calendar_is_noted() -> None:
    found = reconcile(NOON, settings(rule(days=())), Observed(3, ()))
    assert found.actions == ()
    assert found.notes


def test_cancelling_never_comes_without_its_replacement() -> None:
    stuck = job(NOON, "RUNNABLE", workers=2)
    actions = reconcile(NOON + timedelta(minutes=30), settings(), Observed(15, (stuck,))).actions
    assert [type(action) for action in actions] == [Submit, Cancel]


def test_last_call_comes_however_many_departures_have_left_since() -> None:
    # Every five minutes, and no spot for an hour: the work of the first departure must still go on-demand.
    stuck = job(NOON - timedelta(minutes=55), "RUNNABLE")
    assert decide(5, stuck, every_minutes=5, last_call_s=3600) == [("submit", "ondemand", 1, 10), ("cancel", stuck.id)]


def test_what_last_call_cancelled_has_not_died() -> None:
    cancelled = job(NOON, "CALLED_OFF", workers=3)
    assert decide(8, cancelled, now=NOON + timedelta(minutes=40)) == []


def test_on_demand_workers_that_die_after_last_call_are_replaced() -> None:
    cancelled = job(NOON, "CALLED_OFF", workers=3)
    taken_over = Job("over", job_name(settings(), NOON, "ondemand", 1, "g5"), {"FAILED": 2, "SUCCEEDED": 1})
    assert decide(25, cancelled, taken_over, now=NOON + timedelta(minutes=40)) == [("submit", "ondemand", 2, 10)]


def test_workers_that_always_die_are_not_replaced_without_end() -> None:
    dead = [job(NOON, "FAILED", workers=2)]
    for attempt in (1, 2):
        assert decide(20, *dead, now=NOON + timedelta(minutes=5 * attempt)) == [("submit", "ondemand", 2, 10)]
        dead.append(job(NOON, "FAILED", purchase="ondemand", attempt=attempt, workers=2))
    assert decide(20, *dead, now=NOON + timedelta(minutes=15)) == []


def test_a_worker_alive_covers_its_part_of_what_waits() -> None:
    died, lives = job(NOON, "FAILED", workers=3), job(NOON - timedelta(hours=1), "RUNNING", workers=1)
    assert decide(25, died, lives, now=NOON + timedelta(minutes=10)) == [("submit", "ondemand", 2, 10)]


def test_workers_of_another_pool_do_not_count_for_this_one() -> None:
    # The fleet is called as the pool is, and the other pool's name starts as this one's.
    named = replace(settings(rule(last_call_s=9999)), name="a-g5-b", pools={"g5": POOL, "g5-xl": POOL})
    other = Job("other", job_name(named, NOON - timedelta(hours=1), "spot", 0, "g5-xl"), {"RUNNABLE": 2})
    (found,) = reconcile(NOON, named, Observed(20, (other,))).actions
    assert isinstance(found, Submit)
    assert found.workers == 2


def test_a_process_that_forgot_cannot_say_that_a_departure_was_late() -> None:
    # It may have left on time with nothing waiting: that is no missed departure.
    assert reconcile(NOON + timedelta(minutes=40), settings(), Observed(3, ())).seconds_behind == 0


def test_a_fleet_of_another_name_is_not_ours() -> None:
    mine, longer = settings(), replace(settings(), name="fleet-eu")
    assert belongs(mine, job_name(mine, NOON, "spot", 0, "g5"))
    assert not belongs(mine, job_name(longer, NOON, "spot", 0, "g5"))
    assert not belongs(mine, "fleet-g5")
    assert not belongs(mine, "fleet-g5-by-hand-x")


def test_a_long_name_still_makes_job_names_that_are_known_again() -> None:
    long = replace(settings(), name="f" * 127 + "-x")
    name = job_name(long, NOON, "ondemand", 12, "g5")
    assert len(name) == 128
    assert belongs(long, name)


def test_full_quotas_leave_early_and_the_rest_waits_for_its_time() -> None:
    at = NOON + timedelta(minutes=20)
    assert decide(25, now=at, handled=NOON, leaves_early=True) == [("submit", "spot", 2, 10)]
    assert decide(9, now=at, handled=NOON, leaves_early=True) == []
    assert decide(25, now=at, handled=NOON) == []
    # Whoever lives counts with a whole quota of what waits.
    assert decide(25, job(NOON, "RUNNING"), now=at, handled=NOON, leaves_early=True) == [("submit", "spot", 1, 10)]
    assert decide(25, job(NOON, "RUNNING", workers=2), now=at, handled=NOON, leaves_early=True) == []


def test_what_left_early_belongs_to_the_departure_that_it_left_before() -> None:
    at, next_at = NOON + timedelta(minutes=20), NOON + timedelta(hours=1)
    (early,) = reconcile(at, settings(rule(leaves_early=True)), Observed(25, ()), NOON).actions
    assert isinstance(early, Submit)
    assert (early.departure, early.name) == (stamp(next_at), f"fleet-g5-{stamp(next_at)}-spotearly-1")
    gone = Job("e", early.name, {"RUNNING": 2})
    # Its departure leaves all the same, for what is left.
    assert decide(5, gone, now=next_at, handled=NOON, leaves_early=True) == [("submit", "spot", 1, 10)]
    # And spot that does not come for it goes on-demand at that departure's last call.
    stuck = Job("e", early.name, {"RUNNABLE": 2})
    late = NOON + timedelta(seconds=4800)
    assert ("cancel", "e") in decide(25, stuck, now=late, handled=next_at, leaves_early=True)


def test_what_another_pools_workers_take_fills_no_quota_that_leaves_early() -> None:
    # Noon is the last departure of one kind of worker; one o'clock has another.
    morning = rule(to_minute=721, leaves_early=True)
    afternoon = rule(from_minute=780, pool="c6i", leaves_early=True)
    both = replace(settings(morning, afternoon), pools={"g5": POOL, "c6i": Pool("spot-2", "ondemand-2", "job-2")})
    (fleet,) = reconcile(NOON, both, Observed(25, ())).actions
    assert isinstance(fleet, Submit)
    assert (fleet.pool, fleet.workers) == ("g5", 3)
    at, starting = NOON + timedelta(minutes=2), job(NOON, "STARTING", workers=3)
    assert reconcile(at, both, Observed(34, (starting,)), NOON).actions == ()
    (early,) = reconcile(at, both, Observed(45, (starting,)), NOON).actions
    assert isinstance(early, Submit)
    assert (early.pool, early.workers, early.departure) == ("c6i", 1, stamp(NOON + timedelta(hours=1)))


def test_nobody_leaves_early_while_workers_die() -> None:
    at = NOON + timedelta(minutes=20)
    dead = job(NOON, "FAILED"), job(NOON, "FAILED", purchase="ondemand", attempt=1, workers=2)
    assert decide(95, *dead, now=at, handled=NOON, leaves_early=True) == []


def test_a_million_waiting_are_sent_for_within_the_fleet_and_drained_over_several_ticks() -> None:
    waiting, sent, at = 1_000_000, 0, NOON
    changes = {"quota": 60, "max_workers": 12_000, "leaves_early": True}
    first = decide(waiting, now=at, **changes)
    assert first == [("submit", "spot", 12_000, 84)]
    # Their time is over after 40 items each: the next tick sends for the rest, fleet after fleet.
    while waiting and sent < 10:
        at += timedelta(minutes=5)
        waiting -= min(waiting, 12_000 * 40)
        again = decide(waiting, now=at, handled=NOON, **changes)
        assert all(workers <= 12_000 for _, _, workers, _ in again)
        sent += 1
    assert (waiting, sent) == (0, 3)


def test_after_departures_were_missed_for_hours_the_oldest_counts_from_the_last_that_left() -> None:
    found = reconcile(NOON, settings(), Observed(8, ()), NOON - timedelta(hours=4))
    (action,) = found.actions
    assert isinstance(action, Submit)
    assert action.purchase == "ondemand"
    assert found.notes == ("3 departures were missed: this one takes their requests along",)


def reasons(waiting: int, *jobs: Job, now: datetime = NOON, handled: datetime | None = None, **changes: object):  # type: ignore[no-untyped-def]
    found = reconcile(now, settings(rule(**changes)), Observed(waiting, jobs), handled).actions
    return [(action.reason, action.replaces) for action in found if isinstance(action, Submit)]


def test_what_goes_on_demand_says_why_and_what_it_replaces() -> None:
    stuck = replace(job(NOON, "RUNNABLE", workers=3), reasons=("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",))
    assert reasons(25, stuck, now=NOON + timedelta(minutes=20)) == [
        ("3 spot workers had not started at last call: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", (stuck.id,))
    ]
    dead = replace(job(NOON, "FAILED", workers=2), reasons=("Host EC2 (instance i-0a) terminated.", "OutOfMemoryError"))
    assert reasons(15, dead, now=NOON + timedelta(minutes=10)) == [
        ("2 workers failed: Host EC2 (instance i-0a) terminated.; OutOfMemoryError", (dead.id,))
    ]
    assert reasons(5, last_call_s=0) == [("its wait leaves spot no time", ())]
    missed = "last call had come before it left: the oldest may have waited 240 min"
    assert reasons(8, handled=NOON - timedelta(hours=4)) == [(missed, ())]
    # Spot is what was planned: nothing to explain.
    assert reasons(8) == [("", ())]


def test_a_departure_does_not_count_on_an_earlier_ones_worker_beyond_its_quota_or_its_own_last_call() -> None:
    night = rule(from_minute=0, to_minute=721, quota=10, last_call_s=5000)
    day = rule(from_minute=735, every_minutes=15, quota=60, last_call_s=1200, promise_s=1800)
    both = settings(night, day)
    stuck = job(NOON, "RUNNABLE")
    quarter = NOON + timedelta(minutes=15)
    (more,) = reconcile(quarter, both, Observed(65, (stuck,)), NOON).actions
    assert isinstance(more, Submit)
    assert (more.purchase, more.workers, more.quota) == ("spot", 1, 60)
    # What it found fits into the night's worker, which never comes: the day's last call ends it.
    assert reconcile(quarter, both, Observed(9, (stuck,)), NOON).actions == ()
    called = reconcile(NOON + timedelta(minutes=20), both, Observed(9, (stuck,)), quarter).actions
    assert called[1:] == (Cancel(stuck),)
    assert isinstance(called[0], Submit)
    assert (called[0].departure, called[0].purchase, called[0].promise_s) == (stamp(quarter), "ondemand", 1800)


def test_a_worker_that_replaced_a_dead_one_does_not_stand_in_for_one_that_never_started() -> None:
    spot = Job("spot", job_name(settings(), NOON, "spot", 0, "g5"), {"FAILED": 1, "RUNNABLE": 1})
    again = job(NOON, "RUNNING", purchase="ondemand", attempt=1)
    late = NOON + timedelta(minutes=25)
    assert ("submit", "ondemand", 1, 10) in decide(19, spot, again, now=late)


@settled
@given(
    waiting=st.integers(0, 200_000), workers=st.dictionaries(st.sampled_from(sorted(LIVING | {"SUCCEEDED", "FAILED"})),
    st.integers(1, 5)), minutes=st.integers(0, 59), purchase=st.sampled_from(["spot", "ondemand"]),
)  # fmt: skip
def test_done_twice_a_tick_does_nothing_more(
    waiting: int, workers: dict[str, int], minutes: int, purchase: str
) -> None:
    now = NOON + timedelta(minutes=minutes)
    jobs = [Job("0", job_name(settings(), NOON, purchase, 0, "g5"), workers)] if workers else []
    first = reconcile(now, settings(), Observed(waiting, jobs))
    gone = {action.job.id for action in first.actions if isinstance(action, Cancel)}
    after = [Job(one.id, one.name, called_off(one)) if one.id in gone else one for one in jobs]
    after += [Job(one.name, one.name, {"RUNNABLE": one.workers}) for one in first.actions if isinstance(one, Submit)]
    assert reconcile(now, settings(), Observed(waiting, after), first.handled).actions == ()


def called_off(job: Job) -> dict[str, int]:
    """The job's workers once last call has ended those that had not started."""
    found: dict[str, int] = {}
    for status, number in job.workers.items():
        now = "CALLED_OFF" if status in NOT_STARTED else status
        found[now] = found.get(now, 0) + number
    return found
