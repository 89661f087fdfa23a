"""What ``headway price`` can price, as a table."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from headway.bill.catalogue import CATALOGUE, keys_of, meters_of
from headway.prices import PriceBook
from headway.report.console import new_table, print_table


def print_catalogue(out: Console, book: PriceBook) -> None:
    """Every service with its usage keys and meters."""
    table = new_table("service", "usage (* must be given)", "meters (for --rate)", fold=CATALOGUE_COLUMNS)
    for row in catalogue_rows(book):
        keys = " ".join(f"{key['name']}{'' if key['default'] else '*'}" for key in row["usage"])
        table.add_row(f"{row['service']}\n{row['about']}", keys, " ".join(row["meters"]))
        table.add_section()
    print_table(out, table)
    out.print("headway price lambda requests=3000000 duration=1s memory=512MB --rate requests_x86=0.20")


CATALOGUE_COLUMNS = ("service", "usage (* must be given)", "meters (for --rate)")


def catalogue_rows(book: PriceBook) -> list[dict[str, Any]]:
    """The same for machines."""
    return [
        {
            "service": service.name,
            "about": service.about,
            "usage": [key._asdict() for key in keys_of(service)],
            "meters": list(meters_of(service, book)),
        }
        for service in CATALOGUE.values()
    ]
