"""What AWS's services do with the roles that they take: the calls that they document, asked of the judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from tests.permissions.evaluator import Need, arn
from tests.permissions.stacks import Stack

Work = Callable[[], None]
Prepared = Callable[[Stack, str], AbstractContextManager[Work]]
"""From a stack and the name of the component that made the role."""


def containers_of(stack: Stack, site: str) -> dict[str, dict[str, Any]]:
    definitions = [one for one in stack.made.all("batch:JobDefinition") if one.name.startswith(f"{site}-")]
    (task,) = definitions[0].document("ecsProperties")["taskProperties"]
    return {one["name"]: one for one in task["containers"]}


@contextmanager
def starting_containers(stack: Stack, site: str) -> Iterator[Work]:
    """ECS starts a task's containers (Amazon ECS Developer Guide, task execution IAM role; the managed policy
    AmazonECSTaskExecutionRolePolicy): it pulls private images and sends what they print to the log group."""
    containers = containers_of(stack, site)

    def work() -> None:
        for group in {one["logConfiguration"]["options"]["awslogs-group"] for one in containers.values()}:
            stack.write_logs(group)
        for image in {one["image"] for one in containers.values()}:
            _pull(stack, image)

    yield work


def _pull(stack: Stack, image: str) -> None:
    """A private image (Amazon ECR User Guide, pulling); a public one takes no permission."""
    registry, _, rest = image.partition("/")
    if not registry.endswith(".amazonaws.com"):
        return
    stack.judge.demand(Need("ecr:GetAuthorizationToken", "*"))
    repository = arn("ecr", f"repository/{rest.split(':')[0]}")
    for action in ("BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "BatchGetImage"):
        stack.judge.demand(Need(f"ecr:{action}", repository))


INSTANCE_DOCUMENTED = frozenset({
    "ec2:DescribeTags", "ecs:CreateCluster", "ecs:DeregisterContainerInstance", "ecs:DiscoverPollEndpoint", "ecs:Poll",
    "ecs:RegisterContainerInstance", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState",
    "ecs:SubmitAttachmentStateChanges", "ecs:SubmitContainerStateChange", "ecs:SubmitTaskStateChange",
    "ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage",
    "logs:CreateLogStream", "logs:PutLogEvents", "ecs:TagResource",
})  # fmt: skip
"""The managed policy AmazonEC2ContainerServiceforEC2Role, which AWS Batch asks for (AWS Batch User Guide, instance
role), its ``ecs:Submit*`` written out (Service Authorization Reference)."""
INSTANCE_NOT_GIVEN: Mapping[str, str] = {
    "ec2:DescribeTags": "only for ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM, which nobody sets",
    "ecs:CreateCluster": "AWS Batch makes the cluster itself",
    "ecr:GetAuthorizationToken": "the task's execution role pulls",
    "ecr:BatchCheckLayerAvailability": "the task's execution role pulls",
    "ecr:GetDownloadUrlForLayer": "the task's execution role pulls",
    "ecr:BatchGetImage": "the task's execution role pulls",
    "logs:CreateLogStream": "the task's execution role logs: the image's ecs-init sets "
    "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE",
    "logs:PutLogEvents": "the task's execution role logs",
}
"""Containers on the host's network reach this role, so it has no more than the agent uses here."""


@contextmanager
def joining_cluster(stack: Stack, site: str) -> Iterator[Work]:
    """An instance's ECS agent in the clusters that AWS Batch makes for the component's environments."""
    del site
    clusters = ("AWSBatch-loans-spot-1-a1b2", "AWSBatch-loans-on-demand-1-c3d4")
    on_cluster = ("DeregisterContainerInstance", "RegisterContainerInstance", "SubmitAttachmentStateChanges",
                  "SubmitContainerStateChange", "SubmitTaskStateChange")  # fmt: skip
    on_instance = ("Poll", "StartTelemetrySession", "UpdateContainerInstancesState")

    def work() -> None:
        stack.judge.demand(Need("ecs:DiscoverPollEndpoint", "*"))
        for name in clusters:
            for action in on_cluster:
                stack.judge.demand(Need(f"ecs:{action}", arn("ecs", f"cluster/{name}")))
            instance = arn("ecs", f"container-instance/{name}/0123456789abcdef")
            for action in on_instance:
                stack.judge.demand(Need(f"ecs:{action}", instance))
            registering = {"ecs:CreateAction": "RegisterContainerInstance"}
            stack.judge.demand(Need("ecs:TagResource", instance, registering))

    yield work


