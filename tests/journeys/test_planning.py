"""From a profile to an answer, as a user types it; and every way to type it wrong."""

import json
from pathlib import Path

import pytest

from tests.journeys.typed import headway

LOANS = "stacks/profiles/loan-documents.yaml"


def test_a_plan_answers_first_and_then_explains_itself() -> None:
    said = headway("plan", LOANS)
    assert said.code == 0
    assert said.err == ""
    lines = said.out.splitlines()
    assert lines[0] == "loan-documents: how long can the people waiting really wait? 30 min to 1.5 h"
    assert lines[1].startswith("batch: USD 106 a month")
    for section in ("Candidates", "Why batch", "Bill of batch", "Today", "Not considered"):
        assert any(line.startswith(section) for line in lines), section
    assert "total a month" in said.out
    assert max(len(line) for line in lines) <= 100


def test_a_plan_for_machines_has_the_documented_shape() -> None:
    said = headway("plan", LOANS, "--format", "json")
    content = json.loads(said.out)
    assert content["schema_version"] == 1
    assert content["choice"]["architecture"] == "batch"
    assert isinstance(content["choice"]["monthly"]["expected"], str)
    assert {"p50_s", "p99_s", "worst_s", "at_percentile_s", "in_worst_hour", "limit_s"} == content["choice"][
        "wait"
    ].keys()
    lines = content["candidates"][-1]["bill"]["lines"]
    total = sum(float(line["amount"]["expected"]) for line in lines if line["amount"])
    assert total == pytest.approx(float(content["candidates"][-1]["bill"]["total"]["expected"]))


def test_details_name_every_source_and_assumption() -> None:
    said = headway("plan", LOANS, "--details")
    assert "EC2 spot: " in said.out
    assert "spot.miss" in said.out


def test_the_least_profile_is_enough(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "name: contact-form\nlatency: {max_wait: 5s}\ntraffic: {per_day: 50}\n"
        "model: {measured: [{hardware: m5.large, seconds: 0.4}]}\n"
    )
    said = headway("plan", "mine.yaml", cwd=tmp_path)
    assert said.code == 0
    assert "realtime: USD" in said.out


def test_when_nothing_fits_it_says_what_to_relax_and_exits_2(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "name: x\nlatency: {max_wait: 1ms}\ntraffic: {per_day: 50}\n"
        "model: {measured: [{hardware: m5.large, seconds: 0.4}]}\n"
    )
    said = headway("plan", "mine.yaml", cwd=tmp_path)
    assert said.code == 2
    assert "nothing fits; closest is realtime, relax" in said.out


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "mine.yaml: empty"),
        (b"\x00\x01\xff", "mine.yaml"),
        (b"name: x\nlatncy: 1\n", "did you mean latency"),
        (b"name: x\nregion: us-esat-1\nlatency: {max_wait: 5s}\ntraffic: {per_day: 1}\nmodel: {measured: [{hardware: m5.large, seconds: 1}]}\n", "us-east-1"),
        (b"name: x\nlatency: {max_wait: 5s}\ntraffic: {per_day: 1}\nmodel: {measured: [{hardware: g55.xlarge, seconds: 1}]}\n", "g5"),
    ],
)  # fmt: skip
def test_a_wrong_profile_is_one_clear_message_and_exit_1(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "mine.yaml").write_bytes(content)
    said = headway("plan", "mine.yaml", cwd=tmp_path)
    assert said.code == 1
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert expected in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["plan", "."], "is a directory"),
        (["plan", "stacks/profiles/loan-document.yaml"], "did you mean"),
        (["plan", LOANS, "--only", "bach"], "did you mean batch"),
        (["plan", LOANS, "--scale", "0"], "--scale 0"),
        (["plan", LOANS, "--scale", "50%"], "Invalid value for '--scale': got '50%'; a number is needed"),
        (["plan", LOANS, "--format", "yaml"], "Invalid value for '--format': 'yaml' is not one of 'table', 'json'"),
        (["rehearse", "-n", "0"], "got '0'; at least 1 is needed"),
        (["plan", LOANS, "--prices", "README.md"], "not a price snapshot"),
        (["plan", LOANS, "--prices", "nowhere.json"], "nowhere.json"),
        (["plan"], "PROFILE"),
        (["plan", LOANS, "--formt", "json"], "--formt"),
        (["pla", LOANS], "pla"),
        (["price", "lamda", "requests=1"], "did you mean lambda"),
        (["price", "lambda", "requests"], "key=value"),
        (["price", "lambda", "requests=1", "requests=2"], "given twice"),
        (["lock", "--stack", "prd"], "did you mean prod"),
        (["rehearse", "--stack", "prd"], "did you mean prod"),
    ],
)
def test_a_wrong_command_is_one_clear_message_and_exit_1(arguments: list[str], expected: str) -> None:
    said = headway(*arguments)
    assert said.code == 1, said
    assert expected in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("command", ["", "plan", "lock", "diff", "comment", "price", "rehearse", "schema"])
