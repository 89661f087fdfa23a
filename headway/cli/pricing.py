"""Prices: one service's month, the book's age, new prices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headway.cli.app import app
from headway.cli.options import DONE, NOT_MET, Format, FormatOption, PricesOption, pairs, write_json


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
    prices: PricesOption = None,
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
            write_json(catalogue_rows(book))
        else:
            print_catalogue(console(), book)
        return DONE
    bill = catalogue.price(
        service, pairs(usage or (), "usage"), region=region, rates=pairs(rate or (), "--rate"),
        free_tier=free_tier, book=book,
    )  # fmt: skip
    if format_ is Format.json:
        write_json(bill.model_dump(mode="json"))
    else:
        print_bill(console(), bill, details=True)
    return DONE


prices_app = typer.Typer(help="The price book: its age and coverage, and new prices from AWS.", no_args_is_help=True)
app.add_typer(prices_app, name="prices")


@prices_app.command()
def show(
    region: Annotated[str | None, typer.Option(help="This AWS region alone.")] = None,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="What this instance type costs, spot by zone.")
    ] = None,
    prices: PricesOption = None,
    format_: FormatOption = Format.table,
) -> int:
    """Which book is used, how old its prices are, what it covers, and the biggest changes since the packaged snapshot.

    \b
    headway prices show
    headway prices show --region eu-west-1 --format json
    headway prices show --region us-east-1 --type g5.xlarge
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from headway.prices import load_book, packaged_book
    from headway.prices.comparing import changes, coverage, instance_rates
    from headway.prices.listing import left_as_they_are
    from headway.report.console import console
    from headway.report.prices import book_name, print_book, print_rates

    book = load_book(prices)
    if region is not None:
        book.check_region(region)
    if type_ is not None:
        rows = instance_rates(book, region or "us-east-1", type_)
        if format_ is Format.json:
            write_json([row.as_json() for row in rows])
        else:
            print_rates(console(), rows, region or "us-east-1", type_)
        return DONE
    parts, found = coverage(book, region=region), changes(packaged_book(), book, region=region)
    if format_ is Format.json:
        write_json({
            "book": book_name(book), "as_of": book.as_of, "coverage": [part._asdict() for part in parts],
            "changes": [{**one._asdict(), "before": str(one.before), "after": str(one.after)} for one in found],
            "left_as_they_are": left_as_they_are(),
        })  # fmt: skip
    else:
        print_book(console(), book, parts, found)
    return DONE


@prices_app.command()
def refresh(
    region: Annotated[
        list[str] | None, typer.Option(metavar="REGION", help="An AWS region; may be repeated. us-east-1 unless given.")
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="PATTERN", help="Only types like g5.*; may be repeated."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the book here instead of to your folder for data.")
    ] = None,
    prices: PricesOption = None,
    format_: FormatOption = Format.table,
) -> int:
    """New prices from AWS into a dated book, which plans then use: list prices, spot history, interruption bands.

    Whatever AWS does not give keeps its old price with its old date, and is named. Exit code 2 when a whole part was
    not given. `HEADWAY_PRICES=packaged` goes back to the packaged snapshot.

    \b
    headway prices refresh
    headway prices refresh --region eu-west-1 --region us-east-1 --type "g5.*" --type "m5.*"
    """  # noqa: D301 - \b keeps the examples' lines in the help text
    from datetime import UTC, datetime

    from headway.account import connect, spot_prices
    from headway.account.refreshing import book_bytes
    from headway.account.refreshing import refresh as refreshed
    from headway.files import check_place, write_whole
    from headway.prices import PriceBook, load_book
    from headway.prices.choosing import NAME, data_folder
    from headway.prices.comparing import changes
    from headway.report.console import console
    from headway.report.prices import print_changes, print_refresh
    from headway.report.progress import progress

    now = datetime.now(UTC)
    before = PriceBook(load_book(prices).content)
    regions = region or ["us-east-1"]
    path = out or data_folder() / NAME.format(date=now.date().isoformat())
    if out is not None:
        check_place(out)
    with progress("asking AWS for prices") as say:
        made = refreshed(
            connect("prices refresh"),
            before,
            regions,
            now=now,
            types=types or ["*"],
            fetch=spot_prices.fetch_https,
            say=say,
        )
    if out is None:
        path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, book_bytes(made.content))
    found = [one for name in regions for one in changes(before, PriceBook(made.content), region=name)]
    if format_ is Format.json:
        write_json({"book": str(path), "updated": made.updated, "kept": made.kept, "failed": made.failed,
                    "changes": len(found)})  # fmt: skip
    else:
        screen = console()
        print_refresh(screen, made.updated, made.why_kept, made.failed)
        print_changes(screen, found, "Biggest changes")
        screen.print()
        screen.print(f"wrote {path}")
    return NOT_MET if made.failed else DONE
