"""What a worker's job is made of: the same model container as an endpoint, with public images beside it.

``fetch`` brings the runtime, ``unpack`` opens it and brings the artifact, ``model`` serves on port 8080 and ``worker``
feeds it from the queue. With the profile's ``batch_image`` it is one container, whose worker starts the model itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from headway.architectures.design import BatchDesign, WorkerPool
from headway.errors import HeadwayError
from headway_components.access import Access
from headway_components.site import Site

FETCH_IMAGE = "public.ecr.aws/aws-cli/aws-cli:2.27.50"
PYTHON_IMAGE = "public.ecr.aws/docker/library/python:3.13-slim"
RUNTIME_MOUNT, MODEL_MOUNT = "/opt/headway", "/opt/ml/model"
"""Where the runtime lies in every container, and where the SageMaker contract expects the model."""
SIDE_MEMORY_MIB = {"fetch": 512, "unpack": 512, "worker": 1024}
"""Hard limits of the containers beside the model, which gets the rest of the pool's memory."""
SIDE_VCPU = 1
"""The least a container may reserve on EC2 (AWS Batch User Guide); a share, not a cap."""
STOP_TIMEOUT_S = 120
"""From SIGTERM to SIGKILL: the most a container may have (Amazon ECS API Reference), as long as a spot notice."""
METADATA = "http://169.254.169.254"
"""Of EC2 instances (Amazon EC2 User Guide): workers ask it for spot notices."""
SERVE = ("serve",)
"""How the SageMaker contract starts a model: what an image that holds the worker, too, is asked to run beside it."""
ATTEMPTS = 3
"""Of a job; AWS Batch allows ten and looks at five rules."""
RETRIES: tuple[Mapping[str, str], ...] = (
    {"on_status_reason": "Host EC2*", "action": "RETRY"},
    {"on_reason": "CannotPullContainerError*", "action": "RETRY"},
    {"on_reason": "*", "action": "EXIT"},
)
"""A lost host and a registry that stumbles are worth another attempt; whatever matches no rule would be retried."""


@dataclass(frozen=True)
class JobAccess:
    """The role of what runs in the job, and the one that starts it (images, logs)."""

    job: Access
    execution: Access


@dataclass(frozen=True)
class Runtime:
    """The runtime in S3 and what its worker is told."""

    uri: pulumi.Output[str]
    environment: Mapping[str, pulumi.Input[str]]


def job_definition(
    site: Site,
    design: BatchDesign,
    pool: WorkerPool,
    runtime: Runtime,
    access: JobAccess,
    log_group: aws.cloudwatch.LogGroup,
) -> aws.batch.JobDefinition:
    """One pool's job definition. Jobs are submitted by its name: an update deregisters the old revision."""
    containers = _one_container if design.container and design.container.batch_image else _four_containers
    task = {
        "taskRoleArn": access.job.role.arn,
        "executionRoleArn": access.execution.role.arn,
        "volumes": [{"name": name, "host": {}} for name in ("runtime", "model")],
        "containers": containers(site, design, pool, runtime, log_group),
    }
    return aws.batch.JobDefinition(
        site.part(f"{pool.name}-job"),
        type="container",
        platform_capabilities=["EC2"],
        ecs_properties=pulumi.Output.json_dumps({"taskProperties": [task]}),
        timeout={"attempt_duration_seconds": design.job_timeout_s},
        retry_strategy={"attempts": ATTEMPTS, "evaluate_on_exits": list(RETRIES)},
        propagate_tags=True,
        tags=site.tags,
        opts=site.child(depends_on=[access.job.policy, access.execution.policy]),
    )


