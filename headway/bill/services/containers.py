"""AWS Fargate and Amazon ECR."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Literal

from headway.bill.lines import Line, Range
from headway.bill.pricing import Context, Pricing, Quantity, as_range, metered
from headway.units import to_decimal

LEAST_S = 60
"""A task is billed for a minute at least (AWS Fargate pricing, Linux)."""
FREE_STORAGE_GB = 20
"""Ephemeral storage that every task includes (the same page)."""


def fargate(
    pricing: Pricing,
    *,
    tasks: Quantity,
    seconds: float,
    vcpu: float,
    memory_gb: float,
    storage_gb: float = FREE_STORAGE_GB,
    arch: Literal["x86", "arm64"] = "x86",
    spot: bool = False,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Linux tasks by vCPU and GB, by the second with a minute at least; storage over 20 GB. Spot has no known price."""
    context = Context(description, assumptions, resource_types)
    suffix = "arm" if arch == "arm64" else "x86"
    billed = max(Decimal(LEAST_S), to_decimal(seconds).to_integral_value(ROUND_CEILING))
    prefix = "spot_" if spot else ""

    def hours(of: float) -> Range:
        return as_range(tasks).each(lambda count: count * billed * to_decimal(of) / 3600)

    lines = [
        metered(pricing, "Fargate", f"{prefix}vcpu_{suffix}", hours(vcpu), context),
        metered(pricing, "Fargate", f"{prefix}memory_{suffix}", hours(memory_gb), context),
    ]
    if storage_gb > FREE_STORAGE_GB:
        extra = hours(storage_gb - FREE_STORAGE_GB)
        lines.append(metered(pricing, "Fargate", "ephemeral_storage_over_20GB", extra, context))
    return tuple(lines)


def ecr(
    pricing: Pricing,
    *,
    storage_gb_months: Quantity,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Images in private repositories; pulling them in their own region is free."""
    context = Context(description, assumptions, resource_types)
    return (metered(pricing, "ECR", "private_storage", storage_gb_months, context),)
