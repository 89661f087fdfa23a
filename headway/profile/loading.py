"""Reading a profile file, and saying of everything wrong in it where it stands and what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from headway.errors import HeadwayError, close_words, nearest, nearest_file, place_text, problem_text
from headway.profile.answers import DOTTED
from headway.profile.model import Profile
from headway.profile.trace import TraceError, load_trace
from headway.units import AS_DECLARED

MAX_BYTES = 4_000_000


class ProfileError(HeadwayError):
    """A profile that cannot be used: one line for each problem, with file, line, field and what would be right."""


def load_profile(path: str | Path) -> Profile:
    """The profile in a YAML 1.2 or JSON file.

    Raises:
        ProfileError: The file cannot be read, or says something that cannot be: every problem is named at once.
    """
    file = Path(path)
    return parse_profile(read_text(file), file)


def parse_profile(text: str, file: Path) -> Profile:
    """The profile in the text of a file: what :func:`load_profile` returns for a file that holds it.

    Raises:
        ProfileError: As there.
    """
    content = _parse(file, text)
    if content is None:
        raise ProfileError(f"{file}: empty; the least that works is name, latency.max_wait, traffic and model.measured")
    if not isinstance(content, dict):
        raise ProfileError(
            f"{file}:1: a profile is a mapping of fields (name, latency, traffic, model), not a list or text"
        )
    declared = _plain(content)
    _read_trace(declared, file)
    _read_validation(declared, file)
    try:
        return Profile.model_validate(declared, context=AS_DECLARED)
    except ValidationError as error:
        lines = [f"{file}:{_line(problem['loc'], content)}: {_describe(problem)}" for problem in _told(error)]
        raise ProfileError("\n".join(dict.fromkeys(lines))) from None


def _read_trace(declared: dict[str, Any], file: Path) -> None:
    """Put the trace that ``traffic.trace`` names, a file beside the profile, in the place of its name."""
    traffic = declared.get("traffic")
    name = traffic.get("trace") if isinstance(traffic, dict) else None
    if isinstance(traffic, dict) and isinstance(name, str):
        try:
            traffic["trace"] = load_trace(file.parent / name)
        except TraceError as error:
            raise ProfileError(f"{file}: traffic.trace: {error}") from None


def _read_validation(declared: dict[str, Any], file: Path) -> None:
    """Put schema and probes that ``model.validation`` names, files beside the profile, in the place of their names."""
    model = declared.get("model")
    validation = model.get("validation") if isinstance(model, dict) else None
    if not isinstance(validation, dict):
        return
    for name in ("schema", "probes"):
        where = validation.get(name)
        if isinstance(where, str):
            try:
                validation[name] = _plain(_parse(file.parent / where, read_text(file.parent / where)))
            except ProfileError as error:
                raise ProfileError(f"{file}: model.validation.{name}: {error}") from None


def read_profile(content: dict[str, Any]) -> Profile:
    """The profile that plain values say: what :func:`load_profile` returns for a file that holds them.

    Raises:
        ProfileError: They say something that cannot be: a line for each problem, with the field.

    >>> read_profile({"name": "x", "latency": {"max_wait": "5x"}, "traffic": {"per_day": 1},
    ...     "model": {"measured": [{"hardware": "m5.large", "seconds": 1}]}})
    Traceback (most recent call last):
    headway.profile.loading.ProfileError: latency.max_wait: got '5x'; '5x': 'x' is no unit of time; use ms, s, m, h or d
    """
    try:
        return Profile.model_validate(content, context=AS_DECLARED)
    except ValidationError as error:
        raise ProfileError("\n".join(dict.fromkeys(_describe(problem) for problem in _told(error)))) from None


def read_text(file: Path) -> str:
    """A profile's text.

    Raises:
        ProfileError: The file cannot be read, or is no text.
    """
    try:
        if file.is_dir():
            raise ProfileError(f"{file}: is a directory; name the profile's file in it")
        if file.stat().st_size > MAX_BYTES:
            raise ProfileError(f"{file}: over {MAX_BYTES // 10**6} MB; a profile is a page of YAML")
        raw = file.read_bytes()
    except FileNotFoundError:
        raise ProfileError(f"{file}: no such file{nearest_file(file, file.parent.glob('*.y*ml'))}") from None
    except OSError as error:
        raise ProfileError(f"{file}: cannot be read ({error.strerror})") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ProfileError(f"{file}: not text in UTF-8; a profile is YAML or JSON") from None
    if "\x00" in text:
        raise ProfileError(f"{file}: a binary file; a profile is YAML or JSON")
    return text


def _parse(file: Path, text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    form = "JSON" if file.suffix == ".json" else "YAML"
    try:
        return YAML(typ="rt", pure=True).load(text)
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        what = str(error.problem).split(" with value")[0]
        raise ProfileError(f"{file}:{line}: {what}; each field is given once") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        why = error.problem or error.context
        if why == "but found another document":
            why = "a second document begins here (---); a profile is one"
        raise ProfileError(f"{file}:{line}: not {form}: {why}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise ProfileError(f"{file}: not {form}: {str(error).splitlines()[0]}") from None


def _plain(value: Any) -> Any:
    """Ruamel's nodes as plain values."""
    if isinstance(value, dict):
        return {str(key) if not isinstance(key, int) else key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return str(value) if isinstance(value, str) else value


def _told(error: ValidationError) -> Iterator[dict[str, Any]]:
    """One problem a mistake.

    Of a union's complaints the first says enough, a list is short of its wrong items, and what is misspelt is missing.
    """
    seen: set[tuple[Any, ...]] = set()
    problems = error.errors()
    misspelt = {
        (*problem["loc"][:-1], word)
        for problem in problems if problem["type"] == "extra_forbidden"
        for word in close_words(problem["loc"][-1], _fields_at(problem["loc"][:-1]))
    }  # fmt: skip
    deep = {problem["loc"][:end] for problem in problems for end in range(1, len(problem["loc"]))}
    for problem in problems:
        if problem["type"] == "too_short" and problem["loc"] in deep:
            continue
        if problem["type"] == "missing" and problem["loc"] in misspelt:
            continue
        location, message = _place(problem)
        if location not in seen:
            seen.add(location)
            yield {**problem, "loc": location, "msg": message}


def _place(problem: Mapping[str, Any]) -> tuple[tuple[Any, ...], str]:
    """Where a problem stands, and what is wrong: what is said of fields together names the one to look at."""
    location = tuple(part for part in problem["loc"] if not _is_branch(part))
    message = str(problem["msg"]).removeprefix("Value error, ")
    field, colon, rest = message.partition(": ")
    if problem["type"] == "value_error" and colon and field in _fields_at(location):
        return (*location, field), rest
    return location, message


def _is_branch(part: object) -> bool:
    """Whether pydantic, not the file, put this word into a location: the branch of a union or a validator."""
    return isinstance(part, str) and ("[" in part or part in ("float", "str", "int", "bool"))


def _describe(problem: dict[str, Any]) -> str:
    location: tuple[Any, ...] = problem["loc"]
    field = place_text(location) or "profile"
    kind, given = problem["type"], problem["input"]
    if kind == "missing":
        return f"{field} is missing{_example(location)}"
    if kind == "extra_forbidden":
        valid = _fields_at(location[:-1])
        hint = nearest(location[-1], valid) or (f"; fields here are {', '.join(valid)}" if valid else "")
        return f"{field}: no such field{hint}"
    shown = f"got {_shorten(given)}" if not isinstance(given, dict | BaseModel) else ""
    if kind == "literal_error":
        words = [word.strip(" '") for word in problem["ctx"]["expected"].replace(" or ", ", ").split(",")]
        choice = " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
        return f"{field}: {shown}; use {choice}{nearest(given, words)}"
    if kind == "string_pattern_mismatch" and problem["ctx"]["pattern"] in _PATTERNS:
        return f"{field}: {shown}; use {_PATTERNS[problem['ctx']['pattern']]}"
    if given is None:
        return f"{field} is empty{_example(location)}"
    needed = problem_text(problem)
    if kind in ("model_type", "dict_type") and (valid := _fields_at(location)):
        needed = f"fields are needed here: {', '.join(valid)}"
    if kind.endswith("_parsing"):
        needed += _number_hint(given)
    if location[-1:] == ("percentile",) and isinstance(given, float) and 0.5 <= given < 1:
        needed += f"; write {given * 100:.15g}"
    if kind == "less_than_equal" and problem["ctx"]["le"] == 1 and isinstance(given, int | float) and 1 < given <= 100:
        needed += f"; {given:g} % is {given / 100:g}"
    if kind == "tuple_type" and isinstance(given, str):
        needed += f", such as [{given}]" if not _example(location) else ""
    example = _example(location) if kind.endswith("_type") or kind == "too_short" else ""
    return f"{field}: {shown}{'; ' if shown else ''}{needed}{example}"


def _number_hint(given: object) -> str:
    """How a number that people write otherwise is written here.

    >>> _number_hint("1,000"), _number_hint("10%"), _number_hint("10k"), _number_hint("many")
    ('; write 1000', '; write it without %', '; write 10000', '')
    """
    text = str(given).strip()
    thousands = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKmM])", text)
    if re.fullmatch(r"\$?\d{1,3}(,\d{3})+(\.\d+)?|\$\d+(\.\d+)?", text):
        return f"; write {text.lstrip('$').replace(',', '')}"
    if thousands:
        return f"; write {float(thousands[1]) * (1e3 if thousands[2] in 'kK' else 1e6):.15g}"
    return "; write it without %" if text.endswith("%") else ""


