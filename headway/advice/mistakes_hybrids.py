"""Hybrids that nobody thought of, and how old what is computed ahead gets."""

from __future__ import annotations

from collections.abc import Iterator

from headway.advice.finding import WORTH_SAYING, Advice
from headway.architectures.features import refresh_of
from headway.architectures.hybrid_design import FeaturesDesign, PrecomputedDesign
from headway.planning.plan import Plan
from headway.planning.search import plan
from headway.prices import PriceBook
from headway.profile import Profile, Tier, When
from headway.units import format_duration, format_usd

HURRIED, PATIENT_S = 0.1, 3600.0
"""The split that is looked at: a tenth keeps its wait, the rest waits an hour."""
LIVE = ("realtime", "serverless", "asynchronous", "microbatch")
DAY_S = 86_400.0


def hybrid_ignored(profile: Profile, made: Plan, prices: PriceBook | None) -> Iterator[Advice]:
    """What tiers would save where a short wait binds everybody, though perhaps not all need it; one more plan."""
    chosen = made.chosen
    if chosen is None or chosen.architecture not in LIVE or profile.tiers or made.scale != 1.0:
        return
    if (
        max(made.design.max_wait_s if made.design else 0, profile.latency.max_wait) >= PATIENT_S
        or profile.latency.schedule
    ):
        return
    spent = chosen.operations.monthly + (chosen.bill.total.expected if chosen.bill else 0)
    tiers = (
        Tier(name="hurried", share=HURRIED, when=When(field="tier", equals="hurried")),
        Tier(name="patient", share=1 - HURRIED, max_wait=PATIENT_S),
    )
    other = plan(profile.model_copy(update={"tiers": tiers}), prices=prices, only="tiered").chosen
    if other is None or other.bill is None:
        return
    saves = spent - other.bill.total.expected - other.operations.monthly
    if saves < max(WORTH_SAYING, spent / 10):
        return
    yield Advice(
        code="hybrid-ignored",
        message=f"all requests are promised {format_duration(profile.latency.max_wait)}; if only {HURRIED:.0%} of them "
        f"needed that and the rest could wait {format_duration(PATIENT_S)}, tiers would cost "
        f"{format_usd(other.bill.total.expected)} a month: ask who really waits",
        saves=saves,
    )


def stale_data(profile: Profile, made: Plan, prices: PriceBook | None) -> Iterator[Advice]:
    """How old what is computed ahead can be when it is given out."""
    design = made.design
    if isinstance(design, PrecomputedDesign):
        oldest = design.table.expires_s
        yield Advice(
            code="stale-data",
            message=f"answers from the table are up to {format_duration(oldest)} old: "
            f"{format_duration(design.refresh_s)} between fills and the time of filling; what changes sooner must not "
            "be among the candidates",
        )
    if isinstance(design, FeaturesDesign) and design.refresh_s < DAY_S:
        yield from _nightly_would_do(profile, made, prices)


def _nightly_would_do(profile: Profile, made: Plan, prices: PriceBook | None) -> Iterator[Advice]:
    """A freshness that just misses a nightly fill."""
    features = profile.features
    if features is None or made.choice is None:
        return
    enough = DAY_S + 6 * 3600
    relaxed = features.model_copy(update={"freshness": enough})
    if refresh_of(relaxed) is None or features.freshness < DAY_S / 4:
        return
    other = plan(profile.model_copy(update={"features": relaxed}), prices=prices, only="features").choice
    if other is None:
        return
    saves = made.choice.monthly.expected - other.monthly.expected
    if saves >= WORTH_SAYING:
        yield Advice(
            code="stale-data",
            message=f"features may be {format_duration(features.freshness)} old, too short for a fill a night and its "
            f"time; {format_duration(enough)} would allow one",
            saves=saves,
        )
