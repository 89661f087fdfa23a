"""A stack of the Automation API that is read from its state's file, not by starting the engine again.

After every update the API starts the engine three more times, twice for the outputs and once for the update's own
history, and once more for each look at the resources: half a second of a processor each time that a test asks.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pulumi.automation as auto
from pulumi.automation._stack import StackInitMode

from headway_rehearsal.engine_binary import Engine

MARK_OF_SECRETS = "1b47061264138c4ac30d75fd1eb44270"
"""Stands beside each secret in a state, whose text the engine alone can tell."""
STACK = "pulumi:pulumi:Stack"


class StackOfFile(auto.Stack):
    """A stack whose state lies in a folder. What the file does not tell, as secrets, the engine is asked as ever."""

    def __init__(self, name: str, workspace: auto.LocalWorkspace, state: Path, project: str) -> None:
        self.file = state / ".pulumi" / "stacks" / project / f"{name}.json"
        mode = StackInitMode.CREATE_OR_SELECT if self.file.is_file() else StackInitMode.CREATE
        super().__init__(name, workspace, mode)

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the state: ``urn``, ``id``, ``type``, ``inputs``, ``outputs``."""
        read = self._read()
        told = (self.export_stack().deployment or {}) if read is None else read
        return list(told.get("resources") or [])

    def outputs(self) -> auto.OutputMap:
        """What the program exported."""
        if self._read() is None:
            return super().outputs()
        (values,) = [row.get("outputs") or {} for row in self.resources() if row["type"] == STACK] or [{}]
        return {name: auto.OutputValue(value, secret=False) for name, value in values.items()}

    def info(self, show_secrets: bool = True) -> auto.UpdateSummary:
        """That an update has been: `EngineStack` tells from the engine's events what it was."""
        del show_secrets
        return auto.UpdateSummary("update", datetime.now(UTC), "", {}, {}, "succeeded")

    def _read(self) -> dict[str, Any] | None:
        """The deployment as the file has it; None where it does not tell all."""
        text = self.file.read_text(encoding="utf-8") if self.file.is_file() else MARK_OF_SECRETS
        if MARK_OF_SECRETS in text:
            return None
        return dict(json.loads(text)["checkpoint"].get("latest") or {})


@cache
def command_of(engine: Engine) -> auto.PulumiCommand:
    """The engine as the Automation API calls it, which starts it once to hear its version."""
    return auto.PulumiCommand(root=str(engine.root) if engine.root else None, skip_version_check=True)
