"""What ``pulumi preview --json`` registers, read and held against the bill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from headway.bill.coverage import coverage
from headway.diff.change import PreviewCoverage, Uncovered
from headway.diff.sides import StackSide
from headway.errors import HeadwayError, nearest

OURS = "headway:"
"""What the type of each of our components begins with."""
_GONE = ("delete", "delete-replaced", "discard-replaced", "read-discard")
"""Steps after which a resource is not there."""


class Registered(NamedTuple):
    """A resource that will be there after the update."""

    urn: str
    type: str
    name: str
    ours: bool


class Preview(NamedTuple):
    """The resources of one stack, as a preview announces them."""

    stack: str
    resources: tuple[Registered, ...]


def read_preview(path: Path) -> Preview:
    """The preview that ``pulumi preview --json > FILE`` wrote.

    Raises:
        HeadwayError: It cannot be read or is something else.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise HeadwayError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise HeadwayError(f"{path}: not JSON; write it with `pulumi preview --json > {path.name}`") from None
    steps = content.get("steps") if isinstance(content, dict) else None
    if not isinstance(steps, list):
        raise HeadwayError(f"{path}: no preview (it has no steps); write it with `pulumi preview --json`")
    found = [one for step in steps if isinstance(step, dict) and (one := _registered(step)) is not None]
    stacks = sorted({one.urn.split("::")[0].removeprefix("urn:pulumi:") for one in found})
    if len(stacks) != 1:
        raise HeadwayError(f"{path}: a preview of one stack is needed; this one has {len(stacks)}")
    return Preview(stacks[0], tuple(found))


def cover(preview: Preview, sides: dict[str, StackSide]) -> PreviewCoverage:
    """Each of a preview's AWS resources: on the bill of its stack, free, named there, or not covered.

    A resource beside our components is never covered, whatever its type: the bill does not know how much it is used.

    Raises:
        HeadwayError: The compared sides do not hold the preview's stack, or it has no plan.
    """
    side = sides.get(preview.stack)
    plan = side.plan if side is not None else None
    if plan is None:
        hint = nearest(preview.stack, sides) or (f"; there are {', '.join(sides)}" if sides else "")
        raise HeadwayError(f"--preview is of stack {preview.stack!r}, which has no plan here{hint}")
    bill = plan.chosen.bill if plan.chosen is not None else None
    if bill is None:
        raise HeadwayError(
            f"--preview: nothing fits in stack {preview.stack!r}, so there is no bill to hold it against"
        )
    ours = [one for one in preview.resources if one.ours]
    types = coverage(bill, (one.type for one in ours))
    place = {name: kind for kind in types._fields for name in getattr(types, kind)}
    counted = {kind: sum(place[one.type] == kind for one in ours if one.type in place) for kind in types._fields}
    missing = [
        one for one in preview.resources if _of_aws(one.type) and (not one.ours or place.get(one.type) == "missing")
    ]
    return PreviewCoverage(
        stack=preview.stack, billed=counted["billed"], free=counted["free"], not_modelled=counted["not_modelled"],
        uncovered=tuple(Uncovered(urn=one.urn, type=one.type, name=one.name, ours=one.ours) for one in missing),
    )  # fmt: skip


def _registered(step: dict[str, Any]) -> Registered | None:
    """The resource of a step; None where it goes, or where it is Pulumi's own."""
    urn = str(step.get("urn") or (step.get("newState") or {}).get("urn") or "")
    parts = urn.split("::", 3)
    if step.get("op") in _GONE or len(parts) < 4:
        return None
    *parents, kind = parts[2].split("$")
    if kind.startswith("pulumi:"):
        return None
    return Registered(urn, kind, parts[3], any(parent.startswith(OURS) for parent in parents))


def _of_aws(kind: str) -> bool:
    return kind.partition(":")[0] in ("aws", "aws-native", "awsx", "eks")
