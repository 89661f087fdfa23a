"""The router before a hybrid's parts: an HTTP API that only IAM identities may call, and the function behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from headway.architectures.answer_watch import ValidationDesign
from headway.architectures.hybrid_design import Route
from headway.architectures.router_design import RouterDesign
from headway_components.access import Statement, allow, policy_document, with_key
from headway_components.alarms import Metric, Rule, alarm
from headway_components.ladder import Ladder, ladder, ladder_alarms, ladder_statements, listen
from headway_components.row_table import RowTable
from headway_components.runtime_function import FunctionSize, runtime_function, upload_bundle
from headway_components.site import Site, physical_name
from headway_components.storage import FAILURES, REQUESTS, RESULTS, Bucket, objects
from headway_components.validation import Document, answer_alarms, validation_document
from headway_components.watchdog import watchdog
from headway_runtime.metrics import ROUTER
from headway_runtime.settings import VARIABLE, PartSettings, RouterSettings, RouteSettings
from headway_runtime.told import queued_as

ROUTES = {
    "send": "POST /requests",
    "result": "GET /results/{id}",
    "upload": "POST /uploads",
}
LONGEST_NAME = 60
ROUTING = frozenset({"name", "routes", "parts", "results_bucket", "results_prefix"})
"""Of a router's settings: what one of your own needs."""


@dataclass(frozen=True)
class Target:
    """Where one part's requests go. ``kind``: ``live``, ``queue`` or ``asynchronous``."""

    kind: str
    max_wait_s: float
    endpoint_name: pulumi.Input[str] = ""
    queue_url: pulumi.Input[str] = ""
    queue_arn: pulumi.Input[str] = ""
    model: pulumi.Input[str] = ""
    """What results say of the model that answers there; a queue's workers say so themselves."""


@dataclass(frozen=True)
class Router:
    """What was made: the API's address and the function's name."""

    api_url: pulumi.Output[str]
    function_name: pulumi.Output[str]
    api_id: pulumi.Output[str]
    name: str
    """Of its metrics."""
    ladder: Ladder | None
    validation: ValidationDesign | None


@dataclass(frozen=True)
class Table:
    """A table and what it holds: ``answers`` or ``features``."""

    rows: RowTable
    holds: str


@dataclass(frozen=True)
class Told:
    """What the router's function is told, beside its parts' names."""

    routes: Sequence[Route]
    targets: Mapping[str, Target]
    bucket: Bucket
    table: Table | None = None


def router(
    site: Site, design: RouterDesign, told: Told, topic: pulumi.Input[str], *, log_retention_days: int
) -> Router:
    """The API and its function: no route is open to whoever is not allowed ``execute-api:Invoke`` on it."""
    name = _name(site)
    rungs = ladder(site, design.ladder)
    checked_for = validation_document(site, design.validation, told.bucket)
    bundle = upload_bundle(site, told.bucket.name)
    function = runtime_function(
        site,
        "router",
        bundle,
        FunctionSize(design.memory_mb, design.timeout_s, None, log_retention_days),
        handler="headway_runtime.router.handler",
        statements=[
            *_statements(site, told),
            *ladder_statements(rungs, told.bucket),
            *([checked_for.read] if checked_for else []),
        ],
        environment={VARIABLE: _settings(name, told, rungs, checked_for).apply(RouterSettings.to_json)},
    )
    listen(site, rungs, function)
    api = aws.apigatewayv2.Api(
        site.part("api"),
        name=name,
        protocol_type="HTTP",
        description=f"Requests of {site.name}",
        tags=site.tags,
        opts=site.child(),
    )
    integration = aws.apigatewayv2.Integration(
        site.part("api-function"),
        api_id=api.id,
        integration_type="AWS_PROXY",
        integration_uri=function.arn,
        payload_format_version="2.0",
        timeout_milliseconds=(design.timeout_s + 1) * 1000,
        opts=site.child(),
    )
    for what, route in ROUTES.items():
        aws.apigatewayv2.Route(
            site.part(f"api-{what}"),
            api_id=api.id,
            route_key=route,
            authorization_type="AWS_IAM",
            target=pulumi.Output.format("integrations/{0}", integration.id),
            opts=site.child(),
        )
    stage = aws.apigatewayv2.Stage(
        site.part("api-stage"), api_id=api.id, name="$default", auto_deploy=True, tags=site.tags, opts=site.child()
    )
    aws.lambda_.Permission(
        site.part("api-call"),
        action="lambda:InvokeFunction",
        function=function.name,
        principal="apigateway.amazonaws.com",
        source_arn=pulumi.Output.format("{0}/*/*", api.execution_arn),
        opts=site.child(),
    )
    alarm(
        site,
        "router-errors",
        topic,
        Metric("AWS/ApiGateway", "5xx", {"ApiId": api.id}),
        Rule.above(0, periods=2, of=3),
        f"{site.name}: the API answers with errors: the router fails, or a live part does not answer.",
    )
    ladder_alarms(site, rungs, function, api.id, name, topic)
    answer_alarms(site, topic, design.validation, name, ROUTER)
    if rungs is not None and rungs.queue is not None and rungs.design.watchdog is not None:
        watchdog(site, rungs.design.watchdog, queued_as(name), rungs.queue, told.bucket, bundle, topic,
                 log_retention_days=log_retention_days)  # fmt: skip
    # The address is of use once the stage serves.
    url = pulumi.Output.all(api.api_endpoint, stage.id).apply(lambda known: str(known[0]))
    return Router(url, function.name, api.id, name, rungs, design.validation)


