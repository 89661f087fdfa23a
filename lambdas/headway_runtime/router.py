"""The router: one API for all paths. A live part is asked and answers; what is queued gets a ticket.

``POST /requests`` takes a request by the contract: 200 with the result, or 202 with a ticket. ``GET /results/{id}``
gives a queued request's result, 404 while there is none. ``POST /uploads`` gives an address for a body that is too
large to travel with its request. A table, where there is one, either answers itself or gives the features to join.
"""

from __future__ import annotations

import base64
import json
import os
import time
import uuid
from functools import lru_cache
from typing import Any

from headway_runtime.contract import ID_PATTERN, REQUESTS_PREFIX, BadRequestError, Request, parse_request, submit
from headway_runtime.items import iso
from headway_runtime.metrics import ROUTER, emit
from headway_runtime.model import ModelError
from headway_runtime.results import get_row, key_of
from headway_runtime.routes import route_of
from headway_runtime.settings import VARIABLE, PartSettings, RouterSettings

UPLOAD_S = 900
METRICS = ("Hits", "Misses", "RowAge")
FEATURES, REQUEST = "features", "request"
"""What an endpoint is sent when features are joined: ``{"request": body, "features": row}``."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """One call of the API."""
    del context
    settings = RouterSettings.from_json(os.environ[VARIABLE])
    route, path = event["routeKey"], event.get("pathParameters") or {}
    try:
        if route == "GET /results/{id}":
            return _result(settings, path.get("id", ""))
        if route == "POST /uploads":
            return _upload(settings)
        return _serve(settings, _request(event))
    except BadRequestError as error:
        return _reply(400, {"error": str(error)})


def _serve(settings: RouterSettings, request: Request) -> dict[str, Any]:
    started = time.time()
    if settings.table and settings.table_holds == "answers" and request.s3 is None:
        hit = get_row(_client("dynamodb"), settings.table, key_of(request.attributes, request.body))
        _count(settings, hit is not None, 0.0 if hit is None else started - hit.computed_at)
        if hit is not None:
            content = {"output": hit.value, "model": hit.model, "source": "precomputed",
                       "age_s": round(started - hit.computed_at, 3)}  # fmt: skip
            return _reply(200, {"id": request.id, **content})
    part = settings.parts[route_of(request, settings.routes).part]
    if part.kind != "live":
        return _queue(settings, part, request)
    body = _join(settings, request) if settings.table_holds == "features" else _body(request)
    try:
        output = _ask(part, body)
    except ModelError as error:
        return _reply(503 if error.fatal else 422, {"id": request.id, "error": str(error)})
    timings = {"submitted_at": request.submitted_at or iso(started), "model_s": round(time.time() - started, 3)}
    return _reply(200, {"id": request.id, "output": output, "model": part.model, "timings": timings, "source": "live"})


def _request(event: dict[str, Any]) -> Request:
    """The request in a call; without an id it gets one."""
    text = event.get("body") or ""
    if event.get("isBase64Encoded"):
        text = base64.b64decode(text).decode(errors="replace")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequestError("the body is not JSON") from None
    if not isinstance(content, dict):
        raise BadRequestError("the body is not a request: an object with body or s3 is")
    content.setdefault("id", uuid.uuid4().hex)
    return parse_request(json.dumps(content))


def _join(settings: RouterSettings, request: Request) -> dict[str, Any]:
    """The body with the features of its entity; one that nobody has computed yet goes without (the model decides)."""
    entity = request.attributes.get("key")
    if entity is None:
        raise BadRequestError("attributes.key is missing: which entity's features shall be joined?")
    found = get_row(_client("dynamodb"), settings.table, str(entity))
    _count(settings, found is not None, 0.0 if found is None else time.time() - found.computed_at)
    return {REQUEST: _body(request), FEATURES: None if found is None else found.value}


def _body(request: Request) -> Any:
    if request.s3 is None:
        return request.body
    bucket, key = request.s3.removeprefix("s3://").split("/", 1)
    return json.loads(_client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def _ask(part: PartSettings, body: Any) -> Any:
    """A live part's output for one body.

    Raises:
        ModelError: It refused the request; fatal where it is busy or gone.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = _client("sagemaker-runtime").invoke_endpoint(
            EndpointName=part.endpoint_name, ContentType="application/json", Accept="application/json",
            Body=json.dumps(body).encode(),
        )  # fmt: skip
        return json.loads(answer["Body"].read())
    except ClientError as error:
        refused = error.response["Error"]["Code"] == "ModelError"
        raise ModelError(f"the endpoint answered: {error}", fatal=not refused) from None
    except BotoCoreError as error:
        raise ModelError(f"the endpoint does not answer: {error}", fatal=True) from None
    except ValueError:
        raise ModelError("the endpoint's answer is not JSON") from None


