"""Stacks as the policy SDK hands them to a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from pulumi_policy import (
    Policy,
    PolicyResource,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.policy import PolicyCustomTimeouts, PolicyResourceOptions
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from tests.components.provisioned import Provisioned

UNKNOWN = UNKNOWN_STRING_VALUE


def options(*, protect: bool = False) -> PolicyResourceOptions:
    return PolicyResourceOptions(protect, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])


def resource(
    type_: str, name: str, *, protect: bool = False, parent: PolicyResource | None = None,
    comes_from: Mapping[str, list[PolicyResource]] | None = None, **props: Any,
) -> PolicyResource:  # fmt: skip
    urn = f"urn:pulumi:dev::headway::{type_}::{name}"
    return PolicyResource(
        type_, unknown_checking_proxy(props), urn, name, options(protect=protect), None, parent, [],
        dict(comes_from or {}),
    )  # fmt: skip


def of_program(made: Provisioned) -> list[PolicyResource]:
    """What a program registered, as the engine would hand it on."""
    found = {
        one.urn: PolicyResource(
            one.type, unknown_checking_proxy(one.inputs), one.urn, one.name, options(protect=one.protected), None, None,
            [], {},
        )
        for one in made.resources
    }  # fmt: skip
    for one in made.resources:
        found[one.urn].parent = found.get(one.parent)
        found[one.urn].property_dependencies = {
            name: [found[urn] for urn in urns if urn in found] for name, urns in one.from_.items()
        }
    return list(found.values())


@dataclass(frozen=True)
class Complaint:
    policy: str
    said: str
    urn: str | None

    @property
    def name(self) -> str:
        return (self.urn or "").split("::")[-1]


def complaints(
    policy: Policy, resources: Sequence[PolicyResource], *, stack: str = "dev", **config: Any
) -> list[Complaint]:
    """What a policy says of a stack, or of each of its resources."""
    found: list[Complaint] = []
    for one in resources:
        one.urn = "::".join([f"urn:pulumi:{stack}", *one.urn.split("::")[1:]])

    def reporter(of: str | None) -> Callable[[str, str | None], None]:
        return lambda message, urn=None: found.append(Complaint(policy.name, message, urn or of))

    with on(stack):
        if isinstance(policy, StackValidationPolicy):
            policy.validate(StackValidationArgs(list(resources), config), reporter(None))
        assert isinstance(policy, StackValidationPolicy | ResourceValidationPolicy)
        if isinstance(policy, ResourceValidationPolicy):
            for one in resources:
                asked = ResourceValidationArgs(
                    one.resource_type, one.props, one.urn, one.name, one.opts, None, config
                )  # fmt: skip
                policy.validate(asked, reporter(one.urn))
    return found


@contextmanager
def on(stack: str) -> Iterator[None]:
    with mock.patch("pulumi.get_stack", return_value=stack):
        yield
