"""A declared ladder: what it takes of the wait, what it costs, and where it has no use."""

import json
from decimal import Decimal
from typing import Any

import pytest

from headway import load_profile, plan
from headway.architectures import ARCHITECTURES, Workload
from headway.architectures.design import LiveDesign
from headway.architectures.hybrid_design import FeaturesDesign, PrecomputedDesign, TieredDesign
from headway.bill.pricing import Pricing
from headway.planning.plan import Plan
from headway.prices import load_book
from headway.profile import Profile
from headway.traffic import build_demand


def declared(name: str, *rungs: str, **fields: Any) -> Profile:
    content = json.loads(
        load_profile(f"stacks/profiles/{name}.yaml").model_dump_json(exclude_unset=True, by_alias=True)
    )
    for field in ("fallback", "fallback_answer", "fallback_max_age"):
        content.pop(field, None)
    if "default" in rungs:
        fields.setdefault("fallback_answer", {"label": "unknown"})
    return Profile.model_validate({**content, "fallback": list(rungs), **fields})


def expected(made: Plan) -> Decimal:
    assert made.choice is not None
    return made.choice.monthly.expected


def quantity(made: Plan, description: str, meter: str) -> float:
    assert made.chosen is not None
    assert made.chosen.bill is not None
    found = [one for one in made.chosen.bill.lines if (one.description, one.meter) == (description, meter)]
    return sum(float(one.quantity.expected) for one in found)


def live(made: Plan) -> LiveDesign:
    assert isinstance(made.design, LiveDesign)
    return made.design


@pytest.fixture(scope="module")
def whole() -> Plan:
    return plan(declared("delivery-estimate", "cache", "queue", "default", fallback_max_age="6h"))


@pytest.fixture(scope="module")
def without() -> Plan:
    return plan(declared("delivery-estimate"))


def test_without_a_fallback_nothing_stands_before_the_endpoint(without: Plan) -> None:
    assert live(without).router is None
    assert not any(one.service == "APIGateway" for one in without.chosen.bill.lines)  # type: ignore[union-attr]


def test_the_design_holds_the_ladder_as_it_was_declared(whole: Plan) -> None:
    router = live(whole).router
    assert router is not None
    ladder = router.ladder
    assert ladder is not None
    assert (ladder.rungs, ladder.default) == (("cache", "queue", "default"), {"label": "unknown"})
    assert ladder.cache is not None
    assert ladder.cache.expires_s == 6 * 3600
    assert ladder.queue is not None
    assert (ladder.queue.max_receives, ladder.queue.queue_retention_s) == (1000, 14 * 86_400)
    assert ladder.queue.visibility_timeout_s == 6 * router.timeout_s
    assert ladder.queue.max_concurrency == 2, "half of the mean load is less than a mapping allows"


def test_a_rung_that_was_not_declared_is_neither_made_nor_billed() -> None:
    made = plan(declared("delivery-estimate", "default"))
    router = live(made).router
    assert router is not None
    assert (router.queue, router.cache) == (None, None)
    services = {one.service for one in made.chosen.bill.lines}  # type: ignore[union-attr]
    assert not services & {"SQS", "DynamoDB"}


def test_every_good_answer_is_one_write_and_what_falls_is_read_queued_and_asked_again(whole: Plan) -> None:
    millions = whole.chosen.monthly_requests / 1e6  # type: ignore[union-attr]
    assert quantity(whole, "last good answers", "on_demand_wru") == pytest.approx(millions)
    # Half a percent of the requests falls; a read that may be a little old is half a unit.
    assert quantity(whole, "last good answers", "on_demand_rru") == pytest.approx(millions * 0.005 / 2)
    # Sent and deleted, twenty times received and put back.
    assert quantity(whole, "what the ladder queues", "standard_requests") == pytest.approx(millions * 0.005 * 42)
    # Five pollers, twenty seconds each, a month of 730 hours.
    assert quantity(whole, "polls of the ladder's queue", "standard_requests") == pytest.approx(0.657)
    # What it answers, how long it has asked in vain, and a day's account of the queue.
    assert quantity(whole, "what the ladder answers", "custom_metric") == 4


def test_what_falls_is_a_range_and_the_fact_tells_the_difference(whole: Plan, without: Plan) -> None:
    queued = next(one for one in whole.chosen.bill.lines if one.description == "what the ladder queues")  # type: ignore[union-attr]
    assert queued.quantity.low * 10 < queued.quantity.expected < queued.quantity.high / 10 * 2
    assert whole.choice is not None
    [fact] = [one for one in whole.choice.why if one.startswith("when a live model fails")]
    assert "up to 6 h old; else a ticket" in fact
    assert f"router and ladder cost USD {expected(whole) - expected(without):.2f} a month" in fact


