"""A stack that runs, held against its plan: calibrated, reconciled with its bill, watched for drift."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headway.cli.app import app
from headway.cli.options import (
    DONE,
    NOT_MET,
    Format,
    FormatOption,
    PricesOption,
    ProfileArgument,
    RegionOption,
    StackRegionOption,
    write_json,
)
from headway.errors import HeadwayError

if TYPE_CHECKING:
    from headway.architectures.design import AsynchronousDesign, RealtimeDesign
    from headway.architectures.hybrid_design import Design
    from headway.observed.drifting import Dated


@app.command()
def calibrate(
    stack: Annotated[str, typer.Option(metavar="NAME", help="The stack that was up.")],
    days: Annotated[int, typer.Option(min=1, max=42, help="How far back; AWS Batch keeps a week of jobs.")] = 28,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell, and write nothing.")] = False,
    region: StackRegionOption = None,
    prices: PricesOption = None,
    format_: FormatOption = Format.table,
) -> int:
    """What a stack was observed to do, in place of the defaults: starts, linger, spot, retries, cold starts.

    Writes stacks/calibrations/NAME.json, for git: plan and lock of that stack read it, and every plan shows what was
    observed as such. What was seen too rarely stays as it is; exit code 2 where that is anything.

    \b
    headway calibrate --stack prod --dry-run
    headway calibrate --stack prod && headway lock --stack prod
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from headway.account import connect
    from headway.account.calibrating import happened
    from headway.observed.calibrating import calibrate as make_calibration
    from headway.planning.calibration import calibration_path, read_calibration, write_calibration
    from headway.planning.lock import running_plan
    from headway.planning.stacks import project_root, stack_settings
    from headway.prices import load_book
    from headway.report.console import console
    from headway.report.observing import print_calibrating
    from headway.report.progress import progress

    root = project_root()
    plan = running_plan(stack, stack_settings(root, stack), root)
    design, before = plan.design, read_calibration(root, stack)
    if design is None:
        raise AssertionError("a running plan has a design")
    load_time = next((one.load_time_s for one in _endpoints(design)), 0.0)
    account = connect("calibrate", region=region or design.region)
    with progress("asking AWS") as say:
        seen = happened(account, stack, design, load_book(prices), days=days, load_time_s=load_time, say=say)
    found = make_calibration(seen, before)
    path = calibration_path(root, stack)
    if not dry_run:
        write_calibration(path, found.calibration)
    if format_ is Format.json:
        write_json(found.model_dump(mode="json") | {"written": None if dry_run else str(path)})
    else:
        print_calibrating(console(), found, None if dry_run else path)
    return NOT_MET if found.refused else DONE


