"""What a request goes through on every way in, API or queue: the table, its route, its body, its part."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from headway_runtime import clients
from headway_runtime.contract import REQUESTS_PREFIX, BadRequestError, Request, submit
from headway_runtime.items import body_of
from headway_runtime.model import ModelError
from headway_runtime.results import Row, get_row, key_of
from headway_runtime.routes import route_of
from headway_runtime.settings import PartSettings, RouterSettings
from headway_runtime.told import log, looked_up

FEATURES, REQUEST = "features", "request"
"""What an endpoint is sent when features are joined: ``{"request": body, "features": row}``."""
LONGEST_INFERENCE_ID = 64
"""Characters (Amazon SageMaker Runtime, InvokeEndpointAsync); a request's id may have 200."""
NEVER_READ = frozenset({"NoSuchKey", "NoSuchBucket", "AccessDenied", "InvalidBucketName", "404", "403"})
"""S3's answers that asking again does not change."""
SPARE_S = 1.0
"""Of a function's time, kept to answer."""


class Answered(NamedTuple):
    """An output with its model and where it comes from."""

    output: Any
    model: str
    marks: Mapping[str, Any]
    attempt: int = 1


def from_table(settings: RouterSettings, request: Request) -> Answered | None:
    """The answer that was computed ahead; None where there is none, or the table does not answer."""
    if settings.table_holds != "answers" or request.s3 is not None:
        return None
    try:
        row = _row(settings, key_of(request.attributes, request.body))
    except ModelError as error:
        log("no look into the table", id=request.id, why=str(error))
        return None
    if row is None:
        return None
    age_s = round(max(0.0, time.time() - row.computed_at), 3)
    doubts = {"doubts": list(row.doubts)} if row.doubts else {}
    return Answered(row.value, row.model, {"source": "precomputed", "age_s": age_s, **doubts})


def route_to(settings: RouterSettings, request: Request) -> PartSettings:
    """The part that a request goes to."""
    return settings.parts[route_of(request, settings.routes).part]


def body_of_request(request: Request) -> Any:
    """The body, fetched where it travelled as a pointer.

    Raises:
        BadRequestError: It never will be read: absent, forbidden, no JSON.
        ModelError: S3 does not answer; fatal.
    """
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    try:
        return body_of(request, clients.client("s3") if request.s3 else None)
    except ParamValidationError as error:
        raise BadRequestError(f"its body cannot be read: {error}") from None
    except (ClientError, BotoCoreError, OSError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        if code in NEVER_READ:
            raise BadRequestError(f"its body cannot be read: {error}") from None
        raise ModelError(f"its body cannot be read: {error}", fatal=True) from None


def joined(settings: RouterSettings, request: Request, body: Any) -> Any:
    """What the endpoint is sent: the body, with the features of its entity where the table holds them.

    An entity that nobody has computed yet goes without (the model decides).

    Raises:
        BadRequestError: The request names no entity.
        ModelError: The table does not answer; fatal.
    """
    if settings.table_holds != "features":
        return body
    entity = request.attributes.get("key")
    if entity is None:
        raise BadRequestError("attributes.key is missing: which entity's features shall be joined?")
    found = _row(settings, str(entity))
    return {REQUEST: body, FEATURES: None if found is None else found.value}


def hand_over(settings: RouterSettings, part: PartSettings, request: Request) -> None:
    """Into the part's queue, or its asynchronous endpoint's."""
    if part.kind != "asynchronous":
        submit(
            clients.client("sqs"), clients.client("s3"), queue_url=part.queue_url, bucket=settings.results_bucket,
            request=request,
        )  # fmt: skip
        return
    place = request.s3
    if place is None:
        key = f"{REQUESTS_PREFIX}{request.id}.json"
        clients.client("s3").put_object(
            Bucket=settings.results_bucket, Key=key, Body=json.dumps(request.body).encode(),
            ContentType="application/json",
        )  # fmt: skip
        place = f"s3://{settings.results_bucket}/{key}"
    answer = clients.client("sagemaker-runtime").invoke_endpoint_async(
        EndpointName=part.endpoint_name, InputLocation=place, InferenceId=inference_id(request.id),
        ContentType="application/json",
    )  # fmt: skip
    places = {"output": answer["OutputLocation"], "failure": answer.get("FailureLocation")}
    clients.client("s3").put_object(
        Bucket=settings.results_bucket, Key=handed_key(request.id), Body=json.dumps(places).encode(),
        ContentType="application/json",
    )  # fmt: skip


def handed_key(identity: str) -> str:
    """Where it is kept in which objects SageMaker answers a request, or says why it failed; no id has such a name."""
    return f"{REQUESTS_PREFIX}handed/{identity}.json"


def inference_id(identity: str) -> str:
    """What a request is called at an asynchronous endpoint.

    >>> inference_id("loan-4711"), len(inference_id("x" * 200))
    ('loan-4711', 64)
    """
    return identity if len(identity) <= LONGEST_INFERENCE_ID else hashlib.sha256(identity.encode()).hexdigest()


def time_left(context: Any) -> float:
    """Seconds that the function has, what it takes to answer taken off; without end where nobody says."""
    left = getattr(context, "get_remaining_time_in_millis", None)
    return math.inf if left is None else float(left()) / 1000 - SPARE_S


def _row(settings: RouterSettings, key: str) -> Row | None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        row = get_row(clients.client("dynamodb"), settings.table, key)
    except (ClientError, BotoCoreError) as error:
        raise ModelError(f"the table does not answer: {error}", fatal=True) from None
    looked_up(settings, None if row is None else time.time() - row.computed_at)
    return row
