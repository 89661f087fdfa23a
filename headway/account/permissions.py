"""Which permissions each command asks, and no others: the README's list, and what a connection lets through."""

from __future__ import annotations

from typing import Any

PERMISSIONS: dict[str, tuple[str, ...]] = {
    "prices refresh": ("pricing:GetProducts", "ec2:DescribeSpotPriceHistory"),
    "traffic cloudwatch": (
        "cloudwatch:GetMetricData",
        "sagemaker:DescribeEndpoint",
        "sagemaker:DescribeEndpointConfig",
    ),
    "measure": (
        "sagemaker:DescribeEndpoint",
        "sagemaker:DescribeEndpointConfig",
        "sagemaker:InvokeEndpoint",
        "sagemaker:DescribeInferenceRecommendationsJob",
        "cloudwatch:GetMetricData",
    ),
    "calibrate": (
        "tag:GetResources",
        "batch:ListJobs",
        "batch:DescribeJobs",
        "batch:DescribeJobQueues",
        "autoscaling:DescribeScalingActivities",
        "application-autoscaling:DescribeScalingActivities",
        "ec2:DescribeSpotPriceHistory",
        "cloudwatch:GetMetricData",
        "logs:FilterLogEvents",
        "sagemaker:DescribeEndpoint",
        "sagemaker:DescribeEndpointConfig",
    ),
    "drift": (
        "tag:GetResources",
        "cloudwatch:GetMetricData",
        "cloudwatch:ListMetrics",
        "sagemaker:DescribeEndpoint",
        "sagemaker:DescribeEndpointConfig",
    ),
    "redrive": (
        "tag:GetResources",
        "sqs:GetQueueUrl",
        "sqs:ListDeadLetterSourceQueues",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:ChangeMessageVisibility",
        "sqs:SendMessage",
        "sqs:DeleteMessage",
        "s3:GetObject",
    ),
    "reconcile": ("ce:GetCostAndUsage",),
    "current": (
        "sagemaker:DescribeEndpoint",
        "sagemaker:DescribeEndpointConfig",
        "application-autoscaling:DescribeScalableTargets",
        "cloudwatch:GetMetricData",
    ),
}
"""IAM actions by command. None of them takes a resource's ARN unless its row says so in the README."""

_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
"""IAM's name of a service where it is not the one that signs requests."""
_ACTIONS = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "lambda:Invoke": "lambda:InvokeFunction",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
"""IAM's name of an action where it is not the operation's (Service Authorization Reference, 2026-11)."""


def action_of(signing_name: str, operation: str) -> str:
    """The IAM action that an operation needs.

    >>> action_of("monitoring", "GetMetricData"), action_of("s3", "ListObjectsV2")
    ('cloudwatch:GetMetricData', 's3:ListBucket')
    """
    action = f"{_PREFIXES.get(signing_name, signing_name)}:{operation}"
    return _ACTIONS.get(action, action)


def policy(command: str) -> dict[str, Any]:
    """The IAM policy document that lets a command do what it does.

    >>> policy("prices refresh")["Statement"][0]["Action"]
    ['pricing:GetProducts', 'ec2:DescribeSpotPriceHistory']
    """
    statement = {"Effect": "Allow", "Action": list(PERMISSIONS[command]), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}
