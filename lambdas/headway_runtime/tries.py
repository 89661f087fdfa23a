"""How often an item has failed by itself, across its deliveries: what an item is judged by.

SQS counts receives, and counts the innocent too: whoever lay in the hands of a worker that was killed, or in a batch
that another item broke, has one more. A good request that such deaths brought to its last try would be a dead letter
as soon as the model crashed once by chance. So each failure of an item on its own leaves a small object,
``departures/<fleet>/tries/<message>/<n>``, and one failure alone condemns nothing that is given several tries.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from headway_runtime.dead_letters import REASON_MOST
from headway_runtime.items import Item
from headway_runtime.patience import patiently
from headway_runtime.report import PREFIX
from headway_runtime.results import write_once


class Tries:
    """The failures of a fleet's items.

    Args:
        s3: A boto3 S3 client.
        bucket: Where they are kept.
        fleet: Whose they are.
        attempts: Tries that an item is given: so many deliveries, and failures of its own in all but one of them.
    """

    def __init__(self, s3: Any, bucket: str, fleet: str, attempts: int) -> None:
        self._s3, self._bucket, self._prefix, self._attempts = s3, bucket, f"{PREFIX}{fleet}/tries/", attempts

    def used_up(self, item: Item, give_up: Callable[[], bool] = lambda: False) -> bool:
        """Whether an item that has just failed alone has had its tries; the failure is kept.

        An answer of S3 that is lost on its way may count a failure twice; nothing else does.

        Raises:
            AwsError: S3 has failed for too long.
            ClientError: S3 refuses.
        """
        told = {"error": item.error[:REASON_MOST], "attempt": item.attempt, "at": round(time.time(), 3)}
        for nth in range(1, self._attempts - 1):
            key = f"{self._prefix}{item.message['MessageId']}/{nth}.json"
            if patiently(partial(write_once, self._s3, self._bucket, key, told), give_up=give_up):
                return False
        return item.attempt >= self._attempts
