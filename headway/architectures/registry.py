"""The architectures by name: one line each. A new one is a file here, a component and a line below."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields
from typing import Any, NamedTuple

from headway.architectures import (
    asynchronous,
    batch,
    features,
    microbatch,
    precomputed,
    realtime,
    serverless,
    tiered,
)
from headway.architectures.candidate import Candidate
from headway.architectures.design import Wait
from headway.architectures.fallback import Live, with_fallback
from headway.architectures.router_path import Parts
from headway.architectures.workload import Workload
from headway.assumptions import observed
from headway.bill.lines import Bill
from headway.profile.calendar import DAY_NAMES
from headway.traffic.demand import Demand


class Architecture(NamedTuple):
    """What an architecture's module offers the rest of the planner."""

    name: str
    plan: Callable[[Workload], list[Candidate]]
    """Every variant worth comparing, or one infeasible candidate that says why."""
    bill: Callable[[Any, Workload], Bill]
    """The month's bill of one of its designs under a workload."""
    wait: Callable[[Any, Workload], Wait]
    """How long requests wait in one of its designs under a workload."""
    scheduled: bool = False
    """Whether it takes work that comes all at once, on a schedule."""


ARCHITECTURES: dict[str, Architecture] = {
    "realtime": Architecture("realtime", *with_fallback(Live(realtime.plan, realtime.bill, realtime.wait))),
    "serverless": Architecture("serverless", *with_fallback(Live(serverless.plan, serverless.bill, serverless.wait))),
    "asynchronous": Architecture("asynchronous", asynchronous.plan, asynchronous.bill, asynchronous.wait),
    "microbatch": Architecture("microbatch", microbatch.plan, microbatch.bill, microbatch.wait),
    "batch": Architecture("batch", batch.plan, batch.bill, batch.wait, scheduled=True),
}
"""In order of presentation."""


class Hybrid(NamedTuple):
    """What a hybrid's module offers the rest of the planner: it is made of the architectures above."""

    name: str
    applies: Callable[[Workload], bool]
    """Whether the profile says what it takes."""
    plan: Callable[[Workload, Parts, Sequence[str]], list[Candidate]]
    """The workload, who plans a part, and the names of the parts where they are given."""


HYBRIDS: dict[str, Hybrid] = {
    "tiered": Hybrid("tiered", tiered.applies, tiered.plan),
    "precomputed": Hybrid("precomputed", precomputed.applies, precomputed.plan),
    "features": Hybrid("features", features.applies, features.plan),
}
"""In order of presentation, after the simple ones."""


_answers: ContextVar[dict[tuple[str, Demand], list[tuple[tuple[Any, ...], list[Candidate]]]] | None] = ContextVar(
    "answers", default=None
)
_IN_DEMAND = frozenset({"latency", "tiers"})
"""What of a profile no simple architecture looks at: its demand says it."""
_KEYED = frozenset({"profile", "demand"})
"""What of a workload an answer is found by in parts, or as a whole."""


@contextmanager
def remembering() -> Iterator[None]:
    """Within, what was planned once is not planned again: another wait for some tiers leaves the others as they are."""
    token = _answers.set(known if (known := _answers.get()) is not None else {})
    try:
        yield
    finally:
        _answers.reset(token)


def planned(name: str, workload: Workload) -> list[Candidate]:
    """An architecture's variants for a workload; scheduled work only fits what empties a queue with many workers."""
    answers = _answers.get()
    if answers is None:
        return _planned(name, workload)
    profile = workload.profile
    said = (
        *(getattr(profile, part) for part in type(profile).model_fields if part not in _IN_DEMAND),
        *(getattr(workload, one.name) for one in fields(workload) if one.name not in _KEYED),
        observed(),
    )
    same = answers.setdefault((name, workload.demand), [])
    found = next((answer for asked, answer in same if asked == said), None)
    if found is None:
        found = _planned(name, workload)
        same.append((said, found))
    return list(found)


def _planned(name: str, workload: Workload) -> list[Candidate]:
    architecture, piles = ARCHITECTURES[name], workload.demand.piles
    if piles and not architecture.scheduled:
        most = max(piles, key=lambda pile: pile.items)
        when = f"{DAY_NAMES[most.minute // 1440].capitalize()} {most.minute // 60 % 24:02d}:{most.minute % 60:02d}"
        reason = f"nobody sends requests: {most.items:,.0f} items come at once ({when}), and nothing between"
        return [workload.infeasible(name, reason)]
    return architecture.plan(workload)
