"""How an answer in plain words enters a profile's content: ``200/hour``, ``g5.xlarge 6.4s x8``, ``9 x ml.g5.12xlarge``.

Only the phrase is read here. Whether a value can be is the profile's to say, so what is no phrase goes in as it stands.
"""

from __future__ import annotations

import json
import re
from typing import Any

from headway.errors import nearest
from headway.profile.calendar import DAY_NAMES, GROUPS, parse_days

Content = dict[str, Any]
"""A profile as plain values, on its way."""

_PERIODS = {"hour": "per_hour", "h": "per_hour", "day": "per_day", "d": "per_day", "month": "per_month"}
_MEASURED = ("hardware", "batch", "seconds", "variability", "concurrency", "p50", "p99")
BUSINESS_HOURS = {"days": "weekdays", "hours": "09-17"}
YES, NO = ("yes", "y", "true"), ("no", "n", "false")


def number(text: str) -> int | float | str:
    """A number as people write it; any other text as it stands.

    >>> number("47,000"), number("0.4"), number("$12.50"), number("lots")
    (47000, 0.4, 12.5, 'lots')
    """
    bare = re.sub(r"^(USD|\$)\s*", "", text.strip())
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", bare):
        bare = bare.replace(",", "")
    if not re.fullmatch(r"-?\d+(\.\d+)?", bare):
        return text.strip()
    return float(bare) if "." in bare else int(bare)


def at(field: str) -> Any:
    """What enters a field as it stands, as a number where it is one."""
    *parts, last = field.split(".")

    def enter(content: Content, text: str) -> None:
        for part in parts:
            content = content.setdefault(part, {})
        content[last] = number(text)

    return enter


def name(content: Content, text: str) -> None:
    """The name, as it stands: ``007`` is no number here."""
    content["name"] = text


def measured(content: Content, text: str) -> None:
    """Measurements, separated by commas: hardware, the time of a call, ``x8`` for a call of eight items.

    >>> content = {}
    >>> measured(content, "g5.xlarge 2s, g5.xlarge 6.4s x8 concurrency=2")
    >>> content["model"]["measured"][1]
    {'hardware': 'g5.xlarge', 'batch': 8, 'seconds': 6.4, 'concurrency': 2}
    """
    points = [_measurement(part) for part in re.split(r"[,;]\s+|[,;]$", text) if part.strip()]
    content.setdefault("model", {})["measured"] = points


def _measurement(text: str) -> Content:
    fields = "|".join(_MEASURED)
    joined = re.sub(rf"\b({fields})\s*[=:\s]\s*", r"\1=", text.strip())
    joined = re.sub(r"(\d)\s+(ms|s|m|min|h)\b", r"\1\2", joined)
    joined = re.sub(r"\bx\s+(?=\d)", "x", joined)
    hardware, *words = joined.split()
    point: Content = {"hardware": hardware.removeprefix("hardware=")}
    for word in words:
        key, joint, value = word.partition("=")
        if re.fullmatch(r"x\d+", word):
            key, value = "batch", word[1:]
        elif not joint:
            key, value = "seconds", word
        if key in point:
            raise ValueError(f"{text.strip()!r} says {key} twice; write {hardware} 2s, {hardware} 6.4s x8")
        point[key] = number(value.removesuffix("s") if key == "seconds" and re.fullmatch(r"[\d.]+s", value) else value)
    known = {key: point[key] for key in _MEASURED if key in point}
    return {**known, **point}


def request(content: Content, text: str) -> None:
    """One size, or mean and most.

    >>> content = {}
    >>> request(content, "200KB up to 5MB"); content
    {'model': {'request': {'mean': '200KB', 'max': '5MB'}}}
    """
    size = r"(\d[\d.]*\s*[a-zA-Z]+)"
    both = re.fullmatch(rf"{size}\W*(?:up to|to|at most|max)?\W*{size}", text.strip())
    entered = {"mean": both[1], "max": both[2]} if both else number(text)
    content.setdefault("model", {})["request"] = entered


def traffic(content: Content, text: str) -> None:
    """So many an hour, a day or a month; a bare number is an hour's.

    >>> content = {}
    >>> traffic(content, "30,000 a month"); content
    {'traffic': {'per_month': 30000}}
    """
    many = re.fullmatch(r"(.*?)\s*(?:/|\bper\b|\ban?\b)\s*([a-zA-Z]+)", text.strip())
    form = "per_hour"
    if many:
        word = many[2].lower()
        found = _PERIODS.get(word) or _PERIODS.get(word.removesuffix("s"))
        if found is None:
            hint = nearest(word, _PERIODS)
            raise ValueError(f"{many[2]!r} is no hour, day or month; write 200/hour, 50/day or 30000/month{hint}")
        form = found
    content["traffic"] = {form: number(many[1] if many else text)}


