"""Demand over the hours of a week, from what a profile declares. Knows nothing of architectures or prices."""

from headway.traffic.build import build_demand
from headway.traffic.demand import Backlog, Demand

__all__ = ["Backlog", "Demand", "build_demand"]
