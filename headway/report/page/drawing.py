"""Vega-Lite specifications: pictures as plain data, at two widths, in colours that the page's style sheet decides.

A specification is a mapping as Vega-Lite documents it (https://vega.github.io/vega-lite/docs/); the engine draws it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

WIDE, NARROW = 760, 320
"""Plot widths in pixels, for a desktop's column and a phone."""
INK, FAINT, GRID = "var(--ink)", "var(--faint)", "var(--grid)"
SERIES = tuple(f"var(--series-{number})" for number in range(1, 7))
"""The style sheet holds them: after Okabe and Ito's palette, told apart without colour vision."""
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
"""Told apart without any colour."""

Spec = dict[str, Any]
Rows = list[dict[str, Any]]

CONFIG: Spec = {
    "background": "transparent", "aria": False, "padding": 2, "font": "inherit", "view": {"stroke": None},
    "axis": {
        "labelColor": INK, "titleColor": INK, "domainColor": FAINT, "tickColor": FAINT, "gridColor": GRID,
        "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
    },
    "legend": {
        "labelColor": INK, "labelFontSize": 12, "labelLimit": 300, "symbolSize": 90, "orient": "top",
        "direction": "horizontal", "title": None, "symbolOpacity": 1,
    },
    "title": {"color": INK, "fontSize": 12, "anchor": "start", "fontWeight": "normal", "offset": 2},
    "text": {"color": INK, "fontSize": 12},
    "concat": {"spacing": 6},
}  # fmt: skip


class Drawing(NamedTuple):
    """A picture to be drawn: what it shows in a sentence, for those who cannot see it, and how."""

    label: str
    wide: Spec
    narrow: Spec


def drawing(label: str, spec: Callable[[int], Spec]) -> Drawing:
    """The picture of a specification by plot width."""
    return Drawing(label, *({**spec(width), "config": CONFIG} for width in (WIDE, NARROW)))


def mark(kind: str, of: Rows | None, encoding: Spec, *, name: str | None = None, **properties: Any) -> Spec:
    """One layer: marks of a kind, for rows of its own where ``of`` is given."""
    made: Spec = {"mark": {"type": kind, **properties}, "encoding": encoding}
    if of is not None:
        made["data"] = {"values": of}
    return made if name is None else {**made, "name": name}


def number(field: str, **more: Any) -> Spec:
    """A channel for a quantity."""
    return {"field": field, "type": "quantitative", **more}


def category(field: str, values: dict[str, Any], **more: Any) -> Spec:
    """A channel for names, each with what stands for it."""
    return {
        "field": field, "type": "nominal", "scale": {"domain": list(values), "range": list(values.values())}, **more,
    }  # fmt: skip


def labels(values: dict[float, str]) -> Spec:
    """An axis' ticks at these values, with these words."""
    words = " : ".join(f"datum.value == {value} ? '{word}'" for value, word in values.items())
    return {"values": list(values), "labelExpr": f"{words} : ''"}
