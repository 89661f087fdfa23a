"""The bucket for request bodies, results and the runtime that workers fetch; where a model's artifact lies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from headway_components.access import Statement, allow, deny_plain_http, policy_document
from headway_components.site import Site

RESULTS, REQUESTS, RUNTIME, FAILURES, MANIFESTS = "results/", "requests/", "runtime/", "failures/", "manifests/"
"""Prefixes in the bucket."""
DEPARTURES = "departures/"
"""The same, of the dispatcher's ledger and the workers' reports."""
ABANDONED_UPLOAD_DAYS = 1


def results_bucket(site: Site, kept_days: int, prefixes: Sequence[str] = (RESULTS, REQUESTS)) -> aws.s3.Bucket:
    """A private, encrypted, TLS-only bucket that forgets bodies and results after ``kept_days``."""
    bucket = aws.s3.Bucket(site.part("results"), tags=site.tags, opts=site.data())
    aws.s3.BucketPublicAccessBlock(
        site.part("results-private"),
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=site.child(),
    )
    aws.s3.BucketOwnershipControls(
        site.part("results-ownership"),
        bucket=bucket.id,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=site.child(),
    )
    default: dict[str, Any] = {"sse_algorithm": "AES256"}
    if site.kms_key_arn is not None:
        default = {"sse_algorithm": "aws:kms", "kms_master_key_id": site.kms_key_arn}
    aws.s3.BucketServerSideEncryptionConfiguration(
        site.part("results-encryption"),
        bucket=bucket.id,
        rules=[
            {
                "apply_server_side_encryption_by_default": default,
                "bucket_key_enabled": site.kms_key_arn is not None,
            }
        ],
        opts=site.child(),
    )
    aws.s3.BucketLifecycleConfiguration(
        site.part("results-lifecycle"),
        bucket=bucket.id,
        rules=[
            {
                "id": prefix.rstrip("/"),
                "status": "Enabled",
                "filter": {"prefix": prefix},
                "expiration": {"days": kept_days},
                "abort_incomplete_multipart_upload": {"days_after_initiation": ABANDONED_UPLOAD_DAYS},
            }
            for prefix in prefixes
        ],
        opts=site.child(),
    )
    aws.s3.BucketPolicy(
        site.part("results-policy"),
        bucket=bucket.id,
        policy=policy_document([deny_plain_http("s3:*", [bucket.arn, pulumi.Output.format("{0}/*", bucket.arn)])]),
        opts=site.child(),
    )
    return bucket


@dataclass(frozen=True)
class Bucket:
    """What a component needs to know of a bucket, made here or wired in."""

    name: pulumi.Input[str]
    arn: pulumi.Input[str]


def stack_bucket(
    site: Site, kept_days: int, wiring: Mapping[str, Any], prefixes: Sequence[str] = (RESULTS, REQUESTS)
) -> Bucket:
    """The bucket that was wired in, or one of the component's own."""
    existing = wiring.get("results_bucket")
    if existing is None:
        made = results_bucket(site, kept_days, prefixes)
        return Bucket(name=made.bucket, arn=made.arn)
    return Bucket(name=existing, arn=pulumi.Output.format("arn:{0}:s3:::{1}", site.partition, existing))


def objects(bucket_arn: pulumi.Input[str], prefix: str) -> pulumi.Output[str]:
    """The ARN of the objects under a prefix."""
    return pulumi.Output.format("{0}/{1}*", bucket_arn, prefix)


@dataclass(frozen=True)
class Artifact:
    """A model artifact in S3: one archive, or a prefix of files as they are."""

    bucket: str
    key: str

    @classmethod
    def at(cls, uri: str) -> Artifact:
        """The artifact at an ``s3://`` address.

        >>> Artifact.at("s3://models/classifier.tar.gz").archive
        True
        >>> Artifact.at("s3://models/classifier").key
        'classifier/'
        """
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return cls(bucket, key if key.endswith((".tar.gz", ".tgz", "/")) or not key else f"{key}/")

    @property
    def archive(self) -> bool:
        """Whether it has to be unpacked."""
        return self.key.endswith((".tar.gz", ".tgz"))

    @property
    def uri(self) -> str:
        """Its address."""
        return f"s3://{self.bucket}/{self.key}"


def read_artifact(site: Site, uri: str | None) -> list[Statement]:
    """Reading one artifact and nothing beside it."""
    if uri is None:
        return []
    artifact = Artifact.at(uri)
    bucket_arn = f"arn:{site.partition}:s3:::{artifact.bucket}"
    if artifact.archive:
        return [allow(["s3:GetObject"], f"{bucket_arn}/{artifact.key}")]
    return [
        allow(["s3:GetObject"], f"{bucket_arn}/{artifact.key}*"),
        allow(["s3:ListBucket"], bucket_arn, {"StringLike": {"s3:prefix": [f"{artifact.key}*"]}}),
    ]


def pull_images(site: Site, *images: str | None) -> list[Statement]:
    """Pulling images of private ECR repositories; public ones need no permission.

    The token's action knows no resources.
    """
    repositories = []
    for image in images:
        match = re.match(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com[a-z.]*/([^:@]+)", image or "")
        if match:
            repositories.append(f"arn:{site.partition}:ecr:{match[2]}:{match[1]}:repository/{match[3]}")
    if not repositories:
        return []
    actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    return [allow(actions, repositories), allow(["ecr:GetAuthorizationToken"], "*")]
