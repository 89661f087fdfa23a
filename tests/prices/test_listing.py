"""Every meter of the book is in the table of what AWS calls it, or the table says why not."""

import re

import pytest

from headway.observed.usage_types import UNTAGGED, meter_of
from headway.prices import packaged_book
from headway.prices.listing import LISTED, UNLISTED, listed
from tests.observed.test_reconciling import stack

BOOK = packaged_book()
METERS = {
    (service, meter) for here in BOOK.content["services"].values() for service, own in here.items() for meter in own
}


def test_every_meter_of_the_book_is_refreshed_or_the_table_says_why_not() -> None:
    rows = {(one.service, one.meter) for one in listed({"DataTransfer": BOOK.meters("DataTransfer")})}

    assert METERS - rows == set(UNLISTED)
    assert not rows & UNLISTED.keys()


def test_every_row_says_where_its_usage_type_was_seen_and_is_there_once() -> None:
    assert all(len(one.seen) > 20 for one in LISTED)
    assert len({(one.service, one.meter) for one in LISTED}) == len(LISTED)


@pytest.mark.parametrize("region", ["", "EU-", "USE1-", "APN1-", "APS10-", "CAN1-", "MXC1-"])
def test_no_usage_type_is_two_meters(region: str) -> None:
    """Of those that nothing else than the usage type tells apart."""
    for one in LISTED:
        name = region + re.sub(r"\(\?:([\w-]+)[^)]*\)\??", r"\1", one.usage).replace("\\", "").replace("[A-Za-z-]*", "")
        assert one.is_called(name), name
        same = [other for other in LISTED
                if other.code == one.code and other.family == one.family and other.is_called(name)]  # fmt: skip
        assert same == [one], name


@pytest.mark.parametrize("usage_type", ["IA-ReadRequestUnits", "Global-ReadRequestUnits", "ReplReadRequestUnits"])
def test_infrequent_access_and_free_allowances_are_no_regions(usage_type: str) -> None:
    reads = next(one for one in LISTED if one.meter == "on_demand_rru")
    assert not reads.is_called(usage_type)


@pytest.mark.parametrize(
    "name", ["loan-documents", "moderation", "photo-tags", "shop-recommendations", "transaction-risk", "contact-form", "video-analysis"]
)  # fmt: skip
def test_every_line_of_a_stacks_bill_is_found_again_in_awss_bill(name: str) -> None:
    """Or AWS tags no such usage, or nobody prices it."""
    names = {"AmazonEC2": "EC2 - Other", "AWSQueueService": "Amazon Simple Queue Service", "AWSEvents": "CloudWatch Events",
             "AmazonVPC": "Amazon Virtual Private Cloud", "AmazonSNS": "Amazon Simple Notification Service",
             "AmazonS3": "Amazon Simple Storage Service", "AmazonApiGateway": "Amazon API Gateway"}  # fmt: skip
    known = {meter_of(names.get(one.code, one.code), re.sub(r"\(\?:([\w-]+)[^)]*\)\??", r"\1", one.usage).replace("\\", ""))
             for one in LISTED}  # fmt: skip
    meters = {(one.service, one.meter) for one in known if one is not None} | UNTAGGED
    meters |= {("EC2", "spot"), ("EC2", "on_demand"), ("SageMakerHosting", "hosting")}

    lines = {(line.service, line.meter.replace("_in_or_out", "").replace("processed_in", "processed").replace("processed_out", "processed"))
             for line in stack(name)[1].lines if line.state == "priced"}  # fmt: skip
    assert lines <= meters
