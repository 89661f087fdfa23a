"""Everything that is in the in-memory account, asked of AWS's own lists rather than of the resource table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headway_rehearsal.resources.base import Aws

LISTS: Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    "sqs": (("list_queues", "QueueUrls", ""),),
    "sns": (("list_topics", "Topics", "TopicArn"),),
    "s3": (("list_buckets", "Buckets", "Name"),),
    "lambda": (("list_functions", "Functions", "FunctionName"),
               ("list_event_source_mappings", "EventSourceMappings", "UUID")),
    "batch": (("describe_compute_environments", "computeEnvironments", "computeEnvironmentName"),
              ("describe_job_queues", "jobQueues", "jobQueueName")),
    "ec2": (("describe_security_groups", "SecurityGroups", "GroupId"),
            ("describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
            ("describe_vpcs", "Vpcs", "VpcId"), ("describe_subnets", "Subnets", "SubnetId"),
            ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
            ("describe_route_tables", "RouteTables", "RouteTableId")),
    "iam": (("list_roles", "Roles", "RoleName"), ("list_policies", "Policies", "Arn"),
            ("list_instance_profiles", "InstanceProfiles", "InstanceProfileName")),
    "sagemaker": (("list_models", "Models", "ModelName"),
                  ("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
                  ("list_endpoints", "Endpoints", "EndpointName")),
    "cloudwatch": (("describe_alarms", "MetricAlarms", "AlarmName"),
                   ("list_dashboards", "DashboardEntries", "DashboardName")),
    "logs": (("describe_log_groups", "logGroups", "logGroupName"),),
    "events": (("list_rules", "Rules", "Name"),),
    "scheduler": (("list_schedules", "Schedules", "Name"),),
    "apigatewayv2": (("get_apis", "Items", "ApiId"),),
    "dynamodb": (("list_tables", "TableNames", ""),),
}  # fmt: skip
"""By service: the call, where its answer lists them, and what names each."""


def inventory(aws: Aws) -> set[str]:
    """Every resource as ``service name``. What waits for its deletion, or shows dead, is gone."""
    found = set()
    for service, calls in LISTS.items():
        client = aws.client(service)
        for operation, where, key in calls:
            pages = (
                client.get_paginator(operation).paginate()
                if client.can_paginate(operation)
                else [getattr(client, operation)()]
            )
            found |= {f"{service} {row[key] if key else row}" for page in pages for row in page.get(where, [])}
    kms = aws.client("kms")
    for row in kms.list_keys()["Keys"]:
        if kms.describe_key(KeyId=row["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion":
            found.add(f"kms {row['KeyId']}")
    endpoints = aws.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    found |= {f"ec2 {row['VpcEndpointId']}" for row in endpoints if row["State"] != "deleted"}
    jobs = aws.client("batch").describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    found |= {f"batch {row['jobDefinitionName']}" for row in jobs}
    scaling = aws.client("application-autoscaling")
    for operation, where in (
        ("describe_scalable_targets", "ScalableTargets"),
        ("describe_scaling_policies", "ScalingPolicies"),
        ("describe_scheduled_actions", "ScheduledActions"),
    ):
        rows = getattr(scaling, operation)(ServiceNamespace="sagemaker")[where]
        found |= {f"application-autoscaling {where} {row['ResourceId']}" for row in rows}
    return found
