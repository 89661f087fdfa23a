"""Integrity of the packaged prices themselves: what a wrong row in the facts would break."""

from decimal import Decimal
from itertools import pairwise

import pytest

from headway.prices import PriceBook, load_book
from headway.prices.hardware import hardware

SPOT_ABOVE_ON_DEMAND = {("ca-central-1", "p5.48xlarge"), ("ca-west-1", "m5.metal"), ("me-south-1", "r7g.metal")}
"""As quoted: nobody would take spot there, and the planner does not."""
HOSTING_BELOW_EC2 = {("sa-east-1", "ml.g5.12xlarge")}
"""As published on the day of the snapshot."""
FREE_METERS = {
    "DataTransfer.internet_in", "SNS.lambda_delivery", "SNS.sqs_delivery", "VPC.gateway_endpoint_s3_dynamodb",
}  # fmt: skip
NEEDED = {
    "SQS": ("standard_requests",),
    "S3": ("standard_storage", "put_copy_post_list", "get_and_other"),
    "Lambda": ("requests_arm", "duration_arm"),
    "EventBridge": ("scheduler_invocations",),
    "CloudWatch": ("custom_metric", "alarm_standard", "logs_ingest_standard", "logs_storage"),
    "VPC": ("public_ipv4_in_use",),
    "EBS": ("gp3_storage",),
    "SageMakerHosting": ("ml_storage_gp2",),
    "SageMakerServerless": ("inference_duration",),
}
"""What the three architectures' stacks are billed for."""
GAPS = {
    "EBS.gp3_storage": {"ap-east-2", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "mx-central-1"},
}
KNOWN_ONLY_IN = {
    "SageMakerServerless.inference_duration": {"us-east-1"},
    "SageMakerHosting.ml_storage_gp2": {"us-east-1", "eu-west-1"},
}
"""Everywhere else these lines are unpriced, and the bill says so."""


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return load_book()


def test_every_meter_costs_something_unless_aws_charges_nothing(book: PriceBook) -> None:
    free = {
        f"{service}.{meter}"
        for region, services in book.content["services"].items()
        for service, meters in services.items()
        for meter in meters
        if any(tier.usd <= 0 for tier in book.tiers(region, service, meter))
    }
    assert free == FREE_METERS


@pytest.mark.parametrize("purchase", ["on_demand", "spot", "hosting"])
def test_every_instance_costs_something_and_is_known_hardware(book: PriceBook, purchase: str) -> None:
    count = 0
    for region in book.regions:
        for name in book.instance_types(region, purchase):  # type: ignore[arg-type]
            assert book.instance(region, name, purchase).usd > 0, (region, name)  # type: ignore[arg-type]
            count += 1
    assert count > 1000


def test_spot_is_below_on_demand_but_for_the_listed_ones(book: PriceBook) -> None:
    above = {
        (region, name)
        for region in book.regions
        for name in book.instance_types(region, "spot")
        if name in book.instance_types(region, "on_demand")
        and book.instance(region, name, "spot").usd >= book.instance(region, name, "on_demand").usd
    }
    assert above == SPOT_ABOVE_ON_DEMAND


def test_hosting_is_above_ec2_but_for_the_listed_ones(book: PriceBook) -> None:
    below = {
        (region, name)
        for region in book.regions
        for name in book.instance_types(region, "hosting")
        if name[3:] in book.instance_types(region, "on_demand")
        and book.instance(region, name, "hosting").usd <= book.instance(region, name[3:], "on_demand").usd
    }
    assert below == HOSTING_BELOW_EC2


def test_tiers_follow_on_each_other_from_nothing_to_no_end(book: PriceBook) -> None:
    for region, services in book.content["services"].items():
        for service, meters in services.items():
            for meter in meters:
                tiers = book.tiers(region, service, meter)
                assert tiers[0].tier_from == 0, (region, service, meter)
                assert tiers[-1].tier_to is None, (region, service, meter)
                for lower, upper in pairwise(tiers):
                    assert lower.tier_to == upper.tier_from, (region, service, meter)


def test_every_region_has_what_a_stack_needs_or_is_a_named_gap(book: PriceBook) -> None:
    for service, meters in NEEDED.items():
        for meter in meters:
            having = {region for region in book.regions if book.find(region, service, meter)}
            name = f"{service}.{meter}"
            expected = KNOWN_ONLY_IN.get(name, set(book.regions) - GAPS.get(name, set()))
            assert having == expected, name


def test_every_price_says_where_it_comes_from_and_of_when(book: PriceBook) -> None:
    undated = 0
    for region in book.regions:
        for name in book.instance_types(region, "on_demand"):
            price = book.instance(region, name, "on_demand")
            assert price.source
            undated += not price.as_of
    assert undated == 0
    for service, meter in (("SQS", "standard_requests"), ("Lambda", "duration_arm")):
        (tier, *_) = book.tiers("us-east-1", service, meter)
        assert tier.source
        assert tier.as_of >= "2025"
        assert tier.confidence == "high"


@pytest.mark.parametrize(
    ("name", "purchase", "usd"),
    [("g5.xlarge", "on_demand", "1.006"), ("ml.g5.xlarge", "hosting", "1.408"), ("m5.large", "on_demand", "0.096")],
)
def test_well_known_prices_are_as_aws_lists_them(book: PriceBook, name: str, purchase: str, usd: str) -> None:
    assert book.instance("us-east-1", name, purchase).usd == Decimal(usd)  # type: ignore[arg-type]


def test_hardware_is_what_aws_says() -> None:
    gpu = hardware("g5.xlarge")
    assert (gpu.vcpu, gpu.memory_mib, gpu.gpus) == (4, 16_384, 1)
    assert hardware("m5.large").gpus == 0
