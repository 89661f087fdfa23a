"""What a failing live part is answered with, in the profile's order: the last good answer, a ticket, a default.

A rung that cannot help (no answer kept, the queue does not take it) leaves it to the next. Each answer says where it
comes from: ``source`` is ``cache`` with ``stale`` and ``age_s``, or ``default``; a ticket says why there is one.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from headway_runtime import clients
from headway_runtime.contract import Request, submit
from headway_runtime.results import ROW_BYTES, Row, get_row, key_of, put_newer
from headway_runtime.settings import RouterSettings
from headway_runtime.told import log


class Fallen(NamedTuple):
    """What a rung gives: an answer with where it comes from, or (``queued``) a ticket."""

    queued: bool = False
    output: Any = None
    model: str = ""
    marks: Mapping[str, Any] = MappingProxyType({})


def fall_back(settings: RouterSettings, request: Request, body: Any, why: str) -> Fallen | None:
    """The first rung's answer that there is; None where every rung is at a loss, or none was declared."""
    for rung in settings.ladder:
        found = _RUNGS[rung](settings, request, body)
        if found is not None:
            log("fallback", rung=rung, id=request.id, why=why)
            return found
    return None


def keep(settings: RouterSettings, request: Request, body: Any, output: Any, model: str) -> None:
    """Keep a good answer for when there is none. What cannot be kept is told, and the answer given all the same."""
    if not settings.cache_table:
        return
    from botocore.exceptions import BotoCoreError, ClientError

    now = time.time()
    row = Row(kept_as(settings, request, body), output, now, now + settings.cache_kept_s, model)
    if len(json.dumps(output)) > ROW_BYTES:
        log("not kept", id=request.id, why="larger than a row")
        return
    try:
        put_newer(clients.client("dynamodb"), settings.cache_table, row)
    except (ClientError, BotoCoreError) as error:
        log("not kept", id=request.id, why=str(error))


def kept_as(settings: RouterSettings, request: Request, body: Any) -> str:
    """The row of a request's last good answer: with features, ``key`` names the entity and not the question."""
    if settings.table_holds == "features":
        asked = json.dumps([request.attributes.get("key"), body], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(asked.encode()).hexdigest()
    return key_of(request.attributes, body)


def _cached(settings: RouterSettings, request: Request, body: Any) -> Fallen | None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        row = get_row(clients.client("dynamodb"), settings.cache_table, kept_as(settings, request, body))
    except (ClientError, BotoCoreError) as error:
        log("no cached answer", id=request.id, why=str(error))
        return None
    if row is None:
        return None
    age_s = round(max(0.0, time.time() - row.computed_at), 3)
    return Fallen(output=row.value, model=row.model, marks={"source": "cache", "stale": True, "age_s": age_s})


def _queued(settings: RouterSettings, request: Request, body: Any) -> Fallen | None:
    del body  # It travels as it came: inline, or as a pointer.
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        submit(
            clients.client("sqs"), clients.client("s3"), queue_url=settings.queue_url, bucket=settings.results_bucket,
            request=request,
        )  # fmt: skip
    except (ClientError, BotoCoreError) as error:
        log("not queued", id=request.id, why=str(error))
        return None
    return Fallen(queued=True)


def _default(settings: RouterSettings, request: Request, body: Any) -> Fallen:
    del request, body
    return Fallen(output=settings.default, marks={"source": "default"})


_RUNGS = {"cache": _cached, "queue": _queued, "default": _default}
