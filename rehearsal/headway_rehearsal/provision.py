"""Run the Pulumi program of a stack in process: its resources are made in the in-memory AWS."""

from __future__ import annotations

import asyncio
import json
import runpy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.stack import run_pulumi_func

from headway.errors import HeadwayError
from headway_rehearsal.mocks import MotoMocks, Registered
from headway_rehearsal.resources.base import Aws
from headway_rehearsal.values import UnknownPropertyError
from headway_rehearsal.waiting import waits_for_all_at_once

PROJECT = "headway"


@dataclass(frozen=True)
class Provisioned:
    """What a program registered and put out."""

    registered: tuple[Registered, ...]
    outputs: dict[str, Any]

    @property
    def resources(self) -> tuple[Registered, ...]:
        """AWS's resources, without components."""
        return tuple(row for row in self.registered if row.type.startswith("aws:"))


def _as_text(value: Any) -> str:
    """A config value as the engine hands it over: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def provision(program: Path, stack: str, config: Mapping[str, Any], aws: Aws) -> Provisioned:
    """Run ``program`` as ``stack`` with its config.

    Raises:
        HeadwayError: What the program refuses, and whatever the table or the account refused to make.
    """
    mocks = MotoMocks(aws)

    async def run() -> dict[str, Any]:
        pulumi.runtime.set_mocks(mocks, project=PROJECT, stack=stack)
        pulumi.runtime.set_all_config({key: _as_text(value) for key, value in config.items()})

        def main() -> None:
            runpy.run_path(str(program))

        await run_pulumi_func(main)
        root = pulumi.runtime.settings.get_root_resource()
        outputs = getattr(root, "outputs", None) or {}
        return {name: await pulumi.Output.from_input(value).future() for name, value in outputs.items()}

    try:
        with waits_for_all_at_once():
            outputs = asyncio.run(run())
    except pulumi.RunError as error:
        raise HeadwayError(str(error)) from error
    except UnknownPropertyError as error:
        raise HeadwayError(f"the rehearsal's AWS cannot make everything: {error}") from error
    finally:
        pulumi.runtime.set_all_config({})
    return Provisioned(tuple(mocks.registered), outputs)
