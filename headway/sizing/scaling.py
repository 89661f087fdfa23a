"""Floors by hour of week: raised one start-time early, held by target tracking, left with a lag."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

DETECTED_AFTER, LOW_FOR = 3, 15
"""Minutes above the target until target tracking adds, below 0.9 of it until it takes (Application Auto Scaling)."""
LOW = 0.9


def raise_early(needed: Sequence[int], start_s: float) -> list[int]:
    """Floors that are up before the hour that needs them: each hour holds what the hours within ``start_s`` need.

    Scheduled actions fire on the hour, so a start of up to an hour raises the floor one whole hour early.

    >>> raise_early([1, 1, 4, 1], 390)
    [1, 4, 4, 1]
    """
    ahead = ceil(start_s / 3600)
    size = len(needed)
    return [max(needed[(hour + step) % size] for step in range(ahead + 1)) for hour in range(size)]


def instances_held(floors: Sequence[int], mean_rates: Sequence[float], target_per_instance: float) -> list[int]:
    """Instances by hour: the larger of the floor and what target tracking holds.

    >>> instances_held([1, 1], [10, 350], 100)
    [1, 4]
    """
    return [max(floor, ceil(rate / target_per_instance - 1e-9)) for floor, rate in zip(floors, mean_rates, strict=True)]


def instance_hours(
    floors: Sequence[int],
    mean_rates: Sequence[float],
    *,
    target_per_instance: float,
    scale_in_idle_s: float,
) -> float:
    """Instance hours of a week: the larger of the floor and what target tracking holds, and the lag of scaling in.

    Args:
        floors: Instances by hour, raised early.
        mean_rates: Requests an hour, by hour.
        target_per_instance: Requests an hour and instance that tracking aims at.
        scale_in_idle_s: How long capacity outlives the need for it.

    >>> instance_hours([1, 1], [10, 10], target_per_instance=100, scale_in_idle_s=600)
    2.0
    """
    held = instances_held(floors, mean_rates, target_per_instance)
    steps_down = sum(max(0, held[hour - 1] - now) for hour, now in enumerate(held))
    return float(sum(held)) + steps_down * scale_in_idle_s / 3600
