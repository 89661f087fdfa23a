"""One AWS service at a time, with AWS's own rounding, chunks and tiers. Unit prices are given, so no price moves them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.bill import CATALOGUE, Bill, price
from headway.bill.catalogue import keys_of, meters_of
from headway.errors import HeadwayError
from headway.prices import load_book
from headway.prices.book import without


def cents(bill: Bill) -> Decimal:
    return bill.total.expected.quantize(Decimal("0.01"))


def test_aws_lambda_example_1() -> None:
    """512 MB, 3 million requests of 1 s: https://aws.amazon.com/lambda/pricing/ (18.34 + 0.40 = 18.74)."""
    bill = price(
        "lambda", {"requests": 3_000_000, "duration": "1s", "memory": "512MB"},
        rates={"duration_x86": "0.00001667", "requests_x86": "0.20"}, free_tier=True,
    )  # fmt: skip
    by_meter = {line.meter: line.amount.expected.quantize(Decimal("0.01")) for line in bill.lines if line.amount}
    assert by_meter == {"requests_x86": Decimal("0.40"), "duration_x86": Decimal("18.34")}
    assert cents(bill) == Decimal("18.74")


def test_aws_lambda_example_2() -> None:
    """128 MB, 30 million requests of 200 ms: https://aws.amazon.com/lambda/pricing/ (5.83 + 5.80 = 11.63)."""
    bill = price(
        "lambda", {"requests": 30_000_000, "duration": "200ms", "memory": "128MB"},
        rates={"duration_x86": "0.00001667", "requests_x86": "0.20"}, free_tier=True,
    )  # fmt: skip
    assert cents(bill) == Decimal("11.63")


def test_an_event_of_256_kb_is_four() -> None:
    """'An event with a 256 KB payload is billed as 4': https://aws.amazon.com/eventbridge/pricing/."""
    (line,) = price("eventbridge", {"events": 2_000_000, "event_bytes": "256KiB"}).lines
    assert line.quantity.expected == 8
    assert line.amount is not None
    assert line.amount.expected == Decimal(8)


@pytest.mark.parametrize(
    ("service", "usage", "usd"),
    [
        # Hours x price.
        ("ec2", {"instance_type": "g5.xlarge", "hours": 730}, "734.38"),
        ("sagemaker-hosting", {"instance_type": "ml.g5.xlarge", "hours": 730}, "1027.84"),
        ("ipv4", {"hours": 730}, "3.65"),
        ("nat", {"hours": 730, "gb": 100}, "37.35"),
        ("interface-endpoint", {"endpoint_az_hours": 1460, "gb": 100}, "15.60"),
        # 3,000 IOPS and 125 MiB/s are included in gp3.
        ("ebs", {"gb_months": 100, "iops": 4000, "mibps": 225, "volume_months": 1}, "17.00"),
        # 64 KB chunks: 100 KB are two requests.
        ("sqs", {"requests": 5_000_000, "message_bytes": "100KB"}, "4.00"),
        ("sqs", {"requests": 5_000_000, "message_bytes": "65536B", "fifo": "yes"}, "2.50"),
        ("sns", {"publishes": 1_000_000, "message_bytes": "65KiB"}, "1.00"),
        ("scheduler", {"invocations": 43_800}, "0.04"),
        ("s3", {"storage_gb_months": 100, "puts": 10_000, "gets": 10_000}, "2.35"),
        # 1,536 MB over the 512 included, for 3 million seconds.
        ("lambda", {"requests": 3_000_000, "seconds": 1, "memory_mb": 1024, "arch": "arm64", "ephemeral": "2048MB"}, "40.74"),
        ("cloudwatch", {"metrics": 10, "alarms": 6, "composite_alarms": 2, "dashboards": 4, "log_gb": 10, "log_stored_gb_months": 5}, "21.75"),
        ("data-transfer", {"internet_out_gb": 0, "inter_az_gb": 100}, "2.00"),
    ],
)  # fmt: skip
def test_a_month_in_us_east_1_costs_what_aws_lists(service: str, usage: dict[str, Any], usd: str) -> None:
    assert cents(price(service, usage)) == Decimal(usd)


def test_lambda_rounds_up_to_the_millisecond() -> None:
    one = price("lambda", {"requests": 10**9, "seconds": 0.0101, "memory_mb": 1024})
    other = price("lambda", {"requests": 10**9, "seconds": 0.011, "memory_mb": 1024})
    assert one.total == other.total


def test_a_quantity_that_crosses_a_tier_pays_each_part_its_own_price() -> None:
    # 10 TB at 0.09, the rest at 0.085.
    bill = price("data-transfer", {"internet_out_gb": 10_240 + 1000})
    assert cents(bill) == Decimal("1006.60")
    (line,) = bill.lines
    assert line.unit_price is not None
    assert Decimal("0.085") < line.unit_price < Decimal("0.09")


def test_the_free_tier_is_off_unless_asked_for() -> None:
    usage = {"requests": 1_500_000}
    assert cents(price("sqs", usage)) == Decimal("0.60")
    assert cents(price("sqs", usage, free_tier=True)) == Decimal("0.20")
    assert cents(price("scheduler", {"invocations": 14_000_000}, free_tier=True)) == 0


