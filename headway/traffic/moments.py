"""Times as logs write them, to seconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from headway.errors import HeadwayError

RELATIVE_BELOW = 1e8
"""Seconds (1973): smaller numbers count from a start, not from 1970."""
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (float("inf"), 1e9))
"""Numbers below the first are seconds, then milli-, micro- and nanoseconds."""


def seconds_of(value: object, zone: tzinfo = UTC) -> float:
    """Seconds since 1970 of a number, an ISO 8601 time, or an access log's ``10/Oct/2026:13:55:36 +0000``.

    Args:
        value: Text or a number; of seconds, milliseconds, microseconds or nanoseconds by its size.
        zone: Of times that do not say theirs.

    Raises:
        ValueError: It is no time.

    >>> seconds_of("2026-11-25T09:00:00Z"), seconds_of(1764061200000), seconds_of("25/Nov/2026:10:00:00 +0100")
    (1795597200.0, 1764061200.0, 1795597200.0)
    """
    if isinstance(value, bool) or value is None:
        raise ValueError(f"{value!r} is no time")
    if isinstance(value, int | float):
        return _numeric(float(value))
    text = str(value).strip().strip('"[]')
    try:
        return _numeric(float(text))
    except ValueError:
        pass
    if len(text) > 11 and text[2:3] == "/" and text[6:7] == "/":
        return _of_access_log(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.timestamp()


def _numeric(number: float) -> float:
    if not 0 <= number < 1e20:
        raise ValueError(f"{number} is no time")
    return number / next(unit for below, unit in _UNITS if number < below)


def _of_access_log(text: str) -> float:
    """``10/Oct/2026:13:55:36 +0000``, by hand: strptime takes ten times as long."""
    day = datetime(int(text[7:11]), _MONTHS[text[3:6]], int(text[:2]), int(text[12:14]), int(text[15:17]),
                   int(text[18:20]), tzinfo=_offset(text[21:].strip()))  # fmt: skip
    return day.timestamp()


@lru_cache(maxsize=64)
def _offset(text: str) -> tzinfo:
    if not text:
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[3:5])))


def moment_of(text: str, zone: tzinfo, what: str) -> float:
    """Seconds since 1970 of a time that a person gives: a date, or a date and a time.

    Raises:
        HeadwayError: It is none.

    >>> moment_of("2026-11-25", UTC, "--from")
    1795564800.0
    """
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    except ValueError:
        raise HeadwayError(f"{what} {text!r}: a date is needed, such as 2026-11-25 or '2026-11-25 08:00'") from None
