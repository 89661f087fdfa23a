"""Strict look-up: a price is found exactly once, or the error says what was looked for and what comes near."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from headway.errors import HeadwayError, nearest
from headway.prices.choosing import chosen_book, refreshed_book
from headway.prices.overrides import STATED, Overrides, load_overrides

FORMAT = 1
"""Of the snapshot file."""
DATA = Path(__file__).parent / "data"
PRICES_FILE = DATA / "prices.json.gz"

Purchase = Literal["on_demand", "spot", "hosting"]
_PER = {"M": Decimal(1_000_000), "K": Decimal(1_000)}


class PriceError(HeadwayError, LookupError):
    """No such price in the book: what was looked for, and the near misses."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for one ``unit``, from ``tier_from`` single things on to ``tier_to`` (None: without end)."""

    usd: Decimal
    unit: str
    source: str
    as_of: str
    confidence: str
    tier_from: Decimal = Decimal(0)
    tier_to: Decimal | None = None
    per: Decimal = Decimal(1)
    """Single things in one unit: 1,000,000 for "1M requests"."""
    note: str = ""
    """Of a spot price, the advisor's band of monthly interruptions."""
    middle_half: tuple[Decimal, Decimal] | None = None
    """Of a spot price, as factors on it: from the lowest first to the highest third quartile of its zones, 30 days."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the free tier gives a month, in single things."""

    amount: Decimal
    unit: str
    source: str


