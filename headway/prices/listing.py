"""What AWS calls the book's meters: service code, usage type and what tells it from its neighbours, each with a source.

A usage type is ``<region>-<type>``; us-east-1 writes many without a region. Two readers share this table: new prices
(``account/price_list``) and bills as they came (``observed/usage_types``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

REGION = r"(?:EU-|[A-Z]{3,4}\d{1,2}-)?"
"""Before a usage type: EU-, USE1-, APN1-. Without its digit ``IA-`` would be one: infrequent access."""
ANYWHERE = "location"
"""For ``place``: a product of no region, which AWS lists once, at the location Any."""

_OFFERS = "offer files of 2025-08 to 2026-06 in cloudkinesis/archway, tests/fixtures/sku_pricing/official_offer_slices"
_OFFERS_2026 = "offer files of 2026-10-08 as tested in a public cost model (GitHub), and those of archway"
_QUERIES = "infracost/infracost, internal/resources/aws: the queries of its price look-ups"
_ML = "infracost, internal/resources/aws/sagemaker_endpoint_configuration.go; serverless also in offer files of 2026"
_TABLES = "Amazon DynamoDB Developer Guide: Understanding billing and usage reports"
_WATCH = "Amazon CloudWatch User Guide: Analyzing, optimizing, and reducing costs"
_BUCKETS = "Amazon S3 User Guide: Understanding billing and usage reports"
_FUNCTIONS = "AWSLambda offer file of 2026-09-06, as tabled in ocelhq/ocel's research (GitHub)"
_BILLS = "usage types of bills published on GitHub, in two or more regions"


class Listed(NamedTuple):
    """One of the book's meters, and where AWS lists it."""

    service: str
    meter: str
    code: str
    """AWS's service code: what GetProducts is asked for."""
    usage: str
    """The usage type without its region, as a regular expression."""
    seen: str
    """Where this usage type was seen."""
    having: Mapping[str, str] = {}
    """Attributes that tell it from others of the same usage type."""
    family: str = ""
    """Product family, to ask for less."""
    place: str = "regionCode"
    """The attribute that holds the region."""
    unit: str = ""
    """The book's unit, where no region has a price yet to take it from."""
    divide: int = 1
    """AWS's units in one of the book's."""
    priced_by: str = ""
    """How AWS's unit begins, where no other price says what is plausible: ``second``."""

    def is_called(self, usage_type: str) -> bool:
        """Whether a usage type is this meter's.

        >>> gp3 = next(one for one in LISTED if one.meter == "gp3_storage")
        >>> gp3.is_called("APN1-EBS:VolumeUsage.gp3"), gp3.is_called("EBS:VolumeUsage.gp2")
        (True, False)
        """
        return re.fullmatch(REGION + self.usage, usage_type) is not None


