"""The page's pictures of money: the cost of waiting, the bill, the saving, the candidates."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from headway.advice import CurvePoint, Step
from headway.bill.lines import Bill
from headway.planning.plan import Plan
from headway.report.page.drawing import (
    FAINT,
    INK,
    NARROW,
    SERIES,
    SHAPES,
    Drawing,
    Rows,
    Spec,
    category,
    drawing,
    labels,
    mark,
    number,
)  # fmt: skip
from headway.units import format_duration, format_usd

CURVE_TICKS_S = (0.1, 1, 10, 60, 600, 3600, 14_400, 86_400)
FEW_TICKS_S = (0.1, 1, 10, 60, 600, 3600, 86_400)
SMALL = 0.01
"""Of the bill: what a service must cost to have a bar of its own."""


def curve_drawing(points: Sequence[CurvePoint]) -> Drawing | None:
    """Monthly cost against the wait: a stretch an architecture, each mark a wait that was planned.

    The marks named ``here_line`` and ``here_ring`` are one a priced point, in order: the slider shows one of them. None
    where nothing makes any of the waits.
    """
    if not any(point.monthly for point in points):
        return None
    names = list(dict.fromkeys(point.architecture for point in points if point.architecture))
    first, last = points[0].max_wait_s * 0.8, points[-1].max_wait_s * 1.25
    stretches: Rows = [
        {
            "wait": point.max_wait_s, "until": until, "is": point.architecture, "usd": float(point.monthly.expected),
            "low": float(point.monthly.low), "high": float(point.monthly.high),
        }
        for point, until in zip(points, [*(other.max_wait_s for other in points[1:]), last], strict=True)
        if point.monthly is not None
    ]  # fmt: skip
    drops: Rows = [{"wait": new["wait"], "usd": old["usd"], "to": new["usd"]} for old, new in pairwise(stretches)]
    begins = stretches[0]["wait"] if stretches else last
    impossible: Rows = [{"wait": first, "until": begins}] if begins > points[0].max_wait_s else []
    own: Rows = [{"wait": point.max_wait_s} for point in points if point.own]
    top = max((row["high"] for row in stretches), default=1.0) * 1.05
    money = ",d" if top >= 10 else ",.2~f"

    def spec(width: int) -> Spec:
        wide = width > NARROW
        ticks = labels({tick: format_duration(tick) for tick in (CURVE_TICKS_S if wide else FEW_TICKS_S)})
        x = number(
            "wait", scale={"type": "log", "domain": [first, last], "nice": False}, axis={**ticks, "grid": False},
            title="how long people can wait",
        )  # fmt: skip
        y = number(
            "usd",
            scale={"domain": [0, top]},
            axis={"format": money, "tickCount": 5},
            title="USD a month",
        )
        until, none = {"field": "until"}, {"value": "nothing makes it"}
        nobody = impossible if wide else []
        keys = {"columns": 0 if wide else 2}
        colour = category("is", dict(zip(names, SERIES, strict=False)), legend=keys)
        shape = category("is", dict(zip(names, SHAPES, strict=False)), legend=keys)
        band = {"x": x, "x2": until, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": colour}
        return {
            "width": width, "height": 260 if wide else 220, "data": {"values": stretches},
            "layer": [
                mark("rect", impossible, {"x": x, "x2": until}, color=FAINT, opacity=0.18),
                mark("text", nobody, {"x": x, "y": {"value": 14}, "text": none}, align="left", dx=6),
                mark("rule", own, {"x": x}, color=INK, strokeDash=[2, 3]),
                mark("rect", None, band, opacity=0.16),
                mark("rule", drops, {"x": x, "y": y, "y2": {"field": "to"}}, color=FAINT),
                mark("rule", None, {"x": x, "x2": until, "y": y, "color": colour}, strokeWidth=3),
                mark("rule", None, {"x": x}, name="here_line", color=INK),
                mark("point", None, {"x": x, "y": y, "color": colour, "shape": shape}, size=70, filled=True, opacity=1),
                mark("point", None, {"x": x, "y": y}, name="here_ring", size=260, color=INK, strokeWidth=2),
            ],
        }  # fmt: skip

    said = (
        f"{format_duration(point.max_wait_s)} {format_usd(point.monthly.expected) if point.monthly else 'not possible'}"
        for point in points
    )
    return drawing("Monthly cost against how long people can wait: " + "; ".join(said), spec)


def bill_drawing(bill: Bill) -> Drawing | None:
    """What each service takes of the month, the dearest first."""
    amounts: dict[str, float] = {}
    for line in bill.lines:
        if line.amount is not None:
            amounts[line.service] = amounts.get(line.service, 0.0) + float(line.amount.expected)
    found = sorted(((name, usd) for name, usd in amounts.items() if usd > 0), key=lambda pair: -pair[1])
    if not found:
        return None
    total = sum(amounts.values())
    shown = [(name, usd) for name, usd in found if usd >= SMALL * total]
    small = [usd for _, usd in found[len(shown) :]]
    if small:
        shown.append((f"{len(small)} more {'service' if len(small) == 1 else 'services'}", sum(small)))
    bars = [_bar(name, 0, usd, format_usd(usd), "bill") for name, usd in shown]
    return _bars("What each service costs", bars, {"bill": SERIES[0]})


def waterfall_drawing(steps: Sequence[Step]) -> Drawing | None:
    """From what runs today to the choice: each switch takes the bill down, or up."""
    if not steps:
        return None
    bars = [_bar(steps[0].what, 0, float(steps[0].monthly), format_usd(steps[0].monthly), "bill")]
    for step in steps[1:]:
        kind, sign = ("less", "-") if step.saves >= 0 else ("more", "+")
        before = float(step.monthly + step.saves)
        bars.append(_bar(step.what, float(step.monthly), before, f"{sign} {format_usd(abs(step.saves))}", kind))
    bars.append(_bar("what is left", 0, float(steps[-1].monthly), format_usd(steps[-1].monthly), "bill"))
    return _bars("Where the saving comes from", bars, {"bill": SERIES[0], "less": SERIES[2], "more": SERIES[1]})


def candidates_drawing(plan: Plan) -> Drawing | None:
    """Bill and operations of each candidate that makes the wait, the cheapest first."""
    found = [
        (float(one.bill.total.expected), float(one.operations.monthly), one)
        for one in plan.candidates
        if one.feasible and one.bill is not None
    ]
    if len(found) < 2:
        return None
    bars: Rows = []
    for bill, operations, one in sorted(found, key=lambda row: row[0] + row[1]):
        missing = " and what has no price" if one.bill and one.bill.unpriced else ""
        name = one.architecture + (" (chosen)" if one.reason == "chosen" else "")
        bars.append(_bar(name, 0, bill, "", "AWS bill"))
        bars.append(_bar(name, bill, bill + operations, format_usd(bill + operations) + missing, "operations"))
    return _bars("Candidates", bars, {"AWS bill": SERIES[0], "operations": SERIES[4]}, legend={})


def _bar(name: str, start: float, end: float, said: str, kind: str) -> dict[str, object]:
    return {"name": name, "from": start, "to": end, "said": said, "is": kind}


def _bars(what: str, bars: Rows, colours: dict[str, str], *, legend: Spec | None = None) -> Drawing:
    """Horizontal bars in the rows' order, what each comes to behind it; on a phone its name above it."""
    names = list(dict.fromkeys(row["name"] for row in bars))
    most = max(row["to"] for row in bars) or 1.0

    def spec(width: int) -> Spec:
        wide = width > NARROW
        axis = {"labelLimit": 330, "ticks": False, "domain": False, "labelPadding": 8} if wide else None
        y = {"field": "name", "type": "nominal", "sort": names, "axis": axis, "title": None}
        x = number("from", scale={"domain": [0, most * (1.3 if wide else 1.45)], "nice": False}, axis=None)
        colour = category("is", colours, legend=legend)
        high, down = (18, 0) if wide else (12, 9)
        text = {"align": "left", "baseline": "middle"}
        layers = [
            mark("bar", None, {"x": x, "x2": {"field": "to"}, "y": y, "color": colour}, height=high, yOffset=down),
            mark("text", None, {"x": {**x, "field": "to"}, "y": y, "text": {"field": "said"}}, dx=6, dy=down, **text),
        ]
        if not wide:
            layers.append(mark("text", None, {"x": {"value": 0}, "y": y, "text": {"field": "name"}}, dy=-7, **text))
        step = {"step": 26 if wide else 38}
        return {"width": 500 if wide else width, "height": step, "data": {"values": bars}, "layer": layers}

    listed = "; ".join(f"{row['name']} {row['said']}" for row in bars if row["said"])
    return drawing(f"{what}, a month: {listed}", spec)
