"""The page's sections that have a picture: waiting, the week, the bill, the saving, the candidates."""

from __future__ import annotations

import json

from headway.advice import CurvePoint, Joined
from headway.architectures import Workload
from headway.architectures.capacity import weekly_capacity
from headway.bill.lines import Bill
from headway.bill.pricing import Pricing
from headway.planning.plan import Plan
from headway.prices import PriceBook
from headway.profile import Profile
from headway.report import reasons, words
from headway.report.bill import STATES, grouped_lines
from headway.report.console import quantity, unit_price, usd, usd_range
from headway.report.page import charts
from headway.report.page.layout import Cell, Grid, Section
from headway.report.page.week import Week, spans, weeks
from headway.report.page.week_chart import week_drawing
from headway.report.terminal import waits
from headway.traffic import build_demand
from headway.units import format_duration, format_usd


def waiting(plan: Plan, joined: Joined) -> Section | None:
    """What each wait would cost; None where nobody asked for it."""
    points = joined.curve
    if not points:
        return None
    drawing = charts.curve_drawing(points)
    own = next((number for number, point in enumerate(points) if point.own), 0)
    said = [_point(point, plan) for point in points]
    head = (
        Cell("people can wait"),
        Cell("architecture"),
        Cell("USD a month", True),
        Cell("low to high", True),
        Cell("wait, 99 %", True),
    )
    body = tuple(
        (
            Cell(format_duration(point.max_wait_s)),
            Cell(point.architecture or "nothing makes it", mark="" if point.architecture else "warn"),
            Cell(usd(point.monthly.expected) if point.monthly else "", True),
            Cell(usd_range(point.monthly) if point.monthly else "", True),
            Cell(format_duration(point.wait.p99_s) if point.wait else "", True),
        )
        for point in points
    )  # fmt: skip
    lead = (
        "The cheapest, simplest architecture for each wait, the same at all hours. "
        "Between two points that of the shorter wait still does; bands run from a bill's low to its high end."
    )
    return Section(
        "waiting", "What waiting costs", lead, drawing, _script_safe(said) if drawing else "", own,
        table=Grid("What waiting costs, a month", head, body, strong=(own,)), folded=drawing is not None,
    )  # fmt: skip


def _script_safe(value: object) -> str:
    """JSON that may stand inside a script element."""
    return json.dumps(value).replace("<", "\\u003c")


def _point(point: CurvePoint, plan: Plan) -> dict[str, str]:
    """What the slider says at one wait."""
    wait = format_duration(point.max_wait_s)
    if point.monthly is None or point.wait is None or point.architecture is None:
        return {"wait": wait, "is": "nothing makes it", "usd": "", "said": f"{wait}: no architecture makes this wait."}
    bill = format_usd(point.monthly.expected)
    said = f"99 % of requests are ready within {format_duration(point.wait.p99_s)}"
    same = False
    if plan.choice is not None:
        more = point.monthly.expected - plan.choice.monthly.expected
        same = abs(more) < 1 and point.architecture == plan.choice.architecture
        apart = f"{format_usd(abs(more))} {'more' if more > 0 else 'less'} than the plan"
        said += f"; {'as much as the plan' if same else apart}"
    if point.own:
        said += f"; this workload's own wait{'' if same else ', at all hours'}"
    return {"wait": wait, "is": point.architecture, "usd": f"{bill} a month", "said": f"{said}."}


def week(profile: Profile, plan: Plan, book: PriceBook) -> list[Section]:
    """The week of each part that requests go to; nothing where nothing fits."""
    if plan.design is None:
        return []
    demand = build_demand(profile, scale=plan.scale)
    workload = Workload(profile, demand, Pricing(book, profile.region), None, plan.scale)
    shown = weeks(demand, weekly_capacity(plan.design, workload))
    return [_part(week, first=number == 0) for number, week in enumerate(shown)]


def _part(week: Week, *, first: bool) -> Section:
    head = [Cell("days"), Cell("hours"), Cell("mean", True), Cell("busiest", True), Cell("can be served", True)]
    if week.instances:
        head.append(Cell("instances", True))
    body = tuple(
        tuple(Cell(text, number > 1) for number, text in enumerate(span) if number < len(head)) for span in spans(week)
    )
    title = "The week: demand and capacity"
    if week.part:
        title = f"{title + ':' if first else 'The week of'} {week.part}, {week.architecture}"
    return Section(
        f"week-{week.part or 'all'}", title, week.said, week_drawing(week),
        table=Grid("Requests an hour", tuple(head), body), folded=True,
    )  # fmt: skip


