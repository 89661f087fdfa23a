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

    def name(self, logical: str, inputs: Inputs, key: str = "name") -> str:
        """The physical name: as given, else the logical one with a random end, as the provider names things."""
        given = inputs.get(key)
        prefix = inputs.get(f"{key}Prefix") or f"{logical}-"
        return str(given) if given else f"{prefix}{secrets.token_hex(4)[:7]}"


Create = Callable[[Aws, str, Inputs], Created]
Read = Callable[[Aws, str], dict[str, Any]]
Delete = Callable[[Aws, str], None]


@dataclass(frozen=True)
class ResourceType:
    """One type: how it is made, read back and deleted. Deleting what is not there is not an error to Pulumi."""

    token: str
    create: Create
    read: Read
    delete: Delete | None = None


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
