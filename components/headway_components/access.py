"""Roles: one a purpose, with the statements it needs and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from headway_components.site import Site

CHECKS_SOURCE_ACCOUNT = frozenset({"sagemaker", "scheduler", "ecs-tasks"})
"""Services that name the account they act for when they take a role (AWS IAM User Guide, the confused deputy)."""

TAKES_KEY: Final[Mapping[str, tuple[str, ...]]] = {
    "s3:GetObject": ("kms:Decrypt",),
    "s3:PutObject": ("kms:GenerateDataKey",),
    "sqs:ReceiveMessage": ("kms:Decrypt",),
    "sqs:SendMessage": ("kms:Decrypt", "kms:GenerateDataKey"),
    "sns:Publish": ("kms:Decrypt", "kms:GenerateDataKey"),
    "dynamodb:GetItem": ("kms:Decrypt",),
    "dynamodb:PutItem": ("kms:Decrypt",),
}
"""What a caller must be allowed on the customer's key of what it touches (Amazon S3 User Guide, SSE-KMS; Amazon SQS and
Amazon SNS Developer Guides, key management; Amazon DynamoDB Developer Guide, encryption at rest)."""

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Access:
    """A role and its policy. Whatever takes the role depends on the policy too: without it the role is empty."""

    role: aws.iam.Role
    policy: aws.iam.RolePolicy


def allow(
    actions: Sequence[str],
    resources: pulumi.Input[str] | pulumi.Output[list[str]] | Sequence[pulumi.Input[str]],
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """A statement that allows ``actions`` on ``resources``."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": resources}
    return statement if condition is None else {**statement, "Condition": condition}


def service_access(site: Site, what: str, service: str, statements: Sequence[Statement]) -> Access:
    """A role that one AWS service takes: an inline policy of ``statements``, and what they take of the wired key."""
    trust: dict[str, Any] = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": f"{service}.amazonaws.com"},
    }
    if service in CHECKS_SOURCE_ACCOUNT:
        trust["Condition"] = {"StringEquals": {"aws:SourceAccount": site.account}}
    role = aws.iam.Role(
        site.part(f"{what}-role"),
        assume_role_policy=policy_document([trust]),
        permissions_boundary=site.permissions_boundary,
        tags=site.tags,
        opts=site.child(),
    )
    policy = aws.iam.RolePolicy(
        site.part(f"{what}-policy"), role=role.name,
        policy=policy_document(with_key(site, statements)), opts=site.child(),
    )  # fmt: skip
    return Access(role, policy)


def policy_document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """A policy as JSON; resources may be outputs."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def deny_plain_http(action: str, resources: pulumi.Input[str] | Sequence[pulumi.Input[str]]) -> Statement:
    """The statement of a resource policy that refuses whatever does not come over TLS."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resources,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def with_key(site: Site, statements: Sequence[Statement]) -> list[Statement]:
    """The statements, and what they take of the wired key: through the services that they call and no others."""
    if site.kms_key_arn is None:
        return list(statements)
    through: dict[str, set[str]] = {}
    for action in (action for one in statements for action in one["Action"]):
        for use in TAKES_KEY.get(action, ()):
            through.setdefault(use, set()).add(f"{action.split(':')[0]}.{site.region}.amazonaws.com")
    return [
        *statements,
        *(
            allow([use], site.kms_key_arn, {"StringEquals": {"kms:ViaService": sorted(services)}})
            for use, services in sorted(through.items())
        ),
    ]


def write_logs(log_group: aws.cloudwatch.LogGroup) -> Statement:
    """Writing to the streams of one log group. Making it is Pulumi's business: made anew it would be kept for ever."""
    return allow(["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.format("{0}:*", log_group.arn))


def write_metrics(namespaces: Sequence[str]) -> Statement:
    """Writing metrics; the action knows no resources, so the namespace bounds it."""
    return allow(["cloudwatch:PutMetricData"], "*", {"StringEquals": {"cloudwatch:namespace": list(namespaces)}})