def _queue(settings: RouterSettings, part: PartSettings, request: Request) -> dict[str, Any]:
    """Into the part's queue, or its asynchronous endpoint's; the caller gets a ticket."""
    now = time.time()
    sent = Request(**{**request.__dict__, "submitted_at": request.submitted_at or iso(now)})
    if part.kind == "asynchronous":
        _invoke_later(settings, part, sent)
    else:
        submit(_client("sqs"), _client("s3"), queue_url=part.queue_url, bucket=settings.results_bucket, request=sent)
    ticket = {
        "id": sent.id,
        "status": "queued",
        "result": f"/results/{sent.id}",
        "ready_by": iso(now + part.max_wait_s),
    }
    return _reply(202, ticket)


def _invoke_later(settings: RouterSettings, part: PartSettings, request: Request) -> None:
    place = request.s3
    if place is None:
        key = f"{REQUESTS_PREFIX}{request.id}.json"
        _client("s3").put_object(
            Bucket=settings.results_bucket, Key=key, Body=json.dumps(request.body).encode(),
            ContentType="application/json",
        )  # fmt: skip
        place = f"s3://{settings.results_bucket}/{key}"
    _client("sagemaker-runtime").invoke_endpoint_async(
        EndpointName=part.endpoint_name, InputLocation=place, InferenceId=request.id, ContentType="application/json",
    )  # fmt: skip


def _result(settings: RouterSettings, identity: str) -> dict[str, Any]:
    """A result as it was written; an asynchronous endpoint's own output as a result of the contract."""
    from botocore.exceptions import ClientError

    if not ID_PATTERN.fullmatch(identity):
        raise BadRequestError("that is no id")
    for name, wrapped in ((f"{identity}.json", False), (f"{identity}.out", True)):
        try:
            answer = _client("s3").get_object(Bucket=settings.results_bucket, Key=f"{settings.results_prefix}{name}")
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404", "AccessDenied"):
                continue
            raise
        content = json.loads(answer["Body"].read())
        return _reply(200, {"id": identity, "output": content} if wrapped else content)
    return _reply(404, {"id": identity, "status": "not there yet"})


def _upload(settings: RouterSettings) -> dict[str, Any]:
    """A signed address to put a body to, and the pointer to send as the request's ``s3``."""
    key = f"{REQUESTS_PREFIX}{uuid.uuid4().hex}.json"
    place = {"Bucket": settings.results_bucket, "Key": key, "ContentType": "application/json"}
    url = _client("s3").generate_presigned_url("put_object", Params=place, ExpiresIn=UPLOAD_S)
    return _reply(
        201, {"put": url, "content_type": "application/json", "s3": f"s3://{settings.results_bucket}/{key}",
              "expires_s": UPLOAD_S},
    )  # fmt: skip


def _count(settings: RouterSettings, hit: bool, age_s: float) -> None:
    """The table's hits, misses and ages as metrics in the log (CloudWatch's embedded format): no call, no wait."""
    values = {"Hits": int(hit), "Misses": int(not hit), **({"RowAge": round(age_s, 1)} if hit else {})}
    emit(ROUTER, settings.name, values)


def _reply(status: int, content: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(content)}


@lru_cache(maxsize=8)
def _client(service: str) -> Any:
    import boto3
    from botocore.config import Config

    # The API gives up after 30 s; the caller is told before.
    return boto3.client(service, config=Config(read_timeout=27, connect_timeout=2, retries={"max_attempts": 2}))


def forget() -> None:
    """Be as a process that has just started."""
    _client.cache_clear()
