"""headway drift: says when another architecture has become right, and since when; proposes, and changes nothing."""

import gzip
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import ANY

from headway.account import connect
from headway.account.arrivals import HITS, MISSES, OWN, ROUTER, arrivals, read_hours
from headway.account.permissions import PERMISSIONS
from headway.architectures.hybrid_design import PrecomputedDesign, TieredDesign
from headway.cli import run
from headway.errors import HeadwayError
from headway.observed.drifting import Dated, find_drift, proposal
from headway.observed.weeks import Week
from headway.planning import plan
from headway.planning.lock import Lock, Settings, lock_path, read_lock
from headway.prices import load_book
from headway.profile import Trace, load_profile
from headway.traffic.build import cycle_factors, weekly_rates
from headway_runtime import metrics, told
from tests.account.stubs import FakeAws

TODAY = date(2026, 11, 25)
MONDAYS = [date(2026, 10, 26) + timedelta(weeks=week) for week in range(4)]
PROFILE = load_profile(Path("stacks/profiles/loan-documents.yaml"))
SETTINGS = Settings(profile="stacks/profiles/loan-documents.yaml")


def prod() -> Lock:
    return read_lock(Path("stacks/plans/prod.json"))


def weeks(*factors: float) -> list[Week]:
    rates = weekly_rates(PROFILE.traffic)
    return [
        Week(monday, tuple(rate * factor for rate in rates)) for monday, factor in zip(MONDAYS, factors, strict=False)
    ]


def dated(day: date, **prices: Mapping[str, Any]) -> Dated:
    book = load_book()
    return Dated(day, replace(book, content={**book.content, **prices}, _cache={}) if prices else book)


def test_what_came_as_planned_has_not_drifted() -> None:
    found = find_drift(prod(), PROFILE, SETTINGS, weeks(1, 1, 0.9, 1.1), [dated(TODAY)], today=TODAY)

    assert (found.drifted, found.right, found.since) == (False, "batch", None)
    assert found.verdict == "stack prod: batch is still right"
    assert found.monthly_requests == pytest.approx(found.planned_requests, rel=0.001)


def test_traffic_that_fell_away_makes_another_right_since_the_week_in_which_it_did() -> None:
    found = find_drift(prod(), PROFILE, SETTINGS, weeks(1, 0.01, 0.01, 0.01), [dated(TODAY)], today=TODAY)
    month = find_drift(prod(), PROFILE, SETTINGS, weeks(0.01, 0.01, 0.01, 0.01), [dated(TODAY)], today=TODAY)

    assert [week.architecture for week in found.weeks] == ["batch", "asynchronous", "asynchronous", "asynchronous"]
    # A month with one busy week is still batch's: one choice serves all of its weeks.
    assert found.right == "batch"
    assert (month.right, month.since) == ("asynchronous", MONDAYS[0])
    assert month.verdict.startswith(
        "stack prod: asynchronous is right in place of batch, since the week of 2026-10-26 (4 of 4 weeks), USD "
    )


def test_since_counts_back_from_the_last_week_without_a_gap() -> None:
    found = find_drift(prod(), PROFILE, SETTINGS, weeks(0.01, 0.04, 0.01, 0.01), [dated(TODAY)], today=TODAY)

    assert [week.architecture for week in found.weeks] == ["asynchronous", "batch", "asynchronous", "asynchronous"]
    assert (found.right, found.since) == ("asynchronous", MONDAYS[2])


