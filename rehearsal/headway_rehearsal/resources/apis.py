"""API Gateway's HTTP APIs, DynamoDB."""

from __future__ import annotations

from typing import Any

from headway_rehearsal.resources.base import Aws, Created, Inputs, ResourceType, ask, only, tag_list, tag_map


def _api(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    answer = ask(
        aws, "apigatewayv2", "create_api", inputs, what="aws:apigatewayv2/api:Api", handled=("name",), Name=name,
        Tags=tag_map(inputs),
    )  # fmt: skip
    identity = answer["ApiId"]
    arn = f"arn:aws:execute-api:{aws.region}:{aws.account}:{identity}"
    return Created(identity, {"name": name, "apiEndpoint": answer["ApiEndpoint"], "executionArn": arn})


def _read_api(aws: Aws, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("apigatewayv2").get_api(ApiId=identity)
    return found


def _part(operation: str, token: str, key: str) -> Any:
    """A row for what belongs to an API: made by one operation, known by an id of its own."""

    def create(aws: Aws, logical: str, inputs: Inputs) -> Created:
        del logical
        renamed = {"timeoutMilliseconds": "TimeoutInMillis", "name": "StageName"}
        tags: dict[str, Any] = {"Tags": tag_map(inputs)} if inputs.get("tags") else {}
        answer = ask(aws, "apigatewayv2", operation, inputs, what=token, rename=renamed, **tags)
        # The provider's id is the part's alone; reading needs the API's too.
        return Created(str(answer[key]), {"id": answer[key]})

    return create


def _parts(operation: str, key: str) -> Any:
    """Reads a part by looking for it in every API of the account."""

    def read(aws: Aws, identity: str) -> dict[str, Any]:
        client = aws.client("apigatewayv2")
        for api in client.get_apis()["Items"]:
            for row in getattr(client, operation)(ApiId=api["ApiId"])["Items"]:
                if row[key] == identity:
                    return dict(row)
        raise KeyError(identity)

    return read


def _table(aws: Aws, logical: str, inputs: Inputs) -> Created:
    only(
        inputs, ("name", "billingMode", "hashKey", "attributes", "ttl", "serverSideEncryption", "pointInTimeRecovery",
                 "deletionProtectionEnabled"), "aws:dynamodb/table:Table",
    )  # fmt: skip
    client, name = aws.client("dynamodb"), aws.name(logical, inputs)
    made = client.create_table(
        TableName=name,
        BillingMode=inputs["billingMode"],
        KeySchema=[{"AttributeName": inputs["hashKey"], "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": row["name"], "AttributeType": row["type"]} for row in inputs["attributes"]
        ],
        Tags=tag_list(inputs),
    )["TableDescription"]
    ttl = inputs.get("ttl")
    if ttl:
        client.update_time_to_live(
            TableName=name,
            TimeToLiveSpecification={"AttributeName": ttl["attributeName"], "Enabled": bool(ttl["enabled"])},
        )
    return Created(name, {"name": name, "arn": made["TableArn"]})


def _read_table(aws: Aws, identity: str) -> dict[str, Any]:
    client = aws.client("dynamodb")
    found: dict[str, Any] = client.describe_table(TableName=identity)["Table"]
    return {**found, "TimeToLive": client.describe_time_to_live(TableName=identity)["TimeToLiveDescription"]}


ROWS = (
    ResourceType("aws:apigatewayv2/api:Api", _api, _read_api),
    ResourceType(
        "aws:apigatewayv2/integration:Integration",
        _part("create_integration", "aws:apigatewayv2/integration:Integration", "IntegrationId"),
        _parts("get_integrations", "IntegrationId"),
    ),
    ResourceType(
        "aws:apigatewayv2/route:Route",
        _part("create_route", "aws:apigatewayv2/route:Route", "RouteId"),
        _parts("get_routes", "RouteId"),
    ),
    ResourceType(
        "aws:apigatewayv2/stage:Stage",
        _part("create_stage", "aws:apigatewayv2/stage:Stage", "StageName"),
        _parts("get_stages", "StageName"),
    ),
    ResourceType("aws:dynamodb/table:Table", _table, _read_table),
)
