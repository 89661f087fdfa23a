"""What was left out of the search, and what to measure so that it can be considered."""

from __future__ import annotations

from headway.architectures import Workload
from headway.planning.plan import NotConsidered
from headway.prices import PriceError, hardware, known_hardware

MOST_SUGGESTED = 3


def not_considered(workload: Workload) -> tuple[NotConsidered, ...]:
    """Cheaper hardware of the same kind that nobody measured, and architectures that need another measurement."""
    rows = [*_cheaper_hardware(workload)]
    if not workload.measured_on(serverless=True) and not _needs_gpu(workload):
        rows.append(
            NotConsidered(
                what="serverless",
                reason="no serverless-<n>GB in model.measured: measure one request on 4 GB to compare",
            )
        )
    return tuple(rows)


def _needs_gpu(workload: Workload) -> bool:
    names = workload.measured_on(serverless=False)
    return bool(names) and all(hardware(name).gpus for name in names)


def _cheaper_hardware(workload: Workload) -> list[NotConsidered]:
    """Types with as many accelerators, enough memory and a lower price than the cheapest one measured."""
    measured = workload.measured_on(serverless=False)
    priced = [(price, name) for name in measured if (price := _price(workload, name)) is not None]
    if not priced:
        return []
    limit, cheapest = min(priced)
    reference = hardware(cheapest)
    if not reference.gpus:
        return []
    found = []
    for name in known_hardware():
        other = hardware(name)
        if name in measured or other.gpus < reference.gpus or other.arch != reference.arch:
            continue
        if other.gpu_memory_mib < reference.gpu_memory_mib * 0.7 or other.neuron_cores:
            continue
        price = _price(workload, name)
        if price is not None and price < limit:
            found.append((price, name))
    return [
        NotConsidered(
            what=name,
            reason=f"not measured; {1 - price / limit:.0%} cheaper an hour than {cheapest}: "
            "measure batch 1 and 8 there",
        )
        for price, name in sorted(found)[:MOST_SUGGESTED]
    ]


def _price(workload: Workload, name: str) -> float | None:
    try:
        return float(workload.pricing.book.instance(workload.profile.region, name, "on_demand").usd)
    except PriceError:
        return None