@dataclass(frozen=True, eq=False)
class PriceBook:
    """Prices of one snapshot. Values are made when they are looked up; the book itself is plain parsed data."""

    content: Mapping[str, Any] = field(repr=False)
    overrides: Overrides | None = None
    """Private discounts and rates over it."""
    path: Path | None = None
    """Its file; None for the packaged snapshot."""
    _cache: dict[tuple[str, ...], Any] = field(default_factory=dict, repr=False)

    @property
    def regions(self) -> tuple[str, ...]:
        """Regions with on-demand prices."""
        return tuple(self.content["on_demand"])

    @property
    def as_of(self) -> str:
        """The newest date of any price."""
        if ("as_of",) not in self._cache:
            dates = [word for word in self.content["words"] if re.fullmatch(r"20\d\d-\d\d-\d\d", word)]
            self._cache["as_of",] = max(dates, default="unknown")
        return str(self._cache["as_of",])

    def instance_types(self, region: str, purchase: Purchase) -> tuple[str, ...]:
        """Types with a price in a region."""
        return tuple(self.content[purchase].get(region, ()))

    def instance(self, region: str, instance_type: str, purchase: Purchase) -> Price:
        """The hourly price of an instance. Hosting takes the ``ml.`` name, and is modelled where only EC2 is known.

        Raises:
            PriceError: The region or the type has no such price.
        """
        key = (purchase, region, instance_type)
        if key not in self._cache:
            looked_up = self._instance(region, instance_type, purchase)
            if self.overrides is not None and isinstance(looked_up, Price):
                service = "SageMakerHosting" if purchase == "hosting" else "EC2"
                looked_up = self.overrides.apply(looked_up, service, purchase, instance_type)
            self._cache[key] = looked_up
        found = self._cache[key]
        if isinstance(found, str):
            raise PriceError(found)
        price: Price = found
        return price

    def tiers(self, region: str, service: str, meter: str) -> tuple[Price, ...]:
        """The contiguous price tiers of a meter, the first from 0.

        Raises:
            PriceError: The region, the service or the meter is not in the book.
        """
        found = self.find(region, service, meter)
        if found is None:
            raise PriceError(self._missing_meter(region, service, meter))
        return found

    def find(self, region: str, service: str, meter: str) -> tuple[Price, ...] | None:
        """As ``tiers``, but None where the book has no such price."""
        key = ("service", region, service, meter)
        if key not in self._cache:
            row = self.content["services"].get(region, {}).get(service, {}).get(meter)
            tiers = None if row is None else tuple(self._tier(row[0], tier) for tier in row[1])
            self._cache[key] = None if tiers is None else self._stated(tiers, service, meter)
        found: tuple[Price, ...] | None = self._cache[key]
        return found

    def meters(self, service: str) -> tuple[str, ...]:
        """Every meter that some region prices for a service."""
        found = {meter: None for region in self.content["services"].values() for meter in region.get(service, {})}
        return tuple(sorted(found))

    def allowances(self, region: str, service: str) -> dict[str, Allowance]:
        """The free tier's monthly allowances of a service by meter; a global row serves every region."""
        rows: dict[str, Any] = {}
        for where in ("us-east-1", region):
            rows |= self.content["allowances"].get(where, {}).get(service, {})
        words = self.content["words"]
        return {meter: Allowance(Decimal(row[0]), row[1], words[row[2]]) for meter, row in rows.items()}

    def dearest(self, service: str, meter: str) -> Price | None:
        """The dearest first-tier price of a meter in any region: what ranking charges for an unknown one."""
        found = [price for region in self.content["services"] if (price := self.find(region, service, meter))]
        return max((tiers[0] for tiers in found), key=lambda price: price.usd / price.per, default=None)

    def dearest_instance(self, instance_type: str, purchase: Purchase) -> Price | None:
        """The dearest price of an instance in any region."""
        return max(self._everywhere(instance_type, purchase), key=lambda price: price.usd, default=None)

    def _stated(self, tiers: tuple[Price, ...], service: str, meter: str) -> tuple[Price, ...]:
        """A meter's tiers with what an overrides file says; an exact rate is one tier without end."""
        if self.overrides is None:
            return tiers
        made: tuple[Price, ...] = tuple(self.overrides.apply(tier, service, meter) for tier in tiers)
        return made[:1] if made[0].confidence == STATED else made

    def _everywhere(self, instance_type: str, purchase: Purchase) -> Iterator[Price]:
        for region in self.regions:
            try:
                yield self.instance(region, instance_type, purchase)
            except PriceError:
                continue

    def _instance(self, region: str, instance_type: str, purchase: Purchase) -> Price | str:
        """A price, or the message of the error that says why there is none."""
        row = self.content[purchase].get(region, {}).get(instance_type)
        words = self.content["words"]
        if row is not None:
            note = words[row[4]] if len(row) > 4 else ""
            price = Price(Decimal(row[0]), "instance-hour", words[row[1]], words[row[2]], words[row[3]], note=note)
            return replace(price, middle_half=self._middle_half(region, instance_type, price.usd, purchase))
        if purchase == "hosting":
            modelled = self._modelled_hosting(region, instance_type)
            if modelled is not None:
                return modelled
        if region not in self.content["on_demand"]:
            return self._no_region(region)
        here = self.instance_types(region, purchase)
        elsewhere = [name for name in self.regions if instance_type in self.content[purchase].get(name, ())]
        what = f"no {purchase.replace('_', '-')} price for {instance_type} in {region}"
        if elsewhere:
            return f"{what}; {len(elsewhere)} other regions have one, such as {', '.join(elsewhere[:3])}"
        return f"{what}{nearest(instance_type, here)}"

    def _middle_half(
        self, region: str, instance_type: str, usd: Decimal, purchase: Purchase
    ) -> tuple[Decimal, Decimal] | None:
        zones = self.content.get("spot_zones", {}).get(region, {}).get(instance_type, {}) if purchase == "spot" else {}
        if not zones or usd <= 0:
            return None
        quartiles = [(Decimal(low), Decimal(high)) for low, _, high in zones.values()]
        return min(low for low, _ in quartiles) / usd, max(high for _, high in quartiles) / usd

    def _modelled_hosting(self, region: str, instance_type: str) -> Price | None:
        """Hosting from the EC2 price and the ratio of the two elsewhere, labelled so."""
        ratio = self.content["ratio"].get(instance_type)
        base = self.content["on_demand"].get(region, {}).get(instance_type.removeprefix("ml."))
        if ratio is None or base is None:
            return None
        words = self.content["words"]
        usd = (Decimal(ratio) * Decimal(base[0])).quantize(Decimal("0.0001"))
        source = f"modelled: {Decimal(ratio):.2f} x EC2 on-demand ({words[base[1]]})"
        return Price(usd, "instance-hour", source, words[base[2]], "modelled")

    def _tier(self, unit: str, row: list[Any]) -> Price:
        words = self.content["words"]
        match = re.match(r"1([MK]) ", unit)
        return Price(
            usd=Decimal(row[0]), unit=unit, source=words[row[3]], as_of=words[row[4]], confidence=words[row[5]],
            tier_from=Decimal(row[1] or 0), tier_to=Decimal(row[2]) if row[2] else None,
            per=_PER[match[1]] if match else Decimal(1),
        )  # fmt: skip

    def check_region(self, region: str) -> None:
        """Refuse a region that the book knows nothing of.

        Raises:
            HeadwayError: With the nearest names, or how many there are.
        """
        if region not in self.regions:
            raise HeadwayError(self._no_region(region))

    def _no_region(self, region: str) -> str:
        some = f"; it has {len(self.regions)}, such as {', '.join(self.regions[:3])}"
        return f"region {region!r} is not in the price book{nearest(region, self.regions) or some}"

    def _missing_meter(self, region: str, service: str, meter: str) -> str:
        services = self.content["services"]
        if region not in services:
            return self._no_region(region)
        names = {name for here in services.values() for name in here}
        if service not in names:
            return f"no service {service!r} in the price book{nearest(service, names)}"
        if meter not in self.meters(service):
            return f"no meter {service}.{meter} in the price book{nearest(meter, self.meters(service))}"
        having = [name for name, here in services.items() if meter in here.get(service, {})]
        return f"no price for {service}.{meter} in {region}; {len(having)} regions have one, such as {having[0]}"


