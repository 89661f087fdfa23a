"""Where workers run: for each pool a spot and an on-demand compute environment with a job queue each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi_aws as aws

from headway.architectures.design import BatchDesign, WorkerPool
from headway.prices import hardware
from headway_components.access import Access, allow, service_access
from headway_components.network import Network
from headway_components.site import Site

STUCK_REASONS = (
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
)
"""Why a job is stuck in RUNNABLE, where AWS Batch can act on it (AWS Batch User Guide, time limit actions)."""
ROOT_DEVICE = "/dev/xvda"
"""Of the ECS-optimised Amazon Linux 2023 images."""
STRATEGIES = {"spot": ("SPOT", "SPOT_PRICE_CAPACITY_OPTIMIZED"), "on-demand": ("EC2", "BEST_FIT_PROGRESSIVE")}
"""Type and allocation strategy; both strategies let a compute environment be updated in place."""


@dataclass(frozen=True)
class PoolQueues:
    """A pool's job queues. Spot sets the price; on-demand, tried from last call on, the wait."""

    pool: WorkerPool
    spot: aws.batch.JobQueue
    on_demand: aws.batch.JobQueue


def worker_queues(site: Site, design: BatchDesign, network: Network) -> list[PoolQueues]:
    """Every pool's compute environments and queues, on one launch template and one instance role."""
    access = _instance_access(site)
    profile = aws.iam.InstanceProfile(site.part("instance"), role=access.role.name, tags=site.tags, opts=site.child())
    template = _launch_template(site, design)

    def queue(pool: WorkerPool, market: str) -> aws.batch.JobQueue:
        what = f"{pool.name}-{market}"
        environment = _compute_environment(site, what, pool, market, template, profile, access, network)
        return _job_queue(site, what, design, environment)

    return [PoolQueues(pool, queue(pool, "spot"), queue(pool, "on-demand")) for pool in design.pools]


def instance_vcpus(pool: WorkerPool) -> int:
    """The vCPUs that the pool's most workers take: AWS Batch counts whole instances, one a worker."""
    return pool.max_workers * hardware(pool.instance_type).vcpu


def _instance_access(site: Site) -> Access:
    """What the ECS agent of an instance needs and no more: containers on the host network can reach this role.

    AWS Batch names the cluster itself; the pattern is as narrow as its names allow. Discovery knows no resources.
    """
    clusters, instances = site.arn("ecs", "cluster/*Batch*"), site.arn("ecs", "container-instance/*Batch*/*")
    return service_access(
        site,
        "instance",
        "ec2",
        [
            allow(
                [
                    "ecs:DeregisterContainerInstance",
                    "ecs:RegisterContainerInstance",
                    "ecs:SubmitAttachmentStateChanges",
                    "ecs:SubmitContainerStateChange",
                    "ecs:SubmitTaskStateChange",
                ],
                clusters,
            ),
            allow(["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"], instances),
            allow(["ecs:TagResource"], instances, {"StringEquals": {"ecs:CreateAction": "RegisterContainerInstance"}}),
            allow(["ecs:DiscoverPollEndpoint"], "*"),
        ],
    )


def _launch_template(site: Site, design: BatchDesign) -> aws.ec2.LaunchTemplate:
    """Instances with an encrypted root volume of the design's size, and metadata by session token at one hop."""
    volume: dict[str, Any] = {
        "volume_size": design.root_volume_gb,
        "volume_type": "gp3",
        "encrypted": "true",
        "delete_on_termination": "true",
    }
    if site.kms_key_arn is not None:
        volume["kms_key_id"] = site.kms_key_arn
    return aws.ec2.LaunchTemplate(
        site.part("worker"),
        block_device_mappings=[{"device_name": ROOT_DEVICE, "ebs": volume}],
        metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
        tag_specifications=[{"resource_type": kind, "tags": site.tags} for kind in ("instance", "volume")],
        tags=site.tags,
        opts=site.child(),
    )


def _compute_environment(
    site: Site,
    what: str,
    pool: WorkerPool,
    market: str,
    template: aws.ec2.LaunchTemplate,
    profile: aws.iam.InstanceProfile,
    access: Access,
    network: Network,
) -> aws.batch.ComputeEnvironment:
    """Auto-named, so that a replacement can stand beside it; no service role, so that updates happen in place."""
    kind, strategy = STRATEGIES[market]
    return aws.batch.ComputeEnvironment(
        site.part(what),
        type="MANAGED",
        state="ENABLED",
        compute_resources={
            "type": kind,
            "allocation_strategy": strategy,
            "min_vcpus": 0,
            "max_vcpus": instance_vcpus(pool),
            "instance_types": [pool.instance_type],
            "ec2_configurations": [{"image_type": "ECS_AL2023_NVIDIA" if pool.gpus else "ECS_AL2023"}],
            "instance_role": profile.arn,
            "subnets": network.subnet_ids,
            "security_group_ids": network.security_group_ids,
            "launch_template": {
                "launch_template_id": template.id,
                "version": template.latest_version.apply(lambda version: f"{version:.0f}"),
            },
            "tags": site.tags,
        },
        update_policy={"job_execution_timeout_minutes": 30, "terminate_jobs_on_update": False},
        tags=site.tags,
        # AWS Batch moves the desired vCPUs all day; without the role's policy instances never leave and deletion hangs.
        opts=site.child(ignore_changes=["computeResources.desiredVcpus"], depends_on=[access.policy]),
    )


def _job_queue(
    site: Site, what: str, design: BatchDesign, environment: aws.batch.ComputeEnvironment
) -> aws.batch.JobQueue:
    """A queue on one environment. The dispatcher's last call comes first; the time limits are its backstop."""
    return aws.batch.JobQueue(
        site.part(f"{what}-jobs"),
        state="ENABLED",
        priority=1,
        compute_environment_orders=[{"order": 1, "compute_environment": environment.arn}],
        job_state_time_limit_actions=[
            {
                "state": "RUNNABLE",
                "action": "CANCEL",
                "max_time_seconds": design.runnable_limit_s,
                "reason": reason,
            }
            for reason in STUCK_REASONS
        ],
        tags=site.tags,
        opts=site.child(),
    )
