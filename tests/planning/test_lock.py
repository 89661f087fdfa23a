"""The lock: what runs is what was committed, and nothing switches by itself."""

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from headway.planning.lock import LockError, Settings, check_lock, lock_path, over_limit, read_lock, stack_plan
from headway.planning.locking import check_stacks, lock_stacks
from headway.planning.stacks import project_root, stack_names, stack_settings

PROFILE = Path("stacks/profiles/contact-form.yaml")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "stacks/profiles").mkdir(parents=True)
    shutil.copy(PROFILE, tmp_path / "stacks/profiles/form.yaml")
    (tmp_path / "Pulumi.yaml").write_text("name: x\n")
    for name, scale in (("dev", "0.5"), ("prod", "1")):
        (tmp_path / f"stacks/Pulumi.{name}.yaml").write_text(
            f'config:\n  aws:region: us-east-1\n  headway:profile: stacks/profiles/form.yaml\n  headway:scale: "{scale}"\n'
        )
    return tmp_path


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_locking_writes_one_plan_a_stack_and_again_changes_nothing(project: Path) -> None:
    first = list(lock_stacks(project, stack_names(project)))
    assert [outcome.stack for outcome in first] == ["dev", "prod"]
    before = lock_path(project, "dev").read_bytes()
    again = list(lock_stacks(project, stack_names(project)))
    assert "unchanged" in again[0].text
    assert lock_path(project, "dev").read_bytes() == before
    lock = read_lock(lock_path(project, "dev"))
    assert (lock.stack, lock.settings.scale, lock.plan.scale) == ("dev", 0.5, 0.5)


def test_a_locked_stack_runs_its_lock_without_planning(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list(lock_stacks(project, ["dev"]))
    monkeypatch.setattr("headway.planning.search.plan", lambda *_, **__: pytest.fail("the search ran"))
    made, notes = stack_plan("dev", stack_settings(project, "dev"), project)
    assert made.choice is not None
    assert notes == ()


def test_a_stack_that_is_not_locked_is_planned_and_told_how_to_lock(project: Path) -> None:
    made, notes = stack_plan("dev", stack_settings(project, "dev"), project)
    assert made.choice is not None
    assert "headway lock --stack dev" in notes[0]


def test_a_changed_profile_or_setting_stops_the_stack_and_is_named(project: Path) -> None:
    list(lock_stacks(project, ["dev"]))
    edit(project / "stacks/profiles/form.yaml", "per_day: 50", "per_day: 60")
    edit(project / "stacks/Pulumi.dev.yaml", "0.5", "0.7")
    with pytest.raises(LockError) as caught:
        stack_plan("dev", stack_settings(project, "dev"), project)
    assert "traffic.per_day: 50 -> 60" in str(caught.value)
    assert "headway:scale: 0.5 -> 0.7" in str(caught.value)
    assert "headway lock --stack dev" in str(caught.value)


def test_a_comment_or_another_spelling_changes_nothing(project: Path) -> None:
    list(lock_stacks(project, ["dev"]))
    with (project / "stacks/profiles/form.yaml").open("a") as file:
        file.write("# a remark\n")
    assert not next(iter(check_stacks(project, ["dev"]))).differs


def test_prices_are_no_part_of_the_digest(project: Path) -> None:
    list(lock_stacks(project, ["dev"]))
    content = json.loads(lock_path(project, "dev").read_text())
    content["plan"]["prices"]["as_of"] = "2020-01-01"
    lock_path(project, "dev").write_text(json.dumps(content))
    settings = stack_settings(project, "dev")
    assert check_lock(read_lock(lock_path(project, "dev")), settings.load_profile(project), settings) == ()


def test_checking_names_what_is_not_locked_and_what_changed(project: Path) -> None:
    (outcome,) = check_stacks(project, ["dev"])
    assert outcome.differs
    assert "not locked" in outcome.text
    list(lock_stacks(project, ["dev"]))
    edit(project / "stacks/profiles/form.yaml", "per_day: 50", "per_day: 51")
    (outcome,) = check_stacks(project, ["dev"])
    assert outcome.differs
    assert "traffic.per_day" in outcome.text


def moved(project: Path, stack: str, chosen: bool) -> None:
    """As an earlier version or price book may have locked it: a figure of the choice or of what lost is another."""
    content = json.loads(lock_path(project, stack).read_text())
    plan = content["plan"]
    for one in plan["candidates"]:
        if one["bill"] and (one["architecture"] == plan["choice"]["architecture"]) is chosen:
            amount = one["bill"]["lines"][0]["amount"]
            amount["expected"] = str(Decimal(amount["expected"]) + 7)
    plan["choice"]["why"] = [*plan["choice"]["why"][:-1], "USD 123 a month less than the next cheapest"]
    lock_path(project, stack).write_text(json.dumps(content))


def test_a_check_and_a_lock_agree_where_only_figures_of_what_lost_have_moved(project: Path) -> None:
    list(lock_stacks(project, ["dev"]))
    moved(project, "dev", chosen=False)
    committed = lock_path(project, "dev").read_bytes()
    (checked,) = check_stacks(project, ["dev"])
    (locked,) = lock_stacks(project, ["dev"])
    assert not checked.differs
    assert locked.text.startswith("dev: unchanged, serverless")
    assert "what was not chosen" in locked.text
    assert lock_path(project, "dev").read_bytes() == committed


def test_a_bill_that_moved_is_locked_anew_and_said_to_change_nothing_that_runs(project: Path) -> None:
    list(lock_stacks(project, ["dev"]))
    current = lock_path(project, "dev").read_bytes()
    moved(project, "dev", chosen=True)
    (checked,) = check_stacks(project, ["dev"])
    assert not checked.differs
    as_of = read_lock(lock_path(project, "dev")).plan.prices.as_of
    assert checked.text == f"dev: current: profile and settings are as locked (prices of {as_of})"
    (locked,) = lock_stacks(project, ["dev"])
    assert "USD 7.00 a month less" in locked.text
    assert "what runs stays as it is" in locked.text
    assert lock_path(project, "dev").read_bytes() == current


def test_a_new_lock_shows_the_old_plan_beside_the_new(project: Path) -> None:
    list(lock_stacks(project, ["prod"]))
    edit(project / "stacks/profiles/form.yaml", "per_day: 50", "per_day: 5000")
    (outcome,) = lock_stacks(project, ["prod"])
    assert "before: serverless" in outcome.text
    assert "a month more" in outcome.text


def test_a_stack_above_its_limit_is_neither_locked_nor_run(project: Path) -> None:
    with (project / "stacks/Pulumi.dev.yaml").open("a") as file:
        file.write('  headway:max_monthly: "0.01"\n')
    (outcome,) = lock_stacks(project, ["dev"])
    assert outcome.differs
    assert "above headway:max_monthly of USD 0.01" in outcome.text
    assert not lock_path(project, "dev").exists()
    with pytest.raises(LockError, match="max_monthly"):
        stack_plan("dev", stack_settings(project, "dev"), project)


def test_the_limit_is_on_the_expected_bill(project: Path) -> None:
    made, _ = stack_plan("prod", stack_settings(project, "prod"), project)
    assert made.choice is not None
    exact = made.choice.monthly.expected
    assert over_limit(made, Settings(profile="x", max_monthly=exact)) is None
    assert over_limit(made, Settings(profile="x", max_monthly=exact - Decimal("0.01"))) is not None


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"headway:scale": "1"}, "headway:profile is missing"),
        ({"headway:profile": "x", "headway:scal": "1"}, "headway:scal is no setting; did you mean scale"),
        ({"headway:profile": "x", "headway:scale": "much"}, "headway:scale: got 'much'"),
        ({"headway:profile": "x", "headway:scale": "0"}, "headway:scale"),
        ({"headway:profile": "x", "headway:max_instances": "0"}, "headway:max_instances"),
        ({"headway:profile": "x", "headway:max_monthly": "-5"}, "headway:max_monthly"),
    ],
)
def test_a_wrong_setting_is_named(config: dict[str, str], expected: str) -> None:
    with pytest.raises(LockError, match=expected):
        Settings.from_config(config)


