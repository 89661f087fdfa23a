"""The command line: one thin function a command. Parts load when a command needs them, so that help is quick.

Exit codes: 0 done; 1 could not be done, usage errors too; 2 done, and a check, a limit or the wait cannot be met.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.errors import HeadwayError

if TYPE_CHECKING:
    from headway.planning import Plan

DONE, FAILED, NOT_MET = 0, 1, 2

HELP = """How long can the people waiting really wait? From the answer to the cheapest AWS architecture that meets it,
and its monthly bill, before anything is created.

\b
  headway init                                             asks the questions and writes a profile
  headway plan stacks/profiles/loan-documents.yaml         what to run, why, and the bill line by line
  headway lock                                             write the plans that the stacks run (stacks/plans)
  headway lock --check                                     in CI: exit 2 when a plan is out of date
  headway report stacks/profiles/loan-documents.yaml       the same as a page, with pictures
  headway simulate my-model.yaml --trace requests.csv      what people would have waited, request by request
  headway diff main                                        what a change does to every environment's bill
  headway price lambda requests=3000000 duration=1s memory=512MB
  headway rehearse --requests 20                           the stack on an AWS in this process, with real requests

\b
Exit codes: 0 done; 1 could not be done; 2 done, and a check, a limit or the wait cannot be met.
"""

app = typer.Typer(
    name="headway", help=HELP, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)  # fmt: skip


class Format(StrEnum):
    """How a result is written."""

    table = "table"
    json = "json"


class DiffFormat(StrEnum):
    """How a change is written."""

    table = "table"
    json = "json"
    comment = "comment"


class SchemaOf(StrEnum):
    """What has a JSON Schema."""

    profile = "profile"
    plan = "plan"
    bill = "bill"
    diff = "diff"


class When(StrEnum):
    """When a change is worth writing."""

    change = "change"
    always = "always"


FormatOption = Annotated[Format, typer.Option("--format", help="table for people, json for machines.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        from headway import __version__

        typer.echo(f"headway {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


_PASSED_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": False}


@app.command(add_help_option=False, context_settings=_PASSED_ON)
def init(context: typer.Context) -> int:
    """Ask the honest questions, show what each answer costs, and write a profile."""
    from headway.interview import command

    return DONE if command.run(context.args) else NOT_MET


@app.command()
def plan(
    profile: Annotated[Path, typer.Argument(metavar="PROFILE", help="The workload: a YAML or JSON file.")],
    only: Annotated[str | None, typer.Option(metavar="ARCH", help="Plan this architecture alone.")] = None,
    scale: Annotated[
        float, typer.Option(help="Share of the traffic; the architecture is still chosen on all of it.")
    ] = 1.0,
    prices: Annotated[Path | None, typer.Option(metavar="FILE", help="Another price snapshot.")] = None,
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
    headway plan contact-form.yaml
    headway plan contact-form.yaml --only realtime --details
    headway plan contact-form.yaml --curve
    headway plan contact-form.yaml --format json | jq .choice.monthly.expected
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from headway.advice import Joined, cost_of_waiting, join
    from headway.planning.search import plan as make_plan
    from headway.prices import load_book
    from headway.profile import load_profile
    from headway.report.progress import progress

    if not 0 < scale <= 1000:
        raise HeadwayError(f"--scale {scale:g}: a share of the traffic above 0 and up to 1000 is needed")
    if curve and (only or scale != 1):
        raise HeadwayError("--curve looks at every architecture on all of the traffic: leave --only and --scale out")
    declared, book = load_profile(profile), load_book(prices) if prices else None
    made = make_plan(declared, prices=book, scale=scale, only=only)
    joined = Joined()
    if only is None:
        with progress("what else is worth knowing") as say:
            points = partial(cost_of_waiting, declared, prices=book) if curve else None
            joined = join(declared, made, prices=book, curve=points, say=say)
    if format_ is Format.json:
        _write_json(made.model_dump(mode="json") | joined.asked())
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
        bool, typer.Option("--check", help="Write nothing; exit 2 when profile or settings differ from the lock.")
    ] = False,
) -> int:
    """Write the plans that the stacks run, and show what changes. `pulumi up` provisions these and never searches."""
    from headway.planning import locking
    from headway.planning.stacks import project_root, stack_names

    root = project_root()
    names = (stack,) if stack else stack_names(root)
    differs = False
    for outcome in (locking.check_stacks if check else locking.lock_stacks)(root, names):
        typer.echo(outcome.text)
        differs = differs or outcome.differs
    return NOT_MET if differs else DONE


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
            _write_json(made.model_dump(mode="json"))
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
    prices: Annotated[Path | None, typer.Option(metavar="FILE", help="Another price snapshot.")] = None,
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
    from headway.prices import load_book
    from headway.report.progress import progress

    if (profile is None) == (stack is None):
        raise HeadwayError("name a profile, or a stack with --stack: one of the two")
    if stack is not None and prices is not None:
        raise HeadwayError("--prices goes with a profile: a stack runs the plan that it is locked to")
    if out is not None and not out.absolute().parent.is_dir():
        raise HeadwayError(f"--out {out}: there is no folder {out.absolute().parent}")
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
    path.write_text(made.html, encoding="utf-8")
    typer.echo(f"wrote {path} ({path.stat().st_size / 1000:,.0f} KB): open it in a browser")
    if open_:
        typer.launch(str(path.absolute()))
    return DONE


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


@app.command()
def price(
    service: Annotated[
        str | None, typer.Argument(metavar="SERVICE", help="A name from --list.", show_default=False)
    ] = None,
    usage: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE...", help="A month's usage.", show_default=False)
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Every service with its usage keys and meters.")] = False,
    rate: Annotated[
        list[str] | None, typer.Option(metavar="METER=USD", help="Your own unit price; may be repeated.")
    ] = None,
    region: Annotated[str, typer.Option(help="AWS region.")] = "us-east-1",
    free_tier: Annotated[bool, typer.Option("--free-tier", help="Take the free tier off first.")] = False,
    prices: Annotated[Path | None, typer.Option(metavar="FILE", help="Another price snapshot.")] = None,
    format_: FormatOption = Format.table,
) -> int:
    """One AWS service's month, priced with AWS's own rounding, tiers and chunks.

    \b
    headway price --list
    headway price lambda requests=3000000 duration=1s memory=512MB
    headway price sagemaker-hosting instance_type=ml.g5.xlarge hours=730 --region eu-west-1
    headway price sqs requests=5000000 --rate standard_requests=0.40 --free-tier
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from headway.bill import catalogue
    from headway.prices import load_book
    from headway.report.bill import print_bill
    from headway.report.catalogue import catalogue_rows, print_catalogue
    from headway.report.console import console

    book = load_book(prices) if prices else load_book()
    if list_ or service is None:
        if format_ is Format.json:
            _write_json(catalogue_rows(book))
        else:
            print_catalogue(console(), book)
        return DONE
    bill = catalogue.price(
        service, _pairs(usage or (), "usage"), region=region, rates=_pairs(rate or (), "--rate"),
        free_tier=free_tier, book=book,
    )  # fmt: skip
    if format_ is Format.json:
        _write_json(bill.model_dump(mode="json"))
    else:
        print_bill(console(), bill, details=True)
    return DONE


