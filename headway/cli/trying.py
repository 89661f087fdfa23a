"""Trying a plan without an account: requests through its design, its stack in process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headway.cli.app import app
from headway.cli.options import DONE, NOT_MET, Format, FormatOption, PricesOption, ProfileArgument, write_json
from headway.errors import HeadwayError

if TYPE_CHECKING:
    from headway.planning import Plan
    from headway.simulation import Batching


@app.command()
def simulate(
    profile: ProfileArgument,
    trace: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A log, or a CSV of requests (a minute a row) or arrival_s."),
    ] = None,
    starts: Annotated[
        str, typer.Option(metavar="DAY[ HH]", help="Day, and hour, of the trace's first request: sat, 'mon 08'.")
    ] = "mon",
    weeks: Annotated[float, typer.Option(help="Without a trace: so many weeks of the profile's traffic.")] = 4,
    only: Annotated[str | None, typer.Option(metavar="ARCH", help="This architecture instead of the choice.")] = None,
    scale: Annotated[float, typer.Option(help="Share of the traffic that the design is made for.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed, the same outcome.", min=0)] = 0,
    batching: Annotated[
        str | None,
        typer.Option(metavar="N,DELAY", help="What if real-time containers gathered N requests, or for DELAY: 8,50ms."),
    ] = None,
    instances: Annotated[
        int | None, typer.Option(metavar="N", help="With --batching: so many instances all week.", min=1, max=1000)
    ] = None,
    prices: PricesOption = None,
    format_: FormatOption = Format.table,
) -> int:
    """Follow requests, from a trace or made of the profile, through the design: what they wait, what it costs.

    Planned beside simulated. Exit code 2 where the promised share of requests does not make its wait.
    pip install "headway[simulation]" makes it some fifty times as fast.

    No design batches on the server. --batching shows what it would bring: a batch starts when N requests wait on an
    instance, or the oldest has waited DELAY (Triton: max_batch_size, max_queue_delay; TorchServe: batch_size,
    max_batch_delay). model.measured has to have two batch sizes, and one of N or more.

    \b
    headway simulate stacks/profiles/loan-documents.yaml
    headway simulate my-model.yaml --trace requests-per-minute.csv --starts "sat 00"
    headway simulate my-model.yaml --only realtime --weeks 12 --format json | jq .within
    headway simulate my-model.yaml --only realtime --batching 8,50ms --instances 2
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from zoneinfo import ZoneInfo

    from headway.planning.search import plan as make_plan
    from headway.prices import load_book
    from headway.profile import load_profile
    from headway.report.progress import progress
    from headway.simulation import MOST_WEEKS, generated, hour_of_week, read_trace, replay
    from headway.traffic import build_demand

    if not 0 < scale <= 1000:
        raise HeadwayError(f"--scale {scale:g}: a share of the traffic above 0 and up to 1000 is needed")
    if not 0 < weeks <= MOST_WEEKS:
        raise HeadwayError(f"--weeks {weeks:g}: more than 0 and up to {MOST_WEEKS} weeks are needed")
    gathered = _batching(batching, instances)
    declared, book = load_profile(profile), load_book(prices) if prices else None
    first = hour_of_week(starts)
    with progress("planning") as say:
        made = make_plan(declared, prices=book, scale=scale, only=only)
        if made.design is None or made.chosen is None:
            raise HeadwayError(f"there is no design to follow requests through: {_nothing(made)}")
        demand = build_demand(declared, scale=scale)
        arrivals = (
            read_trace(trace, first_hour=first, seed=seed, zone=ZoneInfo(declared.timezone))
            if trace is not None
            else generated(demand, weeks=weeks, seed=seed, first_hour=first)
        )
        outcome = replay(
            made.design, arrivals, declared, scale=scale, planned=made.chosen.bill, seed=seed, prices=book,
            batching=gathered, say=say,
        )  # fmt: skip
    if format_ is Format.json:
        write_json(outcome.model_dump(mode="json"))
    else:
        from headway.report.console import console
        from headway.report.simulation import print_outcome

        print_outcome(console(), made, outcome)
    return DONE if outcome.kept else NOT_MET


