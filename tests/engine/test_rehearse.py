"""`headway rehearse --engine`: a stack's life as a person sees it, accidents included."""

import json
import shutil
from pathlib import Path

import pytest

from headway.cli import app
from headway_rehearsal import engine_binary
from headway_rehearsal.engine_binary import Engine

THEIRS = {
    "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
    "alarm_topic_arn": "arn:aws:sns:us-east-1:123456789012:pager",
    "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
    "tags": "{team: lending}",
}
PROGRAM = ("Pulumi.yaml", "__main__.py", "containers")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own: the program of this one, its stacks, and a prod with what a company has."""
    for shared in PROGRAM:
        (tmp_path / shared).symlink_to(Path(shared).absolute())
    shutil.copytree("stacks", tmp_path / "stacks")
    prod = tmp_path / "stacks/Pulumi.prod.yaml"
    prod.write_text(prod.read_text() + "".join(f"  headway:{key}: {value}\n" for key, value in THEIRS.items()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_stack_is_made_goes_on_after_what_broke_notices_what_went_and_leaves_nothing(
    project: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine_binary, "find_engine", lambda _: engine)
    accidents = ["--fail", "loan-documents-dispatcher", "--remove", "loan-documents-results"]
    code = app.run(["rehearse", "--engine", "--stack", "prod", "-n", "3", *accidents, "--format", "json"])
    outcome = json.loads(capsys.readouterr().out)
    assert (code, outcome["complete"], outcome["engine"]) == (0, True, engine.version)
    assert [one["wrong"] for one in outcome["stages"]] == [""] * len(outcome["stages"])
    did = {(one["name"], index): one for index, one in enumerate(outcome["stages"])}
    names = [one["name"] for one in outcome["stages"]]
    assert names == ["preview", "up, breaking off", "up", "up again", "refresh", "refresh", "up", "up again",
                     "up, protect_data off", "destroy"]  # fmt: skip
    everything = did["preview", 0]["changes"]["create"]
    assert did["destroy", 9]["changes"] == {"delete": everything}
    half, rest = did["up, breaking off", 1]["changes"]["create"], did["up", 2]["changes"]["create"]
    assert 0 < half < everything == half + rest
    assert did["refresh", 5]["changes"]["delete"] > 1, "a bucket takes what hung on it with it"
    assert did["up", 6]["changes"]["create"] == did["refresh", 5]["changes"]["delete"]
    assert [one["output"]["label"] for one in outcome["requests"]] == ["payslip"] * 3
    assert {one["type"] for one in outcome["resources"]}.isdisjoint({"aws:kms/key:Key", "aws:sns/topic:Topic"})
    assert any("buckets emptied before the destroy" in event for event in outcome["events"])


@pytest.mark.slow
def test_what_the_program_refuses_is_one_error_and_so_is_a_resource_that_is_not_there(
    project: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine_binary, "find_engine", lambda _: engine)
    assert app.run(["rehearse", "--engine", "--remove", "loan-documents-dispacher"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: --remove loan-documents-dispacher: the stack has no such resource; did you mean ")
    settings = project / "stacks/Pulumi.dev.yaml"
    settings.write_text(settings.read_text() + "  headway:max_monthyl: 3\n")
    assert app.run(["rehearse", "--engine"]) == 1
    assert "headway:max_monthyl is no setting; did you mean max_monthly?" in capsys.readouterr().err


def test_without_an_engine_it_says_how_to_come_by_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine_binary, "find_engine", lambda _: None)
    assert app.run(["rehearse", "--engine"]) == 1
    said = capsys.readouterr().err
    assert "no Pulumi engine here. `make engine` finds, installs or builds one" in said
    assert "or install Pulumi: https://www.pulumi.com/docs/" in said


def test_accidents_need_the_engine(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["rehearse", "--fail", "loan-documents-dispatcher"]) == 1
    assert "--fail needs --engine" in capsys.readouterr().err
