"""What a row of the table is, and the account that rows work in."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headway_rehearsal.values import UnknownPropertyError, parameters

Inputs = Mapping[str, Any]
TAGS = ("tags", "tagsAll")


@dataclass(frozen=True)
class Created:
    """A resource that is there: its id, and the outputs that AWS adds to its inputs."""

    id: str
    outputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Aws:
    """The account a row creates in."""

    client: Callable[[str], Any]
    region: str
    account: str
    said: list[str] = field(default_factory=list)
    """The logs of what ran in it."""

    def name(self, logical: str, inputs: Inputs, key: str = "name") -> str:
        """The physical name: as given, else the logical one with a random end, as the provider names things."""
        given = inputs.get(key)
        prefix = inputs.get(f"{key}Prefix") or f"{logical}-"
        return str(given) if given else f"{prefix}{secrets.token_hex(4)[:7]}"


Create = Callable[[Aws, str, Inputs], Created]
Read = Callable[[Aws, str], dict[str, Any]]
Update = Callable[[Aws, str, Inputs, Inputs], dict[str, Any]]
"""From the id, what was declared and what is declared now; gives the outputs that it changed."""
Delete = Callable[[Aws, str, Inputs], None]
"""By the id and the resource's properties. What is not there is not an error to Pulumi."""
Refusal = Callable[[Aws, str, Inputs, Inputs], str | None]
"""Why AWS would refuse an update (or, with nothing declared now, the deletion); None where it would not."""


@dataclass(frozen=True)
class ResourceType:
    """One type: how it is made, read back, updated and deleted; which changes make it anew, and which AWS refuses."""

    token: str
    create: Create
    read: Read
    delete: Delete
    update: Update | None = None
    """None: whatever changes makes it anew."""
    replaces: tuple[str, ...] = ()
    """Properties whose change makes it anew: ForceNew in Terraform's AWS provider, which pulumi-aws bridges."""
    named: str | None = "name"
    """The property with its physical name; given and kept, the old one goes before the new one is made."""
    renews: tuple[str, ...] = ()
    """Outputs that every update changes."""
    known_by: tuple[str, ...] = ()
    """The properties, joined by a slash, by which it is read and changed where its id does not say enough."""
    shown_as: Mapping[str, str] = field(default_factory=dict)
    """Properties that AWS's description calls otherwise."""
    unseen: tuple[str, ...] = ()
    """Properties that no description tells of: the provider's own, and those that moto forgets."""
    refuses: Refusal | None = None


def ask(
    aws: Aws,
    service: str,
    operation: str,
    inputs: Inputs,
    *,
    what: str,
    rename: Mapping[str, str] | None = None,
    handled: tuple[str, ...] = (),
    **extra: Any,
) -> dict[str, Any]:
    """Call an operation with a resource's inputs, and with what the row adds."""
    client = aws.client(service)
    wanted = parameters(client, operation, inputs, rename=rename or {}, handled=(*handled, *TAGS, "region"), what=what)
    answer: dict[str, Any] = getattr(client, operation)(**{**wanted, **extra})
    return answer


def tag_list(inputs: Inputs, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Tags as most services list them."""
    return [{key: name, value: str(text)} for name, text in (inputs.get("tags") or {}).items()]


def tag_map(inputs: Inputs) -> dict[str, str]:
    """Tags as a map."""
    return {name: str(text) for name, text in (inputs.get("tags") or {}).items()}


def only(inputs: Inputs, known: tuple[str, ...], what: str) -> None:
    """Refuse inputs that a row done by hand does not know."""
    for name, value in inputs.items():
        if name not in known and name not in (*TAGS, "region") and value is not None:
            raise UnknownPropertyError(f"{what}: property {name!r} is not in the resource table")


def again(create: Create) -> Update:
    """An update by the same call that made it, as AWS's ``put`` operations are: under the name it has."""

    def update(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        del old
        return create(aws, identity, {**new, "name": identity}).outputs

    return update


def by(service: str, operation: str, parameter: str) -> Delete:
    """A deletion by one operation that takes the id."""

    def delete(aws: Aws, identity: str, state: Inputs) -> None:
        del state
        getattr(aws.client(service), operation)(**{parameter: identity})

    return delete


def changed(old: Inputs, new: Inputs, *names: str) -> bool:
    """Whether any of the properties differs."""
    return any(old.get(name) != new.get(name) for name in names)
