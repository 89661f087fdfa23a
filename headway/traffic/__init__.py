"""Demand over the hours of a week, from what a profile declares. Knows nothing of architectures or prices."""

from headway.traffic.build import build_demand
from headway.traffic.demand import Backlog, Demand, Pile
from headway.traffic.schedule import on_schedule, refreshes

__all__ = ["Backlog", "Demand", "Pile", "build_demand", "on_schedule", "refreshes"]
