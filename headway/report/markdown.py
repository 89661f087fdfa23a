"""GitHub Markdown from text that nobody vouches for: names, paths and values of a stranger's branch stay text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from html import escape

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$])")
"""What Markdown, its tables, its mathematics and HTML give a meaning to anywhere in a line."""
_LEADING = re.compile(r"^(?:[#+=-]|\d+(?=[.)]))")
"""What has a meaning where a line, a cell or an item of a list begins: titles, lists, rules."""
_BREAKER = "\u200b"
"""A space of no width: parts what GitHub would make a mention, a reference or a link of."""
_LINKED = re.compile(r"@(?=\w)|#(?=\d)|://|(?i:\bwww(?=\.)|\bgh(?=-\d)|\b[0-9a-f]{6}(?=[0-9a-f]))")
"""Where a mention, an issue, an address or the hash of a commit is broken; after these characters."""
_LONGEST = 300
"""Characters of one piece of foreign text."""


def text(value: object, *, longest: int = _LONGEST) -> str:
    r"""Foreign text as a run of plain characters: no markup, no mention, no link, one line.

    >>> text("<b>@you</b> | #1")
    '\\<b\\>@\u200byou\\</b\\> \\| #\u200b1'
    """
    shown = _SPECIAL.sub(r"\\\1", _broken(_visible(value, longest)))
    return _LEADING.sub(lambda found: _escaped_end(found[0]), shown)


def html(value: object, *, longest: int = _LONGEST) -> str:
    """The same where Markdown is not read, inside of tags.

    >>> html("<b> & *")
    '&lt;b&gt; &amp; *'
    """
    return escape(_broken(_visible(value, longest)))


def code(value: object, *, longest: int = _LONGEST) -> str:
    r"""Foreign text as a span of code, in which nothing has a meaning; fit for a table's cell.

    >>> code("a`b|c")
    '``a`b\\|c``'
    """
    shown = _visible(value, longest).replace("|", r"\|")
    if not shown:
        return "` `"
    runs = [len(run) for run in re.findall(r"`+", shown)]
    fence = "`" * (1 + max(runs, default=0))
    pad = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> list[str]:
    """Lines of a table; cells are Markdown already."""
    marks = ["---:" if column in right else "---" for column in columns]
    return [_row(columns), _row(marks), *(_row(row) for row in rows)]


def folded(summary: str, lines: Sequence[str]) -> list[str]:
    """Lines that a reader opens, under a summary of plain text."""
    return ["<details>", f"<summary>{html(summary)}</summary>", "", *lines, "", "</details>"]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _broken(shown: str) -> str:
    """With a space of no width in whatever GitHub would link."""
    return _LINKED.sub(lambda found: found[0] + _BREAKER, shown)


def _escaped_end(start: str) -> str:
    """A leading sign behind a backslash; of a number, the sign that follows it."""
    return f"{start}\\" if start.isdigit() else f"\\{start}"


def _visible(value: object, longest: int) -> str:
    """One line of characters that can be seen: no controls, nothing that turns the direction of writing."""
    shown = "".join(" " if sign.isspace() else sign for sign in str(value))
    shown = "".join(sign for sign in shown if unicodedata.category(sign)[0] != "C")
    shown = " ".join(shown.split())
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
