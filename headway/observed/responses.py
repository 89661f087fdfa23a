"""How a stack's bill answers to what is assumed: the same bill functions, asked with other values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from headway.architectures import ARCHITECTURES, Workload
from headway.architectures.capacity import without_stable
from headway.architectures.design import SimpleDesign
from headway.architectures.hybrid_design import Design, FeaturesDesign, PrecomputedDesign, TieredDesign
from headway.architectures.workload import Scenario
from headway.assumptions import assume, assume_range, assuming, row_of
from headway.bill.lines import Bill, Line
from headway.observed.usage_types import Meter, joint
from headway.traffic import build_demand

START_UP = ("batch.launch", "batch.pull", "batch.linger", "endpoint.start", "endpoint.scale_in_idle")
"""What instances are paid for without working, scaled together: a bill cannot tell them apart."""
_STANDING = frozenset({"alarm-month", "metric-month", "key-month", "instance-hour", "IP-hour"})
"""Units of what is paid whether requests come or not, where no bill function tells."""


class Unknowns(NamedTuple):
    """What an estimate rests on and a bill shows."""

    traffic: float
    """Requests over those of the profile."""
    start_up: float
    """Start, linger and idle times over those assumed."""
    spot_price: float
    spot_miss: float
    retried: float

    @classmethod
    def assumed(cls) -> Unknowns:
        """As the table has them, or the stack's calibration."""
        spot_price, spot_miss, retried = (
            assume_range(name)[1] for name in ("spot.price", "spot.miss", "batch.retry_share")
        )
        return cls(1.0, 1.0, spot_price, spot_miss, retried)


class Billed(NamedTuple):
    """Quantity in single things, and US dollars, of a meter."""

    quantity: float
    amount: float


@dataclass(frozen=True)
class Response:
    """The lines of a bill that was locked, and how each answers."""

    lines: tuple[Line, ...]
    parts: Mapping[str, tuple[SimpleDesign, Workload]]
    """What the bill functions can be asked for again, by the part's name in the lines."""

    @classmethod
    def of(cls, design: Design, bill: Bill, workload: Workload) -> Response:
        """The response of a locked design and its bill."""
        priced = tuple(line for line in bill.lines if line.amount is not None)
        return cls(priced, _parts(design, workload))

    def billed(self, unknowns: Unknowns) -> dict[Meter, Billed]:
        """A month by meter, with these values in place of the assumed ones."""
        base, now = self._asked(Unknowns.assumed()), self._asked(unknowns)
        found: dict[Meter, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for line in self.lines:
            part = next((name for name in self.parts if name and line.description.startswith(f"{name}: ")), "")
            key = (part, meter_of_line(line))
            if base.get(key) and base[key].quantity and key in now:
                used, paid = (_ratio(new, old) for new, old in zip(now[key], base[key], strict=True))
            else:
                used = paid = 1.0 if line.unit in _STANDING else unknowns.traffic
            quantity, amount = singles(line)
            row = found[meter_of_line(line)]
            row[0], row[1] = row[0] + quantity * used, row[1] + amount * paid
        return {meter: Billed(*row) for meter, row in found.items()}

    def _asked(self, unknowns: Unknowns) -> dict[tuple[str, Meter], Billed]:
        rows = [row_of(name) for name in START_UP]
        longer = [row._replace(value=row.number * unknowns.start_up) for row in rows]
        found: dict[tuple[str, Meter], list[float]] = defaultdict(lambda: [0.0, 0.0])
        with assuming(longer):
            for part, (design, workload) in self.parts.items():
                demand = replace(
                    workload.demand, mean=tuple(rate * unknowns.traffic for rate in workload.demand.mean),
                    piles=tuple(replace(pile, items=pile.items * unknowns.traffic) for pile in workload.demand.piles),
                )  # fmt: skip
                lost = 1 - assume_range("spot.survival_15min")[1]
                given = Scenario(
                    1.0, unknowns.spot_miss, lost, unknowns.spot_price, unknowns.retried, assume("ladder.share")
                )
                bill = ARCHITECTURES[design.architecture].bill(design, replace(workload, demand=demand, given=given))
                for line in bill.lines:
                    if line.amount is not None:
                        quantity, amount = singles(line)
                        row = found[part, meter_of_line(line)]
                        row[0], row[1] = row[0] + quantity, row[1] + amount
        return {key: Billed(*row) for key, row in found.items()}


def meter_of_line(line: Line) -> Meter:
    """The meter under which a line is compared."""
    return joint(Meter(line.service, line.meter, line.instance_type))


def singles(line: Line) -> tuple[float, float]:
    """A line's expected quantity in single things (its unit may be thousands or millions), and its amount."""
    per = {"M": 1e6, "K": 1e3}.get(line.unit.split(" ")[0], 1.0)
    return float(line.quantity.expected) * per, float(line.amount.expected) if line.amount else 0.0


def _ratio(new: float, old: float) -> float:
    return new / old if old else 1.0


def _parts(design: Design, workload: Workload) -> dict[str, tuple[SimpleDesign, Workload]]:
    """The parts whose demand follows from the profile's; what is computed ahead does not follow requests."""
    if isinstance(design, TieredDesign):
        return {part.name: (part.design, _of_tiers(workload, design, part.name)) for part in design.parts}
    if isinstance(design, PrecomputedDesign):
        missed = tuple(rate * (1 - design.hit_rate) for rate in workload.demand.mean)
        return {"live": (design.live, replace(workload, demand=replace(workload.demand, mean=missed)))}
    if isinstance(design, FeaturesDesign):
        return {"live": (design.live, without_stable(workload))}
    return {"": (design, workload)}


def _of_tiers(workload: Workload, design: TieredDesign, part: str) -> Workload:
    tiers: Sequence[str] = [route.tier for route in design.routes if route.part == part]
    return replace(workload, demand=build_demand(workload.profile, scale=workload.scale, tiers=tiers))
