"""What stands beside a plan: how sure it is, what is paid once, what could be committed, what to measure."""

import io
from decimal import Decimal

from headway.advice import Case, Commitment, Information, Joined, OneOff
from headway.bill.lines import Range
from headway.report.console import console
from headway.report.joined import print_joined

ONCE = OneOff(
    architecture="batch", against="what runs today", build_hours=40, migration_hours=24, hourly_cost=Decimal(95),
    cost=Decimal(6080), more=Decimal(6080), saves=Decimal(46_704), payback_months=0.13,
    assumptions=("build.batch", "migration.other_call"),
)  # fmt: skip
COMMITTED = Commitment(
    architecture="realtime", chosen=True, years=3, discount=Range.of(0.37, 0.45, 0.64),
    assumption="commitment.ml_savings_plan_3y", instance_type="ml.g5.xlarge", instances=Range.of(1, 1, 2),
    on_demand=Decimal(2000), saves=Range.of(370, 450, 900), right_at_most="realtime",
)  # fmt: skip


def case(unknown: str, value: str, **changes: object) -> Case:
    fields: dict[str, object] = {
        "unknown": unknown, "end": "high", "value": value, "architecture": "batch", "changes": False,
        "total": Decimal(600), "staying": Decimal(600), "loses": Decimal(0),
    }  # fmt: skip
    return Case.model_validate(fields | changes)


def row(**changes: object) -> Information:
    fields: dict[str, object] = {
        "input": "load_time", "value": "4 min", "factor": 2.0, "architecture": "batch", "changes": False,
        "total": Decimal(600), "staying": Decimal(600), "loses": Decimal(0),
    }  # fmt: skip
    return Information.model_validate(fields | changes)


def printed(**joined: object) -> str:
    out = io.StringIO()
    print_joined(console(out), Joined.model_validate(joined))
    return " ".join(out.getvalue().split())


def test_a_choice_that_holds_says_in_how_many_cases_and_what_it_costs_there():
    text = printed(robustness=[case("spot price", "x 0.8", staying=Decimal(571)), case("spot price", "x 1.3")])
    assert "batch stays right in all 2 cases: spot price," in text
    assert "it costs USD 571 to USD 600 a month there, operations included" in text


def test_a_cost_that_is_the_same_at_both_ends_is_said_once():
    text = printed(robustness=[case("spot price", "x 0.8", staying=Decimal("600.2")), case("spot price", "x 1.3")])
    assert "it costs USD 600 a month there, operations included" in text


def test_a_case_that_changes_the_choice_comes_first_with_what_staying_loses():
    other = case("spot price", "x 1.3", architecture="realtime", changes=True, loses=Decimal("14.07"))
    text = printed(robustness=[case("traffic", "x 0.8"), other])
    assert "How sure - at spot price x 1.3, realtime is right: staying loses USD 14.07 a month" in text
    assert "batch stays right in 1 of 2 cases: traffic" in text


def test_where_staying_has_no_design_no_money_is_named():
    lost = case("traffic", "x 2", architecture="realtime", changes=True, staying=None, loses=None)
    assert "staying loses the wait: it has no design there" in printed(robustness=[lost])
    none = case("traffic", "x 2", architecture=None, changes=True, total=None, staying=None, loses=None)
    assert "at traffic x 2, nothing makes the wait" in printed(robustness=[none])


def test_one_off_work_names_its_hours_its_price_and_when_it_has_paid():
    text = printed(one_off=[ONCE])
    assert "batch takes 40 h to build and 24 h to migrate: USD 6,080 at USD 95 an hour" in text
    assert "against what runs today: saves USD 46,704 a month, operations included, paid back in 4 days" in text
    simpler = ONCE.model_copy(
        update={"against": "asynchronous", "more": Decimal(1520), "saves": Decimal(493), "payback_months": 3.08}
    )
    assert "USD 1,520 more once: saves USD 493 a month, operations included, paid back in 3.1 months" in printed(
        one_off=[simpler]
    )


def test_what_never_pays_back_says_so():
    worse = ONCE.model_copy(update={"saves": Decimal(-30), "payback_months": None})
    assert "it costs USD 30.00 more than what runs today a month" in printed(one_off=[worse])
    assert "it does not pay back" in printed(one_off=[worse])


def test_a_commitment_shows_its_assumed_range_beside_the_on_demand_price():
    text = printed(commitments=[COMMITTED])
    assert "not in the bill" in text
    assert (
        "3 years at 37% to 64% off (commitment.ml_savings_plan_3y): 1 to 2 x ml.g5.xlarge saves USD 370 to USD 900 "
        "a month of USD 2,000"
    ) in text
    unknown = COMMITTED.model_copy(update={"saves": None, "on_demand": None})
    assert "the on-demand price is unknown, and so is the saving" in printed(commitments=[unknown])


def test_a_commitment_on_another_endpoint_that_would_change_the_choice_is_named():
    batch = COMMITTED.model_copy(
        update={
            "architecture": "batch",
            "instance_type": None,
            "note": "spot is never committed",
            "right_at_most": "realtime",
        }
    )
    text = printed(commitments=[batch, COMMITTED.model_copy(update={"chosen": False, "right_at_most": "realtime"})])
    assert "nothing to commit: spot is never committed" in text
    assert "with every endpoint committed for 3 years at 64% off, realtime would be right" in text


def test_what_to_measure_is_a_table_and_what_does_not_matter_one_line():
    slow = row(input="seconds on g5.xlarge", value="40 min", changes=True, loses=Decimal(422))
    text = printed(curve=[], information=[slow, row()])
    assert "seconds on g5.xlarge 40 min batch USD 422" in text
    assert "within half to twice its value nothing changes: load_time" in text


def test_nothing_joined_prints_nothing():
    assert printed() == ""
    assert printed(robustness=[], one_off=[], commitments=[]) == ""
