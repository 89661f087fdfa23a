"""Output validation in a Design: what is checked, in which windows the shares are watched, how long probes take."""

from __future__ import annotations

from math import ceil

from headway.architectures.design import ShareWatch, ValidationDesign
from headway.architectures.promise import share_window
from headway.architectures.workload import Workload
from headway.sizing.service_time import BatchTime
from headway.units import HOURS_PER_WEEK


def validation_design(workload: Workload, longest_gap_s: float = 0.0) -> ValidationDesign | None:
    """How answers are checked where the profile says so, and where results come ``longest_gap_s`` apart at the most."""
    declared = workload.profile.model.validation
    if declared is None:
        return None
    per_hour = workload.demand.per_week / HOURS_PER_WEEK

    def watched(most: float) -> ShareWatch:
        return ShareWatch(window_s=share_window(most, per_hour, longest_gap_s), most=most)

    return ValidationDesign(
        document=declared.document(),
        doubtful=watched(declared.most_doubtful),
        breaking=None if declared.schema_ is None else watched(declared.most_breaking),
    )


def probes_time(workload: Workload, time: BatchTime, batch: int) -> float:
    """Seconds that a model is asked what is known; 0 where the profile says nothing of it."""
    declared = workload.profile.model.validation
    count = len(declared.probes) if declared else 0
    return count * time.alpha + ceil(count / batch) * time.beta
