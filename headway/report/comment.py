"""The comment in the pull request: GitHub Markdown, verdict first, never longer than a comment may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from headway.advice import CurvePoint
from headway.diff import Diff, StackChange
from headway.report import changes
from headway.report.markdown import code, folded, table, text
from headway.units import format_duration

MARKER = "<!-- headway:diff -->"
"""Hidden first line, by which the comment is found again and updated."""
LONGEST = 65_536
"""Characters of a GitHub comment."""


MOST_CHARTS = 3
"""Charts of a comment, one a profile."""
_Row = TypeVar("_Row")


class Detail(NamedTuple):
    """How much of each kind is told; None is all of it."""

    rows: int | None = None
    lines: int | None = None
    fields: int | None = None
    why: int | None = None
    charts: int = MOST_CHARTS


LEVELS = (
    Detail(),
    Detail(lines=40, fields=40),
    Detail(lines=10, fields=10, why=6),
    Detail(lines=3, fields=5, why=3, charts=1),
    Detail(lines=0, fields=0, why=2, charts=1),
    Detail(lines=0, fields=0, why=0, charts=0, rows=300),
    Detail(lines=0, fields=0, why=0, charts=0, rows=60),
    Detail(lines=0, fields=0, why=0, charts=0, rows=10),
)
"""From everything to the verdict and a few rows: what is cut first is what is looked at last."""


def comment(diff: Diff, curves: Mapping[str, Sequence[CurvePoint]] | None = None, *, longest: int = LONGEST) -> str:
    """The comment for a change.

    Args:
        diff: The change.
        curves: What other waits would cost, by profile.
        longest: Characters at most; details are cut first, the verdict never.
    """
    shown = ""
    for level in LEVELS:
        shown = _render(diff, curves or {}, level)
        if len(shown) <= longest:
            return shown
    return shown[:longest]


def _render(diff: Diff, curves: Mapping[str, Sequence[CurvePoint]], detail: Detail) -> str:
    cut = _Cut()
    lines = [MARKER, f"### Headway: {text(diff.verdict, longest=600)}", ""]
    for sentence in cut.first(diff.broken, detail.rows, "limits"):
        lines += ["> [!CAUTION]", f"> {text(sentence)}", ""]
    rows = [[text(cell) for cell in changes.stack_cells(row)] for row in cut.first(diff.stacks, detail.rows, "rows")]
    total = changes.total_cells(diff)
    rows += [[f"**{text(cell)}**" if cell else "" for cell in total]] if total else []
    lines += table(changes.COLUMNS, rows, right=changes.RIGHT)
    lines.append("")
    for row in cut.first([row for row in diff.stacks if row.state != "unchanged"], detail.rows, "environments"):
        lines += _told(row, detail, cut)
    for name, points in list(curves.items())[: detail.charts]:
        lines += _chart(name, points)
    for row in diff.stacks:
        lines += _folded_lines(row, detail, cut)
    lines += _folded_fields(diff.stacks, detail, cut)
    lines += _coverage(diff, detail, cut)
    if cut.said:
        left = ", ".join(f"{number:,} {what}" for what, number in cut.said.items())
        lines += ["", f"_Shortened to fit: {left} left out. `headway diff` and the artifact have all of it._"]
    return "\n".join(lines).rstrip() + "\n"


def _told(row: StackChange, detail: Detail, cut: _Cut) -> list[str]:
    """A stack's architecture and why, and what stands in its way."""
    said: list[str | None] = [*(f"invalid {one}" for one in row.problems), changes.stale_sentence(row)]
    said += [changes.causes(row), changes.span(row.change) if row.state == "changed" else None]
    said += cut.first(changes.why(row), detail.why, "reasons")
    said += cut.first(row.consequences, detail.fields, "consequences")
    bullets = [f"- {text(one, longest=600)}" for one in said if one]
    if not bullets:
        return []
    return [f"**{text(row.stack)}: {text(changes.architecture(row))}**", "", *bullets, ""]


def _chart(name: str, points: Sequence[CurvePoint]) -> list[str]:
    """What waiting costs, as bars that GitHub draws; the workload's own wait is told in words."""
    known = [(point, point.monthly) for point in points if point.monthly is not None]
    if len(known) < 2:
        return []
    waits = ", ".join(f'"{format_duration(point.max_wait_s)}"' for point, _ in known)
    bills = ", ".join(f"{monthly.expected:.2f}" for _, monthly in known)
    own = next((point for point, _ in known if point.own), None)
    here = f"; this workload: {format_duration(own.max_wait_s)}, {own.architecture}" if own else ""
    stretches = list(dict.fromkeys(point.architecture or "" for point, _ in known))
    return [
        f"**What waiting costs {text(name)}**, USD a month by max wait ({', then '.join(stretches)}{here})",
        "", "```mermaid", "xychart-beta",
        f"  x-axis [{waits}]", '  y-axis "USD a month"', f"  bar [{bills}]", "```", "",
    ]  # fmt: skip


def _folded_lines(row: StackChange, detail: Detail, cut: _Cut) -> list[str]:
    """The lines of the bill that changed, closed."""
    rows = [
        [text(service), text(what), *(text(cell) for cell in amounts)]
        for service, what, *amounts in map(changes.line_cells, cut.first(row.lines, detail.lines, "lines"))
    ]
    if not rows:
        return []
    summary = f"{row.stack}, changed lines of the bill: {len(row.lines)}"
    return [*folded(summary, table(changes.LINE_COLUMNS, rows, right=("before", "after", "change"))), ""]


def _folded_fields(stacks: Iterable[StackChange], detail: Detail, cut: _Cut) -> list[str]:
    """Changed fields, settings and assumptions; what several stacks have alike is told once."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for row in stacks:
        for change in (*row.fields, *row.assumptions):
            found.setdefault((change.field, *change.said), []).append(row.stack)
    rows = [
        [*(code(cell, longest=120) for cell in shown), text(", ".join(names))]
        for shown, names in cut.first(list(found.items()), detail.fields, "fields")
    ]
    if not rows:
        return []
    summary = f"Changed profile fields, settings and assumptions: {len(found)}"
    return [*folded(summary, table(("field", "before", "after", "in"), rows)), ""]


def _coverage(diff: Diff, detail: Detail, cut: _Cut) -> list[str]:
    """What came and went, how much of the bill is known, and the date of its prices."""
    sentences: dict[str, list[str]] = {}
    for row in diff.stacks:
        told = [*changes.resource_sentences(row), changes.coverage_sentence(row)]
        for sentence in told:
            if sentence:
                sentences.setdefault(sentence, []).append(row.stack)
    said = [
        f"- {text(', '.join(names))}: {text(sentence, longest=900)}"
        for sentence, names in cut.first(list(sentences.items()), detail.rows, "notes")
    ]
    if diff.preview is not None:
        found = list(changes.preview_sentences(diff.preview))
        said += [f"- {text(one)}" for one in cut.first(found, detail.fields, "resources")]
    said += [f"- {text(note)}" for note in diff.notes]
    return ["**Coverage**", "", *said, "", f"_{text(diff.base)} → {text(diff.head)}_"] if said else []


class _Cut:
    """What was left out, by kind."""

    def __init__(self) -> None:
        self.said: dict[str, int] = {}

    def first(self, rows: Sequence[_Row], most: int | None, what: str) -> Sequence[_Row]:
        """The first rows, as many as may be shown."""
        if most is None or len(rows) <= most:
            return rows
        self.said[what] = self.said.get(what, 0) + len(rows) - most
        return rows[:most]
