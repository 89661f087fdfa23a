"""Each log is read as what it is; whatever is wrong in one says where."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from headway.errors import HeadwayError
from headway.traffic.reading import Batch, open_log
from tests.traffic import logs

TIMES = logs.MONDAY + np.array([0.25, 10.5, 3600.75])


def read(path: Path, **options: object) -> Batch:
    rows = list(open_log(path, **options).batches())
    return Batch(*(np.concatenate(columns) for columns in zip(*rows, strict=True)))


def written(folder: Path, text: str, name: str = "log") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_load_balancers_log_gives_when_requests_came_not_when_they_were_answered(tmp_path: Path) -> None:
    rows = read(written(tmp_path, logs.alb(TIMES, took=0.25, received=2000, sent=300)))

    assert rows.times == pytest.approx(TIMES, abs=1e-5)
    assert set(rows.bytes_in) == {2000.0}
    assert set(rows.bytes_out) == {300.0}


def test_an_api_gateways_log_is_read_in_both_its_forms(tmp_path: Path) -> None:
    plain, lines = read(written(tmp_path, logs.clf(TIMES))), read(written(tmp_path, logs.json_lines(TIMES), "j"))

    assert plain.times == pytest.approx(np.floor(TIMES))
    assert lines.times == pytest.approx(TIMES, abs=1e-3)
    assert set(plain.bytes_out) == set(lines.bytes_out) == {512.0}


def test_gzip_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(gzip.compress(logs.alb(TIMES).encode()))

    assert read(path).times.size == 3


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("timestamp,user\n2026-11-02T00:00:05Z,a\n", logs.MONDAY + 5),
        ("user;Request Time\na;2026-11-02 00:00:05\n", logs.MONDAY + 5),
        ("2026-11-02T01:00:05+01:00,a\n", logs.MONDAY + 5),
        ("ts\n1793577605\n", 1793577605.0),
        ("ts\n1793577605123\n", 1793577605.123),
        ('{"@timestamp": "2026-11-02T00:00:05Z"}\n', logs.MONDAY + 5),
        ("# comment\ntime\tx\n2026-11-02T00:00:05Z\t1\n", logs.MONDAY + 5),
    ],
)
def test_times_are_found_however_they_are_named_and_written(text: str, first: float, tmp_path: Path) -> None:
    assert read(written(tmp_path, text)).times[0] == pytest.approx(first)


def test_a_row_may_count_a_stretch_of_time(tmp_path: Path) -> None:
    log = open_log(written(tmp_path, "minute,requests\n2026-11-02T00:00Z,7\n2026-11-02T00:01Z,9\n"))

    assert log.counted
    assert list(next(log.batches()).counts) == [7, 9]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing in it says when.*this one has nothing"),
        ("\0\1,requests\n", "is no text; a log, a CSV or JSON lines are needed"),
        ("a,b\n1,2\n", "a column requests .*this one has a, b"),
        ('{"user": 1}\n', "this one has user"),
        ("requests\n1\n", r":1: nothing says when it began; give --starts"),
        ("arrival_s\n1\n", r":2: nothing says when it began; give --starts"),
        ("[{}]\n", "jq -c"),
        ("timestamp\n2026-11-02T00:00Z\nyesterday\n", ":3: cannot be read as the lines before it: 'yesterday'"),
        ("{broken\n", ":1: "),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(HeadwayError, match=said):
        read(written(tmp_path, text))


def test_a_torn_line_among_thousands_is_left_out_and_counted(tmp_path: Path) -> None:
    times = logs.MONDAY + np.arange(3000.0)
    log = open_log(written(tmp_path, logs.alb(times) + "https 2026-11-0"))

    assert sum(batch.times.size for batch in log.batches()) == 3000
    assert log.skipped == [3001]


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00bad", gzip.compress(b"x" * 9000, mtime=0)[:40], b"\x1f\x8bnot gzip at all"],
    ids=["other encoding", "breaks off", "not gzip"],
)
def test_what_is_no_text_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)

    with pytest.raises(HeadwayError, match=r"not text|breaks off|damaged"):
        read(path)
