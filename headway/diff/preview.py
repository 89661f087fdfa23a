"""What ``pulumi preview --json`` registers, read and held against the bill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from headway.bill.coverage import coverage
from headway.bill.lines import Range
from headway.diff.change import Component, PreviewCoverage, Uncovered
from headway.diff.sides import StackSide
from headway.errors import HeadwayError, nearest
from headway.planning.plan import Plan

OURS = "headway:"
INFERENCE = "headway:index:Inference"
"""What the type of each of our components begins with; of the one that carries a bill, all of it."""
_GONE = ("delete", "delete-replaced", "discard-replaced", "read-discard")
"""Steps after which a resource is not there."""


class Registered(NamedTuple):
    """A resource that will be there after the update."""

    urn: str
    type: str
    name: str
    ours: bool
    parent: str = ""
    """The URN above it; empty where the preview does not tell."""


class Preview(NamedTuple):
    """The resources of one stack, as a preview announces them."""

    stack: str
    resources: tuple[Registered, ...]
    components: tuple[Component, ...] = ()
    """Those of ours that carry a bill."""


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
    rows = [step for step in steps if isinstance(step, dict)]
    found = [one for row in rows if (one := _registered(row)) is not None]
    stacks = sorted({one.urn.split("::")[0].removeprefix("urn:pulumi:") for one in found})
    if len(stacks) != 1:
        raise HeadwayError(f"{path}: a preview of one stack is needed; this one has {len(stacks)}")
    components = tuple(made for row in rows if (made := _component(row)) is not None)
    return Preview(stacks[0], tuple(found), components)


def cover(preview: Preview, sides: dict[str, StackSide]) -> PreviewCoverage:
    """Each of a preview's AWS resources: on the bill of its stack, free, named there, or not covered.

    The stack is that of the preview's name; where plans were compared, which have no stack, it is theirs. A resource
    beside our components is never covered, whatever its type: the bill does not know how much it is used. Where a
    program has several of our components, those whose plans were not compared are priced by the bill that each carries.

    Raises:
        HeadwayError: The compared sides do not hold the preview's stack, or it has no plan.
    """
    side = sides.get(preview.stack) or next((one for one in sides.values() if one.settings is None), None)
    plan = side.plan if side is not None else None
    if plan is None:
        hint = nearest(preview.stack, sides) or (f"; there are {', '.join(sides)}" if sides else "")
        raise HeadwayError(f"--preview is of stack {preview.stack!r}, which has no plan here{hint}")
    bill = plan.chosen.bill if plan.chosen is not None else None
    if bill is None:
        raise HeadwayError(
            f"--preview: nothing fits in stack {preview.stack!r}, so there is no bill to hold it against"
        )
    others = _others(preview, plan)
    apart = {one.urn for one in preview.resources if _under(one, preview, others)}
    ours = [one for one in preview.resources if one.ours and one.urn not in apart]
    types = coverage(bill, (one.type for one in ours))
    place = {name: kind for kind in types._fields for name in getattr(types, kind)}
    counted = {kind: sum(place[one.type] == kind for one in ours if one.type in place) for kind in types._fields}
    missing = [
        one
        for one in preview.resources
        if _of_aws(one.type) and one.urn not in apart and (not one.ours or place.get(one.type) == "missing")
    ]
    return PreviewCoverage(
        stack=preview.stack, billed=counted["billed"], free=counted["free"], not_modelled=counted["not_modelled"],
        components=preview.components, in_components=sum(_of_aws(urn.split("::")[2].split("$")[-1]) for urn in apart),
        uncovered=tuple(Uncovered(urn=one.urn, type=one.type, name=one.name, ours=one.ours) for one in missing),
    )  # fmt: skip


def _others(preview: Preview, plan: Plan) -> set[str]:
    """The components that are not what was compared: all but the first with the compared plan's bill."""
    if len(preview.components) < 2 or plan.choice is None:
        return set()
    same = [
        one
        for one in preview.components
        if one.architecture == plan.choice.architecture and abs(one.monthly.expected - plan.choice.monthly.expected) < 1
    ]
    return {one.urn for one in preview.components if one not in same[:1]}


def _under(one: Registered, preview: Preview, components: set[str]) -> bool:
    """Whether a resource belongs to one of these components, however far below."""
    parents = {other.urn: other.parent for other in preview.resources}
    above = one.parent
    while above and above not in components:
        above = parents.get(above, "")
    return bool(above)


def _registered(step: dict[str, Any]) -> Registered | None:
    """The resource of a step; None where it goes, or where it is Pulumi's own."""
    urn = str(step.get("urn") or (step.get("newState") or {}).get("urn") or "")
    parts = urn.split("::", 3)
    if step.get("op") in _GONE or len(parts) < 4:
        return None
    *parents, kind = parts[2].split("$")
    if kind.startswith("pulumi:"):
        return None
    parent = str((step.get("newState") or {}).get("parent") or "")
    return Registered(urn, kind, parts[3], any(above.startswith(OURS) for above in parents), parent)


def _component(step: dict[str, Any]) -> Component | None:
    """The bill that an `Inference` carries; None for everything else, and for what goes."""
    state = step.get("newState") or {}
    urn, inputs = str(state.get("urn") or ""), state.get("inputs") or {}
    if step.get("op") in _GONE or not urn.split("::")[2:3] or not urn.split("::")[2].endswith(INFERENCE):
        return None
    try:
        return Component(
            urn=urn, name=urn.split("::", 3)[3], architecture=inputs["architecture"],
            monthly=Range.model_validate(inputs["monthlyBill"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        # Of another version, or not known before the update.
        return None


def _of_aws(kind: str) -> bool:
    return kind.partition(":")[0] in ("aws", "aws-native", "awsx", "eks")
