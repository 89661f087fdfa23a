"""What commands share: exit codes, how a result is written, ``key=value`` texts."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from headway.errors import HeadwayError

DONE, FAILED, NOT_MET = 0, 1, 2


class Format(StrEnum):
    """How a result is written."""

    table = "table"
    json = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="table for people, json for machines.")]


ProfileArgument = Annotated[Path, typer.Argument(metavar="PROFILE", help="The workload: a YAML or JSON file.")]
PricesOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A price snapshot, or a YAML of private discounts and rates.")
]
RegionOption = Annotated[
    str | None, typer.Option(metavar="REGION", help="AWS region; your configuration's unless given.")
]
StackRegionOption = Annotated[
    str | None, typer.Option(metavar="REGION", help="AWS region; the stack's own unless given.")
]


def pairs(texts: Iterable[str], what: str) -> dict[str, str]:
    """``key=value`` texts as a mapping."""
    found: dict[str, str] = {}
    for text in texts:
        key, joint, value = text.partition("=")
        if not joint or not key or not value:
            raise HeadwayError(f"{what} {text!r}: write key=value, such as requests=3000000")
        if key in found:
            raise HeadwayError(f"{what} {key!r} is given twice")
        found[key] = value
    return found


def write_json(value: Any) -> None:
    """A result for machines, money as decimal strings."""
    import json

    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
