"""Hybrids: parts of their own below one router, sharing what can be shared, each function with its own rights."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from headway import load_profile, plan
from headway.architectures.hybrid_design import Design, PrecomputedDesign
from headway.errors import HeadwayError
from headway_components import FeatureStore, Inference, Precomputed, SpotBatch, Tiered
from headway_rehearsal.alarms import evaluate
from headway_runtime.routing import SPARE_S
from headway_runtime.settings import VARIABLE, FeederSettings, RouterSettings, WorkerSettings
from tests.components.provisioned import Provisioned, provision


def design_of(profile: str) -> Design:
    design = plan(load_profile(f"stacks/profiles/{profile}.yaml")).design
    assert design is not None
    return design


def made_of(component: Callable[..., Any], profile: str) -> Provisioned:
    design = design_of(profile)
    return provision(lambda: component("work", {"design": design}) and None)


@pytest.fixture(scope="module")
def tiered() -> Provisioned:
    return made_of(Tiered, "moderation")


@pytest.fixture(scope="module")
def precomputed() -> Provisioned:
    # The profile's region is another than the tests': the component takes it from its design.
    return made_of(Precomputed, "shop-recommendations")


@pytest.fixture(scope="module")
def features() -> Provisioned:
    return made_of(FeatureStore, "transaction-risk")


def router_settings(made: Provisioned) -> RouterSettings:
    function = made.one("lambda:Function", "work-router")
    return RouterSettings.from_json(function.inputs["environment"]["variables"][VARIABLE])


def test_the_router_knows_the_rules_and_where_each_part_is(tiered: Provisioned) -> None:
    told = router_settings(tiered)
    assert [(one.tier, one.field, one.equals, one.part) for one in told.routes] == [
        ("verified", "creator", "verified", "verified"), ("anonymous", None, None, "anonymous"),
    ]  # fmt: skip
    assert told.parts["verified"].kind == "live"
    assert told.parts["verified"].endpoint_name == tiered.one("sagemaker:Endpoint").inputs["name"]
    assert told.parts["anonymous"].kind == "queue"
    assert told.parts["anonymous"].queue_url.endswith("/work-anonymous-requests")
    assert (told.parts["verified"].max_wait_s, told.parts["anonymous"].max_wait_s) == (4, 3600)


def test_nobody_calls_the_api_without_iam(tiered: Provisioned) -> None:
    routes = tiered.all("apigatewayv2:Route")
    assert {one.inputs["routeKey"] for one in routes} == {
        "POST /requests", "GET /results/{id}", "POST /uploads",
    }  # fmt: skip
    assert {one.inputs["authorizationType"] for one in routes} == {"AWS_IAM"}
    (permission,) = [one for one in tiered.all("lambda:Permission") if "api" in one.name]
    assert permission.inputs["principal"] == "apigateway.amazonaws.com"


def test_the_api_waits_a_little_longer_than_its_function(tiered: Provisioned) -> None:
    timeout = tiered.one("apigatewayv2:Integration").inputs["timeoutMilliseconds"]
    function = tiered.one("lambda:Function", "work-router").inputs
    assert function["timeout"] * 1000 < timeout <= 30_000
    told = RouterSettings.from_json(function["environment"]["variables"][VARIABLE])
    assert told.limit_s + SPARE_S < function["timeout"], "an endpoint is left while there is time to say so"


def test_tiers_share_a_bucket_and_a_topic_and_no_queue(tiered: Provisioned) -> None:
    assert len(tiered.all("s3:Bucket")) == 1
    assert len(tiered.all("sns:Topic")) == 1
    assert {one.name for one in tiered.all("sqs:Queue")} == {"work-anonymous-requests", "work-anonymous-dead-letters"}
    uploads = [one.inputs["key"] for one in tiered.all("s3:BucketObjectv2")]
    assert len(set(uploads)) == len(uploads) == 2, "each component takes only its own copy of the runtime away"


@pytest.mark.parametrize(
    ("made", "actions"),
    [
        ("tiered", {"sagemaker:InvokeEndpoint", "sqs:SendMessage"}),
        ("precomputed", {"sagemaker:InvokeEndpoint", "dynamodb:GetItem"}),
        ("features", {"sagemaker:InvokeEndpoint", "dynamodb:GetItem"}),
    ],
)
def test_the_router_may_do_what_it_does_and_no_more(
    made: str, actions: set[str], request: pytest.FixtureRequest
) -> None:
    statements = [one for name, one in request.getfixturevalue(made).statements() if name.startswith("work-router")]
    allowed = {action for one in statements for action in one["Action"]}
    assert allowed == actions | {
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    assert all(one["Resource"] != "*" for one in statements)


def test_answers_are_written_to_the_table_by_the_fill_and_read_by_the_router(precomputed: Provisioned) -> None:
    table = precomputed.one("dynamodb:Table")
    assert table.inputs["billingMode"] == "PAY_PER_REQUEST"
    assert table.inputs["ttl"] == {"attributeName": "expires_at", "enabled": True}
    told = router_settings(precomputed)
    assert (told.table, told.table_holds) == (table.name, "answers")
    containers = precomputed.one("batch:JobDefinition").document("ecsProperties")["taskProperties"][0]["containers"]
    environment = next(one["environment"] for one in containers if one["name"] == "worker")
    worker = WorkerSettings.from_json(next(one["value"] for one in environment if one["name"] == VARIABLE))
    assert (worker.table, worker.expires_s) == (table.name, 86_400 + 21_600)
    writes = [one for name, one in precomputed.statements() if "dynamodb:PutItem" in one["Action"]]
    assert [one["Resource"] for one in writes] == [f"arn:aws:dynamodb:us-east-1:123456789012:{table.name}"]


def test_features_are_told_from_answers(features: Provisioned) -> None:
    assert router_settings(features).table_holds == "features"


def test_a_manifest_calls_the_feeder_and_one_that_does_not_come_is_missed(precomputed: Provisioned) -> None:
    notification = precomputed.one("s3:BucketNotification").inputs
    (row,) = notification["lambdaFunctions"]
    assert (row["filterPrefix"], row["events"]) == ("manifests/", ["s3:ObjectCreated:*"])
    (permission,) = [one for one in precomputed.all("lambda:Permission") if "feeder" in one.name]
    assert permission.inputs["sourceAccount"] == "123456789012"
    alarm = precomputed.one("cloudwatch:MetricAlarm", "missed-manifests").inputs
    # A day and an hour, hour by hour: silence itself breaches.
    assert (alarm["evaluationPeriods"], alarm["period"], alarm["treatMissingData"]) == (25, 3600, "breaching")
    feeder = precomputed.one("lambda:Function", "feeder").inputs["environment"]["variables"][VARIABLE]
    assert FeederSettings.from_json(feeder).queue_url.endswith("/work-fill-requests")


def evaluated(alarm: Mapping[str, Any], told: Mapping[str, float]) -> float:
    """What a metric-math alarm sees where its metrics' statistics are these."""
    queries = alarm["metricQueries"]
    names = {
        one["id"]: told[f"{one['metric']['metricName']} {one['metric']['stat']}"] for one in queries if "metric" in one
    }
    return evaluate(next(one["expression"] for one in queries if "expression" in one), names)


