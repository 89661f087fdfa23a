"""New prices into a book: part by part, each whole or as it was, and every row with the date it is of."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatch
from functools import cache, partial
from typing import Any

from headway.account import price_list, spot_prices
from headway.account.connection import Account
from headway.account.errors import AccountError
from headway.account.price_list import EC2_FILTERS, Product, Question
from headway.assumptions import assume
from headway.errors import HeadwayError
from headway.prices import PriceBook
from headway.prices.listing import Listed, in_book_units, listed

Say = Callable[[str], None]
SOURCE, SPOT_SOURCE = "price-list-api", "spot-price-history (median of zones, 30 days)"
HIGH = "high"
_HOPELESS = ("credentials", "expired", "clock", "region")
"""What the next question would be answered with too, whatever it asks."""
_STOPS = ("denied", "throttled", "unreachable")
"""What the next question to the same service would be answered with too."""


@dataclass
class Refreshed:
    """A book's content with new prices in it, and what became of each part."""

    content: dict[str, Any]
    day: str
    """Of the new prices: when AWS asked that much, whenever it began to."""
    updated: dict[str, int] = field(default_factory=dict)
    """Rows with new prices, by part and region."""
    why_kept: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Rows that keep their old price and date, by region and reason."""
    failed: list[str] = field(default_factory=list)
    """What AWS did not give: all of its rows are as they were."""
    reasons: dict[str, None] = field(default_factory=dict)
    """Why, each once."""
    stopped: dict[str, AccountError] = field(default_factory=dict)
    """Services that would answer the next question as they answered the last: throttled, denied, out of reach."""

    @property
    def kept(self) -> list[str]:
        """What keeps its old price and date, and why, a reason a line."""
        return [f"{', '.join(names)} in {region}: {why}" for (region, why), names in self.why_kept.items()]

    def keep(self, what: str, region: str, why: str) -> None:
        """Note a row that stays as it was."""
        self.why_kept.setdefault((region, why), []).append(what)

    def fail(self, what: str, error: AccountError) -> None:
        """Note what AWS did not give."""
        self.failed.append(f"{what}: {error}")
        self.reasons[str(error)] = None
        if error.kind in _STOPS:
            self.stopped[error.action.partition(":")[0]] = error

    def word(self, text: str) -> int:
        """The place of a word in the book's list."""
        words: list[str] = self.content["words"]
        if text not in words:
            words.append(text)
        return words.index(text)


def refresh(
    account: Account,
    book: PriceBook,
    regions: Iterable[str],
    *,
    now: datetime,
    types: Iterable[str] = ("*",),
    fetch: spot_prices.Fetch = spot_prices.fetch_https,
    say: Say = lambda _: None,
) -> Refreshed:
    """A book with the prices of today for some regions; the book itself stays as it is.

    Args:
        account: That may ask for prices.
        book: The book that is refreshed.
        regions: Which of its regions.
        now: The moment.
        types: Only EC2 and hosting types like these: ``g5.*``.
        fetch: Gets the Spot Advisor's data.
        say: Called with what is being done.

    Raises:
        AccountError: AWS gave nothing at all.
    """
    made = Refreshed(deepcopy(dict(book.content)), now.date().isoformat())
    patterns = tuple(types)
    bands = cache(partial(_bands, made, fetch, say))
    chosen = list(regions)
    for region in chosen:
        book.check_region(region)
    for region in chosen:
        parts: dict[str, tuple[str, Callable[[], int]]] = {
            "EC2 on-demand": ("pricing", partial(_instances, made, account, region, patterns, "on_demand")),
            "SageMaker hosting": ("pricing", partial(_instances, made, account, region, patterns, "hosting")),
            "EC2 spot": ("ec2", partial(_spot, made, account, region, (patterns, bands), now, say)),
            "other services": ("pricing", partial(_services, made, account, region, say)),
        }
        for part, (service, read) in parts.items():
            say(f"{part} of {region}")
            try:
                if service in made.stopped:
                    raise made.stopped[service]
                made.updated[f"{part} of {region}"] = read()
            except AccountError as error:
                if error.kind in _HOPELESS:
                    raise
                made.fail(f"{part} of {region}", error)
    if not any(made.updated.values()):
        why = "; ".join(made.reasons) or "AWS answered, and no price in it was one that this book needs"
        raise HeadwayError(f"no price could be refreshed, the book stays as it was: {why}")
    made.content["refreshed"] = {"at": now.isoformat(timespec="seconds"), "regions": sorted(chosen)}
    return made


