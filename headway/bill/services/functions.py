"""AWS Lambda."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Literal

from headway.bill.lines import Line
from headway.bill.pricing import Context, Pricing, Quantity, as_range, metered
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
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Requests, GB-seconds rounded up to the millisecond, ephemeral storage over 512 MB."""
    context = Context(description, assumptions, resource_types)
    suffix = "arm" if arch == "arm64" else "x86"
    billed = to_decimal(seconds).quantize(Decimal("0.001"), ROUND_CEILING)
    count = as_range(requests)
    lines = [
        metered(pricing, "Lambda", f"requests_{suffix}", count, context),
        metered(pricing, "Lambda", f"duration_{suffix}", count * (billed * to_decimal(memory_mb) / 1024), context),
    ]
    if ephemeral_mb > FREE_EPHEMERAL_MB:
        extra = to_decimal(ephemeral_mb - FREE_EPHEMERAL_MB) / 1024
        lines.append(metered(pricing, "Lambda", "ephemeral_storage_over_512MB", count * (billed * extra), context))
    return tuple(lines)
