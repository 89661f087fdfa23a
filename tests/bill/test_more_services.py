"""Services that hybrids use and users compare with: units, steps and minimums as AWS meters them."""

from decimal import Decimal

import pytest

from headway.bill import Bill, price
from headway.errors import HeadwayError
from headway.prices import PriceError
from headway.prices.commitments import commitment_discount


def quantities(bill: Bill) -> dict[str, Decimal]:
    return {line.meter: line.quantity.expected for line in bill.lines}


@pytest.mark.parametrize(
    ("item", "reads", "writes"), [("1KiB", 1, 1), ("1025", 1, 2), ("4KiB", 1, 4), ("4097", 2, 5), ("9KiB", 3, 9)]
)
def test_reads_are_metered_by_four_kilobytes_and_writes_by_one(item: str, reads: int, writes: int) -> None:
    bill = price("dynamodb", {"reads": 1_000_000, "writes": 1_000_000, "item_bytes": item, "consistency": "strong"})
    assert quantities(bill) == {"on_demand_rru": reads, "on_demand_wru": writes}


def test_consistency_and_transactions_change_the_units() -> None:
    million = {"reads": 1_000_000}
    assert quantities(price("dynamodb", million))["on_demand_rru"] == Decimal("0.5")
    assert quantities(price("dynamodb", {**million, "consistency": "transactional"}))["on_demand_rru"] == 2
    assert quantities(price("dynamodb", {"transactional_writes": 1_000_000}))["on_demand_wru"] == 2


def test_capacity_that_is_provisioned_is_paid_all_month() -> None:
    bill = price("dynamodb", {"read_capacity": 100, "write_capacity": 10})
    assert quantities(bill) == {"provisioned_rcu": 73_000, "provisioned_wcu": 7300}
    assert bill.total.expected == 73_000 * Decimal("0.00013") + 7300 * Decimal("0.00065")


def test_storage_streams_and_recovery_have_their_own_meters() -> None:
    bill = price("dynamodb", {"storage_gb": 10, "streams_reads": 1_000_000, "pitr_gb_months": 10})
    assert bill.total.expected == Decimal("2.50") + Decimal("0.20") + Decimal("2.00")


@pytest.mark.parametrize(("size", "units"), [("1KB", 1), ("512KiB", 1), ("513KiB", 2), ("3MB", 6)])
def test_a_request_of_an_http_api_is_metered_by_512_kilobytes(size: str, units: int) -> None:
    bill = price("api-gateway", {"requests": 1_000_000, "request_bytes": size})
    assert quantities(bill) == {"http_api": units}


def test_an_http_api_is_cheaper_beyond_its_first_300_million_and_a_rest_api_dearer_throughout() -> None:
    assert price("api-gateway", {"requests": 400_000_000}).total.expected == 300 + 90
    assert price("api-gateway", {"requests": 1_000_000, "kind": "rest"}).total.expected == Decimal("3.5")


def test_a_pipe_is_metered_by_64_kilobytes() -> None:
    assert quantities(price("pipes", {"requests": 1_000_000, "event_bytes": "65KiB"})) == {"pipes_requests": 2}


def test_an_express_workflow_is_billed_by_100_ms_and_64_mb() -> None:
    bill = price("step-functions", {"express_requests": 1_000_000, "duration": "120ms", "memory": "65MB"})
    # 0.2 s of 128 MB each.
    assert quantities(bill) == {"express_requests": 1, "express_duration": Decimal("25000")}
    assert bill.total.expected == 1 + 25_000 * Decimal("0.00001667")


def test_a_standard_workflow_is_billed_by_transition() -> None:
    assert price("step-functions", {"transitions": 4_000_000}).total.expected == 100


def test_a_task_is_billed_for_a_minute_at_least_and_by_the_second_beyond() -> None:
    short = {"tasks": 3600, "duration": "10s", "vcpu": 0.5, "memory_gb": 1}
    assert quantities(price("fargate", short)) == {"vcpu_x86": 30, "memory_x86": 60}
    longer = quantities(price("fargate", {**short, "duration": "90.2s", "arch": "arm64", "storage_gb": 30}))
    assert longer == {"vcpu_arm": Decimal("45.5"), "memory_arm": 91, "ephemeral_storage_over_20GB": 910}


def test_fargate_spot_has_no_price_and_says_so_unless_one_is_given() -> None:
    usage = {"tasks": 1, "duration": "1h", "vcpu": 1, "memory_gb": 2, "spot": "yes"}
    bill = price("fargate", usage)
    assert bill.unpriced == ("Fargate.spot_vcpu_x86", "Fargate.spot_memory_x86")
    given = price("fargate", usage, rates={"spot_vcpu_x86": "0.0125", "spot_memory_x86": "0.0013"})
    assert given.total.expected == Decimal("0.0151")


def test_images_are_kept_by_the_gigabyte() -> None:
    assert price("ecr", {"storage_gb": 12}).total.expected == Decimal("1.20")


def test_a_reservation_is_paid_every_hour_of_the_month() -> None:
    bill = price("ec2-reserved", {"instance_type": "g5.xlarge", "instances": 2, "term": "3y"}, region="eu-central-1")
    on_demand = price("ec2", {"instance_type": "g5.xlarge", "hours": 1460}, region="eu-central-1").total.expected
    assert bill.total.expected == on_demand * (1 - Decimal("0.568"))
    assert "less 56.8%" in bill.lines[0].source
    own = price("ec2-reserved", {"instance_type": "g5.xlarge"}, rates={"standard_ri_1y": "0.5"})
    assert own.total.expected == 365


def test_a_reservation_that_is_not_known_says_what_is() -> None:
    with pytest.raises(PriceError, match="no reservations are known in sa-east-1"):
        commitment_discount("sa-east-1", "g5.xlarge", offering="standard_ri", term="1y")
    with pytest.raises(PriceError, match=r"no reservation of g5\.xlarg is known.*g5\.xlarge"):
        commitment_discount("us-east-1", "g5.xlarg", offering="standard_ri", term="1y")
    with pytest.raises(PriceError, match="no standard_ri of 2y"):
        commitment_discount("us-east-1", "g5.xlarge", offering="standard_ri", term="2y")
    with pytest.raises(HeadwayError, match="use 1y or 3y"):
        price("ec2-reserved", {"instance_type": "g5.xlarge", "term": "2y"})


def test_provisioned_concurrency_is_paid_while_kept_and_makes_requests_cheaper() -> None:
    usage = {"requests": 1_000_000, "duration": "1s", "memory": "1GB"}
    kept = price("lambda", {**usage, "provisioned_concurrency": 10, "provisioned_hours": 730})
    found = quantities(kept)
    assert found["provisioned_concurrency_x86"] == 10 * 730 * 3600
    assert found["provisioned_duration_x86"] == 1_000_000
    assert "duration_x86" not in found
    prices = {line.meter: line.unit_price for line in kept.lines}
    plain = {line.meter: line.unit_price for line in price("lambda", usage).lines}
    assert prices["provisioned_duration_x86"] < plain["duration_x86"]  # type: ignore[operator]


def test_pollers_of_an_event_source_are_unpriced_unless_a_rate_is_given() -> None:
    usage = {"requests": 1, "duration": "1s", "memory": "128MB", "poller_hours": 730}
    assert price("lambda", usage).unpriced == ("Lambda.event_source_poller",)
    given = price("lambda", usage, rates={"event_source_poller": "0.01"})
    assert given.unpriced == ()
    assert given.total.expected > Decimal("7.30")
