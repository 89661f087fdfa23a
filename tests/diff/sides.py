"""Sides made by hand: a plan whose bill is what a test says, whatever the planner finds today."""

from decimal import Decimal
from functools import cache
from typing import Any

from headway import plan
from headway.architectures.design import Wait
from headway.bill.lines import Bill, Line, Range
from headway.diff import StackSide
from headway.planning.lock import Settings
from headway.planning.plan import Plan
from headway.profile import read_profile

DECLARED: dict[str, Any] = {
    "name": "form", "latency": {"max_wait": "30m"}, "traffic": {"per_day": 50},
    "model": {"measured": [{"hardware": "m5.large", "seconds": 0.4}]},
}  # fmt: skip


def line(what: str, amount: str | None, *, quantity: str = "10", state: str = "priced", **more: Any) -> Line:
    """A line of ``quantity`` hours that costs ``amount`` in all."""
    fields: dict[str, Any] = {
        "description": what, "service": "EC2", "meter": "spot", "unit": "hour", "as_of": "2026-11-20",
        "resource_types": ("aws:batch/computeEnvironment:ComputeEnvironment",),
    }  # fmt: skip
    price = None if amount is None else Decimal(amount) / Decimal(quantity)
    return Line(
        **(fields | more), state=state, quantity=Range.exactly(Decimal(quantity)), unit_price=price,
        amount=None if amount is None else Range.exactly(Decimal(amount)),
    )  # type: ignore[arg-type]  # fmt: skip


@cache
def _made() -> Plan:
    return plan(read_profile(DECLARED))


def side(
    stack: str = "prod", *lines: Line, architecture: str = "batch", declared: dict[str, Any] | None = None,
    as_of: str = "2026-09-28", why: tuple[str, ...] = ("99 % of requests are ready within 20 min",), locked: bool = True,
    stale: tuple[str, ...] = (), scale: float = 1.0,
) -> StackSide:  # fmt: skip
    """A stack that runs ``architecture`` for the bill of ``lines``."""
    profile = read_profile(DECLARED | (declared or {}))
    made = _made()
    assert made.choice is not None
    assert made.chosen is not None
    bill = Bill(lines=lines or (line("workers", "100"),))
    wait = Wait(p50_s=600, p99_s=1200, at_percentile_s=1200, worst_s=1800, limit_s=1800)
    choice = made.choice.model_copy(
        update={"architecture": architecture, "monthly": bill.total, "wait": wait, "why": why}
    )
    chosen = made.chosen.model_copy(update={"architecture": architecture, "bill": bill})
    changed = made.model_copy(
        update={
            "choice": choice, "candidates": (chosen,), "assumptions": (), "scale": scale, "warnings": (),
            "prices": made.prices.model_copy(update={"as_of": as_of}),
        }
    )  # fmt: skip
    settings = Settings(profile="stacks/profiles/form.yaml", scale=scale)
    return StackSide(stack, changed, profile, settings, locked, stale)


def invalid(stack: str, problem: str) -> StackSide:
    """A stack that cannot be planned."""
    return StackSide(stack, problem=problem)
