"""From a profile to a plan, its lock and its page."""

from __future__ import annotations

import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from headway.cli.app import app
from headway.cli.options import DONE, NOT_MET, Format, FormatOption, PricesOption, write_json
from headway.errors import HeadwayError


class SchemaOf(StrEnum):
    """What has a JSON Schema."""

    profile = "profile"
    plan = "plan"
    bill = "bill"
    diff = "diff"
    env = "env"


_PASSED_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": False}


@app.command(add_help_option=False, context_settings=_PASSED_ON)
def init(context: typer.Context) -> int:
    """Ask the honest questions, show what each answer costs, and write a profile."""
    from headway.interview import command

    return DONE if command.run(context.args) else NOT_MET


@app.command()
def plan(
    profile: Annotated[
        Path | None, typer.Argument(metavar="[PROFILE]", help="The workload: a YAML or JSON file.", show_default=False)
    ] = None,
    stack: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="This stack's profile and settings, with what was observed on it."),
    ] = None,
    only: Annotated[str | None, typer.Option(metavar="ARCH", help="Plan this architecture alone.")] = None,
    scale: Annotated[
        float, typer.Option(help="Share of the traffic; the architecture is still chosen on all of it.")
    ] = 1.0,
    prices: PricesOption = None,
    curve: Annotated[
        bool,
        typer.Option("--curve", help="Also what other waits would cost, where the choice changes, what to measure."),
    ] = False,
    format_: FormatOption = Format.table,
    details: Annotated[bool, typer.Option("--details", help="Every assumption and the source of each price.")] = False,
) -> int:
    """What to run: the candidates with their waits and bills, the choice and why, the bill line by line.

    Exit code 2 when nothing meets the wait.

    \b
    headway plan stacks/profiles/contact-form.yaml
    headway plan my-model.yaml --only realtime --details
    headway plan my-model.yaml --curve
    headway plan my-model.yaml --format json | jq .choice.monthly.expected
    headway plan --stack prod --details
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from headway.advice import Joined, cost_of_waiting, join
    from headway.assumptions import assuming
    from headway.planning.calibration import read_calibration
    from headway.planning.lock import Settings, plan_for
    from headway.planning.stacks import project_root, stack_settings
    from headway.prices import load_book
    from headway.profile import load_profile
    from headway.report.progress import progress

    if (profile is None) == (stack is None):
        what = "is missing: name a workload's file," if profile is None else "and --stack: one of the two, a file"
        raise HeadwayError(f"PROFILE {what} or a stack with --stack")
    if stack is not None and scale != 1:
        raise HeadwayError("--scale goes with a profile: a stack has its own, headway:scale")
    if not 0 < scale <= 1000:
        raise HeadwayError(f"--scale {scale:g}: a share of the traffic above 0 and up to 1000 is needed")
    if curve and (only or scale != 1):
        raise HeadwayError("--curve looks at every architecture on all of the traffic: leave --only and --scale out")
    book, observed = load_book(prices) if prices else None, None
    if stack is not None:
        root = project_root()
        settings, observed = stack_settings(root, stack), read_calibration(root, stack)
        declared = settings.load_profile(root)
    else:
        settings, declared = Settings(profile=str(profile), scale=scale), load_profile(profile or "")
    planner = partial(plan_for, settings=settings, calibration=observed, prices=book)
    made = planner(declared, only=only)
    joined = Joined()
    if only is None:
        with progress("what else is worth knowing") as say, assuming(observed.assumptions if observed else ()):
            points = partial(cost_of_waiting, declared, planner=planner) if curve else None
            joined = join(declared, made, prices=book, curve=points, say=say)
    if format_ is Format.json:
        write_json(made.model_dump(mode="json") | joined.asked())
    else:
        from headway.report.console import console
        from headway.report.joined import print_joined
        from headway.report.terminal import print_plan

        out = console()
        print_plan(out, made, details=details)
        print_joined(out, joined)
    return DONE if made.choice else NOT_MET


@app.command()
def lock(
    stack: Annotated[
        str | None, typer.Option(metavar="NAME", help="This stack alone; every stack in stacks/ otherwise.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit 2 when profile or settings are not those locked."),
    ] = False,
    forget: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ARCH", help="Let the queue, bucket and table of a former architecture go with the next up."
        ),
    ] = None,
) -> int:
    """Write the plans that the stacks run, and show what changes. `pulumi up` provisions these and never searches.

    A lock is written anew where what runs, or its bill, is another; not where only what was not chosen has moved.
    A stack that changes its architecture keeps the former one's data until --forget (MIGRATING.md).
    """
    from headway.planning import locking
    from headway.planning.stacks import project_root, stack_names

    root = project_root()
    names = stack_names(root) if stack is None else (stack,)
    differs = False
    outcomes = (
        locking.check_stacks(root, names) if check else locking.lock_stacks(root, names, forget=tuple(forget or ()))
    )
    for outcome in outcomes:
        typer.echo(outcome.text)
        differs = differs or outcome.differs
    return NOT_MET if differs else DONE


@app.command()
def report(
    profile: Annotated[
        Path | None, typer.Argument(metavar="[PROFILE]", help="The workload: a YAML or JSON file.", show_default=False)
    ] = None,
    stack: Annotated[
        str | None, typer.Option(metavar="NAME", help="What this stack runs, instead of a profile's plan.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; NAME.html in this folder otherwise.")
    ] = None,
    prices: PricesOption = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> int:
    """The plan as a page to look at and to send around: one file that opens anywhere, without a network.

    What waiting costs, with a slider; the week's demand against capacity; the bill; where the saving comes from; every
    candidate and why; advice; assumptions. Needs the extra: pip install "headway[report]".

    \b
    headway report stacks/profiles/loan-documents.yaml --open
    headway report my-model.yaml --out page.html
    headway report --stack prod
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from headway.cli.opening import open_page
    from headway.files import check_place, write_whole
    from headway.prices import load_book
    from headway.report.progress import progress

    if (profile is None) == (stack is None):
        raise HeadwayError("name a profile, or a stack with --stack: one of the two")
    if stack is not None and prices is not None:
        raise HeadwayError("--prices goes with a profile: a stack runs the plan that it is locked to")
    if out is not None:
        check_place(out)
    try:
        from headway.report.page.making import profile_page, stack_page
    except ImportError as error:
        raise HeadwayError(
            f'the page needs more than the planner ({error.name}): pip install "headway[report]"'
        ) from None
    with progress("reading") as say:
        if profile is not None:
            made = profile_page(profile, prices=load_book(prices) if prices else None, say=say)
        else:
            made = stack_page(stack or "", say=say)
    path = out or Path(f"{made.name}.html")
    write_whole(path, made.html)
    hint = "" if open_ else ": open it in a browser"
    typer.echo(f"wrote {path} ({path.stat().st_size / 1000:,.0f} KB){hint}")
    if open_ and not open_page(path):
        typer.echo(f"no browser could be opened here; the page is {path.absolute()}", err=True)
    return DONE


@app.command()
def schema(
    of: Annotated[
        SchemaOf, typer.Argument(metavar="profile|plan|bill|diff|env", help="What to describe.")
    ] = SchemaOf.profile,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it here instead of to the terminal.")] = None,
) -> int:
    """The JSON Schema of a profile, for editors that complete and check; or of what --format json writes."""
    from headway.files import write_whole
    from headway.report.schemas import schema_text

    text = schema_text(of.value)
    if out is None:
        sys.stdout.write(text)
    else:
        write_whole(out, text)
        typer.echo(f"wrote {out}")
    return DONE
