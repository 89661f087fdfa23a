"""A dispatcher whose ledger, or EventBridge, does not take what it says: workers leave, and the tick fails."""

from datetime import timedelta
from unittest import mock

import pytest

from headway_runtime import dispatcher
from tests.runtime.test_dispatcher import NOON, Fleet, fleet

__all__ = ["fleet"]


def test_without_its_ledger_workers_leave_and_the_tick_fails_so_that_its_alarm_sees_it(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_SETTINGS", fleet.settings.to_json())
    fleet.send(25)
    fleet.clients.s3.delete_bucket(Bucket="results")
    with pytest.raises(dispatcher.LedgerError, match="NoSuchBucket"):
        dispatcher.handler({"now": NOON.isoformat()}, None)
    assert len(fleet.jobs()) == 1, "who waits is served all the same"
    fleet.clients.s3.create_bucket(Bucket="results")
    assert dispatcher.handler({"now": (NOON + timedelta(minutes=1)).isoformat()}, None)["failed"] == []
    assert len(fleet.jobs()) == 1


def test_an_end_that_eventbridge_does_not_take_fails_the_tick_and_is_told_by_the_next(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.send(3)
    fleet.tick()
    fleet.jobs()[0].status = "SUCCEEDED"
    later = NOON + timedelta(minutes=10)
    refusing = mock.Mock(put_events=lambda **_: {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "Throttled"}]})
    report = dispatcher.tick(later, fleet.settings, fleet.clients._replace(events=refusing))
    assert (report["finished"], len(report["failed"])) == ([], 1)
    assert "Throttled" in report["failed"][0]
    report = fleet.tick(later + timedelta(minutes=2))
    assert (len(report["finished"]), report["failed"]) == (1, [])
