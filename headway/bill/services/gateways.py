"""Amazon API Gateway."""

from __future__ import annotations

from math import ceil

from headway.bill.lines import Line
from headway.bill.pricing import Context, Pricing, Quantity, as_range, metered

HTTP_UNIT_BYTES = 524_288
"""An HTTP API's request is metered by 512 KB of payload (API Gateway pricing page)."""


def api_gateway(
    pricing: Pricing,
    *,
    requests: Quantity,
    request_bytes: float = 0,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Requests of an HTTP API, one for every 512 KB of their payload."""
    context = Context(description, assumptions, resource_types)
    units = max(1, ceil(request_bytes / HTTP_UNIT_BYTES))
    return (metered(pricing, "APIGateway", "http_api", as_range(requests) * units, context),)
