"""What a change of plan does to what is there, in words: what comes and goes, what stays, whose name changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from headway.architectures.design import AsynchronousDesign, BatchDesign, LiveDesign, MicroBatchDesign, RealtimeDesign
from headway.architectures.hybrid_design import Design
from headway.planning.former import Kept, kept_data, parts_of
from headway.units import format_duration

_SERVING: Mapping[str, str] = {
    "batch": "its dispatcher and its workers",
    "microbatch": "its function and its endpoint",
    "tiered": "its router and its parts",
    "precomputed": "its router, its fill and its live part",
    "features": "its router, its fill and its live part",
}
"""What an architecture is apart from its data; the others are endpoints."""
UNANSWERED = "requests that wait in the endpoint go with it: send them again"
"""An asynchronous endpoint keeps its queue itself; inputs stay in the bucket (Amazon SageMaker Developer Guide)."""
_PARTS = frozenset({"parts", "fill", "live"})


class Standing(NamedTuple):
    """What a stack runs, and what it still holds of its past."""

    runs: Design | None
    beside: Design | None = None
    former: tuple[Design, ...] = ()
    name: str = ""
    """The profile's, which everything is named after."""

    @property
    def designs(self) -> tuple[Design, ...]:
        """All that runs."""
        return tuple(one for one in (self.runs, self.beside) if one is not None)

    @property
    def kept(self) -> tuple[Kept, ...]:
        """The data of what no longer runs."""
        return kept_data(self.former, self.designs)


def consequences(before: Standing, after: Standing) -> tuple[str, ...]:
    """What the next `pulumi up` does to what is there, a sentence each; nothing for a stack that is the same.

    >>> from headway import load_profile, plan
    >>> profile = load_profile("stacks/profiles/loan-documents.yaml")
    >>> batch, microbatch = (plan(profile, only=one).design for one in ("batch", "microbatch"))
    >>> for one in consequences(Standing(batch), Standing(batch, microbatch)):
    ...     print(one)
    microbatch is made beside batch, which serves on
    """
    kept = (kept_sentence(one) for one in after.kept)
    gone = (
        f"forgotten: {holding(one)}, deleted by the next `pulumi up` with all that lies in "
        f"{'them' if len(one.holds) > 1 else 'it'}; AWS deletes no bucket that is not empty"
        for one in forgotten(before, after)
    )
    if _renamed(before, after):
        why = f"{before.name} is now called {after.name}, and everything is named after it: all of it is made anew"
        return (why, *gone)
    return (*gone, *_serving(before, after), *_changing(before, after), *kept)


def forgotten(before: Standing, after: Standing) -> tuple[Kept, ...]:
    """The data that was held before and is declared no longer: the next update deletes it."""
    remembered = () if _renamed(before, after) else (*after.designs, *after.former)
    return kept_data([*before.former, *before.designs], remembered)


def _renamed(before: Standing, after: Standing) -> bool:
    return bool(before.designs) and bool(before.name) and bool(after.name) and before.name != after.name


def kept_sentence(kept: Kept) -> str:
    """What is kept of an architecture, and until when."""
    return f"kept: {holding(kept)}, until `headway lock --forget {kept.architecture}`"


def holding(kept: Kept) -> str:
    """Data in words.

    >>> holding(Kept(architecture="batch", holds=("queue", "bucket")))
    'queue and bucket of batch'
    """
    *some, last = kept.holds
    return f"{', '.join(some)}{' and ' if some else ''}{last} of {kept.architecture}"


def _serving(before: Standing, after: Standing) -> Iterator[str]:
    """Which architectures come, go, and change places."""
    was, now = ({one.architecture for one in side.designs} for side in (before, after))
    if before.runs is None or after.runs is None:
        return
    first, beside = after.runs.architecture, after.beside.architecture if after.beside is not None else None
    if first != before.runs.architecture:
        made = "" if first in was else f"{first} is made; "
        yield f"{made}the stack's outputs are now those of {first}: point its clients at them"
        if beside is not None and beside in was:
            yield f"{beside} runs on beside it and serves what still reaches it"
    if beside is not None and beside not in was:
        yield f"{beside} is made beside {first}, which {'serves on' if first in was else 'serves'}"
    for design in before.designs:
        if design.architecture not in now:
            yield _goes(design, drained=before.beside is design)