def test_prices_alone_can_make_another_right_from_the_week_of_the_newer_book_on() -> None:
    content = load_book().content
    spot = {
        "us-east-1": {
            **content["spot"]["us-east-1"],
            "g5.xlarge": ["30.0", *content["spot"]["us-east-1"]["g5.xlarge"][1:]],
        }
    }
    on_demand = {
        "us-east-1": {
            **content["on_demand"]["us-east-1"],
            "g5.xlarge": ["30.0", *content["on_demand"]["us-east-1"]["g5.xlarge"][1:]],
        }
    }
    newer = dated(date(2026, 11, 12), spot={**content["spot"], **spot}, on_demand={**content["on_demand"], **on_demand})

    found = find_drift(prod(), PROFILE, SETTINGS, weeks(1, 1, 1, 1), [dated(date(2026, 9, 1)), newer], today=TODAY)

    assert [week.prices_of for week in found.weeks] == [date(2026, 9, 1)] * 2 + [date(2026, 11, 12)] * 2
    assert found.drifted
    assert found.since == MONDAYS[2]


def test_a_stack_at_a_share_of_the_traffic_is_judged_on_the_whole() -> None:
    settings = SETTINGS.model_copy(update={"scale": 0.1})
    lock = read_lock(Path("stacks/plans/staging.json"))

    found = find_drift(lock, PROFILE, settings, weeks(0.1, 0.1, 0.1, 0.1), [dated(TODAY)], today=TODAY)

    assert (found.right, found.drifted) == ("batch", False)
    assert found.monthly_requests == pytest.approx(found.planned_requests, rel=0.001)


def test_old_prices_are_told() -> None:
    found = find_drift(prod(), PROFILE, SETTINGS, weeks(1), [dated(date(2026, 3, 7))], today=TODAY)
    assert "prices of 2026-03-07: `headway prices refresh` first" in found.notes
    assert "one week of traffic alone: another may be right after the next" in found.notes


def test_the_proposal_says_what_why_since_when_and_how_and_that_nothing_was_changed() -> None:
    found = find_drift(prod(), PROFILE, SETTINGS, weeks(0.01, 0.01, 0.01, 0.01), [dated(TODAY)], today=TODAY)

    text = proposal(found)

    assert text.startswith("# Stack prod: asynchronous is right in place of batch, since the week of 2026-10-26")
    assert "| 2026-11-16 | " in text
    assert "`headway lock --stack prod`" in text
    assert text.endswith("This is a proposal: no stack, lock or profile was changed.\n")


def test_scheduled_work_does_not_drift() -> None:
    profile = load_profile(Path("stacks/profiles/embeddings-refresh.yaml"))
    with pytest.raises(HeadwayError, match="embeddings-refresh is scheduled work"):
        find_drift(prod(), profile, SETTINGS, weeks(1), [dated(TODAY)], today=TODAY)


# What AWS is asked


def tagged(aws: FakeAws, *arns: str) -> None:
    rows = [{"ResourceARN": arn, "Tags": [{"Key": "headway:stack", "Value": "prod"}]} for arn in arns]
    aws.on("resourcegroupstaggingapi").add_response(
        "get_resources", {"PaginationToken": "", "ResourceTagMappingList": rows}
    )


def metric_names(aws: FakeAws, values: list[float], since: datetime) -> None:
    times = [since + timedelta(hours=hour) for hour in range(len(values))]
    rows = [{"Id": "q0", "Label": "x", "StatusCode": "Complete", "Timestamps": times, "Values": values}]
    aws.on("cloudwatch").add_response("get_metric_data", {"MetricDataResults": rows}, {
        "MetricDataQueries": ANY, "StartTime": ANY, "EndTime": ANY, "ScanBy": "TimestampAscending"})  # fmt: skip


