"""Writing a file whole or not at all: whoever reads it sees the old content or the new one, never half of either."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from headway.errors import HeadwayError


def check_place(path: Path) -> None:
    """Say before the work that what it makes cannot be written there.

    Raises:
        HeadwayError: It is a directory, or its folder is not there.
    """
    if path.is_dir():
        raise HeadwayError(f"{path}: is a directory; name a file in it")
    if not path.absolute().parent.is_dir():
        raise HeadwayError(f"{path}: there is no folder {path.absolute().parent}")


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file in one step: a failure before the end leaves what was there. A link stays one.

    A device or a pipe, such as /dev/stdout, is written to: put in its place, a file would take it from everybody.

    Raises:
        HeadwayError: It cannot be written, or its folder is not there.
    """
    raw = content.encode() if isinstance(content, str) else content
    if _is_special(path):
        try:
            path.write_bytes(raw)
        except OSError as error:
            raise HeadwayError(f"{path}: cannot be written ({error.strerror})") from None
        return
    if path.is_symlink():
        path = path.resolve()
    check_place(path)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".partial")
    except OSError as error:
        # Of a folder that holds no files of anybody's (/proc) the system says that there is no such file.
        there = isinstance(error, FileNotFoundError) and path.absolute().parent.is_dir()
        why = f"nothing can be made in {path.absolute().parent}" if there else error.strerror
        raise HeadwayError(f"{path}: cannot be written ({why})") from None
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
        partial.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        partial.replace(path)
    except OSError as error:
        raise HeadwayError(f"{path}: cannot be written ({error.strerror})") from None
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def _is_special(path: Path) -> bool:
    """Whether a path is no file of its own that may be put anew: a device, a pipe, or what leads to one."""
    if path.is_dir() or not path.exists():
        return False
    return not path.is_file() or any(path.absolute().is_relative_to(root) for root in ("/dev", "/proc"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
