"""The table: every type by its token, and the data sources that programs ask."""

from __future__ import annotations

from typing import Any

from headway_rehearsal.resources import access, apis, compute, endpoints, messaging, network, observability, storage
from headway_rehearsal.resources.base import Aws, Created, Inputs, ResourceType

TABLE: dict[str, ResourceType] = {
    row.token: row
    for module in (access, apis, compute, endpoints, messaging, network, observability, storage)
    for row in module.ROWS
}


def invoke(aws: Aws, source: str, inputs: Inputs) -> dict[str, Any]:
    """A data source's answer.

    Raises:
        KeyError: A data source that the table does not know.
    """
    if source == "aws:index/getCallerIdentity:getCallerIdentity":
        return {
            "accountId": aws.account,
            "arn": f"arn:aws:iam::{aws.account}:root",
            "id": aws.account,
            "userId": "root",
        }
    if source == "aws:index/getRegion:getRegion":
        return {"id": aws.region, "name": aws.region, "region": aws.region, "description": ""}
    if source == "aws:index/getPartition:getPartition":
        return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com"}
    client = aws.client("ec2")
    if source == "aws:ec2/getVpc:getVpc":
        filters = [{"Name": "is-default", "Values": ["true"]}] if inputs.get("default") else []
        which = {"VpcIds": [inputs["id"]]} if inputs.get("id") else {"Filters": filters}
        vpc = client.describe_vpcs(**which)["Vpcs"][0]
        return {"id": vpc["VpcId"], "cidrBlock": vpc["CidrBlock"], "default": vpc["IsDefault"]}
    if source == "aws:ec2/getSubnets:getSubnets":
        names = {"default-for-az": "defaultForAz"}
        filters = [{"Name": names.get(row["name"], row["name"]), "Values": row["values"]} for row in inputs["filters"]]
        rows = client.describe_subnets(Filters=filters)["Subnets"]
        return {"id": aws.region, "ids": sorted(row["SubnetId"] for row in rows)}
    raise KeyError(f"data source {source} is not in the resource table")


__all__ = ["TABLE", "Aws", "Created", "ResourceType", "invoke"]
