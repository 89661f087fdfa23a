"""What stands on the page, in the order in which a reader asks for it."""

from __future__ import annotations

from collections.abc import Sequence

from headway.advice import Joined
from headway.architectures.candidate import Candidate
from headway.planning.plan import Plan
from headway.prices import PriceBook, load_book
from headway.profile import Profile
from headway.report import reasons, words
from headway.report.bill import price_sources
from headway.report.console import usd_range
from headway.report.page import sections
from headway.report.page.layout import Cell, Content, Fact, Grid, Section
from headway.report.prices import age_sentence
from headway.units import format_duration, format_usd


def content(
    profile: Profile,
    plan: Plan,
    joined: Joined,
    *,
    book: PriceBook | None = None,
    stack: str = "",
    notes: Sequence[str] = (),
) -> Content:
    """Everything about a plan, in the order in which a reader asks for it."""
    prices = book or load_book()
    choice = plan.choice
    once = [*_runs(plan.chosen), *reasons.one_off_sentences(joined.one_off or ())]
    made = (
        sections.waiting(plan, joined),
        *sections.week(profile, plan, prices),
        *sections.bill(plan),
        sections.waterfall(joined),
        sections.candidates(plan),
        _listed("why", f"Why {choice.architecture}", choice.why) if choice else None,
        _listed("advice", "Advice", [reasons.advice_sentence(one) for one in joined.advice or ()]),
        _listed("sure", "How sure is it", reasons.robustness_sentences(joined.robustness or ())),
        _whole(plan, _listed("changes", "When another architecture would be right", _changes(joined))),
        _whole(plan, _measuring(joined)),
        _listed("once", "Once, besides the month's bill", once),
        _listed("commitments", "Commitments, not in the bill", reasons.commitment_sentences(joined.commitments or ())),
        _listed("mind", "Mind", plan.warnings),
        _listed("left-out", "Not considered", [f"{one.what}: {one.reason}" for one in plan.not_considered]),
        _assumptions(plan),
        _sources(plan),
    )  # fmt: skip
    scaled = "" if plan.scale == 1 else f", {plan.scale:.4g} of the traffic"
    return Content(
        title=f"{plan.profile.name}, stack {stack}" if stack else plan.profile.name,
        question=words.question(plan),
        verdict=words.verdict(plan),
        fits=plan.choice is not None,
        notes=(*notes, *_prices_note(joined), *([words.today(plan.current, plan)] if plan.current else [])),
        facts=tuple(_facts(plan)),
        sections=tuple(one for one in made if one is not None),
        made_from=f"Profile {plan.profile.name}{scaled}; prices of {plan.prices.region} as of {plan.prices.as_of}.",
    )


def _prices_note(joined: Joined) -> list[str]:
    said = age_sentence(joined.price_age)
    return [] if said is None else [f"Mind: {said}."]


def _facts(plan: Plan) -> list[Fact]:
    choice = plan.choice
    if choice is None:
        return []
    waited = choice.wait
    worst = "unbounded" if waited.worst_s is None else f"at worst {format_duration(waited.worst_s)}"
    most = f"99 % of all: {format_duration(waited.p99_s)}, {worst}"
    spread = usd_range(choice.monthly)
    found = [
        Fact("a month", format_usd(choice.monthly.expected), spread),
        Fact("wait, half of them", format_duration(waited.p50_s), most),
        Fact("operations", f"{choice.operations.hours:g} h a month", format_usd(choice.operations.monthly)),
    ]
    if choice.per_1000_requests is not None:
        busy = "" if choice.utilization is None else f"instances busy {choice.utilization:.0%}"
        found.append(Fact("1,000 requests", format_usd(choice.per_1000_requests), busy))
    return found


def _listed(name: str, title: str, sentences: Sequence[str]) -> Section | None:
    return Section(name, title, sentences=tuple(sentences)) if sentences else None


def _whole(plan: Plan, section: Section | None) -> Section | None:
    """What looks at other volumes looks at all of the traffic, whatever share of it this environment gets."""
    if section is None or plan.scale == 1:
        return section
    return section._replace(lead="Of all of the traffic, on which the architecture is chosen.")


def _changes(joined: Joined) -> list[str]:
    return [reasons.break_even_sentence(one) for one in joined.break_evens or ()]


def _runs(chosen: Candidate | None) -> list[str]:
    """One-off work that is billed in a section of its own, named where people look for what is paid once."""
    if chosen is None:
        return []
    pairs = (("backlog", chosen.backlog), ("first load", chosen.first_load))
    return [f"{name}: {format_usd(run.bill.total.expected)} (billed above)" for name, run in pairs if run is not None]


def _measuring(joined: Joined) -> Section | None:
    found = joined.information or ()
    changing = [row for row in found if row.changes]
    same = reasons.harmless_inputs(found)
    if not changing and same is None:
        return None
    head = (Cell("if this is"), Cell("really"), Cell("then right is"), Cell("staying loses a month"))
    body = tuple(
        (Cell(row.input), Cell(row.value), Cell(row.architecture or "nothing makes the wait"), Cell(reasons.loss(row)))
        for row in changing
    )
    table = Grid("Inputs that would change the choice", head, body) if changing else None
    return Section("measuring", "What measuring is worth", sentences=(same,) if same else (), table=table)


def _assumptions(plan: Plan) -> Section | None:
    if not plan.assumptions:
        return None
    head = (Cell("name"), Cell("value", True), Cell("unit"), Cell("source"), Cell("as of"))
    body = tuple(
        (Cell(row.name), Cell(row.value, True), Cell(row.unit), Cell(row.source), Cell(row.as_of))
        for row in plan.assumptions
    )
    lead = f"The answer rests on {len(plan.assumptions)} numbers that nobody measured here; measure what matters most."
    return Section("assumptions", "Assumptions", lead, table=Grid("Assumptions", head, body), folded=True)


def _sources(plan: Plan) -> Section | None:
    chosen = plan.chosen
    found = price_sources(chosen.bill) if chosen is not None and chosen.bill is not None else []
    if not found:
        return None
    head = (Cell("price"), Cell("source"), Cell("as of"), Cell("confidence"))
    body = tuple(tuple(Cell(text) for text in row) for row in found)
    return Section(
        "prices", "Prices", f"As of {plan.prices.as_of}, region {plan.prices.region}.",
        table=Grid("Where each price comes from", head, body), folded=True,
    )  # fmt: skip
