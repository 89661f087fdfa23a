"""The network that workers run in: what was wired in, else the default VPC's subnets; never an ingress rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from headway.errors import HeadwayError
from headway_components.site import Site


@dataclass(frozen=True)
class Network:
    """Subnets and security groups."""

    subnet_ids: pulumi.Input[list[str]]
    security_group_ids: pulumi.Input[list[str]]


def worker_network(site: Site, wiring: Mapping[str, Any]) -> Network:
    """The wired network, completed from the default VPC.

    Raises:
        HeadwayError: A VPC without its subnets, or subnets whose VPC is unknown.
    """
    vpc_id, subnet_ids = wiring.get("vpc_id"), wiring.get("subnet_ids")
    groups = wiring.get("security_group_ids")
    if (vpc_id is None) != (subnet_ids is None) and not (subnet_ids is not None and groups is not None):
        raise HeadwayError(f"{site.name}: vpc_id and subnet_ids belong together: give both, or neither")
    if subnet_ids is None:
        vpc_id, subnet_ids = _default_vpc(site)
    if groups is None:
        groups = [_closed_group(site, vpc_id).id]
    return Network(subnet_ids, groups)


def _default_vpc(site: Site) -> tuple[pulumi.Output[str], pulumi.Output[list[str]]]:
    """The default VPC and its default subnets, which are public: no NAT gateway to pay for."""
    options = pulumi.InvokeOutputOptions(parent=site.parent)
    vpc = aws.ec2.get_vpc_output(default=True, opts=options)
    subnets = aws.ec2.get_subnets_output(
        filters=[{"name": "vpc-id", "values": [vpc.id]}, {"name": "default-for-az", "values": ["true"]}],
        opts=options,
    )
    return vpc.id, subnets.ids


def _closed_group(site: Site, vpc_id: pulumi.Input[str] | None) -> aws.ec2.SecurityGroup:
    """Nothing comes in; HTTPS goes out: SQS, S3, ECR, ECS and logs are all reached that way."""
    return aws.ec2.SecurityGroup(
        site.part("workers"),
        description=f"Workers of {site.name}: nothing in, HTTPS out",
        vpc_id=vpc_id,
        ingress=[],
        egress=[
            {
                "protocol": "tcp",
                "from_port": 443,
                "to_port": 443,
                "cidr_blocks": ["0.0.0.0/0"],
                "description": "AWS services and image registries",
            }
        ],
        tags=site.tags,
        opts=site.child(),
    )
