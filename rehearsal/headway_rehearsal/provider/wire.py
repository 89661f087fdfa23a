"""Pulumi's property values as plain Python, and back: assets are opened for the table, all else passes as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from google.protobuf import json_format, struct_pb2

from headway_rehearsal.provider.differences import UNKNOWN

SIGNATURE = "4dabf18193072939515e22adb298388d"
ASSET, ARCHIVE, SECRET = (
    "c44067f5952c0a294b673a41bacd8c17",
    "0def7320c3a5731c473e5ecbe6d01bc7",
    "1b47061264138c4ac30d75fd1eb44270",
)
"""Signatures of special values (Pulumi's property-value protocol)."""


def plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A message's properties; numbers are floats, secrets are opened."""
    found = _opened(json_format.MessageToDict(struct))
    assert isinstance(found, dict)  # noqa: S101 - a struct is one
    return found


def message(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Properties as a message."""
    struct = struct_pb2.Struct()
    struct.update({name: value for name, value in properties.items() if value is not None})
    return struct


def with_assets(value: Any) -> Any:
    """Files as the table's rows read them."""
    if isinstance(value, list):
        return [with_assets(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get(SIGNATURE)
    if kind == ASSET:
        return pulumi.FileAsset(value["path"]) if value.get("path") else pulumi.StringAsset(value.get("text") or "")
    if kind == ARCHIVE:
        return pulumi.FileArchive(value["path"])
    return {name: with_assets(item) for name, item in value.items()}


def unknown_in(value: Any) -> bool:
    """Whether any part of a value is not known yet."""
    if isinstance(value, dict):
        return any(unknown_in(item) for item in value.values())
    if isinstance(value, list):
        return any(unknown_in(item) for item in value)
    return bool(value == UNKNOWN)


def _opened(value: Any) -> Any:
    if isinstance(value, dict):
        return _opened(value["value"]) if value.get(SIGNATURE) == SECRET else {k: _opened(v) for k, v in value.items()}
    return [_opened(item) for item in value] if isinstance(value, list) else value
