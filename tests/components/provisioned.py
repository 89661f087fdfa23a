"""Run a component in process and read back what it registered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, settings, stack

from headway_rehearsal.waiting import waits_for_all_at_once

ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Registered:
    """One resource as the engine would see it: Pulumi's names, floats for numbers."""

    type: str
    name: str
    inputs: dict[str, Any]
    ignored: tuple[str, ...]
    retained: bool
    depends_on: tuple[str, ...]
    protected: bool = False
    provider: str = ""
    """Reference of the provider that makes it; empty for the default one."""
    urn: str = ""
    parent: str = ""
    """URN of what it lies in."""
    from_: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """URNs that each property depends on."""

    def document(self, key: str) -> Any:
        """A property that holds JSON."""
        return json.loads(self.inputs[key])


@dataclass
class Provisioned:
    """Everything that a program registered, and the stack's outputs."""

    resources: list[Registered] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def all(self, type_: str) -> list[Registered]:
        """Every resource of a type, short (``sqs:Queue``) or whole."""
        package, _, short = type_.partition(":")
        return [
            one
            for one in self.resources
            if one.type == type_ or (one.type.startswith(f"aws:{package}/") and one.type.endswith(f":{short}"))
        ]

    def one(self, type_: str, name: str = "") -> Registered:
        """The resource of a type whose name ends so."""
        found = [one for one in self.all(type_) if one.name.endswith(name)]
        assert len(found) == 1, f"{type_} {name}: {[one.name for one in found]}"
        return found[0]

    def statements(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each statement of each role's policy, with the policy's name."""
        for policy in self.all("iam:RolePolicy"):
            for statement in policy.document("policy")["Statement"]:
                yield policy.name, statement


class Echo(mocks.Mocks):
    """An AWS that says yes: ids and ARNs made of names, everything else as it was asked for."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        kind = args.typ.split(":")[1].split("/")[0]
        made = {
            "arn": f"arn:aws:{kind}:us-east-1:{ACCOUNT}:{args.name}",
            "name": args.name,
            "url": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{args.name}",
            "bucket": args.name,
            "latestVersion": 1,
        }
        return f"{args.name}-id", {**made, **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        return {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
            "aws:ec2/getVpc:getVpc": {"id": "vpc-default"},
            "aws:ec2/getSubnets:getSubnets": {"ids": ["subnet-a", "subnet-b"]},
        }[args.token]


class RecordingMonitor(mocks.MockMonitor):
    """A mock engine that keeps the options of a registration, too."""

    def __init__(self, cloud: mocks.Mocks) -> None:
        super().__init__(cloud)
        self.registered: list[Registered] = []

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)
        self.registered.append(
            Registered(
                type=request.type,
                name=request.name,
                inputs=pulumi.runtime.rpc.deserialize_properties(request.object),
                ignored=tuple(request.ignoreChanges),
                retained=request.retainOnDelete,
                depends_on=tuple(urn.split("::")[-1] for urn in request.dependencies),
                protected=request.protect,
                provider=request.provider,
                urn=response.urn,
                parent=request.parent,
                from_={name: tuple(one.urns) for name, one in request.propertyDependencies.items()},
            )
        )
        return response


def provision(program: Callable[[], Any], cloud: mocks.Mocks | None = None, *, name: str = "dev") -> Provisioned:
    """Run a program as stack ``name`` of project headway and return what it registered."""
    monitor = RecordingMonitor(cloud or Echo())

    async def run() -> dict[str, Any]:
        mocks.set_mocks(cloud or Echo(), project="headway", stack=name, monitor=monitor)
        await stack.run_pulumi_func(program)
        root = settings.get_root_resource()
        outputs = {}
        for key, value in (getattr(root, "outputs", None) or {}).items():
            outputs[key] = await pulumi.Output.from_input(value).future()
        return outputs

    with waits_for_all_at_once():
        outputs = asyncio.run(run())
    return Provisioned([one for one in monitor.registered if one.type != "pulumi:pulumi:Stack"], outputs)
