"""Waits that are shorter than they need be: what a longer one would save."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from headway.advice.finding import WORTH_SAYING, Advice, who_waits
from headway.architectures.batch.costs import minutes_of
from headway.architectures.design import BatchDesign
from headway.assumptions import assume
from headway.planning.plan import Plan
from headway.planning.search import plan
from headway.prices import PriceBook
from headway.profile import Profile
from headway.units import format_duration, format_usd

FLEXIBLE_FROM_S = 8 * 3600.0
"""A working day: whoever waits so long could as well have the results at a fixed hour."""
RHYTHMS_S = {86_400.0: "a day", 7 * 86_400.0: "a week"}
"""Waits that make one departure a day or a week enough."""


def longer_waits(profile: Profile, made: Plan, prices: PriceBook | None) -> Iterator[Advice]:
    """What waiting longer would save, where nobody sits and waits; one more plan."""
    latency = profile.latency
    if latency.waiting == "user" or made.choice is None:
        return
    rhythm = _rhythm(profile)
    if rhythm is not None:
        yield from _flexible_hours(profile, made, _waiting(profile, made, rhythm, prices), rhythm)
        return
    longer = 2 * latency.max_wait
    other = _waiting(profile, made, longer, prices)
    saves = _saves(made, other)
    if saves is None or other.choice is None:
        return
    subject = "results" if latency.waiting == "nobody" else who_waits(profile)
    yield Advice(
        code="wait-longer",
        message=f"if {subject} can wait {format_duration(longer)} instead of "
        f"{format_duration(latency.max_wait)}, {other.choice.architecture} costs "
        f"{format_usd(other.choice.monthly.expected)} a month",
        saves=saves,
    )
    usual = assume("profile.waiting_workflow_up_to")
    if latency.waiting == "review" and latency.max_wait <= usual:
        minute = saves / Decimal(str(latency.max_wait)) * 60
        yield Advice(
            code="wait-shorter-than-review",
            message=f"{format_duration(latency.max_wait)} is short for a later review, which usually leaves more than "
            f"{format_duration(usual)}: each more minute up to {format_duration(longer)} saves "
            f"{format_usd(minute)} a month on average",
        )


def _flexible_hours(profile: Profile, made: Plan, other: Plan, wait_s: float) -> Iterator[Advice]:
    """A whole day or week in one departure."""
    saves = _saves(made, other)
    if saves is None or other.choice is None:
        return
    fewer = ""
    if isinstance(made.design, BatchDesign) and isinstance(other.design, BatchDesign):
        before, after = _departures(made.design), _departures(other.design)
        fewer = f" with {after} departures a week instead of {before}" if after < before else ""
    yield Advice(
        code="flexible-hours",
        message=f"if one set of results {RHYTHMS_S[wait_s]} is enough, {other.choice.architecture} costs "
        f"{format_usd(other.choice.monthly.expected)} a month{fewer}",
        saves=saves,
    )


def _rhythm(profile: Profile) -> float | None:
    """The next wait, of a day or a week, for whoever has no hour by which results must be there."""
    latency = profile.latency
    flexible = latency.waiting in ("review", "nobody") and latency.max_wait >= FLEXIBLE_FROM_S
    if not flexible or latency.ready_by is not None:
        return None
    return next((wait for wait in RHYTHMS_S if wait > latency.max_wait), None)


def _waiting(profile: Profile, made: Plan, wait_s: float, prices: PriceBook | None) -> Plan:
    """The plan with no wait shorter than this one."""
    latency = profile.latency
    longer = latency.model_copy(
        update={
            "max_wait": wait_s,
            "schedule": tuple(
                rule.model_copy(update={"max_wait": max(rule.max_wait, wait_s)}) for rule in latency.schedule
            ),
        }
    )
    return plan(profile.model_copy(update={"latency": longer}), prices=prices, scale=made.scale)


def _saves(made: Plan, other: Plan) -> Decimal | None:
    """What the other plan's bill is lower by, where that is worth saying."""
    if made.choice is None or other.choice is None:
        return None
    saves = made.choice.monthly.expected - other.choice.monthly.expected
    return saves if saves >= max(WORTH_SAYING, made.choice.monthly.expected / 10) else None


def _departures(design: BatchDesign) -> int:
    return sum(len(minutes_of(rule)) for rule in design.departures)