@contextmanager
def hosting(stack: Stack, site: str) -> Iterator[Work]:
    """SageMaker hosts a model as its execution role (Amazon SageMaker Developer Guide, SageMaker roles, CreateModel;
    asynchronous inference, prerequisites). The log group is made by the component, with its retention."""
    model = stack.registered("sagemaker:Model", f"{site}-model").inputs
    config = stack.registered("sagemaker:EndpointConfiguration", f"{site}-config").inputs
    group = stack.registered("cloudwatch:LogGroup", f"{site}-logs").inputs["name"]
    source = model["primaryContainer"]["modelDataSource"]["s3DataSources"][0]

    def work() -> None:
        stack.write_logs(group)
        for stream in ("one", "two"):
            stack.judge.demand(Need("logs:DescribeLogStreams", arn("logs", f"log-group:{group}:log-stream:{stream}")))
        for namespace in ("AWS/SageMaker", "/aws/sagemaker/Endpoints"):
            stack.judge.demand(Need("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": namespace}))
        _pull(stack, model["primaryContainer"]["image"])
        _artifact(stack, source)
        if config.get("kmsKeyArn"):
            stack.judge.demand(Need("kms:CreateGrant", config["kmsKeyArn"], {"kms:GrantIsForAWSResource": "true"}))
        if "asyncInferenceConfig" in config:
            _asynchronous(stack, config["asyncInferenceConfig"]["outputConfig"])
        if "vpcConfig" in model:
            _network(stack, model["vpcConfig"])

    yield work


def _artifact(stack: Stack, source: Mapping[str, str]) -> None:
    bucket, key = source["s3Uri"].removeprefix("s3://").split("/", 1)
    keys = [key]
    if source["s3DataType"] == "S3Prefix":
        stack.judge.demand(Need("s3:ListBucket", f"arn:aws:s3:::{bucket}", {"s3:prefix": key}))
        stack.judge.demand(Need("s3:ListBucket", f"arn:aws:s3:::{bucket}", {"s3:prefix": f"{key}labels/"}))
        keys = [f"{key}weights.bin", f"{key}labels/en.txt"]
    for one in keys:
        stack.judge.demand(Need("s3:GetObject", f"arn:aws:s3:::{bucket}/{one}"))


def _asynchronous(stack: Stack, output: Mapping[str, Any]) -> None:
    """Inputs lie where the contract puts them, outputs go where the configuration says."""
    bucket = output["s3OutputPath"].removeprefix("s3://").split("/")[0]
    for n in (1, 2):
        stack.judge.demand(Need("s3:GetObject", f"arn:aws:s3:::{bucket}/requests/{n}.json"))
        for place in (output["s3OutputPath"], output["s3FailurePath"]):
            stack.judge.demand(Need("s3:PutObject", f"arn:aws:s3:::{place.removeprefix('s3://')}/{n}.out"))
    for topic in output["notificationConfig"].values():
        stack.judge.demand(Need("sns:Publish", topic))


def _network(stack: Stack, network: Mapping[str, Any]) -> None:
    subnets = [arn("ec2", f"subnet/{one}") for one in network["subnets"]]
    groups = [arn("ec2", f"security-group/{one}") for one in network["securityGroupIds"]]
    for n, subnet in enumerate(subnets):
        interface = arn("ec2", f"network-interface/eni-{n}")
        for resource in (interface, subnet, *groups):
            stack.judge.demand(Need("ec2:CreateNetworkInterface", resource))
        for action in ("CreateNetworkInterfacePermission", "DeleteNetworkInterface"):
            stack.judge.demand(Need(f"ec2:{action}", interface, {"ec2:Subnet": subnet}))
    for action in ("DeleteNetworkInterfacePermission", "DescribeNetworkInterfaces", "DescribeVpcs",
                   "DescribeDhcpOptions", "DescribeSubnets", "DescribeSecurityGroups"):  # fmt: skip
        stack.judge.demand(Need(f"ec2:{action}", "*"))


def ticking(what: str) -> Prepared:
    @contextmanager
    def calling(stack: Stack, site: str) -> Iterator[Work]:
        """The scheduler calls its target as the target's role (EventBridge Scheduler User Guide, setting up; encryption
        at rest)."""
        schedule = stack.registered("scheduler:Schedule", f"{site}-{what}-tick").inputs

        def work() -> None:
            if schedule.get("kmsKeyArn"):
                stack.judge.demand(Need("kms:Decrypt", schedule["kmsKeyArn"]))
            stack.judge.demand(Need("lambda:InvokeFunction", schedule["target"]["arn"]))

        yield work

    return calling
