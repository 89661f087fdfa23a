"""Amazon CloudWatch: metrics, alarms, dashboards, logs."""

from __future__ import annotations

from headway.bill.lines import Line
from headway.bill.pricing import Context, Pricing, Quantity, metered, used


def cloudwatch(
    pricing: Pricing,
    *,
    metrics: Quantity = 0,
    alarms: Quantity = 0,
    high_resolution_alarms: Quantity = 0,
    composite_alarms: Quantity = 0,
    dashboards: Quantity = 0,
    log_gb: Quantity = 0,
    log_stored_gb_months: Quantity = 0,
    api_requests: Quantity = 0,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Custom metrics, alarms by kind, dashboards by the month; logs taken in and kept by GB; API requests."""
    context = Context(description, assumptions, resource_types)
    usage = (
        ("custom_metric", metrics), ("alarm_standard", alarms), ("alarm_high_resolution", high_resolution_alarms),
        ("alarm_composite", composite_alarms), ("dashboard", dashboards), ("logs_ingest_standard", log_gb),
        ("logs_storage", log_stored_gb_months), ("api_requests", api_requests),
    )  # fmt: skip
    return tuple(metered(pricing, "CloudWatch", meter, count, context) for meter, count in usage if used(count))
