"""AWS's words for usage, as the bill's own meters: what Cost Explorer and the Cost and Usage Report call a line.

A usage type is ``<region>-<type>[:<instance>]``; the region's prefix is missing in us-east-1 for old services. Types as
AWS documents them for its billing reports (S3, SQS, Lambda, EC2, VPC, DynamoDB, CloudWatch user guides, 2026-11).
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Meter(NamedTuple):
    """One line of a bill, whichever part it belongs to."""

    service: str
    meter: str
    instance_type: str = ""

    def __str__(self) -> str:
        """For a person: ``EC2 spot g5.xlarge``."""
        words = self.meter.replace("_", " ")
        return f"{self.service} {words} {self.instance_type}".rstrip()


_REGION = re.compile(r"^[A-Z]{2,4}\d?-(?=[A-Za-z])")
_EC2, _SQS, _S3, _SNS = ("elastic compute", "ec2"), ("queue",), ("s3", "simple storage"), ("sns", "notification")
_LAMBDA, _WATCH, _TABLE = ("lambda",), ("cloudwatch",), ("dynamodb",)
_MAKER, _VPC, _EVENTS = ("sagemaker",), ("vpc", "virtual private", "ec2", "elastic compute"), ("event", "scheduler")
_API = ("apigateway", "api gateway")
_TYPES: tuple[tuple[tuple[str, ...], str, str, str], ...] = (
    # words in the service's name, its usage type, our service and meter; (.+) is the instance type
    (_EC2, r"SpotUsage:(.+)", "EC2", "spot"),
    (_EC2, r"(?:BoxUsage|UnusedBox|DedicatedUsage):(.+)", "EC2", "on_demand"),
    (_EC2, r"EBS:VolumeUsage\.gp3", "EBS", "gp3_storage"),
    (_VPC, r"PublicIPv4:InUseAddress", "VPC", "public_ipv4_in_use"),
    (_MAKER, r"Host:(ml\..+)", "SageMakerHosting", "hosting"),
    (_MAKER, r"Host:VolumeUsage\.gp\d", "SageMakerHosting", "ml_storage_gp2"),
    (_MAKER, r"(?:Hst|Host):Data-Bytes-In", "SageMakerHosting", "data_processed_in"),
    (_MAKER, r"(?:Hst|Host):Data-Bytes-Out", "SageMakerHosting", "data_processed_out"),
    (_MAKER, r"ServerlessInf(?:erence)?:(?:Mem|Duration|GB-?Sec).*", "SageMakerServerless", "inference_duration"),
    (_SQS, r"Requests(?:-Tier1|-RBP)?", "SQS", "standard_requests"),
    (_S3, r"Requests-Tier1", "S3", "put_copy_post_list"),
    (_S3, r"Requests-Tier2", "S3", "get_and_other"),
    (_S3, r"TimedStorage-ByteHrs", "S3", "standard_storage"),
    (_SNS, r"Requests-Tier1", "SNS", "standard_publish"),
    (_LAMBDA, r"Request-ARM", "Lambda", "requests_arm"),
    (_LAMBDA, r"Lambda-GB-Second-ARM", "Lambda", "duration_arm"),
    (_WATCH, r"CW:AlarmMonitorUsage", "CloudWatch", "alarm_standard"),
    (_WATCH, r"CW:MetricMonitorUsage", "CloudWatch", "custom_metric"),
    (_WATCH, r"DashboardsUsageHour.*", "CloudWatch", "dashboard"),
    (_WATCH, r"CW:(?:GMD-Metrics|Requests)", "CloudWatch", "api_requests"),
    (_WATCH, r"(?:DataProcessing|VendedLog)-Bytes", "CloudWatch", "logs_ingest_standard"),
    (_WATCH, r"TimedStorage-ByteHrs", "CloudWatch", "logs_storage"),
    (_TABLE, r"ReadRequestUnits", "DynamoDB", "on_demand_rru"),
    (_TABLE, r"WriteRequestUnits", "DynamoDB", "on_demand_wru"),
    (_TABLE, r"TimedStorage-ByteHrs", "DynamoDB", "storage_standard"),
    (_API, r"ApiGatewayHttpRequest", "APIGateway", "http_api"),
    (_EVENTS, r"Sched.*Invocations?", "EventBridge", "scheduler_invocations"),
)
UNTAGGED = frozenset(
    {
        ("CloudWatch", "custom_metric"),
        ("CloudWatch", "dashboard"),
        ("CloudWatch", "api_requests"),
        ("EventBridge", "scheduler_invocations"),
        ("VPC", "public_ipv4_in_use"),
    }
)
"""Usage that carries no tag (metrics, dashboards, schedules), or not in every account (addresses): none is shown."""
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
    name = service.lower()
    plain = _REGION.sub("", usage_type)
    for words, pattern, ours, meter in _TYPES:
        if not any(word in name for word in words):
            continue
        match = re.fullmatch(pattern, plain)
        if match:
            return joint(Meter(ours, meter, match[1] if match.groups() else ""))
    return None


def joint(meter: Meter) -> Meter:
    """The meter under which both sides of a comparison put it."""
    return meter._replace(meter=_JOINT.get(meter.meter, meter.meter))
