"""Where a component's parts are made: their names, parent, tags, key and account."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from headway.errors import HeadwayError

LONGEST_BASE, LONGEST_PART = 29, 26
"""Together with two hyphens and Pulumi's seven random characters at most 64, an IAM role's limit."""


class Wiring(TypedDict, total=False):
    """What a component may be given instead of making it. All of it is optional."""

    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[list[str]]
    security_group_ids: pulumi.Input[list[str]]
    alarm_topic_arn: pulumi.Input[str]
    """Must let ``cloudwatch.amazonaws.com`` publish."""
    kms_key_arn: pulumi.Input[str]
    """Encrypts queue, bucket, logs, volumes and topic; its policy must let those services use it."""
    permissions_boundary: pulumi.Input[str]
    protect_data: bool
    """Refuse whatever would delete or replace a queue, a bucket or a table, ``pulumi destroy`` included, until an
    update with False has run. An endpoint's former models and configurations are kept as well."""
    tags: Mapping[str, pulumi.Input[str]]
    """On everything that can carry tags, beside ``headway:name``, ``headway:architecture`` and ``headway:stack``."""


@dataclass(frozen=True)
class Site:
    """One component's surroundings, handed to each function that makes a part of it."""

    name: str
    parent: pulumi.Resource
    region: str
    account: pulumi.Output[str]
    tags: Mapping[str, pulumi.Input[str]]
    kms_key_arn: pulumi.Input[str] | None = None
    permissions_boundary: pulumi.Input[str] | None = None
    protect_data: bool = False

    @classmethod
    def of(cls, parent: pulumi.Resource, name: str, architecture: str, region: str, wiring: Mapping[str, Any]) -> Site:
        """The surroundings that a component's wiring describes.

        Raises:
            HeadwayError: The stack is configured for another region than the design.
        """
        identity = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=parent))
        account = _in_region(parent, region, identity.account_id)
        return cls(
            name=name,
            parent=parent,
            region=region,
            account=account,
            tags={
                "headway:name": name,
                "headway:architecture": architecture,
                "headway:stack": pulumi.get_stack(),
                **(wiring.get("tags") or {}),
            },
            kms_key_arn=wiring.get("kms_key_arn"),
            permissions_boundary=wiring.get("permissions_boundary"),
            protect_data=bool(wiring.get("protect_data")),
        )

    @property
    def partition(self) -> str:
        """The partition of ARNs in this region."""
        return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(self.region.rsplit("-", 2)[0], "aws")

    @property
    def dns_suffix(self) -> str:
        """The domain of AWS's services in this region."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    def part(self, what: str) -> str:
        """The logical name of a part, of characters and a length that every service takes with its random suffix."""
        return f"{physical_name(self.name, limit=LONGEST_BASE)}-{physical_name(what, limit=LONGEST_PART)}"

    def child(self, **options: Any) -> pulumi.ResourceOptions:
        """Options of a part: the component is its parent."""
        return pulumi.ResourceOptions(parent=self.parent, **options)

    def data(self, **options: Any) -> pulumi.ResourceOptions:
        """Options of a part that holds data, which only whoever asks for it may lose."""
        return self.child(protect=self.protect_data, **options)

    def arn(self, service: str, resource: str | pulumi.Output[str]) -> pulumi.Output[str]:
        """An ARN of this account and region, for what has no resource to ask."""
        return pulumi.Output.format(
            "arn:{0}:{1}:{2}:{3}:{4}", self.partition, service, self.region, self.account, resource
        )


def _in_region(parent: pulumi.Resource, region: str, account: pulumi.Output[str]) -> pulumi.Output[str]:
    """The account, once it is certain that the component's provider works in the design's region.

    A provider that the component was given knows better than the stack's configuration.

    Raises:
        HeadwayError: The stack is configured for another region than the design.
    """
    provider = parent.get_provider("aws:index/getCallerIdentity:getCallerIdentity")
    if provider is None:
        _same(aws.config.region, region, "aws:region")
        return account
    configured = pulumi.Output.from_input(getattr(provider, "region", None))

    def checked(known: Any) -> str:
        _same(known[1], region, "the provider's region")
        return str(known[0])

    return pulumi.Output.all(account, configured).apply(checked)


def _same(configured: str | None, region: str, what: str) -> None:
    if configured and configured != region:
        raise HeadwayError(f"{what} is {configured}, the design is for {region}: change one of the two")


def physical_name(*parts: str, limit: int) -> str:
    """A name of letters, digits and hyphens within ``limit``; a longer one keeps its start and ends in a digest.

    >>> physical_name("headway", "prod", "loan.documents", limit=63)
    'headway-prod-loan-documents'
    >>> len(physical_name("x" * 80, limit=63))
    63
    """
    name = re.sub(r"[^a-zA-Z0-9]+", "-", "-".join(parts)).strip("-")
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-')}-{digest}"