def test_the_wait_holds_the_router_and_the_ladders_share(whole: Plan, without: Plan) -> None:
    assert whole.choice is not None
    assert without.choice is not None
    # The router's 60 ms, the row's 10, and a cold start in no busy hour; the same instances here.
    assert whole.choice.wait.p50_s == pytest.approx(without.choice.wait.p50_s + 0.07)
    assert live(whole).max_wait_s == 2
    assert live(whole).answer_within_s == pytest.approx(1.8), "a tenth of the wait is the ladder's"


def test_what_no_router_lets_through_says_so() -> None:
    made = plan(declared("delivery-estimate", "queue", latency={"max_wait": "50ms"}))
    reasons = {one.architecture: one.reason for one in made.candidates}
    assert "router and ladder take" in reasons["realtime"]
    model = json.loads(load_profile("stacks/profiles/delivery-estimate.yaml").model.model_dump_json(exclude_unset=True))
    large = plan(declared("delivery-estimate", "queue", model={**model, "request": {"mean": "2KB", "max": "6.2MB"}}))
    reasons = {one.architecture: one.reason for one in large.candidates}
    assert reasons["realtime"].startswith("its fallback needs a router: requests of 6.2 MB do not pass")


def test_the_registrys_bill_and_wait_are_the_candidates_own(whole: Plan) -> None:
    profile = declared("delivery-estimate", "cache", "queue", "default", fallback_max_age="6h")
    work = Workload(profile, build_demand(profile), Pricing(load_book(), profile.region))
    for one in ARCHITECTURES["realtime"].plan(work):
        assert ARCHITECTURES["realtime"].bill(one.design, work) == one.bill
        assert ARCHITECTURES["realtime"].wait(one.design, work) == one.wait


def test_a_hybrids_router_has_the_ladder_and_its_parts_have_none() -> None:
    tiers = plan(declared("moderation", "queue")).design
    assert isinstance(tiers, TieredDesign)
    assert tiers.router is not None
    assert tiers.router.queue is not None
    assert [one.design.router for one in tiers.parts if isinstance(one.design, LiveDesign)] == [None]
    ahead = plan(declared("shop-recommendations", "cache", "default")).design
    assert isinstance(ahead, PrecomputedDesign)
    assert ahead.router.cache is not None
    assert isinstance(ahead.live, LiveDesign)
    assert ahead.live.router is None
    joined = plan(declared("transaction-risk", "cache")).design
    assert isinstance(joined, FeaturesDesign)
    assert joined.router.cache is not None


def test_where_every_request_is_queued_a_ladder_has_no_use_and_the_plan_says_why() -> None:
    made, plain = plan(declared("loan-documents", "cache", "default")), plan(declared("loan-documents"))
    assert [one for one in made.warnings if one.startswith("fallback ")] == [
        "fallback (cache, default) has no use here: batch queues every request, which waits while the model fails and "
        "is tried again; nobody is answered at once"
    ]
    assert expected(made) == expected(plain)
    own = plan(declared("moderation", "queue", router="own"))
    assert any(one.startswith("fallback (queue) has no use here: your own router") for one in own.warnings)


@pytest.mark.parametrize("who", ["user", "workflow"])
def test_what_queues_every_request_does_not_fit_where_somebody_waits_at_once_for_a_fallback(who: str) -> None:
    # A dollar's worth of sent messages once tipped this to asynchronous, which has no ladder.
    fields = {
        "latency": {"max_wait": "2s", "waiting": who}, "traffic": {"per_hour": 100},
        "model": {"measured": [{"hardware": "c5.xlarge", "seconds": 0.14}]},
    }  # fmt: skip
    made = plan(Profile.model_validate({"name": "estimate", "fallback": ["cache"], **fields}))
    assert made.choice is not None
    assert made.choice.architecture == "realtime"
    reasons = {one.architecture: (one.feasible, one.reason) for one in made.candidates}
    told = "cannot fall back (cache): it queues every request, and whoever waits gets no answer while the model fails"
    assert reasons["asynchronous"] == reasons["microbatch"] == (False, told)
    assert not any(one.startswith("fallback") for one in made.warnings)
    alone = plan(Profile.model_validate({"name": "estimate", "fallback": ["cache"], **fields}), only="asynchronous")
    assert alone.closest is not None
    assert alone.closest.relax == f"fallback{told.removeprefix('cannot fall back')}"
    without = plan(Profile.model_validate({"name": "estimate", **fields}))
    assert next(one for one in without.candidates if one.architecture == "asynchronous").feasible


def test_what_fits_no_router_does_not_go_to_a_queue_without_the_fallback_either() -> None:
    made = plan(declared("delivery-estimate", "queue", latency={"max_wait": "2s"}, model={
        "measured": [{"hardware": "c5.xlarge", "seconds": 0.2}], "request": {"mean": "2KB", "max": "6.2MB"},
    }))  # fmt: skip
    assert made.choice is None
    assert made.closest is not None
    assert made.closest.relax.startswith("fallback, which needs a router: requests of 6.2 MB do not pass")


def test_a_plan_with_a_ladder_survives_json(whole: Plan) -> None:
    assert Plan.model_validate_json(whole.model_dump_json()).design == whole.design
