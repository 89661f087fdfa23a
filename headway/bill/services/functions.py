"""AWS Lambda."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Literal

from headway.bill.lines import Line
from headway.bill.pricing import Context, Pricing, Quantity, as_range, metered, used
from headway.units import to_decimal

FREE_EPHEMERAL_MB = 512


def lambda_(
    pricing: Pricing,
    *,
    requests: Quantity,
    seconds: float,
    memory_mb: int,
    arch: Literal["x86", "arm64"] = "x86",
    ephemeral_mb: int = FREE_EPHEMERAL_MB,
    provisioned_concurrency: int = 0,
    provisioned_hours: Quantity = 0,
    poller_hours: Quantity = 0,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Requests, GB-seconds rounded up to the millisecond, ephemeral storage over 512 MB.

    With provisioned concurrency all requests run on it, at its own lower rate by the GB-second, and what is kept is
    billed by the GB-second besides. Provisioned pollers of an event source are unpriced without a rate.
    """
    context = Context(description, assumptions, resource_types)
    suffix = "arm" if arch == "arm64" else "x86"
    billed = to_decimal(seconds).quantize(Decimal("0.001"), ROUND_CEILING)
    count = as_range(requests)
    kept = provisioned_concurrency > 0 and used(provisioned_hours)
    lines = [
        metered(pricing, "Lambda", f"requests_{suffix}", count, context),
        metered(
            pricing, "Lambda", f"{'provisioned_' if kept else ''}duration_{suffix}",
            count * (billed * to_decimal(memory_mb) / 1024), context,
        ),
    ]  # fmt: skip
    if kept:
        seconds_kept = as_range(provisioned_hours) * (to_decimal(memory_mb) / 1024 * 3600 * provisioned_concurrency)
        lines.append(metered(pricing, "Lambda", f"provisioned_concurrency_{suffix}", seconds_kept, context))
    if used(poller_hours):
        lines.append(metered(pricing, "Lambda", "event_source_poller", poller_hours, context))
    if ephemeral_mb > FREE_EPHEMERAL_MB:
        extra = to_decimal(ephemeral_mb - FREE_EPHEMERAL_MB) / 1024
        lines.append(metered(pricing, "Lambda", "ephemeral_storage_over_512MB", count * (billed * extra), context))
    return tuple(lines)
