"""SageMaker and Application Auto Scaling."""

from __future__ import annotations

from typing import Any

from headway_rehearsal.resources.base import Aws, Created, Inputs, ResourceType, ask, tag_list


def _model(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    container = dict(inputs.get("primaryContainer") or {})
    source = container.get("modelDataSource")
    if source:
        first = source["s3DataSources"][0] if isinstance(source.get("s3DataSources"), list) else source["s3DataSource"]
        container["modelDataSource"] = {"s3DataSource": first}
    prepared = {**inputs, "primaryContainer": container or None}
    answer = ask(
        aws, "sagemaker", "create_model", prepared, what="aws:sagemaker/model:Model", handled=("name",),
        ModelName=name, Tags=tag_list(inputs),
    )  # fmt: skip
    return Created(name, {"name": name, "arn": answer["ModelArn"]})


def _configuration(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    variants = []
    for variant in inputs["productionVariants"]:
        given = dict(variant)
        serverless = given.get("serverlessConfig")
        variants.append({**given, "serverlessConfig": serverless} if serverless else given)
    answer = ask(
        aws, "sagemaker", "create_endpoint_config", {**inputs, "productionVariants": variants},
        what="aws:sagemaker/endpointConfiguration:EndpointConfiguration", handled=("name", "namePrefix"),
        rename={"kmsKeyArn": "kmsKeyId"}, EndpointConfigName=name, Tags=tag_list(inputs),
    )  # fmt: skip
    return Created(name, {"name": name, "arn": answer["EndpointConfigArn"]})


def _endpoint(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    policy = inputs.get("deploymentConfig")
    prepared = dict(inputs)
    if policy:
        blue_green = dict(policy.get("blueGreenUpdatePolicy") or {})
        rollback = dict(policy.get("autoRollbackConfiguration") or {})
        prepared["deploymentConfig"] = {
            **({"blueGreenUpdatePolicy": blue_green} if blue_green else {}),
            **({"autoRollbackConfiguration": rollback} if rollback else {}),
        }
    answer = ask(
        aws, "sagemaker", "create_endpoint", prepared, what="aws:sagemaker/endpoint:Endpoint", handled=("name",),
        EndpointName=name, Tags=tag_list(inputs),
    )  # fmt: skip
    return Created(name, {"name": name, "arn": answer["EndpointArn"]})


def _reader(operation: str, key: str) -> Any:
    def read(aws: Aws, identity: str) -> dict[str, Any]:
        found: dict[str, Any] = getattr(aws.client("sagemaker"), operation)(**{key: identity})
        return found

    return read


_SCALING = "application-autoscaling"


def _target(aws: Aws, logical: str, inputs: Inputs) -> Created:
    del logical
    ask(aws, _SCALING, "register_scalable_target", inputs, what="aws:appautoscaling/target:Target")
    return Created(str(inputs["resourceId"]), {"roleArn": ""})


def _read_target(aws: Aws, identity: str) -> dict[str, Any]:
    rows = aws.client(_SCALING).describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[identity])
    found: dict[str, Any] = rows["ScalableTargets"][0]
    return found


def _policy(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    answer = ask(
        aws, _SCALING, "put_scaling_policy", inputs, what="aws:appautoscaling/policy:Policy",
        handled=("name",), PolicyName=name,
    )  # fmt: skip
    return Created(name, {"name": name, "arn": answer["PolicyARN"]})


def _read_policy(aws: Aws, identity: str) -> dict[str, Any]:
    rows = aws.client(_SCALING).describe_scaling_policies(ServiceNamespace="sagemaker", PolicyNames=[identity])
    found: dict[str, Any] = rows["ScalingPolicies"][0]
    return found


def _action(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    ask(
        aws, _SCALING, "put_scheduled_action", inputs, what="aws:appautoscaling/scheduledAction:ScheduledAction",
        handled=("name",), ScheduledActionName=name,
    )  # fmt: skip
    return Created(
        name, {"name": name, "arn": f"arn:aws:autoscaling:{aws.region}:{aws.account}:scheduledAction:{name}"}
    )


def _read_action(aws: Aws, identity: str) -> dict[str, Any]:
    rows = aws.client(_SCALING).describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
    return next(row for row in rows if row["ScheduledActionName"] == identity)


ROWS = (
    ResourceType("aws:sagemaker/model:Model", _model, _reader("describe_model", "ModelName")),
    ResourceType(
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        _configuration,
        _reader("describe_endpoint_config", "EndpointConfigName"),
    ),
    ResourceType("aws:sagemaker/endpoint:Endpoint", _endpoint, _reader("describe_endpoint", "EndpointName")),
    ResourceType("aws:appautoscaling/target:Target", _target, _read_target),
    ResourceType("aws:appautoscaling/policy:Policy", _policy, _read_policy),
    ResourceType("aws:appautoscaling/scheduledAction:ScheduledAction", _action, _read_action),
)
