"""The dispatcher's decision as a table of situations: what waits and what lives, in; the missing jobs, out."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from headway_runtime.departures import before, next_after
from headway_runtime.reconcile import Cancel, Job, Observed, Submit, job_name, reconcile, stamp
from headway_runtime.settings import Departures, DispatcherSettings, Pool

EVERY_DAY = tuple(range(7))
NEW_YORK = ZoneInfo("America/New_York")


def rule(**changes: object) -> Departures:
    base = {
        "days": EVERY_DAY, "from_minute": 0, "to_minute": 1440, "every_minutes": 60, "pool": "g5", "quota": 10,
        "max_workers": 5, "last_call_s": 3600 + 1200,
    }  # fmt: skip
    return Departures(**{**base, **changes})  # type: ignore[arg-type]


def settings(*rules: Departures, timezone: str = "UTC") -> DispatcherSettings:
    return DispatcherSettings(
        name="fleet", timezone=timezone, queue_url="q", departures=rules or (rule(),),
        pools={"g5": Pool("spot", "ondemand", "job")},
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
    late = reconcile(NOON + timedelta(minutes=4), settings(), Observed(3, ()))
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


def times(zone: ZoneInfo, now: datetime, **changes: object) -> list[str]:
    found = before(now, (rule(**changes),), zone)
    return [departure.at.astimezone(UTC).strftime("%d %H:%M") for _, departure in zip(range(4), found, strict=False)]


def test_departures_keep_their_local_time_through_both_changes_of_the_clocks() -> None:
    # New York: summer time starts on 8 March and ends on 1 November 2026.
    eight = {"from_minute": 480, "to_minute": 481}
    assert times(NEW_YORK, datetime(2026, 3, 9, 15, tzinfo=UTC), **eight)[:3] == ["09 12:00", "08 12:00", "07 13:00"]
    assert times(NEW_YORK, datetime(2026, 11, 2, 15, tzinfo=UTC), **eight)[:3] == ["02 13:00", "01 13:00", "31 12:00"]


def test_an_hour_that_spring_skips_still_has_its_departure() -> None:
    half_past_two = {"from_minute": 150, "to_minute": 151}
    assert times(NEW_YORK, datetime(2026, 3, 8, 23, tzinfo=UTC), **half_past_two)[0] == "08 07:30"


def test_an_hour_that_autumn_repeats_departs_once() -> None:
    half_past_one = {"from_minute": 90, "to_minute": 91}
    found = times(NEW_YORK, datetime(2026, 11, 1, 23, tzinfo=UTC), **half_past_one)
    assert found[:2] == ["01 05:30", "31 05:30"]


def test_a_zone_without_summer_time_never_moves() -> None:
    eight = {"from_minute": 480, "to_minute": 481}
    tokyo = ZoneInfo("Asia/Tokyo")
    assert times(tokyo, datetime(2026, 3, 9, 1, tzinfo=UTC), **eight)[:2] == ["08 23:00", "07 23:00"]


def test_the_next_departure_is_the_first_one_after_now() -> None:
    found = next_after(NOON, (rule(),), ZoneInfo("UTC"))
    assert found is not None
    assert found.at == NOON + timedelta(hours=1)
    assert next_after(NOON, (), ZoneInfo("UTC")) is None
