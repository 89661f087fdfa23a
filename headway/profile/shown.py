"""A profile's plain values as people write them: seconds as durations, bytes as sizes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from pydantic import BaseModel

from headway.profile.loading import models_in
from headway.profile.model import Profile
from headway.units import format_duration, format_size, parse_seconds, read_duration, read_size

_FORMATS: dict[Callable[..., Any], Callable[[float], str]] = {
    read_duration: format_duration, parse_seconds: format_duration, read_size: format_size,
}  # fmt: skip


def shown(path: str, value: Any) -> str:
    """A field's value, by its path.

    >>> shown("latency.max_wait", 1800.0), shown("tiers[1].max_wait", 1.0), shown("model.request.max", 5_000_000)
    ('30 min', '1 s', '5 MB')
    >>> shown("traffic.per_day", 50.0), shown("team.minimum_saving", 0.1), shown("name", "form")
    ('50', '0.1', 'form')
    """
    field = re.sub(r"\[\d+\]", "", path).rsplit(".", 1)[-1]
    if isinstance(value, int | float) and not isinstance(value, bool) and field in _formats():
        return _formats()[field](value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@cache
def _formats() -> dict[str, Callable[[float], str]]:
    """How each field that is a duration or a size is written."""
    return {
        name: written
        for model in _models(Profile, set())
        for name, info in model.model_fields.items()
        for parse, written in _FORMATS.items()
        if parse.__name__ in f"{info.annotation!r}{info.metadata!r}"
    }


def _models(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    """A model and those of its parts."""
    if model in seen:
        return
    seen.add(model)
    yield model
    for info in model.model_fields.values():
        for part in models_in(info.annotation):
            yield from _models(part, seen)