def _bands(made: Refreshed, fetch: spot_prices.Fetch, say: Say) -> dict[str, dict[str, str]]:
    say("the Spot Advisor's interruption bands")
    try:
        return spot_prices.interruption_bands(fetch)
    except AccountError as error:
        made.keep("interruption bands", "every region", str(error))
        return {}


def _instances(made: Refreshed, account: Account, region: str, patterns: tuple[str, ...], purchase: str) -> int:
    """On-demand and hosting rates: one product a type, or the old rate."""
    hosting = purchase == "hosting"
    filters = {"regionCode": region} | ({"component": "Hosting"} if hosting else EC2_FILTERS)
    code, name = ("AmazonSageMaker", "instanceName") if hosting else ("AmazonEC2", "instanceType")
    found: dict[str, list[Product]] = {}
    for product in price_list.products(account, code, filters):
        kind = product.attributes.get(name) or product.attributes.get("instanceType", "").removesuffix("-Hosting")
        if kind and _wanted(kind, patterns):
            found.setdefault(kind, []).append(product)
    rows = made.content[purchase].setdefault(region, {})
    count = 0
    for kind, products in found.items():
        usd = _only(made, products, (f"{kind} ({purchase})", region), _first(rows.get(kind)))
        if usd is not None:
            rows[kind] = [usd, made.word(SOURCE), made.word(made.day), made.word(HIGH)]
            count += 1
    for kind in rows:
        if _wanted(kind, patterns) and kind not in found:
            made.keep(f"{kind} ({purchase})", region, "AWS lists no such product now")
    return count


def _only(made: Refreshed, products: list[Product], what: tuple[str, str], old: Decimal | None) -> str | None:
    """The one price of the products, if there is one and it is one."""
    prices = price_list.paid_tiers(products)
    if len(prices) != 1 or len(next(iter(prices))) != 1:
        made.keep(*what, _several(products, prices))
        return None
    ((usd, _, _),) = prices.pop()
    return usd if _plausible(made, what, Decimal(usd), () if old is None else (old,)) else None


def _several(products: list[Product], prices: Collection[object]) -> str:
    at = f" at {len(prices)} prices" if len(prices) > 1 else ""
    return f"{len(products)} product{'' if len(products) == 1 else 's'}{at} where one price is needed"


def _plausible(made: Refreshed, what: tuple[str, str], usd: Decimal, others: Collection[Decimal]) -> bool:
    """A price of nothing, or one that jumps, is another product's.

    Args:
        made: Where it is told.
        what: Whose price, and in which region.
        usd: The new one.
        others: The old one here; else those of other regions, for a region that has none yet.
    """
    jump = Decimal(assume("prices.largest_jump"))
    low, high = min(others, default=usd), max(others, default=usd)
    if usd == high == 0 and others:
        return True
    if usd <= 0 or not low / jump <= usd <= high * jump:
        low, high, usd = low.normalize(), high.normalize(), usd.normalize()
        was = "" if not others else f", it was {low:f}" if low == high else f", others are {low:f} to {high:f}"
        made.keep(*what, f"USD {usd:f} is not plausible{was}")
        return False
    return True