def _line(location: Iterable[Any], content: Any) -> int:
    """The line of the deepest part of a location that the file holds."""
    line = 0
    node: Any = content  # ruamel's mappings and sequences know where they are
    for part in location:
        if not hasattr(node, "lc"):
            break
        try:
            line = node.lc.item(part)[0] if isinstance(part, int) else node.lc.key(part)[0]
            node = node[part]
        except (KeyError, IndexError, TypeError):
            break
    return int(line) + 1


def _fields_at(location: Iterable[Any]) -> list[str]:
    """The fields that a place in the profile has, by walking the models."""
    model: Any = Profile
    for part in location:
        if isinstance(part, int):
            continue
        info = model.model_fields.get(part) if model else None
        model = next(iter(models_in(info.annotation)), None) if info else None
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for inner in getattr(annotation, "__args__", ()):
        yield from models_in(inner)


_PATTERNS = {
    r"^[a-z][a-z0-9-]*$": "lower-case letters, digits and dashes, beginning with a letter",
    DOTTED: "names with single dots between them, such as score or result.score",
    r"^s3://[^/]+/.+": "an S3 address such as s3://models/classifier.tar.gz",
}
"""What the profile's patterns ask for, in words."""
_EXAMPLES = {
    ("name",): "name: loan-documents",
    ("latency",): "latency: {max_wait: 30m}",
    ("latency", "max_wait"): "max_wait: 30m",
    ("traffic",): "traffic: {per_day: 50}",
    ("model",): "model: {measured: [{hardware: g5.xlarge, seconds: 2.0}]}",
    ("model", "measured"): "measured: [{hardware: g5.xlarge, seconds: 2.0}]",
}


def _example(location: tuple[Any, ...]) -> str:
    example = _EXAMPLES.get(location)
    return f"; write {example}" if example else ""


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