def test_a_table_that_nobody_fills_is_told_and_silence_is_not(precomputed: Provisioned) -> None:
    design = design_of("shop-recommendations")
    assert isinstance(design, PrecomputedDesign)
    alarm = precomputed.one("cloudwatch:MetricAlarm", "low-hit-rate").inputs

    def fires(hits: float, misses: float) -> bool:
        return evaluated(alarm, {"Hits Sum": hits, "Misses Sum": misses}) > alarm["threshold"]

    assert (alarm["comparisonOperator"], alarm["treatMissingData"]) == ("GreaterThanThreshold", "notBreaching")
    assert fires(0, 100_000), "every row has expired"
    assert not fires(100_000 * design.hit_rate, 100_000 * (1 - design.hit_rate)), "as planned"
    assert not fires(0, 3), "three requests at night"
    assert not [one for one in precomputed.all("cloudwatch:MetricAlarm") if "stale-rows" in one.name]


def test_a_feature_may_be_old_but_not_the_youngest(features: Provisioned) -> None:
    alarm = features.one("cloudwatch:MetricAlarm", "stale-rows").inputs

    def fires(youngest_h: float, rows: int) -> bool:
        return evaluated(alarm, {"RowAge Minimum": youngest_h * 3600, "RowAge SampleCount": rows}) > alarm["threshold"]

    assert fires(31, 10_000)
    assert not fires(29, 10_000)
    assert not fires(100, 5), "five customers who have not changed for days"