def test_help_teaches_with_examples_or_options(command: str) -> None:
    said = headway(*([command] if command else []), "--help")
    assert said.code == 0
    assert "Usage: headway" in said.out
    if command in ("", "plan", "price"):
        assert "headway plan" in said.out or "headway price" in said.out


def test_ctrl_c_says_stopped_and_exits_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from headway import cli
    from headway.report import schemas

    def stop(_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(schemas, "schema_text", stop)
    assert cli.run(["schema"]) == 1
    assert capsys.readouterr().err.strip() == "error: stopped"


def test_planning_loads_neither_pulumi_nor_an_aws_sdk() -> None:
    import subprocess
    import sys

    code = (
        "import sys, headway.cli; headway.cli.run(['plan', 'stacks/profiles/loan-documents.yaml', '--format', 'json']);"
        "loaded = {name.split('.')[0] for name in sys.modules};"
        "assert not loaded & {'pulumi', 'pulumi_aws', 'boto3', 'botocore', 'moto', 'headway_components'}, loaded"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr


def test_the_five_names_of_the_package_are_there() -> None:
    import headway as package

    for name in ("load_profile", "plan", "price"):
        assert callable(getattr(package, name))


def test_prices_are_listed_and_priced() -> None:
    listed = headway("price", "--list")
    assert listed.code == 0
    assert "sagemaker-serverless" in listed.out
    assert "provisioned_concurrency" in listed.out
    bill = headway("price", "lambda", "requests=3000000", "duration=1s", "memory=512MB")
    assert bill.code == 0
    assert "25.60" in bill.out
    free = headway(
        "price", "lambda", "requests=3000000", "duration=1s", "memory=512MB", "--free-tier", "--format", "json"
    )
    assert round(float(json.loads(free.out)["total"]["expected"]), 2) == 18.73
    rated = headway("price", "sqs", "requests=5000000", "--rate", "standard_requests=0.50")
    assert "2.50" in rated.out


def test_an_unpriced_line_is_said_to_be_left_out() -> None:
    said = headway(
        "price", "sagemaker-serverless", "requests=1", "seconds=1", "memory=2GB", "provisioned_concurrency=1",
        "provisioned_hours=730",
    )  # fmt: skip
    assert said.code == 0
    assert "unpriced" in said.out
    assert "The total leaves out" in said.out


def test_the_schema_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    assert headway("schema", "--out", str(tmp_path / "s.json")).code == 0
    assert json.loads((tmp_path / "s.json").read_text())["title"] == "Headway workload profile"
    assert headway("schema").out == (tmp_path / "s.json").read_text()


def test_the_readme_shows_what_the_command_says() -> None:
    shown = (
        Path("README.md").read_text().split("$ headway plan stacks/profiles/loan-documents.yaml\n")[1].split("```")[0]
    )
    said = [line.rstrip() for line in headway("plan", LOANS).out.splitlines()]
    assert shown.rstrip().splitlines() == said[: len(shown.rstrip().splitlines())]
    assert len(shown.splitlines()) > 10


def test_the_readmes_figures_are_the_plans() -> None:
    content = json.loads(headway("plan", LOANS, "--format", "json").out)
    monthly = {one["architecture"]: one["monthly"] for one in content["candidates"] if one["monthly"]}
    text = Path("README.md").read_text()
    bar = f"bar [{float(content['current']['priced']):.0f}, {float(monthly['realtime']['expected']):.0f}, {float(monthly['batch']['expected']):.0f}]"
    assert bar in text
    low, high = (f"{float(monthly['batch'][end]):.0f}" for end in ("low", "high"))
    assert f"({low} to {high})" in text


def test_the_curve_shows_what_other_waits_would_cost() -> None:
    said = headway("plan", LOANS, "--curve")
    assert said.code == 0
    assert "What waiting costs, a month" in said.out
    assert any("30 min" in line and "this workload" in line for line in said.out.splitlines())
    content = json.loads(headway("plan", LOANS, "--curve", "--format", "json").out)
    assert {"max_wait_s", "architecture", "monthly", "wait", "own"} == content["curve"][0].keys()
    assert [point["architecture"] for point in content["curve"] if point["own"]] == ["batch"]
    refused = headway("plan", LOANS, "--curve", "--only", "batch")
    assert refused.code == 1
    assert "leave --only and --scale out" in refused.err


def test_the_readmes_curve_is_the_commands() -> None:
    said = [line.rstrip() for line in headway("plan", LOANS, "--curve").out.splitlines()]
    shown = Path("README.md").read_text().split("the cost of waiting:\n```\n")[1].split("```")[0].splitlines()
    assert len(shown) > 5
    assert [line for line in shown if line.rstrip() not in said] == []


def test_a_plan_brings_its_advice_and_where_the_saving_comes_from() -> None:
    said = headway("plan", LOANS)
    assert "Where the saving comes from, a month" in said.out
    assert "real-time-by-default:" in said.out
    content = json.loads(headway("plan", LOANS, "--format", "json").out)
    assert {"code", "message", "saves"} == content["advice"][0].keys()
    assert content["waterfall"][0]["monthly"] == "47000"
    assert "advice" not in json.loads(headway("plan", LOANS, "--only", "batch", "--format", "json").out)


def test_a_plan_says_how_sure_it_is_what_is_paid_once_and_what_could_be_committed() -> None:
    said = headway("plan", LOANS)
    words = " ".join(said.out.split())
    assert "batch stays right in all 8 cases" in words
    assert "batch takes 40 h to build and 24 h to migrate: USD 6,080" in words
    assert "nothing to commit: spot is never committed" in words
    assert max(len(line) for line in said.out.splitlines()) <= 100
    content = json.loads(headway("plan", LOANS, "--format", "json").out)
    assert {"commitments", "one_off", "robustness"} <= content.keys()
    assert "information" not in content
    assert content["one_off"][0]["cost"] == "6080"
    assert isinstance(content["robustness"][0]["staying"], str)
    total = sum(
        float(line["amount"]["expected"]) for line in content["candidates"][-1]["bill"]["lines"] if line["amount"]
    )
    assert total == pytest.approx(float(content["choice"]["monthly"]["expected"]))  # neither is ever in the bill


def test_with_a_curve_comes_what_measuring_is_worth() -> None:
    video = "stacks/profiles/video-analysis.yaml"
    assert "seconds on g5.xlarge  40 min  batch" in headway("plan", video, "--curve").out
    content = json.loads(headway("plan", video, "--curve", "--format", "json").out)
    first = content["information"][0]
    assert {"input", "value", "factor", "architecture", "changes", "total", "staying", "loses"} == first.keys()
    assert [case["unknown"] for case in content["robustness"]].count("traffic") == 2


def test_the_first_load_of_a_feature_table_is_told_apart_from_the_month() -> None:
    said = headway("plan", "stacks/profiles/transaction-risk.yaml").out
    assert "First load, once: 1,500,000 items" in said
    assert "besides the month's bill" in said
