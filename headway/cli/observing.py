"""What runs and what it takes: measured, billed, and held against the plan."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headway.cli.app import app
from headway.cli.options import DONE, NOT_MET, Format, FormatOption, PricesOption, ProfileArgument, write_json
from headway.errors import HeadwayError

if TYPE_CHECKING:
    from headway.account.measuring.targets import Target
    from headway.architectures.design import AsynchronousDesign, RealtimeDesign
    from headway.architectures.hybrid_design import Design
    from headway.observed.drifting import Dated
    from headway.observed.measured import Measured
    from headway.prices import PriceBook
    from headway.profile.editing import Edit

FillOption = Annotated[Path | None, typer.Option(metavar="PROFILE", help="Fill it in; comments and other lines stay.")]
RegionOption = Annotated[
    str | None, typer.Option(metavar="REGION", help="AWS region; your configuration's unless given.")
]


@app.command()
def measure(
    endpoint: Annotated[str | None, typer.Option(metavar="NAME", help="A SageMaker endpoint.")] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="A container, such as http://localhost:8080.")] = None,
    recommender: Annotated[
        str | None, typer.Option(metavar="JOB", help="Read this Inference Recommender job instead.")
    ] = None,
    payloads: Annotated[Path | None, typer.Option(metavar="DIR", help="Request bodies, a file each.")] = None,
    cloudwatch: Annotated[
        bool, typer.Option("--cloudwatch", help="Read the endpoint's ModelLatency instead of sending anything.")
    ] = False,
    days: Annotated[int, typer.Option(min=1, max=455, help="With --cloudwatch: so far back.")] = 14,
    into: FillOption = None,
    hardware: Annotated[
        str | None, typer.Option(metavar="TYPE", help="What the container of --url runs on: g5.xlarge.")
    ] = None,
    batches: Annotated[str, typer.Option(metavar="N,N", help="Batch sizes.")] = "1,8",
    at_once: Annotated[str, typer.Option("--at-once", metavar="N,N", help="Calls under way at a time.")] = "1,2,4",
    time: Annotated[str, typer.Option(metavar="DURATION", help="All of the test takes no longer.")] = "2m",
    max_cost: Annotated[str, typer.Option("--max-cost", metavar="USD", help="Nor costs more.")] = "1",
    content_type: Annotated[str | None, typer.Option(metavar="TYPE", help="Of the payloads; by their names.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Begin: without it only the budget is told.")] = False,
    region: RegionOption = None,
    prices: PricesOption = None,
    format_: FormatOption = Format.table,
) -> int:
    """What a call takes, at batch sizes and concurrencies: fills `model.measured` of a profile.

    Load-tests a container or an endpoint within a budget of time and money, which is told first and needs --yes; or
    reads what Inference Recommender or CloudWatch know already.

    \b
    headway measure --url http://localhost:8080 --hardware g5.xlarge --payloads samples --into my-model.yaml --yes
    headway measure --endpoint classifier --payloads samples --time 5m --max-cost 0.50 --yes
    headway measure --endpoint classifier --cloudwatch --days 28 --into my-model.yaml
    headway measure --recommender classifier-job --into my-model.yaml
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from headway.observed.measured import fill_measured
    from headway.prices import load_book
    from headway.report.console import console
    from headway.report.observing import print_measured

    if sum(given is not None for given in (endpoint, url, recommender)) != 1:
        raise HeadwayError("name one of --endpoint, --url and --recommender: what is to be measured?")
    if into is not None:
        region = region or fill_measured(into, ()).profile.region  # No profile: told before anything is sent.
    if recommender is not None or cloudwatch:
        found = _known(endpoint, recommender, region, days)
    else:
        book = load_book(prices)
        target = _target(endpoint, url, hardware, region)
        found = _load_test(target, payloads, (batches, at_once), (time, max_cost), content_type, yes, (book, region))
    edit, problem = None, None
    try:
        edit = fill_measured(into, found.measured) if into is not None else None
        if edit is not None:
            edit.write()
    except HeadwayError as error:
        problem = error  # What was measured is told all the same.
    if format_ is Format.json:
        write_json(found.model_dump(mode="json") | {"written": _written(edit) if problem is None else None})
    else:
        print_measured(console(), found, edit if problem is None else None)
    if problem is not None:
        raise problem
    return DONE