LISTED: tuple[Listed, ...] = (
    *(Listed("Lambda", f"{meter}_{name}", "AWSLambda", usage + suffix, _FUNCTIONS)
      for meter, usage in (("duration", "Lambda-GB-Second"), ("requests", "Request"),
                           ("provisioned_concurrency", "Lambda-Provisioned-Concurrency"),
                           ("provisioned_duration", "Lambda-Provisioned-GB-Second"))
      for name, suffix in (("x86", ""), ("arm", "-ARM"))),
    Listed("Lambda", "ephemeral_storage_over_512MB", "AWSLambda", "Lambda-Storage-GB-Second", _FUNCTIONS),
    Listed("Lambda", "response_stream_bytes", "AWSLambda", "Lambda-Streaming-Response-Processed-Bytes", _BILLS),
    Listed("SQS", "standard_requests", "AWSQueueService", "Requests-(?:Tier1|RBP)", _OFFERS),
    Listed("SQS", "fifo_requests", "AWSQueueService", "Requests-FIFO-(?:Tier1|RBP)", _OFFERS),
    Listed("SNS", "standard_publish", "AmazonSNS", "Requests-Tier1", _OFFERS_2026),
    Listed("SNS", "sqs_delivery", "AmazonSNS", "DeliveryAttempts-SQS", _OFFERS_2026),
    Listed("SNS", "lambda_delivery", "AmazonSNS", "DeliveryAttempts-LAMBDA", _OFFERS_2026),
    # Intelligent tiering bills its objects' overhead under the same usage type.
    Listed("S3", "standard_storage", "AmazonS3", "TimedStorage-ByteHrs", _OFFERS, {"volumeType": "Standard"}),
    Listed("S3", "put_copy_post_list", "AmazonS3", "Requests-Tier1", _BUCKETS),
    Listed("S3", "get_and_other", "AmazonS3", "Requests-Tier2", _BUCKETS),
    *(Listed("CloudWatch", meter, "AmazonCloudWatch", usage, _WATCH)
      for meter, usage in (("alarm_standard", "CW:AlarmMonitorUsage"),
                           ("alarm_high_resolution", "CW:HighResAlarmMonitorUsage"),
                           ("alarm_composite", "CW:CompositeAlarmMonitorUsage"),
                           ("custom_metric", "CW:MetricMonitorUsage"), ("api_requests", "CW:Requests"),
                           ("get_metric_data", "CW:GMD-Metrics"), ("metric_streams", "CW:MetricStreamUsage"),
                           ("logs_ingest_standard", "DataProcessing-Bytes"),
                           ("logs_ingest_infrequent_access", "DataProcessingIA-Bytes"),
                           ("logs_storage", "TimedStorage-ByteHrs"), ("logs_insights_scanned", "DataScanned-Bytes"))),
    Listed("CloudWatch", "dashboard", "AmazonCloudWatch", "DashboardsUsageHour", _WATCH, place=ANYWHERE),
    *(Listed("DynamoDB", meter, "AmazonDynamoDB", usage, _TABLES)
      for meter, usage in (("on_demand_rru", "ReadRequestUnits"), ("on_demand_wru", "WriteRequestUnits"),
                           ("on_demand_rru_ia", "IA-ReadRequestUnits"), ("on_demand_wru_ia", "IA-WriteRequestUnits"),
                           ("on_demand_rwru", "ReplWriteRequestUnits"), ("provisioned_rcu", "ReadCapacityUnit-Hrs"),
                           ("provisioned_wcu", "WriteCapacityUnit-Hrs"), ("storage_standard", "TimedStorage-ByteHrs"),
                           ("storage_ia", "IA-TimedStorage-ByteHrs"), ("pitr", "TimedPITRStorage-ByteHrs"),
                           ("streams_read", "Streams-Requests(?:Count)?"))),
    Listed("APIGateway", "http_api", "AmazonApiGateway", "ApiGatewayHttpRequest", _OFFERS_2026),
    Listed("APIGateway", "rest_api", "AmazonApiGateway", "ApiGatewayRequest", _OFFERS_2026),
    Listed("APIGateway", "websocket_messages", "AmazonApiGateway", "ApiGatewayMessage", _QUERIES),
    Listed("APIGateway", "websocket_minutes", "AmazonApiGateway", "ApiGatewayMinute", _QUERIES),
    *(Listed("StepFunctions", meter, "AmazonStates", usage, _BILLS)
      for meter, usage in (("standard_state_transitions", "StateTransition"),
                           ("express_requests", "StepFunctions-Request"),
                           ("express_duration", "StepFunctions-GB-Second"))),
    # Partners' events have the same usage type.
    Listed("EventBridge", "custom_events", "AWSEvents", "Event-64K-Chunks", _OFFERS, {"eventType": "Custom Event"}),
    *(Listed("EventBridge", meter, "AWSEvents", usage, seen, having)
      for meter, usage, seen, having in (
          ("scheduler_invocations", "ScheduledInvocation", _BILLS, {}),
          ("pipes_requests", "Request-64K-Chunks", _BILLS, {"operation": "PipeRequest"}),
          ("archive_processing", "ArchivedEvents-Bytes", _QUERIES, {}),
          ("archive_storage", "TimedStorage-ByteHrs", _QUERIES, {}))),
    Listed("ECR", "private_storage", "AmazonECR", "TimedStorage-ByteHrs", _BILLS),
    *(Listed("Fargate", meter, "AmazonECS", usage, _OFFERS_2026)
      for meter, usage in (("vcpu_x86", "Fargate-vCPU-Hours:perCPU"), ("memory_x86", "Fargate-GB-Hours"),
                           ("vcpu_arm", "Fargate-ARM-vCPU-Hours:perCPU"), ("memory_arm", "Fargate-ARM-GB-Hours"),
                           ("ephemeral_storage_over_20GB", "Fargate-EphemeralStorage-GB-Hours"))),
    Listed("VPC", "public_ipv4_in_use", "AmazonVPC", "PublicIPv4:InUseAddress", _BILLS),
    Listed("VPC", "interface_endpoint_hour", "AmazonVPC", "VpcEndpoint-Hours", _QUERIES),
    Listed("VPC", "interface_endpoint_data", "AmazonVPC", "VpcEndpoint-Bytes", _QUERIES),
    Listed("NATGateway", "hour", "AmazonEC2", "NatGateway-Hours", _BILLS, family="NAT Gateway"),
    Listed("NATGateway", "data_processed", "AmazonEC2", "NatGateway-Bytes", _BILLS, family="NAT Gateway"),
    Listed("EBS", "gp3_storage", "AmazonEC2", r"EBS:VolumeUsage\.gp3", _BILLS, family="Storage"),
    Listed("EBS", "snapshot_storage", "AmazonEC2", "EBS:SnapshotUsage", _BILLS, family="Storage Snapshot"),
    Listed("EBS", "gp3_iops_over_3000", "AmazonEC2", r"EBS:VolumeP-IOPS\.gp3", _BILLS, family="System Operation"),
    Listed("EBS", "gp3_throughput_over_125MBps", "AmazonEC2", r"EBS:VolumeP-Throughput\.gp3", _BILLS,
           family="Provisioned Throughput", divide=1024),  # AWS prices a GiB/s, the book a MiB/s.
    *(Listed("ELB", f"{short}_{meter}", "AWSELB", usage, _OFFERS_2026, family=f"Load Balancer-{name}")
      for short, name in (("alb", "Application"), ("nlb", "Network"))
      for meter, usage in (("hour", "LoadBalancerUsage"), ("lcu", "LCUUsage"))),
    Listed("SageMakerHosting", "ml_storage_gp2", "AmazonSageMaker", r"Host:VolumeUsage\.gp2", _ML),
    Listed("SageMakerHosting", "data_processed_in", "AmazonSageMaker", "(?:Hst|Host):Data-Bytes-In", _ML, unit="GB"),
    Listed("SageMakerHosting", "data_processed_out", "AmazonSageMaker", "(?:Hst|Host):Data-Bytes-Out", _ML, unit="GB"),
    # By the second, a usage type for each size from 1 to 6 GB: that of 1 GB is the price of a GB-second.
    Listed("SageMakerServerless", "inference_duration", "AmazonSageMaker", "ServerlessInf:Mem-1GB", _ML,
           priced_by="second"),
    Listed("SageMakerServerless", "inference_duration_6144MB", "AmazonSageMaker", "ServerlessInf:Mem-6GB", _ML),
    Listed("SageMakerServerless", "provisioned_concurrency", "AmazonSageMaker",
           "[A-Za-z-]*ProvisionedConcurrency:Usage-1GB", _ML, unit="GB-s", priced_by="second"),
    Listed("SageMakerStudio", "space_storage_gp3", "AmazonSageMaker", r"Studio:VolumeUsage\.gp3", _BILLS),
    Listed("DataTransfer", "internet_out", "AWSDataTransfer", "DataTransfer-Out-Bytes", _QUERIES,
           {"transferType": "AWS Outbound", "toLocation": "External"}, place="fromRegionCode"),
    Listed("DataTransfer", "inter_az_each_direction", "AWSDataTransfer", "DataTransfer-Regional-Bytes", _QUERIES,
           {"transferType": "IntraRegion"}, place="fromRegionCode"),
)  # fmt: skip

