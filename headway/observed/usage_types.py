"""AWS's words for usage, as the bill's own meters: what Cost Explorer and the Cost and Usage Report call a line.

Usage types are those of ``headway/prices/listing.py``, of the meters that a stack's bill can have; a usage type that is
none of them keeps AWS's own words.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from headway.prices.listing import LISTED, REGION


class Meter(NamedTuple):
    """One line of a bill, whichever part it belongs to."""

    service: str
    meter: str
    instance_type: str = ""

    def __str__(self) -> str:
        """For a person: ``EC2 spot g5.xlarge``."""
        words = self.meter.replace("_", " ")
        return f"{self.service} {words} {self.instance_type}".rstrip()


_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("AWSEvents", ("event", "scheduler")),
    ("AmazonCloudWatch", ("cloudwatch",)),
    ("AmazonEC2", ("elastic compute", "ec2")),
    ("AmazonVPC", ("vpc", "virtual private", "elastic compute", "ec2")),
    ("AWSQueueService", ("queue",)),
    ("AmazonS3", ("s3", "simple storage")),
    ("AmazonSNS", ("sns", "notification")),
    ("AWSLambda", ("lambda",)),
    ("AmazonDynamoDB", ("dynamodb",)),
    ("AmazonSageMaker", ("sagemaker",)),
    ("AmazonApiGateway", ("apigateway", "api gateway")),
)  # fmt: skip
"""By code of the price list, words in what Cost Explorer ("EC2 - Other") or a report ("AmazonEC2") calls a service."""
_BILLED = frozenset({
    ("EBS", "gp3_storage"), ("VPC", "public_ipv4_in_use"), ("SageMakerHosting", "ml_storage_gp2"),
    ("SageMakerHosting", "data_processed_in"), ("SageMakerHosting", "data_processed_out"), ("SQS", "standard_requests"),
    ("S3", "put_copy_post_list"), ("S3", "get_and_other"), ("S3", "standard_storage"), ("SNS", "standard_publish"),
    ("Lambda", "requests_arm"), ("Lambda", "duration_arm"), ("CloudWatch", "alarm_standard"),
    ("CloudWatch", "custom_metric"), ("CloudWatch", "dashboard"), ("CloudWatch", "api_requests"),
    ("CloudWatch", "logs_ingest_standard"), ("CloudWatch", "logs_storage"), ("DynamoDB", "on_demand_rru"),
    ("DynamoDB", "on_demand_wru"), ("DynamoDB", "storage_standard"), ("APIGateway", "http_api"),
    ("EventBridge", "custom_events"), ("EventBridge", "scheduler_invocations"),
})  # fmt: skip
"""Meters that a stack's bill can have."""
_ONLY_BILLS: tuple[tuple[str, str, str, str], ...] = (
    # service code, usage type, our service and meter; (.+) is the instance type
    ("AmazonEC2", r"SpotUsage:(.+)", "EC2", "spot"),
    ("AmazonEC2", r"(?:BoxUsage|UnusedBox|DedicatedUsage):(.+)", "EC2", "on_demand"),
    ("AmazonSageMaker", r"Host:(ml\..+)", "SageMakerHosting", "hosting"),
    ("AmazonSageMaker", r"Host:VolumeUsage\.gp\d", "SageMakerHosting", "ml_storage_gp2"),
    ("AmazonSageMaker", r"ServerlessInf:Mem-\dGB", "SageMakerServerless", "inference_duration"),
    ("AmazonCloudWatch", r"DashboardsUsageHour-Basic", "CloudWatch", "dashboard"),
    ("AmazonCloudWatch", r"CW:GMD-Metrics", "CloudWatch", "api_requests"),
    ("AmazonCloudWatch", r"VendedLog-Bytes", "CloudWatch", "logs_ingest_standard"),
)
"""What bills write and the price list has by its instance, its size, or not at all."""
_TYPES = _ONLY_BILLS + tuple(
    (one.code, one.usage, one.service, one.meter) for one in LISTED if (one.service, one.meter) in _BILLED
)
UNTAGGED = frozenset(
    {
        ("CloudWatch", "custom_metric"),
        ("CloudWatch", "dashboard"),
        ("CloudWatch", "api_requests"),
        ("EventBridge", "custom_events"),
        ("EventBridge", "scheduler_invocations"),
        ("VPC", "public_ipv4_in_use"),
    }
)
"""Usage that carries no tag (metrics, dashboards, events, schedules), or not in every account (addresses): none is
shown."""
_JOINT = {"data_processed_in_or_out": "data_processed", "data_processed_in": "data_processed",
          "data_processed_out": "data_processed"}  # fmt: skip
"""Meters that some regions' books have as one."""


def meter_of(service: str, usage_type: str) -> Meter | None:
    """The bill's meter of a usage type; None where the bill has none of the kind.

    Args:
        service: As Cost Explorer (``Amazon Simple Queue Service``) or the report (``AWSQueueService``) names it.
        usage_type: As either writes it.

    >>> str(meter_of("Amazon Elastic Compute Cloud - Compute", "EUW1-SpotUsage:g5.xlarge"))
    'EC2 spot g5.xlarge'
    >>> str(meter_of("AmazonS3", "Requests-Tier1")), str(meter_of("AWSQueueService", "USE1-Requests-RBP"))
    ('S3 put copy post list', 'SQS standard requests')
    """
    codes = _codes(service.lower())
    for code, pattern, ours, meter in _TYPES:
        if code not in codes:
            continue
        match = re.fullmatch(REGION + pattern, usage_type)
        if match:
            return joint(Meter(ours, meter, match[1] if match.groups() else ""))
    return None


def units_of(usage_type: str) -> float:
    """How many of the bill's units one of AWS's is: a second of serverless inference at 4 GB is four GB-seconds.

    >>> units_of("EU-ServerlessInf:Mem-4GB"), units_of("EU-Requests-Tier1")
    (4.0, 1.0)
    """
    serverless = re.search(r"ServerlessInf:Mem-(\d)GB$", usage_type)
    return float(serverless[1]) if serverless else 1.0


def joint(meter: Meter) -> Meter:
    """The meter under which both sides of a comparison put it."""
    return meter._replace(meter=_JOINT.get(meter.meter, meter.meter))


def _codes(name: str) -> frozenset[str]:
    """Codes that a service's name may stand for; CloudWatch Events are EventBridge's."""
    found = [code for code, words in _NAMES if any(word in name for word in words)]
    return frozenset(found if "AWSEvents" not in found else ["AWSEvents"])
