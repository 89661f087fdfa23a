"""What a person can act on: every expected failure is a HeadwayError, shown as one message, exit code 1."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HeadwayError(Exception):
    """Something the user can mend. The message says what was wrong, where, and what would be right."""


def nearest(word: object, valid: Iterable[str], *, most: int = 3) -> str:
    """``"; did you mean a or b?"`` with the valid words closest to ``word``, or nothing where none is close.

    >>> nearest("servrless", ["realtime", "serverless"])
    '; did you mean serverless?'
    """
    close = difflib.get_close_matches(str(word), list(valid), n=most, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""
