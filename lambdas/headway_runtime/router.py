"""The router: one API for all paths. A live part is asked and answers; what is queued gets a ticket.

``POST /requests`` takes a request by the contract: 200 with the result, or 202 with a ticket. ``GET /results/{id}``
gives a queued request's result, 404 while there is none. ``POST /uploads`` gives an address for a body that is too
large to travel with its request. A table, where there is one, either answers itself or gives the features to join.
A live part that fails is answered for by the ladder. Messages of a queue take the same ways (`router_queue`).
"""

from __future__ import annotations

import base64
import json
import math
import os
import time
import uuid
from collections.abc import Callable
from typing import Any

from headway_runtime import clients, ladder, live, live_answers
from headway_runtime.contract import (
    ID_PATTERN,
    REQUESTS_PREFIX,
    BadRequestError,
    Request,
    as_request,
    parse_json,
    seconds_of,
)
from headway_runtime.items import iso
from headway_runtime.live_answers import live_answer
from headway_runtime.model import ModelError
from headway_runtime.router_queue import deliver
from headway_runtime.routing import Answered, body_of_request, from_table, hand_over, handed_key, route_to, time_left
from headway_runtime.settings import VARIABLE, PartSettings, RouterSettings
from headway_runtime.told import DEGRADED, count, log

UPLOAD_S = 900
FAILURE_MOST = 1000
"""Bytes of what a failed model said."""
LARGEST_ANSWER = 6_000_000
"""What a function may give back, what surrounds the body taken off (AWS Lambda quotas: 6 MB)."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """One call of the API, or a batch of the router's queue."""
    from botocore.exceptions import BotoCoreError, ClientError

    settings = RouterSettings.from_json(os.environ[VARIABLE])
    if "Records" in event:
        return deliver(settings, event["Records"], context)
    route, path = event.get("routeKey", ""), event.get("pathParameters") or {}
    try:
        if route == "GET /results/{id}":
            return _result(settings, str(path.get("id", "")))
        if route == "POST /uploads":
            return _upload(settings)
        if route == "POST /requests":
            return _serve(settings, _request(event), context)
    except BadRequestError as error:
        return _reply(400, {"error": str(error)})
    except (ModelError, ClientError, BotoCoreError) as error:
        # A queue, a bucket or a table does not answer: the API says so, and its alarm counts it.
        log("failed", route=route, why=str(error))
        return _reply(503, {"error": str(error)}, {"retry-after": "1"})
    return _reply(404, {"error": f"no route {route!r}"})


def _request(event: dict[str, Any]) -> Request:
    """The request in a call; without an id it gets one."""
    sent: str | bytes = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            sent = base64.b64decode(sent, validate=True)
        except ValueError:
            raise BadRequestError("the body is not the base64 it is said to be") from None
    try:
        content = parse_json(sent)
    except BadRequestError as error:
        raise BadRequestError(f"the body is no request: {error}") from None
    if not isinstance(content, dict):
        raise BadRequestError("the body is not a request: an object with body or s3 is")
    content.setdefault("id", uuid.uuid4().hex)
    return as_request(content)


def _serve(settings: RouterSettings, request: Request, context: Any) -> dict[str, Any]:
    started = time.time()
    request = Request(**{**request.__dict__, "submitted_at": request.submitted_at or iso(started)})
    hit = from_table(settings, request)
    if hit is not None:
        return _answer(request, started, hit)
    part = route_to(settings, request)
    if part.kind != "live":
        hand_over(settings, part, request)
        return _reply(202, _ticket(request, ready_by=iso(started + part.max_wait_s)))
    body = body_of_request(request)
    deadline_s = None if request.deadline is None else seconds_of(request.deadline) - started
    limit_s = min(settings.limit_s, time_left(context))
    reserve = live.Reserve(settings.reserve_share, settings.reserve_s) if settings.ladder else None
    allowed = live.budget(part, limit_s=limit_s, reserve=reserve, deadline_s=deadline_s)
    try:
        return _answer(request, started, live_answer(settings, part, request, body, allowed))
    except ModelError as error:
        if not error.fatal:
            return _reply(422, {"id": request.id, "error": str(error)})
        return _instead(settings, part, request, body, started, str(error))


