"""Amazon EC2 and EBS."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from headway.bill.lines import Line
from headway.bill.pricing import (
    Context,
    Pricing,
    Quantity,
    as_range,
    instance_line,
    instance_line_at,
    metered,
    used,
)
from headway.prices import Price
from headway.prices.commitments import commitment_discount
from headway.units import HOURS_PER_MONTH

GP3_FREE_IOPS = 3000
GP3_FREE_MIBPS = 125
"""What a gp3 volume includes (Amazon EBS pricing)."""


def ec2(
    pricing: Pricing,
    *,
    instance_type: str,
    hours: Quantity,
    purchase: Literal["on_demand", "spot"] = "on_demand",
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Linux instance hours, billed by the second with a minimum of 60 s an instance (the caller's hours hold it).

    Raises:
        PriceError: No region has a price for this type.
    """
    context = Context(description, assumptions, resource_types)
    return (instance_line(pricing, "EC2", instance_type, purchase, hours, context),)


def ec2_reserved(
    pricing: Pricing,
    *,
    instance_type: str,
    instances: Quantity = 1,
    term: Literal["1y", "3y"] = "1y",
    offering: Literal["standard_ri", "convertible_ri"] = "standard_ri",
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Instances reserved without upfront payment: every hour of the month is paid, used or not.

    Raises:
        PriceError: No discount of this kind is known for the type in the region.
    """
    context, meter = Context(description, assumptions, resource_types), f"{offering}_{term}"
    given = pricing.rates.get(meter)
    if given is not None:
        price = Price(given, "instance-hour", "given", "", "given")
    else:
        on_demand = pricing.book.instance(pricing.region, instance_type, "on_demand")
        found = commitment_discount(pricing.region, instance_type, offering=offering, term=term)
        source = f"{on_demand.source} less {found.share:.1%} ({found.source})"
        price = Price(on_demand.usd * (1 - found.share), "instance-hour", source, found.as_of, "medium")
    hours = as_range(instances) * HOURS_PER_MONTH
    return (instance_line_at(price, "EC2", instance_type, meter, hours, context),)


def ebs(
    pricing: Pricing,
    *,
    gb_months: Quantity,
    iops: int = GP3_FREE_IOPS,
    mibps: int = GP3_FREE_MIBPS,
    volume_months: Quantity = 0,
    snapshot_gb_months: Quantity = 0,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """gp3 volumes by GB-month; IOPS over 3,000 and throughput over 125 MiB/s for ``volume_months``; snapshots."""
    context = Context(description, assumptions, resource_types)
    lines = []
    if used(gb_months):
        lines.append(metered(pricing, "EBS", "gp3_storage", gb_months, context))
    extra_iops, extra_mibps = max(0, iops - GP3_FREE_IOPS), max(0, mibps - GP3_FREE_MIBPS)
    months = as_range(volume_months)
    if extra_iops and used(months):
        lines.append(metered(pricing, "EBS", "gp3_iops_over_3000", months * Decimal(extra_iops), context))
    if extra_mibps and used(months):
        lines.append(metered(pricing, "EBS", "gp3_throughput_over_125MBps", months * Decimal(extra_mibps), context))
    if used(snapshot_gb_months):
        lines.append(metered(pricing, "EBS", "snapshot_storage", snapshot_gb_months, context))
    return tuple(lines)
