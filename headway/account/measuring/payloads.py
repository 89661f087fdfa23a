"""Request bodies for a load test: the files of a folder, alone or as a batch."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from headway.architectures.endpoint_path import SYNC_MAX_BYTES
from headway.errors import HeadwayError
from headway.units import format_size

MOST_FILES = 1000
"""Files that are read; more do not make a mean better known."""


class Payload(NamedTuple):
    """A request body with its content type."""

    body: bytes
    content_type: str


def read_payloads(folder: Path, *, content_type: str | None = None) -> tuple[Payload, ...]:
    """Every file of a folder, by name; hidden ones are passed over.

    Raises:
        HeadwayError: There is no such folder, no file in it, or one is empty or more than an endpoint takes.
    """
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "no such folder"
        raise HeadwayError(f"--payloads {folder}: {what}; a folder of request bodies, a file each, is needed")
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    if not files:
        raise HeadwayError(f"--payloads {folder}: holds no files; put a request body, or better twenty, in it")
    found = []
    for path in files[:MOST_FILES]:
        body = path.read_bytes()
        if not body:
            raise HeadwayError(f"{path}: is empty; a request body is needed")
        if len(body) > SYNC_MAX_BYTES:
            raise HeadwayError(
                f"{path}: {format_size(len(body))}, an endpoint takes {format_size(SYNC_MAX_BYTES)} at most"
            )
        found.append(Payload(body, content_type or _type_of(path)))
    return tuple(found)


def are_json(payloads: Iterable[Payload]) -> bool:
    """Whether every body is JSON: only such can go together as a batch.

    >>> are_json([Payload(b'{"a": 1}', "application/json")]), are_json([Payload(b"GIF89a", "image/gif")])
    (True, False)
    """
    for one in payloads:
        try:
            json.loads(one.body)
        except ValueError:
            return False
    return True


def calls(payloads: tuple[Payload, ...], batch: int) -> Iterator[Payload]:
    """Calls without end, of so many bodies each; several are one JSON list, as Headway's workers send them.

    Raises:
        HeadwayError: A batch of bodies that are not JSON, or one that is more than an endpoint takes.
    """
    if batch == 1:
        yield from cycle(payloads)
    if not are_json(payloads):
        raise HeadwayError("batches are JSON lists and these payloads are not JSON: measure --batches 1 alone")
    bodies = cycle(one.body for one in payloads)
    while True:
        joint = b"[" + b",".join(islice(bodies, batch)) + b"]"
        if len(joint) > SYNC_MAX_BYTES:
            raise HeadwayError(
                f"a batch of {batch} is {format_size(len(joint))}, an endpoint takes {format_size(SYNC_MAX_BYTES)} at "
                "most: leave that size out of --batches"
            )
        yield Payload(joint, "application/json")


def _type_of(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
