"""Precomputed and features: what is computed ahead, how old it may get, what is left for the live path."""

import numpy as np
import pytest

from headway.architectures.features import changed_share, refresh_of
from headway.architectures.hybrid_design import FeaturesDesign, PrecomputedDesign
from headway.architectures.precomputed import hit_rate
from headway.architectures.table_watch import miss_watch
from headway.planning.search import plan
from headway.profile import Features
from headway.units import DAYS_PER_MONTH
from tests.architectures.hybrids import bundled, planned


def precomputed(**precompute: object) -> PrecomputedDesign:
    found = planned(bundled("shop-recommendations", precompute=precompute), "precomputed").design
    assert isinstance(found, PrecomputedDesign)
    return found


def test_popular_products_are_computed_at_night_and_the_rest_is_live() -> None:
    design = precomputed()
    assert design.live.architecture == "realtime"
    assert design.fill.results_to == "table"
    assert design.hit_rate == pytest.approx(0.815, abs=0.001)
    whole = planned(bundled("shop-recommendations"), "realtime").design
    # Four of five requests gone, an endpoint of less than half is left: its fixed part does not fall with them.
    assert design.live.max_instances <= 0.5 * whole.max_instances  # type: ignore[union-attr]


def test_a_row_lives_until_the_next_fill_is_done() -> None:
    assert precomputed().table.expires_s == 86_400 + 21_600
    assert precomputed(refresh="4h").table.expires_s == 4 * 3600 + 3600


def test_every_answer_is_written_once_a_refresh_and_read_once_a_request() -> None:
    found = planned(bundled("shop-recommendations"), "precomputed")
    assert found.bill is not None
    lines = {line.meter: float(line.quantity.expected) for line in found.bill.lines if line.service == "DynamoDB"}
    # 3,150 bytes are four write units; a read of them is half a unit.
    assert lines["on_demand_wru"] * 1e6 == pytest.approx(60_000 * DAYS_PER_MONTH * 4 * 1.01, rel=0.01)
    assert lines["on_demand_rru"] * 1e6 == pytest.approx(found.monthly_requests * 0.5, rel=0.01)


def test_the_wait_of_a_hit_is_the_median_and_that_of_a_miss_the_tail() -> None:
    wait = planned(bundled("shop-recommendations"), "precomputed").wait
    assert wait is not None
    assert wait.p50_s == pytest.approx(0.07, abs=0.005), "router and table"
    assert 0.1 < wait.at_percentile_s <= 0.3


def test_a_higher_hit_rate_never_costs_more_and_without_hits_it_never_wins() -> None:
    spec = {"candidates": 60_000, "refresh": "24h", "bytes": "3KB", "popularity": None}
    bills = []
    for rate in (0.0, 0.3, 0.6, 0.9):
        found = planned(bundled("shop-recommendations", precompute={**spec, "hit_rate": rate}), "precomputed")
        assert found.bill is not None
        bills.append(found.bill.total.expected)
    assert bills == sorted(bills, reverse=True)
    made = plan(bundled("shop-recommendations", precompute={**spec, "hit_rate": 0.0}))
    assert made.choice is not None
    assert made.choice.architecture == "realtime"


def test_the_hit_rate_of_a_zipf_catalogue_is_worked_out() -> None:
    precompute = bundled("shop-recommendations").precompute
    assert precompute is not None
    assert hit_rate(precompute) == pytest.approx(
        sum(k**-0.95 for k in range(1, 60_001)) / sum(k**-0.95 for k in range(1, 400_001)), rel=1e-6
    )


def test_too_many_misses_are_watched_where_the_odds_of_a_hit_have_halved() -> None:
    design = precomputed()
    watch = design.miss_watch
    assert watch is not None
    assert (1 - watch.most) / watch.most == pytest.approx(0.5 * design.hit_rate / (1 - design.hit_rate), rel=0.001)
    assert watch.window_s == 3600, "tens of thousands of requests an hour"
    assert design.alarms == {"router-errors": 1, "low-hit-rate": 2}


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.815, 0.99])
def test_chance_alone_hardly_ever_sets_the_alarm_off(rate: float) -> None:
    watch = miss_watch(rate, per_hour=1e6)
    assert watch is not None
    drawn = np.random.default_rng(7).binomial(watch.least, 1 - rate, 200_000) / watch.least
    assert (drawn > watch.most).sum() <= 20, "ten times the chance that is taken, at the most"
    # And a table that is no longer filled does, with as few requests.
    assert watch.most < 1