def bill(plan: Plan) -> list[Section]:
    """The month, line by line; and what is paid once for a backlog or a first load."""
    chosen = plan.chosen
    if chosen is None or chosen.bill is None:
        return []
    found = [_billed(chosen.bill, "bill", f"The bill of {chosen.architecture}, a month of 730 hours", "a month")]
    if (said := words.per_request(plan)) is not None:
        found = [found[0]._replace(sentences=(*found[0].sentences, said))]
    for run, name in ((chosen.backlog, "Backlog"), (chosen.first_load, "First load")):
        if run is not None:
            one = _billed(run.bill, name.lower().replace(" ", "-"), f"{name}, once: {run.items:,} items", "once")
            found.append(one._replace(lead=words.once(run)))
    return found


def _billed(bill: Bill, name: str, title: str, period: str) -> Section:
    head = (
        Cell("service"), Cell("what"), Cell("quantity", True), Cell("unit"), Cell("unit price", True),
        Cell("USD", True), Cell("low to high", True), Cell("price of"),
    )  # fmt: skip
    body = []
    for service, line in grouped_lines(bill):
        priced = line.state == "priced" and line.amount is not None
        amount = usd(line.amount.expected) if priced and line.amount else STATES.get(line.state, "")
        mark = {"unpriced": "warn"}.get(line.state, "" if priced else "dim")
        body.append(
            (
                Cell(service), Cell(line.description), Cell(quantity(line.quantity.expected), True), Cell(line.unit),
                Cell(unit_price(line.unit_price) if priced and line.unit_price is not None else "", True),
                Cell(amount, True, mark), Cell(usd_range(line.amount) if priced and line.amount else "", True),
                Cell(line.as_of, mark="dim"),
            )
        )  # fmt: skip
    total = f"total {period}{' of what has a price' if bill.unpriced else ''}"
    foot = (
        Cell(""), Cell(total), Cell(""), Cell(""), Cell(""), Cell(usd(bill.total.expected), True),
        Cell(usd_range(bill.total), True), Cell(""),
    )  # fmt: skip
    left_out = ", ".join(dict.fromkeys(bill.unpriced))
    sentences = (f"The total leaves out what has no price in the book: {left_out}.",) if left_out else ()
    return Section(
        name, title, drawing=charts.bill_drawing(bill), sentences=sentences,
        table=Grid(title, head, tuple(body), (foot,)),
    )  # fmt: skip


def waterfall(joined: Joined) -> Section | None:
    """From what runs today to the choice; None where there is nothing to start from."""
    steps = joined.waterfall
    if not steps:
        return None
    head = (Cell("step"), Cell("USD a month", True), Cell("saves", True), Cell(""))
    body = tuple(
        (
            Cell(step.what), Cell(usd(step.monthly), True), Cell(usd(step.saves) if step.saves else "", True),
            Cell(reasons.share_of_first(step, steps), mark="dim"),
        )
        for step in steps
    )  # fmt: skip
    return Section(
        "saving", "Where the saving comes from", "Each step switches one thing and is priced by itself.",
        charts.waterfall_drawing(steps), table=Grid("Where the saving comes from, a month", head, body), folded=True,
    )  # fmt: skip


def candidates(plan: Plan) -> Section:
    """Every architecture with its waits, its bill and its reason."""
    head = (
        Cell("architecture"), Cell("fits"), Cell("p50 wait", True), Cell("p99 wait", True), Cell("worst", True),
        Cell("USD a month", True), Cell("operations", True), Cell("total", True), Cell("why"),
    )  # fmt: skip
    body, strong = [], []
    for number, one in enumerate(plan.candidates):
        billed = one.bill
        more = "+?" if billed and billed.unpriced else ""
        if plan.choice is not None and one.architecture == plan.choice.architecture:
            strong.append(number)
        body.append(
            (
                Cell(one.architecture), Cell("yes" if one.feasible else "no"),
                *(Cell(text, True) for text in waits(one.wait)),
                Cell(usd(billed.total.expected) + more if billed else "", True),
                Cell(usd(one.operations.monthly) if billed else "", True),
                Cell(usd(billed.total.expected + one.operations.monthly) if billed else "", True), Cell(one.reason),
            )
        )  # fmt: skip
    lead = "The simplest that makes the wait and comes within what a saving must earn; operations are people's hours."
    if (note := words.of_all_hours(plan)) is not None:
        lead += f" {note}"
    return Section(
        "candidates", "Candidates", lead, charts.candidates_drawing(plan),
        table=Grid("Candidates, USD a month", head, tuple(body), strong=tuple(strong)),
    )  # fmt: skip