def _four_containers(
    site: Site, design: BatchDesign, pool: WorkerPool, runtime: Runtime, log_group: aws.cloudwatch.LogGroup
) -> list[dict[str, Any]]:
    model_vcpu = pool.vcpu - SIDE_VCPU * len(SIDE_MEMORY_MIB)
    model_memory = pool.memory_mib - sum(SIDE_MEMORY_MIB.values())
    if model_vcpu < SIDE_VCPU or model_memory <= 0:
        raise HeadwayError(
            f"{site.name}: {pool.instance_type} is too small for the model and the containers beside it; "
            "measure a larger type, or set model.container.batch_image"
        )
    bundle = f"{RUNTIME_MOUNT}/runtime.zip"
    environment = _environment(runtime.environment)
    common = {"logConfiguration": _logs(site, log_group)}
    return [
        {
            **common,
            "name": "fetch",
            "image": FETCH_IMAGE,
            "essential": False,
            "command": ["s3", "cp", "--only-show-errors", runtime.uri, bundle],
            "resourceRequirements": _resources(SIDE_VCPU, SIDE_MEMORY_MIB["fetch"]),
            "mountPoints": _mounts("runtime"),
        },
        {
            **common,
            "name": "unpack",
            "image": PYTHON_IMAGE,
            "essential": False,
            "command": ["python", "-m", "headway_runtime.unpack"],
            "environment": [*environment, {"name": "PYTHONPATH", "value": bundle}],
            "dependsOn": [{"containerName": "fetch", "condition": "SUCCESS"}],
            "resourceRequirements": _resources(SIDE_VCPU, SIDE_MEMORY_MIB["unpack"]),
            "mountPoints": _mounts("runtime", "model"),
        },
        {
            **common,
            "name": "model",
            "image": design.container.image if design.container else "",
            "essential": False,
            "command": list(SERVE),
            # It outlives the worker: containers stop in the reverse order of their dependencies.
            "stopTimeout": STOP_TIMEOUT_S,
            "dependsOn": [{"containerName": "unpack", "condition": "SUCCESS"}],
            "resourceRequirements": _resources(model_vcpu, model_memory, pool.gpus),
            "mountPoints": _mounts("model"),
        },
        {
            **common,
            "name": "worker",
            "image": PYTHON_IMAGE,
            "essential": True,
            "command": ["python", "-m", "headway_runtime.worker"],
            "stopTimeout": STOP_TIMEOUT_S,
            "environment": [*environment, {"name": "PYTHONPATH", "value": f"{RUNTIME_MOUNT}/runtime"}],
            "dependsOn": [
                {"containerName": "unpack", "condition": "SUCCESS"},
                {"containerName": "model", "condition": "START"},
            ],
            "resourceRequirements": _resources(SIDE_VCPU, SIDE_MEMORY_MIB["worker"]),
            "mountPoints": _mounts("runtime"),
        },
    ]


def _one_container(
    site: Site, design: BatchDesign, pool: WorkerPool, runtime: Runtime, log_group: aws.cloudwatch.LogGroup
) -> list[dict[str, Any]]:
    return [
        {
            "name": "worker",
            "image": design.container.batch_image if design.container else "",
            "essential": True,
            "command": ["python", "-m", "headway_runtime.worker"],
            "stopTimeout": STOP_TIMEOUT_S,
            "environment": _environment(runtime.environment),
            "resourceRequirements": _resources(pool.vcpu, pool.memory_mib, pool.gpus),
            "mountPoints": _mounts("model"),
            "logConfiguration": _logs(site, log_group),
        }
    ]


def _resources(vcpu: int, memory_mib: int, gpus: int = 0) -> list[dict[str, str]]:
    amounts = {"VCPU": vcpu, "MEMORY": memory_mib, "GPU": gpus}
    return [{"type": kind, "value": str(amount)} for kind, amount in amounts.items() if amount]


def _mounts(*volumes: str) -> list[dict[str, Any]]:
    paths = {"runtime": RUNTIME_MOUNT, "model": MODEL_MOUNT}
    return [{"sourceVolume": volume, "containerPath": paths[volume], "readOnly": False} for volume in volumes]


def _environment(variables: Mapping[str, pulumi.Input[str]]) -> list[dict[str, pulumi.Input[str]]]:
    return [{"name": name, "value": value} for name, value in sorted(variables.items())]


def _logs(site: Site, log_group: aws.cloudwatch.LogGroup) -> dict[str, Any]:
    return {
        "logDriver": "awslogs",
        "options": {"awslogs-group": log_group.name, "awslogs-region": site.region, "awslogs-stream-prefix": "worker"},
    }
