"""The router's clients of AWS: kept between calls, each with less patience than whoever called."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

PATIENCE_S = {"dynamodb": 1.0, "sqs": 3.0, "s3": 8.0}
"""Seconds that one try may take: a row answers in milliseconds, a body of megabytes in seconds."""
TRIES = 2


@lru_cache(maxsize=8)
def client(service: str) -> Any:
    """The client of a service, which tries twice."""
    import boto3
    from botocore.config import Config

    patience = PATIENCE_S.get(service, 5.0)
    config = Config(read_timeout=patience, connect_timeout=min(1.0, patience), retries={"total_max_attempts": TRIES})
    if service == "s3":
        # Else boto3 signs uploads the old way and for us-east-1: refused with a customer's key, and in newer regions.
        config = config.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
    return boto3.client(service, config=config)


@lru_cache(maxsize=24)
def endpoints(timeout_s: float) -> Any:
    """The client that asks endpoints and waits so long: it tries once, because `live` decides about the next try."""
    import boto3
    from botocore.config import Config

    config = Config(read_timeout=timeout_s, connect_timeout=min(2.0, timeout_s), retries={"total_max_attempts": 1})
    return boto3.client("sagemaker-runtime", config=config)


def forget() -> None:
    """Be as a process that has just started."""
    client.cache_clear()
    endpoints.cache_clear()
