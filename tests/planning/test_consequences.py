"""What a change of plan does to what is there, told before it happens; what holds data goes only when that is asked for."""

import json
import shutil
from functools import cache
from pathlib import Path

import pytest

from headway import load_profile, plan
from headway.architectures.hybrid_design import Design
from headway.planning.consequences import Standing, consequences, forgotten, holding
from headway.planning.lock import LockError, lock_path, read_lock
from headway.planning.locking import lock_stacks
from headway.planning.search import plan as make_plan

PROFILES = Path("stacks/profiles")


@cache
def design(profile: str, only: str | None = None) -> Design:
    of = load_profile(PROFILES / f"{profile}.yaml")
    made = (make_plan(of, only=only) if only else plan(of)).design
    assert made is not None
    return made


class TestASwitch:
    batch, microbatch = design("loan-documents"), design("loan-documents", "microbatch")

    def test_at_once_says_what_goes_what_waits_and_what_is_kept(self) -> None:
        assert consequences(Standing(self.batch), Standing(self.microbatch, None, (self.batch,))) == (
            "microbatch is made; the stack's outputs are now those of microbatch: point its clients at them",
            "batch goes: its dispatcher and its workers; what waits in its queue is served no more, and is gone 14 days "
            "after it was sent: to let it finish first, set headway:alongside batch (MIGRATING.md)",
            "kept: queue and bucket of batch, until `headway lock --forget batch`",
        )

    def test_in_steps_says_at_each_who_serves(self) -> None:
        alone, both = Standing(self.batch), Standing(self.batch, self.microbatch)
        swapped = Standing(self.microbatch, self.batch)
        left = Standing(self.microbatch, None, (self.batch,))
        assert consequences(alone, both) == ("microbatch is made beside batch, which serves on",)
        assert consequences(both, swapped) == (
            "the stack's outputs are now those of microbatch: point its clients at them",
            "batch runs on beside it and serves what still reaches it",
        )
        assert consequences(swapped, left) == (
            "batch goes: its dispatcher and its workers; what waits in its queue is served no more, and is gone 14 days "
            "after it was sent",
            "kept: queue and bucket of batch, until `headway lock --forget batch`",
        )
        assert consequences(left, Standing(self.microbatch)) == (
            "forgotten: queue and bucket of batch, deleted by the next `pulumi up` with all that lies in them; "
            "AWS deletes no bucket that is not empty",
        )

    def test_nothing_is_told_of_what_is_the_same(self) -> None:
        assert consequences(Standing(self.batch), Standing(self.batch)) == ()


def test_an_endpoint_of_another_instance_type_is_another_endpoint_and_is_said_to_be() -> None:
    before = design("chat-assistant")
    after = before.model_copy(update={"instance_type": "ml.g6.4xlarge", "load_time_s": 7.0})
    assert consequences(Standing(before), Standing(after)) == (
        f"realtime: its endpoint of {before.instance_type} is replaced by one of ml.g6.4xlarge, made before the old one "  # type: ignore[union-attr]
        "goes; its name changes with it",
        "realtime changes in place: load_time_s",
    )


def test_what_goes_says_who_is_refused_and_whose_requests_are_lost() -> None:
    batch, live, own_queue = (design("moderation", one) for one in ("microbatch", "realtime", "asynchronous"))
    assert consequences(Standing(live), Standing(batch))[1] == (
        "realtime goes: its endpoint; who still calls it is refused: to let it finish first, set headway:alongside "
        "realtime (MIGRATING.md)"
    )
    assert consequences(Standing(batch, own_queue), Standing(batch, None, (own_queue,))) == (
        "asynchronous goes: its endpoint; requests that wait in the endpoint go with it: send them again",
        "kept: bucket of asynchronous, until `headway lock --forget asynchronous`",
    )
    larger = own_queue.model_copy(update={"instance_type": "ml.g6.4xlarge"})
    (said,) = consequences(Standing(own_queue), Standing(larger))
    assert said.endswith("its name changes with it, and requests that wait in the endpoint go with it: send them again")


def test_workers_of_another_name_take_the_place_of_those_that_run() -> None:
    batch = design("loan-documents")
    content = json.loads(batch.model_dump_json())
    (name,) = {pool["name"] for pool in content["pools"]}
    for row in (*content["pools"], *content["departures"]):
        row["name" if "name" in row else "pool"] = "g6-xlarge-b4"
    assert consequences(Standing(batch), Standing(type(batch).model_validate(content))) == (
        f"batch: workers of {name} give way to g6-xlarge-b4; jobs that run then are ended, and their requests return to "
        "the queue",
        "batch changes in place: pools, departures",
    )


