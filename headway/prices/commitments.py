"""Discounts of EC2 reservations, looked up as strictly as prices. They never cover SageMaker, nor spot."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from headway.errors import nearest
from headway.prices.book import DATA, PriceError

COMMITMENTS_FILE = DATA / "commitments.json.gz"


class Discount(NamedTuple):
    """A share off the on-demand price, with where it comes from."""

    share: Decimal
    source: str
    as_of: str


def commitment_discount(region: str, instance_type: str, *, offering: str, term: str) -> Discount:
    """The discount of a reservation without upfront payment, as a share.

    Args:
        region: AWS region.
        instance_type: EC2's name of the type.
        offering: ``standard_ri`` (about an EC2 Instance Savings Plan) or ``convertible_ri`` (about a Compute one).
        term: ``1y`` or ``3y``.

    Raises:
        PriceError: None is known: what was looked for, and what comes near.

    >>> commitment_discount("us-east-1", "m5.large", offering="standard_ri", term="1y").share
    Decimal('0.375')
    """
    content = _content()
    regions = content["discounts"]
    here = regions.get(region)
    if here is None:
        raise PriceError(f"no reservations are known in {region}; there are {', '.join(regions)}")
    if instance_type not in here:
        raise PriceError(f"no reservation of {instance_type} is known in {region}{nearest(instance_type, here)}")
    percent = here[instance_type].get(f"{offering}/{term}")
    if percent is None:
        raise PriceError(
            f"no {offering} of {term} is known for {instance_type} in {region}; there are "
            f"{', '.join(here[instance_type])}"
        )
    return Discount(Decimal(percent) / 100, content["source"], content["as_of"])


@lru_cache(maxsize=1)
def _content() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(COMMITMENTS_FILE.read_bytes()))
    return found
