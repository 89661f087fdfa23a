"""The lines of a log, plain or gzip, however large: one at a time, saying how far it is."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from headway.errors import HeadwayError

LONGEST = 1_000_000
"""Characters of a line; a longer one is no log's."""
_SAY_EVERY = 20_000

Say = Callable[[str], None]


def read_lines(path: Path, say: Say = lambda _: None) -> Iterator[tuple[int, str]]:
    """``(number, line)`` of every line that holds something, without its end; gzip by its content, not its name.

    Raises:
        HeadwayError: The file cannot be read, is no text, or breaks off within its compression.
    """
    try:
        total = path.stat().st_size
        with path.open("rb") as raw:
            packed = raw.peek(2)[:2] == b"\x1f\x8b"
            plain = gzip.GzipFile(fileobj=raw) if packed else raw
            text = io.TextIOWrapper(plain, encoding="utf-8-sig", errors="strict", newline=None)
            for number in _count():
                line = text.readline(LONGEST)
                if not line:
                    return
                if len(line) == LONGEST:
                    raise HeadwayError(f"{path}:{number}: a line of over {LONGEST:,} characters: this is no log")
                if number % _SAY_EVERY == 0:
                    say(f"reading {path.name}: {raw.tell() / max(1, total):.0%}, {number:,} lines")
                if line := line.strip():
                    yield number, line
    except UnicodeDecodeError:
        raise HeadwayError(
            f"{path}: not text in UTF-8; a log is CSV, JSON lines or an access log, or such in gzip"
        ) from None
    except EOFError:
        raise HeadwayError(f"{path}: breaks off within its compression: fetch it again") from None
    except gzip.BadGzipFile as error:
        raise HeadwayError(f"{path}: damaged gzip ({error}): fetch it again") from None
    except OSError as error:
        raise HeadwayError(f"{path}: cannot be read ({error.strerror or error})") from None


def _count() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number
