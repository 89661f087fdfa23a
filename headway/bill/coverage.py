"""Coverage: every type of resource that a program registers is on the bill, free, or said not to be modelled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from headway.bill.lines import Bill

FREE = {
    "aws:apigatewayv2/integration:Integration": "an API is charged by its requests",
    "aws:apigatewayv2/route:Route": "an API is charged by its requests",
    "aws:appautoscaling/policy:Policy": "no charge; its alarms come with target tracking",
    "aws:appautoscaling/scheduledAction:ScheduledAction": "no charge",
    "aws:appautoscaling/target:Target": "no charge",
    "aws:batch/jobDefinition:JobDefinition": "no charge for AWS Batch itself",
    "aws:batch/jobQueue:JobQueue": "no charge for AWS Batch itself",
    "aws:cloudwatch/eventRule:EventRule": "rules on AWS's own events are free",
    "aws:cloudwatch/eventTarget:EventTarget": "deliveries of AWS's own events are free",
    "aws:ec2/internetGateway:InternetGateway": "no charge; what leaves is charged",
    "aws:ec2/route:Route": "no charge",
    "aws:ec2/routeTable:RouteTable": "no charge",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "no charge",
    "aws:ec2/securityGroup:SecurityGroup": "no charge",
    "aws:ec2/subnet:Subnet": "no charge",
    "aws:ec2/vpc:Vpc": "no charge; gateways and endpoints in it may be",
    "aws:iam/instanceProfile:InstanceProfile": "no charge for IAM",
    "aws:iam/policy:Policy": "no charge for IAM",
    "aws:iam/role:Role": "no charge for IAM",
    "aws:iam/rolePolicy:RolePolicy": "no charge for IAM",
    "aws:lambda/permission:Permission": "no charge",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "expiry is free",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "no charge",
    "aws:s3/bucketPolicy:BucketPolicy": "no charge",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "no charge",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "no charge for SSE-S3",
    "aws:sagemaker/model:Model": "no charge; its artifact is the user's own in S3",
    "aws:sns/topicPolicy:TopicPolicy": "no charge",
    "aws:sqs/queuePolicy:QueuePolicy": "no charge",
}
"""Types that cost nothing by themselves, and why."""


class Coverage(NamedTuple):
    """Registered types by where their cost stands."""

    billed: tuple[str, ...]
    free: tuple[str, ...]
    not_modelled: tuple[str, ...]
    """On the bill by name, without an amount."""
    missing: tuple[str, ...]
    """On no list: a bug of the bill."""


def coverage(bill: Bill, registered: Iterable[str]) -> Coverage:
    """Where each registered type's cost stands; types that are not AWS's are passed over."""
    billed = {name for line in bill.lines if line.state != "not_modelled" for name in line.resource_types}
    named = {name for line in bill.lines if line.state == "not_modelled" for name in line.resource_types}
    types = sorted({name for name in registered if name.startswith("aws:")})
    rows: dict[str, list[str]] = {"billed": [], "free": [], "not_modelled": [], "missing": []}
    for name in types:
        place = (
            "billed" if name in billed else "free" if name in FREE else "not_modelled" if name in named else "missing"
        )
        rows[place].append(name)
    return Coverage(*(tuple(rows[place]) for place in Coverage._fields))
