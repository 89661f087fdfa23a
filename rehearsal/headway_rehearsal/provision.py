"""Run the Pulumi program of a stack in process: its resources are made in the in-memory AWS."""

from __future__ import annotations

import asyncio
import json
import runpy
import traceback
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
OURS = ("headway", "headway_components", "headway_rehearsal", "headway_runtime", "pulumi", "pulumi_aws")
"""Packages whose mistakes are no project's; in a clone some lie beside its program."""


@dataclass(frozen=True)
class Provisioned:
    """What a program registered and put out."""

    registered: tuple[Registered, ...]
    outputs: dict[str, Any]

    @property
    def resources(self) -> tuple[Registered, ...]:
        """AWS's resources, without components."""
        return tuple(row for row in self.registered if row.type.startswith("aws:"))


def run_program(program: Path) -> None:
    """Run a project's program.

    Raises:
        HeadwayError: What it refuses, or a mistake in its own files, with where it stands; others come as they are.
    """
    try:
        runpy.run_path(str(program))
    except (HeadwayError, pulumi.RunError):
        raise
    except Exception as error:
        where = _own_place(error, program.absolute().parent)
        if where is None:
            raise
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        raise HeadwayError(f"the program fails: {where}: {type(error).__name__}: {said}") from error


def _own_place(error: Exception, root: Path) -> str | None:
    """``file:line`` of the project's own code that went wrong; None where one of OURS did when called."""
    if isinstance(error, SyntaxError):
        places = [(error.filename or "", error.lineno, "")]
    else:
        frames = reversed(list(traceback.walk_tb(error.__traceback__)))
        names = ((frame, line, str(frame.f_globals.get("__name__", ""))) for frame, line in frames)
        places = [(frame.f_code.co_filename, line, name.partition(".")[0]) for frame, line, name in names]
    for file, line, package in places:
        path = Path(file).absolute()
        if package in OURS:
            return None
        if path.is_relative_to(root) and "site-packages" not in path.parts:
            return f"{path.relative_to(root)}:{line}"
    return None


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
            run_program(program)

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
