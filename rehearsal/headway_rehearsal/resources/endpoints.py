"""SageMaker and Application Auto Scaling."""

from __future__ import annotations

from typing import Any

from headway_rehearsal.resources.base import Aws, Created, Inputs, ResourceType, again, ask, by, changed, tag_list


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


def _update_endpoint(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    """AWS looks at nothing but the configuration's name: under the same one nothing is deployed."""
    if changed(old, new, "endpointConfigName", "deploymentConfig"):
        shape = {"deploymentConfig": new.get("deploymentConfig")} if new.get("deploymentConfig") else {}
        ask(
            aws, "sagemaker", "update_endpoint", shape, what="aws:sagemaker/endpoint:Endpoint", EndpointName=identity,
            EndpointConfigName=new["endpointConfigName"],
        )  # fmt: skip
    # As the provider: what it has once the update has ended, which a rollback makes another than was asked for.
    return {
        "endpointConfigName": aws.client("sagemaker").describe_endpoint(EndpointName=identity)["EndpointConfigName"]
    }


def _refuse_endpoint(aws: Aws, identity: str, old: Inputs, new: Inputs) -> str | None:
    """AWS refuses another instance type for an autoscaled variant (SageMaker Developer Guide, autoscaling)."""
    if not new or not changed(old, new, "endpointConfigName"):
        return None
    client = aws.client("sagemaker")
    types = [
        {row["VariantName"]: row.get("InstanceType") for row in client.describe_endpoint_config(
            EndpointConfigName=one["endpointConfigName"])["ProductionVariants"]}
        for one in (old, new)
    ]  # fmt: skip
    for variant, before in types[0].items():
        scaled = aws.client(_SCALING).describe_scalable_targets(
            ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{identity}/variant/{variant}"]
        )["ScalableTargets"]
        if scaled and variant in types[1] and types[1][variant] != before:
            return (
                f"Could not update endpoint {identity}: variant {variant} is registered with Application Auto Scaling, "
                f"and its instance type may not change ({before} to {types[1][variant]})"
            )
    return None


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
    rows = aws.client(_SCALING).describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    return next(row for row in rows if row["PolicyName"] == identity)


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


_OWNER = ("resourceId", "scalableDimension", "serviceNamespace")


def _remove(operation: str, parameter: str | None) -> Any:
    """Deletes what belongs to a scalable target; a target that has gone took its policies and actions with it."""

    def delete(aws: Aws, identity: str, state: Inputs) -> None:
        named = {parameter: identity} if parameter else {}
        getattr(aws.client(_SCALING), operation)(
            ServiceNamespace=state["serviceNamespace"], ResourceId=state["resourceId"],
            ScalableDimension=state["scalableDimension"], **named,
        )  # fmt: skip

    return delete


ROWS = (
    ResourceType(
        "aws:sagemaker/model:Model", _model, _reader("describe_model", "ModelName"),
        by("sagemaker", "delete_model", "ModelName"), shown_as={"name": "ModelName"},
        # moto says that no model is isolated.
        unseen=("enableNetworkIsolation",),
    ),
    ResourceType(
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        _configuration,
        _reader("describe_endpoint_config", "EndpointConfigName"),
        by("sagemaker", "delete_endpoint_config", "EndpointConfigName"),
        shown_as={"name": "EndpointConfigName", "kmsKeyArn": "KmsKeyId"},
    ),
    ResourceType(
        "aws:sagemaker/endpoint:Endpoint", _endpoint, _reader("describe_endpoint", "EndpointName"),
        by("sagemaker", "delete_endpoint", "EndpointName"), _update_endpoint, replaces=("name",),
        shown_as={"name": "EndpointName", "deploymentConfig": "LastDeploymentConfig"}, refuses=_refuse_endpoint,
    ),
    ResourceType(
        "aws:appautoscaling/target:Target", _target, _read_target, _remove("deregister_scalable_target", None),
        again(_target), replaces=_OWNER, named=None,
    ),
    ResourceType(
        "aws:appautoscaling/policy:Policy", _policy, _read_policy, _remove("delete_scaling_policy", "PolicyName"),
        again(_policy), replaces=("name", *_OWNER), shown_as={"name": "PolicyName"},
    ),
    ResourceType(
        "aws:appautoscaling/scheduledAction:ScheduledAction", _action, _read_action,
        _remove("delete_scheduled_action", "ScheduledActionName"), again(_action), replaces=("name", *_OWNER),
        shown_as={"name": "ScheduledActionName"},
    ),
)  # fmt: skip
