"""Results are written once, whatever S3 answers."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headway_rehearsal.account import account
from headway_runtime.results import BucketSink, TableSink, get_row, put_newer, row, write_once


class Bucket:
    """Answers each put with the next of these error codes; none is success."""

    def __init__(self, *codes: str) -> None:
        self.codes, self.puts = list(codes), []

    def put_object(self, **asked: Any) -> None:
        self.puts.append(asked)
        code = self.codes.pop(0) if self.codes else ""
        if code:
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "PutObject")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headway_runtime.results.time.sleep", lambda _: None)


def test_the_first_to_write_is_told_so_and_the_second_changes_nothing() -> None:
    with account("us-east-1") as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="results")
        assert write_once(s3, "results", "results/a.json", {"output": 1}) is True
        assert write_once(s3, "results", "results/a.json", {"output": 2}) is False
        assert s3.get_object(Bucket="results", Key="results/a.json")["Body"].read() == b'{"output":1}'


def test_a_write_under_way_elsewhere_is_asked_again() -> None:
    bucket = Bucket("ConditionalRequestConflict", "ConditionalRequestConflict")
    assert write_once(bucket, "b", "k", {}) is True
    assert [put["IfNoneMatch"] for put in bucket.puts] == ["*"] * 3


def test_the_other_writer_may_win() -> None:
    assert write_once(Bucket("ConditionalRequestConflict", "PreconditionFailed"), "b", "k", {}) is False


@pytest.mark.parametrize("codes", [("AccessDenied",), ("ConditionalRequestConflict",) * 5])
def test_a_result_that_cannot_be_written_is_never_taken_for_written(codes: tuple[str, ...]) -> None:
    with pytest.raises(ClientError, match=codes[0]):
        write_once(Bucket(*codes), "b", "k", {})


def test_an_output_takes_the_place_of_an_error_and_nothing_takes_an_outputs() -> None:
    with account("us-east-1") as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="answers")

        def there() -> dict[str, Any]:
            return dict(json.loads(s3.get_object(Bucket="answers", Key="results/r1.json")["Body"].read()))

        assert write_once(s3, "answers", "results/r1.json", {"id": "r1", "error": "poison"})
        assert not write_once(s3, "answers", "results/r1.json", {"id": "r1", "error": "again"})
        assert there()["error"] == "poison"
        assert write_once(s3, "answers", "results/r1.json", {"id": "r1", "output": 1})
        assert not write_once(s3, "answers", "results/r1.json", {"id": "r1", "output": 2})
        assert not write_once(s3, "answers", "results/r1.json", {"id": "r1", "error": "late"})
        assert there() == {"id": "r1", "output": 1}


class Table:
    """A table that keeps what was put."""

    def put_item(self, **asked: Any) -> None:
        self.item = asked["Item"]

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {"Item": self.item}


@pytest.mark.parametrize("doubts", [[{"kind": "empty", "why": "it holds nothing"}], []])
def test_a_row_keeps_the_doubts_of_its_answer(doubts: list[dict[str, str]]) -> None:
    table = Table()
    put_newer(table, "rows", row({"output": {}, **({"doubts": doubts} if doubts else {})}, "k", 1.0, 1e12))
    found = get_row(table, "rows", "k")
    assert found is not None
    assert list(found.doubts) == doubts


def test_what_is_filled_expires_its_time_after_it_was_computed() -> None:
    table = Table()
    assert TableSink(table, "rows", 600.0, BucketSink(Bucket(), "results")).write({"id": "a", "output": 1}, "k")
    expires, computed = (float(table.item[name]["N"]) for name in ("expires_at", "computed_at"))
    assert 598 < expires - computed <= 600
    assert abs(computed - time.time()) < 5
