"""A stack's life on the real Pulumi engine: preview, up, requests, up again, refresh, destroy; each held to its duty.

Accidents on request: a resource that fails half-way through an update, one that somebody deletes behind Pulumi's back.
`Life` is what ``headway rehearse --engine`` shows and what tests of profiles and environments hold to its duty.
"""

from __future__ import annotations

import gc
import sys
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi

from headway.errors import HeadwayError
from headway_rehearsal.engine import Done, EngineError, EngineStack, Step, engine_stack
from headway_rehearsal.engine_binary import Engine
from headway_rehearsal.inventory import inventory
from headway_rehearsal.mocks import Registered
from headway_rehearsal.outcome import Outcome, Stage
from headway_rehearsal.provider import Failures, removed
from headway_rehearsal.provision import Provisioned, run_program
from headway_rehearsal.resources.base import Aws
from headway_rehearsal.resources.storage import emptied

WORDS = {
    "create": "created", "update": "updated", "delete": "deleted", "replace": "replaced",
    "create-replacement": "made anew", "delete-replaced": "taken down for it",
}  # fmt: skip
NAMED = 5
"""Names that a line shows before it counts the rest."""
ALIKE, NEAREST, LISTED = 0.6, 3, 8
"""How alike names are of which one may have been meant; how many of those are said; how many where none is."""

Say = Callable[[str], None]
Judge = Callable[[Done], str]
"""Words about what a call did: of a judge what is wrong with it, nothing where it did its duty."""


@dataclass(frozen=True)
class Accidents:
    """What goes wrong on purpose, by the resources' logical names."""

    fail: tuple[str, ...] = ()
    """They fail in the first update, which stops half-way; the next one has to go on from there."""
    remove: tuple[str, ...] = ()
    """They are deleted in AWS behind Pulumi's back; a refresh has to notice, an update to make them again."""

    def check(self, names: Collection[str]) -> None:
        """Refuse a name that the stack does not have.

        Raises:
            HeadwayError: With the nearest that it has.
        """
        for option, given in (("--fail", self.fail), ("--remove", self.remove)):
            for name in given:
                if name not in names:
                    raise HeadwayError(f"{option} {name}: the stack has no such resource{_alike(name, names)}")


def _alike(name: str, names: Collection[str]) -> str:
    """The resources that a name may have meant, by what sets their names apart: all begin with the workload's."""
    pairs = enumerate(zip(min(names), max(names), strict=False))
    shared = next((at for at, (one, other) in pairs if one != other), 0)
    short = name.removeprefix(min(names)[:shared])
    alike = {one: SequenceMatcher(None, short, one[shared:]).ratio() for one in names}
    near = sorted(names, key=lambda one: (-alike[one], one))
    meant = [one for one in near if alike[one] >= ALIKE or (len(short) >= NEAREST and short in one[shared:])]
    if meant:
        return f"; did you mean {' or '.join(meant[:NEAREST])}?"
    listed = [f"; it has {len(names)}, the nearest first", *(f"  {one}" for one in near[:LISTED])]
    if len(near) > LISTED:
        listed.append(f"  and {len(near) - LISTED} more: headway rehearse --format json | jq -r '.resources[].name'")
    return "\n".join(listed)


