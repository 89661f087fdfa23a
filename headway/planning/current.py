"""What runs today, as its owner states it and as this price book prices it."""

from __future__ import annotations

from decimal import Decimal

from headway.architectures.candidate import Candidate
from headway.bill import services
from headway.bill.lines import Bill
from headway.bill.pricing import Pricing
from headway.errors import HeadwayError
from headway.planning.plan import Current
from headway.profile import Profile
from headway.units import HOURS_PER_MONTH


def price_current(profile: Profile, pricing: Pricing, chosen: Candidate | None) -> Current | None:
    """Today's fleet beside the choice; None where the profile does not tell of one."""
    current = profile.current
    if current is None:
        return None
    stated = None if current.monthly_bill is None else Decimal(str(current.monthly_bill))
    priced, description = None, current.architecture
    if current.instance_type and current.count:
        description = f"{current.architecture}, {current.count} x {current.instance_type} all day"
        hours = current.count * HOURS_PER_MONTH
        hosted = current.instance_type.startswith("ml.")
        price = services.sagemaker_hosting if hosted else services.ec2
        try:
            lines = price(pricing, instance_type=current.instance_type, hours=hours)
        except HeadwayError as error:
            raise HeadwayError(f"current.instance_type: {error}") from None
        bill = Bill(lines=tuple(lines))
        priced = None if bill.unpriced else bill.total.expected
    if current.utilization is not None:
        description += f", busy {current.utilization:.0%} of the time"
    today = stated if stated is not None else priced
    difference = None
    if today is not None and chosen is not None and chosen.bill is not None:
        difference = today - chosen.bill.total.expected
    return Current(description=description, stated=stated, priced=priced, difference=difference)
