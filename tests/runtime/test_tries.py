"""What an item is judged by: its own failures, not how often SQS gave it out."""

from collections.abc import Iterator
from typing import Any

import pytest

from headway_rehearsal.account import account
from headway_runtime.items import Item
from headway_runtime.tries import Tries


@pytest.fixture
def s3() -> Iterator[Any]:
    with account("us-east-1") as aws:
        made = aws.client("s3")
        made.create_bucket(Bucket="results")
        yield made


def item(receives: int, message: str = "m1") -> Item:
    return Item({"MessageId": message, "Attributes": {"ApproximateReceiveCount": str(receives)}}, None, error="broken")


def judged(s3: Any, attempts: int, *receives: int) -> list[bool]:
    """One item's failures, each found by another worker."""
    return [Tries(s3, "results", "fleet", attempts).used_up(item(each)) for each in receives]


def test_an_item_that_fails_whenever_it_is_given_out_has_its_three_tries(s3: Any) -> None:
    assert judged(s3, 3, 1, 2, 3) == [False, False, True]


def test_receives_in_other_hands_condemn_nothing_that_fails_once(s3: Any) -> None:
    assert judged(s3, 3, 7, 8) == [False, True]


def test_failures_of_another_message_do_not_count(s3: Any) -> None:
    tries = Tries(s3, "results", "fleet", 3)
    assert not tries.used_up(item(5, "m1"))
    assert not tries.used_up(item(5, "m2"))
    assert tries.used_up(item(6, "m1"))


@pytest.mark.parametrize(("attempts", "receives"), [(1, 1), (2, 2)])
def test_where_few_tries_are_given_the_last_one_counts_alone(s3: Any, attempts: int, receives: int) -> None:
    assert judged(s3, attempts, receives) == [True]
    assert "Contents" not in s3.list_objects_v2(Bucket="results")


def test_more_tries_take_more_failures(s3: Any) -> None:
    assert judged(s3, 5, 9, 10, 11, 12) == [False, False, False, True]


def test_a_failure_is_kept_with_its_reason_where_the_fleet_may_write(s3: Any) -> None:
    judged(s3, 3, 2)
    (row,) = s3.list_objects_v2(Bucket="results")["Contents"]
    assert row["Key"] == "departures/fleet/tries/m1/1.json"
    assert b"broken" in s3.get_object(Bucket="results", Key=row["Key"])["Body"].read()
