"""Two sides compared: what a change costs, what it comes from, and what is said of it in one line."""

from decimal import Decimal

import pytest

from headway import load_profile
from headway.bill.lines import Range
from headway.diff import Diff, Limit, StackChange, StackSide, compare
from headway.errors import HeadwayError
from headway.planning.consequences import holding
from headway.planning.search import plan
from headway.report.changes import architecture
from headway.report.comment import comment
from tests.diff.sides import invalid, line, side


def diff(*pairs: tuple[StackSide | None, StackSide | None], limit: str | None = None) -> Diff:
    return compare(pairs, base="main", head="HEAD", limit=Limit.parse(limit) if limit else None)


def change(before: StackSide | None, after: StackSide | None) -> StackChange:
    return diff((before, after)).stacks[0]


def test_the_same_on_both_sides_is_no_change() -> None:
    made = diff((side(), side()))
    assert (made.changed, made.verdict) == (False, "no change: prod costs USD 100 a month")
    assert made.stacks[0].state == "unchanged"
    assert made.stacks[0].lines == ()


def test_a_dearer_line_is_the_change_and_leads_its_lines() -> None:
    before = side("prod", line("workers", "100"), line("queue", "3", meter="requests"))
    after = side("prod", line("workers", "150"), line("queue", "4", meter="requests"))
    made = change(before, after)
    assert (made.state, made.percent) == ("changed", pytest.approx(51 / 103 * 100))
    assert made.change == Range.exactly(51)
    assert [(one.description, one.change) for one in made.lines] == [("workers", 50), ("queue", 1)]


def test_a_line_in_other_words_is_still_the_same_line() -> None:
    before = side("prod", line("spot, batches of 8", "100", instance_type="g5.xlarge"))
    after = side("prod", line("spot, batches of 16", "80", instance_type="g5.xlarge"))
    lines = change(before, after).lines
    assert [(one.before, one.after, one.change) for one in lines] == [(100, 80, -20)]


def test_another_instance_type_is_another_line() -> None:
    before = side("prod", line("spot", "100", instance_type="g5.xlarge"))
    after = side("prod", line("spot", "80", instance_type="g6.xlarge"))
    assert [(one.before, one.after) for one in change(before, after).lines] == [(100, None), (None, 80)]


def test_the_parts_of_a_hybrid_are_not_taken_for_each_other() -> None:
    before = side("prod", line("verified: alarms", "1", meter="alarm"), line("anonymous: alarms", "2", meter="alarm"))
    after = side("prod", line("anonymous: alarms", "2", meter="alarm"), line("verified: alarms", "5", meter="alarm"))
    assert [(one.description, one.change) for one in change(before, after).lines] == [("verified: alarms", 4)]


def test_a_new_stack_costs_all_of_it_and_a_removed_one_saves_all_of_it() -> None:
    new, removed = change(None, side()), change(side(), None)
    assert (new.state, new.change, new.percent) == ("new", Range.exactly(100), None)
    assert (removed.state, removed.change) == ("removed", Range.exactly(-100))


def test_a_line_without_a_price_is_never_a_change_of_zero() -> None:
    unknown = line("accelerator", None, state="unpriced", meter="neuron")
    made = diff((side(), side("prod", line("workers", "100"), unknown)))
    row = made.stacks[0].lines[0]
    assert (row.description, row.change, row.state_after) == ("accelerator", None, "unpriced")
    assert "without a price for part of it: prod" in made.verdict


def test_several_environments_add_up_and_an_invalid_one_keeps_the_sum_unknown() -> None:
    pairs = [(side("dev"), side("dev", line("workers", "110"))), (side("prod"), side("prod", line("workers", "150")))]
    made = diff(*pairs)
    assert made.change == Range.exactly(60)
    assert made.verdict.startswith("USD 60.00 a month more (+30 %): 2 environments together, then USD 260")
    broken = diff(*pairs, (side("staging"), invalid("staging", "form.yaml:3: latency is missing")))
    assert broken.change is None
    assert broken.invalid
    assert "invalid: staging" in broken.verdict


def test_the_verdict_says_which_architecture_switches_where() -> None:
    made = diff(
        (side("prod", architecture="realtime"), side("prod", line("workers", "60"))), (side("dev"), side("dev"))
    )
    assert "; realtime becomes batch in prod" in made.verdict


def test_what_runs_alongside_what_is_kept_and_what_is_deleted_are_part_of_a_change() -> None:
    queued, other = (plan(load_profile("stacks/profiles/loan-documents.yaml"), only=one)
                     for one in ("batch", "microbatch"))  # fmt: skip
    assert queued.design is not None
    before, after = (StackSide("prod", other, former=former) for former in ((queued.design,), ()))
    both = change(StackSide("prod", queued), StackSide("prod", queued, alongside=other))
    assert both.after is not None
    assert both.after.alongside == "microbatch"
    assert both.consequences == ("microbatch is made beside batch, which serves on",)
    assert architecture(both) == "batch → batch, microbatch alongside"
    kept = change(StackSide("prod", queued), before)
    assert kept.forgotten == ()
    assert kept.consequences[-1] == "kept: queue and bucket of batch, until `headway lock --forget batch`"
    made = diff((before, after))
    assert made.verdict.endswith("; data deleted: prod")
    assert [holding(one) for one in made.stacks[0].forgotten] == ["queue and bucket of batch"]
    assert "forgotten: queue and bucket of batch, deleted by the next" in comment(made)


