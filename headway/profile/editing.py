"""Changing a profile's file and nothing else in it: comments, order and notation of every other line stay.

What is written has been read back as a profile first; one that would be invalid leaves the file as it is.
"""

from __future__ import annotations

import difflib
import io
import json
import re
from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from headway.errors import HeadwayError
from headway.files import write_whole
from headway.profile.loading import load_profile, parse_profile, read_text
from headway.profile.model import Profile

Content = MutableMapping[str, Any]
_STYLES = ((2, 4, 2), (2, 2, 0), (4, 6, 4), (4, 4, 2))
"""Indents of mappings, of sequences, of the dash: the file's own is the one that gives its text back."""


_LONG_ROW = re.compile(r"^( *)([a-z_]+: )\[((?:[-+.\de]+, ){30,}[-+.\de]+)\]$", re.MULTILINE)
"""Numbers on one line that nobody could read."""
_A_DAY = 24


class Edit(NamedTuple):
    """A profile's file with a change in it, not yet written."""

    path: Path
    before: str
    after: str
    profile: Profile
    """What the changed file says."""

    @property
    def changed(self) -> tuple[str, ...]:
        """The lines that differ, as ``-`` and ``+`` lines."""
        lines = difflib.unified_diff(self.before.splitlines(), self.after.splitlines(), lineterm="", n=0)
        return tuple(line for line in lines if not line.startswith(("---", "+++", "@@")))

    def write(self) -> None:
        """Write the file in one step.

        Raises:
            HeadwayError: It cannot be written, or somebody changed it meanwhile.
        """
        if read_text(self.path) != self.before:
            raise HeadwayError(f"{self.path}: was changed meanwhile; nothing was written, run the command again")
        write_whole(self.path, self.after)


def edit_profile(path: Path, change: Callable[[Content], None]) -> Edit:
    """A profile's file with a change made to its content.

    Args:
        path: A valid profile.
        change: Changes the content in place, as plain values or :func:`one_line` mappings.

    Raises:
        ProfileError: The file is no profile, or would be none after the change.
    """
    load_profile(path)
    before = read_text(path)
    after = _json(before, change) if path.suffix == ".json" else _yaml(path, before, change)
    return Edit(path, before, after, parse_profile(after, path))


def one_line(fields: Mapping[Any, Any]) -> Any:
    """A mapping that is written on one line: ``{hardware: g5.xlarge, seconds: 2.0}``."""
    from ruamel.yaml.comments import CommentedMap

    row = CommentedMap(fields)
    row.fa.set_flow_style()
    return row


def one_row(values: Sequence[float]) -> Any:
    """Numbers that are written in rows, not one a line: a day of hours each where there are a week's."""
    from ruamel.yaml.comments import CommentedSeq

    row = CommentedSeq(values)
    row.fa.set_flow_style()
    return row


def take_place(content: Content, path: str, value: Any, *, of: Collection[str] = ()) -> None:
    """Set a field of a section in the place of others that go: what was said of them is said by it.

    >>> content = {"traffic": {"per_day": 5, "peak_factor": 2}}
    >>> take_place(content, "traffic.hourly", [1.0], of=("per_day", "shape"))
    >>> content
    {'traffic': {'hourly': [1.0], 'peak_factor': 2}}
    """
    section, _, key = path.partition(".")
    fields = content[section]
    names = list(fields)
    place = next((index for index, name in enumerate(names) if name == key or name in of), len(names))
    kept = {name: fields[name] for name in names[place:] if name != key and name not in of}
    for name in names[place:]:
        if name in (key, *of):
            del fields[name]
    if hasattr(fields, "insert"):
        fields.insert(place, key, value)
        return
    for name in kept:
        del fields[name]
    fields.update({key: value, **kept})


def put_measured(content: Content, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put measurements into ``model.measured``: in the place of those of the same hardware and batch, else after them.

    >>> content = {"model": {"measured": [{"hardware": "g5.xlarge", "seconds": 2.0, "p50": 1.9, "p99": 4}]}}
    >>> put_measured(content, [{"hardware": "g5.xlarge", "batch": 1, "seconds": 1.7}])
    >>> [dict(row) for row in content["model"]["measured"]]
    [{'hardware': 'g5.xlarge', 'seconds': 1.7, 'batch': 1}]
    """
    measured = content["model"]["measured"]
    for row in rows:
        key = (row["hardware"], row.get("batch", 1))
        same = [index for index, old in enumerate(measured) if (old["hardware"], old.get("batch", 1)) == key]
        if same:
            for gone in ("p50", "p99"):
                measured[same[0]].pop(gone, None)
            measured[same[0]].update(row)
            continue
        of_hardware = [index for index, old in enumerate(measured) if old["hardware"] == row["hardware"]]
        measured.insert(of_hardware[-1] + 1 if of_hardware else len(measured), one_line(row))


def put(content: Content, path: str, value: Any) -> None:
    """Set a field by its path, making the mappings on the way; a mapping as a new value is written on one line."""
    *parents, key = path.split(".")
    for name in parents:
        content = content.setdefault(name, {})
    content[key] = one_line(value) if isinstance(value, Mapping) else value


def _json(text: str, change: Callable[[Content], None]) -> str:
    content = json.loads(text)
    change(content)
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _yaml(path: Path, text: str, change: Callable[[Content], None]) -> str:
    from ruamel.yaml import YAML

    def style(indents: tuple[int, int, int]) -> YAML:
        yaml = YAML(typ="rt", pure=True)
        yaml.preserve_quotes, yaml.width = True, 4096
        yaml.indent(mapping=indents[0], sequence=indents[1], offset=indents[2])
        return yaml

    def dumped(yaml: YAML, content: Any) -> str:
        out = io.StringIO()
        yaml.dump(content, out)
        return _LONG_ROW.sub(_in_days, out.getvalue())

    def likeness(yaml: YAML) -> float:
        return difflib.SequenceMatcher(None, text.splitlines(), dumped(yaml, yaml.load(text)).splitlines()).ratio()

    yaml = max((style(indents) for indents in _STYLES), key=likeness)
    content = yaml.load(text)
    if not isinstance(content, dict):
        raise HeadwayError(f"{path}: a profile is a mapping of fields")
    change(content)
    return dumped(yaml, content)


def _in_days(found: re.Match[str]) -> str:
    """A long row of numbers, a day of hours a line."""
    pad, key, numbers = found[1], found[2], found[3].split(", ")
    days = [", ".join(numbers[at : at + _A_DAY]) for at in range(0, len(numbers), _A_DAY)]
    return f"{pad}{key}[\n{pad}  " + f",\n{pad}  ".join(days) + f"\n{pad}]"
