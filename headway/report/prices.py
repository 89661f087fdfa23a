"""Prices in a terminal: how old a book is, what it covers, what a refresh changed, a plan on old ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from headway.prices.listing import left_as_they_are
from headway.report.console import bullets, heading, new_table, print_table, unit_price
from headway.units import format_usd

if TYPE_CHECKING:
    from headway.advice.price_age import PriceAge
    from headway.prices import PriceBook
    from headway.prices.comparing import Change, Coverage, Rate

MOST = 10
"""Changes and reasons that are shown."""


def book_name(book: PriceBook) -> str:
    """Which book it is, and what lies over it."""
    name = "the packaged snapshot" if book.path is None else str(book.path)
    return name if book.overrides is None else f"{name}, with {book.overrides.name} over it"


def print_book(out: Console, book: PriceBook, parts: Sequence[Coverage], found: Sequence[Change]) -> None:
    """Age, coverage, the biggest changes since the packaged snapshot."""
    out.print(Text(f"{book_name(book)}: newest price of {book.as_of}"))
    out.print()
    table = new_table(
        "", "prices", "regions", "oldest", "newest", "mostly", "stale", right=("prices", "regions", "stale")
    )
    for part in parts:
        table.add_row(
            part.part, f"{part.prices:,}", str(part.regions), part.oldest or "undated", part.newest or "undated",
            part.state, f"{part.stale:.0%}",
        )  # fmt: skip
    print_table(out, table)
    if book.overrides is not None:
        heading(out, f"Private prices ({book.overrides.name})")
        bullets(out, [f"{key}: {percent:f} % off" for key, percent in book.overrides.discounts.items()])
        bullets(out, [f"{key}: USD {unit_price(usd)}" for key, usd in book.overrides.rates.items()])
    if book.path is not None:
        print_changes(out, found, "Biggest changes since the packaged snapshot")
    heading(out, "What `headway prices refresh` leaves as it is")
    by_reason: dict[str, list[str]] = {}
    for what, why in left_as_they_are().items():
        by_reason.setdefault(why, []).append(what)
    bullets(out, [f"{', '.join(names)}: {why}" for why, names in by_reason.items()])


def print_rates(out: Console, rates: Sequence[Rate], region: str, instance_type: str) -> None:
    """What an instance type costs, each way of buying it."""
    out.print(Text(f"{instance_type} in {region}, USD an hour"))
    out.print()
    table = new_table("", "USD", "middle half of 30 days", "of", "", "source", right=("USD",), fold=("source",))
    for rate in rates:
        spread = "" if rate.quartiles is None else " to ".join(unit_price(value) for value in rate.quartiles)
        note = f"{rate.source}; {rate.note}" if rate.note else rate.source
        table.add_row(rate.bought, unit_price(rate.usd), spread, rate.as_of.split(" ")[0], rate.state, note)
    print_table(out, table)


def print_changes(out: Console, found: Sequence[Change], title: str) -> None:
    """The prices that changed most."""
    heading(out, f"{title}: {len(found):,} prices differ")
    if not found:
        return
    table = new_table("", "region", "before", "now", "", right=("before", "now"))
    for change in found[:MOST]:
        table.add_row(
            change.what, change.region, unit_price(change.before), unit_price(change.after), f"{change.ratio - 1:+.0%}"
        )
    print_table(out, table)


def print_refresh(
    out: Console, updated: Mapping[str, int], kept: Mapping[tuple[str, str], Sequence[str]], failed: Sequence[str]
) -> None:
    """What got new prices, and what keeps its old ones with their old dates, by region and reason."""
    bullets(out, [f"{part}: {count:,} price{'' if count == 1 else 's'}" for part, count in updated.items()])
    if failed:
        heading(out, "Not refreshed: these keep their prices and dates")
        bullets(out, list(failed))
    if kept:
        heading(
            out, f"Kept as they were, with their dates: {sum(map(len, kept.values())):,} (all of them: --format json)"
        )
        said = [f"{_some(names)} in {region}: {why}" for (region, why), names in kept.items()]
        more = [f"and {len(said) - 2 * MOST} more reasons"] if len(said) > 2 * MOST else []
        bullets(out, [*said[: 2 * MOST], *more])


def _some(names: Sequence[str]) -> str:
    """The first names of many.

    >>> _some(["a", "b"]), _some([str(n) for n in range(20)])
    ('a, b', '0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 10 more')
    """
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more


def age_sentence(age: PriceAge | None) -> str | None:
    """What a plan says of its prices' age; None where they are fresh."""
    if age is None or age.state == "fresh":
        return None
    how = f"`headway prices refresh --region {age.region}` gets today's"
    if age.state == "aging":
        return f"prices are aging (the largest such line: {age.oldest}); {how}"
    return (
        f"{format_usd(age.stale)} of {format_usd(age.total)} a month rest on stale prices (the largest such line: "
        f"{age.oldest}); {how}"
    )
