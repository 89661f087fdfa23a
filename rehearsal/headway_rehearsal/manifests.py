"""A manifest as its producer writes it, and the feeder that S3 calls: the provisioned function, its own code."""

from __future__ import annotations

from collections.abc import Sequence

from headway_rehearsal.observed import as_in_aws, function_environment
from headway_rehearsal.resources.base import Aws
from headway_runtime import feeder
from headway_runtime.contract import Request


def feed(aws: Aws, manifests: str, requests: Sequence[Request]) -> str:
    """Write a manifest where ``manifests`` says and let its bucket's notification call the function; says what came."""
    bucket, prefix = manifests.removeprefix("s3://").split("/", 1)
    s3 = aws.client("s3")
    key = f"{prefix}rehearsal.jsonl"
    s3.put_object(Bucket=bucket, Key=key, Body="\n".join(request.to_json() for request in requests).encode())
    (told,) = s3.get_bucket_notification_configuration(Bucket=bucket)["LambdaFunctionConfigurations"]
    feeder.forget()
    record = {"s3": {"bucket": {"name": bucket}, "object": {"key": key}}}
    with as_in_aws(function_environment(aws, told["LambdaFunctionArn"].rsplit(":", 1)[-1])):
        answer = feeder.handler({"Records": [record]}, None)
    return f"a manifest of {answer['sent']} items was fed to the queue"