def test_what_was_assumed_of_architectures_that_only_one_side_considered_is_no_change() -> None:
    profile = load_profile("stacks/profiles/loan-documents.yaml")
    named = change(StackSide("prod", plan(profile)), StackSide("prod", plan(profile, only="microbatch")))
    assert named.state == "changed"
    assert named.assumptions == ()


def test_a_stale_lock_says_that_the_plan_is_not_what_runs() -> None:
    made = diff((side(), side("prod", line("workers", "90"), locked=False, stale=("latency.max_wait: 1 -> 2",))))
    assert made.verdict.endswith("not locked yet: prod")
    assert made.stacks[0].stale == ("latency.max_wait: 1 -> 2",)


def test_a_range_of_the_change_stays_in_order() -> None:
    cheap = line("spot", "50").model_copy(update={"amount": Range.of(10, 50, 60)})
    dear = line("spot", "50").model_copy(update={"amount": Range.of(45, 50, 120)})
    found = change(side("prod", dear), side("prod", cheap)).change
    assert found is not None
    assert found == Range.of(-60, 0, 0)
    assert found.low <= found.expected <= found.high


class TestCauses:
    def test_another_price_of_the_same_quantities_is_a_matter_of_prices(self) -> None:
        before = side("prod", line("workers", "100", quantity="50"), as_of="2026-09-28")
        after = side("prod", line("workers", "120", quantity="50"), as_of="2026-11-01")
        found = change(before, after).causes
        assert found is not None
        assert (found.prices, found.traffic, found.design) == (20, 0, 0)

    def test_more_of_the_same_for_more_traffic_is_a_matter_of_traffic(self) -> None:
        after = side("prod", line("workers", "130", quantity="13"), declared={"traffic": {"per_day": 65}})
        found = change(side(), after).causes
        assert found is not None
        assert (found.prices, found.traffic, found.design) == (0, 30, 0)

    def test_another_wait_is_a_matter_of_design(self) -> None:
        after = side("prod", line("workers", "40", quantity="4"), declared={"latency": {"max_wait": "2h"}})
        found = change(side(), after).causes
        assert found is not None
        assert (found.prices, found.traffic, found.design) == (0, 0, -60)

    def test_price_and_quantity_together_are_told_apart_and_add_up(self) -> None:
        before = side("prod", line("workers", "100", quantity="50"), as_of="2026-09-28")
        after = side(
            "prod", line("workers", "180", quantity="60"), as_of="2026-11-01", declared={"traffic": {"per_day": 60}}
        )
        found = change(before, after).causes
        assert found is not None
        assert (found.prices, found.traffic, found.design) == (50, 30, 0)

    def test_traffic_and_wait_together_are_told_apart_by_the_old_design_under_new_traffic(self) -> None:
        after = side(
            "prod", line("workers", "40"), architecture="batch",
            declared={"traffic": {"per_day": 5_000_000}, "latency": {"max_wait": "8h"}},
        )  # fmt: skip
        before = side("prod", architecture="realtime")
        found = change(before, after).causes
        assert found is not None
        assert found.prices == 0
        assert found.traffic is not None
        assert found.design is not None
        assert found.traffic > 0
        assert found.traffic + found.design == Decimal(-60)


class TestLimits:
    @pytest.mark.parametrize(("limit", "broken"), [("49.99", True), ("50", False), ("49%", True), ("50%", False)])
    def test_a_rise_up_to_the_limit_is_allowed(self, limit: str, broken: bool) -> None:
        made = diff((side(), side("prod", line("workers", "150"))), limit=limit)
        assert bool(made.broken) is broken

    def test_small_rises_add_up_over_the_environments(self) -> None:
        pairs = [(side(name), side(name, line("workers", "140"))) for name in ("a", "b", "c")]
        made = diff(*pairs, limit="100")
        assert made.broken == (
            "all environments together would cost USD 120 a month more, above --max-increase of USD 100",
        )

    def test_a_saving_elsewhere_does_not_excuse_one_environment(self) -> None:
        pairs = [(side("a"), side("a", line("workers", "200"))), (side("b"), side("b", line("workers", "1")))]
        made = diff(*pairs, limit="50")
        assert made.broken == ("a would cost USD 100 a month more, above --max-increase of USD 50.00",)

    def test_a_new_stack_has_no_share_but_counts_among_all(self) -> None:
        assert diff((None, side("new")), limit="10%").broken == ()
        assert "all environments" in diff((side("a"), side("a")), (None, side("new")), limit="10%").broken[0]

    @pytest.mark.parametrize("text", ["ten", "", "-5", "nan", "10%%", "inf"])
    def test_a_limit_that_is_none_says_what_would_be(self, text: str) -> None:
        with pytest.raises(HeadwayError, match="such as 500, or a share such as 10%"):
            Limit.parse(text)

    def test_the_budget_of_the_profile_holds_whatever_changes(self) -> None:
        over = side()
        assert over.plan is not None
        text = "expected USD 100 a month exceeds the budget of USD 90.00"
        plan = over.plan.model_copy(update={"warnings": (text,)})
        made = diff((over, over._replace(plan=plan)))
        assert made.broken == (f"prod: {text}",)