def _goes(design: Design, *, drained: bool) -> str:
    name = design.architecture
    said = f"{name} goes: {_served_by(design)}; "
    if isinstance(design, BatchDesign | MicroBatchDesign):
        days = format_duration(design.queue_retention_s)
        said += f"what waits in its queue is served no more, and is gone {days} after it was sent"
    elif isinstance(design, AsynchronousDesign):
        said += UNANSWERED
    else:
        said += "who still calls it is refused"
    return said if drained else f"{said}: to let it finish first, set headway:alongside {name} (MIGRATING.md)"


def _served_by(design: Design) -> str:
    routed = isinstance(design, LiveDesign) and design.router is not None
    return _SERVING.get(design.architecture, "its endpoint and its router" if routed else "its endpoint")


def _changing(before: Standing, after: Standing) -> Iterator[str]:
    """What becomes of architectures that stay, and of their parts."""
    old, new = _pieces(before), _pieces(after)
    wholes = {one.architecture for one in before.designs} & {one.architecture for one in after.designs}
    for (whole, part, name), design in new.items():
        if whole not in wholes:
            continue
        called = f"{whole}'s {part} ({name})" if part else whole
        earlier = old.get((whole, part, name))
        if earlier is None:
            yield f"{called} is made"
        elif earlier != design:
            yield from _changed(called, earlier, design)
    for whole, part, name in old:
        if whole in wholes and (whole, part, name) not in new:
            yield f"{whole}'s {part} ({name}) goes: {_served_by(old[whole, part, name])}"


def _pieces(side: Standing) -> dict[tuple[str, str, str], Design]:
    """All that runs, hybrids and their parts each for itself."""
    found: dict[tuple[str, str, str], Design] = {}
    for design in side.designs:
        found[design.architecture, "", design.architecture] = design
        found |= {(design.architecture, part, one.architecture): one for part, one in parts_of(design).items()}
    return found


def _changed(called: str, before: Design, after: Design) -> Iterator[str]:
    """An architecture that stays, with other numbers."""
    names = _endpoint_of(before), _endpoint_of(after)
    if names[0] != names[1]:
        yield (
            f"{called}: its endpoint of {names[0]} is replaced by one of {names[1]}, made before the old one goes; "
            "its name changes with it" + (f", and {UNANSWERED}" if isinstance(before, AsynchronousDesign) else "")
        )
    pools = _pools_of(before), _pools_of(after)
    if left := [one for one in pools[0] if one not in pools[1]]:
        come = [one for one in pools[1] if one not in pools[0]]
        yield (
            f"{called}: workers of {', '.join(left)} give way to {', '.join(come) or 'the others'}; jobs that run then "
            "are ended, and their requests return to the queue"
        )
    values = before.model_dump(mode="json"), after.model_dump(mode="json")
    fields = [key for key in values[1] if values[0].get(key) != values[1][key] and key not in _PARTS]
    fields = [one for one in fields if one not in {"instance_type", "endpoint"} or names[0] == names[1]]
    if fields:
        yield f"{called} changes in place: {', '.join(fields)}"


def _pools_of(design: Design) -> list[str]:
    """The pools of a fleet, which job queues and environments are named after."""
    return [pool.name for pool in design.pools] if isinstance(design, BatchDesign) else []


def _endpoint_of(design: Design) -> str | None:
    """The instance type of a design's endpoint, which its name holds."""
    if isinstance(design, MicroBatchDesign):
        return design.endpoint.instance_type
    return design.instance_type if isinstance(design, RealtimeDesign | AsynchronousDesign) else None
