"""Traffic: from access logs or CloudWatch to a profile's week."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headway.cli.app import app
from headway.cli.options import DONE, Format, FormatOption, PricesOption, RegionOption, write_json
from headway.errors import HeadwayError

if TYPE_CHECKING:
    from headway.profile import Profile
    from headway.traffic.pattern import Pattern

traffic_app = typer.Typer(help="Measure a week's traffic from logs or CloudWatch, and put it into a profile.",
                          no_args_is_help=True)  # fmt: skip
app.add_typer(traffic_app, name="traffic")

IntoOption = Annotated[
    Path | None, typer.Option(metavar="PROFILE", help="Write the week into it; comments and other lines stay.")
]
OutOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write a trace: each hour's own peak. With --into, the profile names it."),
]
ZoneOption = Annotated[
    str | None, typer.Option("--timezone", metavar="ZONE", help="Whose hours; the profile's, else UTC.")
]
SvgOption = Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="The weeks against their fit, drawn.")]


@traffic_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A log, plain or gzip.")],
    into: IntoOption = None,
    out: OutOption = None,
    timezone: ZoneOption = None,
    starts: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="When rows without times began: '2026-11-01 08:00'."),
    ] = None,
    time_column: Annotated[
        str | None, typer.Option("--time-column", metavar="NAME", help="The column or key that says when.")
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="DATE", help="Leave out what is older.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Leave out what is newer.")] = None,
    svg: SvgOption = None,
    prices: PricesOption = None,
    format_: FormatOption = Format.table,
) -> int:
    """The week's traffic from a log: its 168 hours, peaks, variability, sizes, cycles, holes, quiet hours.

    Reads access logs of load balancers and of API Gateway, CSV and JSON lines (a request or a count a row); gigabytes
    in constant memory. Without --into and --out nothing is written.

    \b
    headway traffic import access.log.gz --into my-model.yaml
    headway traffic import requests.csv --timezone Europe/Paris --out week.json
    headway traffic import minutes.csv --starts 2026-11-01 --into my-model.yaml --out my-model.traffic.json
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from headway.report.progress import progress
    from headway.traffic.moments import moment_of
    from headway.traffic.pattern import pattern_of_log
    from headway.traffic.reading import open_log

    profile, zone = _profile_and_zone(into, timezone)
    began = None if starts is None else moment_of(starts, zone, "--starts")
    between = (
        float("-inf") if from_ is None else moment_of(from_, zone, "--from"),
        float("inf") if to is None else moment_of(to, zone, "--to"),
    )
    _check_outputs(out, svg)
    with progress(f"reading {file.name}") as say:
        log = open_log(file, zone=zone, starts=began, column=time_column)
        pattern = pattern_of_log(log, zone, now=_now().timestamp(), between=between, say=say)
    return _finish(pattern, (into, profile), out, svg, prices, format_)


