"""Spot: the price history of each zone, and how often AWS takes instances back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any, NamedTuple

from headway.account.connection import Account
from headway.account.errors import AccountError

DAYS = 30
AT_ONCE = 50
"""Instance types a question."""
ADVISOR = "https://spot-bid-advisor.s3.amazonaws.com/spot-advisor-data.json"
"""The Spot Instance Advisor's own data, public, monthly."""
Fetch = Callable[[str], bytes]


class Spread(NamedTuple):
    """A zone's prices over a month, each weighed by how long it held."""

    quartile: Decimal
    median: Decimal
    third_quartile: Decimal


def spot_history(
    account: Account, region: str, types: Iterable[str], *, now: datetime, say: Callable[[str], None] = lambda _: None
) -> dict[str, dict[str, Spread]]:
    """Linux spot prices of the last 30 days, by type and zone.

    Raises:
        AccountError: AWS could not be asked, or said no.
    """
    moments: dict[tuple[str, str], list[tuple[datetime, Decimal]]] = {}
    wanted = sorted(types)
    start = now - timedelta(days=DAYS)
    for at in range(0, len(wanted), AT_ONCE):
        say(f"spot prices of {region}: {at} of {len(wanted)} types")
        for page in account.pages(
            "ec2", "describe_spot_price_history", region=region, InstanceTypes=wanted[at : at + AT_ONCE],
            ProductDescriptions=["Linux/UNIX"], StartTime=start, EndTime=now,
        ):  # fmt: skip
            for row in page["SpotPriceHistory"]:
                key = row["InstanceType"], row["AvailabilityZone"]
                moments.setdefault(key, []).append((row["Timestamp"], Decimal(row["SpotPrice"])))
    found: dict[str, dict[str, Spread]] = {}
    for (kind, zone), prices in moments.items():
        found.setdefault(kind, {})[zone] = spread(prices, start, now)
    return found


def spread(prices: list[tuple[datetime, Decimal]], start: datetime, end: datetime) -> Spread:
    """Median and quartiles of prices that each hold until the next; the first was set before ``start``."""
    rows = sorted(prices)
    ends = [moment for moment, _ in rows[1:]] + [end]
    held = sorted(
        (price, max(0.0, (until - max(moment, start)).total_seconds()))
        for (moment, price), until in zip(rows, ends, strict=True)
    )
    total = sum(seconds for _, seconds in held)
    return Spread(*(_quantile(held, share * total) for share in (0.25, 0.5, 0.75)))


def _quantile(held: list[tuple[Decimal, float]], seconds: float) -> Decimal:
    passed = 0.0
    for price, lasted in held:
        passed += lasted
        if passed >= seconds:
            return price
    return held[-1][0]


def of_region(zones: dict[str, Spread]) -> Decimal:
    """What a fleet over all zones pays: the median of the zones' medians."""
    return Decimal(median(one.median for one in zones.values()))


def interruption_bands(fetch: Fetch) -> dict[str, dict[str, str]]:
    """The advisor's bands of monthly interruptions for Linux, by region and type, such as ``5-10%``.

    Raises:
        AccountError: It cannot be reached, or answers something else.
    """
    try:
        content: dict[str, Any] = json.loads(fetch(ADVISOR))
        labels = {row["index"]: str(row["label"]) for row in content["ranges"]}
        return {
            region: {kind: labels[row["r"]] for kind, row in systems.get("Linux", {}).items()}
            for region, systems in content["spot_advisor"].items()
        }
    except OSError as error:
        raise AccountError(f"the Spot Advisor cannot be reached ({error})", kind="unreachable") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise AccountError("the Spot Advisor answers something else than it used to", kind="refused") from None


def fetch_https(address: str) -> bytes:
    """The content of an https address.

    Raises:
        OSError: It cannot be reached.
    """
    from urllib.request import urlopen

    if not address.startswith("https://"):
        raise AssertionError(address)
    with urlopen(address, timeout=30) as answer:  # noqa: S310 - https alone
        content: bytes = answer.read()
    return content
