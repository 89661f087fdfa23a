"""Days and hours as a profile writes them: ``weekdays``, ``[mon, wed]``, ``"18-08"``, ``"06:00"``."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from headway.errors import nearest
from headway.units import AS_DECLARED

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GROUPS = {"weekdays": (0, 1, 2, 3, 4), "weekend": (5, 6), "all": (0, 1, 2, 3, 4, 5, 6)}
_LONG = {
    name: day for day, name in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))
}
_WORDS = (*GROUPS, *DAY_NAMES)


def parse_days(value: object) -> tuple[int, ...]:
    """Days of the week, 0 Monday .. 6 Sunday.

    >>> parse_days("weekend"), parse_days(["mon", "fri"])
    ((5, 6), (0, 4))
    """
    if isinstance(value, tuple | list) and value and all(isinstance(day, int) and 0 <= day <= 6 for day in value):
        return tuple(sorted({int(day) for day in value}))
    words = value if isinstance(value, tuple | list) else [value]
    days: set[int] = set()
    for word in words:
        text = str(word).strip().lower()
        if text in GROUPS:
            days.update(GROUPS[text])
        elif text in DAY_NAMES:
            days.add(DAY_NAMES.index(text))
        elif text in _LONG:
            days.add(_LONG[text])
        else:
            raise ValueError(f"{word!r} is no day; use {', '.join(_WORDS)}{nearest(text, _WORDS)}")
    if not days:
        raise ValueError(f"at least one day is needed: {', '.join(_WORDS)}")
    return tuple(sorted(days))


def days_text(days: Collection[int]) -> str:
    """Days of the week in a profile's words.

    >>> days_text((0, 1, 2, 3, 4)), days_text((0, 1, 2, 3, 4, 5, 6)), days_text((0, 2))
    ('weekdays', 'every day', 'mon, wed')
    """
    for name, group in GROUPS.items():
        if set(days) == set(group):
            return "every day" if name == "all" else name
    return ", ".join(DAY_NAMES[day] for day in sorted(days))


def clock_text(minute: int) -> str:
    """A time of day as a profile writes it.

    >>> clock_text(510)
    '08:30'
    """
    return f"{minute // 60:02d}:{minute % 60:02d}"


NOON = 12
"""Where a clock of twelve hours begins again."""


def parse_hours(value: object) -> tuple[int, ...]:
    """Hours of a day: ``"08-18"`` is 8..17; ``"18-08"`` is 0..7 and 18..23 of each named day.

    ``9-5`` is refused: who writes it means the day, and these hours would be the night's.

    >>> parse_hours("22-02"), parse_hours("08-10")
    ((0, 1, 22, 23), (8, 9))
    """
    if isinstance(value, tuple | list) and value and all(isinstance(hour, int) and 0 <= hour <= 23 for hour in value):
        return tuple(sorted({int(hour) for hour in value}))
    match = re.fullmatch(r"\s*(\d{1,2})(?::00)?\s*-\s*(\d{1,2})(?::00)?\s*", str(value))
    if not match or int(match[1]) > 23 or not 0 <= int(match[2]) <= 24 or int(match[1]) == int(match[2]):
        raise ValueError(f'{value!r} is no span of whole hours; write "08-18", or "18-08" for 18-24 and 00-08')
    start, end = int(match[1]), int(match[2])
    if start < end:
        return tuple(range(start, end))
    if start <= NOON and len(match[2]) == 1 and end:
        raise ValueError(
            f'{value!r} goes over night here; write "{start:02d}-{end + NOON:02d}" for the day, or '
            f'"{start:02d}-{end:02d}" if the night is meant'
        )
    return (*range(end), *range(start, 24))


def parse_clock(value: object) -> int:
    """Minutes since midnight from ``"06:00"``.

    >>> parse_clock("08:30")
    510
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1440:
        return value
    match = re.fullmatch(r"\s*(\d{1,2}):(\d{2})\s*", str(value))
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError(f'{value!r} is no time of day; write "06:00"')
    return int(match[1]) * 60 + int(match[2])


def read_days(value: object, info: ValidationInfo) -> tuple[int, ...]:
    """Of a value in Python, a number is a day, 0 Monday: as somebody declared it, it could count from another."""
    many = value if isinstance(value, tuple | list) else [value]
    if info.context == AS_DECLARED and any(isinstance(day, int) for day in many):
        raise ValueError(f"days have names here: {', '.join(_WORDS)}")
    return parse_days(value)


def read_clock(value: object, info: ValidationInfo) -> int:
    """Of a value in Python, a number is minutes since midnight: as somebody declared it, it could be hours."""
    if info.context == AS_DECLARED and isinstance(value, int):
        raise ValueError(f'a time of day needs hours and minutes: write "{clock_text(value * 60 % 1440)}"')
    return parse_clock(value)


_DAY = {"enum": list(_WORDS)}
Days = Annotated[
    tuple[int, ...],
    BeforeValidator(read_days),
    WithJsonSchema({"anyOf": [_DAY, {"type": "array", "items": _DAY, "minItems": 1}]}),
]
Hours = Annotated[
    tuple[int, ...],
    BeforeValidator(parse_hours),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,2}(:00)?-\d{1,2}(:00)?$", "examples": ["08-18", "18-08"]}),
]
Clock = Annotated[
    int,
    BeforeValidator(read_clock),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,2}:\d{2}$", "examples": ["06:00"]}),
]
