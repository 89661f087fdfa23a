"""What of an account is a stack's: found by the tag that the components put on everything that can carry one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from headway.account.connection import Account
from headway.errors import HeadwayError

STACK_TAG = "headway:stack"
"""Also the cost-allocation tag of the bill."""
NAME_TAG = "headway:name"


@dataclass(frozen=True)
class StackResources:
    """ARNs of a stack's resources by kind: ``batch:job-queue``, ``sqs``, ``sagemaker:endpoint``, ``logs:log-group``."""

    stack: str
    arns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    components: tuple[str, ...] = ()
    """What its program calls its components: their tag ``headway:name``."""

    def names(self, kind: str) -> tuple[str, ...]:
        """The names of a kind's resources, as its service's calls take them."""
        return tuple(arn.split(":", 5)[5].removesuffix(":*").split(_SEPARATORS.get(kind, "/"), 1)[-1] for arn in
                     self.arns.get(kind, ()))  # fmt: skip


_SEPARATORS = {"logs:log-group": ":"}
_KINDS = ("batch:job-queue", "sqs", "sagemaker:endpoint", "lambda:function", "logs:log-group")


def stack_resources(account: Account, stack: str, *, kinds: tuple[str, ...] = _KINDS) -> StackResources:
    """The resources with the tag ``headway:stack`` of a stack.

    Raises:
        AccountError: AWS could not be asked, or said no.
        HeadwayError: Nothing carries the tag.
    """
    found: dict[str, list[str]] = defaultdict(list)
    components: dict[str, None] = {}
    for page in account.pages(
        "resourcegroupstaggingapi", "get_resources", TagFilters=[{"Key": STACK_TAG, "Values": [stack]}],
        ResourceTypeFilters=list(kinds),
    ):  # fmt: skip
        for row in page["ResourceTagMappingList"]:
            arn = row["ResourceARN"]
            service, rest = arn.split(":")[2], arn.split(":", 5)[5]
            kind = next((one for one in kinds if _is(one, service, rest)), None)
            if kind is not None:
                found[kind].append(arn)
                components |= {tag["Value"]: None for tag in row.get("Tags", ()) if tag["Key"] == NAME_TAG}
    if not found:
        raise HeadwayError(
            f"nothing in {account.region or 'this region'} carries the tag {STACK_TAG}={stack}: is the stack up there, "
            "and from a version that tags it? Give its --region"
        )
    return StackResources(stack, {kind: tuple(sorted(arns)) for kind, arns in found.items()}, tuple(components))


def _is(kind: str, service: str, rest: str) -> bool:
    """Whether an ARN is of a kind, as the tagging service names kinds: ``service`` or ``service:type``."""
    name, _, type_ = kind.partition(":")
    return service == name and (not type_ or rest.split("/", maxsplit=1)[0].split(":", maxsplit=1)[0] == type_)
