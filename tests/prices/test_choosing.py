"""Which book is used, private discounts over it, and how old its prices are."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from headway import load_profile, plan
from headway.advice.price_age import price_age
from headway.bill import price
from headway.cli import run
from headway.errors import HeadwayError
from headway.prices import PriceBook, load_book, packaged_book
from headway.prices.book import PRICES_FILE
from headway.prices.comparing import changes, coverage
from headway.report.prices import age_sentence


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADWAY_DATA", str(tmp_path))
    monkeypatch.delenv("HEADWAY_PRICES")
    return tmp_path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text("discounts: {EC2: 10, EC2.spot: 0, SageMakerHosting: 12%}\n"
                    "rates: {SQS.standard_requests: 0.3, EC2.on_demand.g5.xlarge: 0.8}\n")  # fmt: skip
    return path


def test_the_newest_refreshed_book_is_used_and_the_variable_chooses_another(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_book() is packaged_book()
    for day in ("2026-11-01", "2026-11-20"):
        (data / f"prices-{day}.json.gz").write_bytes(PRICES_FILE.read_bytes())
    assert load_book().path == data / "prices-2026-11-20.json.gz"
    monkeypatch.setenv("HEADWAY_PRICES", str(data / "prices-2026-11-01.json.gz"))
    assert load_book().path == data / "prices-2026-11-01.json.gz"
    monkeypatch.setenv("HEADWAY_PRICES", "packaged")
    assert load_book() is packaged_book()


@pytest.mark.parametrize(
    ("named", "hint"),
    [("/nowhere/prices.json.gz", "; it names a price book or is packaged"), ("package", "; did you mean packaged?")],
)
def test_a_variable_that_names_no_file_is_an_error_and_not_another_book(
    monkeypatch: pytest.MonkeyPatch, named: str, hint: str
) -> None:
    monkeypatch.setenv("HEADWAY_PRICES", named)
    with pytest.raises(HeadwayError, match=re.escape(f"HEADWAY_PRICES={named}: no such file{hint}")):
        load_book()


@pytest.mark.parametrize(
    ("region", "kind", "purchase", "usd"),
    [
        ("us-east-1", "g5.xlarge", "on_demand", "0.8"),
        ("us-east-1", "m5.large", "on_demand", "0.0864"),
        ("us-east-1", "ml.g5.xlarge", "hosting", "1.23904"),
    ],
)
def test_discounts_and_rates_lie_over_the_book(own: Path, region: str, kind: str, purchase: str, usd: str) -> None:
    found = load_book(own).instance(region, kind, purchase)

    assert found.usd == Decimal(usd)
    assert "own.yaml" in found.source


def test_what_no_key_names_is_as_it_was(own: Path) -> None:
    for where in (("us-east-1", "m5.large", "spot"),):
        assert load_book(own).instance(*where).usd == packaged_book().instance(*where).usd
    assert load_book(own).tiers("us-east-1", "S3", "standard_storage") == packaged_book().tiers(
        "us-east-1", "S3", "standard_storage"
    )


def test_a_modelled_hosting_price_rests_on_the_list_price_not_on_the_discounted_one(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("discounts: {EC2: 50}\n")
    book = load_book(path)
    region, kind = next(
        (region, f"ml.{kind}")
        for region in book.regions
        for kind in book.instance_types(region, "on_demand")
        if f"ml.{kind}" in book.content["ratio"] and f"ml.{kind}" not in book.instance_types(region, "hosting")
    )

    assert book.instance(region, kind, "hosting") == packaged_book().instance(region, kind, "hosting")


def test_every_line_that_it_touched_says_so(own: Path) -> None:
    (line,) = price("sqs", {"requests": 5_000_000}, book=load_book(own)).lines

    assert (line.amount.expected, line.source, line.confidence) == (Decimal("1.5"), "own rate (own.yaml)", "stated")


def test_a_plan_with_private_discounts_is_cheaper_by_them(own: Path) -> None:
    profile = load_profile("stacks/profiles/fraud-check.yaml")
    bare, cheaper = plan(profile, only="realtime"), plan(profile, only="realtime", prices=load_book(own))

    assert cheaper.choice.monthly.expected < Decimal("0.9") * bare.choice.monthly.expected
    assert any("12 % off (own.yaml)" in line.source for line in cheaper.chosen.bill.lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("discount: {EC2: 10}", "discount: no such field of a prices file; did you mean discounts"),
        ("discounts: {EC3: 10}", "EC3: no service 'EC3' in the price book; did you mean ECR or EC2"),
        ("discounts: {EC2.spt: 10}", "no meter 'spt' of EC2; did you mean spot"),
        ("discounts: {EC2: 110}", "110 is not between 0 and 100 percent"),
        ("discounts: {EC2: much}", "a number of at least 0 is needed, not 'much'"),
        ("rates: {SQS: 0.3}", "a rate is for one meter, such as SQS.fifo_requests"),
        ("rates: {SQS.standard_requests: -1}", "a number of at least 0"),
        ("[1, 2]", "neither a price snapshot nor overrides"),
        ("a: [", "neither a price snapshot nor YAML"),
        ("", "neither a price snapshot nor overrides"),
    ],
)
def test_an_overrides_file_that_cannot_be_says_what_would_be_right(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)

    with pytest.raises(HeadwayError, match=said):
        load_book(path)


def test_a_plan_on_stale_prices_says_how_much_rests_on_them() -> None:
    made = plan(load_profile("stacks/profiles/loan-documents.yaml"))

    age = price_age(made, on=date(2026, 11, 25))
    assert age is not None
    assert age.state == "stale"
    assert age.oldest == "EC2 g5.xlarge of 2026-07"
    assert 0 < age.stale < age.total == made.choice.monthly.expected
    assert "a month rest on stale prices (the largest such line: EC2 g5.xlarge of 2026-07)" in (age_sentence(age) or "")


def test_a_plan_on_fresh_prices_says_nothing() -> None:
    content = packaged_book().content
    words = ["2026-11-20" if re.match(r"20\d\d|$", word) else word for word in content["words"]]
    fresh = PriceBook({**content, "words": words})
    made = plan(load_profile("stacks/profiles/loan-documents.yaml"), prices=fresh)

    ages = [price_age(made, on=day) for day in (date(2026, 11, 25), date(2026, 12, 20), date(2027, 4, 1))]
    assert [age and age.state for age in ages] == ["fresh", "aging", "stale"]
    assert age_sentence(ages[0]) is None
    assert (age_sentence(ages[1]) or "").startswith(
        "prices are aging (the largest such line: EC2 g5.xlarge of 2026-11-20)"
    )


def test_rates_that_somebody_states_do_not_age(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    keys = ["SageMakerHosting.hosting", "SageMakerHosting.ml_storage_gp2", "SageMakerHosting.data_processed_in_or_out"]
    path.write_text("rates: {" + ", ".join(f"{key}: 1" for key in keys) + "}")
    (line,) = price("sagemaker-hosting", {"instance_type": "ml.g5.xlarge", "hours": 1}, book=load_book(path)).lines

    assert line.confidence == "stated"


def test_coverage_tells_parts_regions_and_ages() -> None:
    parts = {part.part: part for part in coverage(packaged_book(), on=date(2026, 11, 25))}

    assert parts["EC2 on-demand"].prices == sum(len(rows) for rows in packaged_book().content["on_demand"].values())
    assert parts["EC2 spot"].stale == 1
    assert parts["SageMaker hosting"].newest == "2026-09-28"
    assert changes(packaged_book(), packaged_book()) == ()


def test_show_names_the_book_and_its_ages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prices", "show", "--region", "eu-west-1"]) == 0
    assert "the packaged snapshot: newest price of" in capsys.readouterr().out
    assert run(["prices", "show", "--region", "eu-wst-1"]) == 1
    assert "did you mean eu-west-1" in capsys.readouterr().err
