"""Tags: how each service reads and writes them; the one property that every type may change in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headway_rehearsal.resources.base import Aws, Inputs


@dataclass(frozen=True)
class Tagging:
    """A service's calls for tags. ``names`` holds the parameter that says whose, and the output that it is."""

    service: str
    read: str
    write: str
    remove: str
    names: tuple[str, str]
    tags: str = "Tags"
    keys: str = "TagKeys"
    key: str = "Key"
    value: str = "Value"
    listed: bool = True


_ARN = ("ResourceArn", "arn")
_SQS = Tagging("sqs", "list_queue_tags", "tag_queue", "untag_queue", ("QueueUrl", "id"), listed=False)
_SAGEMAKER = Tagging("sagemaker", "list_tags", "add_tags", "delete_tags", _ARN)
_BATCH = Tagging(
    "batch", "list_tags_for_resource", "tag_resource", "untag_resource", ("resourceArn", "arn"), "tags", "tagKeys",
    listed=False,
)  # fmt: skip
_WATCH = ("list_tags_for_resource", "tag_resource", "untag_resource", ("ResourceARN", "arn"))
TAGGING: Final[Mapping[str, Tagging]] = {
    "aws:iam/role:Role": Tagging("iam", "list_role_tags", "tag_role", "untag_role", ("RoleName", "id")),
    "aws:sqs/queue:Queue": _SQS,
    "aws:sns/topic:Topic": Tagging("sns", "list_tags_for_resource", "tag_resource", "untag_resource", _ARN),
    "aws:kms/key:Key": Tagging(
        "kms", "list_resource_tags", "tag_resource", "untag_resource", ("KeyId", "id"), key="TagKey", value="TagValue"
    ),
    "aws:cloudwatch/logGroup:LogGroup": Tagging(
        "logs", "list_tags_log_group", "tag_log_group", "untag_log_group", ("logGroupName", "id"), "tags", "tags",
        listed=False,
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Tagging("cloudwatch", *_WATCH),
    "aws:cloudwatch/eventRule:EventRule": Tagging("events", *_WATCH),
    "aws:lambda/function:Function": Tagging(
        "lambda", "list_tags", "tag_resource", "untag_resource", ("Resource", "arn"), listed=False
    ),
    "aws:batch/computeEnvironment:ComputeEnvironment": _BATCH,
    "aws:batch/jobQueue:JobQueue": _BATCH,
    "aws:batch/jobDefinition:JobDefinition": _BATCH,
    "aws:sagemaker/model:Model": _SAGEMAKER,
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": _SAGEMAKER,
    "aws:sagemaker/endpoint:Endpoint": _SAGEMAKER,
    "aws:dynamodb/table:Table": Tagging(
        "dynamodb", "list_tags_of_resource", "tag_resource", "untag_resource", _ARN
    ),
}  # fmt: skip
"""By type. Those that are not here keep, in moto, the tags that they were made with."""


def read_tags(aws: Aws, token: str, identity: str, state: Inputs) -> dict[str, str] | None:
    """The tags that a resource has now; None where the table does not know how to ask."""
    how = TAGGING.get(token)
    if how is None:
        return None
    answer = getattr(aws.client(how.service), how.read)(**_whose(how, identity, state))
    found = answer.get(how.tags) or {}
    return {row[how.key]: row[how.value] for row in found} if isinstance(found, list) else dict(found)


def write_tags(aws: Aws, token: str, identity: str, state: Inputs, old: Inputs, new: Inputs) -> None:
    """Put a resource's tags right after an update."""
    before, after = old.get("tags") or {}, new.get("tags") or {}
    how = TAGGING.get(token)
    if before == after or how is None:
        return
    client, whose = aws.client(how.service), _whose(how, identity, state)
    gone = sorted(before.keys() - after.keys())
    if gone:
        getattr(client, how.remove)(**whose, **{how.keys: gone})
    if after:
        tags: Any = {name: str(text) for name, text in after.items()}
        if how.listed:
            tags = [{how.key: name, how.value: text} for name, text in tags.items()]
        getattr(client, how.write)(**whose, **{how.tags: tags})


def _whose(how: Tagging, identity: str, state: Inputs) -> dict[str, str]:
    parameter, output = how.names
    return {parameter: identity if output == "id" else str(state[output])}
