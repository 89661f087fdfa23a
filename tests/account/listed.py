"""Price lists as AWS's Price List Query API answers them (GetProducts, its own examples' shape)."""

import json
from collections.abc import Mapping


def product(
    code: str,
    attributes: Mapping[str, str],
    tiers: list[tuple[str, str, str]],
    *,
    family: str = "",
    sku: str = "ABC",
    unit: str = "Hrs",
) -> str:
    """One entry of PriceList: JSON in a string. Tiers: US dollars, from, to."""
    dimensions = {
        f"{sku}.JRTCKXETXF.{place}": {
            "unit": unit, "endRange": end, "description": "...", "appliesTo": [], "rateCode": f"{sku}.JRTCKXETXF.{place}",
            "beginRange": start, "pricePerUnit": {"USD": usd},
        }
        for place, (usd, start, end) in enumerate(tiers)
    }  # fmt: skip
    return json.dumps({
        "product": {"productFamily": family, "attributes": {"servicecode": code, "regionCode": "us-east-1", **attributes},
                    "sku": sku},
        "serviceCode": code,
        "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": {
            "priceDimensions": dimensions, "sku": sku, "effectiveDate": "2026-11-01T00:00:00Z",
            "offerTermCode": "JRTCKXETXF", "termAttributes": {}}}},
        "version": "20261120172345", "publicationDate": "2026-11-20T17:23:45Z",
    })  # fmt: skip


def instance(name: str, usd: str, **more: str) -> str:
    return product("AmazonEC2", {"instanceType": name, "usagetype": f"BoxUsage:{name}", **more}, [(usd, "0", "Inf")],
                   family="Compute Instance")  # fmt: skip


def hosting(name: str, usd: str) -> str:
    return product("AmazonSageMaker", {"instanceName": name, "component": "Hosting", "usagetype": f"USE1-Host:{name}"},
                   [(usd, "0", "Inf")], family="ML Instance")  # fmt: skip
