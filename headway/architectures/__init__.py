"""Each architecture's planner: from a workload to its best designs and their bills, or the reason there are none.

Searches sizes, states waits, prices usage. Never compares architectures with each other (selection does) and never
creates anything.
"""

from headway.architectures.registry import ARCHITECTURES, HYBRIDS, Architecture, planned
from headway.architectures.workload import Workload

__all__ = ["ARCHITECTURES", "HYBRIDS", "Architecture", "Workload", "planned"]
