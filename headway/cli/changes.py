"""What a change does to the bill, and telling the pull request."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from headway.cli.app import app
from headway.cli.options import DONE, FAILED, NOT_MET, write_json


class DiffFormat(StrEnum):
    """How a change is written."""

    table = "table"
    json = "json"
    comment = "comment"


class When(StrEnum):
    """When a change is worth writing."""

    change = "change"
    always = "always"


@app.command()
def diff(
    base: Annotated[str, typer.Argument(metavar="BASE", help="Before: a git revision, a folder, or a plan's file.")],
    head: Annotated[str, typer.Argument(metavar="[HEAD]", help="After, in the same words.", show_default=True)] = ".",
    stacks: Annotated[
        str | None, typer.Option(metavar="A,B", help="These stacks alone; every stack of both sides otherwise.")
    ] = None,
    format_: Annotated[
        DiffFormat, typer.Option("--format", help="table for people, json for machines, comment for the pull request.")
    ] = DiffFormat.table,
    max_increase: Annotated[
        str | None,
        typer.Option(metavar="USD|%", help="The most the bill may rise, in each environment and in all: 500 or 10%."),
    ] = None,
    on: Annotated[When, typer.Option("--on", help="change: write nothing where nothing changes.")] = When.always,
    preview: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="From `pulumi preview --json`: names what the bill does not cover."),
    ] = None,
) -> int:
    """What a change does to the bill of each environment, and why: before it is merged.

    A side is what its stacks would run: the locked plan, or where profile and lock disagree the plan as it would be
    locked. Exit code 2 above --max-increase, a profile's budget or a stack's max_monthly; 1 where a side is invalid.

    \b
    headway diff main                            the working folder against main
    headway diff HEAD^1 HEAD --format comment    in CI, for the pull request
    headway diff main . --stacks prod --max-increase 10%
    headway diff before.json after.json          two plans (headway plan --format json, or locks)
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from headway.advice import cost_of_waiting
    from headway.advice.curve import NAMED_WAITS_S
    from headway.diff import Limit, between

    limit = Limit.parse(max_increase) if max_increase is not None else None
    names = [name.strip() for name in stacks.split(",") if name.strip()] if stacks is not None else None
    made, profiles = between(base, head, stacks=names, limit=limit, preview=preview)
    if on is When.always or made.changed or made.broken:
        if format_ is DiffFormat.json:
            write_json(made.model_dump(mode="json"))
        elif format_ is DiffFormat.comment:
            from headway.report.comment import MOST_CHARTS, comment

            curves = {one.name: cost_of_waiting(one, waits_s=NAMED_WAITS_S) for one in profiles[:MOST_CHARTS]}
            sys.stdout.write(comment(made, curves))
        else:
            from headway.report.console import console
            from headway.report.diff import print_diff

            print_diff(console(), made)
    return FAILED if made.invalid else NOT_MET if made.broken else DONE


@app.command()
def comment(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `headway diff --format comment` wrote.")],
    pull_request: Annotated[
        int | None, typer.Option("--pull-request", metavar="N", help="The workflow's own unless given.", min=1)
    ] = None,
    update_only: Annotated[
        bool, typer.Option("--update-only", help="Update a comment that is there; never write a new one.")
    ] = False,
) -> int:
    """Write the one comment on a GitHub pull request, or update the one that is there.

    Reads GITHUB_TOKEN (pull-requests: write), GITHUB_REPOSITORY and GITHUB_EVENT_PATH, as workflows set them. Where the
    token may only read, as on pull requests from forks, the text goes to the job's summary.
    """
    from headway.github import PullRequest, post
    from headway.report.comment import MARKER

    where = PullRequest.from_environment(os.environ, pull_request)
    posted = post(file.read_text(encoding="utf-8"), where, marker=MARKER, new=not update_only)
    typer.echo(f"comment {posted.what}{f': {posted.url}' if posted.url else ''}")
    return DONE
