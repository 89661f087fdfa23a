"""A book looked at as a whole: how much of it there is, how old, and what changed against another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from headway.prices.age import State, day_of, state_of
from headway.prices.book import PriceBook

PARTS = {"EC2 on-demand": "on_demand", "EC2 spot": "spot", "SageMaker hosting": "hosting", "other services": "services"}


class Coverage(NamedTuple):
    """One part of a book."""

    part: str
    prices: int
    regions: int
    oldest: str
    newest: str
    state: State
    """Of most of its prices."""
    stale: float
    """Share of its prices that are stale."""


class Change(NamedTuple):
    """A price that differs between two books."""

    what: str
    region: str
    before: Decimal
    after: Decimal

    @property
    def ratio(self) -> float:
        """After over before."""
        return float(self.after / self.before) if self.before else float("inf")


def coverage(book: PriceBook, *, region: str | None = None, on: date | None = None) -> tuple[Coverage, ...]:
    """How many prices each part of a book has, where, and of when."""
    found = []
    for part, key in PARTS.items():
        rows = [row for row in _rows(book, key) if region in (None, row[0])]
        dates = [as_of for *_, as_of in rows]
        states = [state_of(as_of, spot=key == "spot", on=on) for as_of in dates]
        days = sorted(as_of.split(" ")[0] for as_of in dates if day_of(as_of))
        found.append(Coverage(
            part, len(rows), len({row[0] for row in rows}), days[0] if days else "", days[-1] if days else "",
            max(("fresh", "aging", "stale"), key=states.count) if states else "stale",
            states.count("stale") / len(states) if states else 0.0,
        ))  # fmt: skip
    return tuple(found)


def changes(before: PriceBook, after: PriceBook, *, region: str | None = None) -> tuple[Change, ...]:
    """Prices that both books have and that differ, the biggest change first."""
    found = []
    for part, key in PARTS.items():
        old = {row[:2]: row[2] for row in _rows(before, key)}
        for where, name, usd, _ in _rows(after, key):
            was = old.get((where, name))
            if was is not None and was != usd and region in (None, where):
                found.append(Change(f"{part}: {name}", where, was, usd))
    return tuple(sorted(found, key=lambda one: -max(one.ratio, 1 / one.ratio if one.ratio else float("inf"))))


def _rows(book: PriceBook, key: str) -> Iterator[tuple[str, str, Decimal, str]]:
    """Region, name, US dollars of the first tier, date."""
    words = book.content["words"]
    content: Any = book.content[key]
    for region, rows in content.items():
        for name, row in rows.items():
            if key != "services":
                yield region, name, Decimal(row[0]), words[row[2]]
                continue
            for meter, (_, tiers) in row.items():
                yield region, f"{name} {meter}", Decimal(tiers[0][0]), words[tiers[0][4]]
