"""Showing a page that was written to whoever sits here, without a word from whatever shows it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

OPENERS = {"darwin": "open", "linux": "xdg-open"}
"""Of a platform, what opens a file with the desktop's own program."""
SHOWS_WITHIN_S = 5.0
"""What still runs after that shows the page; what found no browser has said so before."""


def open_page(path: Path) -> bool:
    """Open a page in the browser; whether there is one."""
    opener = OPENERS.get(sys.platform)
    if opener is None:
        import webbrowser

        return webbrowser.open(path.absolute().as_uri())
    quiet = subprocess.DEVNULL
    try:
        started = subprocess.Popen(  # noqa: S603 - a fixed program and the path of a page
            [opener, str(path.absolute())], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
        )
    except OSError:
        return False
    try:
        return started.wait(SHOWS_WITHIN_S) == 0
    except subprocess.TimeoutExpired:
        return True
