"""What a book needs of AWS's Price List Query API: exactly one product for each price, or none and why.

Field names: AWS Price List Query API, GetProducts; usage types: those of Cost and Usage Reports (2026-11).
A usage type that is wrong here finds no product or several, and the old price stays: it can never bring a wrong one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from headway.account.connection import Account

ENDPOINT = "us-east-1"
"""The region that answers for every region's prices."""
REGIONAL = r"(?:[A-Z]{2,4}\d{0,2}-)?"
"""Before a usage type: USE1-, EU-, APN1-, or nothing."""
EC2_FILTERS = {
    "operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used",
    "licenseModel": "No License required", "operation": "RunInstances", "marketoption": "OnDemand",
}  # fmt: skip
"""All seven: without the market option, capacity blocks of 0 dollars come along."""


class Meter(NamedTuple):
    """One of the book's meters, and where AWS lists it."""

    service: str
    meter: str
    code: str
    usage: str
    """The usage type without its region, as a regular expression."""
    having: Mapping[str, str] = {}
    """Attributes that tell it from others of the same usage type."""
    family: str = ""
    """Product family, to ask for less."""
    divide: int = 1
    """AWS's units in one of the book's."""


def _arm(name: str) -> tuple[tuple[str, str], ...]:
    return ((f"{name}", "_x86"), (f"{name}-ARM", "_arm"))


METERS: tuple[Meter, ...] = (
    *(Meter("Lambda", f"{meter}{arch}", "AWSLambda", usage)
      for meter, name in (("duration", "Lambda-GB-Second"), ("requests", "Request"),
                          ("provisioned_concurrency", "Lambda-Provisioned-Concurrency"),
                          ("provisioned_duration", "Lambda-Provisioned-GB-Second"))
      for usage, arch in _arm(name)),
    Meter("Lambda", "ephemeral_storage_over_512MB", "AWSLambda", "Lambda-Storage-GB-Second"),
    Meter("SQS", "standard_requests", "AWSQueueService", r"Requests-(?:Tier1|RBP)", {"queueType": "Standard"}),
    Meter("SQS", "fifo_requests", "AWSQueueService", r"Requests-(?:Tier1|FIFO-RBP|RBP)",
          {"queueType": "FIFO (first-in, first-out)"}),
    Meter("SNS", "standard_publish", "AmazonSNS", "Requests-Tier1"),
    Meter("S3", "standard_storage", "AmazonS3", "TimedStorage-ByteHrs", {"volumeType": "Standard"}),
    Meter("S3", "put_copy_post_list", "AmazonS3", "Requests-Tier1"),
    Meter("S3", "get_and_other", "AmazonS3", "Requests-Tier2"),
    Meter("CloudWatch", "alarm_standard", "AmazonCloudWatch", "CW:AlarmMonitorUsage"),
    Meter("CloudWatch", "alarm_high_resolution", "AmazonCloudWatch", "CW:HighResAlarmMonitorUsage"),
    Meter("CloudWatch", "alarm_composite", "AmazonCloudWatch", "CW:CompositeAlarmMonitorUsage"),
    Meter("CloudWatch", "custom_metric", "AmazonCloudWatch", "CW:MetricMonitorUsage"),
    Meter("CloudWatch", "get_metric_data", "AmazonCloudWatch", "CW:GMD-Metrics"),
    Meter("CloudWatch", "logs_ingest_standard", "AmazonCloudWatch", "DataProcessing-Bytes"),
    Meter("CloudWatch", "logs_storage", "AmazonCloudWatch", "TimedStorage-ByteHrs"),
    Meter("CloudWatch", "logs_insights_scanned", "AmazonCloudWatch", "DataScanned-Bytes"),
    Meter("DynamoDB", "on_demand_rru", "AmazonDynamoDB", "ReadRequestUnits"),
    Meter("DynamoDB", "on_demand_wru", "AmazonDynamoDB", "WriteRequestUnits"),
    Meter("DynamoDB", "provisioned_rcu", "AmazonDynamoDB", "ReadCapacityUnit-Hrs"),
    Meter("DynamoDB", "provisioned_wcu", "AmazonDynamoDB", "WriteCapacityUnit-Hrs"),
    Meter("DynamoDB", "storage_standard", "AmazonDynamoDB", "TimedStorage-ByteHrs"),
    Meter("DynamoDB", "pitr", "AmazonDynamoDB", "TimedPITRStorage-ByteHrs"),
    Meter("DynamoDB", "streams_read", "AmazonDynamoDB", "Streams-Requests"),
    Meter("APIGateway", "http_api", "AmazonApiGateway", "ApiGatewayHttpRequest"),
    Meter("APIGateway", "rest_api", "AmazonApiGateway", "ApiGatewayRequest"),
    Meter("StepFunctions", "standard_state_transitions", "AmazonStates", "StateTransition"),
    Meter("StepFunctions", "express_requests", "AmazonStates", "StepFunctions-Request"),
    Meter("StepFunctions", "express_duration", "AmazonStates", "StepFunctions-GB-Second"),
    Meter("EventBridge", "custom_events", "AWSEvents", "Event-64K-Chunks", {"eventType": "Custom Event"}),
    Meter("EventBridge", "scheduler_invocations", "AWSEvents", "ScheduledInvocation"),
    Meter("ECR", "private_storage", "AmazonECR", "TimedStorage-ByteHrs"),
    Meter("Fargate", "vcpu_x86", "AmazonECS", "Fargate-vCPU-Hours:perCPU"),
    Meter("Fargate", "memory_x86", "AmazonECS", "Fargate-GB-Hours"),
    Meter("Fargate", "vcpu_arm", "AmazonECS", "Fargate-ARM-vCPU-Hours:perCPU"),
    Meter("Fargate", "memory_arm", "AmazonECS", "Fargate-ARM-GB-Hours"),
    Meter("Fargate", "ephemeral_storage_over_20GB", "AmazonECS", "Fargate-EphemeralStorage-GB-Hours"),
    Meter("VPC", "public_ipv4_in_use", "AmazonVPC", "PublicIPv4:InUseAddress"),
    Meter("VPC", "interface_endpoint_hour", "AmazonVPC", "VpcEndpoint-Hours"),
    Meter("VPC", "interface_endpoint_data", "AmazonVPC", "VpcEndpoint-Bytes"),
    Meter("NATGateway", "hour", "AmazonEC2", "NatGateway-Hours", family="NAT Gateway"),
    Meter("NATGateway", "data_processed", "AmazonEC2", "NatGateway-Bytes", family="NAT Gateway"),
    Meter("EBS", "gp3_storage", "AmazonEC2", r"EBS:VolumeUsage\.gp3", family="Storage"),
    Meter("EBS", "snapshot_storage", "AmazonEC2", "EBS:SnapshotUsage", family="Storage Snapshot"),
    Meter("EBS", "gp3_iops_over_3000", "AmazonEC2", r"EBS:VolumeP-IOPS\.gp3", family="System Operation"),
    Meter("EBS", "gp3_throughput_over_125MBps", "AmazonEC2", r"EBS:VolumeP-Throughput\.gp3",
          family="Provisioned Throughput", divide=1024),  # AWS prices a GiB/s, the book a MiB/s.
    Meter("SageMakerHosting", "ml_storage_gp2", "AmazonSageMaker", r"Host:VolumeUsage\.gp2", family="ML Storage"),
)  # fmt: skip