@app.command()
def reconcile(
    profile: ProfileArgument,
    stack: Annotated[str, typer.Option(metavar="NAME", help="The stack that was up.")],
    since: Annotated[str, typer.Option("--from", metavar="DAY", help="The first day: 2026-10-01.")],
    until: Annotated[str, typer.Option("--to", metavar="DAY", help="The first day after it: 2026-11-01.")],
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A Cost and Usage Report's export (CSV, gz) instead.")
    ] = None,
    tag: Annotated[str, typer.Option(metavar="KEY", help="The cost-allocation tag.")] = "headway:stack",
    region: RegionOption = None,
    prices: PricesOption = None,
    format_: FormatOption = Format.table,
) -> int:
    """The estimate against the bill as it came: line by line, what explains the difference, what to correct.

    Asks Cost Explorer for what carries the stack's tag (USD 0.01 a page), or reads a report. Exit code 2 where the bill
    lies outside of the estimate's range.

    \b
    headway reconcile my-model.yaml --stack prod --from 2026-10-01 --to 2026-11-01
    headway reconcile my-model.yaml --stack prod --from 2026-10-01 --to 2026-11-01 --file report.csv.gz
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from headway.account import connect, costs
    from headway.architectures import Workload
    from headway.assumptions import assuming
    from headway.bill.pricing import Pricing
    from headway.observed.reconciling import reconcile as make_reconciliation
    from headway.observed.responses import Response
    from headway.planning.calibration import read_calibration
    from headway.planning.lock import running_plan
    from headway.planning.stacks import project_root, stack_settings
    from headway.prices import load_book
    from headway.profile import load_profile
    from headway.report.console import console
    from headway.report.observing import print_reconciliation
    from headway.report.progress import progress
    from headway.traffic import build_demand

    root, first, end = project_root(), _day("--from", since), _day("--to", until)
    settings, declared = stack_settings(root, stack), load_profile(profile)
    plan, calibration = running_plan(stack, settings, root), read_calibration(root, stack)
    if plan.chosen is None or plan.chosen.design is None or plan.chosen.bill is None:
        raise AssertionError("a running plan has a design and a bill")
    if plan.profile.name != declared.name:
        raise HeadwayError(f"{profile} is {declared.name}, stack {stack} runs {plan.profile.name}: name its profile")
    with progress("reading the bill") as say:
        if file is not None:
            found = costs.report(file, stack, first, end, tag=tag, say=say)
        else:
            found = costs.explorer(connect("reconcile", region=region), stack, first, end, tag=tag)
        say("comparing")
        pricing = Pricing(load_book(prices), declared.region)
        demand = build_demand(declared, scale=plan.scale)
        workload = Workload(declared, demand, pricing, settings.max_instances, plan.scale)
        with assuming(calibration.assumptions if calibration else ()):
            response = Response.of(plan.chosen.design, plan.chosen.bill, workload)
            result = make_reconciliation(
                stack, response, found.usage, declared, since=first, until=end, scale=plan.scale,
                notes=(*found.notes, *costs.still_coming_in(end)),
            )  # fmt: skip
    if format_ is Format.json:
        write_json(result.model_dump(mode="json"))
    else:
        print_reconciliation(console(), result)
    return DONE if result.within else NOT_MET


@app.command()
def drift(
    stack: Annotated[str, typer.Option(metavar="NAME", help="The stack that runs.")],
    weeks: Annotated[int, typer.Option(min=1, max=52, help="Whole weeks of traffic to look at.")] = 4,
    traffic: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A log (headway traffic import reads the same) instead of metrics."),
    ] = None,
    prices: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A price book, or several: each week is planned with its time's. All refreshed ones unless given.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the proposal here, where something else is right.")
    ] = None,
    region: StackRegionOption = None,
    format_: FormatOption = Format.table,
) -> int:
    """Whether what a stack runs is still right, with fresh prices and the traffic that came; and since when not.

    Reads, and proposes: no stack, lock or profile is changed. Exit code 2 where another architecture is right.

    \b
    headway prices refresh && headway drift --stack prod --out proposal.md
    headway drift --stack prod --weeks 8 --prices september.json.gz --prices november.json.gz
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from datetime import UTC, datetime, timedelta
    from zoneinfo import ZoneInfo

    from headway.account import connect
    from headway.account.arrivals import arrivals, read_hours
    from headway.files import check_place, write_whole
    from headway.observed.drifting import find_drift, proposal
    from headway.observed.weeks import whole_weeks
    from headway.planning.calibration import read_calibration
    from headway.planning.lock import lock_path, read_lock, running_plan
    from headway.planning.stacks import project_root, stack_settings
    from headway.report.console import console
    from headway.report.observing import print_drift
    from headway.report.progress import progress

    if out is not None:
        check_place(out)
    root = project_root()
    settings = stack_settings(root, stack)
    design = running_plan(stack, settings, root).design
    profile, books = settings.load_profile(root), _books(prices)
    until = datetime.now(UTC)
    with progress("reading what came") as say:
        if traffic is not None:
            hours = read_hours(traffic, ZoneInfo(profile.timezone), say=say)
            until = min(until, max(hours) + timedelta(hours=1))
        else:
            if design is None:
                raise AssertionError("a running plan has a design")
            account = connect("drift", region=region or profile.region)
            since = until - timedelta(weeks=weeks + 1)
            hours = arrivals(account, stack, design, since=since, until=until)
        found = find_drift(
            read_lock(lock_path(root, stack)), profile, settings,
            whole_weeks(hours, profile.timezone, until=until, most=weeks), books,
            today=datetime.now(UTC).date(), calibration=read_calibration(root, stack), say=say,
        )  # fmt: skip
    if out is not None and found.drifted:
        write_whole(out, proposal(found))
    if format_ is Format.json:
        said = {"drifted": found.drifted, "verdict": found.verdict}
        write_json(said | found.model_dump(mode="json") | {"proposal": proposal(found) if found.drifted else None})
    else:
        print_drift(console(), found, out if found.drifted else None)
    return NOT_MET if found.drifted else DONE


def _books(given: list[Path] | None) -> list[Dated]:
    """The price books of the weeks: those given, else the one of HEADWAY_PRICES, else every one that is here."""
    import os

    from headway.observed.drifting import Dated
    from headway.prices import load_book, packaged_book
    from headway.prices.choosing import VARIABLE, refreshed_books

    if given or os.environ.get(VARIABLE):
        return [Dated.of(load_book(path)) for path in given or (None,)]
    return [Dated.of(packaged_book()), *(Dated.of(load_book(path)) for path in refreshed_books())]


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise HeadwayError(f"{name} {text}: a day such as 2026-10-01 is needed") from None


def _endpoints(design: Design) -> list[RealtimeDesign | AsynchronousDesign]:
    """The endpoints on instances inside a design."""
    from headway.architectures.design import AsynchronousDesign, MicroBatchDesign, RealtimeDesign
    from headway.architectures.hybrid_design import simple_designs

    simple = [one.endpoint if isinstance(one, MicroBatchDesign) else one for one in simple_designs(design).values()]
    return [one for one in simple if isinstance(one, RealtimeDesign | AsynchronousDesign)]
