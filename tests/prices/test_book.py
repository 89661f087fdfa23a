"""Looking prices up: one price, or what was looked for and what comes near."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest

from headway.errors import HeadwayError
from headway.prices import PriceBook, PriceError, load_book
from headway.prices.book import without
from headway.prices.hardware import hardware
from headway.prices.snapshot import build, main

CSVS = {
    "ec2_on_demand.csv": "region,instance_type,usd_per_hour,source,as_of\nus-east-1,m5.large,0.096,feed,2025-11-20\neu-west-1,m5.large,0.107,feed,2025-11-20\n",
    "ec2_spot.csv": "region,instance_type,usd_per_hour,interruption_band,savings_pct,method,az_values,source,as_of\n"
    "us-east-1,m5.large,0.04,5-10%,58,derived_30d_avg,,advisor,2025-06-28\n"
    "us-east-1,m5.large,0.038,,60,measured,,quote,2025-07-01\n",
    "sagemaker_hosting.csv": "region,instance_type,usd_per_hour,component,confidence,source,as_of\n"
    "us-east-1,ml.m5.large,0.115,Hosting,high,feed,2025-12-05\nus-east-1,ml.m5.large,0.2,Training,high,feed,2025-12-05\n",
    "sagemaker_to_ec2_ratio.csv": "instance_type,n_regions,ratio_min,ratio_median,ratio_max,outlier_regions\nml.m5.large,2,1.19,1.2,1.21,\n",
    "services.csv": "region,service,meter,unit,usd,tier_from,tier_to,source,as_of\n"
    "us-east-1,SQS,standard_requests,1M requests,0,0,1000000,feed,2025-12-02\n"
    "us-east-1,SQS,standard_requests,1M requests,0.40,1000000,100000000000,feed,2025-12-02\n"
    "us-east-1,SQS,standard_requests,1M requests,0.30,100000000000,,feed,2025-12-02\n",
    "hardware.csv": "instance_type,vcpu,memory_gib,gpu_model,gpu_count,gpu_memory_gib,gpu_memory_gib_per_device,neuron_cores,arch,local_nvme_gb,network,spot_supported,source,as_of\n"
    "m5.large,2,8.0,,,,,,x86_64,,Up to 10 Gigabit,True,feed,2026-10-27\n",
    "ec2_commitments.csv": "region,instance_type,offering,term,payment,discount_pct,source,as_of\nus-east-1,m5.large,standard_ri,1y,no_upfront,36,shop,2025-04-05\n",
}


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    folder = tmp_path / "facts"
    folder.mkdir()
    for name, text in CSVS.items():
        (folder / name).write_text(text)
    return folder


def test_the_script_turns_the_csvs_into_a_book_that_keeps_source_and_date(facts: Path, tmp_path: Path) -> None:
    assert main(["--facts", str(facts), "--out", str(tmp_path)]) == 0
    book = load_book(tmp_path / "prices.json.gz")
    spot = book.instance("us-east-1", "m5.large", "spot")
    assert (spot.usd, spot.source, spot.as_of) == (Decimal("0.038"), "quote (measured)", "2025-07-01")
    assert book.instance("us-east-1", "ml.m5.large", "hosting").usd == Decimal("0.115")
    tiers = book.tiers("us-east-1", "SQS", "standard_requests")
    assert [(tier.usd, tier.tier_from) for tier in tiers] == [(Decimal("0.40"), 0), (Decimal("0.30"), 10**11)]
    assert book.allowances("us-east-1", "SQS")["standard_requests"].amount == 1_000_000


def test_the_same_facts_give_the_same_bytes(facts: Path, tmp_path: Path) -> None:
    written = []
    for run in ("one", "two"):
        main(["--facts", str(facts), "--out", str(tmp_path / run)])
        written.append((tmp_path / run / "prices.json.gz").read_bytes())
    assert written[0] == written[1]


def test_a_missing_or_broken_csv_is_named(facts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (facts / "hardware.csv").unlink()
    assert main(["--facts", str(facts)]) == 1
    assert "hardware.csv: no such file" in capsys.readouterr().err
    (facts / "services.csv").write_text(CSVS["services.csv"].replace("0.40", "free?"))
    with pytest.raises(HeadwayError, match=r"services\.csv: usd is 'free\?'"):
        build(facts)


def test_hosting_is_modelled_where_only_ec2_is_known_and_says_so(facts: Path, tmp_path: Path) -> None:
    main(["--facts", str(facts), "--out", str(tmp_path)])
    price = load_book(tmp_path / "prices.json.gz").instance("eu-west-1", "ml.m5.large", "hosting")
    assert price.usd == Decimal("0.1284")
    assert price.confidence == "modelled"
    assert price.source.startswith("modelled: 1.20 x EC2")


@pytest.mark.parametrize(
    ("region", "name", "expected"),
    [
        ("us-east-1", "g5.xlarg", "did you mean g5.xlarge"),
        ("us-esat-1", "g5.xlarge", "did you mean .*us-east-1"),
        ("ap-southeast-6", "p5.48xlarge", "no on-demand price for p5.48xlarge in ap-southeast-6; .* other regions"),
    ],
)
def test_an_instance_that_is_not_there_says_what_comes_near(region: str, name: str, expected: str) -> None:
    with pytest.raises(PriceError, match=expected):
        load_book().instance(region, name, "on_demand")


@pytest.mark.parametrize(
    ("service", "meter", "expected"),
    [("SQS", "standard_request", "did you mean standard_requests"), ("SQSS", "x", "did you mean SQS")],
)
def test_a_meter_that_is_not_there_says_what_comes_near(service: str, meter: str, expected: str) -> None:
    with pytest.raises(PriceError, match=expected):
        load_book().tiers("us-east-1", service, meter)


def test_hardware_that_is_not_known_says_what_comes_near() -> None:
    with pytest.raises(HeadwayError, match=r"g5\.xlarge"):
        hardware("g5.xlarg")


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8bno", b"[]", b"{}", gzip.compress(json.dumps({"format": 99}).encode(), mtime=0)]
)
def test_a_file_that_is_no_snapshot_is_told_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "prices.json"
    path.write_bytes(content)
    with pytest.raises(PriceError, match="not a price snapshot"):
        load_book(path)


def test_a_region_that_is_not_there_says_what_comes_near_or_what_there_is() -> None:
    with pytest.raises(HeadwayError, match=r"^region 'eu-wets-1' is not in the price book; did you mean eu-west-1"):
        load_book().check_region("eu-wets-1")
    with pytest.raises(HeadwayError, match=r"^region 'mars' is not in the price book; it has 34, such as af-south-1, "):
        load_book().check_region("mars")


def test_the_dearest_price_is_the_dearest_of_any_region() -> None:
    book: PriceBook = load_book()
    dearest = book.dearest("S3", "standard_storage")
    assert dearest is not None
    assert dearest.usd == max(book.tiers(r, "S3", "standard_storage")[0].usd for r in book.regions)
    assert without(book, "S3", "standard_storage").dearest("S3", "standard_storage") is None