def test_a_part_of_a_hybrid_that_goes_is_told_apart_from_one_that_changes() -> None:
    tiered = design("moderation")
    content = json.loads(tiered.model_dump_json())
    content["parts"][0]["name"] = "other"
    content["results_kept_days"] += 1
    content["parts"][1]["design"]["max_receives"] = 7
    said = consequences(Standing(tiered), Standing(type(tiered).model_validate(content)))
    assert said == (
        "tiered changes in place: results_kept_days",
        "tiered's other (realtime) is made",
        "tiered's anonymous (batch) changes in place: max_receives",
        "tiered's verified (realtime) goes: its endpoint",
    )


def test_another_name_makes_everything_anew() -> None:
    batch = design("loan-documents")
    one, other = Standing(batch, name="loans"), Standing(batch, name="credit")
    assert consequences(one, other)[0] == (
        "loans is now called credit, and everything is named after it: all of it is made anew"
    )
    assert [holding(gone) for gone in forgotten(one, other)] == ["queue and bucket of batch"]
    assert forgotten(one, one) == ()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "stacks/profiles").mkdir(parents=True)
    shutil.copy(PROFILES / "loan-documents.yaml", tmp_path / "stacks/profiles/loans.yaml")
    (tmp_path / "stacks/Pulumi.prod.yaml").write_text(
        "config:\n  headway:profile: stacks/profiles/loans.yaml\n  headway:architecture: batch\n"
        "  headway:protect_data: true\n"
    )
    return tmp_path


def locked(project: Path, old: str, new: str, *forget: str, in_: str = "Pulumi.prod.yaml") -> str:
    """What `headway lock` says after an edit."""
    path = project / "stacks" / in_
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    (outcome,) = lock_stacks(project, ["prod"], forget=forget)
    assert outcome.differs == ("not locked" in outcome.text)
    return outcome.text


def test_the_lock_tells_the_bill_of_both_what_goes_and_what_stays(project: Path) -> None:
    list(lock_stacks(project, ["prod"]))
    said = locked(project, "architecture: batch", "architecture: batch\n  headway:alongside: microbatch")
    assert "USD 1,035 a month more" in said
    assert "alongside: microbatch, USD 1,035 a month" in said
    assert "; USD 1,140 a month with it" in said
    assert "microbatch is made beside batch" in said
    said = locked(project, "batch\n  headway:alongside: microbatch", "microbatch")
    assert "and microbatch, USD 1,035 a month, wait 7.1 s alongside" in said
    assert "USD 106 a month less" in said
    assert said.endswith("kept: queue and bucket of batch, until `headway lock --forget batch`")


def test_what_no_longer_makes_the_wait_runs_on_beside_as_it_was_locked_until_its_queue_is_empty(project: Path) -> None:
    list(lock_stacks(project, ["prod"]))
    was = read_lock(lock_path(project, "prod")).plan
    profile = project / "stacks/profiles/loans.yaml"
    text = profile.read_text()
    waits = text[text.index("  schedule:") : text.index("traffic:")]
    profile.write_text(text.replace("max_wait: 30m", "max_wait: 60s").replace(waits, "\n"))
    said = locked(project, "architecture: batch", "architecture: microbatch\n  headway:alongside: batch")
    assert "headway:architecture names microbatch: no other was considered" in said
    assert "batch runs on beside it and serves what still reaches it" in said
    lock = read_lock(lock_path(project, "prod"))
    assert lock.alongside == was
    # Once it has gone there is no such plan to run on with.
    locked(project, "\n  headway:alongside: batch", "")
    with pytest.raises(LockError, match="batch does not make this wait, so it cannot run beside"):
        locked(project, "architecture: microbatch", "architecture: microbatch\n  headway:alongside: batch")


def test_protected_data_is_forgotten_only_after_an_update_without_protection(project: Path) -> None:
    list(lock_stacks(project, ["prod"]))
    locked(project, "architecture: batch", "architecture: microbatch")
    said = locked(project, "microbatch", "microbatch", "batch")
    assert "queue and bucket of batch may not be deleted while headway:protect_data is true" in said
    assert len(read_lock(lock_path(project, "prod")).former) == 1
    said = locked(project, "protect_data: true", "protect_data: false", "batch")
    assert said.endswith("AWS deletes no bucket that is not empty")
    assert read_lock(lock_path(project, "prod")).former == ()
    assert locked(project, "microbatch", "microbatch", "microbatch").endswith(
        "; microbatch runs: of what runs nothing is forgotten"
    )


def test_protected_data_is_not_lost_by_another_name_of_the_profile(project: Path) -> None:
    list(lock_stacks(project, ["prod"]))
    said = locked(project, "name: loan-documents", "name: credit", in_="profiles/loans.yaml")
    assert "which was loan-documents and is credit: queue and bucket of batch would be deleted" in said
    assert "`headway lock --stack prod --forget loan-documents`" in said
    said = locked(project, "name: credit", "name: credit", "loan-documents", in_="profiles/loans.yaml")
    assert "loan-documents is now called credit" in said
    assert read_lock(lock_path(project, "prod")).former == ()
