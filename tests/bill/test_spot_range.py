"""What a spot hour may cost: the zones' quartiles where the book has them, else the assumption, and which of the two."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from headway.advice.robustness import robustness
from headway.assumptions import ASSUMPTIONS, assuming
from headway.bill.lines import Line
from headway.planning import plan
from headway.planning.plan import Plan
from headway.prices import PriceBook, load_book, packaged_book
from headway.profile import load_profile

PROFILE = load_profile(Path("stacks/profiles/loan-documents.yaml"))
USD = packaged_book().instance("us-east-1", "g5.xlarge", "spot").usd
ZONES = {"us-east-1a": (USD / 2, USD * Decimal("0.9"), USD), "us-east-1b": (USD, USD * Decimal("1.1"), USD * 2)}


def refreshed() -> PriceBook:
    zones = {name: [f"{value:f}" for value in quartiles] for name, quartiles in ZONES.items()}
    content = {**packaged_book().content, "spot_zones": {"us-east-1": {"g5.xlarge": zones}}}
    return replace(packaged_book(), content=content, _cache={})


def spot_line(made: Plan) -> Line:
    batch = next(one for one in made.candidates if one.architecture == "batch")
    assert batch.bill is not None
    return next(line for line in batch.bill.lines if line.meter == "spot")


def ends(line: Line) -> tuple[Decimal, Decimal]:
    """The price's ends as factors: what is left of the amount when the hours are taken out."""
    assert line.amount is not None
    assert line.quantity is not None
    assert line.unit_price is not None
    return (
        line.amount.low / line.quantity.low / line.unit_price,
        line.amount.high / line.quantity.high / line.unit_price,
    )


def test_the_range_is_from_the_lowest_first_to_the_highest_third_quartile_and_says_so() -> None:
    made = plan(PROFILE, prices=refreshed())

    line = spot_line(made)
    assert ends(line) == (pytest.approx(Decimal("0.5")), pytest.approx(Decimal(2)))
    assert "spot.price" not in line.assumptions
    assert f"USD {USD / 2:.3g} to {USD * 2:.3g} in the middle half of each zone's month" in line.source
    assert "spot.price" not in {one.name for one in made.assumptions}


def test_without_quartiles_the_assumption_holds_and_is_named() -> None:
    made = plan(PROFILE, prices=packaged_book())

    line = spot_line(made)
    assert ends(line) == (pytest.approx(Decimal("0.8")), pytest.approx(Decimal("1.3")))
    assert "spot.price" in line.assumptions
    assert "spot.price" in {one.name for one in made.assumptions}


def test_what_was_observed_on_the_stack_stands_before_the_book() -> None:
    row = ASSUMPTIONS["spot.price"]._replace(value=0.9, low=0.85, high=0.95, observations=40)
    with assuming([row]):
        line = spot_line(plan(PROFILE, prices=refreshed()))

    assert "spot.price" in line.assumptions
    assert line.source.endswith("x 0.9 as observed")


def test_a_discount_moves_the_quartiles_with_the_price_and_an_own_rate_has_none(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text("discounts: {EC2.spot: 10}\nrates: {EC2.spot.g4dn.xlarge: 0.2}\n")
    book = replace(refreshed(), overrides=load_book(path).overrides, _cache={})

    price = book.instance("us-east-1", "g5.xlarge", "spot")
    assert price.usd == USD * Decimal("0.9")
    assert price.middle_half == (pytest.approx(Decimal("0.5")), pytest.approx(Decimal(2)))
    assert book.instance("us-east-1", "g4dn.xlarge", "spot").middle_half is None


def test_whether_the_choice_holds_is_asked_at_the_quartiles() -> None:
    book = refreshed()
    cases = {(one.unknown, one.end): one.value for one in robustness(PROFILE, plan(PROFILE, prices=book), prices=book)}

    assert (cases["spot price", "low"], cases["spot price", "high"]) == ("x 0.5", "x 2")
