"""IAM as far as the runtime needs it: which permissions a call takes, and whether a role's statements give them.

It is hooked on botocore's own call events, so what is judged is what the code really asks, with the parameters it asks.
An operation that is not in the table fails: nothing is let through unjudged.

Two things that moto passes over are as in AWS: what is encrypted with a customer's key takes that key, too; and of an
object that is not there S3 says "forbidden" to whoever may not list the bucket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

REGION, ACCOUNT = "us-east-1", "123456789012"

Statement = Mapping[str, Any]


class Need(NamedTuple):
    """One permission that a call takes: an action on a resource, in a context of condition keys."""

    action: str
    resource: str
    context: Mapping[str, str] = {}


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _queue(action: str) -> Callable[[Mapping[str, Any]], list[Need]]:
    return lambda asked: [Need(f"sqs:{action}", arn("sqs", asked["QueueUrl"].rsplit("/", 1)[-1]))]


def _object(action: str) -> Callable[[Mapping[str, Any]], list[Need]]:
    return lambda asked: [Need(f"s3:{action}", f"arn:aws:s3:::{asked['Bucket']}/{asked['Key']}")]


def _put(asked: Mapping[str, Any]) -> list[Need]:
    """A write on the condition of what is there (If-Match) reads it, too (Amazon S3 User Guide, conditional writes)."""
    needs = _object("PutObject")(asked)
    return [*needs, *_object("GetObject")(asked)] if "IfMatch" in asked else needs


def _endpoint(action: str) -> Callable[[Mapping[str, Any]], list[Need]]:
    return lambda asked: [Need(f"sagemaker:{action}", arn("sagemaker", f"endpoint/{asked['EndpointName']}"))]


def _table(action: str) -> Callable[[Mapping[str, Any]], list[Need]]:
    return lambda asked: [Need(f"dynamodb:{action}", arn("dynamodb", f"table/{asked['TableName']}"))]


def _anywhere(action: str) -> Callable[[Mapping[str, Any]], list[Need]]:
    """Actions that know no resources: they must be allowed on ``*``."""
    return lambda _: [Need(action, "*")]


def _submit(asked: Mapping[str, Any]) -> list[Need]:
    """The queue, and the definition: by the name that was given, and by the revision that it stands for."""
    name = asked["jobDefinition"].rsplit("job-definition/", 1)[-1].split(":")[0]
    # An update of a stack makes the next revision; the name without one is what the call gives.
    definitions = [arn("batch", f"job-definition/{name}{revision}") for revision in ("", ":1", ":2")]
    return [Need("batch:SubmitJob", resource) for resource in (asked["jobQueue"], *definitions)]


OPERATIONS: dict[tuple[str, str], Callable[[Mapping[str, Any]], list[Need]]] = {
    ("resourcegroupstaggingapi", "GetResources"): _anywhere("tag:GetResources"),
    ("sqs", "GetQueueUrl"): lambda asked: [Need("sqs:GetQueueUrl", arn("sqs", asked["QueueName"]))],
    ("sqs", "ListDeadLetterSourceQueues"): _queue("ListDeadLetterSourceQueues"),
    ("sqs", "GetQueueAttributes"): _queue("GetQueueAttributes"),
    ("sqs", "ReceiveMessage"): _queue("ReceiveMessage"),
    ("sqs", "DeleteMessage"): _queue("DeleteMessage"),
    ("sqs", "DeleteMessageBatch"): _queue("DeleteMessage"),
    ("sqs", "ChangeMessageVisibility"): _queue("ChangeMessageVisibility"),
    ("sqs", "ChangeMessageVisibilityBatch"): _queue("ChangeMessageVisibility"),
    ("sqs", "SendMessage"): _queue("SendMessage"),
    ("sqs", "SendMessageBatch"): _queue("SendMessage"),
    ("s3", "GetObject"): _object("GetObject"),
    ("s3", "HeadObject"): _object("GetObject"),
    ("s3", "PutObject"): _put,
    ("s3", "ListObjectsV2"): lambda asked: [
        Need("s3:ListBucket", f"arn:aws:s3:::{asked['Bucket']}", {"s3:prefix": asked.get("Prefix", "")})
    ],
    ("sagemaker-runtime", "InvokeEndpoint"): _endpoint("InvokeEndpoint"),
    ("sagemaker-runtime", "InvokeEndpointAsync"): _endpoint("InvokeEndpointAsync"),
    ("dynamodb", "PutItem"): _table("PutItem"),
    ("dynamodb", "GetItem"): _table("GetItem"),
    ("events", "PutEvents"): lambda asked: [
        Need("events:PutEvents", arn("events", "event-bus/default"), {"events:source": entry["Source"]})
        for entry in asked["Entries"]
    ],
    ("batch", "ListJobs"): _anywhere("batch:ListJobs"),
    ("batch", "DescribeJobs"): _anywhere("batch:DescribeJobs"),
    ("batch", "SubmitJob"): _submit,
    ("batch", "TerminateJob"): lambda asked: [Need("batch:TerminateJob", arn("batch", f"job/{asked['jobId']}"))],
    ("cloudwatch", "GetMetricData"): _anywhere("cloudwatch:GetMetricData"),
}
"""What a call takes (Service Authorization Reference, 2026-11)."""

KEY_USE: Mapping[str, tuple[str, ...]] = {
    "s3:GetObject": ("kms:Decrypt",),
    "s3:PutObject": ("kms:GenerateDataKey",),
    "sqs:ReceiveMessage": ("kms:Decrypt",),
    "sqs:SendMessage": ("kms:Decrypt", "kms:GenerateDataKey"),
    "sns:Publish": ("kms:Decrypt", "kms:GenerateDataKey"),
    "dynamodb:GetItem": ("kms:Decrypt",),
    "dynamodb:PutItem": ("kms:Decrypt",),
}
"""What the caller must be allowed on the key of what it touches, through the service that it calls (Amazon S3 User
Guide, SSE-KMS; Amazon SQS and Amazon SNS Developer Guides, key management; Amazon DynamoDB Developer Guide, encryption
at rest: a table's key is opened for each principal anew)."""


def allowed(statements: Sequence[Statement], need: Need) -> bool:
    """Whether some statement allows it and none denies it."""
    effects = {one["Effect"] for one in statements if applies(one, need)}
    return effects == {"Allow"}


def applies(statement: Statement, need: Need) -> bool:
    """Whether a statement speaks of an action on a resource in its context."""
    actions, resources = listed(statement["Action"]), listed(statement["Resource"])
    return (
        any(fnmatchcase(need.action.lower(), action.lower()) for action in actions)
        and any(fnmatchcase(need.resource, resource) for resource in resources)
        and all(_holds(kind, keys, need.context) for kind, keys in statement.get("Condition", {}).items())
    )


def _holds(kind: str, keys: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """A key that the request does not carry matches nothing."""
    same: dict[str, Callable[[str, str], bool]] = {
        "StringEquals": str.__eq__, "Bool": str.__eq__, "StringLike": fnmatchcase, "ArnLike": fnmatchcase,
        "ArnEquals": fnmatchcase,
    }  # fmt: skip
    if kind not in same:
        raise NotImplementedError(f"condition {kind}")
    return all(key in context and any(same[kind](context[key], value) for value in listed(keys[key])) for key in keys)


def listed(value: Any) -> list[str]:
    """What IAM takes as one or as a list."""
    return [value] if isinstance(value, str) else list(value)


@dataclass
class Judge:
    """Holds every call against the statements while it sits; remembers what was asked and what it refused."""

    keys: Mapping[str, str] = field(default_factory=dict)
    """The customer's key of each bucket, queue, topic and table, by ARN."""
    statements: Sequence[Statement] = ()
    boundary: Sequence[Statement] | None = None
    """The most that the role may be allowed, whatever its own statements say."""
    sitting: bool = False
    asked: list[Need] = field(default_factory=list)
    refused: list[Need] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    """Operations that are in no table, should the code under test swallow the error."""

    def demand(self, need: Need) -> None:
        """Hold a need, and what the key of its resource takes, against the statements.

        Raises:
            ClientError: As AWS says it.
        """
        if not self.sitting:
            return
        for one in (need, *self._of_key(need)):
            self.asked.append(one)
            if not self.allows(one):
                self.refused.append(one)
                raise _forbidden(one)

    def allows(self, need: Need) -> bool:
        """Whether the role may, within its boundary."""
        return allowed(self.statements, need) and (self.boundary is None or allowed(self.boundary, need))

    def _of_key(self, need: Need) -> Iterator[Need]:
        # An object is encrypted as its bucket is.
        key = self.keys.get(need.resource.split("/")[0] if need.action.startswith("s3:") else need.resource)
        if key:
            via = {"kms:ViaService": f"{need.action.split(':')[0]}.{REGION}.amazonaws.com"}
            for action in KEY_USE.get(need.action, ()):
                yield Need(action, key, via)

    def on_call(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        """botocore's ``provide-client-params``: every call of every client comes here first."""
        if not self.sitting:
            return
        service = str(model.service_model.service_name)
        if (service, model.name) not in OPERATIONS:
            self.unknown.add(f"{service}:{model.name}")
        for need in OPERATIONS[service, model.name](params):
            self.demand(need)
        if model.name in ("GetObject", "HeadObject") and not _is_there(params["Bucket"], params["Key"]):
            # Not a permission that the call takes, but one that decides what it is told.
            listing = Need("s3:ListBucket", f"arn:aws:s3:::{params['Bucket']}")
            if not self.allows(listing):
                raise _forbidden(listing)
            self.asked.append(listing)


def _is_there(bucket: str, key: str) -> bool:
    from moto.s3.models import s3_backends

    return s3_backends[ACCOUNT]["aws"].head_object(bucket, key) is not None


def _forbidden(need: Need) -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": f"{need} is not allowed"}}, need.action)


@contextmanager
def judged(judge: Judge, statements: Sequence[Statement]) -> Iterator[Judge]:
    """The judge sits over these statements."""
    judge.statements, judge.asked, judge.refused, judge.sitting = statements, [], [], True
    try:
        yield judge
    finally:
        judge.sitting = False


def narrowed(statements: Sequence[Statement], asked: Sequence[Need]) -> Iterator[tuple[str, list[Statement]]]:
    """The same statements, each time with a little less.

    One action taken away from one resource; a resource that stands for many (``results/*``) as only one of those that
    were asked for; a condition that asks for something else.
    """
    for index, one in enumerate(statements):
        others = [*statements[:index], *statements[index + 1 :]]
        pairs = [{**one, "Action": [action], "Resource": [resource]}
                 for action in listed(one["Action"]) for resource in listed(one["Resource"])]  # fmt: skip
        for at, pair in enumerate(pairs):
            (action,), (resource,) = pair["Action"], pair["Resource"]
            rest = [*others, *pairs[:at], *pairs[at + 1 :]]
            yield f"without {action} on {resource}", rest
            if "*" in resource and resource != "*":
                used = [need.resource for need in asked if applies(pair, need)]
                if used:
                    yield f"{action} on {used[0]} instead of {resource}", [*rest, {**pair, "Resource": used[:1]}]
            for kind, keys in one.get("Condition", {}).items():
                for key, values in keys.items():
                    for value in listed(values):
                        others_of_key = [other for other in listed(values) if other != value]
                        condition = {**one["Condition"], kind: {**keys, key: [*others_of_key, f"{value}-elsewhere"]}}
                        yield f"{action} where {key} is not {value}", [*rest, {**pair, "Condition": condition}]