@dataclass
class Life:
    """The calls of the engine, one after another, and what each did."""

    stack: EngineStack
    version: str = ""
    """The engine's."""
    say: Say = lambda _: None
    stages: list[Stage] = field(default_factory=list)
    planned: frozenset[str] = frozenset()
    """URNs of what the preview would create."""
    before: frozenset[str] = frozenset()
    """What was in the account."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """The stack's, after the first update."""

    def lead(
        self, serve: Callable[[Provisioned], Outcome], accidents: Accidents, *, protected: bool = False
    ) -> Outcome:
        """From the preview to the end, with requests in between.

        Raises:
            EngineError: The program or AWS refused a call, which stands before the reason.
            HeadwayError: An accident to a resource that the stack does not have.
        """
        self.begin(accidents)
        served = serve(made_by(self.stack, self.outputs))
        self.go_on(accidents)
        program = self.stack.program
        let_go = lambda: _with({"headway:protect_data": "false"}, program)  # noqa: E731
        emptied_buckets = self.end(let_go if protected else None)
        events = (*served.events, *emptied_buckets)
        return served.model_copy(update={"engine": self.version, "stages": tuple(self.stages), "events": events})

    def begin(self, accidents: Accidents) -> None:
        """Preview, then make everything, the accidents in between."""
        self.before = frozenset(inventory(self.stack.aws))
        done = self._call("preview", self.stack.preview, lambda done: "" if done.of("create") else "nothing to create")
        self.planned = frozenset(step.urn for step in done.of("create"))
        accidents.check(done.names("create"))
        if accidents.fail:
            self._fails(accidents.fail)
        self.outputs = self._call("up", self.stack.up, self._is_as_previewed).outputs

    def go_on(self, accidents: Accidents) -> None:
        """An update that changes nothing, a refresh that finds nothing; then what is deleted behind Pulumi's back."""
        self._call("up again", self.stack.up, _nothing)
        self._call("refresh", self.stack.refresh, _nothing)
        if accidents.remove:
            self._goes(frozenset(accidents.remove))

    def end(self, unprotected: Callable[[], Any] | None = None) -> tuple[str, ...]:
        """Take everything down as a person has to: where data is protected by another program first, buckets emptied.

        Returns:
            What was done for it, in words.
        """
        if unprotected is not None:
            self.stack.program = unprotected
            gone = lambda done: _listed("gone", done.names("replace", "delete"))  # noqa: E731
            self._call("up, protect_data off", self.stack.up, gone)
        buckets = [row["outputs"]["bucket"] for row in self.stack.resources() if row["type"] == "aws:s3/bucket:Bucket"]
        objects = sum(emptied(self.stack.aws, bucket) for bucket in buckets)
        self._call("destroy", self.stack.destroy, lambda _: self._left())
        said = f"buckets emptied before the destroy ({objects} in them): AWS takes down no bucket with anything in it"
        return (said,) if objects else ()

    def _left(self) -> str:
        return _listed("left in AWS", inventory(self.stack.aws) - self.before)

    def _is_as_previewed(self, done: Done) -> str:
        there = {step.urn for step in done.of("create", "same")}
        lost = _listed("not made", (urn.split("::", 3)[3] for urn in self.planned - there))
        more = _listed("not in the preview", (step.name for step in done.of("create") if step.urn not in self.planned))
        return "; ".join(one for one in (lost, more, _listed("gone", done.names("replace", "delete"))) if one)

    def _fails(self, names: Collection[str]) -> None:
        """An update that breaks off: what was made stays made, what failed and what hangs on it is missing."""
        for name in names:
            self.stack.failures.next(name)
        began = time.monotonic()
        self._follow("up")
        wrong = "nothing failed"
        try:
            self.stack.up()
        except EngineError as error:
            wrong = ""
            if not any(Failures.said(name) in str(error) for name in names):
                raise EngineError(f"up: {error}") from None
        self.stack.failures.left.clear()
        made = len(self.planned & {row["urn"] for row in self.stack.resources()})
        did = f"{made} of {len(self.planned)} created, then {', '.join(names)} failed, as asked"
        self._note("up, breaking off", did, {"create": made}, began, wrong)

    def _goes(self, names: frozenset[str]) -> None:
        # What hangs on another goes before it, as it was made after it.
        for row in reversed(self.stack.resources()):
            if row["type"].startswith("aws:") and row["urn"].split("::", 3)[3] in names:
                removed(self.stack.aws, row)
        behind = f"{', '.join(sorted(names))} deleted behind Pulumi's back; noticed: "
        along = lambda done: _listed("; gone with it", done.names("delete") - names)  # noqa: E731
        judge = lambda done: _listed("not noticed", names - done.names("delete"))  # noqa: E731
        self._call("refresh", self.stack.refresh, judge, behind, along)
        self._call("up", self.stack.up, lambda done: _listed("not made again", names - done.names("create", "replace")))
        self._call("up again", self.stack.up, _nothing)

    def _call(
        self, name: str, call: Callable[[], Done], judge: Judge, before: str = "", after: Judge = lambda _: ""
    ) -> Done:
        began = time.monotonic()
        self._follow(name)
        try:
            done = call()
        except EngineError as error:
            raise EngineError(f"{name}: {error}") from None
        self._note(name, before + _what(name, done) + after(done), done.changes, began, judge(done))
        return done

    def _follow(self, name: str) -> None:
        """Tell of each step while the engine works."""
        seen = 0

        def watch(step: Step) -> None:
            nonlocal seen
            seen += 1
            self.say(f"{name}: {seen}{f' of {len(self.planned)}' if self.planned else ''}, {step.name}")

        self.say(name)
        self.stack.watch = watch

    def _note(self, name: str, did: str, changes: Mapping[str, int], began: float, wrong: str) -> None:
        self.stages.append(
            Stage(name=name, did=did, changes=dict(changes), seconds=round(time.monotonic() - began, 1), wrong=wrong)
        )


