"""AWS Step Functions."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from math import ceil

from headway.bill.lines import Line
from headway.bill.pricing import Context, Pricing, Quantity, as_range, metered, used
from headway.units import to_decimal

MEMORY_STEP_MB = 64
DURATION_STEP_S = Decimal("0.1")
"""Express workflows: memory in steps of 64 MB, duration in steps of 100 ms (AWS Step Functions pricing)."""


def step_functions(
    pricing: Pricing,
    *,
    transitions: Quantity = 0,
    express_requests: Quantity = 0,
    seconds: float = 0,
    memory_mb: int = MEMORY_STEP_MB,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """State transitions of standard workflows; requests and GB-seconds of express ones, each of so many seconds."""
    context = Context(description, assumptions, resource_types)
    steps = (to_decimal(seconds) / DURATION_STEP_S).to_integral_value(ROUND_CEILING)
    memory_gb = to_decimal(ceil(memory_mb / MEMORY_STEP_MB) * MEMORY_STEP_MB) / 1024
    usage = (
        ("standard_state_transitions", transitions), ("express_requests", express_requests),
        ("express_duration", as_range(express_requests) * (steps * DURATION_STEP_S * memory_gb)),
    )  # fmt: skip
    return tuple(metered(pricing, "StepFunctions", meter, count, context) for meter, count in usage if used(count))
