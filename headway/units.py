"""Durations, sizes, money and the length of a month: read from text, shown to people.

Inside Headway a duration is a ``float`` of seconds, a size an ``int`` of bytes (1 KB = 1,000 B, 1 KiB = 1,024 B),
money a ``Decimal`` of US dollars. Only this module converts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema

HOURS_PER_MONTH = 730
"""AWS bills and quotes by a month of 730 hours (365 x 24 / 12)."""
HOURS_PER_WEEK = 168
WEEKS_PER_MONTH = HOURS_PER_MONTH / HOURS_PER_WEEK
DAYS_PER_MONTH = HOURS_PER_MONTH / 24

_DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SIZE_UNITS = {
    "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
_TIMES, _SIZES = ("ms", "s", "m", "h"), ("B", "KB", "MB")
"""Units that are offered to a number without one."""
_LONGEST, _LARGEST = 1000 * 365.25 * 86400, 10**18
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*")


def parse_duration(value: object) -> float:
    """Seconds from ``"30s"``, ``"15m"``, ``"1h30m"`` or ``"250ms"``. A number that is not 0 needs its unit.

    Raises:
        ValueError: Not a duration, a negative one, or one without a unit.

    >>> parse_duration("1h30m")
    5400.0
    >>> parse_duration(30)
    Traceback (most recent call last):
    ValueError: a time needs its unit: write 30ms, 30s, 30m or 30h
    """
    bare = _bare_number(value)
    if bare is not None:
        if bare != 0:
            raise ValueError(_needs_unit("a time", bare, _TIMES))
        return 0.0
    parts, position = [], 0
    text = str(value).strip()
    while match := _PART.match(text, position):
        parts.append(match)
        position = match.end()
    if not parts or position != len(text):
        raise ValueError(f"{text!r} is not a duration; write 250ms, 30s, 15m, 8h or 2d")
    total = 0.0
    for part in parts:
        unit = part[2] if part[2] in _DURATION_UNITS else part[2].lower()
        if unit not in _DURATION_UNITS:
            raise ValueError(f"{text!r}: {part[2]!r} is no unit of time; use ms, s, m, h or d")
        total += float(part[1]) * _DURATION_UNITS[unit]
    return _within(total)


def _within(seconds: float) -> float:
    if not 0 <= seconds < float("inf"):
        raise ValueError("a duration cannot be negative or infinite")
    if seconds > _LONGEST:
        raise ValueError("a duration of more than a thousand years is none")
    return seconds


def parse_seconds(value: object) -> float:
    """Seconds, where nothing else can be meant: a duration, or a number of seconds.

    Raises:
        ValueError: Neither, or a negative one.

    >>> parse_seconds(0.4), parse_seconds("400ms")
    (0.4, 0.4)
    """
    bare = _bare_number(value)
    if bare is None:
        return parse_duration(value)
    return _within(bare)


def parse_size(value: object) -> int:
    """Bytes from ``"200KB"``, ``"4MB"`` or ``"1.5 GiB"``. A number that is not 0 needs its unit.

    Raises:
        ValueError: Not a size, a negative one, or one without a unit.

    >>> parse_size("200KB")
    200000
    """
    bare = _bare_number(value)
    if bare is not None:
        if bare != 0:
            raise ValueError(_needs_unit("a size", bare, _SIZES))
        return 0
    match = _PART.fullmatch(str(value))
    units = {unit.lower(): factor for unit, factor in _SIZE_UNITS.items()}
    if not match or match[2].lower() not in units:
        raise ValueError(f"{value!r} is not a size; write 900B, 200KB, 4MB or 1GiB")
    return _sized(float(match[1]) * units[match[2].lower()])


def _sized(size: float) -> int:
    if not 0 <= size < float("inf"):
        raise ValueError("a size cannot be negative or infinite")
    if size > _LARGEST:
        raise ValueError("a size of more than an exabyte is none")
    return round(size)


def parse_bytes(value: object) -> int:
    """Bytes, where nothing else can be meant: a size, or a number of bytes.

    Raises:
        ValueError: Neither, or a negative one.

    >>> parse_bytes(200), parse_bytes("200KB")
    (200, 200000)
    """
    bare = _bare_number(value)
    if bare is None:
        return parse_size(value)
    return _sized(bare)


def _bare_number(value: object) -> float | None:
    """The number that has no unit; None where the value is text with one, or no number at all."""
    if isinstance(value, bool):
        return None
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None


def _needs_unit(what: str, number: float, units: tuple[str, ...]) -> str:
    if not 0 <= number < float("inf"):
        return f"{what} cannot be negative or infinite"
    *some, last = (f"{number:.15g}{unit}" for unit in units)
    return f"{what} needs its unit: write {', '.join(some)} or {last}"


def format_duration(seconds: float) -> str:
    """A duration as a person would say it, to two or three significant figures.

    >>> [format_duration(s) for s in (0.25, 4.2, 90, 1800, 5400, 86400)]
    ['250 ms', '4.2 s', '90 s', '30 min', '1.5 h', '24 h']
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{_trim(seconds)} s"
    if seconds < 5400:
        return f"{_trim(seconds / 60)} min"
    if seconds < 4 * 86400:
        return f"{_trim(seconds / 3600)} h"
    return f"{_trim(seconds / 86400)} days"


