"""Which book: the one a command or HEADWAY_PRICES names, else the newest refreshed one, else the packaged snapshot."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from headway.errors import HeadwayError, nearest

VARIABLE = "HEADWAY_PRICES"
"""A snapshot, an overrides file, or the word ``packaged``."""
FOLDER_VARIABLE = "HEADWAY_DATA"
PACKAGED = "packaged"
NAME = "prices-{date}.json.gz"


def data_folder() -> Path:
    """Where refreshed books are kept: HEADWAY_DATA, else the user's folder for data."""
    if given := os.environ.get(FOLDER_VARIABLE):
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "headway"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "headway"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "headway"


def refreshed_books() -> tuple[Path, ...]:
    """Every refreshed book by the date in its name, the oldest first."""
    try:
        return tuple(sorted(data_folder().glob(NAME.format(date="20??-??-??"))))
    except OSError:
        return ()


def refreshed_book() -> Path | None:
    """The newest refreshed book; None where there is none."""
    books = refreshed_books()
    return books[-1] if books else None


def chosen_book() -> Path | None:
    """The book that is used unless a command names another; None is the packaged one.

    Raises:
        HeadwayError: HEADWAY_PRICES names a file that is not there.
    """
    named = os.environ.get(VARIABLE, "")
    if not named:
        return refreshed_book()
    if named == PACKAGED:
        return None
    if not Path(named).is_file():
        hint = nearest(named, [PACKAGED]) or f"; it names a price book or is {PACKAGED}"
        raise HeadwayError(f"{VARIABLE}={named}: no such file{hint}")
    return Path(named)
