"""Amazon S3."""

from __future__ import annotations

from headway.bill.lines import Line
from headway.bill.pricing import Context, Pricing, Quantity, metered, used


def s3(
    pricing: Pricing,
    *,
    storage_gb_months: Quantity = 0,
    puts: Quantity = 0,
    gets: Quantity = 0,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Standard storage, writes and lists (PUT, COPY, POST, LIST), reads (GET and all others)."""
    context = Context(description, assumptions, resource_types)
    usage = (("standard_storage", storage_gb_months), ("put_copy_post_list", puts), ("get_and_other", gets))
    return tuple(metered(pricing, "S3", meter, count, context) for meter, count in usage if used(count))
