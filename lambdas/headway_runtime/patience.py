"""Calls of AWS that are tried again for as long as it makes sense: throttling and outages lose nothing.

The SDK repeats a call a few times (``client``); what still fails then is an outage, which `patiently` sits out.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE_S = 300.0
"""An outage that lasts longer ends the worker: what it holds goes back to the queue."""
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0
BUSY = frozenset(
    {
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
        "TooManyRequestsException", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "SlowDown",
        "RequestTimeout", "RequestTimeoutException", "InternalError", "ServiceUnavailable", "KMS.ThrottlingException",
        "OverLimit", "ExpiredToken", "ExpiredTokenException", "ConditionalRequestConflict", "OperationAborted",
    }
)  # fmt: skip
"""Codes that another try may not meet; an expired token is renewed by the SDK meanwhile."""
ITEMS_OWN = frozenset(
    {
        "ValidationException", "ItemCollectionSizeLimitExceededException", "EntityTooLarge", "KeyTooLongError",
        "InvalidRequest", "NoSuchKey", "404", "InvalidObjectState", "InvalidMessageContents",
    }
)  # fmt: skip
"""Codes that speak of one object or row: no other item would meet them."""


class AwsError(Exception):
    """AWS refuses, or has failed for too long: nothing of this kind will succeed now."""


def client(service: str) -> Any:
    """A client whose calls are repeated by the SDK, with as many connections as the worker has threads."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        config=Config(
            retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=30, max_pool_connections=50
        ),
    )


def passing(error: Exception) -> bool:
    """Whether another try may succeed: a connection, the service's own failure, throttling."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or status == 429 or error.response["Error"]["Code"] in BUSY
    if isinstance(error, ParamValidationError):
        return False
    return isinstance(error, BotoCoreError | OSError)


def of_one_item(error: Exception) -> bool:
    """Whether it speaks of the item at hand only: its body is not there, its result is too large."""
    from botocore.exceptions import ClientError, ParamValidationError

    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] in ITEMS_OWN
    return isinstance(error, ParamValidationError | ValueError | TypeError | RecursionError | OverflowError)


def patiently(
    call: Callable[[], T], *, patience_s: float = PATIENCE_S, give_up: Callable[[], bool] = lambda: False
) -> T:
    """What a call returns, tried again with growing, jittered pauses while its failure may pass.

    Args:
        call: What to do; it may be done twice.
        patience_s: For how long.
        give_up: Asked before each further try.

    Raises:
        AwsError: It failed for so long.
        Exception: Whatever another try would not change.
    """
    end, pause = time.monotonic() + patience_s, SHORTEST_PAUSE_S
    while True:
        try:
            return call()
        except Exception as error:
            if not passing(error):
                raise
            if time.monotonic() + pause > end or give_up():
                raise AwsError(f"AWS has failed for too long: {error}") from error
        time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
        pause = min(2 * pause, LONGEST_PAUSE_S)
