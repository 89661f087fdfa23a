"""A team's own network: VPC, subnets, gateways, routes and endpoints, as programs that bring theirs declare it."""

from __future__ import annotations

from typing import Any

from headway_rehearsal.resources.base import (
    Aws,
    Created,
    Delete,
    Inputs,
    ResourceType,
    ask,
    by,
    changed,
    only,
    tag_list,
)

VPC, SUBNET, GATEWAY = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/internetGateway:InternetGateway"
TABLE, ROUTE = "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
_SET_LATER = ("enableDnsHostnames", "enableDnsSupport", "mapPublicIpOnLaunch")
"""Of a VPC and a subnet: a call of their own after they are made."""


def _arn(aws: Aws, kind: str, identity: str) -> str:
    return f"arn:aws:ec2:{aws.region}:{aws.account}:{kind}/{identity}"


def _tagged(kind: str, inputs: Inputs) -> list[dict[str, Any]]:
    """Tags as EC2 takes them while something is made; none at all where there are none."""
    return [{"ResourceType": kind, "Tags": tag_list(inputs)}] if inputs.get("tags") else []


def _vpc(aws: Aws, logical: str, inputs: Inputs) -> Created:
    del logical
    made = ask(
        aws, "ec2", "create_vpc", inputs, what=VPC, handled=_SET_LATER, TagSpecifications=_tagged("vpc", inputs)
    )["Vpc"]
    identity = str(made["VpcId"])
    _set_vpc(aws, identity, {}, inputs)
    (main,) = aws.client("ec2").describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [identity]}, {"Name": "association.main", "Values": ["true"]}]
    )["RouteTables"]
    table = main["RouteTableId"]
    return Created(
        identity, {"arn": _arn(aws, "vpc", identity), "mainRouteTableId": table, "defaultRouteTableId": table}
    )


