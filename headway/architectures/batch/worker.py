"""What one batch worker does."""

from __future__ import annotations

from typing import NamedTuple


class Worker(NamedTuple):
    """What a worker does: ``per_item_s b + per_batch_s`` for b items, at most ``batch``."""

    batch: int
    per_item_s: float
    per_batch_s: float
    start_s: float
    """From submitting its job to its first batch."""
    quota: int
    last_call_s: float
    """0: always on-demand."""