@traffic_app.command()
def cloudwatch(
    endpoint: Annotated[str | None, typer.Option(metavar="NAME", help="A SageMaker endpoint.")] = None,
    queue: Annotated[str | None, typer.Option(metavar="NAME", help="An SQS queue.")] = None,
    function: Annotated[str | None, typer.Option(metavar="NAME", help="A Lambda function.")] = None,
    days: Annotated[int, typer.Option(min=1, max=455, help="So far back; by the minute for the last 15.")] = 63,
    into: IntoOption = None,
    out: OutOption = None,
    timezone: ZoneOption = None,
    region: RegionOption = None,
    svg: SvgOption = None,
    prices: PricesOption = None,
    format_: FormatOption = Format.table,
) -> int:
    """The week's traffic from what CloudWatch counted of an endpoint, a queue or a function.

    \b
    headway traffic cloudwatch --endpoint classifier --into my-model.yaml
    headway traffic cloudwatch --queue uploads --days 28 --timezone Europe/Paris
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from headway.account import connect
    from headway.account import traffic as reading
    from headway.report.progress import progress

    given = [(what, name) for what, name in (("endpoint", endpoint), ("queue", queue), ("function", function)) if name]
    if len(given) != 1:
        raise HeadwayError("name one of --endpoint, --queue and --function")
    what, name = given[0]
    profile, zone = _profile_and_zone(into, timezone)
    _check_outputs(out, svg)
    account = connect("traffic cloudwatch", region=region)
    with progress(f"asking CloudWatch for {what} {name}") as say:
        metrics = {
            "endpoint": lambda: reading.endpoint_requests(account, name),
            "queue": lambda: reading.queue_requests(name),
            "function": lambda: reading.function_requests(name),
        }[what]()
        pattern = reading.pattern_of_metrics(
            account, metrics, zone, source=f"{what} {name}", now=_now(), days=days,
            sizes=reading.queue_sizes(name) if what == "queue" else None, say=say,
        )  # fmt: skip
    return _finish(pattern, (into, profile), out, svg, prices, format_)


def _now() -> datetime:
    """The moment; tests put another in its place."""
    return datetime.now(UTC)


def _profile_and_zone(into: Path | None, timezone: str | None) -> tuple[Profile | None, tzinfo]:
    from zoneinfo import ZoneInfo, available_timezones

    from headway.errors import nearest
    from headway.profile import load_profile

    profile = None if into is None else load_profile(into)
    if profile is not None and timezone not in (None, profile.timezone):
        raise HeadwayError(f"--timezone {timezone}: {into} says {profile.timezone}; change it there")
    name = profile.timezone if profile is not None else timezone or "UTC"
    if name not in available_timezones():
        raise HeadwayError(
            f"--timezone {name}: no time zone of the IANA database{nearest(name, available_timezones())}"
        )
    return profile, ZoneInfo(name)


def _check_outputs(*paths: Path | None) -> None:
    """Say before the work that what it makes cannot be written."""
    from headway.files import check_place

    for path in paths:
        if path is not None:
            check_place(path)


def _finish(
    pattern: Pattern,
    into: tuple[Path | None, Profile | None],
    out: Path | None,
    svg: Path | None,
    prices: Path | None,
    format_: Format,
) -> int:
    """Write what is to be written, and tell."""
    from headway.advice.quiet import cost_of_quiet, quiet_of
    from headway.files import write_whole
    from headway.prices import load_book
    from headway.report.console import console
    from headway.report.traffic import print_pattern
    from headway.traffic.filling import fill, trace_text

    path, profile = into
    written: list[str] = []
    quiet = quiet_of(pattern.trace.hourly)
    picture = None if svg is None else _drawn(pattern)
    if path is not None and profile is not None:
        edit = fill(path, pattern.trace, named=out)
        quiet = cost_of_quiet(edit.profile, prices=load_book(prices) if prices else None)
        edit.write()
        written.append(str(path))
    elif out is not None:
        write_whole(out, trace_text(pattern.trace))
    if out is not None:
        written.append(str(out))
    if svg is not None and picture is not None:
        write_whole(svg, picture())
        written.append(str(svg))
    if format_ is Format.json:
        write_json({
            "trace": pattern.trace.model_dump(mode="json"), "weeks": pattern.weeks,
            "quiet": quiet.model_dump(mode="json"), "written": written,
        })  # fmt: skip
        return DONE
    screen = console()
    print_pattern(screen, pattern, quiet)
    screen.print()
    screen.print(f"wrote {', '.join(written)}" if written else "nothing written: --into PROFILE, --out FILE")
    return DONE


def _drawn(pattern: Pattern) -> Callable[[], str]:
    try:
        import vl_convert  # noqa: F401 - what draws

        from headway.report.page.engine import standalone, svg
    except ImportError as error:
        raise HeadwayError(f'a picture needs more ({error.name}): pip install "headway[report]"') from None
    from headway.report.traffic import pattern_drawing

    drawing = pattern_drawing(pattern)
    return lambda: standalone(svg(drawing.label, drawing.wide))
