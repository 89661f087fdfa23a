"""What AWS billed for a stack: from Cost Explorer by its cost-allocation tag, or from a Cost and Usage Report."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import IO, Any, NamedTuple

from headway.account.connection import Account
from headway.account.resources import STACK_TAG
from headway.errors import HeadwayError
from headway.observed.reconciling import Usage

COST_EXPLORER_REGION = "us-east-1"
"""Its one endpoint."""
KEPT_MONTHS = 13
"""That Cost Explorer looks back besides this one (GetCostAndUsage; more only where it was asked for)."""
SETTLES = timedelta(days=3)
"""Usage of the last days is still coming in."""
_NOT_USAGE = ("Credit", "Refund", "Tax")
_LINES = frozenset({"Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"})
"""Line items of a report that are usage, at their unblended cost."""
ROWS_A_TELL = 200_000


class Costs(NamedTuple):
    """Usage by type, and what must be said of it."""

    usage: tuple[Usage, ...]
    notes: tuple[str, ...] = ()


def explorer(account: Account, stack: str, since: date, until: date, *, tag: str = STACK_TAG) -> Costs:
    """Cost Explorer's answer for the resources with a stack's tag. Each page costs USD 0.01.

    Raises:
        AccountError: AWS could not be asked, or said no.
        HeadwayError: It knows nothing of the stack in the period, or the period is one that it cannot know.
    """
    _check_period(since, until)
    by_tag = {"Tags": {"Key": tag, "Values": [stack], "MatchOptions": ["EQUALS"]}}
    without = {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(_NOT_USAGE)}}}
    found: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    estimated = False
    for page in account.pages(
        "ce", "get_cost_and_usage", region=COST_EXPLORER_REGION,
        TimePeriod={"Start": since.isoformat(), "End": until.isoformat()}, Granularity="MONTHLY",
        Metrics=["UnblendedCost", "UsageQuantity"], Filter={"And": [by_tag, without]},
        GroupBy=[{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "DIMENSION", "Key": "USAGE_TYPE"}],
    ):  # fmt: skip
        for period in page["ResultsByTime"]:
            estimated = estimated or period.get("Estimated", False)
            for group in period["Groups"]:
                _in_usd(group["Metrics"]["UnblendedCost"].get("Unit", "USD"))
                row = found[group["Keys"][0], group["Keys"][1]]
                row[0] += Decimal(group["Metrics"]["UsageQuantity"]["Amount"])
                row[1] += Decimal(group["Metrics"]["UnblendedCost"]["Amount"])
    if not found:
        raise HeadwayError(
            f"Cost Explorer has nothing with the tag {tag}={stack} from {since} to {until}: activate {tag} as a "
            "cost-allocation tag (Billing, Cost allocation tags; it counts from the next day on), or look at the dates"
        )
    notes = ["AWS says that figures of this period may still change"] if estimated else []
    return Costs(_usage(found), tuple(notes))


def report(
    path: Path,
    stack: str,
    since: date,
    until: date,
    *,
    tag: str = STACK_TAG,
    say: Callable[[str], None] = lambda _: None,
) -> Costs:
    """A Cost and Usage Report's export (CSV, also gzipped; legacy or 2.0), read row by row.

    Raises:
        HeadwayError: It cannot be read, is no such report, or holds nothing of the stack in the period.
    """  # fmt: skip
    found: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    rows = 0
    for rows, row in enumerate(_rows(path, tag, stack), start=1):
        if rows % ROWS_A_TELL == 0:
            say(f"{path.name}: {rows:,} lines of the stack")
        if since <= row.day < until:
            total = found[row.service, row.usage_type]
            total[0], total[1] = total[0] + row.quantity, total[1] + row.cost
    if not found:
        where = f"{rows:,} lines of the stack, none" if rows else f"no usage with the tag {tag}={stack}"
        raise HeadwayError(f"{path}: {where} from {since} to {until}; was the tag activated for cost allocation?")
    return Costs(_usage(found))


class _Row(NamedTuple):
    day: date
    service: str
    usage_type: str
    quantity: Decimal
    cost: Decimal


def _rows(path: Path, tag: str, stack: str) -> Iterator[_Row]:
    """The usage lines of a stack."""
    try:
        with _opened(path) as file:
            reader = csv.reader(file)
            header = next(reader, [])
            column = _columns(path, header, tag)
            for line, cells in enumerate(reader, start=2):
                if not cells:
                    continue
                if len(cells) < len(header):
                    raise HeadwayError(f"{path}:{line}: {len(cells)} columns, the header has {len(header)}: cut short?")
                if cells[column["kind"]] in _LINES and _tagged(cells[column["tag"]], tag, stack, column["map"] == 1):
                    yield _read(path, line, cells, column)
    except (UnicodeDecodeError, csv.Error, gzip.BadGzipFile, EOFError) as error:
        raise HeadwayError(f"{path}: not a CSV export of a Cost and Usage Report ({error})") from None
    except OSError as error:
        raise HeadwayError(f"{path}: cannot be read ({error.strerror or error})") from None


def _opened(path: Path) -> IO[str]:
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    if packed:
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8-sig", newline="")


_NAMES = {
    "kind": "lineitemlineitemtype", "service": "lineitemproductcode", "type": "lineitemusagetype",
    "quantity": "lineitemusageamount", "cost": "lineitemunblendedcost", "start": "lineitemusagestartdate",
    "currency": "lineitemcurrencycode",
}  # fmt: skip
"""Columns, without what the two versions write between words: ``lineItem/UsageType``, ``line_item_usage_type``."""


def _columns(path: Path, header: Sequence[str], tag: str) -> dict[str, int]:
    """Where each column is."""
    places = {_plain(name): place for place, name in enumerate(header)}
    found = {key: places[name] for key, name in _NAMES.items() if name in places}
    missing = [name for name in _NAMES if name not in found and name != "currency"]
    if missing:
        wanted = {"kind": "LineItemType", "service": "ProductCode", "type": "UsageType", "quantity": "UsageAmount",
                  "cost": "UnblendedCost", "start": "UsageStartDate"}  # fmt: skip
        raise HeadwayError(
            f"{path}: not a Cost and Usage Report: no column lineItem/{wanted[missing[0]]} (or line_item_..., 2.0)"
        )
    own = next((place for name, place in places.items() if name == _plain(f"resourceTags/user:{tag}")), None)
    joint = places.get("resourcetags")
    if own is None and joint is None:
        raise HeadwayError(
            f"{path}: no column resourceTags/user:{tag}: activate the tag for cost allocation and include resource tags"
        )
    return {**found, "tag": own if own is not None else joint or 0, "map": 0 if own is not None else 1}


def _tagged(cell: str, tag: str, stack: str, joint: bool) -> bool:
    """Whether a line is the stack's: by a column of the tag, or by a map of all tags as 2.0 has it."""
    if not joint:
        return cell == stack
    if stack not in cell:
        return False
    try:
        tags: dict[str, Any] = json.loads(cell)
    except ValueError:
        return False
    return any(_plain(key).endswith(_plain(tag)) and value == stack for key, value in tags.items())


