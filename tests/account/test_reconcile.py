"""headway reconcile: Cost Explorer's documented answer, or a report's export, against a stack's locked bill."""

import csv
import gzip
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from headway.account import connect, costs
from headway.cli import run
from headway.errors import HeadwayError
from tests.account.stubs import FakeAws
from tests.observed.test_reconciling import SINCE, UNTIL, billed

COMMAND = [
    "reconcile",
    "stacks/profiles/loan-documents.yaml",
    "--stack",
    "prod",
    "--from",
    str(SINCE),
    "--to",
    str(UNTIL),
]


def group(service: str, kind: str, quantity: float, cost: float) -> dict[str, Any]:
    return {
        "Keys": [service, kind],
        "Metrics": {"UnblendedCost": {"Amount": f"{cost:.10f}", "Unit": "USD"},
                    "UsageQuantity": {"Amount": f"{quantity:.10f}", "Unit": "N/A"}},
    }  # fmt: skip


def answer(groups: list[dict[str, Any]], *, token: str = "", estimated: bool = False) -> dict[str, Any]:
    period = {"Start": str(SINCE), "End": str(UNTIL)}
    row = {"TimePeriod": period, "Total": {}, "Groups": groups, "Estimated": estimated}
    more = {"NextPageToken": token} if token else {}
    return {"ResultsByTime": [row], "DimensionValueAttributes": [], **more}


def asked(**more: Any) -> dict[str, Any]:
    return {
        "TimePeriod": {"Start": str(SINCE), "End": str(UNTIL)}, "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost", "UsageQuantity"],
        "Filter": {"And": [{"Tags": {"Key": "headway:stack", "Values": ["prod"], "MatchOptions": ["EQUALS"]}},
                           {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Credit", "Refund", "Tax"]}}}]},
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "DIMENSION", "Key": "USAGE_TYPE"}], **more,
    }  # fmt: skip


def explorer_pages(aws: FakeAws, **other: float) -> None:
    groups = [
        group(row.service, row.usage_type, row.quantity, float(row.cost)) for row in billed("loan-documents", **other)
    ]
    aws.on("ce").add_response("get_cost_and_usage", answer(groups[:3], token="more", estimated=True), asked())
    aws.on("ce").add_response("get_cost_and_usage", answer(groups[3:]), asked(NextPageToken="more"))


