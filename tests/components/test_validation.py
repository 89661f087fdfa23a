"""Output validation as it is provisioned: the document that the runtime reads, who may read it, the alarms, the graphs."""

import json
from typing import Any

import pytest

from headway_components import MicroBatch, SpotBatch
from headway_runtime.settings import VARIABLE, MicroBatchSettings, WatchdogSettings, WorkerSettings
from tests.components.designs import BATCH, CHECKED_BATCHES, GPU_POOL, VALIDATION
from tests.components.provisioned import Provisioned, provision

CHECKED = BATCH.model_copy(
    update={"validation": VALIDATION, "pools": (GPU_POOL.model_copy(update={"probe_s": 2.0}), *BATCH.pools[1:])}
)


@pytest.fixture(scope="module")
def batch() -> Provisioned:
    return provision(lambda: SpotBatch("loans", {"design": CHECKED}) and None)


@pytest.fixture(scope="module")
def microbatch() -> Provisioned:
    return provision(lambda: MicroBatch("tags", {"design": CHECKED_BATCHES}) and None)


def told(made: Provisioned, function: str) -> str:
    text: str = made.one("lambda:Function", function).inputs["environment"]["variables"][VARIABLE]
    return text


def worker_settings(made: Provisioned) -> WorkerSettings:
    job = made.one("batch:JobDefinition", "g5-xlarge-b8-job").document("ecsProperties")
    containers = {one["name"]: one for one in job["taskProperties"][0]["containers"]}
    environment = {one["name"]: one["value"] for one in containers["worker"]["environment"]}
    return WorkerSettings.from_json(environment[VARIABLE])


def test_what_to_check_for_lies_beside_the_runtime_and_workers_know_where(batch: Provisioned) -> None:
    document = batch.one("s3:BucketObjectv2", "validation").inputs
    assert json.loads(document["content"]) == VALIDATION.document
    settings = worker_settings(batch)
    assert settings.validation.endswith(f"/{document['key']}")
    assert document["key"].startswith("runtime/loans")
    assert settings.probe_s == 2.0
    assert settings.probes_within_s == 36.0


def test_another_schema_has_another_key_so_that_a_running_job_reads_its_own() -> None:
    other = VALIDATION.model_copy(update={"document": {**VALIDATION.document, "schema": None}})
    keys = {
        provision(lambda design=design: SpotBatch("x", {"design": CHECKED.model_copy(update={"validation": design})}) and None)
        .one("s3:BucketObjectv2", "validation").inputs["key"]
        for design in (VALIDATION, other)
    }  # fmt: skip
    assert len(keys) == 2


def test_micro_batches_read_it_and_the_watchdog_asks_the_probes(microbatch: Provisioned) -> None:
    key = microbatch.one("s3:BucketObjectv2", "validation").inputs["key"]
    watchdog = WatchdogSettings.from_json(told(microbatch, "watchdog"))
    assert MicroBatchSettings.from_json(told(microbatch, "batcher")).validation == watchdog.validation
    assert watchdog.validation.endswith(key)
    assert watchdog.endpoint_name == microbatch.one("sagemaker:Endpoint").inputs["name"]
    assert microbatch.one("lambda:Function", "watchdog").inputs["timeout"] == 180


@pytest.mark.parametrize("who", ["batcher", "watchdog"])
def test_each_function_may_read_that_document_alone(microbatch: Provisioned, who: str) -> None:
    key = microbatch.one("s3:BucketObjectv2", "validation").inputs["key"]
    statements = [statement for name, statement in microbatch.statements() if name == f"tags-{who}-policy"]
    resources = json.dumps([one["Resource"] for one in statements if one["Action"] == ["s3:GetObject"]])
    assert f"/{key}" in resources
    assert "runtime/*" not in resources
    asked = [one["Resource"] for one in statements if "sagemaker:InvokeEndpoint" in one["Action"]]
    assert len(asked) == 1, "each asks the one endpoint"


@pytest.mark.parametrize(("what", "metric", "threshold", "window_s"), [
    ("doubtful-answers", "Doubtful", 7.0, 3600), ("schema-breaks", "SchemaBreaks", 2.0, 21_600),
])  # fmt: skip
def test_a_share_alarm_looks_at_the_average_and_at_how_many_answers_there_were(
    batch: Provisioned, what: str, metric: str, threshold: float, window_s: int
) -> None:
    alarm = batch.one("cloudwatch:MetricAlarm", what).inputs
    assert (alarm["threshold"], alarm["treatMissingData"]) == (pytest.approx(threshold), "notBreaching")
    asked: dict[str, Any] = {query["id"]: query for query in alarm["metricQueries"]}
    assert asked["watched"]["expression"] == "IF(m0 * m1 >= 2, 100 * m0, 0)"
    found = [asked[one]["metric"] for one in ("m0", "m1")]
    assert [one["stat"] for one in found] == ["Average", "SampleCount"]
    assert {(one["metricName"], one["period"]) for one in found} == {(metric, window_s)}


def test_one_probe_that_fails_is_an_alarm(microbatch: Provisioned) -> None:
    alarm = microbatch.one("cloudwatch:MetricAlarm", "failed-probes").inputs
    assert (alarm["metricName"], alarm["statistic"], alarm["threshold"]) == ("FailedProbes", "Maximum", 0)


@pytest.mark.parametrize(("component", "design"), [(SpotBatch, CHECKED), (MicroBatch, CHECKED_BATCHES)])
def test_the_alarms_and_the_dashboard_are_what_the_design_is_billed_for(component: Any, design: Any) -> None:
    made = provision(lambda: component("x", {"design": design}) and None)
    endpoint = design.endpoint.alarms if design is CHECKED_BATCHES else {}
    named = [one.inputs["alarmDescription"].rsplit("#", 1)[1] for one in made.all("cloudwatch:MetricAlarm")]
    assert {*named} == {*design.alarms, *endpoint} - {"scale-out", "scale-in"}
    body = json.dumps(made.one("cloudwatch:Dashboard").document("dashboardBody"))
    assert all(f'"{metric}"' in body for metric in ("Doubtful", "SchemaBreaks", "FailedProbes"))
    assert {"Doubtful", "SchemaBreaks", "FailedProbes"} < {*design.metrics}


def test_where_nothing_is_declared_nothing_is_made() -> None:
    made = provision(lambda: SpotBatch("x", {"design": BATCH}) and None)
    assert [one.name for one in made.all("s3:BucketObjectv2")] == ["x-runtime"]
    assert worker_settings(made).validation == ""


def test_confidence_alone_has_no_alarm_on_schema_or_probes() -> None:
    document = {"schema": None, "confidence": {"field": "score", "least": 0.5}, "probes": []}
    alone = VALIDATION.model_copy(update={"document": document, "breaking": None})
    assert (alone.alarms, alone.metrics) == ({"doubtful-answers": 2}, ("Doubtful",))
