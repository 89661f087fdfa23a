"""Lambda, AWS Batch, EC2."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pulumi

from headway_rehearsal.resources.base import (
    Aws,
    Created,
    Inputs,
    ResourceType,
    ask,
    by,
    changed,
    only,
    tag_list,
    tag_map,
)
from headway_rehearsal.values import UnknownPropertyError, structure


def _function(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    answer = ask(
        aws, "lambda", "create_function", inputs, what="aws:lambda/function:Function",
        handled=("name", *_CODE, "reservedConcurrentExecutions", "sourceCodeHash", "publish"),
        FunctionName=name, Code=_code(inputs), Tags=tag_map(inputs), rename={"kmsKeyArn": "KMSKeyArn"},
    )  # fmt: skip
    if inputs.get("reservedConcurrentExecutions") is not None:
        aws.client("lambda").put_function_concurrency(
            FunctionName=name, ReservedConcurrentExecutions=int(inputs["reservedConcurrentExecutions"])
        )
    return Created(name, {"name": name, "arn": answer["FunctionArn"]})


_CODE = ("s3Bucket", "s3Key", "code")


def _code(inputs: Inputs) -> dict[str, Any]:
    """Where a function's code is: an object in S3, or an archive that the program brings."""
    archive = inputs.get("code")
    if archive is None:
        return {"S3Bucket": inputs.get("s3Bucket"), "S3Key": inputs.get("s3Key")}
    if not isinstance(archive, pulumi.FileArchive):
        raise UnknownPropertyError(
            f"aws:lambda/function:Function: code as {type(archive).__name__} is not in the table"
        )
    path = Path(archive.path)
    if path.is_file():
        return {"ZipFile": path.read_bytes()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archived:
        for file in sorted(one for one in path.rglob("*") if one.is_file() and "__pycache__" not in one.parts):
            archived.write(file, file.relative_to(path))
    return {"ZipFile": packed.getvalue()}


def _read_function(aws: Aws, identity: str) -> dict[str, Any]:
    client = aws.client("lambda")
    found: dict[str, Any] = client.get_function(FunctionName=identity)["Configuration"]
    limit = client.get_function_concurrency(FunctionName=identity).get("ReservedConcurrentExecutions")
    return {**found, "ReservedConcurrentExecutions": limit}


def _update_function(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    client = aws.client("lambda")
    if changed(old, new, *_CODE, "architectures"):
        client.update_function_code(FunctionName=identity, Architectures=new["architectures"], **_code(new))
    ask(
        aws, "lambda", "update_function_configuration", new, what="aws:lambda/function:Function",
        handled=("name", *_CODE, "reservedConcurrentExecutions", "sourceCodeHash", "publish", "architectures",
                 "packageType"),
        FunctionName=identity, rename={"kmsKeyArn": "KMSKeyArn"},
    )  # fmt: skip
    limit = new.get("reservedConcurrentExecutions")
    if limit is not None:
        client.put_function_concurrency(FunctionName=identity, ReservedConcurrentExecutions=int(limit))
    elif old.get("reservedConcurrentExecutions") is not None:
        client.delete_function_concurrency(FunctionName=identity)
    return {}


def _event_source(aws: Aws, logical: str, inputs: Inputs) -> Created:
    del logical
    answer = ask(
        aws, "lambda", "create_event_source_mapping", inputs, what="aws:lambda/eventSourceMapping:EventSourceMapping",
        Tags=tag_map(inputs),
    )  # fmt: skip
    return Created(answer["UUID"], {"uuid": answer["UUID"], "functionArn": answer["FunctionArn"]})


def _read_event_source(aws: Aws, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("lambda").get_event_source_mapping(UUID=identity)
    return found


def _update_event_source(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    del old
    ask(
        aws, "lambda", "update_event_source_mapping", new, what="aws:lambda/eventSourceMapping:EventSourceMapping",
        handled=("eventSourceArn", "startingPosition"), UUID=identity,
    )  # fmt: skip
    return {}


def _permission(aws: Aws, logical: str, inputs: Inputs) -> Created:
    identity = str(inputs.get("statementId") or logical)
    # The provider calls the function's name "function".
    ask(
        aws, "lambda", "add_permission", inputs, what="aws:lambda/permission:Permission",
        handled=("statementId", "function"), FunctionName=inputs["function"], StatementId=identity,
    )  # fmt: skip
    return Created(f"{inputs['function']}/{identity}")


def _read_permission(aws: Aws, identity: str) -> dict[str, Any]:
    function, _, statement = identity.partition("/")
    policy = json.loads(aws.client("lambda").get_policy(FunctionName=function)["Policy"])
    found: dict[str, Any] = next(one for one in policy["Statement"] if one["Sid"] == statement)
    return found


def _delete_permission(aws: Aws, identity: str, state: Inputs) -> None:
    del state
    function, _, statement = identity.partition("/")
    aws.client("lambda").remove_permission(FunctionName=function, StatementId=statement)


SERVICE_ROLE = "AWSServiceRoleForBatch"
"""moto wants a service role named; with AWS the service-linked one serves an environment that names none."""


def _environment(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    role = f"arn:aws:iam::{aws.account}:role/{SERVICE_ROLE}"
    # An update policy is a second call in AWS (UpdateComputeEnvironment), which moto ignores.
    answer = ask(
        aws, "batch", "create_compute_environment", inputs, what="aws:batch/computeEnvironment:ComputeEnvironment",
        handled=("name", "namePrefix", "updatePolicy"), computeEnvironmentName=name,
        serviceRole=inputs.get("serviceRole") or role, tags=tag_map(inputs),
    )  # fmt: skip
    return Created(name, {"name": name, "arn": answer["computeEnvironmentArn"]})


def _read_environment(aws: Aws, identity: str) -> dict[str, Any]:
    rows = aws.client("batch").describe_compute_environments(computeEnvironments=[identity])["computeEnvironments"]
    found: dict[str, Any] = rows[0]
    return found


UPDATED_IN_PLACE = frozenset(
    {"minVcpus", "maxVcpus", "desiredVcpus", "subnets", "securityGroupIds", "allocationStrategy", "instanceTypes",
     "ec2KeyPair", "instanceRole", "tags", "placementGroup", "bidPercentage", "launchTemplate", "ec2Configurations",
     "type", "imageId"}
)  # fmt: skip
"""Of an environment's compute resources (AWS Batch API reference, ComputeResourceUpdate)."""


def _update_environment(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    resources = {
        key: value
        for key, value in (new.get("computeResources") or {}).items()
        if key in UPDATED_IN_PLACE and value != (old.get("computeResources") or {}).get(key)
    }
    ask(
        aws, "batch", "update_compute_environment",
        {"state": new.get("state"), "computeResources": resources or None, "updatePolicy": new.get("updatePolicy")},
        what="aws:batch/computeEnvironment:ComputeEnvironment", computeEnvironment=identity,
    )  # fmt: skip
    return {}


def _refuse_environment(aws: Aws, identity: str, old: Inputs, new: Inputs) -> str | None:
    """AWS Batch keeps an environment as long as a job queue names it."""
    del old
    if new:
        return None
    for queue in aws.client("batch").describe_job_queues()["jobQueues"]:
        for row in queue["computeEnvironmentOrder"]:
            if row["computeEnvironment"].rsplit("/", 1)[-1] == identity:
                return (
                    "Error executing request, Exception : Cannot delete, found existing JobQueue relationship, "
                    f"{identity} in {queue['jobQueueName']}"
                )
    return None


def _delete_environment(aws: Aws, identity: str, state: Inputs) -> None:
    del state
    client = aws.client("batch")
    client.update_compute_environment(computeEnvironment=identity, state="DISABLED")
    client.delete_compute_environment(computeEnvironment=identity)


def _job_queue(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    answer = ask(
        aws, "batch", "create_job_queue", inputs, what="aws:batch/jobQueue:JobQueue", handled=("name",),
        rename={"computeEnvironmentOrders": "computeEnvironmentOrder"}, jobQueueName=name, tags=tag_map(inputs),
    )  # fmt: skip
    return Created(answer["jobQueueArn"], {"name": name, "arn": answer["jobQueueArn"]})


def _read_job_queue(aws: Aws, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("batch").describe_job_queues(jobQueues=[identity])["jobQueues"][0]
    return found


def _update_job_queue(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    del old
    ask(
        aws, "batch", "update_job_queue", new, what="aws:batch/jobQueue:JobQueue", handled=("name",),
        rename={"computeEnvironmentOrders": "computeEnvironmentOrder"}, jobQueue=identity,
    )  # fmt: skip
    return {}


def _delete_job_queue(aws: Aws, identity: str, state: Inputs) -> None:
    del state
    client = aws.client("batch")
    client.update_job_queue(jobQueue=identity, state="DISABLED")
    client.delete_job_queue(jobQueue=identity)


def _job_definition(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    client = aws.client("batch")
    retries = inputs.get("retryStrategy") or {}
    prepared = {
        **inputs,
        "retryStrategy": {
            "attempts": retries.get("attempts"),
            "evaluateOnExit": retries.get("evaluateOnExits"),
        } if retries else None,
    }  # fmt: skip
    # deregisterOnNewRevision is the provider's own: what it does when a revision is registered.
    answer = ask(
        aws, "batch", "register_job_definition", prepared, what="aws:batch/jobDefinition:JobDefinition",
        handled=("name", "ecsProperties", "deregisterOnNewRevision"), jobDefinitionName=name, tags=tag_map(inputs),
        **_ecs_properties(client, inputs),
    )  # fmt: skip
    arn = answer["jobDefinitionArn"]
    return Created(arn, {"name": name, "arn": arn, "revision": answer["revision"], "arnPrefix": arn.rsplit(":", 1)[0]})


def _ecs_properties(client: Any, inputs: Inputs) -> dict[str, Any]:
    given = inputs.get("ecsProperties")
    if given is None:
        return {}
    shape = client.meta.service_model.operation_model("RegisterJobDefinition").input_shape.members["ecsProperties"]
    return {"ecsProperties": structure(shape, json.loads(given), "aws:batch/jobDefinition:JobDefinition.ecsProperties")}


def _read_job_definition(aws: Aws, identity: str) -> dict[str, Any]:
    rows = aws.client("batch").describe_job_definitions(jobDefinitions=[identity])["jobDefinitions"]
    found: dict[str, Any] = rows[0]
    if found["status"] == "INACTIVE":
        raise KeyError(identity)
    return {
        **found,
        "evaluateOnExit": (found.get("retryStrategy") or {}).get("evaluateOnExit"),
    }


def _update_job_definition(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    """Another revision under the same name; the old one is deregistered unless the program says otherwise."""
    name = identity.rsplit("/", 1)[-1].split(":", 1)[0]
    made = _job_definition(aws, "", {**new, "name": name})
    if old.get("deregisterOnNewRevision", True):
        aws.client("batch").deregister_job_definition(jobDefinition=identity)
    return made.outputs


def _security_group(aws: Aws, logical: str, inputs: Inputs) -> Created:
    # revokeRulesOnDelete is the provider's own: what it does before it deletes.
    only(inputs, ("name", "namePrefix", "description", "vpcId", "ingress", "egress", "revokeRulesOnDelete"),
         "aws:ec2/securityGroup:SecurityGroup")  # fmt: skip
    client, name = aws.client("ec2"), aws.name(logical, inputs)
    place = {"VpcId": inputs["vpcId"]} if inputs.get("vpcId") else {}
    identity = client.create_security_group(
        GroupName=name, Description=inputs.get("description") or "Managed by Pulumi", **place
    )["GroupId"]
    # AWS lets everything out by default; the provider takes that away and adds what is asked for.
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    client.revoke_security_group_egress(GroupId=identity, IpPermissions=[everything])
    for way in ("ingress", "egress"):
        rules = [_rule(rule) for rule in inputs.get(way) or []]
        if rules:
            getattr(client, f"authorize_security_group_{way}")(GroupId=identity, IpPermissions=rules)
    if inputs.get("tags"):
        client.create_tags(Resources=[identity], Tags=tag_list(inputs))
    arn = f"arn:aws:ec2:{aws.region}:{aws.account}:security-group/{identity}"
    return Created(identity, {"name": name, "arn": arn})


def _rule(rule: Inputs) -> dict[str, Any]:
    only(rule, ("protocol", "fromPort", "toPort", "cidrBlocks", "ipv6CidrBlocks", "description"), "security group rule")
    about = {"Description": rule["description"]} if rule.get("description") else {}
    return {
        "IpProtocol": rule["protocol"],
        "FromPort": int(rule["fromPort"]),
        "ToPort": int(rule["toPort"]),
        "IpRanges": [{"CidrIp": cidr, **about} for cidr in rule.get("cidrBlocks") or []],
        "Ipv6Ranges": [{"CidrIpv6": cidr, **about} for cidr in rule.get("ipv6CidrBlocks") or []],
    }


def _read_security_group(aws: Aws, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("ec2").describe_security_groups(GroupIds=[identity])["SecurityGroups"][0]
    return {
        **found,
        **{way: [_as_rule(rule) for rule in found[key]] for way, key in (("ingress", "IpPermissions"),
                                                                         ("egress", "IpPermissionsEgress"))},
    }  # fmt: skip


def _as_rule(found: Inputs) -> dict[str, Any]:
    ranges = [*found.get("IpRanges", []), *found.get("Ipv6Ranges", [])]
    return {
        "protocol": found["IpProtocol"],
        "fromPort": found.get("FromPort"),
        "toPort": found.get("ToPort"),
        "cidrBlocks": [row["CidrIp"] for row in found.get("IpRanges", [])],
        "ipv6CidrBlocks": [row["CidrIpv6"] for row in found.get("Ipv6Ranges", [])],
        "description": next((row["Description"] for row in ranges if row.get("Description")), None),
    }


def _update_security_group(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    client = aws.client("ec2")
    for way in ("ingress", "egress"):
        if changed(old, new, way):
            for rules, operation in ((old, "revoke"), (new, "authorize")):
                if rules.get(way):
                    getattr(client, f"{operation}_security_group_{way}")(
                        GroupId=identity, IpPermissions=[_rule(rule) for rule in rules[way]]
                    )
    return {}


def _launch_template(aws: Aws, logical: str, inputs: Inputs) -> Created:
    client, name = aws.client("ec2"), aws.name(logical, inputs)
    row = client.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=_template_data(client, inputs))[
        "LaunchTemplate"
    ]
    arn = f"arn:aws:ec2:{aws.region}:{aws.account}:launch-template/{row['LaunchTemplateId']}"
    outputs = {"name": name, "arn": arn, "latestVersion": row["LatestVersionNumber"], "defaultVersion": 1}
    return Created(row["LaunchTemplateId"], outputs)


def _template_data(client: Any, inputs: Inputs) -> dict[str, Any]:
    data = {
        key: value for key, value in inputs.items() if key not in ("name", "namePrefix", "tags", "tagsAll", "region")
    }
    data["tagSpecifications"] = [
        {"resourceType": row["resourceType"], "tags": tag_list(row)} for row in inputs.get("tagSpecifications") or []
    ]
    shape = client.meta.service_model.operation_model("CreateLaunchTemplate").input_shape.members["LaunchTemplateData"]
    return structure(shape, data, "aws:ec2/launchTemplate:LaunchTemplate")


def _update_launch_template(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    """Another version: instances that start from now on have it, where the template's latest is asked for."""
    del old
    client = aws.client("ec2")
    row = client.create_launch_template_version(
        LaunchTemplateId=identity, LaunchTemplateData=_template_data(client, new)
    )
    return {"latestVersion": row["LaunchTemplateVersion"]["VersionNumber"]}


def _read_launch_template(aws: Aws, identity: str) -> dict[str, Any]:
    rows = aws.client("ec2").describe_launch_template_versions(LaunchTemplateId=identity)["LaunchTemplateVersions"]
    latest = max(rows, key=lambda row: row["VersionNumber"])
    found: dict[str, Any] = latest["LaunchTemplateData"]
    specifications = [
        {**row, "Tags": {tag["Key"]: tag["Value"] for tag in row["Tags"]}} for row in found.get("TagSpecifications", [])
    ]
    return {**found, "name": latest["LaunchTemplateName"], "TagSpecifications": specifications}


ROWS = (
    ResourceType(
        "aws:lambda/function:Function", _function, _read_function, by("lambda", "delete_function", "FunctionName"),
        _update_function, replaces=("name", "packageType"), shown_as={"name": "FunctionName"},
        unseen=(*_CODE, "sourceCodeHash", "publish", "loggingConfig"),
    ),
    ResourceType(
        "aws:lambda/permission:Permission", _permission, _read_permission, _delete_permission, named="statementId",
        unseen=("action", "function", "principal", "sourceArn", "sourceAccount", "statementId"),
    ),
    ResourceType(
        "aws:lambda/eventSourceMapping:EventSourceMapping", _event_source, _read_event_source,
        by("lambda", "delete_event_source_mapping", "UUID"), _update_event_source,
        replaces=("eventSourceArn", "startingPosition"), named=None, shown_as={"functionName": "FunctionArn"},
    ),
    ResourceType(
        "aws:batch/computeEnvironment:ComputeEnvironment", _environment, _read_environment, _delete_environment,
        _update_environment,
        # With the service-linked role and a strategy that can be updated; see FACTS of AWS Batch in the guide.
        replaces=("name", "namePrefix", "type", "serviceRole", "computeResources.spotIamFleetRole"),
        shown_as={"name": "computeEnvironmentName"}, unseen=("updatePolicy", "computeResources.desiredVcpus"),
        refuses=_refuse_environment,
    ),
    ResourceType(
        "aws:batch/jobQueue:JobQueue", _job_queue, _read_job_queue, _delete_job_queue, _update_job_queue,
        replaces=("name",), shown_as={"name": "jobQueueName"},
    ),
    ResourceType(
        "aws:batch/jobDefinition:JobDefinition", _job_definition, _read_job_definition,
        by("batch", "deregister_job_definition", "jobDefinition"), _update_job_definition, replaces=("name",),
        renews=("arn", "revision"), known_by=("arn",), shown_as={"name": "jobDefinitionName"},
        # moto writes a rule's action in lower case.
        unseen=("deregisterOnNewRevision", "retryStrategy.evaluateOnExits.action"),
    ),
    ResourceType(
        "aws:ec2/securityGroup:SecurityGroup", _security_group, _read_security_group,
        by("ec2", "delete_security_group", "GroupId"), _update_security_group,
        replaces=("name", "namePrefix", "description", "vpcId"), shown_as={"name": "GroupName"},
        unseen=("revokeRulesOnDelete",),
    ),
    ResourceType(
        "aws:ec2/launchTemplate:LaunchTemplate", _launch_template, _read_launch_template,
        by("ec2", "delete_launch_template", "LaunchTemplateId"), _update_launch_template,
        replaces=("name", "namePrefix"), renews=("latestVersion",),
    ),
)  # fmt: skip
