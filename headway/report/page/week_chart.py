"""The picture of a week: requests against what can be served, departures, and instances where they change."""

from __future__ import annotations

from headway.report.page.drawing import (
    GRID,
    NARROW,
    SERIES,
    Drawing,
    Rows,
    Spec,
    category,
    drawing,
    labels,
    mark,
    number,
)  # fmt: skip
from headway.report.page.week import DAYS, Week
from headway.units import HOURS_PER_WEEK

CLIP = 4
"""A capacity that is so many times the demand would press it flat: it is said instead of drawn."""
MEAN, BUSIEST, SERVED, AT_ONCE = "requests on average", "at their busiest", "can be served", "items at once"
STYLES: dict[str, tuple[str, list[int]]] = {
    MEAN: (SERIES[0], [1, 0]), BUSIEST: (SERIES[1], [4, 3]), SERVED: (SERIES[2], [1, 0]),
    AT_ONCE: (SERIES[0], [1, 0]),
}  # fmt: skip


def week_drawing(week: Week) -> Drawing:
    """Demand and capacity by hour; below them the moments of departure and the instances that stand by."""
    series = {AT_ONCE: week.peak} if week.piles else {MEAN: week.mean, BUSIEST: week.peak}
    if not week.piles and (max(week.capacity) <= CLIP * max(week.peak) or len(set(week.capacity)) > 1):
        series[SERVED] = week.capacity
    lines: Rows = [
        {"hour": hour, "requests": value, "is": name}
        for name, values in series.items()
        for hour, value in enumerate((*values, values[-1]))
    ]
    moments: Rows = [{"hour": one.minute / 60} for one in week.departures] if week.departures_drawn else []
    standing: Rows = [
        {"hour": hour, "instances": count} for hour, count in enumerate((*week.instances, *week.instances[-1:]))
    ]

    def spec(width: int) -> Spec:
        wide = width > NARROW
        names = labels({12 + 24 * at: day if wide else day[:2] for at, day in enumerate(DAYS)})
        bare = number("hour", scale={"domain": [0, HOURS_PER_WEEK], "nice": False}, title=None, axis=None)
        x = {**bare, "axis": {**names, "grid": False, "ticks": False}}
        midnights = mark("rule", [{"hour": 24 * day} for day in range(8)], {"x": x}, color=GRID)
        panels = [_demand(lines, list(series), x, midnights, wide=wide)]
        if moments:
            ticks = mark("rule", moments, {"x": bare}, color=SERIES[3], strokeWidth=1 if wide else 0.5)
            panels.append({"title": "departures", "height": 18, "layer": [ticks]})
        if len(set(week.instances)) > 1:
            y = number("instances", axis={"tickMinStep": 1, "tickCount": 3, "format": "d"}, title=None)
            steps = mark("area", standing, {"x": bare, "y": y}, interpolate="step-after", color=SERIES[3], opacity=0.6)
            panels.append({"title": "instances, at least", "height": 60, "layer": [steps]})
        return {
            "vconcat": [{**panel, "width": width} for panel in panels],
        }

    return drawing(week.said, spec)


def _demand(lines: Rows, names: list[str], x: Spec, midnights: Spec, *, wide: bool) -> Spec:
    y = number("requests", axis={"format": "~s", "tickCount": 4}, title="in an hour", scale={"domainMin": 0})
    keys = {"columns": 0 if wide else 2}
    colour = category("is", {name: STYLES[name][0] for name in names}, legend=keys)
    dash = category("is", {name: STYLES[name][1] for name in names}, legend=keys)
    mean = [row for row in lines if row["is"] in {MEAN, AT_ONCE}]
    return {
        "height": 200 if wide else 170,
        "layer": [
            midnights,
            mark("area", mean, {"x": x, "y": y}, interpolate="step-after", opacity=0.25, color=SERIES[0]),
            mark(
                "line", lines, {"x": x, "y": y, "color": colour, "strokeDash": dash},
                interpolate="step-after", strokeWidth=2,
            ),
        ],
    }  # fmt: skip
