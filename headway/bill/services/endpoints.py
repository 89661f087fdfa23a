"""Amazon SageMaker endpoints: instance hosting and serverless inference."""

from __future__ import annotations

from decimal import Decimal

from headway.bill.lines import Line
from headway.bill.pricing import Context, Pricing, Quantity, as_range, instance_line, metered, used
from headway.units import to_decimal


def sagemaker_hosting(
    pricing: Pricing,
    *,
    instance_type: str,
    hours: Quantity,
    storage_gb_months: Quantity = 0,
    data_in_gb: Quantity = 0,
    data_out_gb: Quantity = 0,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Hosting hours of an ``ml.`` instance, its storage, and the data it processes in and out."""
    context = Context(description, assumptions, resource_types)
    name = instance_type if instance_type.startswith("ml.") else f"ml.{instance_type}"
    lines = [instance_line(pricing, "SageMakerHosting", name, "hosting", hours, context)]
    if used(storage_gb_months):
        lines.append(metered(pricing, "SageMakerHosting", "ml_storage_gp2", storage_gb_months, context))
    return (*lines, *_data(pricing, data_in_gb, data_out_gb, context))


def sagemaker_serverless(
    pricing: Pricing,
    *,
    requests: Quantity,
    seconds: float,
    memory_mb: int,
    data_in_gb: Quantity = 0,
    data_out_gb: Quantity = 0,
    provisioned_concurrency: int = 0,
    provisioned_hours: float = 0,
    description: str = "",
    assumptions: tuple[str, ...] = (),
    resource_types: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Serverless inference by the millisecond and memory; provisioned concurrency is unpriced without a rate."""
    context = Context(description, assumptions, resource_types)
    billed = to_decimal(seconds).quantize(Decimal("0.001"))
    memory_gb = to_decimal(memory_mb) / 1024
    gb_seconds = as_range(requests).each(lambda count: count * billed * memory_gb)
    lines = [metered(pricing, "SageMakerServerless", "inference_duration", gb_seconds, context)]
    if provisioned_concurrency and provisioned_hours:
        kept = to_decimal(provisioned_hours) * 3600 * memory_gb * provisioned_concurrency
        warm = Context(f"{description}, kept warm" if description else "", assumptions, resource_types)
        lines.append(metered(pricing, "SageMakerServerless", "provisioned_concurrency", kept, warm))
    return (*lines, *_data(pricing, data_in_gb, data_out_gb, context))


def _data(pricing: Pricing, data_in_gb: Quantity, data_out_gb: Quantity, context: Context) -> tuple[Line, ...]:
    """Data processed: one meter for both ways in some regions' books, one each in others."""
    if not used(data_in_gb, data_out_gb):
        return ()
    both = as_range(data_in_gb) + as_range(data_out_gb)
    separate = pricing.book.find(pricing.region, "SageMakerHosting", "data_processed_in")
    if separate is None or "data_processed_in_or_out" in pricing.rates:
        return (metered(pricing, "SageMakerHosting", "data_processed_in_or_out", both, context),)
    return (
        metered(pricing, "SageMakerHosting", "data_processed_in", data_in_gb, context),
        metered(pricing, "SageMakerHosting", "data_processed_out", data_out_gb, context),
    )