@app.command()
def simulate(
    profile: Annotated[Path, typer.Argument(metavar="PROFILE", help="The workload: a YAML or JSON file.")],
    trace: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A CSV file: requests (a minute a row) or arrival_s; .gz too."),
    ] = None,
    starts: Annotated[
        str, typer.Option(metavar="DAY[ HH]", help="Day, and hour, of the trace's first request: sat, 'mon 08'.")
    ] = "mon",
    weeks: Annotated[float, typer.Option(help="Without a trace: so many weeks of the profile's traffic.")] = 4,
    only: Annotated[str | None, typer.Option(metavar="ARCH", help="This architecture instead of the choice.")] = None,
    scale: Annotated[float, typer.Option(help="Share of the traffic that the design is made for.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed, the same outcome.", min=0)] = 0,
    prices: Annotated[Path | None, typer.Option(metavar="FILE", help="Another price snapshot.")] = None,
    format_: FormatOption = Format.table,
) -> int:
    """Follow requests, from a trace or made of the profile, through the design: what they wait, what it costs.

    Planned beside simulated. Exit code 2 where the promised share of requests does not make its wait.
    pip install "headway[simulation]" makes it some fifty times as fast.

    \b
    headway simulate stacks/profiles/loan-documents.yaml
    headway simulate my-model.yaml --trace requests-per-minute.csv --starts "sat 00"
    headway simulate my-model.yaml --only realtime --weeks 12 --format json | jq .within
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from headway.planning.search import plan as make_plan
    from headway.prices import load_book
    from headway.profile import load_profile
    from headway.report.progress import progress
    from headway.simulation import generated, hour_of_week, read_trace, replay
    from headway.traffic import build_demand

    if not 0 < scale <= 1000:
        raise HeadwayError(f"--scale {scale:g}: a share of the traffic above 0 and up to 1000 is needed")
    if not 0 < weeks <= 520:
        raise HeadwayError(f"--weeks {weeks:g}: more than 0 and up to 520 weeks are needed")
    declared, book = load_profile(profile), load_book(prices) if prices else None
    first = hour_of_week(starts)
    with progress("planning") as say:
        made = make_plan(declared, prices=book, scale=scale, only=only)
        if made.design is None or made.chosen is None:
            raise HeadwayError(f"there is no design to follow requests through: {_nothing(made)}")
        demand = build_demand(declared, scale=scale)
        arrivals = (
            read_trace(trace, first_hour=first, seed=seed)
            if trace is not None
            else generated(demand, weeks=weeks, seed=seed, first_hour=first)
        )
        outcome = replay(
            made.design, arrivals, declared, scale=scale, planned=made.chosen.bill, seed=seed, prices=book, say=say
        )
    if format_ is Format.json:
        _write_json(outcome.model_dump(mode="json"))
    else:
        from headway.report.console import console
        from headway.report.simulation import print_outcome

        print_outcome(console(), made, outcome)
    return DONE if outcome.kept else NOT_MET


@app.command()
def rehearse(
    stack: Annotated[str, typer.Option(metavar="NAME", help="The stack to rehearse.")] = "dev",
    requests: Annotated[int, typer.Option("--requests", "-n", metavar="N", min=1, max=2000, help="How many.")] = 20,
    format_: FormatOption = Format.table,
) -> int:
    """Provision a stack on an AWS inside this process and send real requests through it. No account, no Docker.

    Shows each resource that the program registers, then the requests' waits, the dead-letter queue and where the
    results lie. Exit code 2 when a request got no result.
    """
    import gc

    # A collector would walk tens of thousands of classes that stay, a third of the whole time of this short process.
    gc.disable()
    from headway.planning.stacks import project_root
    from headway.report.progress import progress

    try:
        from headway_rehearsal import run
    except ImportError as error:
        raise HeadwayError(
            f'the rehearsal needs more than the planner ({error.name}): pip install "headway[rehearsal]"'
        ) from None
    with progress(f"rehearsing stack {stack}") as say:
        outcome = run.rehearse(project_root(), stack, requests=requests, progress=say)
    if format_ is Format.json:
        _write_json(outcome.model_dump(mode="json"))
    else:
        from headway.report.console import console

        run.print_outcome(console(), outcome)
    return DONE if outcome.complete else NOT_MET


@app.command()
def schema(
    of: Annotated[
        SchemaOf, typer.Argument(metavar="profile|plan|bill|diff", help="What to describe.")
    ] = SchemaOf.profile,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it here instead of to the terminal.")] = None,
) -> int:
    """The JSON Schema of a profile, for editors that complete and check; or of what --format json writes."""
    from headway.report.schemas import schema_text

    text = schema_text(of.value)
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"wrote {out}")
    return DONE


def _nothing(made: Plan) -> str:
    """Why nothing was chosen, in the verdict's words."""
    from headway.report.words import verdict

    return verdict(made)


def _pairs(texts: Iterable[str], what: str) -> dict[str, str]:
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


def _write_json(value: Any) -> None:
    import json

    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; what a person can mend becomes one message on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = app(args=None if arguments is None else list(arguments), prog_name="headway", standalone_mode=False)
        sys.stdout.flush()
    except _USAGE as error:
        error.show()
        return FAILED
    except HeadwayError as error:
        return _fail(str(error))
    except BrokenPipeError:
        # Whoever read the output has seen enough; nothing more may be written, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error))
    except (KeyboardInterrupt, typer.Abort):
        return _fail("stopped")
    if code == _INTERRUPTED:
        return _fail("stopped")
    return code if isinstance(code, int) else DONE


_USAGE: Any = typer.BadParameter.__mro__[2]
"""The base of every usage error, which typer does not name itself."""


_INTERRUPTED = 130
"""What newer versions of typer make of Ctrl-C."""


def _fail(message: str) -> int:
    first, *more = message.splitlines() or ["unknown"]
    sys.stderr.write("\n".join([f"error: {first}", *(f"       {line}" for line in more)]) + "\n")
    return FAILED


def main() -> None:
    """The ``headway`` command."""
    sys.exit(run())


if __name__ == "__main__":
    main()