def test_settings_left_empty_are_not_set() -> None:
    settings = Settings.from_config({"headway:profile": "x", "headway:max_monthly": "", "headway:max_instances": ""})
    assert (settings.max_monthly, settings.max_instances, settings.scale) == (None, None, 1.0)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe\x00", b'{"stack": "dev"}'])
def test_a_lock_that_is_none_says_what_to_do_and_locking_says_the_same(project: Path, content: bytes) -> None:
    lock_path(project, "dev").parent.mkdir(parents=True)
    lock_path(project, "dev").write_bytes(content)
    for read in (read_lock, lambda _: list(lock_stacks(project, ["dev"]))):
        with pytest.raises(LockError, match="restore it from git, or delete it and run `headway lock --stack dev`"):
            read(lock_path(project, "dev"))


def test_a_stack_that_does_not_exist_names_those_that_do(project: Path) -> None:
    with pytest.raises(LockError, match="no stack 'prd'; did you mean prod"):
        stack_settings(project, "prd")


def test_the_project_is_found_from_any_folder_in_it(project: Path) -> None:
    assert project_root(project / "stacks/profiles") == project


def test_the_committed_locks_are_current() -> None:
    outcomes = list(check_stacks(Path.cwd(), stack_names(Path.cwd())))
    assert [outcome.stack for outcome in outcomes] == ["dev", "prod", "staging"]
    assert not [outcome.text for outcome in outcomes if outcome.differs]


def test_a_stack_config_that_is_no_yaml_says_in_which_line_and_a_project_without_stacks_what_one_says(
    project: Path,
) -> None:
    (project / "stacks/Pulumi.dev.yaml").write_text("config:\n  headway:tags: [a\n")
    with pytest.raises(LockError, match=r"stacks/Pulumi\.dev\.yaml:3: not YAML: "):
        stack_settings(project, "dev")
    for path in (project / "stacks").glob("Pulumi.*.yaml"):
        path.unlink()
    with pytest.raises(LockError, match=r"such as Pulumi\.dev\.yaml with config: \{headway:profile: PATH\}"):
        stack_names(project)
