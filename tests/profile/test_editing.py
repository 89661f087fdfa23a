"""Changing one thing in a profile's file leaves every other line as it was."""

import json
from pathlib import Path

import pytest

from headway.errors import HeadwayError
from headway.profile import load_profile
from headway.profile.editing import edit_profile, put, put_measured

BUNDLED = sorted(Path("stacks/profiles").glob("*.yaml"))


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_a_change_that_changes_nothing_gives_the_text_back(path: Path) -> None:
    assert edit_profile(path, lambda _: None).after == path.read_text(encoding="utf-8")


def test_a_measurement_takes_the_place_of_the_old_one_and_a_new_batch_comes_after_its_hardware() -> None:
    path = Path("stacks/profiles/loan-documents.yaml")
    rows = [
        {"hardware": "g5.xlarge", "batch": 8, "seconds": 5.5},
        {"hardware": "g5.xlarge", "batch": 16, "seconds": 9.5},
    ]

    edit = edit_profile(path, lambda content: put_measured(content, rows))

    assert edit.changed == (
        "-    - {hardware: g5.xlarge, batch: 8, seconds: 6.4}",
        "+    - {hardware: g5.xlarge, batch: 8, seconds: 5.5}",
        "+    - {hardware: g5.xlarge, batch: 16, seconds: 9.5}",
    )
    assert [point.seconds for point in edit.profile.model.measured] == [2.0, 5.5, 9.5]


def test_a_change_that_makes_no_profile_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    text = Path("stacks/profiles/loan-documents.yaml").read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")

    with pytest.raises(HeadwayError, match=r"a batch of 8 \(1 s\) is quicker than one of 1 \(2 s\)"):
        edit_profile(path, lambda c: put_measured(c, [{"hardware": "g5.xlarge", "batch": 8, "seconds": 1.0}]))

    assert path.read_text(encoding="utf-8") == text


def test_what_somebody_else_changed_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(Path("stacks/profiles/contact-form.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    edit = edit_profile(path, lambda content: put(content, "current", {"architecture": "realtime", "count": 2}))
    path.write_text("name: other\n", encoding="utf-8")

    with pytest.raises(HeadwayError, match="was changed meanwhile"):
        edit.write()

    assert path.read_text(encoding="utf-8") == "name: other\n"
    assert [one.name for one in tmp_path.iterdir()] == ["profile.yaml"]


def test_a_profile_in_json_stays_json(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    content = {"name": "x", "latency": {"max_wait": "5s"}, "traffic": {"per_day": 50},
               "model": {"measured": [{"hardware": "m5.large", "seconds": 0.4}]}}  # fmt: skip
    path.write_text(json.dumps(content), encoding="utf-8")

    edit_profile(path, lambda content: put(content, "current", {"instance_type": "ml.m5.large", "count": 1})).write()

    assert json.loads(path.read_text(encoding="utf-8"))["current"] == {"instance_type": "ml.m5.large", "count": 1}
    assert load_profile(path).current is not None


def test_a_file_with_another_indent_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    text = (
        "name: x\nlatency:\n  max_wait: 5s   # a form\ntraffic:\n  per_day: 50\nmodel:\n  measured:\n"
        "  - hardware: m5.large\n    seconds: 0.4   # by hand\n"
    )
    path.write_text(text, encoding="utf-8")

    row = {"hardware": "m5.large", "batch": 1, "seconds": 0.5}
    edit = edit_profile(path, lambda content: put_measured(content, [row]))

    assert edit.changed == (
        "-    seconds: 0.4   # by hand",
        "+    seconds: 0.5   # by hand",
        "+    batch: 1",
    )
