"""Functions of the runtime: the bundle they come from, their role and logs, the schedule that ticks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pulumi
import pulumi_aws as aws

from headway_components.access import Statement, allow, service_access, write_logs
from headway_components.site import LONGEST_BASE, Site, physical_name
from headway_components.storage import RUNTIME
from headway_runtime.bundle import build_bundle

BUNDLE = Path(".headway/runtime.zip")
"""Where the runtime's archive is built, beside the program; ignored by git."""
PYTHON, ARCHITECTURE = "python3.13", "arm64"
TICK_TTL_S = 60
"""The shortest a schedule may keep an event: a tick that comes late is worth nothing, the next one sees the same."""


@dataclass(frozen=True)
class Bundle:
    """The runtime in S3."""

    upload: aws.s3.BucketObjectv2
    bucket: pulumi.Input[str]
    key: str
    versions: str
    """Its key, whatever its content: a job that was sent before an update fetches what its definition says."""

    @property
    def uri(self) -> pulumi.Output[str]:
        """Its address, known only once it is there."""
        return pulumi.Output.format("s3://{0}/{1}", self.upload.bucket, self.upload.key)


@dataclass(frozen=True)
class FunctionSize:
    """What bounds a function."""

    memory_mb: int
    timeout_s: int
    concurrency: int | None
    """Reserved of the account's; None: of what is free."""
    log_retention_days: int


def upload_bundle(site: Site, bucket: pulumi.Input[str]) -> Bundle:
    """Put the runtime's archive beside the requests, under a key that changes with its content."""
    archive, digest = _runtime_archive()
    # A bucket may serve several components: each has a copy of its own, and takes only that one away.
    versions = f"{RUNTIME}{physical_name(site.name, limit=LONGEST_BASE)}-*.zip"
    key = versions.replace("*", digest[:16])
    upload = aws.s3.BucketObjectv2(
        site.part("runtime"),
        bucket=bucket,
        key=key,
        source=pulumi.FileAsset(str(archive)),
        source_hash=digest,
        content_type="application/zip",
        tags=site.tags,
        opts=site.child(),
    )
    return Bundle(upload, bucket, key, versions)


@cache
def _runtime_archive() -> tuple[Path, str]:
    return BUNDLE.absolute(), build_bundle(BUNDLE)


def runtime_function(
    site: Site,
    what: str,
    bundle: Bundle,
    size: FunctionSize,
    *,
    handler: str,
    statements: Sequence[Statement],
    environment: Mapping[str, pulumi.Input[str]],
) -> aws.lambda_.Function:
    """A function of the bundle, with a role of its own, its log group and a bounded concurrency."""
    log_group = aws.cloudwatch.LogGroup(
        site.part(f"{what}-logs"),
        retention_in_days=size.log_retention_days,
        kms_key_id=site.kms_key_arn,
        tags=site.tags,
        opts=site.child(),
    )
    access = service_access(site, what, "lambda", [*statements, write_logs(log_group)])
    return aws.lambda_.Function(
        site.part(what),
        role=access.role.arn,
        runtime=PYTHON,
        architectures=[ARCHITECTURE],
        handler=handler,
        s3_bucket=bundle.upload.bucket,
        s3_key=bundle.upload.key,
        memory_size=size.memory_mb,
        timeout=size.timeout_s,
        reserved_concurrent_executions=size.concurrency,
        environment={"variables": environment},
        kms_key_arn=site.kms_key_arn,
        logging_config={"log_format": "JSON", "log_group": log_group.name},
        tags=site.tags,
        opts=site.child(depends_on=[access.policy]),
    )


def tick(site: Site, what: str, function: aws.lambda_.Function, seconds: int) -> aws.scheduler.Schedule:
    """A schedule in UTC that calls the function every ``seconds``: local calendars are the function's arithmetic."""
    # The scheduler opens what it delivers as this role (EventBridge Scheduler User Guide, encryption at rest).
    opens = [] if site.kms_key_arn is None else [allow(["kms:Decrypt"], site.kms_key_arn)]
    access = service_access(site, f"{what}-tick", "scheduler", [allow(["lambda:InvokeFunction"], function.arn), *opens])
    minutes = max(1, round(seconds / 60))
    return aws.scheduler.Schedule(
        site.part(f"{what}-tick"),
        schedule_expression=f"rate({minutes} minute{'s' if minutes > 1 else ''})",
        schedule_expression_timezone="UTC",
        flexible_time_window={"mode": "OFF"},
        kms_key_arn=site.kms_key_arn,
        target={
            "arn": function.arn,
            "role_arn": access.role.arn,
            "retry_policy": {"maximum_event_age_in_seconds": TICK_TTL_S, "maximum_retry_attempts": 0},
        },
        opts=site.child(depends_on=[access.policy]),
    )
