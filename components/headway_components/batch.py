"""Batch: SQS, a dispatcher ticked every minute, AWS Batch workers on spot and on-demand behind them."""

from __future__ import annotations
