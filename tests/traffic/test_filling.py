"""A measured week in a profile: planned from, hour by hour, and the rest of the file as it was."""

from pathlib import Path

import pytest

from headway.cli import run, traffic
from headway.errors import HeadwayError
from headway.profile import ProfileError, Trace, load_profile, load_trace
from headway.traffic import build_demand
from headway.traffic.filling import fill, trace_text
from tests.traffic import logs

LOANS = Path(__file__).parents[2] / "stacks" / "profiles" / "loan-documents.yaml"


@pytest.fixture
def trace() -> Trace:
    hourly = tuple(200.0 if logs.office(hour) == 200 else 4.0 for hour in range(168))
    return Trace(
        hourly=hourly, busiest=tuple(rate * 1.5 if rate == 200 else rate * 3 for rate in hourly), peak_factor=1.6,
        arrival_variability=1.3, timezone="America/New_York", source="test",
        request={"mean": 181_234, "p99": 900_000, "max": 4_100_000},
    )  # fmt: skip


@pytest.fixture
def loan(tmp_path: Path) -> Path:
    path = tmp_path / "loan.yaml"
    path.write_bytes(LOANS.read_bytes())
    return path


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from datetime import UTC, datetime

    monkeypatch.setattr(traffic, "_now", lambda: datetime.fromtimestamp(logs.NOW, UTC))
    path = tmp_path / "access.log"
    path.write_text(logs.alb(logs.poisson(logs.office, 2.2), received=150_000))
    return path


def test_the_rates_take_the_shapes_place_and_comments_elsewhere_stay(loan: Path, trace: Trace) -> None:
    fill(loan, trace).write()

    profile = load_profile(loan)
    assert profile.traffic.hourly == trace.hourly
    assert profile.traffic.shape is None
    assert (profile.traffic.peak_factor, profile.traffic.arrival_variability) == (1.6, 1.3)
    assert (profile.model.request.mean, profile.model.request.max) == (182_000, 4_100_000)
    kept = [
        line
        for line in LOANS.read_text().splitlines()
        if "#" in line and "upload" not in line and "scanned" not in line
    ]
    assert set(kept) <= set(loan.read_text().splitlines())
    assert max(len(line) for line in loan.read_text().splitlines()) <= 132


def test_a_trace_that_a_profile_names_is_planned_from_hour_by_hour(loan: Path, trace: Trace, tmp_path: Path) -> None:
    fill(loan, trace, named=tmp_path / "week.json").write()

    profile = load_profile(loan)
    demand = build_demand(profile, scale=0.5)
    assert "  trace: week.json\n" in loan.read_text()
    assert demand.mean == pytest.approx([rate / 2 for rate in trace.hourly])
    assert demand.peak == pytest.approx([rate / 2 for rate in trace.busiest])
    assert demand.arrival_variability == 1.3
    assert not {"traffic.peak_factor", "traffic.arrival_variability"} & {default.name for default in profile.defaults}


def test_a_peak_factor_beside_a_trace_holds_for_every_hour(loan: Path, trace: Trace, tmp_path: Path) -> None:
    fill(loan, trace, named=tmp_path / "week.json").write()
    loan.write_text(loan.read_text().replace("trace: week.json", "trace: week.json\n  peak_factor: 2"))

    assert build_demand(load_profile(loan)).peak == pytest.approx([rate * 2 for rate in trace.hourly])


def test_another_trace_is_another_profile_for_its_lock(loan: Path, trace: Trace, tmp_path: Path) -> None:
    fill(loan, trace, named=tmp_path / "week.json").write()
    before = load_profile(loan).digest
    (tmp_path / "week.json").write_text(trace_text(trace.model_copy(update={"hourly": (9.0,) * 168})))

    assert load_profile(loan).digest != before


def test_a_trace_reads_back_as_it_was_written(trace: Trace, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(trace_text(trace))

    assert load_trace(tmp_path / "t.json") == trace
    assert len((tmp_path / "t.json").read_text().splitlines()) < 45


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "traffic.trace: .*week.json: cannot be read"),
        ("requests\n1\n", "no trace of Headway's; write one with: headway traffic import LOG --out week.json"),
        ('{"headway_trace": 1}', "week.json: hourly is missing"),
        ("UTC", "its hours are those of UTC, the profile's of America/New_York"),
    ],
)
def test_a_trace_that_is_none_says_what_to_do(
    content: str | None, said: str, loan: Path, trace: Trace, tmp_path: Path
) -> None:
    fill(loan, trace, named=tmp_path / "week.json").write()
    path = tmp_path / "week.json"
    if content is None:
        path.unlink()
    else:
        path.write_text(trace_text(trace.model_copy(update={"timezone": "UTC"})) if content == "UTC" else content)

    with pytest.raises(ProfileError, match=said):
        load_profile(loan)


def test_a_profile_that_will_not_have_it_leaves_both_files_as_they_were(
    loan: Path, trace: Trace, tmp_path: Path
) -> None:
    week, before = tmp_path / "week.json", loan.read_bytes()

    with pytest.raises(HeadwayError, match="its hours are those of UTC"):
        fill(loan, trace.model_copy(update={"timezone": "UTC"}), named=week)

    assert loan.read_bytes() == before
    assert not week.exists()


def test_the_command_finds_the_quiet_hours_and_what_they_cost_today(
    loan: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["traffic", "import", str(log), "--into", str(loan)]) == 0

    said = " ".join(capsys.readouterr().out.split())
    assert "118 of 168 hours are below a tenth of the busiest" in said
    # 47,000 USD stated x 118 of 168 hours.
    assert "realtime, 9 x ml.g5.12xlarge all day costs USD 33,012 a month in them" in said
    assert "request bodies: 150 KB on average" in said
    assert load_profile(loan).traffic.hourly is not None


def test_the_command_writes_nothing_where_the_log_is_wrong(
    loan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, bad = loan.read_bytes(), tmp_path / "bad.csv"
    bad.write_text("user,page\na,b\n")

    assert run(["traffic", "import", str(bad), "--into", str(loan), "--out", str(tmp_path / "t.json")]) == 1
    assert capsys.readouterr().err.startswith("error: ")
    assert loan.read_bytes() == before
    assert not (tmp_path / "t.json").exists()


def test_the_picture_shows_every_week_against_the_fit(log: Path, tmp_path: Path) -> None:
    pytest.importorskip("vl_convert")
    assert run(["traffic", "import", str(log), "--svg", str(tmp_path / "w.svg"), "--format", "json"]) == 0

    drawn = (tmp_path / "w.svg").read_text()
    assert drawn.startswith("<svg")
    assert "2.2 weeks of load balancer" in drawn
    assert "--series-1" in drawn
