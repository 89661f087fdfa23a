"""Prices: one service's month."""

from __future__ import annotations

from typing import Annotated

import typer

from headway.cli.app import app
from headway.cli.options import DONE, Format, FormatOption, PricesOption, pairs, write_json


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
