"""A rehearsal from the stack's config to the result files, for each architecture."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from headway.errors import HeadwayError
from headway_rehearsal.run import print_outcome, rehearse

Project = Callable[..., Path]
WEDNESDAY = datetime(2026, 6, 3, 15, 7, tzinfo=UTC)
"""11:07 in New York: the latest departure of office hours was at 11:00, the one before at 10:45."""


def test_a_batch_stack_serves_every_request_at_its_departure(project: Project) -> None:
    root = project("loan-documents")
    outcome = rehearse(root, "dev", requests=20, now=WEDNESDAY)
    assert outcome.architecture == "batch"
    assert outcome.complete
    assert len(outcome.requests) == 20
    assert outcome.dead_letters == 0
    assert outcome.max_wait_s == 1800
    waits = [one.wait_s for one in outcome.requests if one.wait_s is not None]
    # Launch, pull and load take 5.5 minutes; the window adds up to 15.
    assert 330 < min(waits) < max(waits) < 330 + 900 + 60
    assert waits[0] > waits[-1], "who came first has waited longest"
    assert "20 requests between Wed 10:45 and 11:00" in outcome.events[-3]
    files = sorted(Path(outcome.results).glob("*.json"))
    assert len(files) == 20
    first = json.loads(files[0].read_text())
    assert first["id"] == "request-0001"
    assert first["output"]["label"] == "payslip"
    assert first["timings"]["submitted_at"].startswith("2026-06-03T14:")


def test_more_requests_than_a_quota_need_more_workers(project: Project) -> None:
    outcome = rehearse(project("loan-documents", scale="0.02"), "dev", requests=30, now=WEDNESDAY)
    assert outcome.complete
    (departure,) = [event for event in outcome.events if "departure:" in event]
    assert "on spot" in departure


@pytest.mark.parametrize(("profile", "architecture"), [("fraud-check", "realtime"), ("contact-form", "serverless")])
def test_an_endpoint_stack_answers_each_request(project: Project, profile: str, architecture: str) -> None:
    outcome = rehearse(project(profile), "dev", requests=6)
    assert outcome.architecture == architecture
    assert len(outcome.requests) == 6
    assert all(one.output["label"] for one in outcome.requests)
    assert all(one.wait_s is not None and one.wait_s < 1 for one in outcome.requests)
    assert "InService" in outcome.events[-2]


def test_an_asynchronous_stack_answers_through_its_bucket_after_a_start(project: Project) -> None:
    outcome = rehearse(project("video-analysis"), "dev", requests=3)
    assert (outcome.architecture, outcome.complete) == ("asynchronous", True)
    assert all(one.output["label"] for one in outcome.requests)
    # Detection, start and load: 180 + 300 + 120 s.
    assert all(one.wait_s is not None and 600 <= one.wait_s < 602 for one in outcome.requests)
    assert outcome.outputs["results_bucket"]


def test_a_micro_batch_stack_closes_batches_and_answers_each_request(project: Project) -> None:
    outcome = rehearse(project("photo-tags"), "dev", requests=25)
    assert (outcome.architecture, outcome.complete) == ("microbatch", True)
    sizes = [int(event.split("batch of ")[1].split()[0]) for event in outcome.events if "batch of" in event]
    assert sum(sizes) == 25
    assert max(sizes) == 8, "eight close a batch before its five seconds are over"
    # Nobody waits longer than the window, the hand-over and the model here.
    assert all(one.wait_s is not None and 0.5 <= one.wait_s < 6.5 for one in outcome.requests)


def test_tiers_are_answered_live_or_at_their_departure(project: Project) -> None:
    outcome = rehearse(project("moderation"), "dev", requests=14, now=WEDNESDAY)
    assert (outcome.architecture, outcome.complete) == ("tiered", True)
    waits = {one.id: one.wait_s for one in outcome.requests}
    quick = [wait for name, wait in waits.items() if name.startswith("verified") and wait is not None]
    slow = [wait for name, wait in waits.items() if name.startswith("anonymous") and wait is not None]
    assert len(quick) + len(slow) == 14
    assert max(quick) < 4
    # Launch, pull and load take 5.25 minutes, a window half an hour.
    assert 315 < min(slow) < max(slow) < 3600
    assert all(one.output["label"] for one in outcome.requests)


def test_half_of_the_answers_come_from_the_table_that_a_manifest_filled(project: Project) -> None:
    outcome = rehearse(project("shop-recommendations"), "dev", requests=10, now=WEDNESDAY)
    assert (outcome.architecture, outcome.complete) == ("precomputed", True)
    assert "a manifest of 5 items was fed to the queue" in outcome.events
    assert "10 requests through the API: 5 precomputed, 5 live" in outcome.events
    assert len({json.dumps(one.output, sort_keys=True) for one in outcome.requests}) > 1


def test_features_are_filled_and_joined_and_a_stranger_goes_without(project: Project) -> None:
    outcome = rehearse(project("transaction-risk"), "dev", requests=8, now=WEDNESDAY)
    assert (outcome.architecture, outcome.complete) == ("features", True)
    assert "3 of 3 rows are in the table" in outcome.events
    assert all(one.output["label"] for one in outcome.requests)


def test_down_the_ladder_answers_as_declared_and_up_again_what_it_queued_is_answered(project: Project) -> None:
    outcome = rehearse(project("delivery-estimate"), "dev", requests=6)
    assert outcome.architecture == "realtime"
    assert [one.error for one in outcome.requests] == [""] * 6, (
        "a request that the ladder serves wrongly is one more row"
    )
    assert outcome.dead_letters == 0
    assert outcome.events[-3] == "6 requests through the API: 6 live"
    down, up = outcome.events[-2:]
    assert re.fullmatch(
        r"endpoint down: 5 requests: 1 cache \(\d\.\d s old, marked stale\), 4 queued; the breaker is open", down
    )
    assert up == "endpoint up: the breaker is closed; 5 of 5 queued requests have their result"


def test_scheduled_work_is_fed_by_its_manifest(project: Project) -> None:
    outcome = rehearse(project("embeddings-refresh"), "dev", requests=6, now=WEDNESDAY)
    assert (outcome.architecture, outcome.complete) == ("batch", True)
    assert "a manifest of 6 items was fed to the queue" in outcome.events


def test_every_other_batch_profile_is_rehearsed_too(project: Project) -> None:
    outcome = rehearse(project("lead-scoring"), "dev", requests=5, now=WEDNESDAY)
    assert (outcome.architecture, outcome.complete) == ("batch", True)


def test_what_was_made_is_listed_with_its_ids(project: Project) -> None:
    outcome = rehearse(project("contact-form"), "dev", requests=1)
    kinds = {one.type for one in outcome.resources}
    assert {"aws:sagemaker/endpoint:Endpoint", "aws:cloudwatch/metricAlarm:MetricAlarm"} <= kinds
    assert all(one.id for one in outcome.resources)
    assert outcome.outputs["endpoint_name"] == "headway-dev-contact-form-serverless"


def test_a_stack_that_is_not_locked_is_told_so_in_the_events(project: Project) -> None:
    outcome = rehearse(project("contact-form"), "dev", requests=1)
    assert "headway lock --stack dev" in outcome.events[0]


def test_another_region_in_the_stack_than_in_the_profile_is_refused(project: Project) -> None:
    root = project("contact-form")
    path = root / "stacks/Pulumi.dev.yaml"
    path.write_text(path.read_text().replace("us-east-1", "eu-west-1"))
    with pytest.raises(HeadwayError, match="aws:region is eu-west-1"):
        rehearse(root, "dev", requests=1)


def test_a_profile_that_nothing_fits_is_refused(project: Project) -> None:
    root = project("contact-form")
    path = root / "stacks/profiles/contact-form.yaml"
    path.write_text(path.read_text().replace("max_wait: 8s", "max_wait: 1ms"))
    with pytest.raises(HeadwayError, match="no architecture meets the wait"):
        rehearse(root, "dev", requests=1)


def test_a_router_of_ones_own_is_stood_in_for(project: Callable[..., Path]) -> None:
    root = project("moderation")
    profile = root / "stacks/profiles/moderation.yaml"
    profile.write_text(profile.read_text() + "\nrouter: own\n")
    outcome = rehearse(root, "dev", requests=6)
    assert not [row for row in outcome.resources if row.type.startswith("aws:apigatewayv2")]
    assert len([one for one in outcome.requests if one.output is not None]) == 6


def test_a_good_model_sets_off_no_alarm_on_its_answers(project: Project) -> None:
    outcome = rehearse(project("post-room"), "dev", requests=30, now=WEDNESDAY)
    assert outcome.complete
    assert outcome.alarms == ()
    assert outcome.watching == 6, "two burn rates, departures that are missed, and three on answers"
    # A letter of no kind: one that the model is unsure of.
    assert {one.doubts for one in outcome.requests} == {(), ("unsure",)}


def test_a_model_that_starts_to_answer_nonsense_raises_the_alarms_on_its_answers(project: Project) -> None:
    outcome = rehearse(project("post-room"), "dev", requests=30, now=WEDNESDAY, nonsense=True)
    assert outcome.complete, "every answer is delivered"
    assert outcome.alarms == ("doubtful-answers", "failed-probes", "schema-breaks")
    assert outcome.unwatched == ""
    assert {one.doubts for one in outcome.requests} == {("schema", "unsure")}
    first = json.loads((Path(outcome.results) / "request-0001.json").read_text())
    assert first["output"] == {"label": "lorem ipsum", "scores": {}}
    assert first["doubts"][0]["why"].startswith("output.label must be one of ['bank-statement'")


def test_micro_batches_that_answer_nonsense_raise_theirs(project: Project) -> None:
    root = project("photo-tags")
    path = root / "stacks/profiles/photo-tags.yaml"
    declared = (
        "  validation: {schema: {properties: {label: {enum: [other]}}}, confidence: {field: scores, least: 0.1}}\n"
    )
    path.write_text(path.read_text().replace("  load_time: 90s\n", f"  load_time: 90s\n{declared}"))
    outcome = rehearse(root, "dev", requests=40, nonsense=True)
    assert (outcome.architecture, outcome.alarms) == ("microbatch", ("doubtful-answers", "schema-breaks"))


def test_nonsense_that_nothing_looks_at_says_so_and_what_to_declare(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = rehearse(project("loan-documents"), "dev", requests=3, now=WEDNESDAY, nonsense=True)
    assert outcome.alarms == ()
    print_outcome(Console(width=400), outcome)
    assert (
        "nothing watches what the model answers: this nonsense went to whoever asked. Declare model.validation in "
        "stacks/profiles/loan-documents.yaml (a schema, how sure an answer has to be, probes whose answers are "
        "known), as stacks/profiles/post-room.yaml does\n" in capsys.readouterr().out
    )


def test_nonsense_of_an_endpoint_that_is_called_directly_says_who_could_look_at_it(project: Project) -> None:
    direct = rehearse(project("fraud-check"), "dev", requests=3, nonsense=True)
    assert direct.unwatched.startswith("nothing watches what the model answers: realtime hands it on as it is")


def test_a_router_of_a_fallback_could_look_at_nonsense_where_it_were_told_how(project: Project) -> None:
    routed = rehearse(project("delivery-estimate"), "dev", requests=2, nonsense=True)
    assert "Declare model.validation in stacks/profiles/delivery-estimate.yaml" in routed.unwatched


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("raise ValueError('mine')", "ValueError: mine"),
        ("def (", "SyntaxError: invalid syntax"),
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("import json; json.loads('')", "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_a_mistake_in_the_program_is_told_by_its_line(project: Project, mistake: str, said: str) -> None:
    root = project("contact-form")
    program = root / "__main__.py"
    text = program.read_text()
    program.unlink()
    program.write_text(f"{text}{mistake}\n")
    with pytest.raises(HeadwayError) as told:
        rehearse(root, "dev", requests=1)
    assert str(told.value) == f"the program fails: __main__.py:{len(text.splitlines()) + 1}: {said}"
