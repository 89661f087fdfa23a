"""Progress on work that takes more than a moment: a moving line on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console


@contextmanager
def progress(first: str) -> Iterator[Callable[[str], None]]:
    """A function that says what is being done now; on stderr, and gone when it is over."""
    err = Console(stderr=True, highlight=False)
    if not err.is_terminal:
        yield lambda _: None
        return
    with err.status(first) as status:
        yield status.update
