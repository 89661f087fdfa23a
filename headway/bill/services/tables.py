"""Amazon DynamoDB."""

from __future__ import annotations

from math import ceil
from typing import Literal

from headway.bill.lines import Line
from headway.bill.pricing import Context, Pricing, Quantity, as_range, metered, used
from headway.units import HOURS_PER_MONTH

READ_UNIT_BYTES, WRITE_UNIT_BYTES = 4096, 1024
"""A read unit covers 4 KB of an item, a write unit 1 KB (Amazon DynamoDB Developer Guide, capacity units)."""
READ_UNITS = {"eventual": 0.5, "strong": 1.0, "transactional": 2.0}
"""Units that a read of 4 KB takes, by its consistency (the same page)."""


def dynamodb(
    pricing: Pricing,
    *,
    reads: Quantity = 0,
    writes: Quantity = 0,
    transactional_writes: Quantity = 0,
    item_bytes: float = 0,
    consistency: Literal["eventual", "strong", "transactional"] = "eventual",
    read_capacity: Quantity = 0,
    write_capacity: Quantity = 0,
    storage_gb_months: Quantity = 0,
    streams_reads: Quantity = 0,
    pitr_gb_months: Quantity = 0,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """A standard table.

    Requests on demand by the units that items of ``item_bytes`` take, or capacity units provisioned all month; storage,
    reads of its stream, point-in-time recovery. Read units are rounded up to 4 KB an item, write units to 1 KB; a
    transactional write takes twice as many.
    """
    context = Context(description, assumptions, resource_types)
    read_units = as_range(reads) * max(1, ceil(item_bytes / READ_UNIT_BYTES)) * READ_UNITS[consistency]
    write_units = (as_range(writes) + as_range(transactional_writes) * 2) * max(1, ceil(item_bytes / WRITE_UNIT_BYTES))
    usage = (
        ("on_demand_rru", read_units), ("on_demand_wru", write_units),
        ("provisioned_rcu", as_range(read_capacity) * HOURS_PER_MONTH),
        ("provisioned_wcu", as_range(write_capacity) * HOURS_PER_MONTH),
        ("storage_standard", storage_gb_months), ("streams_read", streams_reads), ("pitr", pitr_gb_months),
    )  # fmt: skip
    return tuple(metered(pricing, "DynamoDB", meter, count, context) for meter, count in usage if used(count))
