"""AWS's Price List Query API: the products that a question finds, and which of them a meter of the book is.

Field names: AWS Price List Query API, GetProducts. Which meter is called what: headway/prices/listing.py. A usage type
that is wrong there finds no product, or several at different prices, and the old price stays: never a wrong one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from headway.account.connection import Account
from headway.prices.listing import ANYWHERE, Listed

ENDPOINT = "us-east-1"
"""The region that answers for every region's prices."""
EC2_FILTERS = {
    "operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used",
    "licenseModel": "No License required", "operation": "RunInstances", "marketoption": "OnDemand",
}  # fmt: skip
"""All seven: without the market option, capacity blocks of 0 dollars come along."""
Tier = tuple[str, str, str]
"""US dollars, from, to ('' without end), in AWS's units."""


class Question(NamedTuple):
    """What the API is asked once, for all the meters that its answer holds."""

    code: str
    family: str
    place: str

    @classmethod
    def of(cls, meter: Listed) -> Question:
        """The question whose answer holds a meter."""
        return cls(meter.code, meter.family, meter.place)

    def filters(self, region: str) -> dict[str, str]:
        """As GetProducts takes them."""
        found = {self.place: "Any" if self.place == ANYWHERE else region}
        return found | ({"productFamily": self.family} if self.family else {})


class Product(NamedTuple):
    """One product of the list."""

    attributes: Mapping[str, str]
    family: str
    tiers: tuple[Tier, ...]
    unit: str = ""
    """AWS's, as it writes it: ``Hrs``, ``GB-Mo``."""


def products(account: Account, code: str, filters: Mapping[str, str]) -> Iterator[Product]:
    """The products of a service that have these attributes.

    Raises:
        AccountError: AWS could not be asked, or said no.
    """
    asked = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in filters.items()]
    for page in account.pages("pricing", "get_products", region=ENDPOINT, ServiceCode=code, Filters=asked):
        for text in page.get("PriceList", ()):
            found = _product(json.loads(text))
            if found is not None:
                yield found


def matching(meter: Listed, found: Iterable[Product]) -> list[Product]:
    """The products that a meter may be: one, where AWS's list is as the table thinks."""
    return [
        one
        for one in found
        if meter.is_called(one.attributes.get("usagetype", ""))
        and all(one.attributes.get(name) == value for name, value in meter.having.items())
        and (not meter.family or one.family == meter.family)
        and one.unit.lower().startswith(meter.priced_by)
    ]


def paid_tiers(products: Iterable[Product]) -> set[tuple[Tier, ...]]:
    """The different prices of products, from the first unit that is paid for: one, or nobody can say which.

    AWS lists some usage twice, as it was and as it is now, or once more with its free allowance as a tier of nothing.

    >>> free = Product({}, "", (("0", "0", "25"), ("0.25", "25", "")))
    >>> paid_tiers([free, Product({}, "", (("0.25", "0", ""),))])
    {(('0.25', '0', ''),)}
    """
    return {_from_first_paid(one.tiers) for one in products}


def _from_first_paid(tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
    paid = tuple(tier for tier in tiers if Decimal(tier[0]) > 0 or not tier[2])
    return ((paid[0][0], "0", paid[0][2]), *paid[1:]) if paid else ()


def _product(item: dict[str, Any]) -> Product | None:
    """A product with its on-demand price; None where it has none in dollars."""
    terms: dict[str, Any] = item.get("terms", {}).get("OnDemand", {})
    if len(terms) != 1:
        return None
    (term,) = terms.values()
    tiers, unit = [], ""
    for row in term["priceDimensions"].values():
        try:
            usd = Decimal(row["pricePerUnit"]["USD"])
            start = Decimal(row.get("beginRange", "0"))
            unit = row.get("unit", "")
        except (KeyError, InvalidOperation):
            return None
        end = row.get("endRange", "Inf")
        tiers.append((start, f"{usd:f}", "" if end == "Inf" else end))
    ordered = tuple((usd, f"{start:f}", end) for start, usd, end in sorted(tiers))
    product = item["product"]
    return Product(product["attributes"], product.get("productFamily", ""), ordered, unit)
