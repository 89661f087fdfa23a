"""The environments of a project."""

from __future__ import annotations

from typing import Annotated

import typer

from headway.cli.app import app
from headway.cli.options import DONE, FAILED, NOT_MET, Format, FormatOption, write_json


@app.command()
def env(
    side: Annotated[str, typer.Argument(metavar="[SIDE]", help="A folder or a git revision.", show_default=True)] = ".",
    stacks: Annotated[
        str | None, typer.Option(metavar="A,B", help="These stacks alone; every stack in stacks/ otherwise.")
    ] = None,
    format_: FormatOption = Format.table,
) -> int:
    """The environments side by side: architecture, wait, bill, sizes, caps, protection, lock.

    Exit code 2 where one is not locked as it is declared, or above its caps; 1 where one cannot be read.

    \b
    headway env                       dev, staging and prod of this project
    headway env main                  as they are on main
    headway env --format json | jq '.environments[] | {stack, lock}'
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from headway.diff.environments import environments
    from headway.diff.sources import open_source

    names = tuple(name.strip() for name in stacks.split(",") if name.strip()) if stacks is not None else None
    with open_source(side) as source:
        found = environments(source, names)
    if format_ is Format.json:
        write_json(found.model_dump(mode="json"))
    else:
        from headway.report.console import console
        from headway.report.environments import print_environments

        print_environments(console(), found)
    if any(one.problem is not None for one in found.environments):
        return FAILED
    return DONE if all(one.ready for one in found.environments) else NOT_MET
