"""Precomputed and features: what is computed ahead, how old it may get, what is left for the live path."""

import pytest

from headway.architectures.features import changed_share, refresh_of
from headway.architectures.hybrid_design import FeaturesDesign, PrecomputedDesign
from headway.architectures.precomputed import hit_rate
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


def test_a_feature_row_outlives_many_refreshes_because_what_does_not_change_is_not_written() -> None:
    assert features().table.expires_s >= 30 * 86_400
