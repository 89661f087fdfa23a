"""A profile as commented YAML: what was answered, what each field means, and the defaults as lines to uncomment."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from headway.assumptions import assume
from headway.errors import HeadwayError
from headway.files import check_place, write_whole
from headway.interview.entering import Content
from headway.interview.questions import notation
from headway.profile.loading import parse_profile

COLUMN, WIDTH = 29, 120
"""Where comments begin, but for longer lines; and how long a line may be with its comment."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9./_-]*|\d+(\.\d+)?[A-Za-z]+(\d+[a-z]+)*")
"""Words, durations and sizes, which need no quotes unless YAML takes them for something else."""


class Field(NamedTuple):
    """A field in its place: what it means, and what stands there, commented out, where it was not answered."""

    path: str
    means: str = ""
    unsaid: str = ""
    block: bool = False
    """A list with a line for each item."""


def layout() -> tuple[Field, ...]:
    """The fields in the order of a profile; a field without parts of its own comes after its section's name."""
    return (
        Field("name"),
        Field("region", "its prices are used", "us-east-1"),
        Field("timezone", "of every hour and day below", "UTC"),
        Field("latency"),
        Field("latency.max_wait", "longest acceptable time from request to result"),
        Field("latency.percentile", "share of requests that must make it", f"{assume('profile.percentile'):g}"),
        Field("latency.waiting", "who waits: user | workflow | review | nobody", "review"),
        Field("latency.schedule", "another wait outside the busy hours", block=True),
        Field("latency.ready_by", "the stricter of this and max_wait holds"),
        Field("traffic"),
        Field("traffic.per_hour", "requests, at all hours alike"),
        Field("traffic.per_day", "requests, spread evenly"),
        Field("traffic.per_month", "requests, spread evenly"),
        Field("traffic.shape", "requests an hour; the rule without days and hours is for all others", block=True),
        Field("traffic.predictable", "false: nothing to schedule by, wider ranges", "true"),
        Field("traffic.peak_factor", "busiest minutes over their hour's mean", f"{assume('profile.peak_factor'):g}"),
        Field("model"),
        Field("model.container", "needed to provision: the SageMaker contract", '{image: "...", artifact: "s3://..."}'),
        Field(
            "model.request",
            "bytes of a body; mean and max where they differ",
            f"{assume('profile.request_bytes') / 1000:g}KB",
        ),
        Field("model.response", "bytes of a result", f"{assume('profile.response_bytes') / 1000:g}KB"),
        Field("model.load_time", "container start to first answer", notation(assume("profile.load_time"))),
        Field(
            "model.validation",
            "how answers are checked",
            "{schema: answer.schema.json, confidence: {field: score, least: 0.5}}",
        ),
        Field("model.measured", "a call on a warm container; seconds are for the whole batch", block=True),
        Field("fallback", "what is answered when the model fails or is late, in this order", "[cache, queue, default]"),
        Field("fallback_answer", "the default answer"),
        Field("fallback_max_age", "of a last good answer, at the most"),
        Field("availability", "high: two zones and one spare, for what must not stop", "standard"),
        Field("current", "what runs today, to compare with"),
        Field("budget", "expected AWS bill in USD; the plan says when it is above", "{monthly: 500}"),
    )


def profile_text(content: Content, *, assumed: Collection[str] = ()) -> str:
    """The YAML of a profile's content.

    Args:
        content: What :func:`headway.interview.questions.draft` made.
        assumed: Fields that nobody answered and a profile needs: their lines say so.

    >>> text = profile_text({"name": "x", "latency": {"max_wait": "5s"}, "traffic": {"per_day": 50},
    ...     "model": {"measured": [{"hardware": "m5.large", "seconds": 0.4}]}}, assumed=["traffic.per_day"])
    >>> print(next(line for line in text.splitlines() if "per_day" in line))
      per_day: 50                # ASSUMED, put in your own: requests, spread evenly
    """
    head = [
        f"# {content['name']}: how long can the people waiting really wait?",
        "# Written by `headway init`. A field that is commented out has the default that it shows, or none; the plan",
        "# lists each default that it rests on.",
    ]
    return "\n".join([*head, *_lines(content, assumed)]) + "\n"


def _lines(content: Content, assumed: Collection[str]) -> Iterator[str]:
    for field in layout():
        *parents, key = field.path.split(".")
        indent = "  " * len(parents)
        value = _at(content, field.path)
        means = f"ASSUMED, put in your own: {field.means}" if field.path in assumed else field.means
        if isinstance(value, dict) and not field.means:
            yield ""
            yield f"{key}:"
        elif value is None:
            if field.unsaid:
                yield _beside(f"{indent}# {key}: {field.unsaid}", means)
        elif field.block:
            yield _beside(f"{indent}{key}:", means)
            yield from (f"{indent}  - {flow(item)}" for item in value)
        else:
            yield _beside(f"{indent}{key}: {flow(value)}", means)


def _at(content: Content, path: str) -> Any:
    value: Any = content
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _beside(line: str, comment: str) -> str:
    """The comment behind the line, in its column where it can be, or above a line too long for one."""
    whole = f"{line:<{COLUMN - 1}} # {comment}" if comment else line
    indent = " " * (len(line) - len(line.lstrip()))
    return whole if len(whole) <= WIDTH else f"{indent}# {comment}\n{line}"


def flow(value: Any) -> str:
    """A plain value on one line.

    >>> flow({"time": "08:00", "days": ["mon", "fri"], "share": 0.5, "predictable": True})
    '{time: "08:00", days: [mon, fri], share: 0.5, predictable: true}'
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    from ruamel.yaml import YAML

    if _PLAIN.fullmatch(text) and YAML(typ="safe", pure=True).load(text) == text:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)


def write_profile(path: Path, text: str, *, digest: str, force: bool) -> None:
    """Write a profile whole or not at all, after reading it back.

    Args:
        path: Where to.
        text: The YAML.
        digest: What the profile in it must say.
        force: Whether to write over a file.

    Raises:
        HeadwayError: The file is there already, or it cannot be written.
    """
    refuse_overwriting(path, force=force)
    if parse_profile(text, path).digest != digest:
        raise AssertionError(f"what was to be written to {path} reads back as another profile")
    write_whole(path, text)


def refuse_overwriting(path: Path, *, force: bool) -> None:
    """Say now that a profile cannot be written there.

    Raises:
        HeadwayError: With the reason and what would be right.
    """
    check_place(path)
    if path.suffix not in (".yaml", ".yml"):
        raise HeadwayError(f"{path}: a profile is written as YAML; name it {path.with_suffix('.yaml')}")
    if path.exists() and not force:
        raise HeadwayError(f"{path}: exists already; take another name, or --force to write over it")