def _instead(
    settings: RouterSettings, part: PartSettings, request: Request, body: Any, started: float, why: str
) -> dict[str, Any]:
    """What the ladder gives in place of a live part that fails; 503 where it gives nothing."""
    log("live part failed", part=part.endpoint_name, breaker=live.breaker(part).state, why=why)
    found = ladder.fall_back(settings, request, body, why)
    if found is None:
        again_s = max(1, math.ceil(live.breaker(part).retry_in_s))
        return _reply(503, {"id": request.id, "error": why}, {"retry-after": str(again_s)})
    count(settings, **{DEGRADED: 1})
    if found.queued:
        return _reply(202, _ticket(request, because=why))
    return _answer(request, started, Answered(found.output, found.model, found.marks))


def _answer(request: Request, started: float, answered: Answered) -> dict[str, Any]:
    """A result by the contract, as the answer of a call."""
    finished = time.time()
    asked = answered.marks.get("source") == "live"
    timings = {
        "submitted_at": request.submitted_at,
        "started_at": iso(started),
        "finished_at": iso(finished),
        "queued_s": 0.0,
        "model_s": round(finished - started, 3) if asked else 0.0,
    }
    content = {"id": request.id, "output": answered.output, "model": answered.model, "timings": timings}
    return _reply(200, {**content, "attempt": answered.attempt, **answered.marks})


def _ticket(request: Request, **more: str) -> dict[str, Any]:
    """``ready_by`` where a part promises it; ``because`` where a failing one could not answer, and nobody knows."""
    return {"id": request.id, "status": "queued", "result": f"/results/{request.id}", **more}


def _result(settings: RouterSettings, identity: str) -> dict[str, Any]:
    """A result as it was written; what an asynchronous endpoint wrote itself as a result of the contract."""
    if not ID_PATTERN.fullmatch(identity):
        raise BadRequestError("that is no id")
    found = _object(settings.results_bucket, f"{settings.results_prefix}{identity}.json")
    if found is not None:
        return _told(identity, found, lambda content: content)
    if any(part.kind == "asynchronous" for part in settings.parts.values()):
        handed = _object(settings.results_bucket, handed_key(identity))
        places = json.loads(handed) if handed is not None else {}
        for place, told in (("output", _output), ("failure", _failure)):
            if places.get(place) and (found := _object(*places[place].removeprefix("s3://").split("/", 1))) is not None:
                return told(identity, found)
    return _reply(404, {"id": identity, "status": "not there yet"})


def _output(identity: str, found: bytes) -> dict[str, Any]:
    return _told(identity, found, lambda content: {"id": identity, "output": content})


def _failure(identity: str, found: bytes) -> dict[str, Any]:
    """What SageMaker wrote where a request failed: the model's own words, of whatever kind."""
    return _reply(200, {"id": identity, "error": f"the model failed: {found[:FAILURE_MOST].decode(errors='replace')}"})


def _told(identity: str, found: bytes, result: Callable[[Any], Any]) -> dict[str, Any]:
    try:
        return _reply(200, result(parse_json(found)))
    except BadRequestError as error:
        return _reply(200, {"id": identity, "error": f"the endpoint's answer: {error}"})


def _object(bucket: str, key: str) -> bytes | None:
    """An object's content; None where it is not there."""
    from botocore.exceptions import ClientError

    try:
        content: bytes = clients.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None  # It may list the bucket: "forbidden" is trouble of its own, and told as such.
        raise
    return content


def _upload(settings: RouterSettings) -> dict[str, Any]:
    """A signed address to put a body to, and the pointer to send as the request's ``s3``."""
    key = f"{REQUESTS_PREFIX}{uuid.uuid4().hex}.json"
    place = {"Bucket": settings.results_bucket, "Key": key, "ContentType": "application/json"}
    url = clients.client("s3").generate_presigned_url("put_object", Params=place, ExpiresIn=UPLOAD_S)
    return _reply(
        201, {"put": url, "content_type": "application/json", "s3": f"s3://{settings.results_bucket}/{key}",
              "expires_s": UPLOAD_S},
    )  # fmt: skip


def _reply(status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    text = json.dumps(content)
    if len(text) > LARGEST_ANSWER:
        error = f"an answer of {len(text):,} bytes is more than an API gives back ({LARGEST_ANSWER:,})"
        status, text = 502, json.dumps({"id": content.get("id"), "error": error})
    return {"statusCode": status, "headers": {"content-type": "application/json", **(headers or {})}, "body": text}


def forget() -> None:
    """Be as a process that has just started."""
    clients.forget()
    live.forget()
    live_answers.forget()
