"""API Gateway's HTTP APIs, DynamoDB."""

from __future__ import annotations

from typing import Any

from headway_rehearsal.resources.base import (
    Aws,
    Created,
    Inputs,
    ResourceType,
    ask,
    by,
    changed,
    only,
    tag_list,
    tag_map,
)


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


def _update_part(operation: str, token: str, parameter: str) -> Any:
    def update(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        del old
        ask(
            aws, "apigatewayv2", operation, new, what=token, handled=("name", parameter[:1].lower() + parameter[1:]),
            rename={"timeoutMilliseconds": "TimeoutInMillis"}, **{parameter: identity.rpartition("/")[2]},
        )  # fmt: skip
        return {}

    return update


def _delete_part(operation: str, parameter: str) -> Any:
    def delete(aws: Aws, identity: str, state: Inputs) -> None:
        getattr(aws.client("apigatewayv2"), operation)(ApiId=state["apiId"], **{parameter: identity.rpartition("/")[2]})

    return delete


def _update_api(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    del old
    ask(
        aws, "apigatewayv2", "update_api", new, what="aws:apigatewayv2/api:Api", handled=("protocolType",),
        ApiId=identity,
    )  # fmt: skip
    return {}


def _parts(operation: str, key: str) -> Any:
    """Reads a part of an API, ``api/part``; by its own id alone it is looked for in every API of the account."""

    def read(aws: Aws, identity: str) -> dict[str, Any]:
        client = aws.client("apigatewayv2")
        api, _, part = identity.rpartition("/")
        for one in [api] if api else [row["ApiId"] for row in client.get_apis()["Items"]]:
            for row in getattr(client, operation)(ApiId=one)["Items"]:
                if row[key] == part:
                    return {**row, "ApiId": one}
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
        DeletionProtectionEnabled=bool(inputs.get("deletionProtectionEnabled")),
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
    ttl = client.describe_time_to_live(TableName=identity)["TimeToLiveDescription"]
    attributes = [{"Name": row["AttributeName"], "Type": row["AttributeType"]} for row in found["AttributeDefinitions"]]
    return {
        **found,
        "Name": found["TableName"],
        "HashKey": found["KeySchema"][0]["AttributeName"],
        "Attributes": attributes,
        "BillingMode": found.get("BillingModeSummary", {}).get("BillingMode"),
        "Ttl": {"AttributeName": ttl.get("AttributeName"), "Enabled": ttl["TimeToLiveStatus"] == "ENABLED"},
    }


def _update_table(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    client = aws.client("dynamodb")
    if changed(old, new, "billingMode", "deletionProtectionEnabled"):
        client.update_table(
            TableName=identity, BillingMode=new["billingMode"],
            DeletionProtectionEnabled=bool(new.get("deletionProtectionEnabled")),
        )  # fmt: skip
    ttl = new.get("ttl")
    if changed(old, new, "ttl") and ttl:
        client.update_time_to_live(
            TableName=identity,
            TimeToLiveSpecification={"AttributeName": ttl["attributeName"], "Enabled": bool(ttl["enabled"])},
        )
    return {}


def _row(
    token: str, what: str, *, of_api: bool = True, replaces: tuple[str, ...], shown_as: dict[str, str] | None = None
) -> ResourceType:
    """The row of a part of an API, from the word that its operations share (``integration``)."""
    key = "StageName" if what == "stage" else f"{what.title()}Id"
    return ResourceType(
        token, _part(f"create_{what}", token, key), _parts(f"get_{what}s", key), _delete_part(f"delete_{what}", key),
        _update_part(f"update_{what}", token, key), replaces=("apiId", *replaces) if of_api else replaces,
        named="name" if what == "stage" else None, known_by=("apiId", "id"), shown_as=shown_as or {},
    )  # fmt: skip


ROWS = (
    ResourceType(
        "aws:apigatewayv2/api:Api", _api, _read_api, by("apigatewayv2", "delete_api", "ApiId"), _update_api,
        replaces=("protocolType",),
    ),
    _row(
        "aws:apigatewayv2/integration:Integration", "integration", replaces=("integrationType",),
        shown_as={"timeoutMilliseconds": "TimeoutInMillis"},
    ),
    _row("aws:apigatewayv2/route:Route", "route", replaces=()),
    _row("aws:apigatewayv2/stage:Stage", "stage", replaces=("name",), shown_as={"name": "StageName"}),
    ResourceType(
        "aws:dynamodb/table:Table", _table, _read_table, by("dynamodb", "delete_table", "TableName"), _update_table,
        replaces=("name", "hashKey", "rangeKey"),
    ),
)  # fmt: skip
