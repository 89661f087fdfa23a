"""Every architecture's candidate for a workload, ranked; hybrids get their parts planned by the same rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headway.architectures import ARCHITECTURES, HYBRIDS, Workload, planned
from headway.architectures.candidate import Candidate
from headway.architectures.fallback import falling_back
from headway.architectures.hybrid_design import FeaturesDesign, PrecomputedDesign, TieredDesign
from headway.architectures.queue_path import dashboard_lines
from headway.architectures.router_path import Parts
from headway.assumptions import assume
from headway.bill.lines import Bill
from headway.selection import Ranked, best_variant, choose, rank
from headway.units import to_decimal

Shape = Mapping[str, str]
"""The architecture of each part of a hybrid, by the part's name."""


def rank_all(names: Sequence[str], workload: Workload, share: float, shape: Shape | None = None) -> list[Ranked]:
    """The named architectures' candidates, ranked; a hybrid that the profile says nothing for is left out.

    Args:
        names: Architectures, simple and hybrid; a hybrid named alone is planned even where the profile has no use for
            it, to say so.
        workload: What to plan for.
        share: What a more complex design must save.
        shape: The architectures that a hybrid's parts were given on the whole traffic; only sized here.
    """
    book = workload.pricing.book
    found = [best_variant(planned(name, workload), book, share) for name in names if name in ARCHITECTURES]
    parts = _planner(share, shape or {})
    for name in names:
        if name in HYBRIDS and (HYBRIDS[name].applies(workload) or len(names) == 1):
            found += HYBRIDS[name].plan(workload, parts, tuple(shape or ()))
    return [rank(with_dashboard(falling_back(one, workload), workload), book) for one in found]


def with_dashboard(candidate: Candidate, workload: Workload) -> Candidate:
    """The whole with a dashboard, where it costs enough to be worth one; parts are shown on their whole's."""
    bill, design = candidate.bill, candidate.design
    if bill is None or design is None or bill.total.expected < to_decimal(assume("dashboard.least_bill")):
        return candidate
    return candidate.model_copy(
        update={
            "design": design.model_copy(update={"dashboard": True}),
            "bill": bill + Bill(lines=dashboard_lines(workload)),
        }
    )


def parts_of(candidate: Candidate) -> dict[str, str]:
    """The shape of a candidate: the architecture of each of its parts; empty for a simple one."""
    design = candidate.design
    if isinstance(design, TieredDesign):
        return {part.name: part.design.architecture for part in design.parts}
    if isinstance(design, PrecomputedDesign | FeaturesDesign):
        return {"fill": design.fill.architecture, "live": design.live.architecture}
    return {}


def _planner(share: float, shape: Shape) -> Parts:
    """Who plans a hybrid's parts: the same choice among the simple architectures."""

    def plan_part(name: str, workload: Workload, allowed: tuple[str, ...]) -> Candidate:
        names = [shape[name]] if name in shape else list(allowed or ARCHITECTURES)
        book = workload.pricing.book
        ranked = [rank(best_variant(planned(one, workload), book, share), book) for one in names]
        winner = choose(ranked, share)
        if winner is not None:
            return winner.candidate
        slow = [one.candidate for one in ranked if one.candidate.reason.startswith("too slow")]
        return (slow or [one.candidate for one in ranked])[0]

    return plan_part