def _set_vpc(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    for name, default in (("enableDnsSupport", True), ("enableDnsHostnames", False)):
        if changed(old, new, name):
            value = new.get(name)
            member = f"{name[0].upper()}{name[1:]}"
            aws.client("ec2").modify_vpc_attribute(
                VpcId=identity, **{member: {"Value": default if value is None else bool(value)}}
            )
    return {}


def _read_vpc(aws: Aws, identity: str) -> dict[str, Any]:
    client = aws.client("ec2")
    (found,) = client.describe_vpcs(VpcIds=[identity])["Vpcs"]
    settings = {}
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        answer = client.describe_vpc_attribute(VpcId=identity, Attribute=name)
        settings[name] = answer[f"{name[0].upper()}{name[1:]}"]["Value"]
    return {**found, **settings}


def _subnet(aws: Aws, logical: str, inputs: Inputs) -> Created:
    del logical
    made = ask(
        aws, "ec2", "create_subnet", inputs, what=SUBNET, handled=_SET_LATER,
        TagSpecifications=_tagged("subnet", inputs),
    )["Subnet"]  # fmt: skip
    identity = str(made["SubnetId"])
    _set_subnet(aws, identity, {}, inputs)
    return Created(identity, {"arn": _arn(aws, "subnet", identity), "availabilityZone": made["AvailabilityZone"]})


def _set_subnet(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    if changed(old, new, "mapPublicIpOnLaunch"):
        aws.client("ec2").modify_subnet_attribute(
            SubnetId=identity, MapPublicIpOnLaunch={"Value": bool(new.get("mapPublicIpOnLaunch"))}
        )
    return {}


def _read_subnet(aws: Aws, identity: str) -> dict[str, Any]:
    (found,) = aws.client("ec2").describe_subnets(SubnetIds=[identity])["Subnets"]
    return dict(found)


def _gateway(aws: Aws, logical: str, inputs: Inputs) -> Created:
    del logical
    only(inputs, ("vpcId",), GATEWAY)
    client = aws.client("ec2")
    made = client.create_internet_gateway(TagSpecifications=_tagged("internet-gateway", inputs))["InternetGateway"]
    identity = str(made["InternetGatewayId"])
    if inputs.get("vpcId"):
        client.attach_internet_gateway(InternetGatewayId=identity, VpcId=inputs["vpcId"])
    return Created(identity, {"arn": _arn(aws, "internet-gateway", identity)})


def _read_gateway(aws: Aws, identity: str) -> dict[str, Any]:
    (found,) = aws.client("ec2").describe_internet_gateways(InternetGatewayIds=[identity])["InternetGateways"]
    attached = found.get("Attachments") or []
    return {**found, "vpcId": attached[0]["VpcId"] if attached else None}


def _move_gateway(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    client = aws.client("ec2")
    if old.get("vpcId"):
        client.detach_internet_gateway(InternetGatewayId=identity, VpcId=old["vpcId"])
    if new.get("vpcId"):
        client.attach_internet_gateway(InternetGatewayId=identity, VpcId=new["vpcId"])
    return {}


def _delete_gateway(aws: Aws, identity: str, state: Inputs) -> None:
    _move_gateway(aws, identity, state, {})
    aws.client("ec2").delete_internet_gateway(InternetGatewayId=identity)


def _table(aws: Aws, logical: str, inputs: Inputs) -> Created:
    del logical
    only(inputs, ("vpcId", "routes"), TABLE)
    made = aws.client("ec2").create_route_table(
        VpcId=inputs["vpcId"], TagSpecifications=_tagged("route-table", inputs)
    )["RouteTable"]
    identity = str(made["RouteTableId"])
    for row in inputs.get("routes") or []:
        _add(aws, identity, row)
    return Created(identity, {"arn": _arn(aws, "route-table", identity)})


def _add(aws: Aws, table: str, row: Inputs) -> None:
    """A route within its table, where the provider calls the destination ``cidrBlock``."""
    ask(aws, "ec2", "create_route", row, what=f"{TABLE}.routes", rename={"cidrBlock": "DestinationCidrBlock"},
        RouteTableId=table)  # fmt: skip


def _read_table(aws: Aws, identity: str) -> dict[str, Any]:
    (found,) = aws.client("ec2").describe_route_tables(RouteTableIds=[identity])["RouteTables"]
    # Neither the VPC's own route nor what a gateway endpoint adds is anybody's to declare.
    declared = [row for row in found["Routes"] if row.get("GatewayId") != "local" and row.get("DestinationCidrBlock")]
    return {**found, "routes": [{**row, "cidrBlock": row["DestinationCidrBlock"]} for row in declared]}


def _update_table(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    for row in old.get("routes") or []:
        aws.client("ec2").delete_route(RouteTableId=identity, DestinationCidrBlock=row["cidrBlock"])
    for row in new.get("routes") or []:
        _add(aws, identity, row)
    return {}


def _route(aws: Aws, logical: str, inputs: Inputs) -> Created:
    del logical
    ask(aws, "ec2", "create_route", inputs, what=ROUTE)
    return Created(f"r-{inputs['routeTableId']}-{inputs['destinationCidrBlock']}")


def _read_route(aws: Aws, identity: str) -> dict[str, Any]:
    table, _, destination = identity.partition("/")
    (found,) = aws.client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"]
    row = next(one for one in found["Routes"] if one.get("DestinationCidrBlock") == destination)
    return {**row, "routeTableId": table}


def _update_route(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    del old, identity
    ask(aws, "ec2", "replace_route", new, what=ROUTE)
    return {}


def _delete_route(aws: Aws, identity: str, state: Inputs) -> None:
    del state
    table, _, destination = identity.partition("/")
    aws.client("ec2").delete_route(RouteTableId=table, DestinationCidrBlock=destination)


def _association(aws: Aws, logical: str, inputs: Inputs) -> Created:
    del logical
    return Created(ask(aws, "ec2", "associate_route_table", inputs, what=ASSOCIATION)["AssociationId"])


def _read_association(aws: Aws, identity: str) -> dict[str, Any]:
    tables = aws.client("ec2").describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [identity]}])
    found: dict[str, Any] = next(
        one for table in tables["RouteTables"] for one in table["Associations"] if one.get("SubnetId") == identity
    )
    return found


def _move_association(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    del old
    there = _read_association(aws, identity)["RouteTableAssociationId"]
    aws.client("ec2").replace_route_table_association(AssociationId=there, RouteTableId=new["routeTableId"])
    return {}


def _delete_association(aws: Aws, identity: str, state: Inputs) -> None:
    del state
    there = _read_association(aws, identity)["RouteTableAssociationId"]
    aws.client("ec2").disassociate_route_table(AssociationId=there)


def _endpoint(aws: Aws, logical: str, inputs: Inputs) -> Created:
    del logical
    # "Gateway" is what AWS takes where nothing is said; moto would keep none, and could not delete it.
    made = ask(
        aws, "ec2", "create_vpc_endpoint", {"vpcEndpointType": "Gateway", **inputs}, what=ENDPOINT,
        rename={"policy": "PolicyDocument"}, TagSpecifications=_tagged("vpc-endpoint", inputs),
    )["VpcEndpoint"]  # fmt: skip
    identity = str(made["VpcEndpointId"])
    return Created(identity, {"arn": _arn(aws, "vpc-endpoint", identity)})


def _read_endpoint(aws: Aws, identity: str) -> dict[str, Any]:
    (found,) = aws.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[identity])["VpcEndpoints"]
    if found["State"] == "deleted":
        # AWS forgets an endpoint a while after it went; moto shows it for ever.
        raise KeyError(identity)
    groups = [row["GroupId"] for row in found.get("Groups") or []]
    return {**found, "securityGroupIds": groups}


def _update_endpoint(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    moves: dict[str, Any] = {}
    for name, member in (
        ("routeTableIds", "RouteTableIds"), ("subnetIds", "SubnetIds"), ("securityGroupIds", "SecurityGroupIds"),
    ):  # fmt: skip
        before, after = set(old.get(name) or []), set(new.get(name) or [])
        moves |= {f"Add{member}": sorted(after - before), f"Remove{member}": sorted(before - after)}
    ask(
        aws, "ec2", "modify_vpc_endpoint",
        {"policy": new.get("policy"), "privateDnsEnabled": new.get("privateDnsEnabled")}, what=ENDPOINT,
        rename={"policy": "PolicyDocument"}, VpcEndpointId=identity,
        **{member: ids for member, ids in moves.items() if ids},
    )  # fmt: skip
    return {}


def _delete_endpoint(aws: Aws, identity: str, state: Inputs) -> None:
    del state
    aws.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[identity])


def _removed(operation: str, parameter: str) -> Delete:
    return by("ec2", operation, parameter)


ROWS = (
    ResourceType(
        VPC, _vpc, _read_vpc, _removed("delete_vpc", "VpcId"), _set_vpc,
        replaces=("cidrBlock", "instanceTenancy"), named=None,
    ),
    ResourceType(
        SUBNET, _subnet, _read_subnet, _removed("delete_subnet", "SubnetId"), _set_subnet,
        replaces=("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"), named=None,
    ),
    ResourceType(GATEWAY, _gateway, _read_gateway, _delete_gateway, _move_gateway, named=None),
    ResourceType(
        TABLE, _table, _read_table, _removed("delete_route_table", "RouteTableId"), _update_table,
        replaces=("vpcId",), named=None,
    ),
    ResourceType(
        ROUTE, _route, _read_route, _delete_route, _update_route,
        replaces=("routeTableId", "destinationCidrBlock"), named=None,
        known_by=("routeTableId", "destinationCidrBlock"),
    ),
    ResourceType(
        ASSOCIATION, _association, _read_association, _delete_association, _move_association,
        replaces=("subnetId",), named=None, known_by=("subnetId",),
    ),
    ResourceType(
        ENDPOINT, _endpoint, _read_endpoint, _delete_endpoint, _update_endpoint,
        replaces=("vpcId", "serviceName", "vpcEndpointType"), named=None, shown_as={"policy": "PolicyDocument"},
    ),
)  # fmt: skip