def test_a_tables_alarms_are_those_of_its_design(precomputed: Provisioned, features: Provisioned) -> None:
    for made, profile in ((precomputed, "shop-recommendations"), (features, "transaction-risk")):
        whole = design_of(profile)
        own = [one.name.removeprefix("work-") for one in made.all("cloudwatch:MetricAlarm")]
        assert set(whole.alarms) <= set(own)  # type: ignore[union-attr]
        assert sum(name in {"low-hit-rate", "stale-rows"} for name in own) == len(whole.alarms) - 1  # type: ignore[union-attr]


def test_the_outputs_say_where_each_part_is() -> None:
    import pulumi

    made = plan(load_profile("stacks/profiles/moderation.yaml"))

    def program() -> None:
        for name, value in Inference("work", {"plan": made}).outputs.items():
            pulumi.export(name, value)

    outputs = provision(program).outputs
    assert outputs["architecture"] == "tiered"
    assert outputs["addresses"]["anonymous"]["queue_url"].endswith("/work-anonymous-requests")
    assert outputs["addresses"]["verified"]["endpoint_name"]
    assert outputs["router"] == "work-router"
    assert json.dumps(outputs["why"])


def test_scheduled_work_keeps_its_bucket_to_itself() -> None:
    design = design_of("embeddings-refresh")
    with pytest.raises(HeadwayError, match="leave results_bucket out"):
        provision(lambda: SpotBatch("work", {"design": design, "results_bucket": "theirs"}) and None)


def test_a_design_for_a_table_needs_one() -> None:
    fill = design_of("shop-recommendations").fill  # type: ignore[union-attr]
    with pytest.raises(HeadwayError, match="needs one"):
        provision(lambda: SpotBatch("work", {"design": fill}) and None)


def test_a_router_of_ones_own_gets_what_it_needs_and_none_is_made() -> None:
    import pulumi

    profile = load_profile("stacks/profiles/moderation.yaml").model_copy(update={"router": "own"})
    design = plan(profile).design

    def program() -> None:
        tiers = Tiered("work", {"design": design})  # type: ignore[typeddict-item]
        assert tiers.api_url is None
        assert tiers.router is None
        pulumi.export("routing", tiers.routing)
        pulumi.export("policy", tiers.router_policy)

    made = provision(program)
    assert not [one for one in made.resources if one.type.startswith("aws:apigatewayv2")]
    assert not [one.name for one in made.resources if "router" in one.name]
    told = RouterSettings.from_json(made.outputs["routing"])
    assert told.parts["verified"].endpoint_name == made.one("sagemaker:Endpoint").inputs["name"]
    assert told.routes[0].equals == "verified"
    actions = {action for one in json.loads(made.outputs["policy"])["Statement"] for action in one["Action"]}
    assert actions == {"sagemaker:InvokeEndpoint", "sqs:SendMessage", "s3:GetObject", "s3:ListBucket", "s3:PutObject"}