def _read(path: Path, line: int, cells: Sequence[str], column: dict[str, int]) -> _Row:
    start = cells[column["start"]]
    try:
        day = datetime.fromisoformat(start.replace("Z", "+00:00")).date()
    except ValueError:
        raise HeadwayError(f"{path}:{line}: usage start {start!r} is no time such as 2026-10-01T00:00:00Z") from None
    try:
        quantity, cost = (Decimal(cells[column[name]] or "0") for name in ("quantity", "cost"))
    except InvalidOperation:
        raise HeadwayError(f"{path}:{line}: usage amount or unblended cost is no number") from None
    if "currency" in column:
        _in_usd(cells[column["currency"]])
    return _Row(day, cells[column["service"]], cells[column["type"]], quantity, cost)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _in_usd(unit: str) -> None:
    if unit not in ("USD", "", "N/A"):
        raise HeadwayError(f"the bill is in {unit}, the estimate in USD: they cannot be compared")


def _usage(found: dict[tuple[str, str], list[Decimal]]) -> tuple[Usage, ...]:
    return tuple(
        Usage(service=service, usage_type=kind, quantity=float(quantity), cost=cost)
        for (service, kind), (quantity, cost) in sorted(found.items())
        if quantity or cost
    )


def _check_period(since: date, until: date) -> None:
    today = datetime.now(UTC).date()
    if since >= until:
        raise HeadwayError(f"--from {since} --to {until}: the period has no days; --to is the first day after it")
    if until > today + timedelta(days=1):
        raise HeadwayError(f"--to {until} lies ahead: today is {today}")
    if since < today - timedelta(days=31 * KEPT_MONTHS + 31):
        raise HeadwayError(f"--from {since}: Cost Explorer looks {KEPT_MONTHS} months back; take a report with --file")


def still_coming_in(until: date) -> tuple[str, ...]:
    """What is to be said of a period that has just ended."""
    today = datetime.now(UTC).date()
    if until <= today - SETTLES:
        return ()
    return (f"the days up to {until} are not all billed yet: usage comes in for some {SETTLES.days} days",)
