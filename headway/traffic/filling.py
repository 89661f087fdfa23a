"""A measured week into a profile: as its 168 rates, or as a trace file that it names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path

from headway.files import write_whole
from headway.profile import Trace
from headway.profile.editing import Content, Edit, edit_profile, one_line, one_row, put, take_place
from headway.profile.trace import MeasuredSizes

FORMS = ("per_hour", "per_day", "per_month", "shape", "hourly", "trace", "scheduled")
"""Ways of saying how many requests come: one of them at a time."""


def trace_text(trace: Trace) -> str:
    """A trace as its file holds it, a day of hours a line."""
    content = trace.model_dump(mode="json", exclude_none=True)
    weeks = {name: content.pop(name) for name in ("hourly", "busiest")}
    rows = {
        name: ",\n    ".join(", ".join(f"{value:g}" for value in week[day : day + 24]) for day in range(0, 168, 24))
        for name, week in weeks.items()
    }
    head = json.dumps(content, indent=2, ensure_ascii=False).rstrip("}").rstrip()
    return head + ",\n" + ",\n".join(f'  "{name}": [\n    {row}\n  ]' for name, row in rows.items()) + "\n}\n"


def fill(profile: Path, trace: Trace, *, named: Path | None = None) -> Edit:
    """The profile's file with measured traffic in it, not yet written; sizes too, where the log told them.

    Args:
        profile: A valid profile.
        trace: What was measured, in the profile's time zone.
        named: The trace's file, for the profile to name it; None writes the 168 rates and one peak factor instead.

    Raises:
        HeadwayError: The profile cannot be read, or would be none.
    """

    def change(content: Content) -> None:
        others = [form for form in FORMS if form != ("hourly" if named is None else "trace")]
        if named is None:
            take_place(content, "traffic.hourly", one_row([_whole(rate) for rate in trace.hourly]), of=others)
            put(content, "traffic.peak_factor", trace.peak_factor)
            if trace.arrival_variability is not None:
                put(content, "traffic.arrival_variability", trace.arrival_variability)
            _put_cycles(content, trace)
        else:
            beside = Path(os.path.relpath(named.resolve(), profile.resolve().parent)).as_posix()
            measured = ["peak_factor"] + (["arrival_variability"] if trace.arrival_variability is not None else [])
            told = ["cycles"] if trace.cycles.days_of_month or trace.cycles.months else []
            take_place(content, "traffic.trace", beside, of=[*others, *measured, *told])
        if trace.request is not None:
            put(content, "model.request", one_line(_request(trace.request)))
        if trace.response is not None and trace.response.mean >= 1:
            put(content, "model.response", _size(trace.response.mean))

    if named is None:
        return edit_profile(profile, change)
    with _in_place(named, trace_text(trace)):
        return edit_profile(profile, change)


def _put_cycles(content: Content, trace: Trace) -> None:
    """Days and months that stand out; what was too little seen leaves those that the profile declares."""
    for name, factors in (("days_of_month", trace.cycles.days_of_month), ("months", trace.cycles.months)):
        if factors:
            put(content, f"traffic.cycles.{name}", one_line(factors))


def _whole(rate: float) -> float:
    return int(rate) if rate == int(rate) else rate


def _request(sizes: MeasuredSizes) -> dict[str, str]:
    return {"mean": _size(max(1.0, sizes.mean)), "max": _size(max(1.0, sizes.mean, sizes.max))}


def _size(size: float) -> str:
    """In the profile's notation, in whole units, never less than it was."""
    unit, name = next(
        (unit, name) for unit, name in ((1e6, "MB"), (1e3, "KB"), (1.0, "B")) if size >= 10 * unit or unit == 1
    )
    return f"{ceil(size / unit)}{name}"


@contextmanager
def _in_place(path: Path, text: str) -> Iterator[None]:
    """A file written for a profile to read; as it was before, if the profile will not have it."""
    before = path.read_bytes() if path.exists() else None
    write_whole(path, text)
    try:
        yield
    except BaseException:
        if before is None:
            path.unlink()
        else:
            write_whole(path, before)
        raise