def busy_hours(content: Content, text: str) -> None:
    """Days and hours in which the declared rate holds; outside them none come until it is said otherwise.

    >>> content = {"traffic": {"per_hour": 200}}
    >>> busy_hours(content, "weekdays 08-18"); content["traffic"]["shape"]
    [{'days': 'weekdays', 'hours': '08-18', 'per_hour': 200}, {'per_hour': 0}]
    """
    flow = content["traffic"]
    if "per_hour" not in flow:
        raise ValueError("busy hours go with traffic by the hour, such as 200/hour")
    words = text.replace(",", " ").split()
    clock = [word for word in words if word[0].isdigit()]
    named = [word for word in words if not word[0].isdigit()]
    rule = {**({"days": _one_or_all(named)} if named else {}), **({"hours": " ".join(clock)} if clock else {})}
    if text.lower() == "business hours":
        rule = dict(BUSINESS_HOURS)
    flow["shape"] = [{**rule, "per_hour": flow.pop("per_hour")}, {"per_hour": 0}]


def quiet(content: Content, text: str) -> None:
    """Requests an hour outside the busy hours."""
    _busy(content, "a quiet hour")
    content["traffic"]["shape"][-1]["per_hour"] = number(text)


def predictable(content: Content, text: str) -> None:
    """Yes or no."""
    word = text.lower()
    content["traffic"]["predictable"] = True if word in YES else False if word in NO else text


def quiet_wait(content: Content, text: str) -> None:
    """Another wait outside the busy hours.

    >>> content = {"traffic": {"shape": [{"days": "weekdays", "hours": "08-18", "per_hour": 200}, {"per_hour": 4}]}}
    >>> quiet_wait(content, "90m")
    >>> for rule in content["latency"]["schedule"]: print(rule)
    {'days': 'weekdays', 'hours': '18-08', 'max_wait': '90m'}
    {'days': 'weekend', 'max_wait': '90m'}
    """
    busy = _busy(content, "a wait outside them")
    days = parse_days(busy.get("days", "all"))
    rules = []
    if "hours" in busy:
        start, end = (int(part.split(":")[0]) for part in busy["hours"].split("-"))
        if (start, end) != (0, 24):
            # "08-24" leaves "00-08", and "00-08" leaves "08-24".
            rules.append({"days": busy.get("days", "all"), "hours": f"{end % 24:02d}-{start or 24:02d}"})
    others = tuple(day for day in range(7) if day not in days)
    if others:
        group = next((word for word, members in GROUPS.items() if members == others), None)
        rules.append({"days": group or [DAY_NAMES[day] for day in others]})
    content.setdefault("latency", {})["schedule"] = [{**rule, "max_wait": number(text)} for rule in rules]


def ready_by(content: Content, text: str) -> None:
    """A time of day by which results must be there."""
    content.setdefault("latency", {})["ready_by"] = {"time": text}


def arrived_by(content: Content, text: str) -> None:
    """The last arrival that the time of day counts for."""
    _ready(content)["arrived_by"] = text


def ready_days(content: Content, text: str) -> None:
    """The days on which the time of day holds."""
    _ready(content)["days"] = _one_or_all(text.replace(",", " ").split())


def fallback(content: Content, text: str) -> None:
    """The rungs of the ladder, in their order.

    >>> content = {}
    >>> fallback(content, "cache, then default"); content
    {'fallback': ['cache', 'default']}
    """
    content["fallback"] = [word for word in re.split(r"[\s,;]+", text.strip("[] ")) if word and word != "then"]


def fallback_answer(content: Content, text: str) -> None:
    """The default answer: JSON where it is some, else the text itself.

    >>> content = {}
    >>> fallback_answer(content, '{"label": "unknown"}'); content
    {'fallback_answer': {'label': 'unknown'}}
    """
    try:
        answer = json.loads(text)
    except ValueError:
        if text.strip()[:1] in ("{", "[", '"'):
            raise ValueError(f'{text.strip()!r} begins as JSON and is none; write {{"label": "unknown"}}') from None
        answer = text.strip()
    if answer is None:
        raise ValueError("null says nothing to whoever asked; write what they shall be told, or leave default out")
    content["fallback_answer"] = answer


def today(content: Content, text: str) -> None:
    """What runs today: a fleet of instances, or an architecture's name.

    >>> content = {}
    >>> today(content, "9 x ml.g5.12xlarge"); content
    {'current': {'architecture': 'realtime', 'instance_type': 'ml.g5.12xlarge', 'count': 9}}
    """
    fleet = re.fullmatch(r"(?:(-?\d+)\s*x?\s+)?(\w[\w-]*\.[\w.-]+)", text.strip())
    content["current"] = (
        {"architecture": "realtime", "instance_type": fleet[2], "count": int(fleet[1] or 1)}
        if fleet
        else {"architecture": text}
    )


def image(content: Content, text: str) -> None:
    """The container's image, as it stands."""
    content.setdefault("model", {})["container"] = {"image": text}


def artifact(content: Content, text: str) -> None:
    """The model's artifact, which goes with an image."""
    container = content.get("model", {}).get("container")
    if container is None:
        raise ValueError("an artifact goes with the container's image")
    container["artifact"] = text


def _busy(content: Content, what: str) -> Content:
    shape = content["traffic"].get("shape")
    if shape is None:
        raise ValueError(f"{what} goes with busy hours, such as weekdays 08-18")
    found: Content = shape[0]
    return found


def _ready(content: Content) -> Content:
    found: Content | None = content.get("latency", {}).get("ready_by")
    if found is None:
        raise ValueError("this goes with a time by which results must be ready, such as 08:00")
    return found


def _one_or_all(words: list[str]) -> str | list[str]:
    return words[0] if len(words) == 1 else words
