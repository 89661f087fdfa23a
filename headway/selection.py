"""Selection: the simplest architecture whose total stays within what a saving must earn; every loser says why.

Ranks candidates; never plans, never prints. Rules: total = expected AWS bill + operations hours x hourly cost, with a
missing price charged at the dearest known anywhere (for ranking only).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from headway.architectures.candidate import Candidate
from headway.bill.lines import Line
from headway.prices import PriceBook
from headway.prices.book import Purchase
from headway.units import format_usd, to_decimal

TOLERANCE = {"low": 2, "medium": 1, "high": 0}
"""How many times the minimum saving a more complex design must earn, by the team's tolerance of complexity."""
MOST_MARGIN = 0.9


@dataclass(frozen=True)
class Ranked:
    """A candidate with the total it is compared by; None where a price is unknown everywhere."""

    candidate: Candidate
    total: Decimal | None
    missing: tuple[str, ...] = ()
    """Meters that no region has a price for."""


def margin(minimum_saving: float, complexity_tolerance: str) -> float:
    """The share of the total that a more complex design must save.

    >>> margin(0.1, "low"), margin(0.1, "high")
    (0.2, 0.0)
    """
    return min(MOST_MARGIN, minimum_saving * TOLERANCE[complexity_tolerance])


def rank(candidate: Candidate, book: PriceBook) -> Ranked:
    """The total of a candidate for comparison, or the prices that keep it out of the comparison."""
    if candidate.bill is None:
        return Ranked(candidate, None)
    lines = list(candidate.bill.lines) + (list(candidate.backlog.bill.lines) if candidate.backlog else [])
    total = candidate.operations.monthly
    missing: list[str] = []
    for line in lines:
        if line.amount is not None:
            total += line.amount.expected
        elif line.state == "unpriced" and line.quantity.expected > 0:
            dearest = _dearest(line, book)
            if dearest is None:
                missing.append(f"{line.service}.{line.meter}")
            else:
                total += dearest
    return Ranked(candidate, None if missing else total, tuple(missing))


def choose(ranked: Sequence[Ranked], share: float) -> Ranked | None:
    """The simplest feasible candidate whose total is at most the cheapest's / (1 - share); cheaper breaks ties."""
    eligible = [(one, one.total) for one in ranked if one.candidate.feasible and one.total is not None]
    if not eligible:
        return None
    limit = min(total for _, total in eligible) / (1 - to_decimal(share))
    simplest = [(one, total) for one, total in eligible if total <= limit]

    def order(pair: tuple[Ranked, Decimal]) -> tuple[float, Decimal, float]:
        one, total = pair
        wait = one.candidate.wait.at_percentile_s if one.candidate.wait else float("inf")
        return (one.candidate.operations.hours, total, wait)

    return min(simplest, key=order)[0]


def best_variant(variants: Sequence[Candidate], book: PriceBook, share: float) -> Candidate:
    """The variant of one architecture that stands for it: chosen by the same rule, else the first that explains."""
    ranked = [rank(one, book) for one in variants]
    chosen = choose(ranked, share)
    if chosen is not None:
        return chosen.candidate
    return next((one.candidate for one in ranked if one.candidate.feasible), variants[0])


def explain_losers(ranked: Sequence[Ranked], winner: Ranked | None, share: float) -> tuple[Candidate, ...]:
    """Every candidate with its reason in numbers, in the order given."""
    return tuple(_explained(one, winner, share) for one in ranked)


def _explained(one: Ranked, winner: Ranked | None, share: float) -> Candidate:
    candidate = one.candidate
    if not candidate.feasible:
        return candidate
    if one.missing:
        reason = f"no price known anywhere for {', '.join(one.missing)}; give it with --prices to compare"
        return candidate.model_copy(update={"comparable": False, "reason": reason})
    if winner is None or winner.total is None or one.total is None:
        return candidate
    if one is winner:
        return candidate.model_copy(update={"reason": "chosen"})
    dearer = one.total - winner.total
    if dearer >= 0:
        reason = f"{format_usd(dearer)} a month dearer, operations included"
    else:
        saved = -dearer / winner.total
        reason = f"saves {format_usd(-dearer)} ({saved:.0%}), less than the {share:.0%} a more complex design must earn"
    return candidate.model_copy(update={"reason": reason})


def _dearest(line: Line, book: PriceBook) -> Decimal | None:
    """The line at the dearest price known for it in any region."""
    if line.instance_type:
        price = book.dearest_instance(line.instance_type, cast("Purchase", line.meter))
    else:
        price = book.dearest(line.service, line.meter)
    return None if price is None else line.quantity.expected / price.per * price.usd
