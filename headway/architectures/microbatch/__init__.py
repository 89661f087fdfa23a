"""Micro-batch: every T seconds or N requests, whichever first, a batch goes from a queue to an endpoint.

Plans N and T together with the endpoint behind them; never touches AWS.
"""

from headway.architectures.microbatch.planning import bill, plan, wait

__all__ = ["bill", "plan", "wait"]