_TO_REGION = "inter_region_out_to_"
UNLISTED: Mapping[tuple[str, str], str] = {
    ("DataTransfer", "internet_in"): "free",
    ("VPC", "gateway_endpoint_s3_dynamodb"): "free",
    ("SageMakerHosting", "data_processed_in_or_out"): "AWS lists in and out apart: a refresh fills those two",
    **{("ElastiCacheServerless", f"{engine}_{meter}"): "its usage types are not known for sure"
       for engine in ("redis", "valkey") for meter in ("ecpu", "storage")},
    ("EventBridge", "api_destinations"): "its usage type is not known for sure",
}  # fmt: skip
"""Meters of the book that a refresh leaves as they are, and why."""
PARTS_UNLISTED: Mapping[str, str] = {
    "reserved rates and Savings Plans": "told as what they would save; from the files the book was built of",
    "hosting by its ratio to EC2": "calculated, for regions where no hosting price is known",
    "free allowances": "off unless asked for with --free-tier",
}
"""What else of a book a refresh leaves as it is, and why."""


def left_as_they_are() -> dict[str, str]:
    """What `headway prices refresh` cannot renew, and why.

    >>> left_as_they_are()["DataTransfer.internet_in"]
    'free'
    """
    return {f"{service}.{meter}": why for (service, meter), why in UNLISTED.items()} | dict(PARTS_UNLISTED)


def listed(meters: Mapping[str, tuple[str, ...]]) -> tuple[Listed, ...]:
    """The table for a book: with a row for each of its meters of transfer to one other region.

    Args:
        meters: The book's, by service.

    >>> listed({"DataTransfer": ("inter_region_out_to_eu-west-1",)})[-1].having["toRegionCode"]
    'eu-west-1'
    """
    regions = [name.removeprefix(_TO_REGION) for name in meters.get("DataTransfer", ()) if name.startswith(_TO_REGION)]
    return LISTED + tuple(
        Listed("DataTransfer", f"{_TO_REGION}{region}", "AWSDataTransfer", r"[A-Z]{2,4}\d{0,2}-AWS-Out-Bytes",
               _QUERIES, {"transferType": "InterRegion Outbound", "toRegionCode": region}, place="fromRegionCode")
        for region in regions
    )  # fmt: skip


def in_book_units(unit: str, divide: int) -> Decimal:
    """How many of AWS's units are one of the book's.

    >>> in_book_units("1M requests", 1), in_book_units("MiBps-month", 1024)
    (Decimal('1000000'), Decimal('0.0009765625'))
    """
    return Decimal({"1M ": 1_000_000, "1K ": 1_000}.get(unit[:3], 1)) / divide
