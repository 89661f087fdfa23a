"""Output validation in a Design: what is checked, in which windows the shares are watched, how long probes take."""

from __future__ import annotations

from math import ceil

from pydantic import BaseModel

from headway.architectures.answer_watch import ShareWatch, ValidationDesign
from headway.architectures.promise import share_window
from headway.architectures.workload import Workload
from headway.sizing.service_time import BatchTime
from headway.units import HOURS_PER_WEEK


def validation_design(
    workload: Workload, longest_gap_s: float = 0.0, *, per_hour: float | None = None, probing: bool = True
) -> ValidationDesign | None:
    """How answers are checked where the profile says so.

    Args:
        workload: Whose.
        longest_gap_s: Results come so far apart at the most.
        per_hour: Answers that are checked; all of the workload's unless given.
        probing: Whether the probes are asked, too.
    """
    declared = workload.profile.model.validation
    if declared is None:
        return None
    rate = workload.demand.per_week / HOURS_PER_WEEK if per_hour is None else per_hour

    def watched(most: float) -> ShareWatch:
        return ShareWatch(window_s=share_window(most, rate, longest_gap_s), most=most)

    return ValidationDesign(
        document=declared.document() if probing else {**declared.document(), "probes": []},
        doubtful=watched(declared.most_doubtful),
        breaking=None if declared.schema_ is None else watched(declared.most_breaking),
    )


def probes_time(workload: Workload, time: BatchTime, batch: int) -> float:
    """Seconds that a model is asked what is known; 0 where the profile says nothing of it."""
    declared = workload.profile.model.validation
    count = len(declared.probes) if declared else 0
    return count * time.alpha + ceil(count / batch) * time.beta


def checks_answers(design: BaseModel | None) -> bool:
    """Whether a design, or a part of it, checks its answers."""
    if design is None:
        return False
    if getattr(design, "validation", None) is not None:
        return True
    inner = [part for value in dict(design).values() for part in (value if isinstance(value, tuple) else (value,))]
    return any(checks_answers(part) for part in inner if isinstance(part, BaseModel))
