"""SQS, SNS, KMS, EventBridge Scheduler."""

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
    tag_map,
)
from headway_rehearsal.values import text

QUEUE_ATTRIBUTES = {
    "delaySeconds": "DelaySeconds", "maxMessageSize": "MaximumMessageSize", "policy": "Policy",
    "messageRetentionSeconds": "MessageRetentionPeriod", "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "visibilityTimeoutSeconds": "VisibilityTimeout", "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled", "kmsMasterKeyId": "KmsMasterKeyId",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds", "fifoQueue": "FifoQueue",
}  # fmt: skip


def _queue(aws: Aws, logical: str, inputs: Inputs) -> Created:
    only(inputs, (*QUEUE_ATTRIBUTES, "name", "namePrefix"), "aws:sqs/queue:Queue")
    name = aws.name(logical, inputs)
    attributes = {
        QUEUE_ATTRIBUTES[key]: text(value)
        for key, value in inputs.items()
        if key in QUEUE_ATTRIBUTES and value is not None
    }
    url = aws.client("sqs").create_queue(QueueName=name, Attributes=attributes, tags=tag_map(inputs))["QueueUrl"]
    arn = f"arn:aws:sqs:{aws.region}:{aws.account}:{name}"
    return Created(url, {"name": name, "url": url, "arn": arn})


def _queue_policy(aws: Aws, logical: str, inputs: Inputs) -> Created:
    only(inputs, ("queueUrl", "policy"), "aws:sqs/queuePolicy:QueuePolicy")
    aws.client("sqs").set_queue_attributes(QueueUrl=inputs["queueUrl"], Attributes={"Policy": inputs["policy"]})
    return Created(inputs["queueUrl"])


def _read_queue(aws: Aws, identity: str) -> dict[str, Any]:
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=identity, AttributeNames=["All"])
    found: dict[str, Any] = answer["Attributes"]
    return found


QUEUE_DEFAULTS = {
    "delaySeconds": 0, "maxMessageSize": 262144, "messageRetentionSeconds": 345600, "receiveWaitTimeSeconds": 0,
    "visibilityTimeoutSeconds": 30, "kmsDataKeyReusePeriodSeconds": 300,
}  # fmt: skip
"""What the provider sets a queue's attribute to that is declared no more (pulumi-aws, aws.sqs.Queue)."""


