"""Amazon DynamoDB."""

from __future__ import annotations

from math import ceil

from headway.bill.lines import Line
from headway.bill.pricing import Context, Pricing, Quantity, as_range, metered, used

READ_UNIT_BYTES, WRITE_UNIT_BYTES = 4096, 1024
"""A read unit covers 4 KB, a write unit 1 KB of one item (DynamoDB pricing page)."""


def dynamodb(
    pricing: Pricing,
    *,
    reads: Quantity = 0,
    writes: Quantity = 0,
    item_bytes: float = 0,
    storage_gb_months: Quantity = 0,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Eventually consistent reads, writes and storage of a table on demand."""
    context = Context(description, assumptions, resource_types)
    read_units = as_range(reads) * max(1, ceil(item_bytes / READ_UNIT_BYTES)) * 0.5
    write_units = as_range(writes) * max(1, ceil(item_bytes / WRITE_UNIT_BYTES))
    usage = (("on_demand_rru", read_units), ("on_demand_wru", write_units), ("storage_standard", storage_gb_months))
    return tuple(metered(pricing, "DynamoDB", meter, count, context) for meter, count in usage if used(count))
