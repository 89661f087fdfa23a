"""Batch: requests wait in a queue for the next departure, spot workers drain it, on-demand makes the last call.

Plans window, workers, batch size and instance type together for each regime of waits; never touches AWS.
"""

from headway.architectures.batch.costs import backlog_run, bill
from headway.architectures.batch.search import plan
from headway.architectures.batch.waits import wait

__all__ = ["backlog_run", "bill", "plan", "wait"]
