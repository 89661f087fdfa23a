"""What a person can act on: every expected failure is a HeadwayError, shown as one message, exit code 1."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any


class HeadwayError(Exception):
    """Something the user can mend. The message says what was wrong, where, and what would be right."""


def nearest(word: object, valid: Iterable[str], *, most: int = 3) -> str:
    """``"; did you mean a or b?"`` with the valid words closest to ``word``, or nothing where none is close.

    >>> nearest("servrless", ["realtime", "serverless"])
    '; did you mean serverless?'
    """
    close = close_words(word, valid, most=most)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def close_words(word: object, valid: Iterable[str], *, most: int = 3) -> list[str]:
    """The valid words that were meant, perhaps, the closest first.

    >>> close_words("max_wiat", ["max_wait", "percentile"])
    ['max_wait']
    """
    return difflib.get_close_matches(str(word), list(valid), n=most, cutoff=0.6)


def nearest_file(path: PurePath, there: Iterable[PurePath]) -> str:
    """As `nearest`, by the names of files: that they lie in one folder does not make them alike.

    >>> nearest_file(PurePath("profiles/lone.yaml"), [PurePath("profiles/loans.yaml"), PurePath("profiles/shop.yaml")])
    '; did you mean profiles/loans.yaml?'
    >>> nearest_file(PurePath("loan.yaml"), [PurePath("profiles/loan-documents.yaml")])
    '; did you mean profiles/loan-documents.yaml?'
    """
    stems = {one.stem: one for one in there}
    close = close_words(path.stem, stems) or [stem for stem in sorted(stems) if path.stem in stem][:3]
    return f"; did you mean {' or '.join(str(stems[stem]) for stem in close)}?" if close else ""


def place_text(location: Iterable[str | int]) -> str:
    """Where in a file of fields and lists something stands.

    >>> place_text(("model", "measured", 0, "hardware"))
    'model.measured[0].hardware'
    """
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def first_problem(problems: Iterable[Mapping[str, Any]]) -> str:
    """Where the first of what pydantic found is, and what is wrong there.

    >>> first_problem([{"type": "missing", "loc": ("plan", "choice"), "msg": "Field required"}])
    'plan.choice is missing'
    >>> first_problem([{"type": "json_invalid", "loc": (), "msg": "Invalid JSON: expected value at line 1"}])
    'invalid JSON: expected value at line 1'
    """
    problem = next(iter(problems))
    place, text = place_text(problem["loc"]), problem_text(problem)
    return f"{place} {text}" if problem["type"] == "missing" else f"{place}: {text}" if place else text


_NEEDED = {
    "float": "a number", "int": "a whole number", "decimal": "a plain number of USD", "bool": "true or false",
    "string": "text", "tuple": "a list", "list": "a list", "set": "a list", "dict": "a mapping of fields",
    "model": "a mapping of fields", "finite": "a finite number", "datetime": "a date and time",
}  # fmt: skip
_BOUNDS = {
    "greater_than": ("more than {}", "gt"), "greater_than_equal": ("at least {}", "ge"),
    "less_than": ("less than {}", "lt"), "less_than_equal": ("at most {}", "le"),
    "too_short": ("at least {} of them", "min_length"), "too_long": ("at most {} of them", "max_length"),
    "string_too_short": ("text, at least {} long,", "min_length"),
    "string_too_long": ("text of at most {} characters", "max_length"),
}  # fmt: skip


def problem_text(problem: Mapping[str, Any]) -> str:
    """What would be right where pydantic found a value wrong, in words of ours rather than the library's.

    >>> problem_text({"type": "int_parsing", "msg": "Input should be a valid integer, unable to parse"})
    'a whole number is needed'
    >>> problem_text({"type": "greater_than", "msg": "Input should be greater than 0", "ctx": {"gt": 0}})
    'more than 0 is needed'
    >>> problem_text({"type": "too_short", "msg": "Too short", "ctx": {"min_length": 168}})
    'at least 168 of them are needed'
    >>> problem_text({"type": "value_error", "msg": "Value error, Tiers add up to 2"})
    'tiers add up to 2'
    """
    kind = str(problem["type"])
    if kind == "missing":
        return "is missing"
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        limit = problem["ctx"][bound]
        some = words.format(f"{limit:.15g}" if isinstance(limit, float) else limit)
        return f"{some} {'are' if 'of them' in some and limit != 1 else 'is'} needed"
    what, _, reason = kind.partition("_")
    if what in _NEEDED and reason.split("_")[0] in ("parsing", "type", "from", "number", "attributes"):
        return f"{_NEEDED[what]} is needed"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
