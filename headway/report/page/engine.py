"""Drawings as SVG, in a process of its own: its engine takes as long to start as a curve of waiting takes to plan.

An SVG needs no script: it prints, opens offline, and its colours follow the page (light, dark, paper). vl-convert, of
the Vega project, draws without a browser; it holds Python's lock while it does, hence a process and not a thread.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from html import escape
from importlib.resources import files
from multiprocessing import get_context
from typing import Any, NamedTuple, TypeVar

from headway.report.page.drawing import Drawing

Result = TypeVar("Result")


class Picture(NamedTuple):
    """A drawing for the page: SVG text for wide and narrow."""

    wide: str
    narrow: str


class Engine:
    """Draws, and computes, beside whatever else goes on."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool
        self.submit(partial(svg, "", {"data": {"values": []}, "mark": "point"}))

    def submit(self, work: Callable[[], Result]) -> Callable[[], Result]:
        """Begin some work there; what is returned waits for it."""
        return self._pool.submit(work).result

    def draw(self, drawings: list[Drawing]) -> list[Picture]:
        """All of them, in order."""
        waiting = [
            (self._pool.submit(svg, one.label, one.wide), self._pool.submit(svg, one.label, one.narrow))
            for one in drawings
        ]
        return [Picture(wide.result(), narrow.result()) for wide, narrow in waiting]


@contextmanager
def engine() -> Iterator[Engine]:
    """An engine that starts at once, for as long as it is needed."""
    # A fresh process, on every system: one that was copied from a process with threads may hang.
    # It lives some seconds and keeps what it plans, as a command does.
    started = ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=gc.set_threshold, initargs=(50_000, 50, 50)
    )
    with started as pool:
        yield Engine(pool)


def svg(label: str, spec: dict[str, Any]) -> str:
    """One picture, without a size of its own, with a label, and with no more digits than a screen shows."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(spec)
    head, rest = drawn.split(">", 1)
    view = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', head)
    if view is None:
        raise AssertionError(head)
    rest = _ATTRIBUTES.sub(lambda found: _DECIMALS.sub(r"\1", found[0]), rest)
    return (
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {view[1]} {view[2]}" '
        f'style="max-width:{float(view[1]):.0f}px" xmlns="http://www.w3.org/2000/svg">{rest}'
    )


def standalone(picture: str) -> str:
    """A picture as a file of its own, with the page's colours in it, light and dark."""
    css = (files("headway.report.page") / "page.css").read_text(encoding="utf-8")
    roots = re.findall(r"^:root \{.*?^\}", css, re.MULTILINE | re.DOTALL)
    dark = re.findall(r"^@media \(prefers-color-scheme: dark\) \{\n.*?^\}", css, re.MULTILINE | re.DOTALL)
    return picture.replace(
        ">", f"><style>{' '.join([*roots[:1], *dark[:1]])} svg {{ font-family: sans-serif }}</style>", 1
    )


_ATTRIBUTES = re.compile(r' (?:d|transform|x2|y2)="[^"]*"')
"""Where coordinates stand, and nothing that anyone reads."""
_DECIMALS = re.compile(r"(\d\.\d)\d+")
