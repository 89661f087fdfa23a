"""S3: the bucket, what is set on it, objects."""

from __future__ import annotations

from typing import Any

import pulumi

from headway_rehearsal.resources.base import Aws, Created, Inputs, ResourceType, only, tag_list
from headway_rehearsal.values import coerce

_PUT = "aws:s3/bucket"


def _bucket(aws: Aws, logical: str, inputs: Inputs) -> Created:
    # forceDestroy is the provider's own: it empties a bucket that it deletes.
    only(inputs, ("bucket", "bucketPrefix", "forceDestroy"), f"{_PUT}:Bucket")
    name = aws.name(logical, inputs, "bucket").lower()
    place = {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    client = aws.client("s3")
    client.create_bucket(Bucket=name, **place)
    if inputs.get("tags"):
        client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(inputs)})
    return Created(name, {"bucket": name, "arn": f"arn:aws:s3:::{name}", "region": aws.region,
                          "bucketDomainName": f"{name}.s3.amazonaws.com"})  # fmt: skip


def _setting(operation: str, member: str | None, known: tuple[str, ...], token: str, inner: str | None = None) -> Any:
    """A row that puts one configuration on a bucket, its structure coerced by botocore's model."""

    def create(aws: Aws, logical: str, inputs: Inputs) -> Created:
        del logical
        only(inputs, ("bucket", *known), token)
        client = aws.client("s3")
        shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).input_shape
        content: Any = {key: inputs[key] for key in known if inputs.get(key) is not None}
        if inner is not None:
            content = {inner: content[known[0]]}
        if member is None:
            getattr(client, operation)(Bucket=inputs["bucket"], Policy=inputs["policy"])
        else:
            value = coerce(shape.members[member], content, token)
            getattr(client, operation)(Bucket=inputs["bucket"], **{member: value})
        return Created(str(inputs["bucket"]))

    return create


def _encryption(aws: Aws, logical: str, inputs: Inputs) -> Created:
    only(inputs, ("bucket", "rules"), f"{_PUT}ServerSideEncryptionConfiguration")
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": {
                {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"}[key]: value
                for key, value in rule["applyServerSideEncryptionByDefault"].items()
            },
            "BucketKeyEnabled": bool(rule.get("bucketKeyEnabled")),
        }
        for rule in inputs["rules"]
    ]
    aws.client("s3").put_bucket_encryption(Bucket=inputs["bucket"], ServerSideEncryptionConfiguration={"Rules": rules})
    return Created(str(inputs["bucket"]))


def _object(aws: Aws, logical: str, inputs: Inputs) -> Created:
    # sourceHash only tells the provider when to upload again.
    only(inputs, ("bucket", "key", "source", "sourceHash", "content", "contentType"), f"{_PUT}Objectv2")
    source = inputs.get("source")
    body = inputs.get("content", "").encode()
    if isinstance(source, pulumi.FileAsset | pulumi.FileArchive):
        with open(source.path, "rb") as file:
            body = file.read()
    aws.client("s3").put_object(
        Bucket=inputs["bucket"], Key=inputs["key"], Body=body,
        ContentType=inputs.get("contentType") or "application/octet-stream",
    )  # fmt: skip
    return Created(f"{inputs['bucket']}/{inputs['key']}", {"key": inputs["key"], "bucket": inputs["bucket"]})


def _notification(aws: Aws, logical: str, inputs: Inputs) -> Created:
    del logical
    only(inputs, ("bucket", "lambdaFunctions"), f"{_PUT}Notification")
    rows = [
        {
            "Id": str(index),
            "LambdaFunctionArn": row["lambdaFunctionArn"],
            "Events": row["events"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": row.get("filterPrefix", "")}]}},
        }
        for index, row in enumerate(inputs.get("lambdaFunctions") or [])
    ]
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=inputs["bucket"], NotificationConfiguration={"LambdaFunctionConfigurations": rows}
    )
    return Created(str(inputs["bucket"]))


def _reader(operation: str) -> Any:
    def read(aws: Aws, identity: str) -> dict[str, Any]:
        found: dict[str, Any] = getattr(aws.client("s3"), operation)(Bucket=identity.split("/", 1)[0])
        return found

    return read


def _read_object(aws: Aws, identity: str) -> dict[str, Any]:
    bucket, key = identity.split("/", 1)
    found: dict[str, Any] = aws.client("s3").head_object(Bucket=bucket, Key=key)
    return found


def _delete_bucket(aws: Aws, identity: str) -> None:
    aws.client("s3").delete_bucket(Bucket=identity)


ROWS = (
    ResourceType("aws:s3/bucket:Bucket", _bucket, _reader("head_bucket"), _delete_bucket),
    ResourceType(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        _setting(
            "put_public_access_block", "PublicAccessBlockConfiguration",
            ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"),
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        ),
        _reader("get_public_access_block"),
    ),
    ResourceType(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        _setting("put_bucket_ownership_controls", "OwnershipControls", ("rule",),
                 "aws:s3/bucketOwnershipControls:BucketOwnershipControls", inner="Rules"),
        _reader("get_bucket_ownership_controls"),
    ),
    ResourceType(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        _encryption, _reader("get_bucket_encryption"),
    ),
    ResourceType(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        _setting("put_bucket_lifecycle_configuration", "LifecycleConfiguration", ("rules",),
                 "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"),
        _reader("get_bucket_lifecycle_configuration"),
    ),
    ResourceType(
        "aws:s3/bucketPolicy:BucketPolicy",
        _setting("put_bucket_policy", None, ("policy",), "aws:s3/bucketPolicy:BucketPolicy"),
        _reader("get_bucket_policy"),
    ),
    ResourceType(
        "aws:s3/bucketNotification:BucketNotification", _notification, _reader("get_bucket_notification_configuration")
    ),
    ResourceType("aws:s3/bucketObjectv2:BucketObjectv2", _object, _read_object),
)  # fmt: skip
