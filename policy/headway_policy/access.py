"""Who may come in, and who may do what: doors that stand open, permissions wider than their need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from pulumi_policy import EnforcementLevel, ReportViolation, ResourceValidationArgs, ResourceValidationPolicy

from headway_policy.reading import config, known, listed, plain, statements

Props = Mapping[str, Any]
ANYWHERE: Final = frozenset({"0.0.0.0/0", "::/0"})
BLOCKS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
NO_RESOURCES: Final = (
    "batch:Describe*", "batch:ListJobs", "cloudwatch:GetMetricData", "cloudwatch:PutMetricData",
    "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission", "ec2:Describe*", "ecr:GetAuthorizationToken", "ecs:DiscoverPollEndpoint",
    "logs:DescribeLogGroups", "s3:ListAllMyBuckets", "sts:GetCallerIdentity", "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)  # fmt: skip
"""Actions that know no resources, or none that exists yet (Service Authorization Reference, 2026-11): ``*`` is all that
they can be allowed on."""
ADMINISTRATOR: Final = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")


def public_entry(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """Nothing lets in whoever comes: no group, route, address or resource policy."""
    look = _DOORS.get(args.resource_type)
    if look is None or args.name in (args.get_config().get("accepted") or ()):
        return
    for door in look(args.props):
        report(f"{args.name}: {door}. Headway's own components open none; accept it by name if it is meant.", None)


def wildcard_permission(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """Every permission names its actions and its resources."""
    if args.name in (args.get_config().get("accepted") or ()):
        return
    for one in _documents(args.resource_type, args.props):
        for said in _too_wide(one):
            report(f"{args.name}: {said}: name what is needed, by resource ARN.", None)
    for arn in _attached(args.resource_type, args.props):
        if str(arn).rsplit("/", 1)[-1] in ADMINISTRATOR:
            report(f"{args.name}: {arn} allows nearly everything: write a policy of what is needed.", None)


def _ingress(props: Props) -> Iterator[str]:
    for rule in listed(plain(known(props, "ingress"))):
        yield from _open(rule)


def _rule(props: Props) -> Iterator[str]:
    if known(props, "type") == "ingress":
        yield from _open(plain(props))


def _one_rule(props: Props) -> Iterator[str]:
    yield from _open(
        {"cidrBlocks": listed(known(props, "cidrIpv4")), "ipv6CidrBlocks": listed(known(props, "cidrIpv6"))}
    )


def _open(rule: Props) -> Iterator[str]:
    sources = {*listed(rule.get("cidrBlocks")), *listed(rule.get("ipv6CidrBlocks"))} & ANYWHERE
    if sources:
        yield f"lets in whoever comes, from {' and '.join(sorted(sources))}: name the networks or groups that may"


def _route(props: Props) -> Iterator[str]:
    if known(props, "authorizationType") in (None, "NONE"):
        yield "a route that nobody has to be allowed on: set authorizationType to AWS_IAM, JWT or CUSTOM"


def _method(props: Props) -> Iterator[str]:
    if known(props, "authorization") == "NONE" and not known(props, "apiKeyRequired"):
        yield "a method that nobody has to be allowed on: set authorization to AWS_IAM"


def _address(props: Props) -> Iterator[str]:
    if known(props, "authorizationType") == "NONE":
        yield "an address that whoever knows it may call: set authorizationType to AWS_IAM"


def _permission(props: Props) -> Iterator[str]:
    # By iterating: asking whether it is there fails where it is not known yet.
    narrowed = {*props} & {"sourceArn", "sourceAccount", "principalOrgId"}
    if known(props, "principal") == "*" and not narrowed:
        yield "a function that anybody may call: name who may (principal), or from where (sourceArn)"


def _bucket(props: Props) -> Iterator[str]:
    given = {*props}
    off = [name for name in BLOCKS if name not in given or known(props, name) is False]
    if off:
        yield f"public access to the bucket is not blocked: set {', '.join(off)}"


def _acl(props: Props) -> Iterator[str]:
    if str(known(props, "acl")).startswith("public"):
        yield "objects that anybody may read: leave the bucket private"


def _resource_policy(props: Props) -> Iterator[str]:
    for one in statements(known(props, "policy")):
        if one.get("Effect") == "Allow" and _anybody(one.get("Principal")) and not one.get("Condition"):
            yield f"anybody may {' and '.join(map(str, listed(one.get('Action'))))}: name principals, or a condition"


def _balancer(props: Props) -> Iterator[str]:
    if not known(props, "internal"):
        yield "a load balancer that stands in the internet: set internal to true"


def _anybody(principal: Any) -> bool:
    return principal == "*" or (isinstance(principal, Mapping) and "*" in listed(principal.get("AWS")))


_DOORS: Final[Mapping[str, Callable[[Props], Iterator[str]]]] = {
    "aws:ec2/securityGroup:SecurityGroup": _ingress,
    "aws:ec2/securityGroupRule:SecurityGroupRule": _rule,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _one_rule,
    "aws:apigatewayv2/route:Route": _route,
    "aws:apigateway/method:Method": _method,
    "aws:lambda/functionUrl:FunctionUrl": _address,
    "aws:lambda/permission:Permission": _permission,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _bucket,
    "aws:s3/bucketAcl:BucketAcl": _acl,
    "aws:s3/bucketAclV2:BucketAclV2": _acl,
    "aws:s3/bucketPolicy:BucketPolicy": _resource_policy,
    "aws:sqs/queuePolicy:QueuePolicy": _resource_policy,
    "aws:sns/topicPolicy:TopicPolicy": _resource_policy,
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
    "aws:alb/loadBalancer:LoadBalancer": _balancer,
}
"""By type of resource: what is said of the doors that it opens."""


def _documents(kind: str, props: Props) -> Iterator[dict[str, Any]]:
    """The statements of what a role may do. Who may take it is another question: there no resource is named."""
    if kind in ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy", "aws:iam/userPolicy:UserPolicy",
                "aws:iam/groupPolicy:GroupPolicy"):  # fmt: skip
        yield from statements(known(props, "policy"))
    if kind == "aws:iam/role:Role":
        for inline in listed(plain(known(props, "inlinePolicies"))):
            yield from statements(inline.get("policy"))


def _attached(kind: str, props: Props) -> list[Any]:
    if kind == "aws:iam/role:Role":
        return listed(plain(known(props, "managedPolicyArns")))
    return listed(known(props, "policyArn")) if kind.startswith("aws:iam/") and "Attachment" in kind else []


def _too_wide(statement: Mapping[str, Any]) -> Iterator[str]:
    if statement.get("Effect") != "Allow":
        return
    for name in ("NotAction", "NotResource"):
        if name in statement:
            yield f"{name} allows whatever it does not name"
    actions = [str(one) for one in listed(statement.get("Action"))]
    whole = [one for one in actions if one == "*" or one.endswith(":*")]
    if whole:
        yield f"{', '.join(whole)} is every action"
    wide = [one for one in actions if one not in whole and not any(fnmatchcase(one, known_) for known_ in NO_RESOURCES)]
    if wide and "*" in listed(statement.get("Resource")):
        yield f"{', '.join(wide)} on every resource (*)"


_ACCEPTED: Final[dict[str, Any]] = {
    "type": "array", "items": {"type": "string"}, "default": [],
    "description": "Names of resources that somebody has looked at.",
}  # fmt: skip
PUBLIC_ENTRY = ResourceValidationPolicy(
    name="public-entry",
    description="Nothing is open to whoever comes.",
    validate=public_entry,
    enforcement_level=EnforcementLevel.MANDATORY,
    config_schema=config({"accepted": _ACCEPTED}),
)
WILDCARD_PERMISSION = ResourceValidationPolicy(
    name="wildcard-permission",
    description="Permissions name their actions and their resources.",
    validate=wildcard_permission,
    enforcement_level=EnforcementLevel.MANDATORY,
    config_schema=config({"accepted": _ACCEPTED}),
)
