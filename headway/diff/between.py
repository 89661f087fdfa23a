"""Two sides named by a user, opened, read and compared."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from headway.diff.change import Diff
from headway.diff.compare import compare
from headway.diff.limits import Limit
from headway.diff.preview import cover, read_preview
from headway.diff.sides import read_sides
from headway.diff.sources import Source, open_source
from headway.profile import Profile


def between(
    base: str,
    head: str,
    *,
    stacks: Iterable[str] | None = None,
    limit: Limit | None = None,
    preview: Path | None = None,
    start: Path | None = None,
) -> tuple[Diff, tuple[Profile, ...]]:
    """What a change does to each stack, and the profiles (after) of the stacks that it changes.

    Args:
        base: A revision, a folder or a plan's file: the side before.
        head: The same: the side after.
        stacks: These alone.
        limit: How much more it may cost.
        preview: A file that ``pulumi preview --json`` wrote, of a stack of the side after.
        start: Where to look for the project; the working folder unless given.

    Raises:
        HeadwayError: A side that does not exist, a stack that neither side has, a file that is something else.
    """
    read = read_preview(preview) if preview is not None else None
    with open_source(base, start) as before, open_source(head, start) as after:
        pairs = read_sides(before, after, stacks)
        sides = {side.stack: side for _, side in pairs if side is not None}
        made = compare(
            pairs, base=before.label, head=after.label, limit=limit, notes=_notes(before, after),
            preview=cover(read, sides) if read is not None else None,
        )  # fmt: skip
    changed = {row.stack for row in made.stacks if row.state in ("new", "changed")}
    profiles = [side.profile for name, side in sides.items() if name in changed and side.profile is not None]
    return made, tuple({profile.digest: profile for profile in profiles}.values())


def _notes(before: Source, after: Source) -> tuple[str, ...]:
    """How the sides were read; that work lies uncommitted matters only where no side shows it."""
    if any(side.working for side in (before, after)):
        return ()
    return tuple(dict.fromkeys([*before.notes, *after.notes]))
