"""Replay: arrivals, from a trace or made of a profile, against a design; what people would have waited and paid.

Independent of the formulas that planned the design: it follows requests one by one. Deterministic by seed. Knows
architectures and bill; nothing of the planner knows it.
"""

from headway.simulation.arrivals import MOST_WEEKS, Arrivals, generated, hour_of_week, read_trace
from headway.simulation.batching import Batching
from headway.simulation.outcome import HourOfWeek, LimitOutcome, Outcome, PartOutcome
from headway.simulation.replay import replay

__all__ = [
    "MOST_WEEKS",
    "Arrivals",
    "Batching",
    "HourOfWeek",
    "LimitOutcome",
    "Outcome",
    "PartOutcome",
    "generated",
    "hour_of_week",
    "read_trace",
    "replay",
]