def router_policy(site: Site, told: Told) -> pulumi.Output[str]:
    """What a router may do, as an IAM policy: for a role of one's own."""
    return policy_document(with_key(site, _statements(site, told)))


def _name(site: Site) -> str:
    return physical_name(pulumi.get_project(), pulumi.get_stack(), site.name, limit=LONGEST_NAME)


def routing(site: Site, told: Told) -> pulumi.Output[str]:
    """What a router of one's own is told: the part of `RouterSettings` that is about routing, as plain JSON."""
    return _settings(_name(site), told).apply(
        lambda settings: json.dumps({key: value for key, value in asdict(settings).items() if key in ROUTING})
    )


def _settings(
    name: str, told: Told, rungs: Ladder | None = None, checked_for: Document | None = None
) -> pulumi.Output[RouterSettings]:
    """The function's settings, once the names in them are known."""
    queue, cache = (rungs.queue, rungs.cache) if rungs else (None, None)
    names: dict[str, pulumi.Input[str]] = {
        "results_bucket": told.bucket.name,
        "table": told.table.rows.name if told.table else "",
        "queue_url": queue.url if queue else "",
        "dead_letters_url": queue.dead_letters_url if queue else "",
        "cache_table": cache.name if cache else "",
        "validation": checked_for.uri if checked_for else "",
    }
    places = {
        part: pulumi.Output.all(endpoint_name=target.endpoint_name, queue_url=target.queue_url, model=target.model)
        for part, target in told.targets.items()
    }
    routes = tuple(
        RouteSettings(
            tier=one.tier, part=one.part, field=one.field, equals=one.equals, any_of=one.any_of, above=one.above
        )
        for one in told.routes
    )

    def settings(known: Mapping[str, Any]) -> RouterSettings:
        parts = {
            part: PartSettings(
                kind=target.kind, max_wait_s=target.max_wait_s,
                **{what: place or "" for what, place in known["places"][part].items()},
            )
            for part, target in told.targets.items()
        }  # fmt: skip
        found: dict[str, Any] = {what: value or "" for what, value in known["names"].items()}
        return RouterSettings(
            name=name, routes=routes, parts=parts, table_holds=told.table.holds if told.table else "", **found,
            **_rungs(rungs),
        )  # fmt: skip

    return pulumi.Output.all(names=pulumi.Output.all(**names), places=pulumi.Output.all(**places)).apply(settings)


def _rungs(made: Ladder | None) -> dict[str, Any]:
    """The ladder's numbers, as its design has them."""
    if made is None:
        return {}
    return {
        "ladder": made.design.rungs,
        "reserve_share": made.design.reserve_share,
        "reserve_s": made.design.reserve_s,
        "cache_kept_s": made.cache.expires_s if made.cache else 0.0,
        "default": made.design.default,
    }


def _statements(site: Site, told: Told) -> list[Statement]:
    """Asking live parts, sending to queues, reading results and rows, signing uploads; no more."""
    statements: list[Statement] = [
        allow(["s3:GetObject"], [objects(told.bucket.arn, RESULTS), objects(told.bucket.arn, REQUESTS)]),
        allow(["s3:PutObject"], objects(told.bucket.arn, REQUESTS)),
        # So that S3 says of a result that is not there yet that it is not there, and "forbidden" means just that. Of
        # the whole bucket: with a condition it would say "forbidden" all the same.
        allow(["s3:ListBucket"], told.bucket.arn),
    ]
    asked = {"live": "sagemaker:InvokeEndpoint", "asynchronous": "sagemaker:InvokeEndpointAsync"}
    for target in told.targets.values():
        if target.kind == "queue":
            statements.append(allow(["sqs:SendMessage"], target.queue_arn))
        else:
            arn = site.arn("sagemaker", pulumi.Output.format("endpoint/{0}", target.endpoint_name))
            statements.append(allow([asked[target.kind]], arn))
    if any(target.kind == "asynchronous" for target in told.targets.values()):
        statements.append(allow(["s3:GetObject"], objects(told.bucket.arn, FAILURES)))
    if told.table is not None:
        statements.append(allow(["dynamodb:GetItem"], told.table.rows.arn))
    return statements
