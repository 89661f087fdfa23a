"""A Diff in a terminal, in the order of the comment."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from headway.diff import Diff, StackChange
from headway.report import changes
from headway.report.console import bullets, heading, new_table, print_table


def print_diff(out: Console, diff: Diff) -> None:
    """The verdict, a row an environment, why, what changed, and how much of it is known."""
    out.print(Text(diff.verdict, style="bold yellow" if diff.broken or diff.invalid else "bold"))
    for sentence in diff.broken:
        out.print(Text(sentence, style="bold red"))
    out.print()
    table = new_table(*changes.COLUMNS, right=changes.RIGHT, fold=("environment", "architecture", "wait"))
    for row in diff.stacks:
        table.add_row(*changes.stack_cells(row), style="dim" if row.state == "unchanged" else None)
    if (total := changes.total_cells(diff)) is not None:
        table.add_section()
        table.add_row(*total, style="bold")
    print_table(out, table, spare=("before",))
    for row in diff.stacks:
        if row.state != "unchanged":
            _print_stack(out, row)
    said = [f"{row.stack}: {one}" for row in diff.stacks if (one := changes.coverage_sentence(row)) is not None]
    said += list(changes.preview_sentences(diff.preview)) if diff.preview is not None else []
    if said or diff.notes:
        heading(out, f"Coverage, {diff.base} to {diff.head}")
        bullets(out, [*said, *diff.notes])


def _print_stack(out: Console, row: StackChange) -> None:
    heading(out, f"{row.stack}: {changes.architecture(row)}")
    said = [*row.problems, changes.stale_sentence(row), changes.causes(row)]
    said += [changes.span(row.change) if row.state == "changed" else None, *changes.why(row), *row.consequences]
    said += changes.resource_sentences(row)
    bullets(out, [one for one in said if one])
    if row.lines:
        table = new_table(*changes.LINE_COLUMNS, right=("before", "after", "change"), fold=("service", "line"))
        for line in row.lines:
            table.add_row(*changes.line_cells(line))
        out.print()
        print_table(out, table, spare=("before",))
    changed = (*row.fields, *row.assumptions)
    if changed:
        out.print()
        bullets(out, [str(change) for change in changed])
