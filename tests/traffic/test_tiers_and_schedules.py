"""Tiers share the traffic and have waits of their own; scheduled work comes all at once."""

import pytest

from headway.errors import HeadwayError
from headway.profile import Profile
from headway.traffic import build_demand, refreshes
from headway.units import WEEKS_PER_MONTH
from tests.architectures.workloads import profile

TIERS = [
    {"name": "quick", "share": 0.1, "when": {"field": "plan", "equals": "pro"}, "max_wait": "2s", "percentile": 99.9},
    {"name": "slow", "share": 0.9},
]


def tiered() -> Profile:
    return profile(
        tiers=TIERS, latency={"max_wait": "30m", "schedule": [{"days": "weekend", "max_wait": "4h"}]},
        traffic={"per_hour": 200, "backlog": {"items": 100, "within": "1d"}},
    )  # fmt: skip


def test_a_tier_has_its_share_and_its_own_wait_at_all_hours() -> None:
    demand = build_demand(tiered(), tiers=["quick"])
    assert demand.mean[0] == pytest.approx(20)
    assert set(demand.max_wait) == {2}
    assert demand.percentile == 99.9
    assert demand.backlog is None, "the backlog is the patient tier's"


def test_a_tier_without_a_wait_keeps_the_profiles_schedule() -> None:
    demand = build_demand(tiered(), tiers=["slow"])
    assert demand.mean[0] == pytest.approx(180)
    assert set(demand.max_wait) == {1800, 14_400}
    assert demand.percentile == 99
    assert demand.backlog is not None


def test_tiers_together_have_the_tightest_wait_and_all_of_the_traffic() -> None:
    both, whole = build_demand(tiered(), tiers=["quick", "slow"]), build_demand(tiered())
    assert both == whole
    assert whole.mean[0] == pytest.approx(200)
    assert set(whole.max_wait) == {2}


def test_scheduled_work_is_as_much_as_the_schedule_says_when_it_says() -> None:
    demand = build_demand(
        profile(traffic={"scheduled": [{"items": 700, "at": "02:30", "days": ["mon", "thu"], "every_weeks": 2}]})
    )
    assert [(pile.minute, pile.items, pile.weight) for pile in demand.piles] == [
        (150, 700, 0.5), (3 * 1440 + 150, 700, 0.5),
    ]  # fmt: skip
    assert demand.mean[2] == 350
    assert demand.peak[2] == 700, "sized for all of it, with no peak factor"
    assert sum(demand.mean) == 700
    assert demand.per_month == pytest.approx(700 * WEEKS_PER_MONTH)


def test_a_period_that_does_not_divide_the_week_is_billed_for_what_it_is() -> None:
    piles = list(refreshes(36 * 3600.0, 10))
    assert len(piles) == 5
    assert sum(pile.weight * pile.items for pile in piles) == pytest.approx(10 * 168 / 36)


@pytest.mark.parametrize(
    ("tiers", "said"),
    [
        ([{"name": "a", "share": 1}], "one tier is no tiers"),
        ([{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5}], "only one can be without a rule"),
        ([{"name": "a", "share": 0.5, "when": {"field": "x", "equals": 1}}, {"name": "b", "share": 0.4}], "add up"),
    ],
)
def test_tiers_that_cannot_be_are_refused(tiers: list[dict[str, object]], said: str) -> None:
    with pytest.raises((ValueError, HeadwayError), match=said):
        profile(tiers=tiers)
