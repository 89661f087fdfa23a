"""Which log a file is, by its first line, and how one of its lines is read: time, count, bytes in, bytes out.

Access logs of Application Load Balancers and of API Gateway (common log format or JSON), any CSV or JSON lines with a
time in each row, counts a minute. Field positions: AWS's pages "Access logs for your Application Load Balancer" and
"Set up CloudWatch logging for REST APIs in API Gateway" (2026-11).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any, NamedTuple

from headway.traffic.moments import seconds_of

NAN = float("nan")
A_MINUTE = 60.0

TIMES = ("requesttimeepoch", "requesttime", "timestamp", "time", "datetime", "submittedat", "arrivaltime", "arrivals",
         "receivedat", "createdat", "eventtime", "starttime", "ts", "minute", "hour", "date")  # fmt: skip
COUNTS = ("requests", "requestcount", "invocations", "count", "hits", "numberofmessagessent", "messages", "sum")
BYTES_IN = ("requestbytes", "receivedbytes", "requestlength", "requestsize", "bytesin", "contentlength", "payloadbytes")
BYTES_OUT = ("responsebytes", "sentbytes", "responselength", "responsesize", "bytesout", "bytessent", "bodybytessent",
             "bytes")  # fmt: skip
"""Names of columns and keys, best first, compared by their letters and digits alone."""
_ALB = re.compile(r"(http|https|h2|grpcs|ws|wss) \d{4}-\d\d-\d\dT\S+ \S+ ")
_ACCESS = re.compile(r'\[(\d\d/[A-Z][a-z]{2}/\d{4}:[^\]]+)\] "[^"]*" \S+ (\S+)')


class Entry(NamedTuple):
    """What one line says; what it does not say is not a number."""

    time: float
    requests: float = 1.0
    bytes_in: float = NAN
    bytes_out: float = NAN


class Format(NamedTuple):
    """How a file's lines are read."""

    name: str
    read: Callable[[str], Entry]
    """Raises ValueError, KeyError or IndexError on a line that it cannot read."""
    counted: bool = False
    """Rows are counts of a stretch of time, not requests."""
    timed: bool = True
    """Rows say when; otherwise a row is the minute after the one before."""
    head: bool = False
    """The first line names columns."""


class NoTimesError(ValueError):
    """No column or key says when; ``names`` are those that are there."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = tuple(names)


def format_of(line: str, *, zone: tzinfo, column: str | None = None) -> Format:
    """The format of the file whose first line this is.

    Args:
        line: The first that holds something.
        zone: Of times that do not say theirs.
        column: The name of the column or key that says when, where it is none of the usual.

    Raises:
        NoTimesError: Nothing in it says when.
        ValueError: It is no log that can be read.

    >>> from datetime import UTC
    >>> format_of("timestamp,requests", zone=UTC).counted, format_of('{"requestTime": "x"}', zone=UTC).name
    (True, 'JSON lines')
    """
    if line.startswith("{"):
        return _json_lines(line, zone, column)
    if line.startswith("["):
        raise ValueError("a JSON list is read as lines of objects: write it with jq -c '.[]'")
    if _ALB.match(line):
        return Format("load balancer's access log", _alb)
    if _ACCESS.search(line):
        return Format("access log", _access)
    return _table(line, zone, column)


def _alb(line: str) -> Entry:
    """The time in the log is that of the answer: the processing times (-1 where there are none) lead back."""
    part = line.split(" ", 12)
    took = sum(max(0.0, float(seconds)) for seconds in part[5:8])
    return Entry(seconds_of(part[1]) - took, 1.0, _size(part[10]), _size(part[11]))


def _access(line: str) -> Entry:
    found = _ACCESS.search(line)
    if found is None:
        raise ValueError("no time in brackets and no request in quotes")
    return Entry(seconds_of(found[1]), 1.0, NAN, _size(found[2]))


def _json_lines(line: str, zone: tzinfo, column: str | None) -> Format:
    row = json.loads(line)
    names = list(row)
    time, count = _place(names, TIMES, column), _place(names, COUNTS)
    bytes_in, bytes_out = _place(names, BYTES_IN), _place(names, BYTES_OUT)
    if time is None:
        raise NoTimesError(names)
    when = names[time]
    keys = [None if place is None else names[place] for place in (count, bytes_in, bytes_out)]

    def read(text: str) -> Entry:
        said: dict[str, Any] = json.loads(text)
        counted, received, sent = keys
        return Entry(
            seconds_of(said[when], zone),
            1.0 if counted is None else _number(said[counted]),
            NAN if received is None else _size(said.get(received)),
            NAN if sent is None else _size(said.get(sent)),
        )

    return Format("JSON lines", read, counted=count is not None)


def _table(line: str, zone: tzinfo, column: str | None) -> Format:
    mark = max(",;\t|", key=line.count)
    names = [name.strip() for name in next(csv.reader([line], delimiter=mark))]
    if column is None and _is_time(names[0], zone):
        return Format("CSV", lambda text: Entry(seconds_of(_cells(text, mark)[0], zone)))
    time, count = _place(names, TIMES, column), _place(names, COUNTS)
    bytes_in, bytes_out = _place(names, BYTES_IN), _place(names, BYTES_OUT)
    if time is None and count is None:
        raise NoTimesError(names)
    relative = time is not None and _plain(names[time]) == "arrivals"

    def read(text: str) -> Entry:
        cells = _cells(text, mark)
        return Entry(
            NAN if time is None else _number(cells[time]) if relative else seconds_of(cells[time], zone),
            1.0 if count is None else _number(cells[count]),
            NAN if bytes_in is None else _size(cells[bytes_in]),
            NAN if bytes_out is None else _size(cells[bytes_out]),
        )

    return Format("CSV", read, counted=count is not None, timed=time is not None, head=True)


def _cells(text: str, mark: str) -> list[str]:
    return next(csv.reader([text], delimiter=mark)) if '"' in text else text.split(mark)


def _is_time(text: str, zone: tzinfo) -> bool:
    """Whether a file without a head begins with a time; a bare number is no such thing."""
    try:
        return seconds_of(text, zone) > 0 and not text.isdigit()
    except (ValueError, KeyError):
        return False


def _place(names: Sequence[str], known: Sequence[str], given: str | None = None) -> int | None:
    """Where the best of the known names stands."""
    if given is not None:
        if given not in names:
            raise NoTimesError(names)
        return names.index(given)
    plain = [_plain(name) for name in names]
    return next((plain.index(name) for name in known if name in plain), None)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _number(value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ValueError(f"a number of at least 0 is needed, not {str(value)[:40]!r}")
    return number


def _size(value: object) -> float:
    """Bytes; not a number where there is none (``-``)."""
    try:
        return max(0.0, float(str(value)))
    except ValueError:
        return NAN