@app.command()
def current(
    endpoint: Annotated[list[str], typer.Option(metavar="NAME", help="A SageMaker endpoint; may be repeated.")],
    days: Annotated[int, typer.Option(min=1, max=455, help="How far back.")] = 28,
    into: FillOption = None,
    region: RegionOption = None,
    prices: PricesOption = None,
    format_: FormatOption = Format.table,
) -> int:
    """What runs today: instances over the hours, how busy they are, what they cost. Fills `current:` of a profile.

    \b
    headway current --endpoint classifier --endpoint classifier-eu
    headway current --endpoint classifier --into my-model.yaml
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from headway.account import connect
    from headway.account.current import running
    from headway.bill.pricing import Pricing
    from headway.observed.running import fill_current, today
    from headway.prices import load_book
    from headway.profile import load_profile
    from headway.report.console import console
    from headway.report.observing import print_today
    from headway.report.progress import progress

    book = load_book(prices)
    where = region or (load_profile(into).region if into else None)
    account = connect("current", region=where)
    with progress("asking AWS") as say:
        pricing = Pricing(book, account.client("sagemaker").meta.region_name)
        found = today(running(account, endpoint, pricing, days=days, say=say), days=days)
    edit = fill_current(into, found.current) if into is not None else None
    if edit is not None:
        edit.write()
    if format_ is Format.json:
        write_json(found.model_dump(mode="json") | {"written": _written(edit)})
    else:
        print_today(console(), found, edit)
    return DONE


@app.command()
def calibrate(
    stack: Annotated[str, typer.Option(metavar="NAME", help="The stack that was up.")],
    days: Annotated[int, typer.Option(min=1, max=42, help="How far back; AWS Batch keeps a week of jobs.")] = 28,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell, and write nothing.")] = False,
    region: RegionOption = None,
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
    region: RegionOption = None,
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
    from headway.files import write_whole
    from headway.observed.drifting import find_drift, proposal
    from headway.observed.weeks import whole_weeks
    from headway.planning.calibration import read_calibration
    from headway.planning.lock import lock_path, read_lock, running_plan
    from headway.planning.stacks import project_root, stack_settings
    from headway.report.console import console
    from headway.report.observing import print_drift
    from headway.report.progress import progress

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


def _written(edit: Edit | None) -> dict[str, object] | None:
    return {"profile": str(edit.path), "changed": list(edit.changed)} if edit else None


def _known(endpoint: str | None, recommender: str | None, region: str | None, days: int) -> Measured:
    """What AWS measured by itself."""
    from headway.account import connect
    from headway.account.measuring.latency import latency_rows
    from headway.account.measuring.recommended import recommended_rows
    from headway.observed.measured import Measured
    from headway.report.progress import progress

    account = connect("measure", region=region)
    with progress("asking AWS"):
        if recommender is not None:
            rows = recommended_rows(account, recommender)
            return Measured(source=f"by Inference Recommender, job {recommender}", measured=rows)
        if endpoint is None:
            raise HeadwayError("--cloudwatch reads an endpoint's metrics: name it with --endpoint")
        return Measured(
            source=f"by CloudWatch, endpoint {endpoint}, {days} days",
            measured=latency_rows(account, endpoint, days=days),
            warnings=("concurrency is not in CloudWatch: what the profile says of it stays",),
        )


def _target(endpoint: str | None, url: str | None, hardware: str | None, region: str | None) -> Target:
    """Where the load test goes."""
    from headway.account import connect
    from headway.account.measuring import targets
    from headway.errors import nearest
    from headway.prices import known_hardware

    if endpoint is not None:
        return targets.endpoint(connect("measure", region=region), endpoint)
    if hardware is None:
        raise HeadwayError("--hardware is missing: what does the container run on? Write --hardware g5.xlarge")
    if hardware not in known_hardware():
        raise HeadwayError(f"--hardware {hardware}: no such instance type{nearest(hardware, known_hardware())}")
    return targets.container(url or "", hardware)


def _load_test(
    target: Target,
    folder: Path | None,
    levels: tuple[str, str],
    limits: tuple[str, str],
    content_type: str | None,
    yes: bool,
    priced: tuple[PriceBook, str | None],
) -> Measured:
    """State the budget, and with --yes keep to it."""
    from headway.account.measuring import load, targets
    from headway.account.measuring.budget import make_budget
    from headway.account.measuring.payloads import read_payloads
    from headway.observed.measured import load_tested
    from headway.report.progress import progress
    from headway.units import parse_duration

    if folder is None:
        raise HeadwayError("--payloads is missing: a folder of request bodies, a file each")
    bodies = read_payloads(folder, content_type=content_type)
    batches, at_once = _numbers("--batches", levels[0]), _numbers("--at-once", levels[1])
    try:
        seconds, most_usd = parse_duration(limits[0]), Decimal(limits[1])
    except (ValueError, InvalidOperation):
        raise HeadwayError(f"--time {limits[0]} --max-cost {limits[1]}: write --time 2m --max-cost 0.50") from None
    book, region = priced
    cost = targets.rate(target, book, region or "us-east-1", most_at_once=max(at_once))
    budget = make_budget(batches, at_once, seconds=seconds, most_usd=most_usd, rate=cost)
    typer.echo(f"{target.name}, {len(bodies)} payloads: {budget.said}", err=True)
    if not yes:
        raise HeadwayError("nothing was sent: add --yes to begin, or change --time, --max-cost, --batches, --at-once")
    with progress("warming up") as say:
        found = load.run(bodies, target.senders, budget, say=say)
    return load_tested(
        f"{target.name} on {target.hardware}", target.hardware, found,
        instances=target.instances, warnings=(target.warning,),
    )  # fmt: skip


def _numbers(name: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise HeadwayError(f"{name} {text}: whole numbers with commas between are needed, such as 1,2,4") from None
