"""Pulumi's mocks over the resource table: a program's resources are made in the in-process AWS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pulumi

from headway_rehearsal.resources import TABLE, invoke
from headway_rehearsal.resources.base import Aws


@dataclass(frozen=True)
class Registered:
    """One resource that a program registered."""

    type: str
    name: str
    id: str
    inputs: dict[str, Any]


@dataclass
class MotoMocks(pulumi.runtime.Mocks):
    """Creates what a program registers. ``registered`` keeps every resource, components too."""

    aws: Aws
    registered: list[Registered] = field(default_factory=list)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Make the resource; components and the stack are only noted."""
        if not args.typ.startswith("aws:"):
            self.registered.append(Registered(args.typ, args.name, "", dict(args.inputs)))
            return f"{args.name}_id", dict(args.inputs)
        row = TABLE.get(args.typ)
        if row is None:
            raise KeyError(f"{args.typ} ({args.name}) is not in the resource table")
        created = row.create(self.aws, args.name, args.inputs)
        self.registered.append(Registered(args.typ, args.name, created.id, dict(args.inputs)))
        return created.id, {**args.inputs, **created.outputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        """Answer a data source."""
        return invoke(self.aws, args.token, args.args), []

    def of_type(self, token: str) -> list[Registered]:
        """The registered resources of a type."""
        return [row for row in self.registered if row.type == token]
