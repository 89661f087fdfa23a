"""Amazon VPC and data transfer: public IPv4, NAT gateways, interface endpoints, traffic between zones and out."""

from __future__ import annotations

from headway.bill.lines import Line
from headway.bill.pricing import Context, Pricing, Quantity, as_range, metered, used


def public_ipv4(
    pricing: Pricing,
    *,
    hours: Quantity,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Public IPv4 addresses in use, by the hour."""
    context = Context(description, assumptions, resource_types)
    return (metered(pricing, "VPC", "public_ipv4_in_use", hours, context),) if used(hours) else ()


def nat_gateway(
    pricing: Pricing,
    *,
    hours: Quantity,
    gb: Quantity = 0,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Gateway hours and data processed."""
    context = Context(description, assumptions, resource_types)
    usage = (("hour", hours), ("data_processed", gb))
    return tuple(metered(pricing, "NATGateway", meter, count, context) for meter, count in usage if used(count))


def interface_endpoint(
    pricing: Pricing,
    *,
    endpoint_az_hours: Quantity,
    gb: Quantity = 0,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Interface endpoints by hour and availability zone, and data processed."""
    context = Context(description, assumptions, resource_types)
    usage = (("interface_endpoint_hour", endpoint_az_hours), ("interface_endpoint_data", gb))
    return tuple(metered(pricing, "VPC", meter, count, context) for meter, count in usage if used(count))


def data_transfer(
    pricing: Pricing,
    *,
    internet_out_gb: Quantity = 0,
    inter_az_gb: Quantity = 0,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Out to the internet; between availability zones, which is charged in each direction."""
    context = Context(description, assumptions, resource_types)
    usage = (("internet_out", as_range(internet_out_gb)), ("inter_az_each_direction", as_range(inter_az_gb) * 2))
    return tuple(metered(pricing, "DataTransfer", meter, count, context) for meter, count in usage if used(count))
