"""Cheaper hardware that nobody measured: its saving in numbers, and never one that is not known."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from headway import load_profile, plan
from headway.advice import Advice, advise
from headway.planning import Plan
from headway.prices import PriceBook, load_book
from headway.profile import Profile

CODE = "unmeasured-cheaper-hardware"


def bundled(name: str) -> Profile:
    return load_profile(Path("stacks/profiles") / f"{name}.yaml")


def advice(profile: Profile, book: PriceBook | None = None) -> dict[str, Advice]:
    return {one.code: one for one in advise(profile, plan(profile, prices=book), prices=book)}


def hours(made: Plan, meter: str) -> Decimal:
    assert made.chosen is not None
    assert made.chosen.bill is not None
    lines = made.chosen.bill.lines
    return sum((line.quantity.expected for line in lines if line.instance_type and line.meter == meter), Decimal(0))


def test_batchs_hours_at_the_price_of_the_cheaper_type() -> None:
    profile, book = bundled("loan-documents"), load_book()
    made = plan(profile)

    def price(name: str, meter: str) -> Decimal:
        return book.instance("us-east-1", name, meter).usd  # type: ignore[arg-type]

    saves = sum(
        hours(made, meter) * (price("g5.xlarge", meter) - price("g4dn.xlarge", meter))
        for meter in ("spot", "on_demand")
    )
    found = advice(profile)[CODE]
    assert found.saves == pytest.approx(saves)
    assert "if g4dn.xlarge were as quick" in found.message
    assert "nobody measured it" in found.message


def test_an_endpoint_is_compared_at_hosting_prices() -> None:
    video = bundled("video-analysis")
    made, book = plan(video), load_book()
    assert made.choice is not None
    assert made.choice.architecture == "asynchronous"
    dear = book.instance("us-east-1", "ml.g5.xlarge", "hosting").usd
    cheap = book.instance("us-east-1", "ml.g4dn.xlarge", "hosting").usd
    assert advice(video)[CODE].saves == pytest.approx(hours(made, "hosting") * (dear - cheap))


def test_a_type_without_a_price_saves_nothing_that_can_be_said() -> None:
    profile, book = bundled("loan-documents"), load_book()
    cheaper = {one.what for one in plan(profile).not_considered}
    here = {name: row for name, row in book.content["spot"][profile.region].items() if name not in cheaper}
    content = {**book.content, "spot": {**book.content["spot"], profile.region: here}}
    assert CODE not in advice(profile, replace(book, content=content, _cache={}))


def test_where_everything_cheaper_was_measured_there_is_nothing_to_say() -> None:
    assert CODE not in advice(bundled("discovery-archive"))
    assert CODE not in advice(bundled("fraud-check"))
