"""The rule of choice, by numbers worked out by hand."""

from decimal import Decimal

import pytest

from headway.architectures.candidate import Candidate, Operations
from headway.architectures.design import Wait
from headway.bill import Bill, Line, Range
from headway.prices import load_book
from headway.prices.book import without
from headway.selection import choose, explain_losers, margin, rank

BOOK = load_book()


def candidate(
    name: str, usd: float, hours: float, *, feasible: bool = True, wait: float = 1.0, **line: object
) -> Candidate:
    priced = Line(
        description="x", service="SQS", meter="standard_requests", state="priced", quantity=Range.exactly(1), unit="u",
        amount=Range.exactly(Decimal(str(usd))),
    )  # fmt: skip
    return Candidate(
        architecture=name,
        feasible=feasible,
        reason="" if feasible else "too slow",
        bill=Bill(lines=(priced, *line.get("lines", ()))),  # type: ignore[misc]
        wait=Wait(p50_s=wait, p99_s=wait, at_percentile_s=wait),
        operations=Operations(hours=hours, hourly_cost=Decimal(100)),
        monthly_requests=1000,
    )  # fmt: skip


def unpriced(service: str, meter: str, quantity: float) -> Line:
    return Line(
        description="x", service=service, meter=meter, state="unpriced", quantity=Range.exactly(quantity), unit="u"
    )


def chosen(candidates: list[Candidate], share: float) -> str | None:
    found = choose([rank(one, BOOK) for one in candidates], share)
    return found.candidate.architecture if found else None


def test_the_total_is_the_bill_and_peoples_time() -> None:
    assert rank(candidate("a", 50, 3), BOOK).total == 350


def test_a_more_complex_design_must_earn_its_keep() -> None:
    # 1,000 against 950: within 10 % of the cheapest, so the simpler one stays.
    simple, complex_ = candidate("simple", 900, 1), candidate("complex", 450, 5)
    assert chosen([simple, complex_], 0.1) == "simple"
    assert chosen([simple, complex_], 0.04) == "complex"


def test_the_limit_is_the_cheapest_over_one_minus_the_share() -> None:
    # 900 / 0.9 is 1,000 exactly.
    assert chosen([candidate("simple", 900, 1), candidate("complex", 400, 5)], 0.1) == "simple"
    assert chosen([candidate("simple", 900.01, 1), candidate("complex", 400, 5)], 0.1) == "complex"


@pytest.mark.parametrize(
    ("saving", "tolerance", "expected"),
    [(0.1, "low", 0.2), (0.1, "medium", 0.1), (0.1, "high", 0.0), (0.6, "low", 0.9)],
)
def test_tolerance_of_complexity_moves_the_share(saving: float, tolerance: str, expected: float) -> None:
    assert margin(saving, tolerance) == pytest.approx(expected)


def test_equal_simplicity_goes_to_the_cheaper_then_the_faster() -> None:
    assert chosen([candidate("a", 101, 1), candidate("b", 100, 1)], 0.5) == "b"
    assert chosen([candidate("slow", 100, 1, wait=9), candidate("fast", 100, 1, wait=2)], 0.5) == "fast"


def test_what_does_not_make_the_wait_cannot_win() -> None:
    assert chosen([candidate("late", 1, 0, feasible=False), candidate("dear", 999, 9)], 0.1) == "dear"
    assert chosen([candidate("late", 1, 0, feasible=False)], 0.1) is None


def test_an_unpriced_line_is_charged_the_dearest_price_known() -> None:
    dearest = BOOK.dearest("S3", "standard_storage")
    assert dearest is not None
    one = rank(candidate("a", 50, 0, lines=[unpriced("S3", "standard_storage", 1000)]), BOOK)
    assert one.total == 50 + 1000 * dearest.usd


def test_an_instance_without_a_price_here_is_charged_its_dearest_anywhere() -> None:
    dearest = BOOK.dearest_instance("g5.xlarge", "on_demand")
    assert dearest is not None
    line = unpriced("EC2", "on_demand", 10).model_copy(update={"instance_type": "g5.xlarge"})
    assert rank(candidate("a", 50, 0, lines=[line]), BOOK).total == 50 + 10 * dearest.usd


def test_a_price_known_nowhere_keeps_a_candidate_from_winning_and_is_named() -> None:
    cheap = candidate("cheap", 1, 0, lines=[unpriced("SageMakerServerless", "provisioned_concurrency", 10**6)])
    dear = candidate("dear", 900, 1)
    ranked = [rank(one, BOOK) for one in (cheap, dear)]
    winner = choose(ranked, 0.1)
    assert winner is not None
    assert winner.candidate.architecture == "dear"
    losers = explain_losers(ranked, winner, 0.1)
    assert losers[0].comparable is False
    assert "SageMakerServerless.provisioned_concurrency" in losers[0].reason


def test_a_price_taken_out_of_the_book_never_makes_a_candidate_cheaper() -> None:
    from headway import load_profile, plan

    profile = load_profile("stacks/profiles/loan-documents.yaml")
    before = plan(profile)
    for service, meter in (("SQS", "standard_requests"), ("S3", "put_copy_post_list"), ("CloudWatch", "custom_metric")):
        after = plan(profile, prices=without(BOOK, service, meter))
        ranks = {one.architecture: rank(one, without(BOOK, service, meter)).total for one in after.candidates}
        for one in before.candidates:
            total = rank(one, BOOK).total
            now = ranks[one.architecture]
            assert now is None or total is None or now >= total


def test_every_loser_says_why_in_numbers() -> None:
    ranked = [
        rank(one, BOOK)
        for one in (candidate("winner", 900, 1), candidate("complex", 450, 5), candidate("dear", 1112, 1))
    ]
    winner = choose(ranked, 0.1)
    reasons = {one.architecture: one.reason for one in explain_losers(ranked, winner, 0.1)}
    assert reasons["winner"] == "chosen"
    assert reasons["complex"] == "saves USD 50.00 (5%), less than the 10% a more complex design must earn"
    assert reasons["dear"] == "USD 212 a month dearer, operations included"