def test_few_requests_are_watched_over_longer_and_so_few_that_nothing_could_be_told_not_at_all() -> None:
    windows = []
    for per_hour in (1000, 100, 10, 1):
        watch = miss_watch(0.8, per_hour)
        windows.append(watch and watch.window_s)
    assert windows == [3600, 21_600, 86_400, None]
    assert miss_watch(0.0, per_hour=1e6) is None
    sure = miss_watch(1.0, per_hour=1e6)
    assert sure is not None
    assert 0.01 < sure.most < 0.03, "something unforeseen is asked for even where all is computed"


def test_what_nobody_asks_for_is_priced() -> None:
    (fact,) = [one for one in planned(bundled("shop-recommendations"), "precomputed").facts if "never asked" in one]
    assert fact.startswith("at least 0% of them")
    quiet = bundled("shop-recommendations", traffic={"shape": None, "per_hour": 100})
    (fact,) = [one for one in planned(quiet, "precomputed").facts if "never asked" in one]
    assert int(fact.split("%")[0].removeprefix("at least ")) > 90


def features(**spec: object) -> FeaturesDesign:
    found = planned(bundled("transaction-risk", features=spec), "features").design
    assert isinstance(found, FeaturesDesign)
    return found


def test_the_live_part_does_what_is_not_stable() -> None:
    half = planned(bundled("transaction-risk", features={"stable_share": 0.5}), "features")
    most = planned(bundled("transaction-risk", features={"stable_share": 0.95}), "features")
    assert half.wait is not None
    assert most.wait is not None
    assert half.wait.p50_s - most.wait.p50_s == pytest.approx(0.45 * 0.15 * 0.957, abs=0.01), "medians of log-normals"


@pytest.mark.parametrize(
    ("freshness", "every_h"), [("30h", 24), ("24h", 12), ("8d", 168), ("90m", 1), ("26h", 24), ("24h15m", 24)]
)
def test_no_feature_is_older_than_it_may_be(freshness: str, every_h: float) -> None:
    spec = Features.model_validate({**bundled("transaction-risk").features.model_dump(), "freshness": freshness})  # type: ignore[union-attr]
    refresh = refresh_of(spec)
    assert refresh is not None
    period, within = refresh
    assert period == every_h * 3600
    assert period + within <= spec.freshness


def test_a_fill_computes_what_changed_and_the_first_one_everything() -> None:
    found = planned(bundled("transaction-risk"), "features")
    assert isinstance(found.design, FeaturesDesign)
    assert found.first_load is not None
    assert found.first_load.items == 1_500_000
    first = {line.meter: float(line.quantity.expected) for line in found.first_load.bill.lines}
    assert first["on_demand_wru"] == pytest.approx(4.5), "rows of three units, none of them a result in the bucket"
    assert "put_copy_post_list" not in first
    # 24 h of 30 h: a little less than the tenth that changes in 30 h.
    spec = bundled("transaction-risk").features
    assert spec is not None
    assert changed_share(spec, 86_400) == pytest.approx(1 - 0.9**0.8)
    written = next(line for line in found.bill.lines if line.meter == "on_demand_wru")  # type: ignore[union-attr]
    # Rows of 2,150 bytes are three write units.
    expected = 1_500_000 * (1 - 0.9**0.8) * DAYS_PER_MONTH * 3 * 1.01 / 1e6
    assert float(written.quantity.expected) == pytest.approx(expected, rel=0.001)


def test_features_that_must_be_fresher_than_an_hour_are_refused() -> None:
    found = planned(bundled("transaction-risk", features={"freshness": "50m"}), "features")
    assert not found.feasible
    assert "more often than every 60 min" in found.reason


def test_the_youngest_feature_is_watched_for_what_does_not_change_may_be_old() -> None:
    design = features()
    assert design.age_watch is not None
    assert design.oldest_s == 86_400 + 21_600
    # 8 % of the rows are the last fill's: so many rows that none of them is one is no chance.
    assert 0.92**design.age_watch.least < 2e-5 < 0.92 ** (design.age_watch.least - 12)
    assert design.alarms == {"router-errors": 1, "low-hit-rate": 2, "stale-rows": 2}
    rare = features(changed_share=0.0001)
    assert rare.age_watch is not None
    assert rare.age_watch.window_s > design.age_watch.window_s
    assert features(changed_share=0.0).age_watch is None


def test_a_tables_alarms_are_on_the_bill() -> None:
    found = planned(bundled("transaction-risk"), "features")
    assert found.bill is not None
    counted = {one.description: float(one.quantity.expected) for one in found.bill.lines if "alarm" in one.meter}
    assert counted["alarms"] == 5, "the router's one, and two that look at two metrics each"


def test_a_feature_row_outlives_many_refreshes_because_what_does_not_change_is_not_written() -> None:
    assert features().table.expires_s == 365 * 86_400, "what seldom changes is no miss for that"
