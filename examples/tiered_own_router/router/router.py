"""The team's own router: a rule that no profile can say, and Headway's parts behind it.

``ROUTING`` is what `Tiered` puts out as ``routing``: ``parts`` by name, each ``live``, ``queue`` or ``asynchronous``,
with its address; ``routes``, the profile's rules by tier. Headway's own router, with tries again and a breaker,
is ``headway_runtime.router``.
"""

import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any

import boto3

INLINE_BYTES = 48_000
"""Larger bodies travel through S3, as the contract says."""
SMALL_BYTES = 20_000


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """One upload: answered at once, or queued, with where its result will lie."""
    del context
    routing = json.loads(os.environ["ROUTING"])
    part = routing["parts"][tier_of(event)]
    request = {"id": uuid.uuid4().hex, "submitted_at": datetime.now(UTC).isoformat(), "body": event["body"]}
    if part["kind"] == "live":
        answer = boto3.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=part["endpoint_name"], ContentType="application/json", Body=json.dumps(event["body"]).encode()
        )
        return {"id": request["id"], "output": json.loads(answer["Body"].read())}
    bucket = routing["results_bucket"]
    if len(json.dumps(request)) > INLINE_BYTES:
        key = f"requests/{request['id']}.json"
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(request.pop("body")).encode())
        request["s3"] = f"s3://{bucket}/{key}"
    boto3.client("sqs").send_message(QueueUrl=part["queue_url"], MessageBody=json.dumps(request))
    return {"id": request["id"], "result": f"s3://{bucket}/{routing['results_prefix']}{request['id']}.json"}


def tier_of(event: dict[str, Any]) -> str:
    """Who pays is answered at once; so is a small upload in a customer's first hour, so that the first one is quick."""
    small = len(json.dumps(event["body"])) < SMALL_BYTES
    return "paying" if event.get("plan") == "paid" or (event.get("first_hour") and small) else "free"