class Product(NamedTuple):
    """One product of the list."""

    attributes: Mapping[str, str]
    family: str
    tiers: tuple[tuple[str, str, str], ...]
    """US dollars, from, to ('' without end), in AWS's units."""


def products(account: Account, code: str, filters: Mapping[str, str]) -> Iterator[Product]:
    """The products of a service that have these attributes.

    Raises:
        AccountError: AWS could not be asked, or said no.
    """
    asked = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in filters.items()]
    for page in account.pages("pricing", "get_products", region=ENDPOINT, ServiceCode=code, Filters=asked):
        for text in page.get("PriceList", ()):
            found = _product(json.loads(text))
            if found is not None:
                yield found


def matching(meter: Meter, found: list[Product]) -> list[Product]:
    """The products that a meter may be: one, where AWS's list is as this table thinks."""
    usage = re.compile(REGIONAL + meter.usage)
    return [
        one
        for one in found
        if usage.fullmatch(one.attributes.get("usagetype", ""))
        and all(one.attributes.get(name) == value for name, value in meter.having.items())
        and (not meter.family or one.family == meter.family)
    ]


def _product(item: dict[str, Any]) -> Product | None:
    """A product with its on-demand price; None where it has none in dollars."""
    terms: dict[str, Any] = item.get("terms", {}).get("OnDemand", {})
    if len(terms) != 1:
        return None
    (term,) = terms.values()
    tiers = []
    for row in term["priceDimensions"].values():
        try:
            usd = Decimal(row["pricePerUnit"]["USD"])
            start = Decimal(row.get("beginRange", "0"))
        except (KeyError, InvalidOperation):
            return None
        end = row.get("endRange", "Inf")
        tiers.append((start, f"{usd:f}", "" if end == "Inf" else end))
    ordered = tuple((usd, f"{start:f}", end) for start, usd, end in sorted(tiers))
    product = item["product"]
    return Product(product["attributes"], product.get("productFamily", ""), ordered)
