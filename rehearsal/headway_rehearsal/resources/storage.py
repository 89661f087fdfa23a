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


def _read_notification(aws: Aws, identity: str) -> dict[str, Any]:
    rows = aws.client("s3").get_bucket_notification_configuration(Bucket=identity)
    functions = [
        {
            "lambdaFunctionArn": row["LambdaFunctionArn"],
            "events": row["Events"],
            "filterPrefix": row["Filter"]["Key"]["FilterRules"][0]["Value"],
        }
        for row in rows.get("LambdaFunctionConfigurations", [])
    ]
    if not functions:
        raise KeyError(identity)
    return {"bucket": identity, "lambdaFunctions": functions}


def _reader(operation: str, inner: str | None = None) -> Any:
    """Reads one configuration of a bucket: the bucket's name beside what the answer holds."""

    def read(aws: Aws, identity: str) -> dict[str, Any]:
        found: Any = getattr(aws.client("s3"), operation)(Bucket=identity.split("/", 1)[0])
        return {"bucket": identity, **(found[inner] if inner else found)}

    return read


def _read_bucket(aws: Aws, identity: str) -> dict[str, Any]:
    client = aws.client("s3")
    client.head_bucket(Bucket=identity)
    return {"bucket": identity}


def _read_object(aws: Aws, identity: str) -> dict[str, Any]:
    bucket, key = identity.split("/", 1)
    found: dict[str, Any] = aws.client("s3").head_object(Bucket=bucket, Key=key)
    return {**found, "bucket": bucket, "key": key}


def _delete_object(aws: Aws, identity: str, state: Inputs) -> None:
    del state
    bucket, key = identity.split("/", 1)
    aws.client("s3").delete_object(Bucket=bucket, Key=key)


def _update_bucket(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    """What a bucket itself has is its name; forceDestroy is the provider's own."""
    del aws, identity, old, new
    return {}


def _delete_bucket(aws: Aws, identity: str, state: Inputs) -> None:
    """S3 refuses to delete a bucket that holds anything, unless the provider was told to empty it."""
    if state.get("forceDestroy"):
        emptied(aws, identity)
    aws.client("s3").delete_bucket(Bucket=identity)


def emptied(aws: Aws, bucket: str) -> int:
    """Delete every object of a bucket; how many there were."""
    client = aws.client("s3")
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [row["Key"] for page in pages for row in page.get("Contents", [])]
    for key in keys:
        client.delete_object(Bucket=bucket, Key=key)
    return len(keys)


def _again(create: Any) -> Any:
    """S3's configurations and objects are put, the first time and every other."""

    def update(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        del identity, old
        create(aws, "", new)
        return {}

    return update


def _take_away(operation: str) -> Any:
    def delete(aws: Aws, identity: str, state: Inputs) -> None:
        del state
        getattr(aws.client("s3"), operation)(Bucket=identity)

    return delete


def _delete_notification(aws: Aws, identity: str, state: Inputs) -> None:
    del state
    aws.client("s3").put_bucket_notification_configuration(Bucket=identity, NotificationConfiguration={})


def _row(token: str, create: Any, read: Any, delete: Any, **more: Any) -> ResourceType:
    """The row of what is put on a bucket."""
    return ResourceType(token, create, read, delete, _again(create), replaces=("bucket",), named=None, **more)


ROWS = (
    ResourceType(
        "aws:s3/bucket:Bucket", _bucket, _read_bucket, _delete_bucket, _update_bucket,
        replaces=("bucket", "bucketPrefix"), named="bucket", unseen=("forceDestroy",),
    ),
    _row(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        _setting(
            "put_public_access_block", "PublicAccessBlockConfiguration",
            ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"),
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        ),
        _reader("get_public_access_block", "PublicAccessBlockConfiguration"),
        _take_away("delete_public_access_block"),
    ),
    _row(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        _setting("put_bucket_ownership_controls", "OwnershipControls", ("rule",),
                 "aws:s3/bucketOwnershipControls:BucketOwnershipControls", inner="Rules"),
        _reader("get_bucket_ownership_controls", "OwnershipControls"),
        _take_away("delete_bucket_ownership_controls"),
    ),
    _row(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        _encryption, _reader("get_bucket_encryption", "ServerSideEncryptionConfiguration"),
        _take_away("delete_bucket_encryption"),
    ),
    _row(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        _setting("put_bucket_lifecycle_configuration", "LifecycleConfiguration", ("rules",),
                 "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"),
        _reader("get_bucket_lifecycle_configuration"),
        _take_away("delete_bucket_lifecycle"),
    ),
    _row(
        "aws:s3/bucketPolicy:BucketPolicy",
        _setting("put_bucket_policy", None, ("policy",), "aws:s3/bucketPolicy:BucketPolicy"),
        _reader("get_bucket_policy"),
        _take_away("delete_bucket_policy"),
    ),
    _row(
        "aws:s3/bucketNotification:BucketNotification", _notification, _read_notification, _delete_notification,
    ),
    ResourceType(
        "aws:s3/bucketObjectv2:BucketObjectv2", _object, _read_object, _delete_object, _again(_object),
        replaces=("bucket", "key"), named="key", unseen=("source", "sourceHash", "content"),
    ),
)  # fmt: skip