def format_size(size: float) -> str:
    """Bytes in the largest decimal unit that keeps the number at or above one.

    >>> format_size(200_000)
    '200 KB'
    """
    for unit in ("TB", "GB", "MB", "KB"):
        if size >= _SIZE_UNITS[unit]:
            return f"{_trim(size / _SIZE_UNITS[unit])} {unit}"
    return f"{_trim(size)} B"


def format_usd(amount: Decimal | float, *, cents: bool | None = None) -> str:
    """Dollars for people: cents below 100 unless told otherwise, thousands separated.

    >>> format_usd(Decimal("8400.4")), format_usd(Decimal("3.456"))
    ('USD 8,400', 'USD 3.46')
    """
    value = Decimal(amount)
    with_cents = abs(value) < 100 if cents is None else cents
    quantum = Decimal("0.01") if with_cents else Decimal(1)
    return f"USD {value.quantize(quantum, ROUND_HALF_UP):,}"


def span_text(low: str, high: str) -> str:
    """From the one to the other, or the one where both are written the same.

    >>> span_text("USD 62", "USD 166"), span_text("USD 377", "USD 377")
    ('USD 62 to USD 166', 'USD 377')
    """
    return low if low == high else f"{low} to {high}"


def decimal_text(value: Decimal) -> str:
    """A Decimal as plain text: no exponent, no needless zeros (money in JSON).

    >>> decimal_text(Decimal("1E+3")), decimal_text(Decimal("0.0500"))
    ('1000', '0.05')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_decimal(value: float | int | Decimal) -> Decimal:
    """A Decimal of at most 12 significant figures from a float: what a quantity is, without binary dust.

    >>> to_decimal(0.1 + 0.2)
    Decimal('0.3')
    """
    return value if isinstance(value, Decimal) else Decimal(f"{value:.12g}")


def _trim(value: float) -> str:
    return f"{value:.0f}" if value >= 100 or abs(value - round(value)) < 0.05 else f"{value:.1f}"


AS_DECLARED: Mapping[str, bool] = {"as_declared": True}
"""The context in which what somebody wrote is validated: there a number without its unit could be anything."""


def read_duration(value: object, info: ValidationInfo) -> float:
    """Of a value in Python, a number is seconds."""
    return parse_duration(value) if info.context == AS_DECLARED else parse_seconds(value)


def read_size(value: object, info: ValidationInfo) -> int:
    """Of a value in Python, a number is bytes."""
    return parse_size(value) if info.context == AS_DECLARED else parse_bytes(value)


_DURATION_PATTERN = r"^(\s*\d+(\.\d+)?\s*(ms|s|m|min|h|d|w)\s*)+$"

Duration = Annotated[
    float,
    BeforeValidator(read_duration),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": _DURATION_PATTERN},
                {"const": 0},
            ],
            "description": "A duration with its unit: 250ms, 30s, 15m, 8h, 2d.",
        }
    ),
]
"""Seconds; read from text such as ``15m``. As somebody declared it, a number needs its unit."""

Seconds = Annotated[
    float,
    BeforeValidator(parse_seconds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": _DURATION_PATTERN},
                {"type": "number", "minimum": 0},
            ],
            "description": "Seconds, or a duration: 0.4, 400ms, 2m.",
        }
    ),
]
"""Seconds, of a field whose name is that; read from a number, or text such as ``400ms``."""

Size = Annotated[
    int,
    BeforeValidator(read_size),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*([KMGT]i?)?[Bb]\s*$"},
                {"const": 0},
            ],
            "description": "A size with its unit: 900B, 200KB, 4MB, 1GiB.",
        }
    ),
]
"""Bytes; read from text such as ``200KB``. As somebody declared it, a number needs its unit."""

Money = Annotated[Decimal, PlainSerializer(decimal_text, return_type=str, when_used="json")]
"""US dollars; a decimal string in JSON."""