def test_provisioned_concurrency_has_no_price_and_so_no_amount() -> None:
    usage = {"requests": 1000, "seconds": 1, "memory_mb": 2048, "provisioned_concurrency": 1, "provisioned_hours": 730}
    bill = price("sagemaker-serverless", usage)
    assert bill.unpriced == ("SageMakerServerless.provisioned_concurrency",)
    states = {line.meter: line.state for line in bill.lines}
    assert states["provisioned_concurrency"] == "unpriced"
    assert [line.amount for line in bill.lines if line.state == "unpriced"] == [None]
    given_rate = price("sagemaker-serverless", usage, rates={"provisioned_concurrency": "0.000005"})
    assert given_rate.unpriced == ()
    assert given_rate.total.expected - bill.total.expected == Decimal("0.000005") * 730 * 3600 * 2


def test_a_price_that_is_missing_is_unpriced_and_never_nothing() -> None:
    book = without(load_book(), "SQS", "standard_requests")
    bill = price("sqs", {"requests": 10**9}, book=book)
    (line,) = bill.lines
    assert (line.state, line.amount, line.unit_price) == ("unpriced", None, None)
    assert bill.unpriced == ("SQS.standard_requests",)


def test_spot_in_a_region_without_spot_prices_is_unpriced() -> None:
    book = load_book()
    region, name = next(
        (region, name)
        for region in book.regions
        for name in book.instance_types("us-east-1", "spot")
        if name in book.instance_types(region, "on_demand") and name not in book.instance_types(region, "spot")
    )
    (line,) = price("ec2", {"instance_type": name, "hours": 1, "purchase": "spot"}, region=region).lines
    assert line.state == "unpriced"


@pytest.mark.parametrize(
    ("service", "usage", "expected"),
    [
        ("lamda", {}, "did you mean lambda"),
        ("lambda", {"requests": 1}, "lambda needs seconds and memory_mb"),
        ("lambda", {"requets": 1}, "did you mean requests"),
        ("lambda", {"requests": "many", "seconds": 1, "memory": 512}, "lambda requests=many: a number is needed"),
        ("lambda", {"requests": -1, "seconds": 1, "memory": 512}, "a number of zero or more"),
        (
            "lambda",
            {"requests": "1e400", "seconds": 1, "memory": 512},
            "lambda requests=1e400: at most 1e.15 is needed",
        ),
        ("lambda", {"requests": "nan", "seconds": 1, "memory": 512}, "number of zero or more"),
        ("lambda", {"requests": 1, "duration": "1 parsec", "memory": 512}, "no unit of time"),
        ("lambda", {"requests": 1, "seconds": 1, "memory": "512 apples"}, "memory such as 512MB"),
        ("lambda", {"requests": 1, "seconds": 1, "memory": 512, "arch": "arm"}, "use x86 or arm64"),
        ("ec2", {"instance_type": "g5.xlarg", "hours": 1}, "did you mean g5.xlarge"),
    ],
)
def test_a_mistake_says_what_would_be_right(service: str, usage: dict[str, Any], expected: str) -> None:
    with pytest.raises(HeadwayError, match=expected):
        price(service, usage)


def test_an_unknown_region_and_an_unknown_meter_say_what_comes_near() -> None:
    with pytest.raises(HeadwayError, match="did you mean eu-west-1"):
        price("sqs", {"requests": 1}, region="eu-wst-1")
    with pytest.raises(HeadwayError, match="did you mean standard_requests"):
        price("sqs", {"requests": 1}, rates={"standard_request": "0.4"})
    with pytest.raises(HeadwayError, match="US dollars"):
        price("sqs", {"requests": 1}, rates={"standard_requests": "cheap"})


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_service_of_the_catalogue_can_be_priced_from_its_listed_keys(name: str) -> None:
    values = {"count": 1000, "duration": "1s", "memory": "1024MB", "size": "1KB", "yes or no": "no"}
    service = CATALOGUE[name]
    usage = {
        key.name: "ml.m5.large" if name == "sagemaker-hosting" and key.name == "instance_type"
        else "m5.large" if key.name == "instance_type"
        else values.get(key.kind, key.kind.split("|")[0])
        for key in keys_of(service)
    }  # fmt: skip
    bill = price(name, usage)
    assert bill.lines
    meters = {line.meter for line in bill.lines}
    assert meters <= set(meters_of(service, load_book()))


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_more_usage_never_costs_less(one: int, other: int) -> None:
    low, high = sorted((one, other))
    for service, key in (("sqs", "requests"), ("data-transfer", "internet_out_gb")):
        assert price(service, {key: low}).total.expected <= price(service, {key: high}).total.expected


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_flat_price_adds_up(one: int, other: int) -> None:
    both = price("scheduler", {"invocations": one + other}).total.expected
    assert (
        both
        == price("scheduler", {"invocations": one}).total.expected
        + price("scheduler", {"invocations": other}).total.expected
    )