def _batching(text: str | None, instances: int | None) -> Batching | None:
    from headway.simulation import Batching
    from headway.units import parse_duration

    if text is None:
        if instances is not None:
            raise HeadwayError(
                "--instances: how many would do with --batching N,DELAY; without it the plan says how many"
            )
        return None
    most, comma, delay = text.partition(",")
    try:
        found = Batching(int(most), parse_duration(delay), instances)
    except ValueError as error:
        why = f" ({error})" if comma and most.strip().isdigit() else ""
        raise HeadwayError(
            f"--batching {text}: how many, and how long the oldest waits, is needed: 8,50ms{why}"
        ) from None
    if found.most < 1:
        raise HeadwayError(f"--batching {text}: a batch has one request or more")
    return found


@app.command()
def rehearse(
    stack: Annotated[str, typer.Option(metavar="NAME", help="The stack to rehearse.")] = "dev",
    requests: Annotated[int, typer.Option("--requests", "-n", metavar="N", min=1, max=2000, help="How many.")] = 20,
    nonsense: Annotated[
        bool, typer.Option("--nonsense", help="Let the model answer nonsense: which alarms say so?")
    ] = False,
    engine: Annotated[
        bool, typer.Option("--engine", help="On the real Pulumi engine: from preview to destroy, a minute or two.")
    ] = False,
    fail: Annotated[
        list[str] | None,
        typer.Option(metavar="RESOURCE", help="It fails in the first up; the next has to go on. With --engine."),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(metavar="RESOURCE", help="It is deleted behind Pulumi's back: who notices? With --engine."),
    ] = None,
    format_: FormatOption = Format.table,
) -> int:
    """Provision a stack on an AWS inside this process and send real requests through it. No account, no Docker.

    Shows how many resources of each kind the program registers (--format json names them), then the requests' waits,
    the dead-letter queue, the alarms that were set off and where the results lie. Exit code 2 when a request got no
    result.

    With --engine the stack is made by the real Pulumi engine, with AWS still in this process: preview, up, requests,
    an up and a refresh that have to find nothing to do, destroy. It is what `pulumi up` will do, except for AWS's own
    time. `make engine` finds, installs or builds the engine, once. Exit code 2 as well when a call does what it should
    not: other resources than were previewed, drift, something left behind. RESOURCE is a name as --format json lists
    it under resources; --fail and --remove may be given several times.

    With --nonsense a profile's model.validation is put to the test (an example: stacks/profiles/post-room.yaml).

    \b
    headway rehearse --stack staging --requests 50
    headway rehearse --engine
    headway rehearse --engine --fail loan-documents-dispatcher     # half-done, then up again
    headway rehearse --engine --remove loan-documents-requests     # drift: noticed, and made again
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    import gc

    # A collector would walk tens of thousands of classes that stay, a third of the whole time of this short process.
    gc.disable()
    from headway.planning.stacks import project_root
    from headway.report.progress import progress

    if (fail or remove) and not engine:
        raise HeadwayError(f"{'--fail' if fail else '--remove'} needs --engine: it happens to the engine's stack")
    try:
        from headway_rehearsal import run
    except ImportError as error:
        raise HeadwayError(
            f'the rehearsal needs more than the planner ({error.name}): pip install "headway[rehearsal]"'
        ) from None
    with progress(f"rehearsing stack {stack}") as say:
        outcome = run.rehearse(
            project_root(), stack, requests=requests, nonsense=nonsense, progress=say,
            engine=run.Accidents(tuple(fail or ()), tuple(remove or ())) if engine else None,
        )  # fmt: skip
    if format_ is Format.json:
        write_json(outcome.model_dump(mode="json"))
    else:
        from headway.report.console import console

        run.print_outcome(console(), outcome)
    return DONE if outcome.complete else NOT_MET


def _nothing(made: Plan) -> str:
    """Why nothing was chosen, in the verdict's words."""
    from headway.report.words import verdict

    return verdict(made)
