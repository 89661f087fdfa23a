"""Bills: totals, ranges, what is left out, and their way through JSON."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway import load_profile, plan
from headway.bill import Bill, Line, Range, coverage

PROFILES = sorted(Path("stacks/profiles").glob("*.yaml"))
amounts = st.decimals(0, 10**7, places=4)


def line(amount: Decimal | None, **fields: object) -> Line:
    state = "unpriced" if amount is None else "priced"
    given_amount = None if amount is None else Range.exactly(amount)
    base = {"description": "x", "service": "S", "meter": "m", "state": state, "quantity": Range.exactly(1), "unit": "u"}
    return Line(**{**base, "amount": given_amount, **fields})  # type: ignore[arg-type]


@given(st.lists(st.one_of(st.none(), amounts), max_size=30))
def test_a_bills_total_is_the_sum_of_its_lines_and_says_what_it_leaves_out(values: list[Decimal | None]) -> None:
    bill = Bill(lines=tuple(line(value) for value in values))
    assert bill.total.expected == sum((value for value in values if value is not None), Decimal(0))
    assert len(bill.unpriced) == values.count(None)


@given(st.lists(amounts, min_size=3, max_size=3), st.lists(amounts, min_size=3, max_size=3))
def test_ranges_add_end_by_end_and_keep_their_order(one: list[Decimal], other: list[Decimal]) -> None:
    left, right = Range.of(*sorted(one)), Range.of(*sorted(other))
    both = left + right
    assert both.low <= both.expected <= both.high
    assert both.high == left.high + right.high


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_every_bundled_bill_adds_up_and_every_line_says_where_it_comes_from(path: Path) -> None:
    for candidate in plan(load_profile(path)).candidates:
        if candidate.bill is None:
            continue
        lines = candidate.bill.lines
        assert candidate.bill.total.expected == sum(one.amount.expected for one in lines if one.amount)
        assert candidate.monthly == candidate.bill.total
        for one in lines:
            assert one.quantity.low <= one.quantity.expected <= one.quantity.high
            if one.state == "priced":
                assert one.source
                assert one.unit_price is not None
                assert one.unit_price > 0
            assert one.resource_types, one.description


def test_money_is_a_decimal_string_in_json_and_comes_back() -> None:
    bill = Bill(lines=(line(Decimal("0.1")), line(Decimal("0.2")), line(None)))
    written = json.loads(bill.model_dump_json())
    assert written["total"] == {"low": "0.3", "expected": "0.3", "high": "0.3"}
    assert written["unpriced"] == ["S.m"]
    assert Bill.model_validate(written) == bill


def test_coverage_sorts_every_type_and_an_unknown_one_is_missing() -> None:
    key = line(None, resource_types=("aws:kms/key:Key",)).model_copy(update={"state": "not_modelled"})
    bill = Bill(lines=(line(Decimal(1), resource_types=("aws:sqs/queue:Queue",)), key))
    found = coverage(
        bill, ["aws:sqs/queue:Queue", "aws:iam/role:Role", "aws:kms/key:Key", "aws:x/y:Z", "headway:index:X"]
    )
    assert found.billed == ("aws:sqs/queue:Queue",)
    assert found.free == ("aws:iam/role:Role",)
    assert found.not_modelled == ("aws:kms/key:Key",)
    assert found.missing == ("aws:x/y:Z",)