def load_book(path: str | Path | None = None) -> PriceBook:
    """The price book: of a file, else of HEADWAY_PRICES, else the newest refreshed one, else the packaged snapshot.

    Args:
        path: A snapshot, or an overrides file (YAML: ``discounts``, ``rates``, ``book``) over the book it names, else
            over the one that would be used without it.

    Raises:
        PriceError: The file is no snapshot of this version, and no overrides.

    >>> load_book(PRICES_FILE).instance("us-east-1", "ml.g5.xlarge", "hosting").usd
    Decimal('1.408')
    """
    chosen = chosen_book() if path is None else Path(path)
    if chosen is None:
        return packaged_book()
    if chosen.suffix not in (".yaml", ".yml"):
        return _load(chosen)
    known = {service: frozenset(meters) for service, meters in _known_meters(packaged_book()).items()}
    overrides = load_overrides(chosen, known)
    refreshed = refreshed_book()
    below = overrides.book or refreshed
    return replace(_load(below) if below else packaged_book(), overrides=overrides, _cache={})


def packaged_book() -> PriceBook:
    """The snapshot that comes with Headway."""
    return _load(PRICES_FILE)


def _known_meters(book: PriceBook) -> dict[str, set[str]]:
    """Every service with its meters, instances as meters of their way of buying them."""
    found: dict[str, set[str]] = {"EC2": {"on_demand", "spot"}, "SageMakerHosting": {"hosting"}}
    for services in book.content["services"].values():
        for service, meters in services.items():
            found.setdefault(service, set()).update(meters)
    return found


@lru_cache(maxsize=4)
def _load(path: Path) -> PriceBook:
    try:
        raw = path.read_bytes()
        content = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    except OSError as error:
        raise PriceError(f"{path}: cannot be read ({error.strerror or error}); a price snapshot is needed") from None
    except (ValueError, EOFError):
        raise PriceError(f"{path}: not a price snapshot; build one with python -m headway.prices.snapshot") from None
    needed = {"words", "on_demand", "spot", "hosting", "ratio", "services", "allowances", "hardware"}
    if not isinstance(content, dict) or content.get("format") != FORMAT or not needed <= content.keys():
        raise PriceError(f"{path}: not a price snapshot of format {FORMAT}")
    return PriceBook(content, path=None if path == PRICES_FILE else path)


def without(book: PriceBook, service: str, meter: str) -> PriceBook:
    """The book as if no region had a price for a meter: what tests and sensitivity runs ask."""
    services = {
        region: {
            name: {key: row for key, row in meters.items() if (name, key) != (service, meter)}
            for name, meters in here.items()
        }
        for region, here in book.content["services"].items()
    }
    return replace(book, content={**book.content, "services": services}, _cache={})
