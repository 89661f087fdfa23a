"""A book looked at as a whole: how much of it there is, how old, and what changed against another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from headway.prices.age import State, day_of, state_of
from headway.prices.book import PriceBook, PriceError, Purchase

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


class Rate(NamedTuple):
    """What an instance costs an hour, one way of buying it; spot also zone by zone, with quartiles over 30 days."""

    bought: str
    usd: Decimal
    source: str
    as_of: str
    state: State
    note: str = ""
    quartiles: tuple[Decimal, Decimal] | None = None

    def as_json(self) -> dict[str, Any]:
        """As it is written in JSON: money as decimal strings."""
        spread = None if self.quartiles is None else [str(value) for value in self.quartiles]
        return {**self._asdict(), "usd": str(self.usd), "quartiles": spread}


def instance_rates(book: PriceBook, region: str, instance_type: str, *, on: date | None = None) -> tuple[Rate, ...]:
    """Every price that a book has of an instance type in a region.

    Raises:
        PriceError: It has none.

    >>> from headway.prices import packaged_book
    >>> [rate.bought for rate in instance_rates(packaged_book(), "us-east-1", "g5.xlarge")]
    ['EC2 on-demand', 'EC2 spot', 'SageMaker hosting']
    """
    bare = instance_type.removeprefix("ml.")
    ways: tuple[tuple[str, Purchase, str], ...] = (
        ("EC2 on-demand", "on_demand", bare), ("EC2 spot", "spot", bare),
        ("SageMaker hosting", "hosting", f"ml.{bare}"),
    )  # fmt: skip
    found: list[Rate] = []
    missing: list[PriceError] = []
    for bought, purchase, name in ways:
        try:
            price = book.instance(region, name, purchase)
        except PriceError as error:
            missing.append(error)
            continue
        state = state_of(price.as_of, spot=purchase == "spot", on=on)
        note = f"advisor's interruption frequency {price.note} a month" if price.note else ""
        found.append(Rate(bought, price.usd, price.source, price.as_of, state, note))
        zones = book.content.get("spot_zones", {}).get(region, {}).get(bare, {}) if purchase == "spot" else {}
        for zone, (low, middle, high) in zones.items():
            spread = Decimal(low), Decimal(high)
            found.append(Rate(f"EC2 spot, {zone}", Decimal(middle), price.source, price.as_of, state, "", spread))
    if not found:
        raise missing[0]
    return tuple(found)


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