def _spot(
    made: Refreshed,
    account: Account,
    region: str,
    wanted: tuple[tuple[str, ...], Callable[[], Mapping[str, Mapping[str, str]]]],
    now: datetime,
    say: Say,
) -> int:
    """Spot prices from the history of each zone; a type that has none keeps its price, and takes a new band."""
    patterns, all_bands = wanted
    rows = made.content["spot"].setdefault(region, {})
    known = {*rows, *made.content["on_demand"].get(region, {})} & made.content["hardware"].keys()
    types = [kind for kind in known if _wanted(kind, patterns)]
    zones = spot_prices.spot_history(account, region, types, now=now, say=say)
    bands = all_bands().get(region, {})
    for kind, row in rows.items():
        if kind in bands:
            row[4:] = [made.word(bands[kind])]
    kept = made.content.setdefault("spot_zones", {}).setdefault(region, {})
    count = 0
    for kind, by_zone in zones.items():
        old = rows.get(kind, ())
        usd = spot_prices.of_region(by_zone)
        near = old or made.content["on_demand"].get(region, {}).get(kind, ())
        if not _plausible(made, (f"{kind} (spot)", region), usd, [Decimal(near[0])] if near else ()):
            continue
        band = made.word(bands[kind]) if kind in bands else old[4] if len(old) > 4 else made.word("")
        rows[kind] = [f"{usd:f}", made.word(SPOT_SOURCE), made.word(made.day), made.word(HIGH), band]
        kept[kind] = {zone: [f"{value:f}" for value in one] for zone, one in sorted(by_zone.items())}
        count += 1
    for kind in sorted(types):
        if kind in rows and kind not in zones:
            made.keep(f"{kind} (spot)", region, f"no price in {spot_prices.DAYS} days")
    return count


def _services(made: Refreshed, account: Account, region: str, say: Say) -> int:
    """Everything else, question by question: what AWS does not answer keeps its rows."""
    here = made.content["services"].get(region, {})
    meters = listed({"DataTransfer": tuple(here.get("DataTransfer", ()))})
    questions = list(dict.fromkeys(map(Question.of, meters)))
    count = 0
    for place, question in enumerate(questions):
        say(f"{question.code} of {region}")
        try:
            found = list(price_list.products(account, question.code, question.filters(region)))
        except AccountError as error:
            if error.kind in _HOPELESS:
                raise
            made.fail(f"{question.code} of {region}", error)
            if "pricing" in made.stopped:
                rest = dict.fromkeys(later.code for later in questions[place + 1 :])
                made.failed.append(f"not asked after that in {region}: {', '.join(rest)}")
                break
            continue
        count += sum(_service(made, one, region, found) for one in meters if Question.of(one) == question)
    return count


def _service(made: Refreshed, meter: Listed, region: str, found: list[Product]) -> int:
    """A meter's tiers from its one price, in the book's own unit; 1 if they are taken."""
    services = made.content["services"]
    known = {name: here[meter.service][meter.meter] for name, here in services.items()
             if meter.meter in here.get(meter.service, {})}  # fmt: skip
    what = f"{meter.service}.{meter.meter}", region
    products = price_list.matching(meter, found)
    prices = price_list.paid_tiers(products)
    unit: str = next(iter(known.values()), (meter.unit,))[0]
    if not unit or len(prices) != 1:
        if region in known or products:
            made.keep(*what, _several(products, prices))
        return 0
    per = in_book_units(unit, meter.divide)
    marks = [made.word(SOURCE), made.word(made.day), made.word(HIGH)]
    tiers: list[list[Any]] = [
        [f"{(Decimal(usd) * per).normalize():f}", start, end, *marks] for usd, start, end in prices.pop()
    ]
    others = [Decimal(row[1][0][0]) for name, row in known.items() if name == region or region not in known]
    if not tiers or not _plausible(made, what, Decimal(tiers[0][0]), others):
        return 0
    services.setdefault(region, {}).setdefault(meter.service, {})[meter.meter] = [unit, tiers]
    return 1


def _first(row: list[Any] | None) -> Decimal | None:
    return None if row is None else Decimal(row[0])


def _wanted(kind: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(kind.removeprefix("ml."), pattern.removeprefix("ml.")) for pattern in patterns)


def book_bytes(content: dict[str, Any]) -> bytes:
    """A book's content as its file holds it."""
    import gzip

    return gzip.compress(json.dumps(content, separators=(",", ":"), sort_keys=True).encode(), compresslevel=9, mtime=0)
