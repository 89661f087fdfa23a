"""New prices into a book: one product each or the old price, part by part, and the old file where AWS gives nothing."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import ANY

from headway.account import connect, spot_prices
from headway.account.price_list import EC2_FILTERS, Question
from headway.account.refreshing import Refreshed, refresh
from headway.account.spot_prices import spread
from headway.cli import run
from headway.errors import HeadwayError
from headway.prices import PriceBook, load_book, packaged_book
from headway.prices.listing import listed
from tests.account.listed import hosting, instance, product
from tests.account.stubs import FakeAws

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TYPES = ["g5.xlarge", "m5.large"]
ADVICE = json.dumps({
    "ranges": [{"index": 0, "label": "<5%", "dots": 0, "max": 5}, {"index": 4, "label": ">20%", "dots": 4, "max": 100}],
    "instance_types": {},
    "spot_advisor": {"us-east-1": {"Linux": {"g5.xlarge": {"s": 60, "r": 4}, "m5.large": {"s": 60, "r": 0}}, "Windows": {}}},
}).encode()  # fmt: skip
TRANSFER = tuple(packaged_book().content["services"]["us-east-1"]["DataTransfer"])
QUESTIONS = list(dict.fromkeys(map(Question.of, listed({"DataTransfer": TRANSFER}))))


class Then(datetime):
    """The day of AWS's answers here, for a command that asks what day it is."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return NOW.astimezone(tz)


