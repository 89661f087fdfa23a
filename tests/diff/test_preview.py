"""What a preview registers against the bill: ours priced, theirs listed, nothing passed over."""

import json
from pathlib import Path

import pytest

from headway.diff import between, compare, cover, read_preview
from headway.errors import HeadwayError
from headway.planning.locking import lock_stacks
from headway.report.changes import preview_sentences
from tests.diff.projects import new_project
from tests.diff.sides import line, side

OURS = "urn:pulumi:prod::app::headway:index:Inference$headway:index:SpotBatch$"
THEIRS = "urn:pulumi:prod::app::"


def step(urn: str, op: str = "create") -> dict[str, str]:
    return {"op": op, "urn": urn}


def preview(tmp_path: Path, *steps: dict[str, str]) -> Path:
    path = tmp_path / "preview.json"
    path.write_text(json.dumps({"steps": list(steps), "changeSummary": {}}))
    return path


def test_ours_is_priced_free_or_named_and_theirs_is_listed(tmp_path: Path) -> None:
    path = preview(
        tmp_path,
        step("urn:pulumi:prod::app::pulumi:pulumi:Stack::app-prod"),
        step("urn:pulumi:prod::app::pulumi:providers:aws::default"),
        step("urn:pulumi:prod::app::headway:index:Inference::form"),
        step(f"{OURS}aws:batch/computeEnvironment:ComputeEnvironment::form-spot"),
        step(f"{OURS}aws:iam/role:Role::form-role", "update"),
        step(f"{OURS}aws:kms/key:Key::form-key", "same"),
        step(f"{THEIRS}aws:rds/instance:Instance::db"),
        step(f"{THEIRS}aws:iam/role:Role::their-role"),
        step(f"{THEIRS}random:index/randomId:RandomId::suffix"),
        step(f"{THEIRS}aws:sqs/queue:Queue::old", "delete"),
    )
    named = line("key", None, state="not_modelled", meter="key", resource_types=("aws:kms/key:Key",))
    found = cover(read_preview(path), {"prod": side("prod", line("workers", "100"), named)})
    assert (found.billed, found.free, found.not_modelled) == (1, 1, 1)
    assert [(one.name, one.ours) for one in found.uncovered] == [("db", False), ("their-role", False)]


def composed(tmp_path: Path, *bills: tuple[str, str, str]) -> Path:
    """A program of somebody's own: some of our components, each with a queue below it, and a database beside them."""
    steps: list[dict[str, object]] = []
    for name, architecture, usd in bills:
        urn = f"{THEIRS}headway:index:Inference::{name}"
        below = f"{THEIRS}headway:index:Inference$headway:index:SpotBatch::{name}"
        queue = f"{OURS}aws:iam/role:Role::{name}"
        bill = {"low": usd, "expected": usd, "high": usd}
        inputs = {"architecture": architecture, "monthlyBill": bill}
        steps += [
            {"op": "create", "urn": urn, "newState": {"urn": urn, "inputs": inputs, "parent": f"{THEIRS}stack"}},
            {"op": "create", "urn": below, "newState": {"urn": below, "parent": urn}},
            {"op": "create", "urn": queue, "newState": {"urn": queue, "parent": below}},
        ]
    steps.append(dict(step(f"{THEIRS}aws:rds/instance:Instance::db")))
    path = tmp_path / "preview.json"
    path.write_text(json.dumps({"steps": steps}))
    return path


def test_a_program_of_several_components_has_each_with_its_own_bill(tmp_path: Path) -> None:
    path = composed(tmp_path, ("documents", "batch", "100"), ("chat", "realtime", "2000.5"))
    found = cover(read_preview(path), {"prod": side("prod", line("workers", "100"))})
    assert [(one.name, one.architecture, float(one.monthly.expected)) for one in found.components] == [
        ("documents", "batch", 100.0), ("chat", "realtime", 2000.5),
    ]  # fmt: skip
    assert (found.free, found.in_components) == (1, 1)
    assert [one.name for one in found.uncovered] == ["db"]
    said = list(preview_sentences(found))
    assert (
        said[1] == "its 2 components together: USD 2,101 a month: documents USD 100 (batch); chat USD 2,001 (realtime)"
    )
    assert said[2] == "1 more are priced by their own component's bill"


def test_a_single_component_is_what_was_compared(tmp_path: Path) -> None:
    found = cover(
        read_preview(composed(tmp_path, ("documents", "batch", "7"))), {"prod": side("prod", line("x", "100"))}
    )
    assert (found.free, found.in_components) == (1, 0)


def test_a_bill_that_is_not_known_yet_is_no_bill(tmp_path: Path) -> None:
    urn = f"{THEIRS}headway:index:Inference::later"
    unknown = {"op": "create", "urn": urn, "newState": {"urn": urn, "inputs": {"architecture": "batch"}}}
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"steps": [unknown]}))
    assert read_preview(path).components == ()


def test_plans_that_were_compared_belong_to_whatever_stack_is_previewed(tmp_path: Path) -> None:
    path = preview(tmp_path, step(f"{OURS}aws:iam/role:Role::r"))
    lone = side("documents")._replace(settings=None)
    assert cover(read_preview(path), {"documents": lone}).free == 1


def test_a_type_of_ours_on_no_list_is_said_to_be_lacking(tmp_path: Path) -> None:
    path = preview(tmp_path, step(f"{OURS}aws:efs/fileSystem:FileSystem::form-files"))
    found = cover(read_preview(path), {"prod": side()})
    assert [(one.type, one.ours) for one in found.uncovered] == [("aws:efs/fileSystem:FileSystem", True)]


def test_a_preview_of_another_stack_is_refused(tmp_path: Path) -> None:
    path = preview(tmp_path, step(f"{OURS}aws:iam/role:Role::r"))
    with pytest.raises(HeadwayError, match="stack 'prod', which has no plan here; there are dev"):
        cover(read_preview(path), {"dev": side("dev")})


@pytest.mark.parametrize(
    ("content", "said"),
    [("[]", "no preview"), ("{", "not JSON"), ('{"steps": []}', "has 0"), ('{"steps": 3}', "no preview")],
)
def test_a_file_that_is_no_preview_says_how_to_write_one(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(content)
    with pytest.raises(HeadwayError, match=said):
        read_preview(path)


def test_the_command_reads_it_beside_the_two_sides(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project", ("prod",))
    list(lock_stacks(project, ["prod"]))
    path = preview(tmp_path, step(f"{THEIRS}aws:rds/instance:Instance::db"))
    made, _ = between("main", str(project), preview=path, start=project)
    assert made.preview is not None
    assert [one.name for one in made.preview.uncovered] == ["db"]


def test_a_diff_without_a_preview_says_nothing_of_coverage_of_resources() -> None:
    assert compare([(side(), side())], base="a", head="b").preview is None
