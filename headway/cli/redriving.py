"""What failed for good: looked at, and sent back."""

from __future__ import annotations

from typing import Annotated

import typer

from headway.cli.app import app
from headway.cli.options import DONE, NOT_MET, Format, FormatOption, StackRegionOption, write_json
from headway.errors import HeadwayError


@app.command()
def redrive(
    stack: Annotated[str, typer.Option("--stack", metavar="NAME", help="The Pulumi stack.")],
    ids: Annotated[str | None, typer.Option(metavar="ID,ID", help="Send these back.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Send all of them back.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Look at N of each queue; 100 unless --all or --ids.")
    ] = None,
    region: StackRegionOption = None,
    format_: FormatOption = Format.table,
) -> int:
    """The dead letters of a stack with their reasons; with --ids or --all, back into their queue.

    The region is the one that the stack's config names, in its project's folder; elsewhere your configuration's.
    A letter is deleted only once its queue has taken it, and what it is answered now takes the place of its error.
    Exit code 2: there are dead letters that were not sent back.
    """
    from headway.account import connect
    from headway.account.redrive import redrive as send
    from headway.planning.stacks import stack_region
    from headway.report.progress import progress

    if ids is not None and all_:
        raise HeadwayError("--ids and --all: give one of them")
    chosen = None if all_ else {one.strip() for one in (ids or "").split(",") if one.strip()}
    if ids is not None and not chosen:
        raise HeadwayError("--ids: no id is given")
    where = region or stack_region(stack)
    looks = chosen is not None and not chosen
    with progress(f"dead letters of {stack}") as say:
        done = send(connect("redrive", region=where), stack, ids=chosen, dry_run=dry_run, say=say,
                    limit=limit or (LOOKED_AT if looks else None))  # fmt: skip
    left = len(done.found) - len(done.sent)
    if format_ is Format.json:
        rows = [
            {"id": one.id, "reason": one.reason, "received": one.received, "queue": one.queue,
             "sent_back": one.id in done.sent}
            for one in done.found
        ]  # fmt: skip
        write_json({"stack": stack, "letters": rows, "sent_back": len(done.sent), "left": left, "dry_run": dry_run})
        return NOT_MET if left else DONE
    for one in done.found:
        typer.echo(f"{one.id}  {one.reason}  (received {one.received} times, {one.queue})")
    would = [one for one in done.found if chosen is None or one.id in chosen]
    if dry_run:
        typer.echo(f"{len(would)} would be sent back; nothing was")
    else:
        typer.echo(f"{len(done.sent)} sent back, {left} dead letters left" if done.found else "no dead letters")
    return NOT_MET if left else DONE


LOOKED_AT = 100
"""Letters of each queue that are shown unless more are asked for."""