@contextmanager
def program_on_engine(program: Path, stack: str, config: Mapping[str, Any], aws: Aws, engine: Engine) -> Iterator[Life]:
    """The life of a project's own program, which is run anew for each call.

    Raises:
        HeadwayError: What the program refuses, as it says it.
    """
    refused: list[HeadwayError] = []

    def run() -> None:
        try:
            run_program(program)
        except (HeadwayError, pulumi.RunError) as error:
            refused.append(HeadwayError(str(error)))
            raise

    with warnings.catch_warnings(), engine_stack(run, config, aws=aws, stack=stack, engine=engine) as made:
        # Moto remarks that its error for what is not there is not called as botocore's.
        warnings.filterwarnings("ignore", "Exception.*does not match an error shape", UserWarning)
        try:
            yield Life(made, engine.version)
        except EngineError:
            if refused:
                raise refused[-1] from None
            raise
        finally:
            _collected()


def _collected() -> None:
    """What a program that the engine broke off leaves is thrown away; its complaints are no news to anybody."""
    with mock.patch.object(sys, "unraisablehook", return_value=None):
        gc.collect()


def _with(config: Mapping[str, str], program: Callable[[], Any]) -> None:
    """Run a program with other settings than its stack's."""
    for key, value in config.items():
        pulumi.runtime.set_config(key, value)
    program()


def made_by(stack: EngineStack, outputs: Mapping[str, Any]) -> Provisioned:
    """What a stack on the engine holds, as a rehearsal knows it."""
    rows = [
        Registered(row["type"], row["urn"].split("::", 3)[3], str(row.get("id", "")), dict(row.get("inputs") or {}))
        for row in stack.resources()
    ]
    return Provisioned(tuple(rows), dict(outputs))


def _nothing(done: Done) -> str:
    """A call that has to change nothing."""
    steps = done.of("create", "update", "replace", "delete")
    return _listed("changed", (f"{step.name} ({', '.join(step.diffs) or step.op})" for step in steps))


def _what(name: str, done: Done) -> str:
    """What a call did, in words: ``51 to create``, ``1 created, 50 unchanged``, ``nothing changed``."""
    if name == "preview":
        told = ", ".join(f"{count} to {op}" for op, count in done.changes.items())
        grouping = sum(not step.type.startswith("aws:") for step in done.of(*done.changes))
        return (told or "nothing to do") + (f", {grouping} of them the stack and its components" if grouping else "")
    said = [f"{count} {WORDS.get(op, op)}" for op, count in done.changes.items()]
    kept = len(done.of("same"))
    if said and kept:
        said.append(f"{kept} unchanged")
    return ", ".join(said) or ("no drift" if name.startswith("refresh") else "nothing changed")


def _listed(what: str, names: Any) -> str:
    """``left in AWS: a, b and 3 more``; nothing where there are none."""
    found = sorted(set(names))
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"{what}: {', '.join(found[:NAMED])}{more}" if found else ""
