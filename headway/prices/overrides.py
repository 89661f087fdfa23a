"""Private discounts: a file of percentages by service and of exact rates, over a book's prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from headway.errors import HeadwayError, nearest

FIELDS = ("book", "discounts", "rates", "as_of")
STATED = "stated"
"""The confidence of a rate that somebody states: it does not age by our clock."""


@dataclass(frozen=True)
class Overrides:
    """What an overrides file says. Keys are a service, ``SERVICE.METER``, or ``SERVICE.METER.INSTANCE-TYPE``."""

    name: str
    """Of the file: every price it touched names it."""
    book: Path | None
    discounts: Mapping[str, Decimal]
    """Percent off."""
    rates: Mapping[str, Decimal]
    """US dollars for one of the book's units (``1M requests``, an instance-hour)."""
    as_of: str = ""

    def apply(self, price: Any, service: str, meter: str, instance_type: str = "") -> Any:
        """A price as it is with these: the exact rate, else less the discount of the nearest key, else itself."""
        for key in _keys(service, meter, instance_type):
            if key in self.rates:
                return replace(
                    price, usd=self.rates[key], source=f"own rate ({self.name})", as_of=self.as_of, confidence=STATED,
                    tier_from=Decimal(0), tier_to=None, middle_half=None,
                )  # fmt: skip
            if key in self.discounts:
                percent = self.discounts[key]
                source = f"{price.source}, {percent:f} % off ({self.name})"
                return replace(price, usd=price.usd * (100 - percent) / 100, source=source)
        return price


def _keys(service: str, meter: str, instance_type: str) -> Iterator[str]:
    """The nearest first."""
    if instance_type:
        yield f"{service}.{meter}.{instance_type}"
    yield f"{service}.{meter}"
    yield service


def load_overrides(path: Path, known: Mapping[str, frozenset[str]]) -> Overrides:
    """The overrides in a YAML or JSON file.

    Args:
        path: The file.
        known: The book's services and their meters, for what is misspelt.

    Raises:
        HeadwayError: It says what cannot be, by its key.
    """
    content = _content(path)
    for field in content:
        if field not in FIELDS:
            hint = nearest(field, FIELDS) or f"; there are {', '.join(FIELDS)}"
            raise HeadwayError(f"{path}: {field}: no such field of a prices file{hint}")
    discounts = {key: _percent(path, key, value) for key, value in _pairs(path, content, "discounts")}
    rates = {key: _amount(path, f"rates.{key}", value) for key, value in _pairs(path, content, "rates")}
    for key in [*discounts, *rates]:
        _check_key(path, key, known)
    for key in rates:
        if "." not in key:
            raise HeadwayError(f"{path}: rates.{key}: a rate is for one meter, such as {key}.{min(known[key])}")
    book = content.get("book")
    return Overrides(
        path.name, None if book is None else path.parent / str(book), discounts, rates, str(content.get("as_of", ""))
    )


def _content(path: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HeadwayError(f"{path}: cannot be read ({error.strerror})") from None
    except (YAMLError, UnicodeDecodeError, ValueError):
        raise HeadwayError(f"{path}: neither a price snapshot nor YAML with discounts and rates") from None
    if not isinstance(content, dict) or not content:
        raise HeadwayError(f"{path}: neither a price snapshot nor overrides: discounts: {{EC2: 12}} or rates: {{...}}")
    return content


def _pairs(path: Path, content: dict[str, Any], field: str) -> list[tuple[str, Any]]:
    found = content.get(field) or {}
    if not isinstance(found, dict):
        raise HeadwayError(f"{path}: {field}: a mapping is needed, such as {{EC2: 12}}")
    return [(str(key), value) for key, value in found.items()]


def _percent(path: Path, key: str, value: object) -> Decimal:
    percent = _amount(path, f"discounts.{key}", str(value).strip().removesuffix("%").strip())
    if percent > 100:
        raise HeadwayError(f"{path}: discounts.{key}: {value} is not between 0 and 100 percent")
    return percent


def _amount(path: Path, key: str, value: object) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal(-1)
    if isinstance(value, bool) or not amount.is_finite() or amount < 0:
        raise HeadwayError(f"{path}: {key}: a number of at least 0 is needed, not {value!r}")
    return amount


def _check_key(path: Path, key: str, known: Mapping[str, frozenset[str]]) -> None:
    service, _, rest = key.partition(".")
    if service not in known:
        raise HeadwayError(f"{path}: {key}: no service {service!r} in the price book{nearest(service, known)}")
    meter = rest.partition(".")[0]
    if rest and meter not in known[service]:
        raise HeadwayError(f"{path}: {key}: no meter {meter!r} of {service}{nearest(meter, known[service])}")
