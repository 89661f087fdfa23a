"""What a rehearsal found: resources, requests, waits, dead letters; and how a terminal shows it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pydantic import BaseModel, ConfigDict, computed_field
from rich.console import Console
from rich.table import Table
from rich.text import Text

from headway.units import format_duration

SHOWN_REQUESTS = 5


class Row(BaseModel):
    """A frozen row of an outcome."""

    model_config = ConfigDict(frozen=True)


class Resource(Row):
    """One resource that the program registered."""

    type: str
    name: str
    id: str


class Served(Row):
    """One request and what became of it."""

    id: str
    wait_s: float | None
    """From request to result; None without a result."""
    model_s: float | None
    """What the model took here, on this machine."""
    output: Any = None
    error: str = ""
    doubts: tuple[str, ...] = ()
    """Kinds of what is wrong with the output, where that is checked."""


class Stage(Row):
    """One call of the engine: what it did, and what it ought not to have done."""

    name: str
    did: str
    changes: dict[str, int]
    """How many of each step: create, update, replace, delete."""
    seconds: float
    wrong: str = ""


class Outcome(Row):
    """A rehearsal's result."""

    stack: str
    architecture: str
    why: tuple[str, ...]
    monthly_bill: dict[str, str]
    outputs: dict[str, Any]
    resources: tuple[Resource, ...]
    events: tuple[str, ...]
    """What happened, in order."""
    requests: tuple[Served, ...]
    dead_letters: int
    max_wait_s: float
    wait_is: str
    """What the waits are made of: what was measured here and what is assumed."""
    results: str
    """Folder of the result files."""
    alarms: tuple[str, ...] = ()
    """Those on the runtime's own metrics that the requests set off, by their names in RUNBOOK.md."""
    watching: int = 0
    """How many alarms had something to look at."""
    unwatched: str = ""
    """Where the model answered nonsense on request and nothing looks at answers: that, and what to declare."""
    engine: str = ""
    """The Pulumi engine that made everything, by its version; empty for the rehearsal in process."""
    stages: tuple[Stage, ...] = ()
    """What the engine was asked, in order."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def complete(self) -> bool:
        """Whether every request got its result in the wait promised, and every call of the engine did its duty."""
        return self.served_all and not any(stage.wrong for stage in self.stages)

    @property
    def served_all(self) -> bool:
        """Whether every request got its result, in the wait that was promised."""
        waits = [one.wait_s for one in self.requests]
        return all(wait is not None and wait <= self.max_wait_s for wait in waits) and self.dead_letters == 0


def print_outcome(console: Console, outcome: Outcome) -> None:
    """The outcome for people: what was made, what happened, the waits, where the results lie."""
    bill = outcome.monthly_bill
    console.print()
    console.print(
        Text.assemble(
            ("Rehearsed ", "bold"), (outcome.stack, "bold"), ": ", (outcome.architecture, "bold green"),
            f", USD {bill['expected']} a month expected ({bill['low']} to {bill['high']})",
        )
    )  # fmt: skip
    kinds = Counter(one.type.rsplit(":", 1)[-1] for one in outcome.resources)
    made = ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in sorted(kinds.items()))
    where = f"by the Pulumi engine {outcome.engine}" if outcome.engine else "in process"
    console.print(f"{len(outcome.resources)} of AWS's resources made {where}: {made}", highlight=False)
    if outcome.stages:
        console.print(_stages(outcome))
    for event in outcome.events:
        console.print(f"  {event}", highlight=False)
    console.print(_requests(outcome))
    waits = sorted(one.wait_s for one in outcome.requests if one.wait_s is not None)
    if waits:
        console.print(
            f"waits: median {format_duration(waits[len(waits) // 2])}, longest {format_duration(waits[-1])}; "
            f"promised {format_duration(outcome.max_wait_s)} ({outcome.wait_is})",
            highlight=False,
        )
    missing = sum(one.wait_s is None for one in outcome.requests)
    console.print(
        f"{len(waits)} of {len(outcome.requests)} requests have a result; dead-letter queue: {outcome.dead_letters}",
        style="green" if outcome.served_all else "red",
        highlight=False,
    )
    if missing:
        console.print(f"{missing} without a result: the events above say why", style="red")
    if outcome.watching:
        told = f"set off, as RUNBOOK.md tells: {', '.join(outcome.alarms)}" if outcome.alarms else "none set off"
        style = "red" if outcome.alarms else "green"
        console.print(f"alarms on the runtime's own metrics: {outcome.watching}, {told}", style=style, highlight=False)
    if outcome.unwatched:
        console.print(outcome.unwatched, style="red", highlight=False)
    doubtful = sum(bool(one.doubts) for one in outcome.requests)
    if doubtful:
        console.print(f"{doubtful} answers are doubtful; their results say why", style="red", highlight=False)
    console.print(f"results: {outcome.results}", soft_wrap=True, highlight=False)
    console.print()


def _stages(outcome: Outcome) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("engine", no_wrap=True)
    table.add_column("did")
    table.add_column("took", justify="right")
    for one in outcome.stages:
        did = Text(one.did) if not one.wrong else Text.assemble(one.did, ("; " + one.wrong, "red"))
        table.add_row(one.name, did, f"{one.seconds:.1f} s")
    return table


def _requests(outcome: Outcome) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("request", "wait", "model here", "answer"):
        table.add_column(column, overflow="ellipsis", no_wrap=True)
    for one in outcome.requests[:SHOWN_REQUESTS]:
        table.add_row(
            one.id,
            "none" if one.wait_s is None else format_duration(one.wait_s),
            "" if one.model_s is None else format_duration(one.model_s),
            one.error or _short(one.output),
        )
    more = len(outcome.requests) - SHOWN_REQUESTS
    if more > 0:
        table.add_row(f"... {more} more", "", "", "")
    return table


def _short(output: Any) -> str:
    if isinstance(output, dict) and "label" in output:
        label = str(output["label"])
        scores = output.get("scores")
        score = scores.get(label) if isinstance(scores, dict) else None
        return f"{label} ({score:.0%})" if isinstance(score, int | float) else label
    return str(output)[:60]