def test_cost_explorer_is_asked_by_tag_page_by_page_and_the_traffic_is_found(
    aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    explorer_pages(aws, traffic=1.5)

    code = run([*COMMAND, "--format", "json"])

    said = json.loads(capsys.readouterr().out)
    traffic = next(one for one in said["fitted"] if one["assumption"] == "traffic")
    assert code in (0, 2)
    assert (code == 0) == (Decimal(said["low"]) <= Decimal(said["actual"]) <= Decimal(said["high"]))
    assert traffic["seen"] == pytest.approx(1.5, rel=0.03)
    assert said["corrections"][0]["field"] == "traffic.shape[0].per_hour"
    assert said["notes"][0] == "AWS says that figures of this period may still change"
    assert re.fullmatch(r"USD \d\.\d\d of the estimate is usage that AWS does not tag: left out", said["notes"][1])
    aws.all_asked()


def test_a_dearer_month_than_thought_possible_exits_with_2_and_says_why(
    aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    explorer_pages(aws, spot_price=3.0)

    assert run(COMMAND) == 2

    text = capsys.readouterr().out
    assert "outside the range" in text
    assert "spot price +" in text
    assert "not as assumed: spot price" in text


def test_an_empty_answer_says_that_the_tag_must_be_activated(aws: FakeAws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.on("ce").add_response("get_cost_and_usage", answer([]), asked())

    assert run(COMMAND) == 1

    assert "activate headway:stack as a cost-allocation tag" in capsys.readouterr().err


def test_a_bill_in_another_currency_cannot_be_compared(aws: FakeAws) -> None:
    row = group("AmazonS3", "Requests-Tier1", 1, 1)
    row["Metrics"]["UnblendedCost"]["Unit"] = "CNY"
    aws.on("ce").add_response("get_cost_and_usage", answer([row]))
    with pytest.raises(HeadwayError, match="the bill is in CNY"):
        costs.explorer(connect("reconcile"), "prod", SINCE, UNTIL)


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("2026-10-05", "2026-10-05", "the period has no days"),
        ("2026-10-05", "2100-01-01", "lies ahead: today is"),
        ("2019-10-05", "2019-11-05", "looks 13 months back"),
        ("october", "2019-11-05", "--from october: a day such as 2026-10-01"),
    ],
)
def test_a_period_that_cannot_be_is_refused_before_aws_is_asked(
    aws: FakeAws, capsys: pytest.CaptureFixture[str], since: str, until: str, said: str
) -> None:
    code = run(["reconcile", "stacks/profiles/loan-documents.yaml", "--stack", "prod", "--from", since, "--to", until])
    assert code == 1
    assert said in capsys.readouterr().err


def test_another_profile_than_the_stacks_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    command = [*COMMAND]
    command[1] = "stacks/profiles/moderation.yaml"
    assert run(command) == 1
    assert "is moderation, stack prod runs loan-documents" in capsys.readouterr().err


def test_access_denied_names_the_permission(aws: FakeAws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.on("ce").add_client_error("get_cost_and_usage", "AccessDeniedException", "User is not authorized")
    assert run(COMMAND) == 1
    assert capsys.readouterr().err == "error: AWS denied ce:GetCostAndUsage: allow it; `headway reconcile` needs it\n"


def test_days_that_are_not_all_billed_are_told() -> None:
    today = datetime.now(UTC).date()
    assert costs.still_coming_in(today - timedelta(days=5)) == ()
    assert "not all billed yet" in costs.still_coming_in(today)[0]


LEGACY = ("lineItem/LineItemType", "lineItem/ProductCode", "lineItem/UsageType", "lineItem/UsageAmount",
          "lineItem/UnblendedCost", "lineItem/UsageStartDate", "lineItem/CurrencyCode", "resourceTags/user:headway:stack")  # fmt: skip
SECOND = ("line_item_line_item_type", "line_item_product_code", "line_item_usage_type", "line_item_usage_amount",
          "line_item_unblended_cost", "line_item_usage_start_date", "line_item_currency_code", "resource_tags")  # fmt: skip
CODES = {"Amazon Elastic Compute Cloud - Compute": "AmazonEC2", "EC2 - Other": "AmazonEC2", "AWS Lambda": "AWSLambda",
         "Amazon Virtual Private Cloud": "AmazonVPC", "Amazon Simple Queue Service": "AWSQueueService",
         "Amazon Simple Storage Service": "AmazonS3", "AmazonCloudWatch": "AmazonCloudWatch"}  # fmt: skip


def export(header: tuple[str, ...], tag: Callable[[str], str]) -> str:
    """Four weeks of daily lines, with another stack's, a tax and the day after the period among them."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    for row in billed("loan-documents", traffic=0.7):
        for day in range(29):
            at = f"{SINCE + timedelta(days=day)}T00:00:00Z"
            cells = [
                CODES[row.service],
                row.usage_type,
                f"{row.quantity / 28:.10f}",
                f"{float(row.cost) / 28:.10f}",
                at,
                "USD",
            ]
            writer.writerow(["Usage", *cells, tag("prod")])
            writer.writerow(["Usage", *cells, tag("staging")])
            writer.writerow(["Tax", *cells, tag("prod")])
    return out.getvalue()


@pytest.mark.parametrize(
    ("header", "tag", "packed"),
    [
        (LEGACY, str, True),
        (SECOND, lambda stack: json.dumps({"user_headway_stack": stack, "user_team": "a"}), False),
        (SECOND, lambda stack: json.dumps({"headway:stack": stack}), True),
    ],
)
def test_a_report_says_what_cost_explorer_would(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], header: tuple[str, ...], tag: Callable[[str], str], packed: bool
) -> None:
    path = tmp_path / ("report.csv.gz" if packed else "report.csv")
    text = export(header, tag).encode()
    path.write_bytes(gzip.compress(text) if packed else text)

    run([*COMMAND, "--file", str(path), "--format", "json"])

    said = json.loads(capsys.readouterr().out)
    total = sum(row.cost for row in billed("loan-documents", traffic=0.7))
    assert Decimal(said["actual"]) == pytest.approx(total, abs=Decimal("0.02"))
    assert next(one["seen"] for one in said["fitted"] if one["assumption"] == "traffic") == pytest.approx(0.7, rel=0.04)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a Cost and Usage Report: no column lineItem/LineItemType"),
        (b"a,b\n1,2\n", "no column lineItem/LineItemType"),
        (b"\xff\xfe\x00", "not a CSV export of a Cost and Usage Report"),
        (b"\x1f\x8bnot gzip", "not a CSV export of a Cost and Usage Report"),
        (",".join(LEGACY[:-1]).encode(), "no column resourceTags/user:headway:stack: activate the tag"),
        ((",".join(LEGACY) + "\nUsage,AmazonS3,Requests-Tier1,1,1,yesterday,USD,prod\n").encode(), ":2: usage start 'yesterday' is no time"),
        ((",".join(LEGACY) + "\nUsage,AmazonS3,Requests-Tier1,one,1,2026-10-02T00:00:00Z,USD,prod\n").encode(), ":2: usage amount or unblended cost is no number"),
        ((",".join(LEGACY) + "\nUsage,AmazonS3,Requests-Tier1\n").encode(), ":2: 3 columns, the header has 8: cut short?"),
        ((",".join(LEGACY) + "\nUsage,AmazonS3,Requests-Tier1,1,1,2026-10-02T00:00:00Z,USD,dev\n").encode(), "no usage with the tag headway:stack=prod"),
        ((",".join(LEGACY) + "\nUsage,AmazonS3,Requests-Tier1,1,1,2026-09-02T00:00:00Z,USD,prod\n").encode(), "1 lines of the stack, none from 2026-10-01"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_report_says_what_is_wrong_and_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    path = tmp_path / "report.csv"
    path.write_bytes(content)
    assert run([*COMMAND, "--file", str(path)]) == 1
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def test_a_report_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*COMMAND, "--file", "nowhere.csv"]) == 1
    assert "nowhere.csv" in capsys.readouterr().err
