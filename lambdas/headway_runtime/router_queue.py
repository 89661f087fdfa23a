"""The router's queue: requests that nobody waits for take the same ways, and what fell back to it is asked again.

A message leaves the queue when its result is written, when its part's own queue has it, or for the dead letters with
its reason. While a live part fails it stays, however long, and is asked again after a tenth of the time it has waited:
soon after a short failure, seldom in a long one. The breaker answers for the endpoint in between.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import Any

from headway_runtime import clients, live
from headway_runtime.contract import BadRequestError, Request, parse_request
from headway_runtime.dead_letters import send_letter
from headway_runtime.items import Item, result_of
from headway_runtime.live_answers import live_answer
from headway_runtime.metrics import FLEET, PROMISE_USED, emit, promise_used
from headway_runtime.model import ModelError
from headway_runtime.results import write_once
from headway_runtime.routing import body_of_request, from_table, hand_over, route_to, time_left
from headway_runtime.settings import PartSettings, RouterSettings
from headway_runtime.told import QUEUED_FOR, count, log, queued_as

AGAIN_SHARE, SOONEST_S, LATEST_S = 0.1, 15.0, 900.0
"""A message is seen again after this share of its age. At most 15 minutes: a thousand receives, the most that a queue
counts, then last ten days, less than the fourteen that it keeps them."""
REFUSALS = 3
"""Receives after which a request that the model refuses is given up."""
SHORTEST_S = 1.5
"""Less time than this and the rest of a batch goes back at once."""


class GivenUpError(Exception):
    """A message that can never succeed."""


def deliver(settings: RouterSettings, records: Sequence[dict[str, Any]], context: Any) -> dict[str, Any]:
    """One batch of the queue; returns the messages that SQS shall deliver again."""
    left: list[str] = []
    used: list[float] = []
    for record in records:
        if time_left(context) < SHORTEST_S:
            _again_after(settings, record, 0.0)
            left.append(record["messageId"])
        elif not _delivered(settings, record, context, used):
            left.append(record["messageId"])
    # SQS deletes what is not given back: it is finished, and counted as such.
    if used:
        emit(FLEET, queued_as(settings.name), {PROMISE_USED: used})
    log("batch", items=len(records), back=len(left))
    return {"batchItemFailures": [{"itemIdentifier": one} for one in left]}


def _delivered(settings: RouterSettings, record: dict[str, Any], context: Any, used: list[float]) -> bool:
    """Whether a message can leave the queue; one that stays is seen again later, one that is served is in ``used``."""
    from botocore.exceptions import BotoCoreError, ClientError

    message = {"MessageId": record["messageId"], "Body": record["body"], "Attributes": record.get("attributes", {})}
    item = Item(message, None)
    try:
        item.request = parse_request(record["body"])
        part = _serve(settings, item, item.request, context)
    except (BadRequestError, GivenUpError) as error:
        item.error = str(error)
        return _given_up(settings, item)
    except (ModelError, ClientError, BotoCoreError) as error:
        age_s = max(0.0, time.time() - int(message["Attributes"].get("SentTimestamp", time.time() * 1000)) / 1000)
        pause = min(LATEST_S, max(SOONEST_S, AGAIN_SHARE * age_s)) * random.uniform(0.8, 1.0)  # noqa: S311 - jitter
        log("goes back", id=item.request and item.request.id, again_s=round(pause), why=str(error))
        count(settings, **{QUEUED_FOR: round(age_s, 1)})
        _again_after(settings, record, pause)
        return False
    now = time.time()
    used.append(promise_used(item.sent or now, now, part.max_wait_s))
    return True


def _serve(settings: RouterSettings, item: Item, request: Request, context: Any) -> PartSettings:
    """Answer a request or hand it over; the part whose wait it was promised."""
    started, part = time.time(), route_to(settings, request)
    answered = from_table(settings, request)
    if answered is None:
        if part.kind != "live":
            hand_over(settings, part, request)
            return part
        body = body_of_request(request)
        limit_s = min(settings.limit_s, time_left(context))
        try:
            answered = live_answer(settings, part, request, body, live.Budget(limit_s, limit_s))
        except ModelError as error:
            if not error.fatal and item.attempt >= REFUSALS:
                raise GivenUpError(str(error)) from None
            raise
    result = result_of(
        item, {"output": answered.output}, model=answered.model, started=started, finished=time.time(),
        **answered.marks,
    )  # fmt: skip
    _write(settings, result)
    return part


def _given_up(settings: RouterSettings, item: Item) -> bool:
    """To the dead letters with the reason, and as a result where somebody may ask for it."""
    from botocore.exceptions import BotoCoreError, ClientError

    log("given up", id=item.request and item.request.id, error=item.error)
    try:
        if item.request is not None:
            now = time.time()
            _write(settings, result_of(item, {"error": item.error}, model="", started=now, finished=now))
        if settings.dead_letters_url:
            send_letter(
                clients.client("sqs"), settings.dead_letters_url, item.message, item.error, attempts=item.attempt
            )
    except (ClientError, BotoCoreError) as error:
        log("not given up", why=str(error))
        return False
    return bool(settings.dead_letters_url)


def _write(settings: RouterSettings, result: dict[str, Any]) -> None:
    key = f"{settings.results_prefix}{result['id']}.json"
    write_once(clients.client("s3"), settings.results_bucket, key, result)


def _again_after(settings: RouterSettings, record: dict[str, Any], seconds: float) -> None:
    """When a message that stays is seen again; without its own queue's address after its visibility timeout."""
    from botocore.exceptions import BotoCoreError, ClientError

    if not settings.queue_url or "receiptHandle" not in record:
        return
    try:
        clients.client("sqs").change_message_visibility(
            QueueUrl=settings.queue_url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=int(seconds)
        )
    except (ClientError, BotoCoreError) as error:
        log("visibility not changed", why=str(error))
