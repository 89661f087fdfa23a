"""A stack on the real Pulumi engine, over an AWS in memory: preview, up, refresh, destroy, and what each did.

A test, or anything else, attaches like this (``make engine`` first; tests take the fixtures of
``tests/engine/conftest.py``, which skip with a reason where there is no engine):

```python
from headway_rehearsal.account import account
from headway_rehearsal.engine import engine_stack

with account("us-east-1") as aws, engine_stack(program, {"headway:profile": "..."}, aws=aws) as stack:
    made = stack.up()                 # made.outputs, made.changes, made.replaced(), made.deleted()
    aws.client("sqs").list_queues()   # what the engine made, asked of AWS
    stack.failures.next("documents-requests")   # the next operation on that resource fails
    stack.program = changed           # another program for what follows
    stack.preview(); stack.up(); stack.refresh(); stack.destroy()
```
``program`` is a function without arguments, run in this process by the Automation API; each call of the engine runs it
anew. ``environment`` and ``policy_packs`` are handed to the engine as they are.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi.automation as auto
from pulumi.automation.errors import CommandError

from headway.errors import HeadwayError
from headway_rehearsal.engine_binary import Engine, needed_engine
from headway_rehearsal.engine_state import StackOfFile, command_of
from headway_rehearsal.provider import Failures, attached
from headway_rehearsal.resources.base import Aws
from headway_rehearsal.waiting import stops_quietly, waits_for_all_at_once

PROJECT = "headway"
QUIET = frozenset({"same", "read", "refresh", "discard"})
"""Steps that change nothing."""


@dataclass(frozen=True)
class Step:
    """One thing the engine did, or would do. ``op``: create, update, replace, delete, create-replacement, ..."""

    op: str
    urn: str
    diffs: tuple[str, ...] = ()
    """The properties that made it do so."""

    @property
    def type(self) -> str:
        """The resource's type, without its parents'."""
        return self.urn.split("::")[2].rsplit("$", 1)[-1]

    @property
    def name(self) -> str:
        """Its logical name."""
        return self.urn.split("::", 3)[3]


@dataclass(frozen=True)
class Violation:
    """One complaint of a policy. ``level``: advisory or mandatory."""

    policy: str
    level: str
    message: str
    urn: str = ""


@dataclass(frozen=True)
class Done:
    """What a call of the engine did: each step in order, and the stack's outputs after it."""

    steps: tuple[Step, ...]
    outputs: dict[str, Any] = field(default_factory=dict)
    log: str = ""
    violations: tuple[Violation, ...] = ()
    """What policy packs complained of."""

    @property
    def changes(self) -> dict[str, int]:
        """How many of each step, without those that change nothing."""
        return dict(Counter(step.op for step in self.steps if step.op not in QUIET))

    def of(self, *ops: str) -> tuple[Step, ...]:
        """The steps of these kinds."""
        return tuple(step for step in self.steps if step.op in ops)

    def names(self, *ops: str) -> set[str]:
        """Logical names of AWS's resources among the steps of these kinds, components left out."""
        return {step.name for step in self.of(*ops) if step.type.startswith("aws:")}

    def replaced(self) -> set[str]:
        """AWS's resources that were made anew."""
        return self.names("replace")

    def deleted(self) -> set[str]:
        """AWS's resources that went and were not made anew."""
        return self.names("delete")


class EngineError(HeadwayError):
    """The engine could not do what was asked; the message is its own."""


