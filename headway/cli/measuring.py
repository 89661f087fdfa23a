"""What a model takes and what runs today, filled into a profile."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from headway.cli.app import app
from headway.cli.options import DONE, Format, FormatOption, PricesOption, RegionOption, write_json
from headway.errors import HeadwayError

if TYPE_CHECKING:
    from headway.account.measuring.payloads import Payload
    from headway.account.measuring.targets import Target
    from headway.observed.measured import Measured
    from headway.prices import PriceBook
    from headway.profile.editing import Edit

FillOption = Annotated[Path | None, typer.Option(metavar="PROFILE", help="Fill it in; comments and other lines stay.")]


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
    batches: Annotated[
        str | None, typer.Option(metavar="N,N", help="Batch sizes; 1,8 for JSON, else 1.", show_default=False)
    ] = None,
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
        levels = _levels(payloads, (batches, at_once), (time, max_cost), content_type)
        found = _load_test(_target(endpoint, url, hardware, region), levels, yes, (book, region))
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


class _Levels(NamedTuple):
    """What was asked for, read before anything answers: a wrong word costs nobody the start of a container."""

    bodies: tuple[Payload, ...]
    batches: tuple[int, ...]
    at_once: tuple[int, ...]
    seconds: float
    most_usd: Decimal
    warning: str


def _levels(
    folder: Path | None, levels: tuple[str | None, str], limits: tuple[str, str], content_type: str | None
) -> _Levels:
    """The payloads and the levels to try with them, within which time and money."""
    from headway.account.measuring.payloads import are_json, read_payloads
    from headway.units import parse_duration

    if folder is None:
        raise HeadwayError("--payloads is missing: a folder of request bodies, a file each")
    bodies = read_payloads(folder, content_type=content_type)
    joined = are_json(bodies)
    batches = _numbers("--batches", levels[0] or ("1,8" if joined else "1"))
    if max(batches) > 1 and not joined:
        raise HeadwayError("batches are JSON lists and these payloads are not JSON: measure --batches 1 alone")
    alone = (
        "" if joined or levels[0] else "batches were not tried: they are JSON lists, and these payloads are not JSON"
    )
    try:
        seconds = parse_duration(limits[0])
    except (HeadwayError, ValueError) as error:
        raise HeadwayError(f"--time {limits[0]}: {error}") from None
    try:
        most_usd = Decimal(limits[1])
    except InvalidOperation:
        most_usd = Decimal(0)
    if not (most_usd.is_finite() and most_usd > 0):
        raise HeadwayError(f"--max-cost {limits[1]}: an amount in US dollars above 0 is needed, such as 0.50")
    return _Levels(bodies, batches, _numbers("--at-once", levels[1]), seconds, most_usd, alone)


def _load_test(target: Target, levels: _Levels, yes: bool, priced: tuple[PriceBook, str | None]) -> Measured:
    """State the budget, and with --yes keep to it."""
    from headway.account.measuring import load, targets
    from headway.account.measuring.budget import make_budget
    from headway.observed.measured import load_tested
    from headway.report.progress import progress

    book, region = priced
    cost = targets.rate(target, book, region or "us-east-1", most_at_once=max(levels.at_once))
    budget = make_budget(levels.batches, levels.at_once, seconds=levels.seconds, most_usd=levels.most_usd, rate=cost)
    many = len(levels.bodies)
    typer.echo(f"{target.name}, {many} payload{'s' if many > 1 else ''}: {budget.said}", err=True)
    if not yes:
        raise HeadwayError("nothing was sent: add --yes to begin, or change --time, --max-cost, --batches, --at-once")
    with progress("warming up") as say:
        found = load.run(levels.bodies, target.senders, budget, say=say)
    return load_tested(
        f"{target.name} on {target.hardware}", target.hardware, found,
        instances=target.instances, warnings=tuple(filter(None, (target.warning, levels.warning))),
    )  # fmt: skip


def _numbers(name: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise HeadwayError(f"{name} {text}: whole numbers with commas between are needed, such as 1,2,4") from None
