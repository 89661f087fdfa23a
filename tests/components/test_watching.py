"""What watches a stack: burn-rate alarms, the watchdog, the dashboard, against the design that says so."""

import json
from typing import Any

import pytest

from headway_components.asynchronous import AsynchronousEndpoint
from headway_components.batch import SpotBatch
from headway_components.microbatch import MicroBatch
from headway_components.realtime import RealtimeEndpoint
from headway_components.serverless import ServerlessEndpoint
from headway_runtime.settings import VARIABLE, WatchdogSettings
from tests.components.designs import ASYNCHRONOUS, AUTOSCALED, BATCH, FLAT, MICROBATCH, SERVERLESS
from tests.components.provisioned import Provisioned, Registered, provision


@pytest.fixture(scope="module")
def batch() -> Provisioned:
    return provision(lambda: SpotBatch("loans", {"design": BATCH}) and None)


def queries(alarm: Registered) -> dict[str, Any]:
    return {query["id"]: query for query in alarm.inputs["metricQueries"]}


def test_a_fleets_burn_rate_looks_at_the_share_within_the_promise_and_at_how_many_came(batch: Provisioned) -> None:
    for hours, late in ((1, 14.4), (6, 6)):
        alarm = batch.one("cloudwatch:MetricAlarm", f"burn-rate-{hours}h")
        assert alarm.inputs["threshold"] == pytest.approx(late)
        asked = queries(alarm)
        assert asked["watched"]["expression"] == "IF((100 - m0) / 100 * m1 >= 2, 100 - m0, 0)"
        assert [asked[one]["metric"]["stat"] for one in ("m0", "m1")] == ["PR(:1)", "SampleCount"]
        assert {asked[one]["metric"]["period"] for one in ("m0", "m1")} == {hours * 3600}
        assert {asked[one]["metric"]["metricName"] for one in ("m0", "m1")} == {"PromiseUsed"}


@pytest.mark.parametrize(
    ("component", "design", "metric", "share"),
    [
        (RealtimeEndpoint, AUTOSCALED, "ModelLatency", "PR(:1.5e+06)"),
        (ServerlessEndpoint, SERVERLESS, "ModelLatency", "PR(:5e+06)"),
        (AsynchronousEndpoint, ASYNCHRONOUS, "TotalProcessingTime", "PR(:4.5e+06)"),
    ],
)
def test_an_endpoints_burn_rate_is_held_against_its_wait_in_the_metrics_own_unit(
    component: Any, design: Any, metric: str, share: str
) -> None:
    made = provision(lambda: component("x", {"design": design}) and None)
    asked = queries(made.one("cloudwatch:MetricAlarm", "burn-rate-6h"))["m0"]["metric"]
    assert asked["metricName"] == metric
    low = asked["stat"].removeprefix("PR(:").removesuffix(")")
    assert float(low) == float(share.removeprefix("PR(:").removesuffix(")"))
    assert "e" not in low


def test_the_watchdog_reads_two_queues_and_keeps_one_ledger(batch: Provisioned) -> None:
    function = batch.one("lambda:Function", "watchdog").inputs
    told = WatchdogSettings.from_json(function["environment"]["variables"][VARIABLE])
    assert (function["memorySize"], function["handler"]) == (192, "headway_runtime.watchdog.handler")
    assert told.queue_url.endswith("loans-requests")
    assert told.dead_letter_url.endswith("loans-dead-letters")
    assert told.ledger == f"ledger/{told.name}.json"
    statements = [statement for name, statement in batch.statements() if name == "loans-watchdog-policy"]
    (ledger,) = [one["Resource"] for one in statements if "s3:PutObject" in one["Action"]]
    assert ledger.endswith(f"loans-results/{told.ledger}")


def test_the_watchdog_ticks_hourly_and_its_silence_is_told(batch: Provisioned) -> None:
    assert batch.one("scheduler:Schedule", "watchdog-tick").inputs["scheduleExpression"] == "rate(60 minutes)"
    alarm = batch.one("cloudwatch:MetricAlarm", "unaccounted").inputs
    assert (alarm["threshold"], alarm["treatMissingData"], alarm["evaluationPeriods"]) == (7, "breaching", 2)
    assert alarm["period"] == 3600


@pytest.mark.parametrize(
    ("component", "design", "graphs"),
    [
        (RealtimeEndpoint, AUTOSCALED, 4),
        (ServerlessEndpoint, SERVERLESS, 4),
        (AsynchronousEndpoint, ASYNCHRONOUS, 5),
        (MicroBatch, MICROBATCH, 12),
        (SpotBatch, BATCH, 9),
    ],
)
def test_the_dashboard_shows_the_promise_first_and_every_graph_in_a_place_of_its_own(
    component: Any, design: Any, graphs: int
) -> None:
    made = provision(lambda: component("x", {"design": design}) and None)
    body = made.one("cloudwatch:Dashboard").document("dashboardBody")
    assert len(body["widgets"]) == graphs
    assert body["widgets"][0]["properties"]["title"] == "In time, % of requests"
    places = {(widget["x"], widget["y"]) for widget in body["widgets"]}
    assert len(places) == graphs
    assert all(widget["x"] + widget["width"] <= 24 for widget in body["widgets"])
    assert {widget["properties"]["region"] for widget in body["widgets"]} == {"us-east-1"}


def test_custom_metrics_on_the_dashboard_are_those_that_the_design_pays_for(batch: Provisioned) -> None:
    body = json.dumps(batch.one("cloudwatch:Dashboard").document("dashboardBody"))
    shown = {metric for metric in BATCH.metrics if f'"{metric}"' in body}
    assert shown == set(BATCH.metrics) - {"Unaccounted"}


def test_a_design_without_a_dashboard_has_none() -> None:
    made = provision(lambda: RealtimeEndpoint("x", {"design": FLAT}) and None)
    assert made.all("cloudwatch:Dashboard") == []
