"""What runs today: instances over the hours, how busy they are, and their bill from the price book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from statistics import fmean
from typing import Any

from headway.architectures.candidate import Result
from headway.bill import services
from headway.bill.lines import Bill
from headway.bill.pricing import Pricing
from headway.errors import HeadwayError
from headway.prices import hardware
from headway.profile.editing import Content, Edit, edit_profile, put
from headway.units import DAYS_PER_MONTH, HOURS_PER_MONTH, Money


class Running(Result):
    """One variant of an endpoint, as it ran over some days."""

    endpoint: str
    variant: str
    architecture: str
    """``realtime``, ``serverless`` or ``asynchronous``."""
    instance_type: str | None
    """``ml.g5.xlarge``; None where it is serverless."""
    instances: int | None
    """Now."""
    least: int | None
    most: int | None
    mean_instances: float | None
    requests_per_day: float
    utilization: float | None
    """Of the GPUs, else of the CPUs, 0..1; None where CloudWatch knows nothing of it."""
    bill: Bill


class Today(Result):
    """All that was asked for, and the ``current:`` of a profile that it makes."""

    days: int
    running: tuple[Running, ...]
    monthly_bill: Money
    unpriced: tuple[str, ...]
    current: dict[str, Any]


def mean_instances(calls: Mapping[Any, float], per_instance: Mapping[Any, float], *, hours: int, idle: int) -> float:
    """Instances over some hours: in each the calls over the calls per instance; where nobody called, ``idle``.

    CloudWatch counts no instances; it divides the calls by them (InvocationsPerInstance).

    >>> mean_instances({8: 300.0, 9: 100.0}, {8: 100.0, 9: 100.0}, hours=4, idle=1)
    1.5
    """
    busy = [calls[hour] / each for hour, each in per_instance.items() if each > 0 and calls.get(hour, 0) > 0]
    return (sum(busy) + idle * max(0, hours - len(busy))) / hours


def share_busy(instance_type: str, percent: Mapping[Any, float], *, of_gpus: bool) -> float | None:
    """Utilisation 0..1 from CloudWatch's percent, which counts 100 for each GPU or vCPU.

    >>> share_busy("ml.g5.12xlarge", {0: 80.0, 1: 120.0}, of_gpus=True)
    0.25
    """
    if not percent:
        return None
    facts = hardware(instance_type.removeprefix("ml."))
    units = max(1.0, facts.gpus if of_gpus else facts.vcpu)
    return min(1.0, fmean(percent.values()) / 100 / units)


def hosting_bill(pricing: Pricing, instance_type: str, instances: float, storage_gb: int) -> Bill:
    """A month of so many instances on average; the bytes they process are not known here."""
    lines = services.sagemaker_hosting(
        pricing, instance_type=instance_type, hours=Decimal(str(round(instances, 4))) * HOURS_PER_MONTH,
        storage_gb_months=Decimal(str(round(instances * storage_gb, 4))), description="endpoint instances",
    )  # fmt: skip
    return Bill(lines=lines)


def serverless_bill(pricing: Pricing, memory_mb: int, per_day: float, seconds: float) -> Bill:
    """A month of a serverless endpoint's calls."""
    lines = services.sagemaker_serverless(
        pricing, requests=round(per_day * DAYS_PER_MONTH), seconds=seconds, memory_mb=memory_mb,
        description="serverless inference",
    )  # fmt: skip
    return Bill(lines=lines)


def today(running: Sequence[Running], *, days: int) -> Today:
    """What runs, together: one instance type and count where they share one, the bill of them all.

    Raises:
        HeadwayError: Nothing runs.
    """
    if not running:
        raise HeadwayError("no endpoint was named: what runs today?")
    bill = Bill.sum(one.bill for one in running)
    kinds = {one.architecture for one in running}
    types = {one.instance_type for one in running}
    current: dict[str, Any] = {"architecture": running[0].architecture if len(kinds) == 1 else "realtime"}
    if len(types) == 1 and (only := next(iter(types))) is not None:
        current["instance_type"] = only
        current["count"] = max(1, round(sum(one.mean_instances or 0 for one in running)))
    weighed = [(one.utilization, one.mean_instances or 0) for one in running if one.utilization is not None]
    if weighed and sum(weight for _, weight in weighed):
        busy = sum(share * weight for share, weight in weighed) / sum(weight for _, weight in weighed)
        current["utilization"] = float(f"{busy:.2g}")
    total = bill.total.expected
    if not bill.unpriced:
        current["monthly_bill"] = int(total.to_integral_value()) if total >= 100 else float(round(total, 2))
    return Today(days=days, running=tuple(running), monthly_bill=total, unpriced=bill.unpriced, current=current)


def fill_current(profile: Path, current: Mapping[str, Any]) -> Edit:
    """A profile's file with what runs today as its ``current:``, not yet written.

    Raises:
        ProfileError: The file is no profile.
    """

    def change(content: Content) -> None:
        if isinstance(content.get("current"), dict):
            for gone in set(content["current"]) - set(current):
                del content["current"][gone]
            content["current"].update(current)
        else:
            put(content, "current", current)

    return edit_profile(profile, change)
