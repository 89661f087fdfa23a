"""Amazon API Gateway."""

from __future__ import annotations

from math import ceil
from typing import Literal

from headway.bill.lines import Line
from headway.bill.pricing import Context, Pricing, Quantity, as_range, metered

HTTP_UNIT_BYTES = 524_288
"""An HTTP API's request is metered by 512 KB of its payload (Amazon API Gateway pricing)."""


def api_gateway(
    pricing: Pricing,
    *,
    requests: Quantity,
    request_bytes: float = 0,
    kind: Literal["http", "rest"] = "http",
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Requests of an HTTP API, one for every 512 KB of their payload; of a REST API, one each."""
    context = Context(description, assumptions, resource_types)
    if kind == "rest":
        return (metered(pricing, "APIGateway", "rest_api", requests, context),)
    units = max(1, ceil(request_bytes / HTTP_UNIT_BYTES))
    return (metered(pricing, "APIGateway", "http_api", as_range(requests) * units, context),)
