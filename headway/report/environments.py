"""Environments in a terminal: a column a stack, a row a thing that differs between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.text import Text

from headway.diff.environments import Environment, Environments
from headway.planning.consequences import holding
from headway.report.console import bullets, heading, new_table, print_table, quantity, usd_range
from headway.report.words import promised
from headway.units import format_duration, format_usd, to_decimal

LOCKS = {"current": "current", "stale": "out of date", "missing": "not locked"}
NONE = "-"


def print_environments(out: Console, found: Environments) -> None:
    """The table, then what stands in the way of each."""
    stacks = found.environments
    names = tuple(one.stack for one in stacks)
    table = new_table("", *names, fold=names)
    for label, cell in _ROWS:
        cells = [cell(one) for one in stacks]
        if any(text != NONE for text in cells):
            table.add_row(label, *(Text(text, style="yellow" if _warns(label, text) else "") for text in cells))
    print_table(out, table)
    for one in stacks:
        said = [*_problems(one)]
        if said:
            heading(out, one.stack)
            bullets(out, said)


def _problems(one: Environment) -> list[str]:
    said = [line for line in (one.problem or "").splitlines() if line]
    if one.lock != "current" and one.problem is None:
        said.append(f"{LOCKS[one.lock]}: run `headway lock --stack {one.stack}`")
    return [*said, *one.stale, *([one.over] if one.over else [])]


def _warns(label: str, text: str) -> bool:
    return label == "lock" and text != LOCKS["current"]


def _architecture(one: Environment) -> str:
    if one.runs is None:
        return "invalid"
    return one.runs.architecture or "nothing fits"


def _wait(one: Environment) -> str:
    if one.runs is None or one.runs.wait is None:
        return NONE
    return f"p{one.runs.percentile:g} {promised(one.runs.wait)}"


def _limit(one: Environment) -> str:
    return NONE if one.runs is None or one.runs.limit_s is None else format_duration(one.runs.limit_s)


def _bill(one: Environment) -> str:
    if one.runs is None or one.runs.monthly is None:
        return NONE
    return f"{format_usd(one.runs.monthly.expected)}{' +?' if one.runs.unpriced else ''}"


def _range(one: Environment) -> str:
    return (usd_range(one.runs.monthly) or NONE) if one.runs and one.runs.monthly else NONE


def _requests(one: Environment) -> str:
    return NONE if one.requests_per_month is None else quantity(to_decimal(one.requests_per_month))


_ROWS: tuple[tuple[str, Callable[[Environment], str]], ...] = (
    ("profile", lambda one: Path(one.profile).stem if one.profile else NONE),
    ("share of traffic", lambda one: NONE if one.runs is None else f"{one.runs.scale:.4g}"),
    ("requests a month", _requests),
    ("architecture", _architecture),
    ("alongside", lambda one: (one.runs.alongside if one.runs else None) or NONE),
    ("wait", _wait),
    ("promised", _limit),
    ("USD a month", _bill),
    ("low to high", _range),
    ("sizes, least to most", lambda one: "\n".join(f"{what}: {size}" for what, size in one.sizes.items()) or NONE),
    ("cap, USD a month", lambda one: NONE if one.caps.max_monthly is None else format_usd(one.caps.max_monthly)),
    ("cap, instances", lambda one: NONE if one.caps.max_instances is None else str(one.caps.max_instances)),
    ("budget", lambda one: NONE if one.caps.budget is None else format_usd(one.caps.budget)),
    ("kept", lambda one: "\n".join(holding(row) for row in one.runs.kept) or NONE if one.runs else NONE),
    ("data", lambda one: "protected" if one.protect_data else "not protected"),
    ("tags", lambda one: "\n".join(f"{key}={value}" for key, value in one.tags.items()) or NONE),
    ("lock", lambda one: NONE if one.problem else LOCKS[one.lock]),
)
