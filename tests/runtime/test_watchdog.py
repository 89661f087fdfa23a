"""The watchdog's account: what came is finished, waiting or dead, or it is told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headway_rehearsal.account import account
from headway_runtime import watchdog
from headway_runtime.settings import WatchdogSettings

NOON = datetime(2026, 6, 3, 12, 0, 20, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@dataclass
class Watched:
    """A queue, its dead letters, a bucket, and the counts that AWS would keep of them."""

    sqs: Any
    s3: Any
    cloudwatch: Any
    settings: WatchdogSettings

    def count(self, at: datetime, **counts: int) -> None:
        """What happened in a minute: ``sent``, ``deleted``, ``dead_deleted``, ``finished``."""
        queues = {"sent": "requests", "deleted": "requests", "dead_sent": "dead", "dead_deleted": "dead"}
        for what, count in counts.items():
            if what == "finished":
                values = {"Values": [0.5], "Counts": [count]}
                row = {"MetricName": "PromiseUsed", "Dimensions": [{"Name": "Fleet", "Value": "fleet"}], **values}
            else:
                name = "NumberOfMessagesSent" if what.endswith("sent") else "NumberOfMessagesDeleted"
                dimensions = [{"Name": "QueueName", "Value": queues[what]}]
                row = {"MetricName": name, "Dimensions": dimensions, "Value": count}
            space = "Headway" if what == "finished" else "AWS/SQS"
            self.cloudwatch.put_metric_data(Namespace=space, MetricData=[{**row, "Timestamp": at}])

    def fill(self, waiting: int = 0, dead: int = 0) -> None:
        for url, count in ((self.settings.queue_url, waiting), (self.settings.dead_letter_url, dead)):
            for n in range(count):
                self.sqs.send_message(QueueUrl=url, MessageBody=str(n))

    def watch(self, at: datetime) -> dict[str, Any]:
        return watchdog.watch(at, self.settings, self.sqs, self.s3, self.cloudwatch)

    def day(self, end: datetime = NOON) -> dict[str, Any]:
        """A call at the end of the day and one an hour later, which takes its account."""
        self.watch(end)
        return self.watch(end + HOUR)


@pytest.fixture
def watched() -> Iterator[Watched]:
    with account("us-east-1") as aws:
        sqs, s3 = aws.client("sqs"), aws.client("s3")
        s3.create_bucket(Bucket="results")
        urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("requests", "dead")]
        settings = WatchdogSettings("fleet", *urls, "results", "ledger/fleet.json")
        made = Watched(sqs, s3, aws.client("cloudwatch"), settings)
        made.watch(NOON - 24 * HOUR)
        yield made


def test_a_day_whose_requests_are_finished_waiting_or_dead_comes_out_even(watched: Watched) -> None:
    watched.count(NOON - 5 * HOUR, sent=100, deleted=90, finished=90)
    watched.fill(waiting=7, dead=3)
    report = watched.day()
    assert report["Unaccounted"] == 0
    assert {name: report["account"][name] for name in ("sent", "deleted", "finished", "lost")} == {
        "sent": 100, "deleted": 90, "finished": 90, "lost": 0,
    }  # fmt: skip


def test_what_expired_in_the_queue_is_lost(watched: Watched) -> None:
    watched.count(NOON - 5 * HOUR, sent=100, deleted=80, finished=80)
    watched.fill(waiting=7)
    report = watched.day()
    assert (report["account"]["lost"], report["Unaccounted"]) == (13, 13)


def test_what_was_deleted_without_a_result_is_unanswered(watched: Watched) -> None:
    watched.count(NOON - 5 * HOUR, sent=100, deleted=100, finished=96)
    report = watched.day()
    assert (report["account"]["lost"], report["account"]["unanswered"], report["Unaccounted"]) == (0, 4, 4)


def test_dead_letters_that_were_sent_again_are_counted_once_on_each_side(watched: Watched) -> None:
    watched.fill(dead=5)
    watched.watch(NOON - 24 * HOUR + 5 * MINUTE)
    watched.sqs.purge_queue(QueueUrl=watched.settings.dead_letter_url)
    watched.count(NOON - 5 * HOUR, sent=5, dead_deleted=5, deleted=5, finished=5)
    report = watched.day(NOON + 5 * MINUTE)
    assert (report["account"]["start"]["dead"], report["Unaccounted"]) == (5, 0)


def test_a_letter_that_the_worker_sent_is_dead_and_not_unanswered(watched: Watched) -> None:
    watched.count(NOON - 5 * HOUR, sent=10, deleted=10, finished=7, dead_sent=3)
    watched.fill(dead=3)
    report = watched.day()
    assert (report["account"]["lost"], report["account"]["unanswered"]) == (0, 0)


def test_dead_letters_that_expire_are_told(watched: Watched) -> None:
    watched.fill(dead=5)
    watched.watch(NOON - 24 * HOUR + 5 * MINUTE)
    watched.sqs.purge_queue(QueueUrl=watched.settings.dead_letter_url)
    assert watched.day(NOON + 5 * MINUTE)["Unaccounted"] == 5


def test_what_happens_at_the_ends_of_the_day_may_stand_on_either_side(watched: Watched) -> None:
    watched.count(NOON - MINUTE, sent=40)
    watched.count(NOON - 5 * HOUR, sent=10, deleted=10, finished=10)
    report = watched.day()
    assert (report["account"]["lost"], report["account"]["either_side"], report["Unaccounted"]) == (40, 40, 0)


def test_yesterdays_requests_are_no_part_of_the_account(watched: Watched) -> None:
    watched.count(NOON - 30 * HOUR, sent=1000)
    watched.count(NOON + MINUTE * 40, sent=1000)
    assert watched.day()["account"]["sent"] == 0


def test_counts_that_have_not_settled_make_no_account(watched: Watched) -> None:
    assert watched.watch(NOON - 23 * HOUR)["account"] is None


def test_a_missed_hour_is_no_special_case(watched: Watched) -> None:
    watched.count(NOON - 5 * HOUR, sent=10, deleted=10, finished=10)
    watched.watch(NOON - 3 * HOUR)
    report = watched.watch(NOON + HOUR)
    assert (report["account"]["end"]["at"], report["Unaccounted"]) == ((NOON - 3 * HOUR).isoformat(), 0)


def test_the_ledger_forgets_what_is_older_than_it_needs(watched: Watched) -> None:
    for hour in range(1, 70):
        watched.watch(NOON - 24 * HOUR + hour * HOUR)
    ledger = json.loads(watched.s3.get_object(Bucket="results", Key="ledger/fleet.json")["Body"].read())
    assert len(ledger["notes"]) == watchdog.KEPT


def test_a_ledger_that_may_not_be_read_is_not_taken_for_none(watched: Watched) -> None:
    class Forbidden:
        def get_object(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

        def put_object(self, **what: Any) -> Any:
            return watched.s3.put_object(**what)

    with pytest.raises(ClientError, match="PreconditionFailed"):
        watchdog.watch(NOON, watched.settings, watched.sqs, Forbidden(), watched.cloudwatch)


def test_its_line_carries_the_metric_and_the_account(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    watched.count(NOON - 5 * HOUR, sent=9)
    watched.day()
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    (metrics,) = line["_aws"]["CloudWatchMetrics"]
    assert (metrics["Namespace"], metrics["Metrics"], line["Unaccounted"]) == ("Headway", [{"Name": "Unaccounted"}], 9)
    assert line["account"]["lost"] == 9


def test_a_day_says_which_departures_went_on_demand_and_why(watched: Watched) -> None:
    watched.settings = replace(watched.settings, departures="departures/fleet/")
    assert watched.day()["on_demand"] is None
    why = [{"workers": 2, "reason": "2 workers failed: Host EC2 (instance i-0a) terminated.", "replaces": ["j1"]}]
    told = [
        {"departure": f"{at:%Y%m%dT%H%MZ}", "on_demand": why} for at in (NOON - 30 * HOUR, NOON - 5 * HOUR, NOON + HOUR)
    ]
    watched.s3.put_object(Bucket="results", Key="departures/fleet/on-demand.json", Body=json.dumps(told).encode())
    assert watched.watch(NOON + 2 * HOUR)["on_demand"] == told[1:]
