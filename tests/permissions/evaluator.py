"""IAM as far as the runtime needs it: which permissions a call takes, and whether a role's statements give them.

It is hooked on botocore's own call events, so what is judged is what the code really asks, with the parameters it asks.
An operation that is not in the table fails: nothing is let through unjudged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

REGION, ACCOUNT = "us-east-1", "123456789012"


class Need(NamedTuple):
    """One permission that a call takes: an action on a resource, in a context of condition keys."""

    action: str
    resource: str
    context: Mapping[str, str] = {}


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _queue(action: str) -> Callable[[Mapping[str, Any]], list[Need]]:
    return lambda asked: [Need(f"sqs:{action}", _arn("sqs", asked["QueueUrl"].rsplit("/", 1)[-1]))]


def _object(action: str) -> Callable[[Mapping[str, Any]], list[Need]]:
    return lambda asked: [Need(f"s3:{action}", f"arn:aws:s3:::{asked['Bucket']}/{asked['Key']}")]


def _endpoint(action: str) -> Callable[[Mapping[str, Any]], list[Need]]:
    return lambda asked: [Need(f"sagemaker:{action}", _arn("sagemaker", f"endpoint/{asked['EndpointName']}"))]


def _table(action: str) -> Callable[[Mapping[str, Any]], list[Need]]:
    return lambda asked: [Need(f"dynamodb:{action}", _arn("dynamodb", f"table/{asked['TableName']}"))]


def _anywhere(action: str) -> Callable[[Mapping[str, Any]], list[Need]]:
    """Actions that know no resources: they must be allowed on ``*``."""
    return lambda _: [Need(action, "*")]


def _submit(asked: Mapping[str, Any]) -> list[Need]:
    """The queue, and the definition: by the name that was given, and by the revision that it stands for."""
    name = asked["jobDefinition"].rsplit("job-definition/", 1)[-1].split(":")[0]
    definitions = [_arn("batch", f"job-definition/{name}"), _arn("batch", f"job-definition/{name}:1")]
    return [Need("batch:SubmitJob", resource) for resource in (asked["jobQueue"], *definitions)]


OPERATIONS: dict[tuple[str, str], Callable[[Mapping[str, Any]], list[Need]]] = {
    ("sqs", "GetQueueAttributes"): _queue("GetQueueAttributes"),
    ("sqs", "ReceiveMessage"): _queue("ReceiveMessage"),
    ("sqs", "DeleteMessageBatch"): _queue("DeleteMessage"),
    ("sqs", "ChangeMessageVisibilityBatch"): _queue("ChangeMessageVisibility"),
    ("sqs", "SendMessage"): _queue("SendMessage"),
    ("sqs", "SendMessageBatch"): _queue("SendMessage"),
    ("s3", "GetObject"): _object("GetObject"),
    ("s3", "PutObject"): _object("PutObject"),
    ("sagemaker-runtime", "InvokeEndpoint"): _endpoint("InvokeEndpoint"),
    ("sagemaker-runtime", "InvokeEndpointAsync"): _endpoint("InvokeEndpointAsync"),
    ("dynamodb", "PutItem"): _table("PutItem"),
    ("dynamodb", "GetItem"): _table("GetItem"),
    ("s3", "ListObjectsV2"): lambda asked: [Need("s3:ListBucket", f"arn:aws:s3:::{asked['Bucket']}")],
    ("events", "PutEvents"): lambda asked: [
        Need("events:PutEvents", _arn("events", "event-bus/default"), {"events:source": entry["Source"]})
        for entry in asked["Entries"]
    ],
    ("batch", "ListJobs"): _anywhere("batch:ListJobs"),
    ("batch", "DescribeJobs"): _anywhere("batch:DescribeJobs"),
    ("batch", "SubmitJob"): _submit,
    ("batch", "TerminateJob"): lambda asked: [Need("batch:TerminateJob", _arn("batch", f"job/{asked['jobId']}"))],
    ("cloudwatch", "GetMetricData"): _anywhere("cloudwatch:GetMetricData"),
}
"""What a call takes (Service Authorization Reference, 2026-11)."""


def allowed(statements: Sequence[Mapping[str, Any]], need: Need) -> bool:
    """Whether some statement allows it and none denies it."""
    effects = {one["Effect"] for one in statements if _applies(one, need)}
    return effects == {"Allow"}


def _applies(statement: Mapping[str, Any], need: Need) -> bool:
    actions, resources = _listed(statement["Action"]), _listed(statement["Resource"])
    return (
        any(fnmatchcase(need.action.lower(), action.lower()) for action in actions)
        and any(fnmatchcase(need.resource, resource) for resource in resources)
        and all(_holds(kind, keys, need.context) for kind, keys in statement.get("Condition", {}).items())
    )


def _holds(kind: str, keys: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    if kind not in ("StringEquals", "StringLike"):
        raise NotImplementedError(f"condition {kind}")
    same = fnmatchcase if kind == "StringLike" else str.__eq__
    return all(key in context and any(same(context[key], value) for value in _listed(keys[key])) for key in keys)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@dataclass
class Judge:
    """Holds every call against the statements while it sits; remembers what it refused."""

    statements: Sequence[Mapping[str, Any]] = ()
    sitting: bool = False
    refused: list[Need] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    """Operations that are in no table, should the code under test swallow the error."""

    def demand(self, need: Need) -> None:
        """Hold one need against the statements.

        Raises:
            ClientError: As AWS says it.
        """
        if self.sitting and not allowed(self.statements, need):
            self.refused.append(need)
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": f"{need} is not allowed"}}, need.action)

    def on_call(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        """botocore's ``provide-client-params``: every call of every client comes here first."""
        if self.sitting:
            service = str(model.service_model.service_name)
            if (service, model.name) not in OPERATIONS:
                self.unknown.add(f"{service}:{model.name}")
            for need in OPERATIONS[service, model.name](params):
                self.demand(need)


@contextmanager
def judged(judge: Judge, statements: Sequence[Mapping[str, Any]]) -> Iterator[Judge]:
    """The judge sits over these statements."""
    judge.statements, judge.refused, judge.sitting = statements, [], True
    try:
        yield judge
    finally:
        judge.sitting = False


def weakened(statements: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The same statements, each time with one action taken away, or one resource narrowed to another."""
    for index, one in enumerate(statements):
        others = [*statements[:index], *statements[index + 1 :]]
        actions, resources = _listed(one["Action"]), _listed(one["Resource"])
        for action in actions:
            left = [other for other in actions if other != action]
            yield f"without {action}", [*others, *([{**one, "Action": left}] if left else [])]
        for resource in resources:
            narrow = [f"{other}-elsewhere" if other == resource else other for other in resources]
            yield f"{'+'.join(actions)} not on {resource}", [*others, {**one, "Resource": narrow}]
