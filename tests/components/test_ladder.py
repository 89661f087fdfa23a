"""The ladder as it is provisioned: its queue, its table, what the router is told and what it may do."""

import json
from pathlib import Path

import pytest

from headway import load_profile, plan
from headway.architectures.design import RealtimeDesign
from headway.errors import HeadwayError
from headway.profile.answers import Validation
from headway_components import RealtimeEndpoint
from headway_runtime.settings import VARIABLE, RouterSettings, WatchdogSettings
from tests.components.designs import AUTOSCALED
from tests.components.provisioned import Provisioned, provision

PROFILE = Path("stacks/profiles/delivery-estimate.yaml")


@pytest.fixture(scope="module")
def design() -> RealtimeDesign:
    made = plan(load_profile(PROFILE)).design
    assert isinstance(made, RealtimeDesign)
    return made


@pytest.fixture(scope="module")
def made(design: RealtimeDesign) -> Provisioned:
    return provision(lambda: RealtimeEndpoint("work", {"design": design}) and None)


def test_the_router_is_told_the_ladder_by_name(made: Provisioned) -> None:
    function = made.one("lambda:Function", "-router")
    told = RouterSettings.from_json(function.inputs["environment"]["variables"][VARIABLE])
    assert (told.ladder, told.default) == (("cache", "queue", "default"), {"days": "3 to 5"})
    assert told.queue_url.endswith("/work-requests")
    assert told.dead_letters_url.endswith("/work-dead-letters")
    assert (told.cache_table, told.cache_kept_s) == ("work-answers", 6 * 3600)
    assert (told.reserve_share, told.reserve_s) == (0.1, 0.5)
    [part] = told.parts.values()
    assert (part.kind, part.max_wait_s) == ("live", 2)
    assert part.endpoint_name == made.one("sagemaker:Endpoint").inputs["name"]
    assert told.table == ""


def test_what_is_queued_outlives_a_long_outage_and_is_given_to_the_function_a_few_at_once(made: Provisioned) -> None:
    queue = made.one("sqs:Queue", "work-requests").inputs
    assert queue["messageRetentionSeconds"] == 14 * 86_400
    assert json.loads(queue["redrivePolicy"])["maxReceiveCount"] == 1000
    assert queue["visibilityTimeoutSeconds"] == 6 * made.one("lambda:Function", "-router").inputs["timeout"]
    mapping = made.one("lambda:EventSourceMapping").inputs
    assert mapping["scalingConfig"]["maximumConcurrency"] >= 2
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert "maximumBatchingWindowInSeconds" not in mapping


def test_answers_expire_and_results_are_forgotten(made: Provisioned) -> None:
    table = made.one("dynamodb:Table").inputs
    assert table["ttl"] == {"attributeName": "expires_at", "enabled": True}
    rules = made.one("s3:BucketLifecycleConfiguration").inputs["rules"]
    assert {one["filter"]["prefix"]: one["expiration"]["days"] for one in rules} == {"results/": 30, "requests/": 30}


def test_the_role_may_do_what_the_rungs_take_and_no_more(made: Provisioned) -> None:
    policy = made.one("iam:RolePolicy", "work-router-policy").document("policy")
    may = {(action, str(one["Resource"])) for one in policy["Statement"] for action in one["Action"]}
    tables = {pair for pair in may if pair[0].startswith("dynamodb:")}
    assert {action for action, _ in tables} == {"dynamodb:GetItem", "dynamodb:PutItem"}
    assert all(resource.endswith("work-answers") for _, resource in tables)
    sends = {resource.rsplit(":", 1)[-1] for action, resource in may if action == "sqs:SendMessage"}
    assert sends == {"work-requests", "work-dead-letters"}
    takes = {resource.rsplit(":", 1)[-1] for action, resource in may if action == "sqs:ReceiveMessage"}
    assert takes == {"work-requests"}
    writes = {resource.rsplit("/", 2)[-2] for action, resource in may if action == "s3:PutObject"}
    assert writes == {"results", "requests"}