def test_a_queue_counts_what_was_sent_and_its_dead_letters_do_not(
    aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree("stacks", tmp_path / "stacks")
    monkeypatch.chdir(tmp_path)
    before = {path: path.read_bytes() for path in sorted((tmp_path / "stacks").rglob("*")) if path.is_file()}
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    tagged(aws, "arn:aws:sqs:us-east-1:1:docs-requests-1", "arn:aws:sqs:us-east-1:1:docs-dead-letters-1")
    metric_names(aws, [0.5] * 24 * 35, now - timedelta(weeks=5))

    code = run(["drift", "--stack", "prod", "--out", "proposal.md"])

    assert code == 2
    assert "asynchronous is right in place of batch" in (tmp_path / "proposal.md").read_text(encoding="utf-8")
    assert before == {path: path.read_bytes() for path in sorted((tmp_path / "stacks").rglob("*")) if path.is_file()}


def test_the_endpoint_of_a_micro_batch_is_not_counted_beside_its_queue(aws: FakeAws) -> None:
    profile = load_profile(Path("stacks/profiles/photo-tags.yaml"))
    design = plan(profile).design
    assert design is not None
    tagged(aws, "arn:aws:sqs:us-east-1:1:photo-requests-1", "arn:aws:sagemaker:us-east-1:1:endpoint/photo-1")
    since = datetime(2026, 11, 2, tzinfo=UTC)
    metric_names(aws, [10.0, 20.0], since)

    found = arrivals(
        connect("drift", region="us-east-1"), "prod", design, since=since, until=since + timedelta(hours=2)
    )

    assert found == {since: 10.0, since + timedelta(hours=1): 20.0}
    aws.all_asked()


def test_tiers_are_the_sum_of_their_queues_and_endpoints(aws: FakeAws) -> None:
    design = plan(load_profile(Path("stacks/profiles/moderation.yaml"))).design
    assert isinstance(design, TieredDesign)
    tagged(
        aws,
        "arn:aws:sqs:us-east-1:1:moderation-anonymous-requests-1",
        "arn:aws:sagemaker:us-east-1:1:endpoint/moderation-verified-1",
    )
    aws.on("sagemaker").add_response("describe_endpoint", {
        "EndpointName": "x", "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/x", "EndpointConfigName": "c",
        "EndpointStatus": "InService", "CreationTime": datetime(2026, 1, 1, tzinfo=UTC), "LastModifiedTime": datetime(2026, 1, 1, tzinfo=UTC)})  # fmt: skip
    aws.on("sagemaker").add_response("describe_endpoint_config", {
        "EndpointConfigName": "c", "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/c",
        "CreationTime": datetime(2026, 1, 1, tzinfo=UTC), "ProductionVariants": [{"VariantName": "AllTraffic", "InstanceType": "ml.g5.xlarge"}]})  # fmt: skip
    since = datetime(2026, 11, 2, tzinfo=UTC)
    rows = [
        {"Id": f"q{place}", "Label": "x", "StatusCode": "Complete", "Timestamps": [since], "Values": [value]}
        for place, value in enumerate((92.0, 8.0))
    ]
    aws.on("cloudwatch").add_response("get_metric_data", {"MetricDataResults": rows})

    found = arrivals(
        connect("drift", region="us-east-1"), "prod", design, since=since, until=since + timedelta(hours=1)
    )

    assert found == {since: 100.0}


def routers(aws: FakeAws, *names: str) -> None:
    """A stack of a component ``shop.recommendations``, and whose routers ever counted a look into a table."""
    arn = "arn:aws:lambda:us-east-1:1:function:shop-router-1"
    tags = [{"Key": "headway:stack", "Value": "prod"}, {"Key": "headway:name", "Value": "shop.recommendations"}]
    aws.on("resourcegroupstaggingapi").add_response(
        "get_resources", {"PaginationToken": "", "ResourceTagMappingList": [{"ResourceARN": arn, "Tags": tags}]}
    )
    known = [
        {"Namespace": "Headway", "MetricName": "Hits", "Dimensions": [{"Name": "Router", "Value": name}]}
        for name in names
    ]
    aws.on("cloudwatch").add_response("list_metrics", {"Metrics": known}, {
        "Namespace": "Headway", "MetricName": "Hits", "Dimensions": [{"Name": "Router"}]})  # fmt: skip


@pytest.mark.parametrize("others", [(), ("headway-staging-shop-recommendations", "headway-prod-shop-search")])
def test_a_table_counts_what_was_found_in_it_and_what_was_not(aws: FakeAws, others: tuple[str, ...]) -> None:
    design = plan(load_profile(Path("stacks/profiles/shop-recommendations.yaml"))).design
    assert isinstance(design, PrecomputedDesign)
    since = datetime(2026, 11, 2, tzinfo=UTC)
    routers(aws, "headway-prod-shop-recommendations", *others)
    asked = [{"Id": f"q{place}", "MetricStat": {"Period": 3600, "Stat": "Sum", "Metric": {
        "Namespace": "Headway", "MetricName": name, "Dimensions": [{"Name": "Router", "Value": "headway-prod-shop-recommendations"}]}}}
        for place, name in enumerate(("Hits", "Misses"))]  # fmt: skip
    rows = [{"Id": f"q{place}", "Label": "x", "StatusCode": "Complete", "Timestamps": [since], "Values": [value]}
            for place, value in enumerate((70.0, 30.0))]  # fmt: skip
    aws.on("cloudwatch").add_response("get_metric_data", {"MetricDataResults": rows}, {
        "MetricDataQueries": asked, "StartTime": since, "EndTime": ANY, "ScanBy": "TimestampAscending"})  # fmt: skip

    found = arrivals(
        connect("drift", region="us-east-1"), "prod", design, since=since, until=since + timedelta(hours=1)
    )

    assert found == {since: 100.0}


@pytest.mark.parametrize("names", [(), ("a-prod-shop", "b-prod-shop")])
def test_a_router_that_nobody_can_tell_from_others_asks_for_a_file(aws: FakeAws, names: tuple[str, ...]) -> None:
    design = plan(load_profile(Path("stacks/profiles/shop-recommendations.yaml"))).design
    assert design is not None
    since = datetime(2026, 11, 2, tzinfo=UTC)
    routers(aws, *names)

    with pytest.raises(HeadwayError, match="give its requests by the hour with --traffic FILE"):
        arrivals(connect("drift", region="us-east-1"), "prod", design, since=since, until=since)


def test_the_metrics_are_those_that_the_routers_write() -> None:
    assert (OWN, ROUTER) == (metrics.NAMESPACE, metrics.ROUTER)
    assert {HITS, MISSES} <= set(told.METRICS)


def test_a_measured_week_with_days_that_stand_out_is_judged_on_what_came() -> None:
    """Cycles that only the trace knows are billed once, as at planning."""
    rates = weekly_rates(PROFILE.traffic)
    trace = Trace(hourly=rates, busiest=tuple(rate * 2 for rate in rates), peak_factor=2.0,
                  cycles={"days_of_month": {1: 3.0, -1: 2.0}})  # fmt: skip
    traffic = PROFILE.traffic.model_validate({"trace": trace})
    profile = PROFILE.model_copy(update={"traffic": traffic})
    mean = cycle_factors(traffic)[0]
    came = [Week(monday, tuple(rate * mean for rate in rates)) for monday in MONDAYS]

    found = find_drift(prod(), profile, SETTINGS, came, [dated(TODAY)], today=TODAY)

    assert found.right == "batch"
    planned = plan(profile).choice
    assert planned is not None
    assert found.right_monthly == pytest.approx(planned.monthly.expected, rel=Decimal("0.02"))


def test_an_empty_answer_is_an_error_and_writes_no_proposal(
    aws: FakeAws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tagged(aws, "arn:aws:sqs:us-east-1:1:docs-requests-1")
    metric_names(aws, [], datetime(2026, 11, 2, tzinfo=UTC))

    assert run(["drift", "--stack", "prod", "--out", str(tmp_path / "p.md")]) == 1

    assert "no requests in the 4 whole weeks before Monday" in capsys.readouterr().err
    assert not (tmp_path / "p.md").exists()


def test_hours_are_asked_for_from_a_whole_one_on(aws: FakeAws) -> None:
    design = read_lock(Path("stacks/plans/prod.json")).plan.design
    assert design is not None
    tagged(aws, "arn:aws:sqs:us-east-1:1:docs-requests-1")
    since = datetime(2026, 11, 2, 7, 41, 12, tzinfo=UTC)
    aws.on("cloudwatch").add_response("get_metric_data", {"MetricDataResults": []}, {
        "MetricDataQueries": ANY, "StartTime": since.replace(minute=0, second=0), "EndTime": ANY, "ScanBy": ANY})  # fmt: skip

    arrivals(connect("drift", region="us-east-1"), "prod", design, since=since, until=since + timedelta(days=1))

    aws.all_asked()


def test_only_reads_are_permitted() -> None:
    verbs = {action.split(":")[1] for action in PERMISSIONS["drift"]}
    assert all(verb.startswith(("Get", "Describe", "List")) for verb in verbs)


# Traffic from a file


def hours_file(path: Path, factor: float, first: date = MONDAYS[0], count: int = 4) -> Path:
    rates = weekly_rates(PROFILE.traffic)
    start = datetime(first.year, first.month, first.day, 4, tzinfo=UTC)
    rows = [
        f"{(start + timedelta(hours=hour)):%Y-%m-%dT%H:%M:%SZ},{rates[hour % 168] * factor}"
        for hour in range(168 * count + 6)
    ]
    path.write_text("\n".join(["hour,requests", *rows]) + "\n", encoding="utf-8")
    return path


def test_traffic_from_a_file_exits_with_0_or_2_and_tells_machines_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    past = date(2025, 6, 2)
    same = run(
        ["drift", "--stack", "prod", "--traffic", str(hours_file(tmp_path / "a.csv", 1, past)), "--format", "json"]
    )
    told_same = json.loads(capsys.readouterr().out)
    other = run(
        ["drift", "--stack", "prod", "--traffic", str(hours_file(tmp_path / "b.csv", 0.01, past)), "--format", "json"]
    )
    told_other = json.loads(capsys.readouterr().out)

    assert (same, told_same["drifted"], told_same["proposal"]) == (0, False, None)
    assert (other, told_other["drifted"], told_other["right"], told_other["since"]) == (
        2,
        True,
        "asynchronous",
        "2025-06-02",
    )
    assert len(told_other["weeks"]) == 4
    assert told_other["proposal"].startswith("# Stack prod: asynchronous")


def test_each_week_has_the_newest_book_of_its_time_among_all_that_were_refreshed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = load_book().content
    for day in ("2025-05-20", "2025-06-12"):
        words = [re.sub(r"^20\d\d-\d\d-\d\d$", day, word) for word in content["words"]]
        text = json.dumps({**content, "words": words}).encode()
        (tmp_path / f"prices-{day}.json.gz").write_bytes(gzip.compress(text, 1))
    monkeypatch.setenv("HEADWAY_DATA", str(tmp_path))
    monkeypatch.delenv("HEADWAY_PRICES", raising=False)

    run(
        [
            "drift",
            "--stack",
            "prod",
            "--traffic",
            str(hours_file(tmp_path / "a.csv", 1, date(2025, 6, 2))),
            "--format",
            "json",
        ]
    )

    weeks = json.loads(capsys.readouterr().out)["weeks"]
    assert [week["prices_of"] for week in weeks] == ["2025-05-20", "2025-06-12", "2025-06-12", "2025-06-12"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("requests,what\n1,2\n", ""),
        ("hour,requests\n2100-06-01T00:00:00Z,1\n", "lie ahead: is the clock of what wrote it right?"),
        ("hour,requests\n", ""),
    ],
)
def test_a_file_that_says_no_hours_is_refused_by_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "hours.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(HeadwayError) as caught:
        read_hours(path, UTC)
    assert said in str(caught.value)


def test_a_stack_that_is_not_locked_cannot_drift(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree("stacks", tmp_path / "stacks")
    lock_path(tmp_path, "prod").unlink()
    monkeypatch.chdir(tmp_path)
    assert run(["drift", "--stack", "prod"]) == 1
    assert "stack prod is not locked" in capsys.readouterr().err
