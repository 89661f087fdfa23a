"""IAM."""

from __future__ import annotations

import json
from typing import Any

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
)


def _role(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    # forceDetachPolicies is the provider's own: what it does before it deletes.
    answer = ask(
        aws, "iam", "create_role", inputs, what="aws:iam/role:Role",
        rename={"assumeRolePolicy": "AssumeRolePolicyDocument"},
        handled=("name", "namePrefix", "forceDetachPolicies"), RoleName=name, Tags=tag_list(inputs),
    )["Role"]  # fmt: skip
    return Created(name, {"name": name, "arn": answer["Arn"], "uniqueId": answer["RoleId"]})


def _read_role(aws: Aws, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("iam").get_role(RoleName=identity)["Role"]
    return found


def _update_role(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    client = aws.client("iam")
    if changed(old, new, "assumeRolePolicy"):
        client.update_assume_role_policy(RoleName=identity, PolicyDocument=new["assumeRolePolicy"])
    if changed(old, new, "description", "maxSessionDuration"):
        # Left out, the description would be erased.
        client.update_role(
            RoleName=identity, Description=new.get("description") or "",
            MaxSessionDuration=int(new.get("maxSessionDuration") or 3600),
        )  # fmt: skip
    if changed(old, new, "permissionsBoundary"):
        if new.get("permissionsBoundary"):
            client.put_role_permissions_boundary(RoleName=identity, PermissionsBoundary=new["permissionsBoundary"])
        else:
            client.delete_role_permissions_boundary(RoleName=identity)
    return {}


def _delete_role(aws: Aws, identity: str, state: Inputs) -> None:
    del state
    aws.client("iam").delete_role(RoleName=identity)


def _role_policy(aws: Aws, logical: str, inputs: Inputs) -> Created:
    only(inputs, ("role", "policy", "name", "namePrefix"), "aws:iam/rolePolicy:RolePolicy")
    name = aws.name(logical, inputs)
    policy = inputs["policy"] if isinstance(inputs["policy"], str) else json.dumps(inputs["policy"])
    aws.client("iam").put_role_policy(RoleName=inputs["role"], PolicyName=name, PolicyDocument=policy)
    return Created(f"{inputs['role']}:{name}", {"name": name})


def _read_role_policy(aws: Aws, identity: str) -> dict[str, Any]:
    role, name = identity.split(":", 1)
    found: dict[str, Any] = aws.client("iam").get_role_policy(RoleName=role, PolicyName=name)
    return found


def _update_role_policy(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    del old
    _role_policy(aws, identity, {**new, "name": identity.split(":", 1)[1]})
    return {}


def _delete_role_policy(aws: Aws, identity: str, state: Inputs) -> None:
    del state
    role, name = identity.split(":", 1)
    aws.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


def _profile(aws: Aws, logical: str, inputs: Inputs) -> Created:
    only(inputs, ("role", "name", "namePrefix", "path"), "aws:iam/instanceProfile:InstanceProfile")
    name, client = aws.name(logical, inputs), aws.client("iam")
    answer = client.create_instance_profile(InstanceProfileName=name, Tags=tag_list(inputs))["InstanceProfile"]
    client.add_role_to_instance_profile(InstanceProfileName=name, RoleName=inputs["role"])
    return Created(name, {"name": name, "arn": answer["Arn"]})


def _read_profile(aws: Aws, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("iam").get_instance_profile(InstanceProfileName=identity)["InstanceProfile"]
    return {**found, "role": found["Roles"][0]["RoleName"] if found["Roles"] else None}


def _update_profile(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    client = aws.client("iam")
    client.remove_role_from_instance_profile(InstanceProfileName=identity, RoleName=old["role"])
    client.add_role_to_instance_profile(InstanceProfileName=identity, RoleName=new["role"])
    return {}


def _delete_profile(aws: Aws, identity: str, state: Inputs) -> None:
    client = aws.client("iam")
    client.remove_role_from_instance_profile(InstanceProfileName=identity, RoleName=state["role"])
    client.delete_instance_profile(InstanceProfileName=identity)


def _policy(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    answer = ask(
        aws, "iam", "create_policy", inputs, what="aws:iam/policy:Policy", rename={"policy": "PolicyDocument"},
        handled=("name", "namePrefix"), PolicyName=name, Tags=tag_list(inputs),
    )["Policy"]  # fmt: skip
    return Created(answer["Arn"], {"name": name, "arn": answer["Arn"], "policyId": answer["PolicyId"]})


def _read_policy(aws: Aws, identity: str) -> dict[str, Any]:
    client = aws.client("iam")
    found = client.get_policy(PolicyArn=identity)["Policy"]
    version = client.get_policy_version(PolicyArn=identity, VersionId=found["DefaultVersionId"])["PolicyVersion"]
    return {**found, "PolicyDocument": version["Document"]}


def _update_policy(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    """Another version, which becomes the one that holds; AWS keeps five, so the former goes."""
    del old
    client = aws.client("iam")
    former = client.get_policy(PolicyArn=identity)["Policy"]["DefaultVersionId"]
    client.create_policy_version(PolicyArn=identity, PolicyDocument=new["policy"], SetAsDefault=True)
    client.delete_policy_version(PolicyArn=identity, VersionId=former)
    return {}


ROWS = (
    ResourceType(
        "aws:iam/role:Role", _role, _read_role, _delete_role, _update_role, replaces=("name", "namePrefix", "path"),
        shown_as={"assumeRolePolicy": "AssumeRolePolicyDocument"},
        unseen=("forceDetachPolicies", "permissionsBoundary"),
    ),
    ResourceType(
        "aws:iam/policy:Policy", _policy, _read_policy, by("iam", "delete_policy", "PolicyArn"), _update_policy,
        replaces=("name", "namePrefix", "path", "description"),
        shown_as={"policy": "PolicyDocument", "name": "PolicyName"},
    ),
    ResourceType(
        "aws:iam/rolePolicy:RolePolicy", _role_policy, _read_role_policy, _delete_role_policy, _update_role_policy,
        replaces=("name", "namePrefix", "role"), shown_as={"policy": "PolicyDocument", "role": "RoleName"},
    ),
    ResourceType(
        "aws:iam/instanceProfile:InstanceProfile", _profile, _read_profile, _delete_profile, _update_profile,
        replaces=("name", "namePrefix", "path"),
    ),
)  # fmt: skip
