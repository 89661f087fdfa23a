"""What was observed on a stack stands in for the defaults, in that stack's plan and in no other."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from headway.assumptions import ASSUMPTIONS, assume, assuming
from headway.cli import run
from headway.errors import HeadwayError
from headway.planning.calibration import Calibrated, Calibration, calibration_path, read_calibration, write_calibration
from headway.planning.lock import Settings, plan_for
from headway.planning.locking import lock_stacks
from headway.profile import load_profile

PROFILE = Path("stacks/profiles/loan-documents.yaml")
DAY = date(2026, 11, 20)


def calibration(**rows: tuple[float, float | None, float | None]) -> Calibration:
    return Calibration(
        stack="prod",
        rows=tuple(
            Calibrated(name=name.replace("__", "."), value=value, low=low, high=high, observations=64, of="departures",
                       since=date(2026, 11, 13), until=DAY)
            for name, (value, low, high) in rows.items()
        ),
    )  # fmt: skip


def bill(made: Calibration | None) -> dict[str, float]:
    plan = plan_for(load_profile(PROFILE), Settings(profile=str(PROFILE)), only="batch", calibration=made)
    assert plan.chosen is not None
    assert plan.chosen.bill is not None
    return {line.description: float(line.amount.expected) for line in plan.chosen.bill.lines if line.amount}


def test_slower_starts_and_a_longer_linger_cost_more_and_dearer_spot_costs_so_much_more() -> None:
    default, slower = (
        bill(None),
        bill(calibration(batch__launch=(400.0, None, None), batch__linger=(500.0, None, None))),
    )
    dearer = bill(calibration(spot__price=(1.5, 1.2, 2.0)))
    spot = "spot, batches of 8, g5.xlarge"

    assert sum(slower.values()) > 1.1 * sum(default.values())
    assert dearer[spot] == pytest.approx(1.5 * default[spot], rel=0.02)
    assert bill(None) == default


def test_every_calibrated_assumption_shows_as_such_in_the_plan_and_the_others_as_they_were() -> None:
    made = calibration(spot__miss=(0.02, 0.005, 0.08))
    plan = plan_for(load_profile(PROFILE), Settings(profile=str(PROFILE)), calibration=made)
    rows = {row.name: row for row in plan.assumptions}

    assert rows["spot.miss"].value == "0.02 (0.005 to 0.08)"
    assert rows["spot.miss"].source == "observed on stack prod, 2026-11-13 to 2026-11-20: 64 departures (default 0.15)"
    assert (rows["spot.miss"].as_of, rows["spot.miss"].observations) == ("2026-11-20", 64)
    assert rows["batch.linger"].observations is None


def test_lock_reads_the_calibration_of_its_own_stack_alone(tmp_path: Path) -> None:
    shutil.copytree("stacks", tmp_path / "stacks")
    for lock in (tmp_path / "stacks/plans").iterdir():
        lock.unlink()
    write_calibration(calibration_path(tmp_path, "prod"), calibration(batch__linger=(300.0, None, None)))

    texts = {outcome.stack: outcome.text for outcome in lock_stacks(tmp_path, ["staging", "prod"])}

    assert "observed on stack prod" in (tmp_path / "stacks/plans/prod.json").read_text(encoding="utf-8")
    assert "observed on" not in (tmp_path / "stacks/plans/staging.json").read_text(encoding="utf-8")
    assert texts["prod"].startswith("prod: locked batch")


def test_a_calibration_reads_back_as_it_was_written(tmp_path: Path) -> None:
    made = calibration(batch__launch=(212.0, 180.0, 260.0), router__cold_start=(0.9, None, None))
    path = calibration_path(tmp_path, "prod")
    write_calibration(path, made)

    assert read_calibration(tmp_path, "prod") == made
    assert read_calibration(tmp_path, "dev") is None
    assert sum(line.startswith('  {"name"') for line in path.read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not a calibration of this version"),
        ('{"stack": "prod", "rows": [{"since": "2026-11-01", "until": "2026-11-02", "name": "batch.lunch", "value": 1, '
         '"observations": 1, "of": "starts"}]}', "did you mean batch.launch"),
        ('{"stack": "dev", "rows": []}', "observed on stack 'dev', not on"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_calibration_of_the_stack_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = calibration_path(tmp_path, "prod")
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")

    with pytest.raises(HeadwayError) as caught:
        read_calibration(tmp_path, "prod")

    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_an_observation_replaces_a_default_and_never_adds_one() -> None:
    with pytest.raises(KeyError), assuming([ASSUMPTIONS["batch.tick"]._replace(name="batch.tock")]):
        pass
    assert assume("batch.tick") == 60


def test_planning_a_stack_shows_what_was_observed_on_it_and_planning_its_profile_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree("stacks", tmp_path / "stacks")
    monkeypatch.chdir(tmp_path)
    write_calibration(calibration_path(tmp_path, "prod"), calibration(batch__linger=(300.0, 120.0, 500.0)))

    assert run(["plan", "--stack", "prod"]) == 0
    stack = capsys.readouterr().out
    assert run(["plan", "--stack", "prod", "--details"]) == 0
    details = " ".join(capsys.readouterr().out.split())
    assert run(["plan", "stacks/profiles/loan-documents.yaml", "--details"]) == 0
    profile = " ".join(capsys.readouterr().out.split())

    assert "(1 observed on the stack)" in stack
    assert "observed on stack prod" in details
    assert "observed on" not in profile


def test_a_plan_is_of_a_profile_or_of_a_stack(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "stacks/profiles/loan-documents.yaml", "--stack", "prod"]) == 1
    assert "one of the two" in capsys.readouterr().err
    assert run(["plan", "--stack", "prod", "--scale", "0.5"]) == 1
    assert "--scale goes with a profile" in capsys.readouterr().err