def test_a_day_of_what_was_queued_is_accounted_for(made: Provisioned, design: RealtimeDesign) -> None:
    watchdog = made.one("lambda:Function", "work-watchdog").inputs["environment"]["variables"][VARIABLE]
    told, router = WatchdogSettings.from_json(watchdog), made.one("lambda:Function", "work-router").inputs
    asked = RouterSettings.from_json(router["environment"]["variables"][VARIABLE])
    assert told.name == f"{asked.name}-queued"
    assert (told.queue_url, told.dead_letter_url) == (asked.queue_url, asked.dead_letters_url)
    alarm = made.one("cloudwatch:MetricAlarm", "work-unaccounted").inputs
    assert (alarm["dimensions"], alarm["threshold"]) == ({"Fleet": told.name}, 5)
    assert design.router is not None
    assert {"PromiseUsed", "Unaccounted"} < set(design.router.metrics)


def test_nobody_calls_the_api_without_iam(made: Provisioned) -> None:
    assert {one.inputs["authorizationType"] for one in made.all("apigatewayv2:Route")} == {"AWS_IAM"}


def test_the_endpoints_own_alarms_watch_what_the_ladder_leaves_it(made: Provisioned) -> None:
    latency = made.one("cloudwatch:MetricAlarm", "work-latency").inputs
    assert latency["threshold"] == pytest.approx(1.8e6), "microseconds; a tenth of two seconds is the ladder's"
    degraded = made.one("cloudwatch:MetricAlarm", "work-degraded").inputs
    assert (degraded["threshold"], degraded["comparisonOperator"]) == (10, "GreaterThanThreshold")
    names = [query["metric"]["metricName"] for query in degraded["metricQueries"] if "metric" in query]
    assert names == ["Degraded", "Count"]
    age = made.one("cloudwatch:MetricAlarm", "work-router-queue-age").inputs
    names = [query["metric"]["metricName"] for query in age["metricQueries"] if "metric" in query]
    assert names == ["ApproximateAgeOfOldestMessage", "QueuedFor"], "SQS passes over what was received three times"


def test_without_a_router_a_wired_bucket_is_not_passed_over_in_silence() -> None:
    args = {"design": AUTOSCALED, "results_bucket": "mine"}
    with pytest.raises(HeadwayError, match="results_bucket has no use"):
        provision(lambda: RealtimeEndpoint("work", args) and None)


def test_a_wired_bucket_is_the_routers(design: RealtimeDesign) -> None:
    made = provision(lambda: RealtimeEndpoint("work", {"design": design, "results_bucket": "mine"}) and None)
    assert made.all("s3:Bucket") == []
    told = RouterSettings.from_json(made.one("lambda:Function", "-router").inputs["environment"]["variables"][VARIABLE])
    assert told.results_bucket == "mine"


def test_with_validation_live_answers_are_checked_watched_and_on_the_bill() -> None:
    of = load_profile(PROFILE)
    checked = of.model_copy(
        update={"model": of.model.model_copy(update={"validation": Validation(schema={"required": ["days"]})})}
    )
    planned = plan(checked, only="realtime")
    assert planned.design is not None
    made = provision(lambda: RealtimeEndpoint("work", {"design": planned.design}) and None)
    document = made.one("s3:BucketObjectv2", "work-validation").inputs
    assert json.loads(document["content"]) == {"schema": {"required": ["days"]}, "confidence": None, "probes": []}
    told = RouterSettings.from_json(made.one("lambda:Function", "-router").inputs["environment"]["variables"][VARIABLE])
    assert told.validation.endswith(f"/{document['key']}")
    for name in ("work-doubtful-answers", "work-schema-breaks"):
        watched = made.one("cloudwatch:MetricAlarm", name).inputs["metricQueries"]
        assert {tuple(one["metric"]["dimensions"]) for one in watched if "metric" in one} == {("Router",)}
    assert {one.name for one in made.all("cloudwatch:MetricAlarm")} == {f"work-{one}" for one in planned.design.alarms}
    assert planned.chosen is not None
    assert planned.chosen.bill is not None
    (line,) = [one for one in planned.chosen.bill.lines if "held against" in one.description]
    assert line.quantity.expected == 2, "Doubtful and SchemaBreaks"
    assert not [one for one in planned.warnings if "model.validation" in one]
