"""The table of what was computed ahead: one row a key, on demand, expiring."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from headway.architectures.router_design import TableDesign
from headway_components.site import Site

KEY, EXPIRY = "key", "expires_at"


@dataclass(frozen=True)
class RowTable:
    """What writers and readers need to know of a table."""

    name: pulumi.Input[str]
    arn: pulumi.Input[str]
    expires_s: float


def row_table(site: Site, design: TableDesign, what: str = "rows") -> RowTable:
    """An encrypted table on demand. What it holds can be computed again: no backups."""
    table = aws.dynamodb.Table(
        site.part(what),
        billing_mode="PAY_PER_REQUEST",
        hash_key=KEY,
        attributes=[{"name": KEY, "type": "S"}],
        ttl={"attribute_name": EXPIRY, "enabled": True},
        server_side_encryption={"enabled": True, "kms_key_arn": site.kms_key_arn} if site.kms_key_arn else None,
        deletion_protection_enabled=site.protect_data or None,
        tags=site.tags,
        opts=site.data(),
    )
    return RowTable(table.name, table.arn, float(design.expires_s))