@dataclass
class EngineStack:
    """A stack on the engine. Change ``program`` between two calls to change what is declared."""

    aws: Aws
    failures: Failures
    program: Callable[[], Any]
    state: Path
    """The folder of its state: stacks that refer to one another share it."""
    policy_packs: Mapping[str, Path | None]
    """Folders of policy packs, each with its file of configuration."""
    _workspace: Callable[[Callable[[], Any]], StackOfFile]
    _known: StackOfFile | None = None
    watch: Callable[[Step], None] = lambda _: None
    """Is told of each step as it is taken."""

    def preview(self) -> Done:
        """What ``up`` would do."""
        return self._call("preview")

    def up(self) -> Done:
        """Make AWS as the program says.

        Raises:
            EngineError: The program or AWS refused; what was made before stays made.
        """
        return self._call("up")

    def refresh(self) -> Done:
        """Ask AWS what has become of everything; changes are what drifted or went."""
        return self._call("refresh")

    def destroy(self) -> Done:
        """Take everything down."""
        return self._call("destroy")

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the engine's state: ``urn``, ``id``, ``type``, ``inputs``, ``outputs``."""
        return self._stack().resources()

    def urns(self) -> set[str]:
        """URNs of AWS's resources in the state."""
        return {row["urn"] for row in self.resources() if row["type"].startswith("aws:")}

    def _run(self) -> None:
        """The program as it is when the engine asks for it."""
        self.program()

    def _stack(self) -> StackOfFile:
        if self._known is None:
            self._known = self._workspace(self._run)
        return self._known

    def _call(self, operation: str) -> Done:
        seen: list[Step] = []
        said: list[str] = []
        violations: list[Violation] = []

        def noted(event: Any) -> None:
            if (told := event.policy_event) is not None:
                message = " ".join(_plainly([told.message]))
                violations.append(Violation(told.policy_name, told.enforcement_level, message, told.resource_urn or ""))
                return
            # What a refresh finds is known only as a step ends.
            found = event.res_outputs_event if operation == "refresh" else event.resource_pre_event
            if found is not None:
                seen.append(_step(found.metadata))
                self.watch(seen[-1])
            if event.diagnostic_event is not None and event.diagnostic_event.severity != "debug":
                said.append(event.diagnostic_event.message)

        options: dict[str, Any] = {"on_event": noted, "color": "never"}
        if self.policy_packs and operation in ("preview", "up"):
            options["policy_packs"] = list(self.policy_packs)
            options["policy_pack_configs"] = [str(path or "") for path in self.policy_packs.values()]
        stack = self._stack()
        try:
            with waits_for_all_at_once(), stops_quietly():
                result = getattr(stack, operation)(**options)
        except CommandError as error:
            complaints = [f"{one.policy}: {one.message}" for one in violations if one.level == "mandatory"]
            raise EngineError("\n".join([*_plainly(said), *complaints]) or str(error)) from None
        outputs = {name: value.value for name, value in (getattr(result, "outputs", None) or {}).items()}
        return Done(tuple(seen), outputs, result.stdout, tuple(violations))


@contextmanager
def engine_stack(
    program: Callable[[], Any],
    config: Mapping[str, Any] | None = None,
    *,
    aws: Aws,
    stack: str = "dev",
    engine: Engine | None = None,
    environment: Mapping[str, str] | None = None,
    policy_packs: Mapping[str, Path | None] | None = None,
    state: Path | None = None,
) -> Iterator[EngineStack]:
    """A stack whose ``aws`` is the account given; its state lives as long as the context.

    Args:
        program: Registers resources and exports outputs; runs in this process.
        config: ``{"headway:scale": "0.1"}``; the region is the account's.
        aws: From `headway_rehearsal.account.account`.
        stack: Its name.
        engine: Which one; otherwise the one that is found.
        environment: Variables of the engine's process, beside its own.
        policy_packs: Folders of policy packs to run with every preview and update, each with its configuration or None.
        state: Another stack's ``state``, for a program that refers to it as ``organization/headway/<stack>``.

    Raises:
        HeadwayError: There is no engine.
    """
    engine = engine or needed_engine(Path.cwd())
    failures = Failures()
    settings = {"aws:region": aws.region, **{key: _text(value) for key, value in (config or {}).items()}}
    with tempfile.TemporaryDirectory(prefix="headway-engine-") as folder, attached(aws, failures) as port:
        home = Path(folder)
        (home / "state").mkdir()
        kept = state or home / "state"

        def workspace(run: Callable[[], Any]) -> StackOfFile:
            made = auto.LocalWorkspace(
                work_dir=str(home / "work"),
                pulumi_home=str(home / "home"),
                pulumi_command=command_of(engine),
                program=run,
                project_settings=auto.ProjectSettings(
                    name=PROJECT, runtime="python", main=str(Path.cwd()), backend=auto.ProjectBackend(url=kept.as_uri())
                ),
                stack_settings={stack: auto.StackSettings(config=settings)},
                env_vars={**variables(port), **(environment or {})},
            )
            return StackOfFile(stack, made, kept, PROJECT)

        (home / "work").mkdir()
        yield EngineStack(aws, failures, program, kept, policy_packs or {}, workspace)


def variables(port: int) -> dict[str, str]:
    """What tells the engine's process to use the provider at ``port`` (`attached`), and to do nothing besides.

    Left to itself it looks for the provider on the network, seconds for each call on a stack with resources in it, and
    writes the whole state again after each resource, where once at the end is enough.
    """
    return {
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DEBUG_PROVIDERS": f"aws:{port}",
        "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
        "PULUMI_SKIP_CHECKPOINTS": "1",
    }


def _text(value: Any) -> str:
    """A setting as the engine keeps it: objects and arrays, ``headway:tags`` among them, as JSON.

    >>> _text(True), _text({"team": "lending"}), _text("0.02")
    ('true', '{"team": "lending"}', '0.02')
    """
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _step(metadata: Any) -> Step:
    return Step(str(getattr(metadata.op, "value", metadata.op)), metadata.urn, tuple(metadata.diffs or ()))


def _plainly(messages: Sequence[str]) -> list[str]:
    """The engine's messages without colours and repetitions."""
    found = [re.sub(r"<\{%.*?%\}>", "", message).strip() for message in messages]
    return list(dict.fromkeys(line for line in found if line))
