"""SQS, SNS, KMS, EventBridge Scheduler."""

from __future__ import annotations

from typing import Any

from headway_rehearsal.resources.base import Aws, Created, Inputs, ResourceType, ask, only, tag_list, tag_map
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


def _delete_queue(aws: Aws, identity: str) -> None:
    aws.client("sqs").delete_queue(QueueUrl=identity)


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


def _key(aws: Aws, logical: str, inputs: Inputs) -> Created:
    only(inputs, ("description", "policy", "enableKeyRotation", "deletionWindowInDays"), "aws:kms/key:Key")
    client = aws.client("kms")
    row = client.create_key(
        Description=inputs.get("description") or "", **({"Policy": inputs["policy"]} if inputs.get("policy") else {})
    )["KeyMetadata"]
    if inputs.get("enableKeyRotation"):
        client.enable_key_rotation(KeyId=row["KeyId"])
    return Created(row["KeyId"], {"arn": row["Arn"], "keyId": row["KeyId"]})


def _read_key(aws: Aws, identity: str) -> dict[str, Any]:
    client = aws.client("kms")
    found: dict[str, Any] = client.describe_key(KeyId=identity)["KeyMetadata"]
    rotation = client.get_key_rotation_status(KeyId=identity)["KeyRotationEnabled"]
    return {**found, "KeyRotationEnabled": rotation}


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


ROWS = (
    ResourceType("aws:sqs/queue:Queue", _queue, _read_queue, _delete_queue),
    ResourceType("aws:sqs/queuePolicy:QueuePolicy", _queue_policy, _read_queue),
    ResourceType("aws:sns/topic:Topic", _topic, _read_topic),
    ResourceType("aws:sns/topicPolicy:TopicPolicy", _topic_policy, _read_topic),
    ResourceType("aws:kms/key:Key", _key, _read_key),
    ResourceType("aws:scheduler/schedule:Schedule", _schedule, _read_schedule),
)