def _update_queue(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    client = aws.client("sqs")
    attributes = {
        QUEUE_ATTRIBUTES[key]: text(new[key]) if new.get(key) is not None else text(QUEUE_DEFAULTS.get(key, ""))
        for key in QUEUE_ATTRIBUTES
        if changed(old, new, key)
    }
    # moto takes a policy that is left out for one that is to go.
    kept = client.get_queue_attributes(QueueUrl=identity, AttributeNames=["Policy"]).get("Attributes", {})
    client.set_queue_attributes(QueueUrl=identity, Attributes={**kept, **attributes})
    return {}


def _update_queue_policy(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    del old
    aws.client("sqs").set_queue_attributes(QueueUrl=identity, Attributes={"Policy": new["policy"]})
    return {}


def _delete_queue_policy(aws: Aws, identity: str, state: Inputs) -> None:
    del state
    aws.client("sqs").set_queue_attributes(QueueUrl=identity, Attributes={"Policy": ""})


TOPIC_ATTRIBUTES = {"kmsMasterKeyId": "KmsMasterKeyId", "displayName": "DisplayName", "policy": "Policy"}


def _topic(aws: Aws, logical: str, inputs: Inputs) -> Created:
    only(inputs, (*TOPIC_ATTRIBUTES, "name", "namePrefix"), "aws:sns/topic:Topic")
    name = aws.name(logical, inputs)
    attributes = {TOPIC_ATTRIBUTES[key]: text(value) for key, value in inputs.items() if key in TOPIC_ATTRIBUTES}
    arn = aws.client("sns").create_topic(Name=name, Attributes=attributes, Tags=tag_list(inputs))["TopicArn"]
    return Created(arn, {"arn": arn, "name": name})


def _topic_policy(aws: Aws, logical: str, inputs: Inputs) -> Created:
    only(inputs, ("arn", "policy"), "aws:sns/topicPolicy:TopicPolicy")
    aws.client("sns").set_topic_attributes(
        TopicArn=inputs["arn"], AttributeName="Policy", AttributeValue=inputs["policy"]
    )
    return Created(inputs["arn"])


def _read_topic(aws: Aws, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("sns").get_topic_attributes(TopicArn=identity)["Attributes"]
    return found


def _update_topic(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    client = aws.client("sns")
    for key, name in TOPIC_ATTRIBUTES.items():
        if changed(old, new, key):
            client.set_topic_attributes(TopicArn=identity, AttributeName=name, AttributeValue=text(new.get(key) or ""))
    return {}


def _update_topic_policy(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    del identity, old
    _topic_policy(aws, "", new)
    return {}


def _delete_topic_policy(aws: Aws, identity: str, state: Inputs) -> None:
    """A topic always has a policy: the provider puts the default one back, which lets the owner do everything."""
    del state
    owner = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sns:*", "Resource": identity,
             "Condition": {"StringEquals": {"AWS:SourceOwner": aws.account}}}  # fmt: skip
    document = json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [owner]})
    aws.client("sns").set_topic_attributes(TopicArn=identity, AttributeName="Policy", AttributeValue=document)


def _key(aws: Aws, logical: str, inputs: Inputs) -> Created:
    only(inputs, ("description", "policy", "enableKeyRotation", "deletionWindowInDays"), "aws:kms/key:Key")
    client = aws.client("kms")
    row = client.create_key(
        Description=inputs.get("description") or "", **({"Policy": inputs["policy"]} if inputs.get("policy") else {})
    )["KeyMetadata"]
    if inputs.get("enableKeyRotation"):
        client.enable_key_rotation(KeyId=row["KeyId"])
    if inputs.get("tags"):
        client.tag_resource(KeyId=row["KeyId"], Tags=tag_list(inputs, "TagKey", "TagValue"))
    return Created(row["KeyId"], {"arn": row["Arn"], "keyId": row["KeyId"]})


def _read_key(aws: Aws, identity: str) -> dict[str, Any]:
    client = aws.client("kms")
    found: dict[str, Any] = client.describe_key(KeyId=identity)["KeyMetadata"]
    rotation = client.get_key_rotation_status(KeyId=identity)["KeyRotationEnabled"]
    if found["KeyState"] == "PendingDeletion":
        raise KeyError(identity)
    policy = client.get_key_policy(KeyId=identity, PolicyName="default")["Policy"]
    return {**found, "KeyRotationEnabled": rotation, "Policy": policy}


def _update_key(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    client = aws.client("kms")
    if changed(old, new, "description"):
        client.update_key_description(KeyId=identity, Description=new.get("description") or "")
    if changed(old, new, "policy"):
        client.put_key_policy(KeyId=identity, PolicyName="default", Policy=new["policy"])
    if changed(old, new, "enableKeyRotation"):
        turn = client.enable_key_rotation if new.get("enableKeyRotation") else client.disable_key_rotation
        turn(KeyId=identity)
    return {}


def _delete_key(aws: Aws, identity: str, state: Inputs) -> None:
    days = int(state.get("deletionWindowInDays") or 30)
    aws.client("kms").schedule_key_deletion(KeyId=identity, PendingWindowInDays=days)


def _schedule(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    answer = ask(
        aws, "scheduler", "create_schedule", inputs, what="aws:scheduler/schedule:Schedule",
        handled=("name", "namePrefix"), Name=name,
    )  # fmt: skip
    return Created(f"default/{name}", {"arn": answer["ScheduleArn"], "name": name})


def _read_schedule(aws: Aws, identity: str) -> dict[str, Any]:
    group, name = identity.split("/", 1)
    found: dict[str, Any] = aws.client("scheduler").get_schedule(Name=name, GroupName=group)
    return found


def _update_schedule(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    del old
    group, name = identity.split("/", 1)
    ask(
        aws, "scheduler", "update_schedule", new, what="aws:scheduler/schedule:Schedule",
        handled=("name", "namePrefix", "groupName"), Name=name, GroupName=group,
    )  # fmt: skip
    return {}


def _delete_schedule(aws: Aws, identity: str, state: Inputs) -> None:
    del state
    group, name = identity.split("/", 1)
    aws.client("scheduler").delete_schedule(Name=name, GroupName=group)


ROWS = (
    ResourceType(
        "aws:sqs/queue:Queue", _queue, _read_queue, by("sqs", "delete_queue", "QueueUrl"), _update_queue,
        replaces=("name", "namePrefix", "fifoQueue"), shown_as={**QUEUE_ATTRIBUTES}, unseen=("name", "namePrefix"),
    ),
    ResourceType(
        "aws:sqs/queuePolicy:QueuePolicy", _queue_policy, _read_queue, _delete_queue_policy, _update_queue_policy,
        replaces=("queueUrl",), named=None, unseen=("queueUrl",),
    ),
    ResourceType(
        "aws:sns/topic:Topic", _topic, _read_topic, by("sns", "delete_topic", "TopicArn"), _update_topic,
        replaces=("name", "namePrefix", "fifoTopic"), unseen=("name", "namePrefix"),
    ),
    ResourceType(
        "aws:sns/topicPolicy:TopicPolicy", _topic_policy, _read_topic, _delete_topic_policy, _update_topic_policy,
        replaces=("arn",), named=None, shown_as={"arn": "TopicArn"},
    ),
    ResourceType(
        "aws:kms/key:Key", _key, _read_key, _delete_key, _update_key,
        replaces=("customerMasterKeySpec", "keyUsage", "multiRegion"), named=None,
        shown_as={"enableKeyRotation": "KeyRotationEnabled"}, unseen=("deletionWindowInDays",),
    ),
    ResourceType(
        "aws:scheduler/schedule:Schedule", _schedule, _read_schedule, _delete_schedule, _update_schedule,
        replaces=("name", "namePrefix", "groupName"),
    ),
)  # fmt: skip
