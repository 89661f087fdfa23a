"""What a page is made of: sections of a picture, sentences and a table. The template only places them."""

from __future__ import annotations

from typing import NamedTuple

from headway.report.page.drawing import Drawing


class Cell(NamedTuple):
    """One cell; numbers stand to the right."""

    text: str
    number: bool = False
    mark: str = ""
    """``warn`` for what is not known, ``dim`` for what is nothing."""


class Grid(NamedTuple):
    """A table with its caption; the last rows may be sums."""

    caption: str
    head: tuple[Cell, ...]
    body: tuple[tuple[Cell, ...], ...]
    foot: tuple[tuple[Cell, ...], ...] = ()
    strong: tuple[int, ...] = ()
    """Rows of the body that stand out."""


class Section(NamedTuple):
    """One section: a picture, sentences, a table, in that order; the table folded away beside a picture."""

    id: str
    title: str
    lead: str = ""
    drawing: Drawing | None = None
    slider: str = ""
    """JSON of what the slider goes through; only the cost of waiting has one."""
    start: int = 0
    sentences: tuple[str, ...] = ()
    table: Grid | None = None
    folded: bool = False


class Fact(NamedTuple):
    """One of the few numbers at the top."""

    name: str
    value: str
    note: str = ""


class Content(NamedTuple):
    """The whole page."""

    title: str
    question: str
    verdict: str
    fits: bool
    notes: tuple[str, ...]
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]
    made_from: str