def prices(aws: FakeAws, items: list[str], filters: Mapping[str, str] | None = None, code: str | object = ANY) -> None:
    asked: Any = ANY if filters is None else [
        {"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in filters.items()
    ]  # fmt: skip
    aws.on("pricing").add_response(
        "get_products", {"FormatVersion": "aws_v1", "PriceList": items}, {"ServiceCode": code, "Filters": asked}
    )


def spot(aws: FakeAws, rows: list[tuple[str, str, str, float]]) -> None:
    """Type, zone, price, days ago."""
    history = [
        {"InstanceType": kind, "AvailabilityZone": zone, "SpotPrice": usd, "ProductDescription": "Linux/UNIX",
         "Timestamp": NOW - timedelta(days=ago)}
        for kind, zone, usd, ago in rows
    ]  # fmt: skip
    aws.on("ec2").add_response("describe_spot_price_history", {"SpotPriceHistory": history, "NextToken": ""})


def others(aws: FakeAws, items: Mapping[str, list[str]] | None = None) -> None:
    """AWS's answers to the other questions, by service code; what has no region is answered apart, as ``Any``."""
    for code, family, place in QUESTIONS:
        key = "Any" if place == "location" else code
        asked = {place: "Any" if key == "Any" else "us-east-1"} | ({"productFamily": family} if family else {})
        prices(aws, (items or {}).get(key, []), asked, code)


def only(aws: FakeAws, items: Mapping[str, list[str]]) -> tuple[Refreshed, PriceBook]:
    """A refresh of which nothing but these other prices is answered."""
    for _ in range(2):
        prices(aws, [])
    spot(aws, [])
    others(aws, items)
    return refreshed(aws)


def refreshed(aws: FakeAws, **more: Any) -> tuple[Refreshed, PriceBook]:
    made = refresh(
        connect("prices refresh"), packaged_book(), ["us-east-1"], now=NOW, types=TYPES, fetch=lambda _: ADVICE, **more
    )
    return made, PriceBook(made.content)


@pytest.fixture
def whole(aws: FakeAws) -> FakeAws:
    prices(aws, [instance("g5.xlarge", "1.1000"), instance("m5.large", "0.0960")],
           {"regionCode": "us-east-1", **EC2_FILTERS}, "AmazonEC2")  # fmt: skip
    prices(aws, [hosting("ml.g5.xlarge", "1.50"), hosting("ml.m5.large", "0.115")],
           {"regionCode": "us-east-1", "component": "Hosting"}, "AmazonSageMaker")  # fmt: skip
    spot(aws, [("g5.xlarge", "us-east-1a", "0.40", 40), ("g5.xlarge", "us-east-1a", "0.60", 10),
               ("g5.xlarge", "us-east-1b", "0.50", 30), ("g5.xlarge", "us-east-1c", "0.90", 30)])  # fmt: skip
    others(aws, {
        "AWSQueueService": [
            product("AWSQueueService", {"usagetype": "USE1-Requests-RBP", "queueType": "Standard"},
                    [("0.0000003500", "0", "100000000000"), ("0.0000003", "100000000000", "Inf")]),
            product("AWSQueueService", {"usagetype": "USE1-Requests-FIFO-RBP", "queueType": "FIFO (first-in, first-out)"},
                    [("0.0000005", "0", "Inf")]),
        ],
        "AWSLambda": [product("AWSLambda", {"usagetype": "Lambda-GB-Second"}, [("0.0000166667", "0", "Inf")]),
                      product("AWSLambda", {"usagetype": "Lambda-GB-Second-ARM"}, [("0.0000133334", "0", "Inf")])],
    })  # fmt: skip
    return aws


def test_every_part_gets_its_new_prices_with_todays_date(whole: FakeAws) -> None:
    made, book = refreshed(whole)

    on_demand = book.instance("us-east-1", "g5.xlarge", "on_demand")
    assert (on_demand.usd, on_demand.as_of, on_demand.source) == (Decimal("1.1000"), "2026-11-25", "price-list-api")
    assert book.instance("us-east-1", "ml.g5.xlarge", "hosting").usd == Decimal("1.50")
    assert made.updated == {
        "EC2 on-demand of us-east-1": 2, "SageMaker hosting of us-east-1": 2, "EC2 spot of us-east-1": 1,
        "other services of us-east-1": 4,
    }  # fmt: skip
    assert made.failed == []
    whole.all_asked()


def test_tiers_come_in_the_books_own_unit(whole: FakeAws) -> None:
    _, book = refreshed(whole)

    tiers = book.tiers("us-east-1", "SQS", "standard_requests")
    assert [(tier.usd, tier.tier_from, tier.tier_to) for tier in tiers] == [
        (Decimal("0.35"), Decimal(0), Decimal(10) ** 11), (Decimal("0.3"), Decimal(10) ** 11, None),
    ]  # fmt: skip
    assert tiers[0].per == 1_000_000


def test_spot_is_the_median_of_zones_each_weighed_by_time(whole: FakeAws) -> None:
    made, book = refreshed(whole)

    # Zone a: 20 days at 0.40, 10 at 0.60: median 0.40. Zones 0.40, 0.50, 0.90.
    price = book.instance("us-east-1", "g5.xlarge", "spot")
    assert (price.usd, price.note) == (Decimal("0.50"), ">20%")
    assert made.content["spot_zones"]["us-east-1"]["g5.xlarge"]["us-east-1a"] == ["0.40", "0.40", "0.60"]


def test_a_type_without_history_keeps_its_price_and_date_and_takes_the_new_band(whole: FakeAws) -> None:
    before = packaged_book().instance("us-east-1", "m5.large", "spot")
    made, book = refreshed(whole)

    after = book.instance("us-east-1", "m5.large", "spot")
    assert (after.usd, after.as_of, after.note) == (before.usd, before.as_of, "<5%")
    assert "m5.large (spot) in us-east-1: no price in 30 days" in made.kept


def test_a_spot_price_that_jumps_is_another_things_and_the_old_one_stays(aws: FakeAws) -> None:
    prices(aws, [instance("g5.xlarge", "1.1")])
    prices(aws, [])
    spot(aws, [("g5.xlarge", "us-east-1a", "0.00001", 30), ("m5.large", "us-east-1a", "0.03", 30)])
    others(aws)

    made, book = refreshed(aws)

    assert book.instance("us-east-1", "g5.xlarge", "spot") == packaged_book().instance("us-east-1", "g5.xlarge", "spot")
    assert any(line.startswith("g5.xlarge (spot) in us-east-1: USD 0.00001 is not plausible") for line in made.kept)
    assert made.updated["EC2 spot of us-east-1"] == 1


def test_what_was_not_asked_for_stays_as_it_was(whole: FakeAws) -> None:
    _, book = refreshed(whole)

    for place in (("us-east-1", "g5.2xlarge"), ("eu-west-1", "g5.xlarge")):
        assert book.instance(*place, "on_demand") == packaged_book().instance(*place, "on_demand")
    assert "refreshed" not in packaged_book().content


def test_several_products_or_an_implausible_price_keep_the_old_one(aws: FakeAws) -> None:
    prices(aws, [instance("g5.xlarge", "1.1"), instance("g5.xlarge", "0.0000000000"), instance("m5.large", "9.6")])
    prices(aws, [hosting("ml.g5.xlarge", "0")])
    spot(aws, [])
    others(aws, {"AmazonECR": [product("AmazonECR", {"usagetype": "TimedStorage-ByteHrs"}, [("0.11", "0", "Inf")])]})

    made, book = refreshed(aws)

    for kind in TYPES:
        assert book.instance("us-east-1", kind, "on_demand") == packaged_book().instance("us-east-1", kind, "on_demand")
    said = "\n".join(made.kept)
    assert "g5.xlarge (on_demand) in us-east-1: 2 products at 2 prices where one price is needed" in said
    assert "m5.large (on_demand) in us-east-1: USD 9.6 is not plausible, it was 0.096" in said
    assert "ml.g5.xlarge (hosting) in us-east-1: USD 0 is not plausible" in said
    assert "SQS.standard_requests" in made.why_kept["us-east-1", "0 products where one price is needed"]


def test_a_free_first_tier_is_an_allowance_and_no_price(aws: FakeAws) -> None:
    _, book = only(aws, {"AmazonSNS": [product("AmazonSNS", {"usagetype": "EU-Requests-Tier1"},
                                               [("0", "0", "1000000"), ("0.0000005", "1000000", "Inf")])]})  # fmt: skip

    (tier,) = book.tiers("us-east-1", "SNS", "standard_publish")
    assert (tier.usd, tier.tier_from, tier.tier_to) == (Decimal("0.5"), 0, None)


def test_products_that_aws_lists_twice_at_one_price_are_one_price(aws: FakeAws) -> None:
    """As CloudWatch's logs (current and legacy) and DynamoDB's storage (with and without what is free) in us-east-1."""
    _, book = only(aws, {
        "AmazonCloudWatch": [
            product("AmazonCloudWatch", {"usagetype": usage, "version": version}, [("0.61", "0", "Inf")])
            for usage, version in (("USE1-DataProcessing-Bytes", "Current"), ("DataProcessing-Bytes", "Legacy"))
        ],
        "AmazonDynamoDB": [
            product("AmazonDynamoDB", {"usagetype": "TimedStorage-ByteHrs"}, [("0", "0", "25"), ("0.26", "25", "Inf")]),
            product("AmazonDynamoDB", {"usagetype": "USE1-TimedStorage-ByteHrs"}, [("0.26", "0", "Inf")]),
        ],
    })  # fmt: skip

    assert [tier.usd for tier in book.tiers("us-east-1", "CloudWatch", "logs_ingest_standard")] == [Decimal("0.61")]
    (storage,) = book.tiers("us-east-1", "DynamoDB", "storage_standard")
    assert (storage.usd, storage.tier_from, storage.as_of) == (Decimal("0.26"), 0, "2026-11-25")


def test_neighbours_of_a_usage_type_are_other_products(aws: FakeAws) -> None:
    """Infrequent access is no region, a partner's event no custom one, and fair queues are no standard ones."""
    _, book = only(aws, {
        "AmazonDynamoDB": [
            product("AmazonDynamoDB", {"usagetype": "ReadRequestUnits"}, [("0.000000130", "0", "Inf")]),
            product("AmazonDynamoDB", {"usagetype": "IA-ReadRequestUnits"}, [("0.000000160", "0", "Inf")]),
        ],
        "AWSEvents": [
            product("AWSEvents", {"usagetype": "USE1-Event-64K-Chunks", "operation": operation, "eventType": kind},
                    [(usd, "0", "Inf")])
            for operation, kind, usd in (("PutEvents", "Custom Event", "0.0000011"),
                                         ("ReceivedPartnerEvents", "Partner Event", "0.0000012"))
        ],
        "AWSQueueService": [
            product("AWSQueueService", {"usagetype": f"Requests-{kind}RBP"}, [(usd, "0", "Inf")])
            for kind, usd in (("", "0.00000041"), ("FIFO-", "0.00000051"), ("Fair-", "0.00000011"))
        ],
    })  # fmt: skip

    for service, meter, usd in (
        ("DynamoDB", "on_demand_rru", "0.13"), ("DynamoDB", "on_demand_rru_ia", "0.16"),
        ("EventBridge", "custom_events", "1.1"), ("SQS", "standard_requests", "0.41"), ("SQS", "fifo_requests", "0.51"),
    ):  # fmt: skip
        assert book.tiers("us-east-1", service, meter)[0].usd == Decimal(usd), meter


def test_serverless_inference_data_and_transfer_are_refreshed_where_the_book_had_none_too(aws: FakeAws) -> None:
    sizes = [product("AmazonSageMaker", {"usagetype": f"USE1-ServerlessInf:Mem-{size}GB"},
                     [("0", "0", "150000"), (f"{0.000021 * size:.6f}", "150000", "Inf")], family="ML Serverless", unit="Seconds")
             for size in range(1, 7)]  # fmt: skip
    kept = product("AmazonSageMaker", {"usagetype": "USE1-ServerlessInf-ProvisionedConcurrency:Usage-1GB"},
                   [("0.00001", "0", "Inf")], unit="Second")  # fmt: skip
    by_hour = product("AmazonSageMaker", {"usagetype": "USE1-ProvisionedConcurrency:Usage-1GB"},
                      [("0.036", "0", "Inf")])  # fmt: skip
    data = [product("AmazonSageMaker", {"usagetype": f"USE1-Hst:Data-Bytes-{way}", "operation": "Invoke-Endpoint"},
                    [("0.017", "0", "Inf")]) for way in ("In", "Out")]  # fmt: skip
    out = product("AWSDataTransfer", {"usagetype": "DataTransfer-Out-Bytes", "transferType": "AWS Outbound",
                                      "toLocation": "External"}, [("0.085", "0", "10240"), ("0.08", "10240", "Inf")])  # fmt: skip
    between = product("AWSDataTransfer", {"usagetype": "USE1-USW2-AWS-Out-Bytes", "transferType": "InterRegion Outbound",
                                          "toRegionCode": "us-west-2"}, [("0.019", "0", "Inf")])  # fmt: skip
    pipe = product("AWSEvents", {"usagetype": "USE1-Request-64K-Chunks", "operation": "PipeRequest"},
                   [("0.00000041", "0", "Inf")])  # fmt: skip

    _, book = only(aws, {"AmazonSageMaker": [*sizes, kept, by_hour, *data], "AWSDataTransfer": [out, between],
                         "AWSEvents": [pipe]})  # fmt: skip

    for service, meter, usd, unit in (
        ("SageMakerServerless", "inference_duration", "0.000021", "GB-s"),
        ("SageMakerServerless", "provisioned_concurrency", "0.00001", "GB-s"),
        ("SageMakerHosting", "data_processed_in", "0.017", "GB"), ("DataTransfer", "internet_out", "0.085", "GB"),
        ("DataTransfer", "inter_region_out_to_us-west-2", "0.019", "GB"),
        ("EventBridge", "pipes_requests", "0.41", "1M requests (64KB)"),
    ):  # fmt: skip
        tier = book.tiers("us-east-1", service, meter)[0]
        assert (tier.usd, tier.unit, tier.as_of) == (Decimal(usd), unit, "2026-11-25"), meter


def test_a_price_that_aws_lists_once_for_everywhere_comes_into_each_region(aws: FakeAws) -> None:
    dashboards = [product("AmazonCloudWatch", {"usagetype": f"DashboardsUsageHour{kind}", "location": "Any"},
                          [("0", "0", "3"), (usd, "3", "Inf")]) for kind, usd in (("", "3.1"), ("-Basic", "2.9"))]  # fmt: skip
    _, book = only(aws, {"Any": dashboards})

    assert book.tiers("us-east-1", "CloudWatch", "dashboard")[0].usd == Decimal("3.1")


def test_where_a_region_has_no_price_yet_the_others_say_what_is_plausible(aws: FakeAws) -> None:
    def answer(usd: str) -> list[str]:
        return [product("AmazonSageMaker", {"usagetype": "USE1-Hst:Data-Bytes-In"}, [(usd, "0", "Inf")])]

    assert "data_processed_in" not in packaged_book().content["services"]["us-east-1"]["SageMakerHosting"]
    made, book = only(aws, {"AmazonSageMaker": answer("16"), "AmazonECR": [
        product("AmazonECR", {"usagetype": "TimedStorage-ByteHrs"}, [("0.11", "0", "Inf")])]})  # fmt: skip

    assert book.find("us-east-1", "SageMakerHosting", "data_processed_in") is None
    assert "SageMakerHosting.data_processed_in in us-east-1: USD 16 is not plausible, it was 0.016" in made.kept


def test_what_was_free_and_still_is_takes_todays_date_and_what_is_no_longer_is_told(aws: FakeAws) -> None:
    made, book = only(aws, {"AmazonSNS": [product("AmazonSNS", {"usagetype": "DeliveryAttempts-SQS"}, [("0", "0", "Inf")]),
                                          product("AmazonSNS", {"usagetype": "DeliveryAttempts-LAMBDA"},
                                                  [("0.0000001", "0", "Inf")])]})  # fmt: skip

    (free,) = book.tiers("us-east-1", "SNS", "sqs_delivery")
    assert (free.usd, free.as_of) == (0, "2026-11-25")
    assert "SNS.lambda_delivery in us-east-1: USD 0.1 is not plausible, it was 0" in made.kept


def test_a_service_that_aws_refuses_keeps_its_rows_and_the_others_are_asked(aws: FakeAws) -> None:
    prices(aws, [instance("g5.xlarge", "1.1")])
    prices(aws, [])
    spot(aws, [])
    for code, family, place in QUESTIONS:
        if code == "AWSEvents":
            aws.on("pricing").add_client_error("get_products", "InternalErrorException", "try later")
        else:
            prices(aws, [product(code, {"usagetype": "TimedStorage-ByteHrs"}, [("0.11", "0", "Inf")])]
                   if (code, family, place) == ("AmazonECR", "", "regionCode") else [], code=code)  # fmt: skip

    made, book = refreshed(aws)

    assert made.failed == ["AWSEvents of us-east-1: AWS refused pricing:GetProducts: InternalErrorException: try later"]
    assert book.tiers("us-east-1", "ECR", "private_storage")[0].usd == Decimal("0.11")
    events = book.tiers("us-east-1", "EventBridge", "custom_events")
    assert events == packaged_book().tiers("us-east-1", "EventBridge", "custom_events")


def test_after_a_throttled_question_the_rest_is_not_asked_and_named(aws: FakeAws) -> None:
    prices(aws, [instance("g5.xlarge", "1.1")])
    prices(aws, [])
    spot(aws, [])
    aws.on("pricing").add_client_error("get_products", "ThrottlingException", "Rate exceeded")

    made, _ = refreshed(aws)

    assert made.failed[0].startswith("AWSLambda of us-east-1: AWS throttled pricing:GetProducts")
    assert made.failed[1].startswith("not asked after that in us-east-1: AWSQueueService, AmazonSNS, AmazonS3")


def test_a_region_that_is_not_in_the_book_is_refused_before_anything_is_asked(aws: FakeAws) -> None:
    with pytest.raises(HeadwayError, match="region 'eu-west-11' is not in the price book; did you mean eu-west-1"):
        refresh(connect("prices refresh"), packaged_book(), ["us-east-1", "eu-west-11"], now=NOW)


def test_a_part_that_is_denied_keeps_its_rows_and_says_which_permission(aws: FakeAws) -> None:
    prices(aws, [instance("g5.xlarge", "1.1")])
    prices(aws, [])
    aws.on("ec2").add_client_error("describe_spot_price_history", "UnauthorizedOperation",
                                   "You are not authorized to perform this operation.", 403)  # fmt: skip
    others(aws)

    made, book = refreshed(aws)

    assert book.instance("us-east-1", "g5.xlarge", "spot") == packaged_book().instance("us-east-1", "g5.xlarge", "spot")
    assert book.instance("us-east-1", "g5.xlarge", "on_demand").usd == Decimal("1.1")
    assert made.failed == [
        "EC2 spot of us-east-1: AWS denied ec2:DescribeSpotPriceHistory: allow it; `headway prices refresh` needs it"
    ]


def test_an_advisor_out_of_reach_keeps_the_bands(whole: FakeAws) -> None:
    def unreachable(_: str) -> bytes:
        raise OSError("timed out")

    made = refresh(connect("prices refresh"), packaged_book(), ["us-east-1"], now=NOW, types=TYPES, fetch=unreachable)

    band = packaged_book().instance("us-east-1", "g5.xlarge", "spot").note
    assert PriceBook(made.content).instance("us-east-1", "g5.xlarge", "spot").note == band
    assert any("the Spot Advisor cannot be reached (timed out)" in kept for kept in made.kept)


def test_empty_answers_are_an_error(aws: FakeAws) -> None:
    for _ in range(2):
        prices(aws, [])
    spot(aws, [])
    others(aws)

    with pytest.raises(HeadwayError, match="no price could be refreshed, the book stays as it was"):
        refreshed(aws)


def test_where_everything_is_denied_one_line_names_both_permissions(
    aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADWAY_DATA", str(tmp_path / "data"))
    aws.on("pricing").add_client_error("get_products", "AccessDeniedException", "not authorized")
    aws.on("ec2").add_client_error("describe_spot_price_history", "UnauthorizedOperation", "not authorized", 403)

    assert run(["prices", "refresh"]) == 1

    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.count("pricing:GetProducts") == said.count("ec2:DescribeSpotPriceHistory") == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("prices_", "quartiles"),
    [
        ([(30, "1"), (15, "2")], ("1", "1", "2")),
        ([(60, "3")], ("3", "3", "3")),
        ([(30, "1"), (29, "5"), (1, "1")], ("5", "5", "5")),
    ],
)
def test_quartiles_weigh_a_price_by_how_long_it_held(
    prices_: list[tuple[int, str]], quartiles: tuple[str, ...]
) -> None:
    rows = [(NOW - timedelta(days=ago), Decimal(usd)) for ago, usd in prices_]

    assert spread(rows, NOW - timedelta(days=30), NOW) == tuple(Decimal(usd) for usd in quartiles)


def test_the_command_writes_a_dated_book_that_is_then_used(
    whole: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADWAY_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("HEADWAY_PRICES")
    monkeypatch.setattr(spot_prices, "fetch_https", lambda _: ADVICE)
    monkeypatch.setattr("datetime.datetime", Then)

    assert run(["prices", "refresh", "--type", "g5.xlarge", "--type", "m5.large"]) == 0

    (written,) = (tmp_path / "data").iterdir()
    assert str(written) in "".join(capsys.readouterr().out.split("\n"))
    assert load_book().path == written
    assert load_book().instance("us-east-1", "g5.xlarge", "on_demand").usd == Decimal("1.1000")
    assert run(["prices", "show", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert run(["prices", "show", "--type", "ml.g5.xlarge"]) == 0
    assert "EC2 spot, us-east-1a 0.40 0.40 to 0.60 2026-11-25" in " ".join(capsys.readouterr().out.split())
    assert {"what": "EC2 on-demand: g5.xlarge", "region": "us-east-1", "before": "1.006", "after": "1.1000"} in shown[
        "changes"
    ]


@pytest.mark.parametrize("code", ["ExpiredTokenException", "UnrecognizedClientException"])
def test_without_a_login_nothing_is_written_and_one_message_says_so(
    code: str, aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADWAY_DATA", str(tmp_path / "data"))
    aws.on("pricing").add_client_error("get_products", code, "The security token is no good")

    assert run(["prices", "refresh"]) == 1

    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "data").exists()
